import Model
import Supervision

/// Where a command's descriptors 0, 1 and 2 go (units.md c.10).
final class SpawnStreams {
  private let exec: ExecSettings
  private let names: [Bytes]
  /// There is a socket for the streams that want one; it comes behind those with names.
  private let hasSocket: Bool
  /// Descriptors are passed to the main process only; the others do without.
  private let isMain: Bool
  /// The commands that get a terminal as their input.
  private let takesTerminal: Bool

  private(set) var stdin = StreamPlan.null
  private(set) var stdout = StreamPlan.inherit
  private(set) var stderr = StreamPlan.inherit
  /// A descriptor's name that nobody has: the key and the name.
  private(set) var missing: Bytes? = nil

  init(_ request: SpawnRequest) {
    exec = request.exec
    names = SpawnStreams.passed(request).map { $0.name }
    hasSocket = SpawnStreams.socket(request) != nil
    isMain = request.key.role == .main
    switch request.key.role {
    case .condition, .startPre, .main, .stopPost: takesTerminal = true
    case .startPost, .reload, .stop, .probe: takesTerminal = false
    }
    stdin = input()
    stdout = output()
    stderr = error()
  }

  /// The one descriptor of a socket unit that becomes a stream instead of being passed (units.md d.1); commands before and
  /// after the main one have it as well.
  static func socket(_ request: SpawnRequest) -> DescriptorID? {
    request.isInetd ? request.descriptors.first { !$0.isStored }?.id : nil
  }

  /// Why a stream cannot be the socket.
  static func unfit(_ request: SpawnRequest) -> Bytes? {
    guard request.isInetd else { return nil }
    let count = request.descriptors.count { !$0.isStored }
    if count > 1 { return text("StandardInput=socket: \(count) sockets are passed to the service, one can be its stream") }
    if count == 0, request.key.role == .main {
      return Bytes("StandardInput=socket: no socket is passed to the service; start its .socket unit")
    }
    return nil
  }

  /// Those that are placed from 3 on.
  static func passed(_ request: SpawnRequest) -> [PassedDescriptor] {
    socket(request) == nil ? request.descriptors : request.descriptors.filter { $0.isStored }
  }

  private func input() -> StreamPlan {
    switch exec.standardInput {
    case .unset, .null, .journal: return .null
    case .inherit: return .inherit
    case .file(let path), .append(let path), .truncate(let path): return isWritten(path) ? .readWrite(path) : .read(path)
    case .tty: return takesTerminal ? .terminal : .null
    case .data: return .data(exec.standardInputData)
    case .descriptor(let name): return named(name, "stdin", "StandardInput") ?? .null
    case .socket: return hasSocket ? .descriptor(names.count) : .null
    }
  }

  /// `StandardInput=file:` and an output with the same path share one opening.
  private func isWritten(_ path: Bytes) -> Bool { exec.standardOutput == .file(path) || exec.standardError == .file(path) }

  private func output() -> StreamPlan {
    switch exec.standardOutput {
    case .inherit: return inherited()
    // A peer that asks is answered, and told what went wrong.
    case .unset where exec.standardInput == .socket: return inherited()
    default: return written(exec.standardOutput, "stdout", "StandardOutput")
    }
  }

  /// `StandardOutput=inherit`: what stdin is, where that is a thing to write to; else apus's own.
  private func inherited() -> StreamPlan {
    switch exec.standardInput {
    case .tty: return takesTerminal ? .sameAsStdin : .terminal
    case .file, .append, .truncate, .descriptor, .socket: return stdin == .null ? .inherit : .sameAsStdin
    case .unset, .null, .journal, .data, .inherit: return .inherit
    }
  }

  /// `StandardError=` follows `StandardOutput=` unless set; where that is apus's own stdout, it is apus's own stderr.
  private func error() -> StreamPlan {
    switch exec.standardError {
    case .unset, .inherit: return stdout == .inherit ? .inherit : .sameAsStdout
    case .journal: return .inherit
    default:
      if exec.standardError == exec.standardOutput { return .sameAsStdout }
      return written(exec.standardError, "stderr", "StandardError")
    }
  }

  private func written(_ stream: StandardStream, _ defaultName: StaticString, _ key: StaticString) -> StreamPlan {
    switch stream {
    case .unset, .journal, .inherit, .data: return .inherit
    case .socket: return hasSocket ? .descriptor(names.count) : .inherit
    case .null: return .null
    case .file(let path): return exec.standardInput == .file(path) ? .sameAsStdin : .write(path)
    case .append(let path): return .append(path)
    case .truncate(let path): return .truncate(path)
    case .tty: return stdin == .terminal ? .sameAsStdin : .terminal
    case .descriptor(let name): return named(name, defaultName, key) ?? .inherit
    }
  }

  private func named(_ name: Bytes, _ defaultName: StaticString, _ key: StaticString) -> StreamPlan? {
    let wanted = name.isEmpty ? Bytes(defaultName) : name
    if let index = names.firstIndex(of: wanted) { return .descriptor(index) }
    if isMain && missing == nil { missing = Bytes(key) + "=fd:" + wanted }
    return nil
  }

  /// The terminal of `TTYPath=`, where a stream is one or it is to be made ready.
  var terminal: TerminalPlan? {
    let settings = exec.terminal
    let isUsed = stdin == .terminal || stdout == .terminal || stderr == .terminal
    let isPrepared = settings.reset || settings.hangup || settings.disallocate || settings.rows != nil || settings.columns != nil
    if !isUsed && !isPrepared { return nil }
    var mode = TerminalMode.wait
    if case .tty(let wanted) = exec.standardInput { mode = wanted }
    return TerminalPlan(path: settings.path.isEmpty ? Bytes("/dev/console") : settings.path, mode: mode, settings: settings)
  }
}
