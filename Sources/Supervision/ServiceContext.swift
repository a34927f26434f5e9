import Model

/// What a step may look at, and where it puts what it decides.
public struct ServiceContext {
  public let id: UnitID
  public let name: Bytes
  public let settings: ServiceSettings
  public let startLimit: StartLimit
  public let now: Now
  /// The number for a run that begins in this step.
  public let nextInvocation: UInt32
  /// The upper 64 bits of every INVOCATION_ID of this apus.
  public let invocationSeed: UInt64
  /// Timeouts shrink to it while apus hurries; `.infinity` otherwise.
  public let timeoutLimit: TimeSpan
  /// A stop or restart job waits for the unit, so Restart= does not act.
  public let stopIsPending: Bool
  public let restartIsPending: Bool
  /// apus stops: a process that outlives SIGKILL is left behind after its timeout.
  public let isShuttingDown: Bool
  /// What the sockets that it is started for listen on, which its main command gets; or, with PassFileDescriptorsToExec=, what a
  /// socket itself listens on, for its commands.
  public let activation: [PassedDescriptor]
  public var effects: [Effect] = []
  public var notices: [ServiceNotice] = []

  public init(
    id: UnitID, name: Bytes, settings: ServiceSettings, startLimit: StartLimit, now: Now, nextInvocation: UInt32,
    invocationSeed: UInt64, timeoutLimit: TimeSpan = .infinity, stopIsPending: Bool = false, restartIsPending: Bool = false,
    isShuttingDown: Bool = false, activation: [PassedDescriptor] = []
  ) {
    self.id = id
    self.name = name
    self.settings = settings
    self.startLimit = startLimit
    self.now = now
    self.nextInvocation = nextInvocation
    self.invocationSeed = invocationSeed
    self.timeoutLimit = timeoutLimit
    self.stopIsPending = stopIsPending
    self.restartIsPending = restartIsPending
    self.isShuttingDown = isShuttingDown
    self.activation = activation
  }

  /// A line of apus's own about this unit: `web.service: text`.
  public mutating func message(_ severity: Severity, _ text: StaticString) {
    message(severity, Bytes(text))
  }

  /// One line about the unit, with the unit's name in front.
  public mutating func message(_ severity: Severity, _ text: Bytes) {
    effects.append(.message(severity, name + ": " + text))
  }
}
