/// A signal number of Linux (x86_64 and aarch64 agree).
public struct Signal: Equatable, Hashable, Sendable {
  public var number: Int32
  public init(_ number: Int32) { self.number = number }

  public static let hangup = Signal(1)
  public static let interrupt = Signal(2)
  public static let quit = Signal(3)
  public static let abort = Signal(6)
  public static let kill = Signal(9)
  public static let user1 = Signal(10)
  public static let user2 = Signal(12)
  public static let pipe = Signal(13)
  public static let terminate = Signal(15)
  public static let child = Signal(17)
  public static let `continue` = Signal(18)
  public static let stop = Signal(19)
  public static let terminalStop = Signal(20)
  public static let power = Signal(30)
  public static let highest: Int32 = 64
  /// glibc's SIGRTMIN, which unit files and runtimes mean by RTMIN.
  public static let realtimeMinimum: Int32 = 34

  static let names: [StaticString] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "PWR", "SYS",
  ]

  /// The name without `SIG`: `TERM`, `RTMIN+3`.
  public var name: Bytes {
    if number >= 1, number <= 31 { return Bytes(Signal.names[Int(number) - 1]) }
    if number == Signal.realtimeMinimum { return Bytes("RTMIN") }
    if number > Signal.realtimeMinimum, number <= Signal.highest {
      return "RTMIN+" + Bytes(decimal: number - Signal.realtimeMinimum)
    }
    return Bytes(decimal: number)
  }

  /// A signal by name with or without `SIG`, `RTMIN+n`, `RTMAX-n`, or by number (units.md b.9).
  public init?(named text: Bytes) {
    if let value = text.unsignedDecimal {
      guard value >= 1, value <= UInt64(Signal.highest) else { return nil }
      self.init(Int32(value))
      return
    }
    let bare = text.starts(with: "SIG") ? Bytes(text[3...]) : text
    for (index, name) in Signal.names.enumerated() where bare == name {
      self.init(Int32(index) + 1)
      return
    }
    switch bare {
    case "POLL": self.init(29)
    case "CLD": self.init(17)
    case "IOT": self.init(6)
    case "RTMIN": self.init(Signal.realtimeMinimum)
    case "RTMAX": self.init(Signal.highest)
    default:
      let span = UInt64(Signal.highest - Signal.realtimeMinimum)
      if bare.starts(with: "RTMIN+"), let offset = Bytes(bare[6...]).unsignedDecimal, offset <= span {
        self.init(Signal.realtimeMinimum + Int32(offset))
      } else if bare.starts(with: "RTMAX-"), let offset = Bytes(bare[6...]).unsignedDecimal, offset <= span {
        self.init(Signal.highest - Int32(offset))
      } else {
        return nil
      }
    }
  }
}
