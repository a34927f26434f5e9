import Calendar
import Model
import Testing

@testable import Supervision

/// RandomizedDelaySec=, FixedRandomDelay= and RandomizedOffsetSec=.
@Suite struct TimerDrawTests {
  private static let start: Int64 = 1_795_835_000_000_000

  private func clock(_ seconds: Int64 = 0, host: UInt64 = 1) -> TimerClock {
    TimerClock(
      Now(instant: Instant(nanoseconds: 1), wall: WallTime(microseconds: Self.start + seconds * 1_000_000)), startedAt: .zero,
      hostSeed: host, machineSeed: 5)
  }

  private func hourly() throws -> ScheduleSettings {
    var settings = ScheduleSettings()
    settings.triggers = [.calendar(try CalendarParser.parse(Bytes("hourly".utf8)), text: [])]
    return settings
  }

  private func armed(_ settings: ScheduleSettings, _ clock: TimerClock, seed: UInt64 = 9) -> TimerMachine {
    let timer = TimerMachine(seed: seed)
    timer.activate(settings, clock)
    return timer
  }

  @Test func aSlotIsDrawnOnce() throws {
    var settings = try hourly()
    settings.randomizedDelay = TimeSpan(seconds: 600)
    let first = armed(settings, clock())
    #expect(armed(settings, clock(100)).calendarFireAt == first.calendarFireAt, "neither a reload nor a restart draws again")
    #expect(armed(settings, clock(3600)).calendarFireAt != first.calendarFireAt.map { $0 + TimeSpan(seconds: 3600) }, "another slot")
    #expect(armed(settings, clock(host: 2)).calendarFireAt != first.calendarFireAt, "another replica")
    #expect(armed(settings, clock(), seed: 10).calendarFireAt != first.calendarFireAt, "another unit")
    let slot = try #require(first.calendarSlot)
    for seed in UInt64(1)...200 {
      let at = try #require(armed(settings, clock(), seed: seed).calendarFireAt)
      #expect(at >= slot && at.since(slot) < TimeSpan(seconds: 600))
    }
  }

  @Test func fixedIsTheSameForEverySlot() throws {
    var settings = try hourly()
    settings.randomizedDelay = TimeSpan(seconds: 600)
    settings.fixedRandomDelay = true
    let first = armed(settings, clock())
    #expect(armed(settings, clock(3600, host: 7)).calendarFireAt == first.calendarFireAt.map { $0 + TimeSpan(seconds: 3600) })
  }

  /// RANDOM_DELAY= of a crontab: no run is lost for it, and each host has its own.
  @Test func theDelayOfACrontabLosesNoSlot() throws {
    var settings = ScheduleSettings()
    settings.triggers = [.calendar(try CrontabParser.parse(Bytes("*/5 * * * *".utf8)), text: [])]
    settings.randomizedOffset = TimeSpan(seconds: 900)
    let timer = armed(settings, clock())
    var last = try #require(timer.calendarFireAt)
    for _ in 0..<50 {
      let due = TimerClock(Now(instant: Instant(nanoseconds: 1), wall: last), startedAt: .zero, hostSeed: 1, machineSeed: 5)
      let elapsed = timer.elapseCalendar(settings, due)
      #expect(elapsed?.missed == 0)
      #expect(timer.calendarFireAt == last + TimeSpan(seconds: 300))
      last = try #require(timer.calendarFireAt)
    }
    #expect(armed(settings, clock(host: 2)).calendarFireAt != armed(settings, clock()).calendarFireAt)
  }

  /// What was missed is told from its first slot on.
  @Test func theFirstOfWhatWasMissed() throws {
    let settings = try hourly()
    let timer = TimerMachine(seed: 9)
    timer.activate(settings, clock(), awaitsStamp: true)
    timer.stampRead(WallTime(microseconds: Self.start - 3 * 3_600_000_000), settings, clock())
    let passed = timer.elapseCalendar(settings, clock())
    let elapsed = try #require(passed)
    #expect(elapsed.missed == 2 && elapsed.first + TimeSpan(seconds: 7200) == elapsed.slot)
  }

  @Test func anOffsetMovesTheSlotItself() throws {
    let plain = try hourly()
    var moved = plain
    moved.randomizedOffset = TimeSpan(seconds: 600)
    let slot = try #require(armed(plain, clock()).calendarSlot)
    let other = try #require(armed(moved, clock()).calendarSlot)
    // The hour's or, where now lies between an hour and its offset, the one before.
    #expect(other.microseconds % 3_600_000_000 < 600_000_000 && other != slot)
    #expect(armed(moved, clock(3600)).calendarSlot == other + TimeSpan(seconds: 3600))
  }
}
