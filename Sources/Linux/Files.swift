import CLinux
import Model
import Runtime

// MARK: Files (small regular ones only)

/// What faces read that supervise nothing, and so have no kernel.
public enum HostFiles {
  /// A small regular file; it is opened without blocking (DESIGN section 5).
  public static func read(_ path: Bytes, limit: Int) -> FileContents { FolderReader.read(path, limit: limit) }

  /// The names in a folder, sorted by bytes.
  public static func list(_ path: Bytes) -> FolderContents { FolderReader.list(path) }

  /// What a symbolic link holds; the kernel allows no more than a page. nil: it is none.
  public static func readLink(_ path: Bytes) -> Bytes? {
    if path.contains(0) { return nil }
    var target = Bytes(repeating: 0, count: 4096)
    let count = apus_read_link(path.terminated, &target, UInt64(target.count))
    return count < 0 ? nil : Bytes(target.prefix(Int(count)))
  }

  /// The folders that a path is in, as far as they are missing; what cannot be made shows when the path is used.
  static func makeFolders(above path: Bytes, mode: UInt32) {
    for index in path.indices where index > 0 && path[index] == 47 {
      _ = apus_make_folder_mode(Bytes(path[..<index]).terminated, mode)
    }
  }
}

extension LinuxKernel {
  /// A small regular file, opened without blocking (DESIGN section 5).
  public func readFile(_ path: Bytes, limit: Int) -> FileContents { FolderReader.read(path, limit: limit) }
  /// The names in a folder, sorted by bytes.
  public func listFolder(_ path: Bytes) -> FolderContents {
    mayTrim = true
    return FolderReader.list(path)
  }
  /// The names in a folder, sorted by bytes.
  public static func list(_ path: Bytes) -> FolderContents { FolderReader.list(path) }

  /// What a symbolic link holds; the kernel allows no more than a page.
  public func readLink(_ path: Bytes) -> Bytes? { HostFiles.readLink(path) }
  /// When the contents of a file or folder changed last, or the link to it; nil: it is not there.
  public func changedAt(_ path: Bytes) -> WallTime? {
    let behind = apus_changed_behind(path.terminated)
    if behind < 0 { return nil }
    return WallTime(microseconds: max(behind, apus_changed_at(path.terminated)) / 1000)
  }
  /// What a glob(3) pattern names, sorted.
  public func glob(_ pattern: Bytes) -> [Bytes] { Glob.expand(pattern) }
}
