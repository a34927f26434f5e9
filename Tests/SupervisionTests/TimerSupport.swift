import Model

@testable import Supervision

/// With both clocks at one: for timers that have no calendar.
extension TimerMachine {
  private static func clock(_ now: Instant, _ startedAt: Instant) -> TimerClock {
    TimerClock(Now(instant: now, wall: WallTime(microseconds: now.nanoseconds / 1000)), startedAt: startedAt)
  }
  func activate(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) {
    activate(settings, Self.clock(now, startedAt))
  }
  func update(from old: ScheduleSettings, to new: ScheduleSettings, now: Instant, startedAt: Instant) {
    update(from: old, to: new, Self.clock(now, startedAt))
  }
  func elapse(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) -> Bool {
    elapse(settings, Self.clock(now, startedAt)) != nil
  }
  func unitStarted(_ settings: ScheduleSettings, now: Now, startedAt: Instant) {
    unitStarted(settings, TimerClock(now, startedAt: startedAt))
  }
  func unitEnded(_ settings: ScheduleSettings, now: Instant, startedAt: Instant) {
    unitEnded(settings, Self.clock(now, startedAt))
  }
}
