import CLinux
import Model

/// Why a client has no answer.
public enum ControlClientError: Error, Equatable, Sendable {
  /// Nobody answers at any address; each with its reason.
  case noServer(tried: [Bytes])
  /// The connection broke.
  case broken(Bytes)
  case timedOut
}

/// A blocking connection to a control socket, for the client faces only: nothing here runs in PID 1.
public struct ControlConnection: Sendable {
  let fd: Int32
  /// The address that answered.
  public let path: Bytes

  /// Connects to the first address of DESIGN section 8 where somebody answers. What is not named by the user must belong
  /// to root or to this user, folder and server alike.
  public static func connect(explicit: Bytes?, runtimeFolder: Bytes?) -> Result<ControlConnection, ControlClientError> {
    connect(controlCandidates(explicit: explicit, runtimeFolder: runtimeFolder, userID: geteuid()))
  }

  static func connect(_ candidates: [ControlCandidate]) -> Result<ControlConnection, ControlClientError> {
    var tried: [Bytes] = []
    for candidate in candidates {
      switch open(candidate) {
      case .success(let fd): return .success(ControlConnection(fd: fd, path: candidate.path))
      case .failure(let refusal): tried.append(candidate.path + ": " + refusal.reason)
      }
    }
    return .failure(.noServer(tried: tried))
  }

  private static func open(_ candidate: ControlCandidate) -> Result<Int32, ControlRefusal> {
    if candidate.trust == .own {
      switch openFolder(candidate, makesIt: false) {
      case .success(let folder): _ = CLinux.close(folder)
      case .failure(let refusal): return .failure(refusal)
      }
    }
    switch probe(candidate.path) {
    case .failure(let refusal): return .failure(refusal)
    case .success(.absent): return .failure(ControlRefusal(reason: Bytes("no such file or directory")))
    case .success(.stale): return .failure(ControlRefusal(reason: Bytes("nobody answers")))
    case .success(.live(let fd)):
      let server = control_peer_uid(fd)
      if candidate.trust == .own, server != 0, server != Int64(geteuid()) {
        _ = CLinux.close(fd)
        return .failure(ControlRefusal(reason: Bytes("its server is another user's")))
      }
      return .success(fd)
    }
  }

  /// Sends all of it within `timeoutMs` of standing still.
  public func send(_ bytes: Bytes, timeoutMs: Int32) -> ControlClientError? {
    var sent = 0
    while sent < bytes.count {
      let result = bytes.withUnsafeBytes { control_send(fd, $0.baseAddress?.advanced(by: sent), $0.count - sent) }
      if result >= 0 {
        sent += Int(result)
      } else if result == -Int64(CONTROL_EAGAIN) {
        let ready = control_poll(fd, 1, timeoutMs)
        if ready == 0 { return .timedOut }
        if ready < 0, ready != -CONTROL_EINTR { return .broken(controlErrorText(ready)) }
      } else if result != -Int64(CONTROL_EINTR) {
        return .broken(controlErrorText(Int32(truncatingIfNeeded: result)))
      }
    }
    return nil
  }

  /// The next bytes, empty at the end of the stream. A negative `timeoutMs` waits for ever.
  public func receive(timeoutMs: Int32) -> Result<Bytes, ControlClientError> {
    var chunk = Bytes(repeating: 0, count: 16384)
    while true {
      let result = chunk.withUnsafeMutableBytes { control_read(fd, $0.baseAddress, $0.count) }
      if result >= 0 { return .success(Bytes(chunk.prefix(Int(result)))) }
      if result == -Int64(CONTROL_EAGAIN) {
        let ready = control_poll(fd, 0, timeoutMs)
        if ready == 0 { return .failure(.timedOut) }
        if ready < 0, ready != -CONTROL_EINTR { return .failure(.broken(controlErrorText(ready))) }
      } else if result != -Int64(CONTROL_EINTR) {
        return .failure(.broken(controlErrorText(Int32(truncatingIfNeeded: result))))
      }
    }
  }

  /// Waits, doing nothing.
  public static func pause(_ milliseconds: Int32) { _ = control_poll(-1, 0, milliseconds) }

  /// Ends the connection.
  public func close() { _ = CLinux.close(fd) }
}

/// What minus errno means, for the calls of the control socket; in words where people meet it.
func controlErrorText(_ result: Int32) -> Bytes {
  switch -result {
  case 1: Bytes("operation not permitted")
  case 2: Bytes("no such file or directory")
  case 13: Bytes("permission denied")
  case 17: Bytes("file exists")
  case 20: Bytes("not a directory")
  case 24: Bytes("too many open files")
  case 28: Bytes("no space left on device")
  case 30: Bytes("read-only file system")
  case 32: Bytes("broken pipe")
  case 36: Bytes("a socket's path may have 107 bytes")
  case 40: Bytes("a symlink")
  case 91: Bytes("a socket of another kind")
  case 98: Bytes("address in use")
  case 104: Bytes("connection reset")
  default: "error " + Bytes(decimal: -result)
  }
}
