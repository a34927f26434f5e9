import Model
import Runtime

// MARK: Files (small regular ones only)

extension LinuxKernel {
  public func readFile(_ path: Bytes, limit: Int) -> FileContents { FolderReader.read(path, limit: limit) }
  public func listFolder(_ path: Bytes) -> FolderContents { FolderReader.list(path) }
  public func glob(_ pattern: Bytes) -> [Bytes] { Glob.expand(pattern) }
}
