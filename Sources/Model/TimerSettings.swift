/// What happens when a schedule comes due while its unit still runs (DESIGN section 2).
public enum OverlapPolicy: UInt8, CaseIterable, Sendable {
  case skip, queue, replace, parallel
  /// As `Overlap=` has it.
  public var name: StaticString {
    switch self {
    case .skip: "skip"
    case .queue: "queue"
    case .replace: "replace"
    case .parallel: "parallel"
    }
  }
}

/// What makes a timer elapse. All but `calendar` count on the monotonic clock.
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
  /// `OnCalendar=`, or a calendar or crontab expression in `Schedule=`; `text`: as written, for one that has no normal form.
  case calendar(CalendarSpec, text: Bytes)

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
    case .calendar: "OnCalendar"
    }
  }
}

/// The triggers and their companions: of a `.timer`, or of a service with `Schedule=`.
public struct ScheduleSettings: Equatable, Sendable {
  /// In the order of their lines; whichever is due first makes it elapse.
  public var triggers: [TimerTrigger] = []
  /// `Overlap=`
  public var overlap = OverlapPolicy.skip
  /// `RandomizedDelaySec=`: drawn once for each slot.
  public var randomizedDelay = TimeSpan.zero
  /// Coalescing window; 0 by default (DESIGN section 2).
  public var accuracy = TimeSpan.zero
  /// `Timezone=`, for expressions that name no zone of their own; empty: the local one.
  public var timezone: Bytes = []
  /// A slot older than this is not run any more.
  public var startingDeadline = TimeSpan.infinity
  /// `RandomizedOffsetSec=`: calendar slots are moved by a share of it that is the machine's and the unit's own. And
  /// `RANDOM_DELAY=` of a crontab, where it is the host's.
  public var randomizedOffset = TimeSpan.zero
  /// `FixedRandomDelay=`: the delay, too, is the machine's and the unit's own.
  public var fixedRandomDelay = false
  /// A stamp outlives apus: what came due meanwhile is caught up once.
  public var isPersistent = false
  /// A calendar slot that comes while the unit still runs is not made up at its end.
  public var deferReactivation = false
  /// `OnClockChange=`: a step of the wall clock makes it elapse.
  public var onClockChange = false
  /// `OnTimezoneChange=`: so does another local zone.
  public var onTimezoneChange = false
  public init() {}

  /// Whether an expression is a crontab's.
  public var hasCrontab: Bool {
    triggers.contains {
      if case .calendar(let spec, _) = $0 { return spec.isCrontab }
      return false
    }
  }

  /// Whether one counts on the wall clock.
  public var hasCalendar: Bool { triggers.contains { $0.isCalendar } }
  /// Whether an expression goes by the wall clock of some zone.
  public var needsZones: Bool { onTimezoneChange || hasCalendar }
  /// Whether one goes by the local zone.
  public var needsLocalZone: Bool {
    guard timezone.isEmpty else { return false }
    return triggers.contains {
      if case .calendar(let spec, _) = $0 { return spec.zone == nil }
      return false
    }
  }

  /// Whether anything can make it elapse.
  public var hasTriggers: Bool { !triggers.isEmpty || onClockChange || onTimezoneChange }
}

/// `[Timer]`.
public struct TimerSettings: Equatable, Sendable {
  /// When it elapses.
  public var schedule = ScheduleSettings()
  /// `Unit=`, by default the service of equal name.
  public var unit: UnitName
  /// `RemainAfterElapse=`: it stays loaded when nothing is to come any more.
  public var remainAfterElapse = true
  public init(unit: UnitName) {
    self.unit = unit
    schedule.overlap = .queue
  }
}

extension TimerTrigger {
  /// Counted on the wall clock.
  public var isCalendar: Bool {
    if case .calendar = self { return true }
    return false
  }
}

extension Unit {
  /// The triggers: a timer's own, or the service's Schedule=.
  public var schedule: ScheduleSettings? {
    switch kind {
    case .timer(let settings): settings.schedule
    case .service(let settings): settings.schedule.triggers.isEmpty ? nil : settings.schedule
    case .socket, .path, .target, .other: nil
    }
  }

  /// A service with Schedule=: a job.
  @inline(never) public var isScheduledService: Bool {
    if case .service(let settings) = kind { return !settings.schedule.triggers.isEmpty }
    return false
  }
}
