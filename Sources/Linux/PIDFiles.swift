import CLinux
import Model
import Runtime

extension LinuxKernel {
  /// A PID and a newline; whatever is much more is none.
  static let pidFileMax = 4096

  /// A PID file's number, and whether it may name a process outside of the unit.
  public func readPIDFile(_ path: Bytes) -> PIDFileContents {
    do throws(PathError) {
      let walk = try SafeWalk.to(path)
      defer { walk.close() }
      return read(walk)
    } catch {
      return error == .errno(Errno.ENOENT) ? .absent : .refused(error.text)
    }
  }

  private func read(_ walk: SafeWalk) -> PIDFileContents {
    // A FIFO or a device must not even be opened.
    if walk.status.mode & 0o170000 != 0o100000 { return .refused(Bytes("it is no regular file")) }
    let file = apus_open_file_at(walk.folder, walk.name.terminated)
    if file < 0 { return -file == Errno.ENOENT ? .absent : .refused(errorText(-file)) }
    defer { _ = apus_close(file) }
    var status = apus_status()
    guard apus_status_of(file, &status) == 0, status.inode == walk.status.inode, status.device == walk.status.device else {
      return .refused(Bytes("it changed while it was read"))
    }
    guard case .contents(let text) = FolderReader.readAll(file, limit: LinuxKernel.pidFileMax) else {
      return .refused(Bytes("it cannot be read, or is larger than 4096 bytes"))
    }
    guard let line = text.pieces(separatedBy: 10, keepEmpty: true).first?.trimmed, !text.isEmpty else { return .absent }
    guard let number = line.unsignedDecimal, number > 0, number <= UInt64(Int32.max) else {
      return .refused(Bytes("it holds no PID"))
    }
    let isOurs = status.uid == 0 || status.uid == apus_getuid()
    return .pid(Int32(number), walk.isSafe ? (isOurs ? .owned : .foreign) : .unsafePath)
  }
}
