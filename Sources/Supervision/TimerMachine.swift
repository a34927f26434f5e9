import Model

/// The triggers of a `.timer`, or of a service's `Schedule=`: when the next slot is, and what becomes of it.
///
/// A timer waits for the earliest of its triggers. `onActive`, `onBoot`, `onStartup` and `@reboot` come due once. The
/// grid triggers (`onUnitActive`, `every`) come due at anchor + k · span, whatever their runs do: a slot that passed is
/// never replayed. The delay triggers (`onUnitInactive`, `after`) come due one span after the unit's end.
/// `next` is always later than now: a timer that is due once cannot be due twice, and none can spin.
public struct TimerMachine: Equatable, Sendable {
  public internal(set) var isActive = false
  /// The slot that is armed, before jitter; nil when nothing is due any more, or the unit's end is waited for.
  public internal(set) var slot: Instant? = nil
  /// When it fires: `slot` + jitter, rounded up by AccuracySec=.
  public internal(set) var fireAt: Instant? = nil
  public internal(set) var lastTrigger: WallTime? = nil
  public internal(set) var runs: UInt64 = 0
  public internal(set) var skipped: UInt64 = 0
  /// Of `skipped`: slots that had passed unseen when the last one came due.
  public internal(set) var missed: UInt64 = 0
  /// Skips since the last run: one line a row of them.
  public internal(set) var skippedInRow: UInt64 = 0
  /// `Overlap=queue`: one slot waits for the unit's end.
  public internal(set) var isQueued = false

  var activatedAt = Instant.zero
  /// The anchor of the `onUnitActive` grid: the unit's first activation while the timer was active.
  var unitActiveAnchor: Instant? = nil
  var unitInactiveAt: Instant? = nil
  /// One-time triggers that have come due, by index into the settings' list.
  var spent: [Bool] = []
  /// For jitter: drawn once a slot.
  var seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Starts the clockwork. `startedAt`: when apus started, the base of OnBootSec= and OnStartupSec=.
  public mutating func activate(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) {
    isActive = true
    activatedAt = now
    unitActiveAnchor = nil
    unitInactiveAt = nil
    isQueued = false
    delayIsSpent = false
    slot = nil
    fireAt = nil
    spent = [Bool](repeating: false, count: settings.triggers.count)
    computeNext(settings, now: now, startedAt: startedAt)
  }

  /// Forgets its triggers: nothing elapses any more.
  public mutating func deactivate() {
    isActive = false
    slot = nil
    fireAt = nil
    isQueued = false
  }

  /// New settings over a live change: the grid, its jitter and the counters stay where the trigger stays.
  public mutating func update(from old: ScheduleSettings, to new: ScheduleSettings, now: Instant, startedAt: Instant) {
    if old.triggers != new.triggers {
      spent = [Bool](repeating: false, count: new.triggers.count)
      markSpent(new, until: now, startedAt: startedAt)
    }
    if old != new {
      slot = nil
      fireAt = nil
    }
    if isActive { computeNext(new, now: now, startedAt: startedAt) }
  }

  /// The slot came: true if it is due; the next one is computed by then.
  public mutating func elapse(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) -> Bool {
    guard isActive, let due = fireAt, due <= now else { return false }
    missed = slot.map { missedSlots(settings, after: $0, until: now) } ?? 0
    skipped &+= missed
    markSpent(settings, until: now, startedAt: startedAt)
    // A delay trigger waits for the end of what it now starts.
    unitInactiveAt = nil
    delayIsSpent = true
    slot = nil
    fireAt = nil
    computeNext(settings, now: now, startedAt: startedAt)
    return true
  }

  /// Grid points that passed behind `slot` while nobody looked: a late wake-up, a frozen container, a long jitter.
  private func missedSlots(_ settings: ScheduleSettings, after slot: Instant, until now: Instant) -> UInt64 {
    var count: UInt64 = 0
    for trigger in settings.triggers {
      let anchor: Instant?
      let span: TimeSpan
      switch trigger {
      case .every(let every):
        anchor = activatedAt
        span = every
      case .onUnitActive(let every):
        anchor = unitActiveAnchor
        span = every
      case .onActive, .onBoot, .onStartup, .onUnitInactive, .after, .reboot: continue
      }
      guard let anchor, let first = TimerMachine.grid(anchor: anchor, span, after: slot), first <= now else { continue }
      count &+= 1 + UInt64(now.nanoseconds - first.nanoseconds) / (span.microseconds * 1000)
    }
    return count
  }

  /// The unit began a run.
  public mutating func unitStarted(_ settings: ScheduleSettings, now: Now, startedAt: Instant) {
    guard isActive else { return }
    if unitActiveAnchor == nil {
      unitActiveAnchor = now.instant
      computeNext(settings, now: now.instant, startedAt: startedAt)
    }
  }

  /// The unit's run is over (inactive or failed, no restart pending).
  public mutating func unitEnded(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) {
    guard isActive else { return }
    unitInactiveAt = now
    computeNext(settings, now: now, startedAt: startedAt)
  }

