import Foundation
import Testing

extension SystemTests {
  /// `apus run CRONTAB` by the running binary. Nothing here waits for a minute to begin: jobs are started by hand.
  @Suite struct Crontabs {
    /// The units of crontabs, in the order of their lines.
    private func jobs(_ apus: Supervisor) throws -> [String] {
      let listed = try apus.client(["list-units", "--all", "-o", "json"])
      return listed.stdout.matches(of: /"Id": ?"(crontab-[^"]*)"/).map { String($0.1) }
    }

    private func start(_ box: Sandbox, _ arguments: [String], environment: [String: String] = [:]) throws -> Supervisor {
      let apus = try box.apus(["run"] + arguments, environment: environment)
      try apus.waitUntilReady()
      return apus
    }

    private func success(_ apus: Supervisor, _ arguments: [String]) throws {
      let answer = try apus.client(arguments)
      #expect(answer.status == 0, "\(arguments): \(answer.stdout)\(answer.stderr)")
    }

    @Test func variablesInputAndWorld() throws {
      try sandboxed { box in
        let out = box.path("out")
        try box.write(
          "tab",
          """
          0 0 29 2 * echo "1:$A:$B:$LOGNAME:$HOME:$SHELL:$(pwd)" >> \(out)
          A = "two words "
          B=
          HOME=\(box.folder)
          0 0 29 2 * echo "2:$A:${B-unset}:$(pwd)" >> \(out)
          A='$HOME'
          SHELL=/bin/bash
          0 0 29 2 * echo "3:$A:$(date +\\%\\%):$BASH:$FROM_OUTSIDE" >> \(out)
          0 0 29 2 * cat >> \(out)%first%second \\% line%%last
          0 0 29 2 * cat >> \(out); echo "empty input" >> \(out)

          """)
        let apus = try start(box, [box.path("tab")], environment: ["HOME": "/", "FROM_OUTSIDE": "yes"])
        let names = try jobs(apus)
        try #require(names.count == 5)
        for (name, word) in zip(names, ["echo", "echo", "echo", "cat", "cat"]) { #expect(name.hasPrefix("crontab-\(word)-"), "\(name)") }
        for name in names { try success(apus, ["start", name]) }
        let home = getuid() == 0 ? "/root" : NSHomeDirectory()
        let user = getuid() == 0 ? "root" : NSUserName()
        #expect(
          box.lines("out") == [
            "1:::\(user):\(home):/bin/sh:\(home)", "2:two words ::\(box.folder)",
            "3:$HOME:%:/bin/bash:yes", "first", "second % line", "last", "empty input",
          ])
      }
    }

    @Test func atRebootAndTheUserField() throws {
      try sandboxed { box in
        let withUsers = getuid() == 0
        let who = withUsers ? "nobody " : ""
        try box.write("tab", "@reboot \(who)echo \"once: $(id -un) $LOGNAME\"\n@hourly \(who)true\n")
        let apus = try start(box, (withUsers ? ["--crontab-user-field"] : []) + [box.path("tab")])
        let user = withUsers ? "nobody" : NSUserName()
        try eventually("the job of @reboot") { apus.process.stdout.contains("once: \(user) \(user)\n") }
        // Neither a reload nor an apply runs it again.
        for verb in ["daemon-reload", "apply"] { try success(apus, [verb]) }
        try success(apus, ["start", try #require(try jobs(apus).last)])
        #expect(apus.process.stdout.components(separatedBy: "once:").count == 2)
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
      }
    }

    /// One bad line, and nothing of the file runs, nor anything else.
    @Test func aBadLineIsTheWholeFiles() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.shell("touch \(box.path("web")); exec cat", ""))
        try box.write("good", "@reboot touch \(box.path("good-ran"))\n")
        try box.write(
          "bad", "@reboot touch \(box.path("bad-ran"))\n60 * * * * date\n* * * * * * date\nCRON_TZ=Europe/Nowhere\n@daily date\n")
        let paths = [box.path("units"), box.path("good"), box.path("bad")]
        for verb in ["run", "check"] {
          let end = try runToEnd([try Binary.path(), verb] + paths)
          #expect(end.status == 78)
          for expected in ["bad:2:1: error: ", "minutes are 0 to 59", "bad:3:11: error: a sixth field", "bad:4:9: error: ", "tzdata"] {
            #expect(end.stderr.contains(expected), "\(expected) is not in: \(end.stderr)")
          }
        }
        for name in ["web", "good-ran", "bad-ran"] { #expect(access(box.path(name), F_OK) != 0, "\(name)") }
      }
    }

