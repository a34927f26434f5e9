import Calendar
import Model

/// What a timer reckons with: both clocks, the zones, and the seeds of its draws.
public struct TimerClock: Sendable {
  public var now: Now
  /// When apus started: the base of OnBootSec= and OnStartupSec=.
  public var startedAt: Instant
  public var zones: TimeZones
  /// Of /etc/machine-id and the host's name: the same over restarts, another in each replica.
  public var hostSeed: UInt64
  /// Of /etc/machine-id, else of the host's name.
  public var machineSeed: UInt64

  public init(_ now: Now, startedAt: Instant, zones: TimeZones = TimeZones(), hostSeed: UInt64 = 0, machineSeed: UInt64 = 0) {
    self.now = now
    self.startedAt = startedAt
    self.zones = zones
    self.hostSeed = hostSeed
    self.machineSeed = machineSeed
  }
}

// The calendar side of a timer.
//
// One slot is armed: the first after the time of activation, after the stamp of Persistent=, or after the last elapse. Once
// it has come it stays armed until it is handled, whatever the clock does. When it is handled late (apus slept, was frozen, or
// the clock was put forward), all slots up to now are one run, that of the latest, and the others are counted as missed.
// When the clock is put back by less than three hours, no slot comes twice: those up to the latest that was handled are passed
// over. Beyond that, the new clock is believed (cron's old rule).

extension TimerMachine {
  /// A step back of so much is a correction: what was handled on the old clock says nothing any more.
  public static let stepBelieved = TimeSpan(seconds: 3 * 3600)
  /// Missed slots are counted one by one, so far.
  static let missedMax = 10_000

  /// A calendar slot came: nil if none is due; the next one is computed by then.
  public func elapseCalendar(_ settings: ScheduleSettings, _ clock: TimerClock) -> Elapsed? {
    let now = clock.now.wall
    guard isActive, let due = calendarFireAt, due <= now, let first = calendarSlot else { return nil }
    let latest = latestSlot(settings, clock, from: first)
    let passed = latest == first ? 0 : slots(settings, clock, after: first, through: latest)
    // Not what the jitter kept it waiting.
    let late = now.since(latest + delay(of: UInt64(bitPattern: latest.microseconds), settings, clock))
    handled = latest
    calendarSlot = nil
    calendarFireAt = nil
    computeCalendar(settings, clock, after: now)
    return count(Elapsed(slot: latest, first: first, missed: passed, isTooLate: late > settings.startingDeadline))
  }

  /// The stamp of Persistent= was read; nil: there is none, or it is not to be believed.
  public func stampRead(_ stamp: WallTime?, _ settings: ScheduleSettings, _ clock: TimerClock) {
    guard isActive, awaitsStamp else { return }
    awaitsStamp = false
    let now = clock.now.wall
    if let stamp, stamp <= now, lastTrigger == nil { lastTrigger = stamp }
    // Nothing that came due while the stamp was read is lost.
    let began = now - clock.now.instant.since(activatedAt)
    computeCalendar(settings, clock, after: stamp.map { min($0, began) } ?? began)
  }

  /// The clock was stepped, or the local zone is another one.
  public func clockChanged(_ settings: ScheduleSettings, _ clock: TimerClock) {
    guard isActive, !awaitsStamp else { return }
    let now = clock.now.wall
    // What has come due stays due.
    #if PLANTED
    if plantedBug == 42 { calendarSlot = nil }
    #endif
    if let calendarSlot, calendarSlot <= now { return }
    #if PLANTED
    if plantedBug == 38 { handled = nil }
    #endif
    computeCalendar(settings, clock, after: now)
  }

  func updateCalendar(from old: ScheduleSettings, to new: ScheduleSettings, _ clock: TimerClock) {
    if awaitsStamp || old == new { return }
    let now = clock.now.wall
    if let calendarSlot, calendarSlot <= now {
      // It has come already: it is run, by the new settings.
      if new.hasCalendar {
        calendarFireAt = fire(calendarSlot, of: calendarSlot, new, clock)
        return
      }
    }
    calendarSlot = nil
    calendarFireAt = nil
    computeCalendar(new, clock, after: now)
  }

