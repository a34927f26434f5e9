import Model

/// The restart delay: systemd's formula (units.md c.5) with apus's defaults (DESIGN section 2).
public struct Backoff: Equatable, Sendable {
  /// Restarts since the backoff started anew; apart from NRestarts, which only a manual start resets.
  public private(set) var step: UInt32 = 0

  public init() {}

  /// `RestartSec=`, `RestartSteps=` and `RestartMaxDelaySec=` with the defaults that hold when the unit sets none of them.
  public struct Effective: Equatable, Sendable {
    public var delay: TimeSpan
    public var steps: UInt32
    public var delayMax: TimeSpan
    public var grows: Bool { steps > 0 && delay > .zero && delayMax > delay && !delayMax.isInfinite }
    /// The longest delay: uptime of that length is healthy.
    public var cap: TimeSpan { grows ? delayMax : delay }
  }

  /// The settings with every default filled in (units.md c.5, DESIGN section 2).
  public static func effective(_ settings: BackoffSettings) -> Effective {
    if settings.delay == nil && settings.steps == nil && settings.delayMax == nil {
      return Effective(delay: TimeSpan(milliseconds: 100), steps: 8, delayMax: TimeSpan(seconds: 30))
    }
    let delay = settings.delay ?? TimeSpan(milliseconds: 100)
    guard let steps = settings.steps, let delayMax = settings.delayMax else {
      return Effective(delay: delay, steps: 0, delayMax: delay)
    }
    return Effective(delay: delay, steps: steps, delayMax: delayMax)
  }

  /// The delay of restart number `number` (1 is the first): `delay · (max/delay)^((number-1)/steps)`, then `max`.
  public static func delay(number: UInt32, _ effective: Effective) -> TimeSpan {
    if number <= 1 || !effective.grows { return effective.delay }
    if number > effective.steps { return effective.delayMax }
    let ratio = Double(effective.delayMax.microseconds) / Double(effective.delay.microseconds)
    let factor = power(root(ratio, effective.steps), number - 1)
    let delay = Double(effective.delay.microseconds) * factor
    return TimeSpan(microseconds: min(UInt64(delay), effective.delayMax.microseconds))
  }

  /// The delay of the next restart; counts it. `uptime`: how long the service was running before it ended, nil if it
  /// never was.
  public mutating func next(_ settings: BackoffSettings, uptime: TimeSpan?) -> TimeSpan {
    let effective = Backoff.effective(settings)
    #if PLANTED
    let uptime = plantedBug == 8 ? nil : uptime
    #endif
    if let uptime, uptime >= (settings.resetAfter ?? effective.cap) { step = 0 }
    step = step == .max ? step : step + 1
    #if PLANTED
    if plantedBug == 7 { return Backoff.delay(number: step + 1, effective) }
    #endif
    return Backoff.delay(number: step, effective)
  }

  /// A manual start starts anew.
  public mutating func reset() { step = 0 }

  /// By repeated squaring: Embedded Swift has no `pow`, and this module no libc.
  static func power(_ base: Double, _ exponent: UInt32) -> Double {
    var result = 1.0
    var square = base
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }

  /// The `degree`-th root of `value` ≥ 1, by bisection: 64 halvings of [1, value] are exact to the last bits.
  static func root(_ value: Double, _ degree: UInt32) -> Double {
    var low = 1.0
    var high = value
    for _ in 0..<64 {
      let middle = (low + high) / 2
      if power(middle, degree) > value { high = middle } else { low = middle }
    }
    return low
  }
}

/// `StartLimitIntervalSec=`, `StartLimitBurst=`: exactly Burst starts are allowed in the interval (units.md c.5).
public struct StartLimiter: Equatable, Sendable {
  /// The start of the present interval, and the starts in it, as systemd's rate limiter counts them.
  private var begin = Instant.zero
  private var count: UInt32 = 0
  private var isOpen = false

  public init() {}

  /// Counts one start; false when it is one too many.
  public mutating func allow(_ limit: StartLimit, now: Instant) -> Bool {
    guard let (interval, burst) = limit.effective else { return true }
    if !isOpen || now.since(begin) >= interval {
      isOpen = true
      begin = now
      count = 1
      return true
    }
    if count >= burst { return false }
    count += 1
    return true
  }

  /// `reset-failed`.
  public mutating func reset() { self = StartLimiter() }
}

/// Whether a service that ended is started again (the table of units.md c.5, cell by cell).
public enum RestartDecision {
  /// Whether a service that ended so is started again (units.md c.5).
  public static func shouldRestart(
    _ settings: ServiceSettings, result: ServiceResult, mainStatus: ExitStatus?, stoppedByRequest: Bool
  ) -> Bool {
    if stoppedByRequest { return false }
    if let mainStatus {
      if settings.restartPreventExitStatus.contains(mainStatus) { return false }
      if settings.restartForceExitStatus.contains(mainStatus), !(settings.type == .oneshot && result == .success) {
        return true
      }
    }
    return settings.restart.restarts(after: result)
  }
}

extension RestartPolicy {
  /// One cell of the restart table of units.md c.5.
  public func restarts(after result: ServiceResult) -> Bool {
    switch (self, result) {
    case (.no, _), (_, .execCondition), (_, .startLimitHit): false
    case (.always, _): true
    case (.onSuccess, _): result == .success
    case (.onFailure, _): result != .success
    case (.onAbnormal, .success), (.onAbnormal, .exitCode): false
    case (.onAbnormal, _): true
    case (.onAbort, _): result == .signal || result == .coreDump
    case (.onWatchdog, _): result == .watchdog
    }
  }
}

/// What is a clean end (units.md c.4).
public enum CleanExit {
  /// `isMain`: of a service that is no oneshot; there SIGHUP, SIGINT, SIGTERM and SIGPIPE are clean too.
  public static func result(_ status: ExitStatus, isDaemon: Bool, success: ExitStatusSet) -> ServiceResult {
    if success.contains(status) { return .success }
    switch status {
    case .exited(0): return .success
    case .exited: return .exitCode
    case .killed(let signal):
      let clean = isDaemon && (signal == .hangup || signal == .interrupt || signal == .terminate || signal == .pipe)
      return clean ? .success : .signal
    case .dumped: return .coreDump
    }
  }
}
