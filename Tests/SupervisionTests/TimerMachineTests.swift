import Model
import Testing

@testable import Supervision

@Suite struct TimerMachineTests {
  static func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  private func schedule(_ triggers: [TimerTrigger]) -> ScheduleSettings {
    var settings = ScheduleSettings()
    settings.triggers = triggers
    return settings
  }

  @Test func everyStaysOnItsGrid() {
    let settings = schedule([.every(TimeSpan(seconds: 2))])
    let timer = TimerMachine(seed: 1)
    timer.activate(settings, now: Self.at(500), startedAt: .zero)
    for slot in Int64(1)...1000 {
      #expect(timer.fireAt == Self.at(500 + slot * 2000))
      // Each one is handled late, by a different amount: the grid does not move.
      do {
        let isDue = timer.elapse(settings, now: Self.at(500 + slot * 2000 + slot), startedAt: .zero)
        #expect(isDue == true)
      }
    }
  }

  @Test func lateSlotsCoalesceIntoOne() {
    let settings = schedule([.every(TimeSpan(seconds: 1))])
    let timer = TimerMachine(seed: 1)
    timer.activate(settings, now: .zero, startedAt: .zero)
    do {
      let isDue = timer.elapse(settings, now: Self.at(10_500), startedAt: .zero)
      #expect(isDue == true)
    }
    #expect(timer.fireAt == Self.at(11_000))
    do {
      let isDue = timer.elapse(settings, now: Self.at(10_600), startedAt: .zero)
      #expect(isDue == false)
    }
  }

  @Test func afterIsADelayFromTheEnd() {
    let settings = schedule([.after(TimeSpan(seconds: 5))])
    let timer = TimerMachine(seed: 1)
    timer.activate(settings, now: .zero, startedAt: .zero)
    #expect(timer.fireAt == Self.at(5000))
    do {
      let isDue = timer.elapse(settings, now: Self.at(5000), startedAt: .zero)
      #expect(isDue == true)
    }
    #expect(timer.fireAt == nil)
    timer.unitEnded(settings, now: Self.at(7300), startedAt: .zero)
    #expect(timer.fireAt == Self.at(12_300))
  }

  @Test func oneTimeTriggersComeOnce() {
    let settings = schedule([.onActive(TimeSpan(seconds: 1)), .onBoot(TimeSpan(seconds: 3)), .reboot])
    let timer = TimerMachine(seed: 1)
    timer.activate(settings, now: Self.at(100), startedAt: .zero)
    var fired: [Instant] = []
    while let next = timer.fireAt {
      let now = max(next, Self.at(100))
      do {
        let isDue = timer.elapse(settings, now: now, startedAt: .zero)
        #expect(isDue == true)
      }
      fired.append(now)
      #expect(fired.count < 10)
    }
    #expect(fired == [Self.at(100), Self.at(1100), Self.at(3000)])
  }

  @Test func onUnitActiveIsAnchoredAtTheFirstActivation() {
    let settings = schedule([.onUnitActive(TimeSpan(seconds: 10))])
    let timer = TimerMachine(seed: 1)
    timer.activate(settings, now: .zero, startedAt: .zero)
    #expect(timer.fireAt == nil)
    timer.unitStarted(settings, now: Now(instant: Self.at(3000), wall: WallTime(microseconds: 0)), startedAt: .zero)
    #expect(timer.fireAt == Self.at(13_000))
    // A manual start does not move the grid.
    timer.unitStarted(settings, now: Now(instant: Self.at(9000), wall: WallTime(microseconds: 0)), startedAt: .zero)
    #expect(timer.fireAt == Self.at(13_000))
  }

  @Test func jitterIsDrawnOnceASlot() {
    var settings = schedule([.every(TimeSpan(seconds: 60))])
    settings.randomizedDelay = TimeSpan(seconds: 10)
    let timer = TimerMachine(seed: 7)
    timer.activate(settings, now: .zero, startedAt: .zero)
    let first = timer.fireAt
    var changed = settings
    changed.overlap = .queue
    timer.update(from: settings, to: changed, now: Self.at(1000), startedAt: .zero)
    #expect(timer.fireAt == first)
    #expect(first.map { $0 >= Self.at(60_000) && $0 < Self.at(70_000) } == true)
  }

  @Test func accuracySharesAGrid() {
    var settings = schedule([.every(TimeSpan(milliseconds: 1300))])
    settings.accuracy = TimeSpan(seconds: 1)
    let timer = TimerMachine(seed: 7)
    timer.activate(settings, now: .zero, startedAt: .zero)
    #expect(timer.fireAt == Self.at(2000))
  }

  @Test func aDueSlotIsNotComputedAway() {
    let settings = schedule([.every(TimeSpan(seconds: 1)), .onUnitInactive(TimeSpan(seconds: 100))])
    let timer = TimerMachine(seed: 7)
    timer.activate(settings, now: .zero, startedAt: .zero)
    // In the same turn the unit's end is handled before the deadline.
    timer.unitEnded(settings, now: Self.at(1000), startedAt: .zero)
    do {
      let isDue = timer.elapse(settings, now: Self.at(1000), startedAt: .zero)
      #expect(isDue == true)
    }
  }

  @Test func extremesDoNotTrap() {
    for span in [TimeSpan.zero, TimeSpan(microseconds: 1), TimeSpan(microseconds: .max - 1), .infinity] {
      let settings = schedule([.every(span), .after(span), .onActive(span), .onUnitActive(span), .onUnitInactive(span)])
      let timer = TimerMachine(seed: 3)
      timer.activate(settings, now: Instant(nanoseconds: .max - 5), startedAt: .zero)
      _ = timer.elapse(settings, now: Instant(nanoseconds: .max - 1), startedAt: .zero)
      timer.unitEnded(settings, now: Instant(nanoseconds: .max - 1), startedAt: .zero)
    }
  }
}