    @Test func applyKeepsWhatDidNotChange() throws {
      try sandboxed { box in
        let long = "0 0 29 2 * echo begin >> \(box.path("log")); exec cat < \(box.path("fifo"))"
        mkfifo(box.path("fifo"), 0o600)
        try box.write("tab", "# first\n\(long)\n0 0 29 2 * true\n")
        let apus = try start(box, [box.path("tab")])
        let before = try jobs(apus)
        try #require(before.count == 2)
        try success(apus, ["start", "--no-block", before[0]])
        try eventually("the run to begin") { box.lines("log") == ["begin"] }
        let pid = try apus.client(["show", "-p", "MainPID", before[0]]).stdout

        // A bad line: refused, with its place; the old schedule goes on.
        try box.write("tab", "0 0 29 2 * new\n99 * * * * bad\n\(long)\n")
        let refused = try apus.client(["apply"])
        #expect(refused.status == 78 && (refused.stdout + refused.stderr).contains("tab:2:1: error: "))
        #expect(try jobs(apus) == before)
        #expect(try apus.client(["show", "-p", "MainPID", before[0]]).stdout == pid)

        // Lines above it came, the one below it went: the run does not notice.
        try box.write("tab", "X=1\n@reboot touch \(box.path("late"))\n0 0 29 2 * new\nX=\n\(long)\n")
        try success(apus, ["apply"])
        let after = try jobs(apus)
        #expect(after.contains(before[0]) && !after.contains(before[1]) && after.count == 3, "\(after)")
        #expect(try apus.client(["show", "-p", "MainPID", before[0]]).stdout == pid)
        #expect(box.lines("log") == ["begin"])
        // What came behind the start of apus is not at its start.
        #expect(access(box.path("late"), F_OK) != 0)
      }
    }

    /// Drop-ins in a folder on the command line, by the beginning of the name.
    @Test func retriesWhenAskedFor() throws {
      try sandboxed { box in
        try box.write("units/crontab-.service.d/retry.conf", "[Service]\nRestart=on-failure\nRestartSec=20ms\n")
        try box.write("tab", "0 0 29 2 * echo try >> \(box.path("log")); [ $(wc -l < \(box.path("log"))) -ge 3 ]\n")
        let apus = try start(box, [box.path("units"), box.path("tab")])
        let name = try #require(try jobs(apus).first)
        _ = try apus.client(["start", name])
        try eventually("three tries") { box.lines("log").count == 3 }
        try apus.wait(for: name, toBe: "inactive")
        #expect(box.lines("log").count == 3)
      }
    }

    /// What a job is made of: its line, and where that stands.
    @Test func catShowsTheLine() throws {
      try sandboxed { box in
        let conf = "[Service]\nNice=3\n"
        try box.write("units/crontab-.service.d/nice.conf", conf)
        try box.write("units/web.service", Units.longRunning)
        try box.write("one", "# first\nA=1\n\n  0 0 29 2 *  echo  100\\%\r\n0 0 29 2 * true\n0 0 29 2 * true")
        try box.write("two", "@yearly true\n0 0 29 2 * true\n")
        let apus = try start(box, [box.path("units"), box.path("one"), box.path("two")])
        let names = try jobs(apus)
        try #require(names.count == 5)
        let lines = [
          ("one:4", "  0 0 29 2 *  echo  100\\%\r"), ("one:5", "0 0 29 2 * true"), ("one:6", "0 0 29 2 * true"),
          ("two:1", "@yearly true"), ("two:2", "0 0 29 2 * true"),
        ]
        for (name, (place, line)) in zip(names, lines) {
          let shown = try apus.client(["cat", name])
          let dropIn = "\n# \(box.path("units/crontab-.service.d/nice.conf"))\n\(conf)"
          #expect(shown.status == 0 && shown.stdout == "# \(box.path(place))\n\(line)\n" + dropIn, "\(name): \(shown)")
        }
        // Any unit of the command line's folders, too.
        #expect(try apus.client(["cat", "web"]).stdout == "# \(box.path("units/web.service"))\n\(Units.longRunning)")
        try box.write("one", "@daily something else\n")
        #expect(try apus.client(["cat", names[0]]).stdout.hasPrefix("# \(box.path("one"))\n# the entry is not in it any more\n"))
        let missing = try apus.client(["cat", "crontab-nothing-00000000.service"])
        #expect(missing.status == 1 && missing.stderr.contains("no files found for crontab-nothing-00000000.service"), "\(missing)")
      }
    }

