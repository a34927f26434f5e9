import CLinux
import Model
import Runtime

extension Array where Element == UInt8 {
  /// With the zero byte that system calls want.
  var terminated: Bytes { self + [0] }
}

/// Reads folders and small files by plain system calls.
enum FolderReader {
  /// More entries than this are left out: PID 1 reads folders of unit files, not of mail.
  static let entriesMax = 65_536

  /// The names without `.` and `..`, sorted by bytes.
  static func list(_ path: Bytes, foldersOnly: Bool = false) -> FolderContents {
    if path.contains(0) { return .failed(errno: Errno.EINVAL) }
    let folder = apus_open_folder(path.terminated)
    if folder < 0 { return .failed(errno: -folder) }
    defer { _ = apus_close(folder) }
    var names: [Bytes] = []
    let failure = readNames(ofOpen: folder, foldersOnly: foldersOnly, into: &names)
    if failure != 0 { return .failed(errno: failure) }
    return .entries(sortedByBytes(names))
  }

  /// The names in a folder that is open, sorted; those read so far after a failure.
  static func names(ofOpen folder: Int32) -> [Bytes] {
    var names: [Bytes] = []
    _ = readNames(ofOpen: folder, foldersOnly: false, into: &names)
    return sortedByBytes(names)
  }

  private static func readNames(ofOpen folder: Int32, foldersOnly: Bool, into names: inout [Bytes]) -> Int32 {
    var buffer = Bytes(repeating: 0, count: 16_384)
    while true {
      let count = apus_read_folder(folder, &buffer, UInt64(buffer.count))
      if count < 0 { return Int32(truncatingIfNeeded: -count) }
      if count == 0 || names.count >= entriesMax { return 0 }
      append(entriesOf: buffer, count: Int(count), foldersOnly: foldersOnly, to: &names)
    }
  }

  /// struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name with its zero byte.
  private static func append(entriesOf buffer: Bytes, count: Int, foldersOnly: Bool, to names: inout [Bytes]) {
    var offset = 0
    while offset + 19 < count {
      let length = Int(buffer[offset + 16]) | Int(buffer[offset + 17]) << 8
      if length < 20 || offset + length > count { return }
      let type = buffer[offset + 18]
      var name = Bytes()
      for index in (offset + 19)..<(offset + length) {
        if buffer[index] == 0 { break }
        name.append(buffer[index])
      }
      if !(name == "." || name == ".."), !foldersOnly || type == 4 { names.append(name) }
      offset += length
    }
  }

  /// A regular file as a whole.
  static func read(_ path: Bytes, limit: Int) -> FileContents {
    if path.contains(0) { return .failed(errno: Errno.EINVAL) }
    let file = apus_open_file(path.terminated)
    if file < 0 {
      // A socket cannot be opened; say what it is.
      if -file == 6, apus_path_kind(path.terminated) == Int32(APUS_KIND_SOCKET) { return .notRegular(.socket) }
      return .failed(errno: -file)
    }
    defer { _ = apus_close(file) }
    var size: UInt64 = 0
    let kind = apus_file_kind(file, &size)
    if kind < 0 { return .failed(errno: -kind) }
    switch UInt32(kind) {
    case UInt32(APUS_KIND_REGULAR): break
    case UInt32(APUS_KIND_FOLDER): return .notRegular(.folder)
    case UInt32(APUS_KIND_FIFO): return .notRegular(.fifo)
    case UInt32(APUS_KIND_SOCKET): return .notRegular(.socket)
    default: return .notRegular(.device)
    }
    if size > UInt64(max(limit, 0)) { return .tooLarge }
    return readAll(file, limit: limit, sizeHint: Int(size))
  }

  /// Everything from where the descriptor stands.
  static func readAll(_ file: Int32, limit: Int, sizeHint: Int = 4096) -> FileContents {
    var contents = Bytes()
    var buffer = Bytes(repeating: 0, count: min(max(sizeHint + 1, 4096), 65_536))
    while true {
      let count = apus_read(file, &buffer, UInt64(buffer.count))
      if count < 0 { return .failed(errno: Int32(truncatingIfNeeded: -count)) }
      if count == 0 { return .contents(contents) }
      if contents.count + Int(count) > limit { return .tooLarge }
      contents.append(contentsOf: buffer[0..<Int(count)])
    }
  }

  /// A small file of /proc or a cgroup (their size is told as 0); nil if it cannot be read.
  static func readPseudo(_ path: Bytes, limit: Int = 1 << 20) -> Bytes? {
    let file = apus_open_file(path.terminated)
    if file < 0 { return nil }
    defer { _ = apus_close(file) }
    guard case .contents(let contents) = readAll(file, limit: limit) else { return nil }
    return contents
  }
}
