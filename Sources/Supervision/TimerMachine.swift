import Model

/// The triggers of a `.timer`, or of a service's `Schedule=`: when the next slot is, and what becomes of it.
///
/// A timer waits for the earliest of its triggers. `onActive`, `onBoot`, `onStartup` and `@reboot` come due once. The
/// grid triggers (`onUnitActive`, `every`) come due at anchor + k · span, whatever their runs do: a slot that passed is
/// never replayed. The delay triggers (`onUnitInactive`, `after`) come due one span after the unit's end.
/// `next` is always later than now: a timer that is due once cannot be due twice, and none can spin.
/// Calendar triggers count on the wall clock, beside the others and with a deadline of their own: TimerCalendar.swift.
///
/// A class with one owner, the unit's record: copies of it cost the static binary 2 KB.
public final class TimerMachine {
  public internal(set) var isActive = false
  /// The slot that is armed, before jitter; nil when nothing is due any more, or the unit's end is waited for.
  public internal(set) var slot: Instant? = nil
  /// When it fires: `slot` + jitter, rounded up by AccuracySec=.
  public internal(set) var fireAt: Instant? = nil
  /// The calendar slot that is armed, and when it fires; nil when there is none, or the stamp is not read yet.
  public internal(set) var calendarSlot: WallTime? = nil
  public internal(set) var calendarFireAt: WallTime? = nil
  /// When it last started its unit, or by Persistent= what the stamp says.
  public internal(set) var lastTrigger: WallTime? = nil
  public internal(set) var lastTriggerInstant = Instant.zero
  /// Of the run that is under way, or queued.
  var triggeredSlot: WallTime? = nil
  /// What the loop was told last; nil: nothing.
  var calendarArmedFor: WallTime? = nil
  public internal(set) var runs: UInt64 = 0
  public internal(set) var skipped: UInt64 = 0
  /// Of `skipped`: slots that had passed unseen when another came due, or that were too old then.
  public internal(set) var missed: UInt64 = 0
  /// Skips since the last run: one line a row of them.
  public internal(set) var skippedInRow: UInt64 = 0
  /// `Overlap=queue`: one slot waits for the unit's end.
  public internal(set) var isQueued = false

  /// The latest calendar slot that is done with, as run, skipped or missed: it is not run again when the clock steps back.
  var handled: WallTime? = nil
  /// Persistent=: the stamp is asked for.
  public internal(set) var awaitsStamp = false
  var activatedAt = Instant.zero
  /// The anchor of the `onUnitActive` grid: the unit's first activation while the timer was active.
  var unitActiveAnchor: Instant? = nil
  var unitInactiveAt: Instant? = nil
  /// One-time triggers that have come due, by index into the settings' list.
  var spent: [Bool] = []
  /// The unit's own part of every draw.
  let seed: UInt64

  public init(seed: UInt64) { self.seed = seed }

  /// Something will come of it yet.
  var isArmed: Bool { fireAt != nil || calendarArmedFor != nil || awaitsStamp || isQueued }

  /// Starts the clockwork. With `awaitsStamp` the calendar waits for `stampRead`. `atStart`: of apus; a schedule that comes
  /// later has no `@reboot` any more, as with cron.
  public func activate(_ settings: ScheduleSettings, _ clock: TimerClock, awaitsStamp: Bool = false, atStart: Bool = true) {
    isActive = true
    activatedAt = clock.now.instant
    unitActiveAnchor = nil
    unitInactiveAt = nil
    isQueued = false
    delayIsSpent = false
    slot = nil
    fireAt = nil
    calendarSlot = nil
    calendarFireAt = nil
    self.awaitsStamp = awaitsStamp
    spent = TimerMachine.allUnspent(settings)
    if !atStart { for index in spent.indices where settings.triggers[index] == .reboot { spent[index] = true } }
    computeNext(settings, clock)
    if !awaitsStamp { computeCalendar(settings, clock, after: clock.now.wall) }
  }

