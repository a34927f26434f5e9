import Model
import Runtime

// MARK: Files (small regular ones only)

extension LinuxKernel {
  /// A small regular file, opened without blocking (DESIGN section 5).
  public func readFile(_ path: Bytes, limit: Int) -> FileContents { FolderReader.read(path, limit: limit) }
  /// The names in a folder, sorted by bytes.
  public func listFolder(_ path: Bytes) -> FolderContents { FolderReader.list(path) }
  /// What a glob(3) pattern names, sorted.
  public func glob(_ pattern: Bytes) -> [Bytes] { Glob.expand(pattern) }
}
