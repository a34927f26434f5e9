import Testing

/// What ran when, by name: steps of the clock, suspends, zones, summer time, late wake-ups, overlaps, deadlines, restarts.
@Suite struct SituationTests {
  @Test(arguments: Situation.all) func situation(_ situation: Situation) {
    let outcome = situation.play()
    #expect(outcome.runs == situation.runs, "\(situation.name): \(outcome.runs) \(outcome.said)")
    for word in situation.says { #expect(outcome.said.contains(word), "\(situation.name): '\(word)' is not in \(outcome.said)") }
  }

  @Test func thereAreEnough() { #expect(Situation.all.count >= 20) }
}

extension Situation {
  private static let timer = "[Timer]\nOnCalendar=*:0/10\n"
  private static func persistent(_ expression: String, _ more: String = "") -> [String: String] {
    ["a.timer": "[Timer]\nOnCalendar=\(expression)\nPersistent=yes\n\(more)", "a.service": oneshot]
  }

  static let all: [Situation] = clocks + zones + overlaps + restarts

  static let clocks: [Situation] = [
    Situation(
      name: "nothing happens", start: "2026-05-04 09:55:00", span: 1400, units: ["a.timer": timer, "a.service": oneshot],
      runs: ["04 10:00:00", "04 10:10:00"]),
    Situation(
      name: "a step forward over one slot runs it at once", start: "2026-05-04 09:55:00", span: 60,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(30, .step(360))], runs: ["04 10:01:30<04 10:00:00"],
      says: ["the clock was put forward by 6min"]),
    Situation(
      name: "a step forward over many slots runs the latest and counts the others", start: "2026-05-04 09:55:00", span: 60,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(30, .step(7200))], runs: ["04 11:55:30<04 11:50:00"],
      says: ["11 slots skipped, passed before apus was awake"]),
    Situation(
      name: "a step forward between two slots runs nothing", start: "2026-05-04 09:55:00", span: 200,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(30, .step(240))], runs: ["04 10:00:00"]),
    Situation(
      name: "a step back over a slot that ran does not run it again", start: "2026-05-04 09:59:00", span: 1500,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(120, .step(-300))], runs: ["04 10:00:00", "04 10:10:00"],
      says: ["the clock was put back by 5min"]),
    Situation(
      name: "a step back over a slot that never ran lets it run", start: "2026-05-04 10:01:00", span: 600,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(60, .step(-300))], runs: ["04 10:00:00"]),
    Situation(
      name: "a step back of three hours is believed", start: "2026-05-04 11:59:00", span: 900,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(120, .step(-11_400))],
      runs: ["04 12:00:00", "04 09:00:00"]),
    Situation(
      name: "a step back of nearly three hours is a slip of the clock", start: "2026-05-04 11:59:00", span: 11_700,
      units: ["a.timer": "[Timer]\nOnCalendar=hourly\n", "a.service": oneshot], acts: [(120, .step(-10_740))],
      runs: ["04 12:00:00"]),
    Situation(
      name: "there and back again runs a slot once", start: "2026-05-04 09:59:00", span: 300,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(10, .step(120)), (20, .step(-120))], runs: ["04 10:01:10<04 10:00:00"]),
    Situation(
      name: "a suspended machine runs what it slept through once", start: "2026-05-04 22:00:00", span: 600,
      units: ["a.timer": "[Timer]\nOnCalendar=*-*-* 03:00\n", "a.service": oneshot], acts: [(60, .step(36_000))],
      runs: ["05 08:01:00<05 03:00:00"]),
    Situation(
      name: "a frozen apus runs what it slept through once, and is on its grid again", start: "2026-05-04 09:59:30", span: 87,
      units: ["a.service": job("Schedule=*:*:0/10")], acts: [(5, .freeze(33))],
      runs: ["04 10:00:08<04 10:00:00", "04 10:00:10", "04 10:00:20", "04 10:00:30", "04 10:00:40", "04 10:00:50"]),
    Situation(
      name: "OnClockChange= runs at a step, and not for a calendar's sake", start: "2026-05-04 09:00:00", span: 60,
      units: ["a.timer": "[Timer]\nOnClockChange=yes\n", "a.service": oneshot], acts: [(20, .step(100)), (40, .step(-100))],
      runs: ["04 09:02:00", "04 09:00:40"]),
    Situation(
      name: "a monotonic timer does not care for steps", start: "2026-05-04 09:00:00", span: 35,
      units: ["a.service": job("Schedule=every 10s")], acts: [(15, .step(-3600))],
      runs: ["04 09:00:10", "04 08:00:20", "04 08:00:30"]),
  ]

  static let zones: [Situation] = [
    Situation(
      name: "spring forward: a job of the lost hour runs at its end", zone: "CET-1CEST,M3.5.0,M10.5.0/3", start: "2026-03-29 00:00:00",
      span: 90_000, units: ["a.service": job("Schedule=*-*-* 02:30")], runs: ["29 01:00:00", "30 00:30:00"]),
    Situation(
      name: "fall back: a job of the doubled hour runs once", zone: "CET-1CEST,M3.5.0,M10.5.0/3", start: "2026-10-25 00:00:00",
      span: 7200, units: ["a.service": job("Schedule=*-*-* 02:30")], runs: ["25 00:30:00"]),
    Situation(
      name: "fall back: every half hour never pauses", zone: "CET-1CEST,M3.5.0,M10.5.0/3", start: "2026-10-25 00:00:00", span: 7000,
      units: ["a.service": job("Schedule=*:0/30")], runs: ["25 00:30:00", "25 01:00:00", "25 01:30:00"]),
    Situation(
      name: "a zone of its own", zone: "CET-1CEST,M3.5.0,M10.5.0/3", start: "2026-07-01 00:00:00", span: 86_400,
      units: ["a.service": job("Schedule=*-*-* 12:00 America/New_York"), "b.service": job("Schedule=*-*-* 12:00\nTimezone=UTC")],
      runs: ["01 12:00:00", "01 16:00:00"]),
    Situation(
      name: "crontab, in the local zone", zone: "CET-1CEST,M3.5.0,M10.5.0/3", start: "2026-07-01 00:00:00", span: 86_400,
      units: ["a.service": job("Schedule=30 6,18 * * *")], runs: ["01 04:30:00", "01 16:30:00"]),
    Situation(
      name: "the zone changes: the next slot is the new zone's", start: "2026-07-01 08:00:00", span: 4 * 3600,
      units: ["a.service": job("Schedule=*-*-* 12:00")], acts: [(3600, .zone("CET-1CEST,M3.5.0,M10.5.0/3"))], runs: ["01 10:00:00"],
      says: ["time zone has changed"]),
    Situation(
      name: "OnTimezoneChange= runs when the zone changes", start: "2026-07-01 08:00:00", span: 120,
      units: ["a.timer": "[Timer]\nOnTimezoneChange=yes\n", "a.service": oneshot],
      acts: [(30, .zone("UTC0")), (60, .zone("CET-1CEST,M3.5.0,M10.5.0/3"))], runs: ["01 08:01:00"]),
  ]

  static let overlaps: [Situation] = [
    Situation(
      name: "Overlap=skip: a job longer than its interval", start: "2026-05-04 09:59:55", span: 64,
      units: ["a.service": job("Schedule=*:*:0/10", life: 15_000)],
      runs: ["04 10:00:00", "04 10:00:20", "04 10:00:40"], says: ["slot skipped, a.service still runs"]),
    Situation(
      name: "Overlap=queue: a timer's slot waits for the end", start: "2026-05-04 09:59:55", span: 44,
      units: [
        "a.timer": "[Timer]\nOnCalendar=*:*:0/10\n", "a.service": "[Service]\nType=oneshot\nExecStart=/sim/prog life=15000..15000\n",
      ],
      runs: ["04 10:00:00", "04 10:00:15<04 10:00:10", "04 10:00:30<04 10:00:20"]),
    Situation(
      name: "DeferReactivation=: a slot within the run is not made up", start: "2026-05-04 09:59:55", span: 44,
      units: [
        "a.timer": "[Timer]\nOnCalendar=*:*:0/10\nDeferReactivation=yes\n",
        "a.service": "[Service]\nType=oneshot\nExecStart=/sim/prog life=15000..15000\n",
      ],
      runs: ["04 10:00:00", "04 10:00:20"]),
    Situation(
      name: "Overlap=parallel", start: "2026-05-04 09:59:55", span: 34,
      units: ["a.service": job("Schedule=*:*:0/10\nOverlap=parallel", life: 15_000)],
      runs: ["04 10:00:00", "04 10:00:10", "04 10:00:20"]),
    Situation(
      name: "StartingDeadlineSec=: what is too old is counted, not run", start: "2026-05-04 09:59:00", span: 1500,
      units: ["a.service": job("Schedule=*:0/10\nStartingDeadlineSec=1min")], acts: [(30, .step(300))],
      runs: ["04 10:10:00", "04 10:20:00"], says: ["1 slot not run, older than StartingDeadlineSec="]),
    Situation(
      name: "StartingDeadlineSec=: what is young enough runs late", start: "2026-05-04 09:59:00", span: 120,
      units: ["a.service": job("Schedule=*:0/10\nStartingDeadlineSec=10min")], acts: [(30, .step(300))],
      runs: ["04 10:04:30<04 10:00:00"]),
    Situation(
      name: "retries end with the next slot, which begins anew", start: "2026-05-04 09:59:55", span: 24,
      units: [
        "a.service":
          "[Service]\nType=oneshot\nExecStart=/sim/prog life=50..50 end=exit:1\nRestart=on-failure\nRestartSec=4s\n[X-Apus]\nSchedule=*:*:0/10\n"
      ],
      runs: [
        "04 10:00:00", "04 10:00:04<04 10:00:00", "04 10:00:08<04 10:00:00", "04 10:00:10", "04 10:00:14<04 10:00:10",
        "04 10:00:18<04 10:00:10",
      ]),
  ]

  static let restarts: [Situation] = [
    Situation(
      name: "Persistent=: one run for what was missed while apus was down", start: "2026-05-04 08:00:00", span: 60,
      units: persistent("hourly"), stamps: ["a.timer": "2026-05-04 03:00:00"], runs: ["04 08:00:00"],
      says: ["4 slots skipped"]),
    Situation(
      name: "Persistent=: nothing was missed", start: "2026-05-04 08:30:00", span: 60, units: persistent("hourly"),
      stamps: ["a.timer": "2026-05-04 08:00:00"], runs: []),
    Situation(
      name: "Persistent=: the first start makes a stamp and runs nothing", start: "2026-05-04 08:30:00", span: 60,
      units: persistent("hourly"), runs: []),
    Situation(
      name: "Persistent=: a stamp from the future is ignored", start: "2026-05-04 08:59:00", span: 120, units: persistent("hourly"),
      stamps: ["a.timer": "2027-01-01 00:00:00"], runs: ["04 09:00:00"], says: ["from the future"]),
    Situation(
      name: "Persistent=: stamps cannot be kept: one warning, works on", start: "2026-05-04 08:58:30", span: 120,
      units: persistent("minutely"), acts: [(10, .noStamps)], runs: ["04 08:59:00", "04 09:00:00"], says: ["cannot keep stamps"]),
    Situation(
      name: "Persistent=: killed and started again, it catches up once", start: "2026-05-04 08:59:00", span: 7320,
      units: persistent("hourly"), acts: [(90, .restart(after: 7200))], runs: ["04 09:00:00", "04 11:00:30<04 11:00:00"]),
    Situation(
      name: "without Persistent= nothing is caught up", start: "2026-05-04 08:59:00", span: 7320,
      units: ["a.timer": "[Timer]\nOnCalendar=hourly\n", "a.service": oneshot], acts: [(90, .restart(after: 7200))],
      runs: ["04 09:00:00"]),
    Situation(
      name: "an apply without change keeps the slot", start: "2026-05-04 09:59:00", span: 120,
      units: ["a.timer": timer, "a.service": oneshot], acts: [(30, .apply)], runs: ["04 10:00:00"]),
    Situation(
      name: "an apply with a new schedule counts from now, without catching up", start: "2026-05-04 09:30:00", span: 1900,
      units: ["a.service": job("Schedule=*-*-* 10:30")], acts: [(600, .write("a.service", job("Schedule=*-*-* 09:35,50"))), (610, .apply)],
      runs: ["04 09:50:00"]),
  ]
}
