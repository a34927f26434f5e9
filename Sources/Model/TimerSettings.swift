/// What happens when a schedule comes due while its unit still runs (DESIGN section 2).
public enum OverlapPolicy: UInt8, CaseIterable, Sendable {
  case skip, queue, replace, parallel
  public var name: StaticString {
    switch self {
    case .skip: "skip"
    case .queue: "queue"
    case .replace: "replace"
    case .parallel: "parallel"
    }
  }
}

/// One monotonic trigger. Calendar and crontab expressions become further cases with the schedules issue.
public enum TimerTrigger: Equatable, Sendable {
  /// From the timer's activation, once.
  case onActive(TimeSpan)
  /// From apus's start, once (in a container boot is apus's start).
  case onBoot(TimeSpan)
  case onStartup(TimeSpan)
  /// Fixed grid: anchor + k · span, anchored at the unit's first activation (DESIGN section 2).
  case onUnitActive(TimeSpan)
  /// Fixed delay after the unit's end.
  case onUnitInactive(TimeSpan)
  /// `[X-Apus] Schedule=every SPAN`: fixed grid anchored at the schedule's activation, first run after one span.
  case every(TimeSpan)
  /// `[X-Apus] Schedule=after SPAN`: fixed delay, first run one span after activation.
  case after(TimeSpan)
  /// `[X-Apus] Schedule=@reboot`: once per apus.
  case reboot

  /// The key or expression, for `list-timers`.
  public var name: StaticString {
    switch self {
    case .onActive: "OnActiveSec"
    case .onBoot: "OnBootSec"
    case .onStartup: "OnStartupSec"
    case .onUnitActive: "OnUnitActiveSec"
    case .onUnitInactive: "OnUnitInactiveSec"
    case .every: "every"
    case .after: "after"
    case .reboot: "@reboot"
    }
  }
}

/// The triggers and their companions: of a `.timer`, or of a service with `Schedule=`.
public struct ScheduleSettings: Equatable, Sendable {
  public var triggers: [TimerTrigger] = []
  public var overlap = OverlapPolicy.skip
  public var randomizedDelay = TimeSpan.zero
  /// Coalescing window; 0 by default (DESIGN section 2).
  public var accuracy = TimeSpan.zero
  public init() {}
}

/// `[Timer]`.
public struct TimerSettings: Equatable, Sendable {
  public var schedule = ScheduleSettings()
  /// `Unit=`, by default the service of equal name.
  public var unit: UnitName
  public var remainAfterElapse = true
  public init(unit: UnitName) {
    self.unit = unit
    schedule.overlap = .queue
  }
}
