import Foundation
import Testing

/// `apus calendar`, `timespan` and `timestamp`, by the side of what systemd-analyze 252 printed.
@Suite struct TimeFacesTests {
  static let hasZones = FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/Europe/Berlin")

  /// The lines but for those that count from now.
  static func lines(_ outcome: Outcome) -> [String] {
    outcome.out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).filter { !$0.contains("From now") }
  }

  @Test(.enabled(if: hasZones, "no tzdata")) func calendarAsSystemdAnalyzePrintsIt() throws {
    let outcome = try apus(
      ["calendar", "--iterations=2", "--base-time=2024-03-30 12:00:00 UTC", "Mon..Fri 9:00 America/New_York", "*-02-30", "*-*-* 12:00:00"],
      environment: ["TZ": "Europe/Berlin"])
    #expect(outcome.status == 0)
    #expect(
      Self.lines(outcome) == [
        "  Original form: Mon..Fri 9:00 America/New_York", "Normalized form: Mon..Fri *-*-* 09:00:00 America/New_York",
        "    Next elapse: Mon 2024-04-01 15:00:00 CEST", "       (in UTC): Mon 2024-04-01 13:00:00 UTC",
        "       Iter. #2: Tue 2024-04-02 15:00:00 CEST", "       (in UTC): Tue 2024-04-02 13:00:00 UTC", "",
        "  Original form: *-02-30", "Normalized form: *-02-30 00:00:00", "    Next elapse: never", "",
        "Normalized form: *-*-* 12:00:00", "    Next elapse: Sun 2024-03-31 12:00:00 CEST", "       (in UTC): Sun 2024-03-31 10:00:00 UTC",
        "       Iter. #2: Mon 2024-04-01 12:00:00 CEST", "       (in UTC): Mon 2024-04-01 10:00:00 UTC", "",
      ])
  }

  @Test func crontabsAndErrors() throws {
    let outcome = try apus(["calendar", "--base-time=@0", "*/5 * * * *", "*/5", "@hourly", "@5"], environment: ["TZ": "UTC0"])
    #expect(outcome.status == 1)
    #expect(outcome.err == "Failed to parse calendar specification '*/5': column 2: this cannot stand here: write *:0/5\n")
    #expect(
      Self.lines(outcome) == [
        "   Crontab form: */5 * * * *", "    Next elapse: Thu 1970-01-01 00:05:00 UTC", "", "", "   Crontab form: @hourly",
        "    Next elapse: Thu 1970-01-01 01:00:00 UTC", "", "  Original form: @5", "Normalized form: 1970-01-01 00:00:05 UTC",
        "    Next elapse: Thu 1970-01-01 00:00:05 UTC", "",
      ])
    let json = try apus(["calendar", "--json", "--base-time=@0", "--iterations=2", "*/5 * * * *", "daily", "*/5"], environment: ["TZ": ""])
    #expect(json.status == 1 && json.err.isEmpty)
    #expect(
      json.out == """
        {"normalized":null,"next":[300000000,600000000],"end":false}
        {"normalized":"*-*-* 00:00:00","next":[86400000000,172800000000],"end":false}
        {"error":"this cannot stand here: write *:0/5","column":2}

        """)
  }

  @Test(.enabled(if: hasZones, "no tzdata")) func spansAndTimes() throws {
    let spans = try apus(["timespan", "1h 30m", "5.5s"])
    #expect(
      spans.out == "Original: 1h 30m\n      μs: 5400000000\n   Human: 1h 30min\n\nOriginal: 5.5s\n      μs: 5500000\n   Human: 5.500000s\n")
    let times = try apus(["timestamp", "--timezone=Asia/Seoul", "@5.25"])
    #expect(
      Self.lines(times) == [
        "  Original form: @5.25", "Normalized form: Thu 1970-01-01 09:00:05 KST", "       (in UTC): Thu 1970-01-01 00:00:05 UTC",
        "   UNIX seconds: @5.250000", "",
      ])
    #expect(try apus(["timespan", "x"]).status == 1)
    #expect(
      try apus(["timestamp", "Mon 2024-02-29"]).err
        == "Failed to parse \"Mon 2024-02-29\": column 1: the date is another weekday: that day is a Thursday\n")
  }

  /// An answer about another time, or another zone, would not be seen as one.
  @Test func whatIsNoTimeOrZoneIsAnError() throws {
    for (verb, line) in [
      ("calendar", #"{"expr":"daily","base":"5"}"#), ("calendar", #"{"expr":"daily","base":1.5}"#),
      ("calendar", #"{"expr":"daily","base":99999999999999999999}"#), ("calendar", #"{"expr":"daily","tz":5}"#),
      ("timestamp", #"{"ts":"now","now":"5"}"#), ("timestamp", #"{"ts":"@5","tz":[]}"#),
    ] {
      let answer = try answers([verb, "-"], line)
      #expect(answer.count == 1 && answer.first?.hasPrefix(#"{"error":"#) == true, "\(line): \(answer)")
    }
    #expect(try answers(["timestamp", "-"], #"{"ts":"now","now":5,"tz":null}"#) == [#"{"usec":5}"#])
  }

  /// Lines in, lines out, in order, whatever they are.
  @Test(.enabled(if: hasZones, "no tzdata")) func linesAreAnsweredInOrder() throws {
    let input = [
      #"{"expr":"*:0/30","base":0,"iterations":2}"#, #"{"cron":"0 12 * * *","tz":"Asia/Seoul","base":0,"iterations":1}"#,
      #"{"expr":"2024-03-31 02:30","tz":"CET-1CEST,M3.5.0,M10.5.0/3","base":0}"#, #"{"expr":"12:00 CEST","tz":"Europe/Berlin"}"#,
      #"{"expr":"daily","tz":"Europe/Nowhere"}"#, "{", "[]", "", #"{"expr":7}"#, #"{"expr":"@ 5 x"}"#,
      #"{"expr":""# + String(repeating: "x", count: 70_000) + #""}"#, #"{"expr":"@5","base":0}"#,
    ]
    let wanted = [
      #"{"normalized":"*-*-* *:00/30:00","next":[1800000000,3600000000],"end":false}"#,
      #"{"normalized":null,"next":[10800000000],"end":false}"#,
      #"{"normalized":"2024-03-31 02:30:00","next":[1711846800000000],"end":true}"#,
      #"{"error":"an abbreviation is no time zone: write a name such as Europe/Berlin for CEST","column":7}"#,
      #"{"error":"no such time zone here: Europe/Nowhere (install the package tzdata, or write a name such as Europe/Berlin)","column":1}"#,
      #"{"error":"not JSON: a key is no string","column":2}"#, #"{"error":"neither \"expr\" nor \"cron\" with a text","column":1}"#,
      #"{"error":"neither \"expr\" nor \"cron\" with a text","column":1}"#,
      #"{"error":"no such time zone here: x (install the package tzdata, or write a name such as Europe/Berlin)","column":5}"#,
      #"{"error":"a line of more than 64 KiB","column":65536}"#, #"{"normalized":"1970-01-01 00:00:05 UTC","next":[5000000],"end":true}"#,
    ]
    #expect(try answers(["calendar", "-"], input.joined(separator: "\n")) == wanted)
    #expect(
      try answers(["timespan", "-"], "{\"span\":\"1h\"}\n{\"span\":\"infinity\"}\n{\"span\":\"x\"}\n")
        == [#"{"usec":3600000000,"human":"1h"}"#, #"{"infinity":true,"human":"infinity"}"#, #"{"error":"not a number","column":1}"#])
    #expect(
      try answers(
        ["timestamp", "-"], "{\"ts\":\"+5min\",\"now\":0}\n{\"ts\":\"1970-01-01\",\"tz\":\"America/New_York\"}\n{\"ts\":\"x\"}\n"
      ).prefix(2)
        == [#"{"usec":300000000}"#, #"{"usec":18000000000}"#])
  }

  /// What needs no local time does not fail for want of one.
  @Test func anUnknownLocalTime() throws {
    let unknown = ["TZ": "Mars/Olympus"]
    let refused = "apus: cannot tell the local time: TZ=Mars/Olympus is no time zone (install the package tzdata, or set TZ=UTC)\n"
    for arguments in [["calendar", "daily"], ["timestamp", "now"], ["calendar", "--base-time=2024-01-01", "-"]] {
      let outcome = try apus(arguments, environment: unknown)
      #expect(outcome.status == 64 && outcome.err.hasPrefix(refused) && outcome.out.isEmpty, "\(outcome)")
    }
    #expect(try apus(["calendar", "--timezone=UTC", "daily"], environment: unknown).status == 0)
    #expect(try apus(["timespan", "1h"], environment: unknown).status == 0)
    #expect(try apus(["calendar", "-"], environment: unknown) == Outcome(status: 0, out: "", err: ""))
  }

  /// Unit files refuse the same ones (ZoneReaderTests).
  @Test(
    .enabled(if: hasZones, "no tzdata"),
    arguments: [
      ("Europe/Berlin", "12:00 CET", false), ("Europe/Berlin", "12:00 CEST", false), ("America/New_York", "12:00 CET", true),
      ("EST5EDT", "12:00 EST", false), ("EST5", "12:00 EST", true), ("UTC", "12:00 CET", true), ("UTC", "12:00 utc", true),
    ])
  func abbreviations(_ local: String, _ expression: String, _ isFine: Bool) throws {
    let outcome = try apus(["calendar", expression], environment: ["TZ": local])
    #expect(outcome.status == (isFine ? 0 : 1) && outcome.err.contains("an abbreviation is no time zone") == !isFine, "\(outcome)")
  }

  /// Standard input from a file: a pipe would have to be fed and emptied at once.
  private func answers(_ arguments: [String], _ input: String) throws -> [String] {
    let folder = Folder()
    try input.write(toFile: folder.path + "/input", atomically: false, encoding: .utf8)
    let words = ([binaryPath] + arguments).map { "'\($0)'" }.joined(separator: " ")
    let outcome = try apus(["-c", "\(words) < '\(folder.path)/input'"], environment: ["PATH": "/usr/bin:/bin"], program: "/bin/sh")
    #expect(outcome.status == 0 && outcome.err.isEmpty)
    return outcome.out.split(separator: "\n").map(String.init)
  }
}