  func computeCalendar(_ settings: ScheduleSettings, _ clock: TimerClock, after base: WallTime) {
    var base = base
    if let handled, handled > base {
      // Against the clock and not the base, which may be an old stamp: a zero span if it is past.
      if handled.since(clock.now.wall) < TimerMachine.stepBelieved { base = handled } else { self.handled = nil }
    }
    let next = nextSlot(settings, clock, after: base)
    // An unchanged slot keeps what was drawn for it.
    if next == calendarSlot && calendarFireAt != nil { return }
    calendarSlot = next
    // What is caught up counts its jitter from now.
    calendarFireAt = next.map { fire($0 < clock.now.wall ? clock.now.wall : $0, of: $0, settings, clock) }
  }

  /// With RandomizedDelaySec= and AccuracySec=.
  private func fire(_ from: WallTime, of slot: WallTime, _ settings: ScheduleSettings, _ clock: TimerClock) -> WallTime {
    var at = from + delay(of: UInt64(bitPattern: slot.microseconds), settings, clock)
    if let step = TimerMachine.accuracy(settings), from == slot, at.microseconds >= 0 {
      let rest = at.microseconds % step
      if rest > 0 { at = at + TimeSpan(microseconds: UInt64(step - rest)) }
    }
    return at
  }

  /// The earliest slot of all expressions, strictly after `base`, moved by RandomizedOffsetSec=; nil: never.
  func nextSlot(_ settings: ScheduleSettings, _ clock: TimerClock, after base: WallTime) -> WallTime? {
    var offset = TimeSpan.zero
    if settings.randomizedOffset > .zero, !settings.randomizedOffset.isInfinite {
      // RANDOM_DELAY= of a crontab shall tell apart replicas, too, which often have one machine-id.
      let draw = seed ^ (settings.hasCrontab ? clock.hostSeed : clock.machineSeed)
      offset = TimeSpan(microseconds: TimerMachine.mix(draw) % settings.randomizedOffset.microseconds)
    }
    let from = base - offset
    #if PLANTED
    if plantedBug == 39, base == clock.now.wall, base.microseconds % 5 == 0, settings.hasCalendar {
      return base
    }
    #endif
    var earliest: WallTime? = nil
    for trigger in settings.triggers {
      guard case .calendar(let spec, _) = trigger,
        let next = spec.next(after: from, in: clock.zones.zone(spec.zone, settings.timezone)),
        // Whatever goes wrong there: no timer may be due again and again at one and the same time.
        next > from
      else { continue }
      if earliest.map({ next < $0 }) ?? true { earliest = next }
    }
    return earliest.map { $0 + offset }
  }

  /// The latest slot up to now, of which `first` is one: found by halves, so that it costs the same after a second and after
  /// a year.
  private func latestSlot(_ settings: ScheduleSettings, _ clock: TimerClock, from first: WallTime) -> WallTime {
    var low = first
    var high = clock.now.wall
    while low < high {
      let middle = WallTime(microseconds: low.microseconds + (high.microseconds - low.microseconds) / 2)
      if let slot = nextSlot(settings, clock, after: middle), slot <= clock.now.wall { low = slot } else { high = middle }
    }
    return low
  }

  /// How many slots lie after `base`, up to `through`; counted no further than `missedMax`.
  private func slots(_ settings: ScheduleSettings, _ clock: TimerClock, after base: WallTime, through: WallTime) -> UInt64 {
    #if PLANTED
    if plantedBug == 40 { return 0 }
    #endif
    var count: UInt64 = 0
    var at = base
    while count < TimerMachine.missedMax, let slot = nextSlot(settings, clock, after: at), slot <= through {
      count += 1
      at = slot
    }
    return count
  }
}