  /// A slot was run.
  public mutating func countRun(now: WallTime) {
    runs &+= 1
    skippedInRow = 0
    lastTrigger = now
  }

  /// A slot was not run, because the unit still ran.
  public mutating func countSkip() {
    skipped &+= 1
    skippedInRow &+= 1
  }

  /// `after`: its first span, from activation, is over.
  var delayIsSpent = false

  /// One-time triggers whose time has come, however late apus looks at them: they coalesce into one run.
  mutating func markSpent(_ settings: ScheduleSettings, until now: Instant, startedAt: Instant) {
    for (index, trigger) in settings.triggers.enumerated() where index < spent.count {
      if let base = oneTimeBase(trigger, startedAt: startedAt), base <= now { spent[index] = true }
    }
  }

  mutating func computeNext(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) {
    // A slot that has come and was not handled yet (it is in the same turn, or in its jitter) is not computed away.
    if let slot, fireAt != nil, slot <= now { return }
    var earliest: Instant? = nil
    for (index, trigger) in settings.triggers.enumerated() {
      guard let candidate = next(trigger, isSpent: index < spent.count && spent[index], now: now, startedAt: startedAt) else {
        continue
      }
      if earliest.map({ candidate < $0 }) ?? true { earliest = candidate }
    }
    // An unchanged slot keeps the jitter that was drawn for it.
    if earliest == slot && fireAt != nil { return }
    slot = earliest
    fireAt = earliest.map { jittered($0, settings) }
  }

  /// The next time of one trigger; never in the past but for one-time triggers, which are spent when they came due.
  func next(_ trigger: TimerTrigger, isSpent: Bool, now: Instant, startedAt: Instant) -> Instant? {
    switch trigger {
    case .onActive, .onBoot, .onStartup, .reboot:
      return isSpent ? nil : oneTimeBase(trigger, startedAt: startedAt)
    case .every(let span): return TimerMachine.grid(anchor: activatedAt, span, after: now)
    case .onUnitActive(let span): return unitActiveAnchor.flatMap { TimerMachine.grid(anchor: $0, span, after: now) }
    case .onUnitInactive(let span): return unitInactiveAt.map { $0 + span }
    case .after(let span):
      if let ended = unitInactiveAt { return ended + span }
      return delayIsSpent ? nil : activatedAt + span
    }
  }

  func oneTimeBase(_ trigger: TimerTrigger, startedAt: Instant) -> Instant? {
    switch trigger {
    case .onActive(let span): activatedAt + span
    case .onBoot(let span), .onStartup(let span): startedAt + span
    case .reboot: startedAt
    case .every, .onUnitActive, .onUnitInactive, .after: nil
    }
  }

  /// anchor + k · span, the smallest k ≥ 1 that is later than `now`; nil for a span that never comes.
  static func grid(anchor: Instant, _ span: TimeSpan, after now: Instant) -> Instant? {
    guard !span.isInfinite, span > .zero, span.microseconds < UInt64(Int64.max) / 1000 else { return nil }
    let step = Int64(span.microseconds) * 1000
    let passed = max(0, now.nanoseconds - anchor.nanoseconds)
    #if PLANTED
    if plantedBug == 9, passed >= step, passed % step < 20_000 { return now }
    #endif
    let (distance, overflow) = (passed / step + 1).multipliedReportingOverflow(by: step)
    let (sum, carry) = anchor.nanoseconds.addingReportingOverflow(distance)
    return overflow || carry ? nil : Instant(nanoseconds: sum)
  }

  /// RandomizedDelaySec= draws once a slot, from the seed and the slot itself, so that a reload does not draw again;
  /// AccuracySec= rounds up to a grid that all timers of equal accuracy share.
  func jittered(_ slot: Instant, _ settings: ScheduleSettings) -> Instant {
    var result = slot
    let range = settings.randomizedDelay
    if range > .zero && !range.isInfinite {
      let draw = TimerMachine.mix(seed ^ UInt64(bitPattern: slot.nanoseconds)) % range.microseconds
      result = result + TimeSpan(microseconds: draw)
    }
    let accuracy = settings.accuracy
    if accuracy > .zero, accuracy.microseconds < UInt64(Int64.max) / 1000, result != .never {
      let step = Int64(accuracy.microseconds) * 1000
      let rest = result.nanoseconds % step
      if rest > 0 { result = result + TimeSpan(microseconds: UInt64(step - rest) / 1000) }
    }
    return result
  }

  /// SplitMix64's finisher: a good hash of one word.
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension TimerTrigger {
  /// Comes due again and again by itself or by its unit's end.
  public var isRepeating: Bool {
    switch self {
    case .onActive, .onBoot, .onStartup, .reboot: false
    case .every, .onUnitActive, .onUnitInactive, .after: true
    }
  }

  /// Measured from the unit's end.
  public var isDelay: Bool {
    switch self {
    case .onUnitInactive, .after: true
    case .onActive, .onBoot, .onStartup, .reboot, .every, .onUnitActive: false
    }
  }
}
