import Foundation
import Model
import Testing

@testable import UnitFile

@Suite struct ScheduleTests {
  func timer(_ text: String, name: String = "sweep.timer") throws -> TimerSettings {
    guard case .timer(let timer) = try parse(text, name: name).unit.kind else { throw NoSuchKind() }
    return timer
  }

  @Test func timersAreRead() throws {
    let text = String(decoding: try Data(contentsOf: BadFilesTests.source.appendingPathComponent("good/sweep.timer")), as: UTF8.self)
    let settings = try timer(text)
    #expect(
      settings.schedule.triggers == [
        .onBoot(TimeSpan(seconds: 300)), .onActive(TimeSpan(seconds: 10)), .onUnitActive(TimeSpan(seconds: 5400)),
        .onUnitInactive(TimeSpan(seconds: 3600)),
      ])
    #expect(settings.unit.bytes.shown == "broom.service" && !settings.remainAfterElapse)
    #expect(settings.schedule.overlap == .skip && settings.schedule.accuracy == TimeSpan(seconds: 1))
    #expect(settings.schedule.randomizedDelay == TimeSpan(seconds: 10))
  }

  @Test func timersQueueByDefaultAndStartTheServiceOfTheirName() throws {
    let settings = try timer("[Timer]\nOnStartupSec=0\n")
    #expect(settings.unit.bytes.shown == "sweep.service" && settings.remainAfterElapse)
    #expect(settings.schedule.overlap == .queue && settings.schedule.accuracy == .zero)
    #expect(settings.schedule.triggers == [.onStartup(.zero)])
  }

  @Test func anEmptyTriggerTakesBackAll() throws {
    let settings = try timer("[Timer]\nOnActiveSec=1\nOnBootSec=2\nOnUnitActiveSec=\nOnActiveSec=3\n")
    #expect(settings.schedule.triggers == [.onActive(TimeSpan(seconds: 3))])
  }

  @Test(arguments: [
    ("every 2s", TimerTrigger.every(TimeSpan(seconds: 2))), ("after 1min 30s", .after(TimeSpan(seconds: 90))), ("@reboot", .reboot),
    ("every   250ms", .every(TimeSpan(milliseconds: 250))),
  ])
  func schedules(_ text: String, _ trigger: TimerTrigger) throws {
    let settings = try service("[Service]\nExecStart=/bin/date\n[X-Apus]\nSchedule=" + text)
    #expect(settings.schedule.triggers == [trigger])
    #expect(settings.schedule.overlap == .skip)
  }

  @Test func severalSchedulesAndTheirCompanions() throws {
    let settings = try service(
      "[Service]\nExecStart=/bin/date\n[X-Apus]\nSchedule=@reboot\nSchedule=\nSchedule=every 2s\nSchedule=after 3s\n"
        + "Overlap=parallel\nRandomizedDelaySec=1s\n")
    #expect(settings.schedule.triggers == [.every(TimeSpan(seconds: 2)), .after(TimeSpan(seconds: 3))])
    #expect(settings.schedule.overlap == .parallel && settings.schedule.randomizedDelay == TimeSpan(seconds: 1))
  }

  @Test(arguments: ["daily", "*:0/5", "0 3 * * *", "@daily", "Mon..Fri 09:00", "@1795835172", "12:00 Europe/Berlin"])
  func calendarsAndCrontabs(_ text: String) throws {
    let triggers = try service("[Service]\nExecStart=/bin/date\n[X-Apus]\nSchedule=" + text).schedule.triggers
    #expect(triggers.count == 1 && triggers[0].isCalendar)
  }

  @Test(arguments: [
    "every", "every 0", "after", "after infinity", "evry 5s", "5s", "*/5", "0 3 * *", "60 3 * * *", "@dayly",
    "*-*-* 03:00 ../x", "*-02-30",
  ])
  func whatIsNoSchedule(_ text: String) throws {
    let parsed = try parse("[Service]\nExecStart=/bin/date\n[X-Apus]\nSchedule=" + text)
    let errors = parsed.diagnostics.filter { $0.severity == .error }
    #expect(errors.count == 1)
    #expect(errors.first?.line == 4 && (errors.first?.column ?? 0) >= 10)
  }

  @Test func whatNeverElapsesIsAWarningBesideWhatDoes() throws {
    let parsed = try parse("[Timer]\nOnCalendar=*-02-30\nOnCalendar=daily\n", name: "a.timer")
    #expect(parsed.diagnostics.map(\.severity) == [.warning] && parsed.unit.loadState == .loaded)
  }

  @Test func theColumnAndTheHintAreTheExpressions() throws {
    let found = try #require(try parse("[Timer]\nOnCalendar=  */5\n", name: "a.timer").diagnostics.first { $0.line == 2 })
    #expect(found.column == 15 && found.hint.shown.contains("*:0/5"), "\(found.text.shown)")
  }

  @Test func companionsOfATimer() throws {
    let parsed = try parse(
      "[Timer]\nOnCalendar=daily\nPersistent=yes\nFixedRandomDelay=yes\nRandomizedOffsetSec=5\nDeferReactivation=yes\n"
        + "[X-Apus]\nTimezone=Asia/Tokyo\nStartingDeadlineSec=1h\nOverlap=skip\n", name: "a.timer")
    guard case .timer(let timer) = parsed.unit.kind else { throw ParseFailure() }
    let schedule = timer.schedule
    #expect(schedule.isPersistent && schedule.fixedRandomDelay && schedule.deferReactivation && schedule.overlap == .skip)
    #expect(schedule.randomizedOffset == TimeSpan(seconds: 5) && schedule.startingDeadline == TimeSpan(seconds: 3600))
    #expect(schedule.timezone.shown == "Asia/Tokyo" && parsed.zones.map(\.name.shown) == ["Asia/Tokyo"])
  }

  @Test func aGridOfZeroIsRefused() throws {
    #expect(try parse("[Timer]\nOnUnitActiveSec=0\n", name: "a.timer").diagnostics.contains { $0.severity == .error })
  }
}

private struct ParseFailure: Error {}
