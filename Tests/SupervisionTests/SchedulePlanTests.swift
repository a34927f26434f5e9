import Calendar
import Model
import Testing

@testable import Supervision

/// What `apus plan` lists; expectations are made by hand.
@Suite struct SchedulePlanTests {
  private func unit(_ name: String, _ kind: UnitKind, wants: [String] = [], aliases: [String] = []) throws -> Unit {
    let unit = Unit(name: try #require(UnitName(Bytes(name.utf8))), kind: kind)
    unit.dependencies[.wants] = wants.compactMap { UnitName(Bytes($0.utf8)) }
    unit.aliases = aliases.compactMap { UnitName(Bytes($0.utf8)) }
    return unit
  }

  private func job(_ triggers: [TimerTrigger], _ change: (inout ScheduleSettings) -> Void = { _ in }) -> UnitKind {
    let settings = ServiceSettings()
    settings.schedule.triggers = triggers
    change(&settings.schedule)
    return .service(settings)
  }

  private func cron(_ text: String) throws -> TimerTrigger {
    .calendar(try CrontabParser.parse(Bytes(text.utf8)), text: Bytes(text.utf8))
  }

  /// 2026-01-01 00:00 UTC, and seconds after it.
  private let base = WallTime(microseconds: 1_767_225_600_000_000)

  private func runs(_ units: [Unit], starting: [String], for seconds: UInt64, hostSeed: UInt64 = 0) -> [String] {
    let loaded = LoadedUnits(units: units, diagnostics: [], starting: starting.compactMap { UnitName(Bytes($0.utf8)) })
    var plan = SchedulePlan(loaded, TimerClock(Now(instant: .zero, wall: base), startedAt: .zero, hostSeed: hostSeed))
    var lines: [String] = []
    while let run = plan.next(), run.at <= base + TimeSpan(seconds: seconds), lines.count < 1000 {
      let at = run.at.since(base).microseconds
      lines.append("\(at / 1_000_000) \(run.timer == run.unit ? "" : run.timer.shown + " ")\(run.unit.shown) \(run.trigger.shown)")
    }
    return lines
  }

  @Test func onlyWhatStartsAndWhatThatPullsIn() throws {
    var sweep = TimerSettings(unit: try #require(UnitName(Bytes("broom.service"))))
    sweep.schedule.triggers = [.onActive(TimeSpan(seconds: 5)), .onUnitActive(TimeSpan(seconds: 20))]
    let units = [
      try unit("all.target", .target, wants: ["other.service", "sweep.timer", "all.target"]), try unit("sweep.timer", .timer(sweep)),
      try unit("broom.service", .service(ServiceSettings())), try unit("a.service", job([.every(TimeSpan(seconds: 30))])),
      try unit("real.service", job([.reboot]), aliases: ["other.service"]), try unit("idle.service", job([.every(TimeSpan(seconds: 1))])),
    ]
    #expect(
      runs(units, starting: ["all.target", "a.service", "absent.service"], for: 60) == [
        "0 real.service @reboot", "5 sweep.timer broom.service OnActiveSec=5s", "25 sweep.timer broom.service OnUnitActiveSec=20s",
        "30 a.service every 30s", "45 sweep.timer broom.service OnUnitActiveSec=20s", "60 a.service every 30s",
      ])
  }

  @Test func oneRunForWhatComesDueTogether() throws {
    let both = try unit("a.service", job([.every(TimeSpan(seconds: 120)), try cron("* * * * *"), try cron("*/3 * * * *")]))
    #expect(
      runs([both], starting: ["a.service"], for: 240) == [60, 120, 180, 240].map { "\($0) a.service * * * * *" })
    let two = [try unit("a.service", job([try cron("* * * * *")])), try unit("b.service", job([try cron("* * * * *")]))]
    #expect(runs(two, starting: ["b.service", "a.service"], for: 60) == ["60 a.service * * * * *", "60 b.service * * * * *"])
  }

  @Test func delaysAreThoseOfTheHost() throws {
    let late = try unit("a.service", job([try cron("0 * * * *")]) { $0.randomizedDelay = TimeSpan(seconds: 600) })
    let one = runs([late], starting: ["a.service"], for: 86_400, hostSeed: 1)
    #expect(one.count == 23 || one.count == 24)
    #expect(one == runs([late], starting: ["a.service"], for: 86_400, hostSeed: 1))
    #expect(one != runs([late], starting: ["a.service"], for: 86_400, hostSeed: 2))
    let seconds = one.compactMap { Int($0.split(separator: " ")[0]) }
    #expect(seconds.allSatisfy { $0 % 3600 < 600 } && Set(seconds.map { $0 % 3600 }).count > 10)
  }

  /// A plan ends, or goes on in time: nothing comes due again and again at one point.
  @Test func nothingIsPlannedForNever() throws {
    let never = try unit("a.service", job([try cron("0 0 30 2 *"), .after(.infinity), .every(.infinity)]))
    #expect(runs([never], starting: ["a.service"], for: .max / 2_000_000) == [])
    let rare = try unit("a.service", job([try cron("0 0 29 2 *")]))
    #expect(runs([rare], starting: ["a.service"], for: 200 * 31_557_600).count == 42)
  }
}
