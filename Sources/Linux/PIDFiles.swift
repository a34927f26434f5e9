import CLinux
import Model
import Runtime

/// A walk to a file as systemd's chase-unsafe rule wants it (units.md c.3): each step is looked at, and from something that
/// belongs to an ordinary user the way must not lead to what belongs to somebody else, for else that user could make
/// apus read any file as if it were the service's.
struct SafeWalk {
  /// As many links as the kernel follows.
  static let linksMax = 40
  static let stepsMax = 1024

  /// The folder of the file, O_PATH.
  private(set) var folder: Int32
  private(set) var name = Bytes()
  /// Of the file itself.
  private(set) var status = apus_status()
  private(set) var isSafe = true

  /// Walks; the error is the kernel's number. `close` it afterwards in either case.
  static func to(_ path: Bytes) -> Result<SafeWalk, ErrnoError> {
    if path.first != 47 || path.contains(0) { return .failure(ErrnoError(number: Errno.EINVAL)) }
    var walk = SafeWalk(folder: apus_open_place(-100, Bytes("/").terminated))
    if walk.folder < 0 { return .failure(ErrnoError(number: -walk.folder)) }
    _ = apus_status_of(walk.folder, &walk.status)
    let errno = walk.go(path)
    if errno == 0 { return .success(walk) }
    walk.close()
    return .failure(ErrnoError(number: errno))
  }

  private init(folder: Int32) { self.folder = folder }

  func close() { _ = apus_close(folder) }

  private mutating func go(_ path: Bytes) -> Int32 {
    var steps = Array(path.pieces(separatedBy: 47).reversed())
    var links = 0
    var count = 0
    while let step = steps.popLast() {
      count += 1
      if count > SafeWalk.stepsMax { return Errno.ELOOP }
      if step == "." { continue }
      let here = apus_open_place(folder, step.terminated)
      if here < 0 { return -here }
      let result = pass(here)
      if result < 0 {
        _ = apus_close(here)
        return -result
      }
      if status.mode & 0o170000 == 0o120000 {
        links += 1
        let target = SafeWalk.target(here)
        _ = apus_close(here)
        guard let target, !target.isEmpty, links <= SafeWalk.linksMax else { return Errno.ELOOP }
        if target.first == 47 {
          let errno = backToRoot()
          if errno != 0 { return errno }
        }
        steps += target.pieces(separatedBy: 47).reversed()
        continue
      }
      let isLast = !steps.contains { $0 != "." }
      if isLast {
        _ = apus_close(here)
        name = step
        return 0
      }
      _ = apus_close(folder)
      folder = here
    }
    return Errno.EISDIR
  }

  /// One step; -errno.
  private mutating func pass(_ descriptor: Int32) -> Int32 {
    var next = apus_status()
    let result = apus_status_of(descriptor, &next)
    if result < 0 { return result }
    // Root may lead anywhere, others to what is their own.
    if status.uid != 0 && status.uid != next.uid { isSafe = false }
    status = next
    return 0
  }

  private mutating func backToRoot() -> Int32 {
    let root = apus_open_place(-100, Bytes("/").terminated)
    if root < 0 { return -root }
    let result = pass(root)
    _ = apus_close(folder)
    folder = root
    return -result
  }

  private static func target(_ link: Int32) -> Bytes? {
    var buffer = Bytes(repeating: 0, count: 4096)
    let count = apus_read_link_of(link, &buffer, UInt64(buffer.count))
    return count > 0 ? Bytes(buffer[0..<Int(count)]) : nil
  }
}

/// An error number as a Swift error.
struct ErrnoError: Error {
  var number: Int32
}

extension LinuxKernel {
  /// A PID and a newline; whatever is much more is none.
  static let pidFileMax = 4096

  /// A PID file's number, and whether it may name a process outside of the unit.
  public func readPIDFile(_ path: Bytes) -> PIDFileContents {
    switch SafeWalk.to(path) {
    case .failure(let error):
      return error.number == Errno.ENOENT ? .absent : .refused(errorText(error.number))
    case .success(let walk):
      defer { walk.close() }
      return read(walk)
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
