import CLinux
import Model
import Runtime

/// A writable cgroup2 and our folder in it: `apus-NONCE/UNIT-NUMBER`, one for each invocation.
///
/// The folder's owner holds a lock on it as long as it lives: so that another apus, in whatever PID namespace, sees which
/// folders are left by the dead and may go.
struct Cgroups {
  /// Where our own processes are: `/sys/fs/cgroup/…`.
  let parent: Bytes
  /// Our folder.
  let base: Bytes
  private var lock: Int32
  /// Folders that were still busy when they should have gone.
  private(set) var lingering: [Bytes] = []
  static let lingeringMax = 1024
  /// 100 ms in all.
  private static let lastTries = 50
  private static let lastPauseMs: Int32 = 2

  /// Makes the folder; nil where there is no cgroup2 that we may write. Another apus that cleans up may come between the
  /// making and the locking: then once more.
  init?(nonce: UInt64) {
    guard let parent = Cgroups.ownFolder(), Cgroups.isWritable(parent) else { return nil }
    Cgroups.removeDead(in: parent)
    let name = "apus-" + Bytes(hex: nonce, width: 8)
    let base = parent + "/" + name
    for _ in 0..<8 {
      let made = apus_make_folder(base.terminated)
      guard made == 0 || -made == Errno.EEXIST else { return nil }
      let lock = apus_open_folder(base.terminated)
      if lock >= 0, apus_try_lock(lock) == 0, Cgroups.isWritable(base) {
        self.parent = parent
        self.base = base
        self.lock = lock
        return
      }
      if lock >= 0 { _ = apus_close(lock) }
    }
    return nil
  }

  private static func isWritable(_ folder: Bytes) -> Bool {
    let file = apus_open_for_writing((folder + "/cgroup.procs").terminated)
    if file < 0 { return false }
    _ = apus_close(file)
    return true
  }

  /// Our own cgroup's folder: the mount point of a cgroup2 whose root holds our own path, and the rest of that path.
  private static func ownFolder() -> Bytes? {
    guard let own = ProcFS.ownCgroup(), let mounts = FolderReader.readPseudo(Bytes("/proc/self/mountinfo")) else { return nil }
    for line in mounts.pieces(separatedBy: 10) {
      let fields = line.pieces(separatedBy: 32)
      guard fields.count > 6, let dash = fields.firstIndex(where: { $0 == "-" }), dash + 1 < fields.count,
        fields[dash + 1] == "cgroup2"
      else { continue }
      let root = unescaped(fields[3])
      let point = unescaped(fields[4])
      if root == "/" { return own == "/" ? point : point + own }
      if own == root { return point }
      if own.starts(with: root + "/") { return point + Bytes(own[root.count...]) }
    }
    return nil
  }

  /// mountinfo writes blanks, tabs, newlines and backslashes as `\040` and so on.
  private static func unescaped(_ text: Bytes) -> Bytes {
    var result = Bytes()
    var index = 0
    while index < text.count {
      if text[index] == 92, index + 3 < text.count {
        var value = 0
        for offset in 1...3 { value = value * 8 + Int(text[index + offset] & 7) }
        result.append(UInt8(truncatingIfNeeded: value))
        index += 4
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }

  /// Removes what apuses left that live no more; what is still populated stays.
  private static func removeDead(in parent: Bytes) {
    guard case .entries(let names) = FolderReader.list(parent, foldersOnly: true) else { return }
    for name in names where name.starts(with: "apus-") {
      let folder = parent + "/" + name
      let descriptor = apus_open_folder(folder.terminated)
      if descriptor < 0 { continue }
      if apus_try_lock(descriptor) == 0 { removeTree(folder, depth: 0) }
      _ = apus_close(descriptor)
    }
  }

  /// Folders only (a cgroup's files go with it); a service may have made cgroups of its own.
  private static func removeTree(_ folder: Bytes, depth: Int) {
    if depth < 8, case .entries(let names) = FolderReader.list(folder, foldersOnly: true) {
      for name in names { removeTree(folder + "/" + name, depth: depth + 1) }
    }
    _ = apus_remove_folder(folder.terminated)
  }

  /// The folder of an invocation, made now; nil if it cannot be.
  func make(_ invocation: Invocation) -> Bytes? {
    let path = folder(of: invocation)
    let result = apus_make_folder(path.terminated)
    return result == 0 || -result == Errno.EEXIST ? path : nil
  }

  private func folder(of invocation: Invocation) -> Bytes {
    var path = base + "/"
    if invocation.unit == .command {
      path += "command"
    } else {
      path.append(decimal: invocation.unit.index)
    }
    path.append(45)
    path.append(decimal: invocation.number)
    return path
  }

  /// Removes a folder now, or with a later one when it is still busy.
  mutating func remove(_ folder: Bytes) {
    var busy: [Bytes] = []
    for path in lingering + [folder] where apus_remove_folder(path.terminated) < 0 {
      Cgroups.removeTree(path, depth: 0)
      if apus_path_kind(path.terminated) >= 0 && busy.count < Cgroups.lingeringMax { busy.append(path) }
    }
    lingering = busy
  }

  /// Before apus leaves. Who was reaped can still be counted in his cgroup (on Linux 6.18, when he was preempted between his last
  /// acts), which then says that it is busy: so it is tried for some ms.
  mutating func removeAll() {
    for _ in 0..<Cgroups.lastTries {
      Cgroups.removeTree(base, depth: 0)
      if apus_path_kind(base.terminated) < 0 { break }
      _ = control_poll(-1, 0, Cgroups.lastPauseMs)
    }
    _ = apus_close(lock)
    lock = -1
  }

  // MARK: Who is in

  /// The processes of a folder and of those below it.
  static func processes(in folder: Bytes, depth: Int = 0) -> [Int32] {
    var result: [Int32] = []
    if let text = FolderReader.readPseudo(folder + "/cgroup.procs", limit: 1 << 22) {
      for line in text.pieces(separatedBy: 10) {
        // 0: a process outside our PID namespace.
        if let number = line.unsignedDecimal, number > 0, number <= UInt64(Int32.max) { result.append(Int32(number)) }
      }
    }
    if depth < 8, case .entries(let names) = FolderReader.list(folder, foldersOnly: true) {
      for name in names { result += processes(in: folder + "/" + name, depth: depth + 1) }
    }
    return result
  }

  /// Whether nobody lives in a folder or below it; a folder that is gone is empty.
  static func isEmpty(_ folder: Bytes) -> Bool {
    guard let text = FolderReader.readPseudo(folder + "/cgroup.events") else {
      // Only a folder that is gone is empty: out of descriptors nobody is taken for dead.
      return apus_path_kind(folder.terminated) < 0
    }
    for line in text.pieces(separatedBy: 10) where line == "populated 1" { return false }
    return true
  }

  /// cgroup.kill (Linux 5.14).
  static func kill(_ folder: Bytes) -> Bool {
    let file = apus_open_for_writing((folder + "/cgroup.kill").terminated)
    if file < 0 { return false }
    defer { _ = apus_close(file) }
    return apus_write(file, Bytes("1"), 1) == 1
  }
}

extension ProcFS {
  /// Our own cgroup2 path.
  static func ownCgroup() -> Bytes? {
    guard let text = FolderReader.readPseudo(Bytes("/proc/self/cgroup")) else { return nil }
    for line in text.pieces(separatedBy: 10) where line.starts(with: "0::") { return Bytes(line[3...]) }
    return nil
  }
}