  /// Forgets its triggers: nothing elapses any more.
  public func deactivate() {
    isActive = false
    slot = nil
    fireAt = nil
    calendarSlot = nil
    calendarFireAt = nil
    awaitsStamp = false
    isQueued = false
    calendarArmedFor = nil
  }

  /// Until it comes due next, on whichever clock; nil: nothing is armed.
  func left(_ now: Now) -> TimeSpan? {
    var left: TimeSpan? = nil
    if let fireAt, fireAt != .never { left = fireAt.since(now.instant) }
    if let calendarFireAt { left = min(left ?? .infinity, calendarFireAt.since(now.wall)) }
    return left
  }

  /// New settings over a live change: the grid, its jitter and the counters stay where the trigger stays.
  public func update(from old: ScheduleSettings, to new: ScheduleSettings, _ clock: TimerClock) {
    if old.triggers != new.triggers {
      spent = TimerMachine.allUnspent(new)
      markSpent(new, clock)
    }
    if old != new {
      slot = nil
      fireAt = nil
    }
    guard isActive else { return }
    computeNext(new, clock)
    updateCalendar(from: old, to: new, clock)
  }

  /// What came due, if it is: its own time (the latest slot's that has passed), and how many others had passed unseen.
  public struct Elapsed: Equatable, Sendable {
    public var slot: WallTime
    /// Of those that have passed; equal to `slot` if it is the only one.
    public var first: WallTime
    public var missed: UInt64
    /// Older than StartingDeadlineSec= allows: it is counted with the missed ones, and not run.
    public var isTooLate: Bool
  }

  /// A slot of the monotonic clock came: nil if none is due; the next one is computed by then.
  public func elapse(_ settings: ScheduleSettings, _ clock: TimerClock) -> Elapsed? {
    let now = clock.now.instant
    guard isActive, let due = fireAt, due <= now else { return nil }
    let first = slot ?? due
    let (passed, latest) = slot.map { missedSlots(settings, after: $0, until: now) } ?? (0, due)
    let late = now.since(max(latest, due))
    markSpent(settings, clock)
    // A delay trigger waits for the end of what it now starts.
    unitInactiveAt = nil
    delayIsSpent = true
    slot = nil
    fireAt = nil
    computeNext(settings, clock)
    let wall = clock.now.wall
    return count(
      Elapsed(
        slot: wall - now.since(latest), first: wall - now.since(first), missed: passed, isTooLate: late > settings.startingDeadline))
  }

  func count(_ elapsed: Elapsed) -> Elapsed {
    var elapsed = elapsed
    if elapsed.isTooLate { elapsed.missed &+= 1 }
    missed &+= elapsed.missed
    skipped &+= elapsed.missed
    return elapsed
  }

