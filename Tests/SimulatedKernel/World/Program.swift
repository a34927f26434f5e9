#if !EMBEDDED
import Model

/// What a virtual program does, read from its arguments: `life=MS` or `life=LOW..HIGH` (none: for ever), `end=exit:0,kill:9`
/// (one of them), `term=default|ignore|CODE:MS` (what it does on TERM, INT, QUIT, HUP), `daemons=N`, `daemonterm=…`,
/// `escape=1` (daemons leave the session), `bomb=N` (multiplies up to N), `dstate=MS` (how long SIGKILL takes), `slack=1`
/// (does not reap its children). A unit file says it in plain text, so the real parser reads it.
struct Program {
  enum Disposition: Equatable {
    case byDefault
    case ignored
    /// Exits with the status after that many milliseconds.
    case handled(status: UInt8, afterMs: Int64)
  }

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
    return child
  }

  private static func range(_ text: Bytes) -> ClosedRange<Int64> {
    let parts = text.pieces(separatedBy: 46)
    let low = Int64(parts.first?.unsignedDecimal ?? 0)
    let high = Int64(parts.last?.unsignedDecimal ?? 0)
    return low...max(low, high)
  }

  private static func status(_ text: Bytes) -> ExitStatus {
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
      let status = UInt8(truncatingIfNeeded: parts.first?.unsignedDecimal ?? 0)
      return .handled(status: status, afterMs: Int64(parts.last?.unsignedDecimal ?? 0))
    }
  }
}
#endif
