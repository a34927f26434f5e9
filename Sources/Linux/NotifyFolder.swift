import CLinux
import Model

/// Why there is no folder for notify sockets.
struct NotifyFolderRefusal: Error {
  var reason: Bytes
}

/// The folder of the notify sockets: one for each apus, in a place that services of any user can reach.
///
/// Its owner holds a lock on it as long as it lives, so that the next apus sees which folders the dead have left, and
/// removes them. The sockets are files and never abstract names, which any neighbour in the network namespace could take.
struct NotifyFolder {
  /// `/run/apus/notify/1a2b3c4d`
  let path: Bytes
  private let lock: Int32

  /// In the first place that can be had.
  static func make(nonce: UInt64, uid: UInt32) -> Result<NotifyFolder, NotifyFolderRefusal> {
    let name = Bytes(hex: nonce & 0xffff_ffff, width: 8)
    var reasons = Bytes()
    for place in places(uid: uid) {
      switch make(name, in: place, uid: uid) {
      case .success(let folder): return .success(folder)
      case .failure(let refusal):
        if !reasons.isEmpty { reasons += "; " }
        reasons += refusal.reason
      }
    }
    return .failure(NotifyFolderRefusal(reason: reasons))
  }

  /// Folders to be made one below the other; the last one holds those of all apuses.
  private static func places(uid: UInt32) -> [[Bytes]] {
    let own = "apus-notify-" + Bytes(decimal: uid)
    return [[Bytes("/run/apus"), Bytes("/run/apus/notify")], ["/dev/shm/" + own], ["/tmp/" + own]]
  }

  private static func make(_ name: Bytes, in place: [Bytes], uid: UInt32) -> Result<NotifyFolder, NotifyFolderRefusal> {
    var base = Bytes()
    for folder in place {
      _ = apus_make_folder_mode(folder.terminated, folder == place.last ? 0o711 : 0o755)
      if let reason = refusal(folder, uid: uid) { return .failure(NotifyFolderRefusal(reason: folder + ": " + reason)) }
      base = folder
    }
    removeDead(in: base)
    let path = base + "/" + name
    var result: Int32 = 0
    // Another apus that cleans up may come between the making and the locking: then once more.
    for _ in 0..<8 {
      result = apus_make_folder_mode(path.terminated, 0o711)
      guard result == 0 || -result == Errno.EEXIST else { break }
      let lock = apus_open_folder_at(-100, path.terminated)
      if lock >= 0, apus_try_lock(lock) == 0, apus_path_kind(path.terminated) >= 0 {
        return .success(NotifyFolder(path: path, lock: lock))
      }
      if lock >= 0 { _ = apus_close(lock) }
    }
    return .failure(NotifyFolderRefusal(reason: path + ": " + errorText(-result)))
  }

  /// Why sockets must not be put into a folder; nil: they may.
  private static func refusal(_ folder: Bytes, uid: UInt32) -> Bytes? {
    let descriptor = apus_open_folder_at(-100, folder.terminated)
    if descriptor < 0 { return errorText(-descriptor) }
    defer { _ = apus_close(descriptor) }
    var status = apus_status()
    let result = apus_status_of(descriptor, &status)
    if result < 0 { return errorText(-result) }
    if status.uid != uid && status.uid != 0 { return "it belongs to user " + Bytes(decimal: status.uid) }
    if status.mode & 0o022 != 0 { return Bytes("others may write into it") }
    // Without privilege all services are of apus's own user.
    if uid == 0 && status.mode & 0o001 == 0 { return Bytes("services of other users cannot pass it") }
    return nil
  }

  /// What apuses left that live no more.
  private static func removeDead(in base: Bytes) {
    guard case .entries(let names) = FolderReader.list(base, foldersOnly: true) else { return }
    for name in names {
      let folder = base + "/" + name
      let descriptor = apus_open_folder_at(-100, folder.terminated)
      if descriptor < 0 { continue }
      if apus_try_lock(descriptor) == 0 { empty(folder, descriptor) }
      _ = apus_close(descriptor)
    }
  }

  private static func empty(_ folder: Bytes, _ descriptor: Int32) {
    guard case .entries(let names) = FolderReader.list(folder) else { return }
    for name in names { _ = apus_remove_at(descriptor, name.terminated, 0) }
    _ = apus_remove_folder(folder.terminated)
  }

  /// Before apus leaves.
  func remove() {
    NotifyFolder.empty(path, lock)
    _ = apus_close(lock)
  }
}
