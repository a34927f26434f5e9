#if !EMBEDDED
import Model

/// What a virtual program does, read from its arguments: `life=MS` or `life=LOW..HIGH` (none: for ever), `end=exit:0,kill:9`
/// (one of them; `oom`: the kernel kills it for want of memory), `term=default|ignore|CODE:MS|oom:MS` (what it does on TERM,
/// INT, QUIT, HUP, and with `catch=1` on ABRT), `daemons=N`, `daemonterm=…`, `escape=1` (daemons leave the session), `bomb=N` (multiplies up to N), `dstate=MS` (how long SIGKILL takes), `slack=1`
/// (does not reap its children). A unit file says it in plain text, so the real parser reads it.
struct Program {
  enum Disposition: Equatable {
    case byDefault
    case ignored
    /// Exits with the status after that many milliseconds.
    case handled(status: UInt8, afterMs: Int64)
    /// Wants so much memory for its end that the kernel kills it.
    case exhausts(afterMs: Int64)
  }

  /// Stands among `ends` for: the kernel kills it for want of memory (`oom`).
  static let outOfMemory = ExitStatus.killed(Signal(127))

  var lifeMs: ClosedRange<Int64>? = nil
  var ends: [ExitStatus] = [.exited(0)]
  var term = Disposition.byDefault
  var daemons = 0
  var daemonTerm = Disposition.byDefault
  var daemonLifeMs: ClosedRange<Int64>? = nil
  var daemonsEscape = false
  var bomb = 0
  var deathMs: Int64 = 0
  var isSlack = false

  // What it says to apus.
  /// `ready=LOW..HIGH`: READY=1 so long after exec.
  var readyMs: ClosedRange<Int64>? = nil
  var readyText = "READY=1\nSTATUS=up"
  /// `stopping=LOW..HIGH`
  var stoppingMs: ClosedRange<Int64>? = nil
  /// `readyfd=LOW..HIGH`: a newline on ReadyFd=.
  var readyLineMs: ClosedRange<Int64>? = nil
  /// `watch=LOW..HIGH`: WATCHDOG=1 from time to time; `watchstop=LOW..HIGH`: so long.
  var watchMs: ClosedRange<Int64>? = nil
  var watchStopMs: ClosedRange<Int64>? = nil
  /// `trigger=LOW..HIGH`: WATCHDOG=trigger.
  var triggerMs: ClosedRange<Int64>? = nil
  /// `store=N`: FDSTORE=1 with so many descriptors.
  var storeCount = 0
  /// `pidfile=PATH`, `pidlate=LOW..HIGH`
  var pidFile: Bytes? = nil
  var pidFileMs: ClosedRange<Int64>? = nil
  /// `forks=LOW..HIGH`: it makes the process that stays, and ends. `daemonend=…`
  var forksMs: ClosedRange<Int64>? = nil
  var daemonEnds: [ExitStatus] = [.exited(0)]
  /// `mainpid=1`: it says which one stays.
  var saysMainPID = false
  /// `reload=LOW..HIGH`: on SIGHUP RELOADING=1, and READY=1 so long after.
  var reloadMs: ClosedRange<Int64>? = nil
  /// `chats=N`: so many datagrams, right or wrong, one from time to time.
  var chats = 0
  /// `daemonchats=N`: its daemons do.
  var daemonChats = 0
  /// `lastwords=1`: a datagram with its last breath; of its daemons too.
  var hasLastWords = false
  /// `pidwrong=1`: first somebody else's number in the PID file.
  var writesWrongPID = false
  /// `catch=1`
  var catchesAbort = false
  /// `serve=LOW..HIGH`: it takes what waits at its listeners, so long after it has come; else it never does.
  var serveMs: ClosedRange<Int64>? = nil

  init() {}

  init(arguments: [Bytes]) {
    for argument in arguments.dropFirst() {
      guard let equals = argument.firstIndex(of: 61) else { continue }
      let key = Bytes(argument[..<equals])
      let value = Bytes(argument[(equals + 1)...])
      switch key {
      case "life": lifeMs = Program.range(value)
      case "end": ends = value.pieces(separatedBy: 44).map(Program.status)
      case "term": term = Program.disposition(value)
      case "daemons": daemons = Int(value.unsignedDecimal ?? 0)
      case "daemonterm": daemonTerm = Program.disposition(value)
      case "daemonlife": daemonLifeMs = Program.range(value)
      case "escape": daemonsEscape = value == "1"
      case "bomb": bomb = Int(value.unsignedDecimal ?? 0)
      case "dstate": deathMs = Int64(value.unsignedDecimal ?? 0)
      case "slack": isSlack = value == "1"
      case "ready": readyMs = Program.range(value)
      case "stopping": stoppingMs = Program.range(value)
      case "readyfd": readyLineMs = Program.range(value)
      case "watch": watchMs = Program.range(value)
      case "watchstop": watchStopMs = Program.range(value)
      case "trigger": triggerMs = Program.range(value)
      case "store": storeCount = Int(value.unsignedDecimal ?? 0)
      case "pidfile": pidFile = value
      case "pidlate": pidFileMs = Program.range(value)
      case "forks": forksMs = Program.range(value)
      case "daemonend": daemonEnds = value.pieces(separatedBy: 44).map(Program.status)
      case "mainpid": saysMainPID = value == "1"
      case "reload": reloadMs = Program.range(value)
      case "chats": chats = Int(value.unsignedDecimal ?? 0)
      case "daemonchats": daemonChats = Int(value.unsignedDecimal ?? 0)
      case "lastwords": hasLastWords = value == "1"
      case "pidwrong": writesWrongPID = value == "1"
      case "catch": catchesAbort = value == "1"
      case "serve": serveMs = Program.range(value)
      default: break
      }
    }
  }

  /// What a daemon of this program is: it makes no more of its kind.
  var daemon: Program {
    var child = Program()
    child.term = daemonTerm
    child.lifeMs = daemonLifeMs
    child.deathMs = deathMs
    child.chats = daemonChats
    child.hasLastWords = hasLastWords
    return child
  }

  private static func range(_ text: Bytes) -> ClosedRange<Int64> {
    let parts = text.pieces(separatedBy: 46)
    let low = Int64(parts.first?.unsignedDecimal ?? 0)
    let high = Int64(parts.last?.unsignedDecimal ?? 0)
    return low...max(low, high)
  }

  private static func status(_ text: Bytes) -> ExitStatus {
    if text == "oom" { return outOfMemory }
    let parts = text.pieces(separatedBy: 58)
    let number = parts.last?.unsignedDecimal ?? 0
    guard let kind = parts.first, kind == "kill" else { return .exited(UInt8(truncatingIfNeeded: number)) }
    return World.death(by: Signal(Int32(number)))
  }

  private static func disposition(_ text: Bytes) -> Disposition {
    switch text {
    case "default": return .byDefault
    case "ignore": return .ignored
    default:
      let parts = text.pieces(separatedBy: 58)
      if parts.first == Bytes("oom".utf8) { return .exhausts(afterMs: Int64(parts.last?.unsignedDecimal ?? 0)) }
      let status = UInt8(truncatingIfNeeded: parts.first?.unsignedDecimal ?? 0)
      return .handled(status: status, afterMs: Int64(parts.last?.unsignedDecimal ?? 0))
    }
  }
}
#endif