  /// Grid points that passed behind `slot` while nobody looked (a late wake-up, a frozen container, a long jitter), and the
  /// latest of them.
  private func missedSlots(_ settings: ScheduleSettings, after slot: Instant, until now: Instant) -> (UInt64, Instant) {
    var count: UInt64 = 0
    var latest = slot
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
      case .onActive, .onBoot, .onStartup, .onUnitInactive, .after, .reboot, .calendar: continue
      }
      guard let anchor, let first = TimerMachine.grid(anchor: anchor, span, after: slot), first <= now else { continue }
      let more = UInt64(now.nanoseconds - first.nanoseconds) / (span.microseconds * 1000)
      count &+= 1 + more
      latest = max(latest, Instant(nanoseconds: first.nanoseconds + Int64(more * span.microseconds * 1000)))
    }
    return (count, latest)
  }

  /// The unit began a run.
  public func unitStarted(_ settings: ScheduleSettings, _ clock: TimerClock) {
    guard isActive else { return }
    if unitActiveAnchor == nil {
      unitActiveAnchor = clock.now.instant
      computeNext(settings, clock)
    }
  }

  /// The unit's run is over (inactive or failed, no restart pending).
  public func unitEnded(_ settings: ScheduleSettings, _ clock: TimerClock) {
    guard isActive else { return }
    unitInactiveAt = clock.now.instant
    computeNext(settings, clock)
  }

  /// A slot was run.
  public func countRun(now: Now) {
    runs &+= 1
    skippedInRow = 0
    lastTrigger = now.wall
    lastTriggerInstant = now.instant
  }

  /// A slot was not run, because the unit still ran.
  public func countSkip() {
    skipped &+= 1
    skippedInRow &+= 1
  }

  /// `after`: its first span, from activation, is over.
  var delayIsSpent = false

  /// One-time triggers whose time has come, however late apus looks at them: they coalesce into one run.
  func markSpent(_ settings: ScheduleSettings, _ clock: TimerClock) {
    for (index, trigger) in settings.triggers.enumerated() where index < spent.count {
      if let base = oneTimeBase(trigger, startedAt: clock.startedAt), base <= clock.now.instant { spent[index] = true }
    }
  }

  /// Nothing to remember where nothing comes once.
  static func allUnspent(_ settings: ScheduleSettings) -> [Bool] {
    let comesOnce = settings.triggers.contains { !$0.isRepeating }
    return comesOnce ? [Bool](repeating: false, count: settings.triggers.count) : []
  }

  func computeNext(_ settings: ScheduleSettings, _ clock: TimerClock) {
    let (now, startedAt) = (clock.now.instant, clock.startedAt)
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
    fireAt = earliest.map { jittered($0, settings, clock) }
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
    case .calendar: return nil
    }
  }

  func oneTimeBase(_ trigger: TimerTrigger, startedAt: Instant) -> Instant? {
    switch trigger {
    case .onActive(let span): activatedAt + span
    case .onBoot(let span), .onStartup(let span): startedAt + span
    case .reboot: startedAt
    case .every, .onUnitActive, .onUnitInactive, .after, .calendar: nil
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

  /// RandomizedDelaySec= and AccuracySec= of a monotonic slot.
  func jittered(_ slot: Instant, _ settings: ScheduleSettings, _ clock: TimerClock) -> Instant {
    var result = slot + delay(of: UInt64(bitPattern: slot.nanoseconds), settings, clock)
    if let step = TimerMachine.accuracy(settings), result != .never {
      let rest = result.nanoseconds % (step * 1000)
      if rest > 0 { result = result + TimeSpan(microseconds: UInt64(step * 1000 - rest) / 1000) }
    }
    return result
  }

  /// RandomizedDelaySec= draws once a slot, from the host, the unit and the slot itself, so that neither a reload nor a
  /// restart draws again; with FixedRandomDelay= from the machine and the unit alone.
  func delay(of slot: UInt64, _ settings: ScheduleSettings, _ clock: TimerClock) -> TimeSpan {
    let range = settings.randomizedDelay
    if range == .zero || range.isInfinite { return .zero }
    #if PLANTED
    if plantedBug == 37 {
      return TimeSpan(microseconds: TimerMachine.mix(seed ^ UInt64(bitPattern: clock.now.instant.nanoseconds)) % range.microseconds)
    }
    #endif
    let draw = settings.fixedRandomDelay ? seed ^ clock.machineSeed : seed ^ clock.hostSeed ^ slot
    return TimeSpan(microseconds: TimerMachine.mix(draw) % range.microseconds)
  }

  /// AccuracySec= rounds up to a grid that all timers of equal accuracy share: its step in microseconds.
  static func accuracy(_ settings: ScheduleSettings) -> Int64? {
    let accuracy = settings.accuracy.microseconds
    return accuracy > 0 && accuracy < UInt64(Int64.max) / 1000 ? Int64(accuracy) : nil
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
    case .every, .onUnitActive, .onUnitInactive, .after, .calendar: true
    }
  }

  /// Measured from the unit's end.
  public var isDelay: Bool {
    switch self {
    case .onUnitInactive, .after: true
    case .onActive, .onBoot, .onStartup, .reboot, .every, .onUnitActive, .calendar: false
    }
  }
}