    @Test func severalCrontabsAndWhatIsNone() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        try box.write("one", "@daily true\n")
        try box.write("two.cron", "@daily true\n@hourly true")
        let checked = try runToEnd([try Binary.path(), "check", box.path("units"), box.path("one"), box.path("two.cron")])
        #expect(checked.status == 0 && checked.stderr.split(separator: "\n").count == 1)
        #expect(checked.stderr.contains("two.cron:2:13: warning: the last line has no newline"))
        let apus = try start(box, [box.path("units"), box.path("one"), box.path("two.cron"), box.path("one")])
        #expect(try jobs(apus).count == 3)
        try box.write("empty", "\n# nothing\n")
        #expect(try runToEnd([try Binary.path(), "run", box.path("empty")]).status == 0)
        mkfifo(box.path("fifo"), 0o600)
        try Data(repeating: 10, count: 1 << 21).write(to: URL(fileURLWithPath: box.path("large")))
        for (name, why) in [("fifo", "not a regular file"), ("large", "larger than 1 MiB"), ("./absent", "No such file")] {
          let end = try runToEnd([try Binary.path(), "run", box.path(name)])
          #expect(end.status == 78 && end.stderr.lowercased().contains(why.lowercased()), "\(end.stderr)")
        }
      }
    }
  }

  /// `apus plan`: hand-made expectations.
  @Suite struct Plans {
    private func plan(_ box: Sandbox, _ arguments: [String], zone: String = "Europe/Berlin") throws -> [String] {
      let end = try runToEnd([try Binary.path(), "plan"] + arguments, environment: ["TZ": zone, "PATH": "/usr/bin:/bin"])
      #expect(end.status == 0 && end.stderr == "", "\(end.stderr)")
      return end.stdout.split(separator: "\n").map(String.init)
    }

    /// Time and unit's word, without the hash.
    private func short(_ lines: [String]) -> [String] {
      lines.map { $0.replacing(#/-[0-9a-f]{8}\.service/#, with: "") }
    }

    @Test func overTheSpringChange() throws {
      try sandboxed { box in
        try box.write("tab", "30 2 * * * fixed\n0 * * * * hourly\n0 12 * * 0 sunday\nCRON_TZ=UTC\n30 0 29 * * utc\n")
        try box.write("units/backup.timer", "[Timer]\nOnCalendar=Sun 02:15\n")
        try box.write("units/backup.service", Units.shell("true", "Type=oneshot"))
        let lines = try plan(
          box, ["--base-time=2026-03-29 00:30:00 Europe/Berlin", "--for=5h", box.path("units"), box.path("tab")])
        // 02:00 to 03:00 is not there on that night: what falls into it runs once, at its end.
        #expect(
          short(lines).sorted() == [
            "Sun 2026-03-29 01:00:00 +01:00  crontab-hourly  0 * * * *",
            "Sun 2026-03-29 01:30:00 +01:00  crontab-utc  30 0 29 * *",
            "Sun 2026-03-29 03:00:00 +02:00  backup.service  backup.timer: OnCalendar=Sun *-*-* 02:15:00",
            "Sun 2026-03-29 03:00:00 +02:00  crontab-fixed  30 2 * * *",
            "Sun 2026-03-29 03:00:00 +02:00  crontab-hourly  0 * * * *",
            "Sun 2026-03-29 04:00:00 +02:00  crontab-hourly  0 * * * *",
            "Sun 2026-03-29 05:00:00 +02:00  crontab-hourly  0 * * * *",
            "Sun 2026-03-29 06:00:00 +02:00  crontab-hourly  0 * * * *",
          ])
        #expect(lines.map { $0.prefix(30) } == lines.map { $0.prefix(30) }.sorted())
      }
    }

    @Test func overTheAutumnChange() throws {
      try sandboxed { box in
        try box.write("tab", "30 2 * * * fixed\n0 * * * * hourly\n")
        let lines = try plan(box, ["--base-time=2026-10-25 00:30:00 Europe/Berlin", "--for=4h", box.path("tab")])
        // 02:00 to 03:00 is there twice: a fixed time counts once, every hour counts.
        #expect(
          short(lines) == [
            "Sun 2026-10-25 01:00:00 +02:00  crontab-hourly  0 * * * *",
            "Sun 2026-10-25 02:00:00 +02:00  crontab-hourly  0 * * * *",
            "Sun 2026-10-25 02:30:00 +02:00  crontab-fixed  30 2 * * *",
            "Sun 2026-10-25 02:00:00 +01:00  crontab-hourly  0 * * * *",
            "Sun 2026-10-25 03:00:00 +01:00  crontab-hourly  0 * * * *",
          ])
      }
    }

    @Test func monotonicTriggersCountFromTheBase() throws {
      try sandboxed { box in
        func job(_ schedules: String...) -> String {
          Units.shell("true", "Type=oneshot") + "[X-Apus]\n" + schedules.map { "Schedule=\($0)\n" }.joined()
        }
        try box.write("units/a.service", job("every 25s", "@reboot"))
        try box.write("units/b.service", job("after 40s"))
        try box.write("units/c.timer", "[Timer]\nOnBootSec=10\nOnUnitActiveSec=45\n")
        try box.write("units/c.service", Units.shell("true", "Type=oneshot"))
        try box.write("units/masked.service", Units.longRunning)
        let arguments = ["--base-time=2026-01-01 12:00:00 UTC", "--for=1min", box.path("units")]
        let wanted = [
          "12:00:00 a @reboot", "12:00:10 c c.timer: OnBootSec=10s", "12:00:25 a every 25s", "12:00:40 b after 40s", "12:00:50 a every 25s",
          "12:00:55 c c.timer: OnUnitActiveSec=45s",
        ]
        let lines = try plan(box, arguments, zone: "UTC")
        #expect(
          lines.map { $0.replacing("Thu 2026-01-01 ", with: "").replacing(" +00:00 ", with: "").replacing(".service ", with: "") } == wanted
        )
        let json = try plan(box, ["--json"] + arguments, zone: "UTC")
        let objects = try json.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        #expect(objects.map { $0?["usec"] as? Int } == [0, 10, 25, 40, 50, 55].map { 1_767_268_800_000_000 + $0 * 1_000_000 })
        #expect(objects.first??["unit"] as? String == "a.service" && objects[1]?["timer"] as? String == "c.timer")
      }
    }

    @Test func whatCannotBePlanned() throws {
      try sandboxed { box in
        try box.write("tab", "* * * * * true\n")
        try box.write("bad", "60 * * * * true\n")
        #expect(try plan(box, ["--base-time=2026-01-01 00:00:00", box.path("tab")]).count == 1440)
        for (arguments, status) in [
          ([box.path("bad")], 78 as Int32), (["--for=soon", box.path("tab")], 64), (["--for=infinity", box.path("tab")], 64),
          (["--base-time=once", box.path("tab")], 64), ([], 64),
        ] {
          let end = try runToEnd([try Binary.path(), "plan"] + arguments)
          #expect(end.status == status && end.stdout == "" && !end.stderr.isEmpty, "\(arguments): \(end.stderr)")
        }
        // A span without an end that anybody reads.
        let long = try runToEnd([try Binary.path(), "plan", "--for=10y", box.path("tab")])
        #expect(long.status == 0 && long.stdout.split(separator: "\n").count == 100_000 && long.stderr.contains("--for=SPAN"))
      }
    }
  }
}
