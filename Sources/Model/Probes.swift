/// What a readiness or health probe asks (DESIGN section 2, `Ready…=` and `Health…=`).
public enum ProbeTarget: Equatable, Sendable {
  /// A newline on that descriptor of the main process (readiness only).
  case descriptor(Int32)
  /// `HOST:PORT`, `PORT`, `[V6]:PORT` or an absolute path of an AF_UNIX socket: accepts a connection.
  case tcp(Bytes)
  /// `http://HOST[:PORT]/PATH`: answers 2xx or 3xx.
  case http(Bytes)
  /// Exits 0.
  case exec(ExecCommand)
}

/// `Ready…=`: the service is started when this says so, within TimeoutStartSec=.
public struct ReadySettings: Equatable, Sendable {
  public var target: ProbeTarget
  /// From one answer to the next question.
  public static let interval = TimeSpan(milliseconds: 100)
  public init(target: ProbeTarget) { self.target = target }
}

/// `HealthAction=`
public enum HealthAction: UInt8, CaseIterable, Sendable {
  case restart, none, exit
  public var name: StaticString {
    switch self {
    case .restart: "restart"
    case .none: "none"
    case .exit: "exit"
    }
  }
}

/// `Health…=`: asked after readiness, every `interval`.
public struct HealthSettings: Equatable, Sendable {
  public var target: ProbeTarget
  public var interval = TimeSpan(seconds: 30)
  public var timeout = TimeSpan(seconds: 5)
  /// So many failures in a row are one too many.
  public var retries: UInt32 = 3
  /// Failures in so long after readiness do not count.
  public var startPeriod = TimeSpan.zero
  public var action = HealthAction.restart
  public init(target: ProbeTarget) { self.target = target }
}
