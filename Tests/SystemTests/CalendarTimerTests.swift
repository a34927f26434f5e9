import Foundation
import Testing

extension SystemTests {
  /// Calendar timers by the running binary. What clocks and zones do to them is shown in the simulator.
  @Suite struct CalendarTimers {
    private func stamps(_ box: Sandbox, _ name: String) -> [Double] { box.lines(name).compactMap { Double($0) } }
    private func stamp(_ box: Sandbox, _ name: String) -> String {
      Units.shell("date +%s.%N >> \(box.path(name))", "Type=oneshot")
    }

    @Test func everySecondOnTheSecond() throws {
      try sandboxed { box in
        try box.write("units/tick.timer", "[Timer]\nOnCalendar=*:*:*\n")
        try box.write("units/tick.service", stamp(box, "tick"))
        let apus = try box.run(wrapper: Machine.undisturbed)
        try eventually("four runs") { box.lines("tick").count >= 4 }
        let past = stamps(box, "tick").map { $0 - $0.rounded(.down) }
        #expect(past.sorted()[past.count / 2] < 0.3, "\(past)")
        let shown = try apus.client(["show", "tick.timer"]).stdout
        #expect(shown.contains("TimersCalendar={ OnCalendar=*-*-* *:*:* ; next_elapse="), "\(shown)")
        #expect(shown.contains("NextElapseUSecMonotonic=0") && shown.contains("LastTriggerUSec=") && shown.contains("Persistent=no"))
        let history = try apus.client(["show", "tick.service", "-o", "json"]).stdout
        #expect(history.contains("\"Result\":\"success\"") && history.contains("\"Attempts\":1"), "\(history)")
        let list = try apus.client(["list-timers"]).stdout
        #expect(list.firstMatch(of: /left +\w+ .* ago +tick.timer +tick.service/) != nil, "\(list)")
      }
    }

    @Test func theTriggersEnvironment() throws {
      try sandboxed { box in
        let script = "env | grep ^TRIGGER_ | sort > \(box.path("env.new")); mv \(box.path("env.new")) \(box.path("env"))"
        try box.write("units/tick.service", Units.shell(script, "Type=oneshot").appending("[X-Apus]\nSchedule=*:*:*\n"))
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("a run") { box.lines("env").count == 5 }
        let lines = box.lines("env")
        #expect(lines[0] == "TRIGGER_ATTEMPT=1" && lines[4] == "TRIGGER_UNIT=tick.service", "\(lines)")
        #expect(lines[1].hasPrefix("TRIGGER_SCHEDULED_USEC=") && lines[1].hasSuffix("000000"), "\(lines)")
        #expect(lines[2].hasPrefix("TRIGGER_TIMER_MONOTONIC_USEC=") && lines[3].hasPrefix("TRIGGER_TIMER_REALTIME_USEC="))
      }
    }

    /// The timeloop example in fifths of a second: most runs are at once, and what held one up does not move those after it.
    /// How many milliseconds off the grid: `examples/timeloop/measure`.
    @Test func threeJobsDoNotDrift() throws {
      try sandboxed { box in
        for (name, span) in [("two", "400ms"), ("five", "1s"), ("ten", "2s")] {
          try box.write(
            "units/\(name).service",
            Units.shell("echo $TRIGGER_TIMER_MONOTONIC_USEC >> \(box.path(name))", "Type=oneshot").appending(
              "[X-Apus]\nSchedule=every \(span)\n"))
        }
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("three of the slowest", within: 30) { box.lines("ten").count >= 3 }
        for (name, span) in [("two", 400.0), ("five", 1000.0), ("ten", 2000.0)] {
          let times = stamps(box, name).map { $0 / 1000 }
          let off = times.enumerated().map { $1 - Double($0) * span }
          let grid = try #require(off.min())
          let late = off.map { $0 - grid }
          #expect(late.allSatisfy { $0 < span / 2 }, "\(name): \(late)")
          #expect(late.sorted()[late.count / 2] < 20, "\(name): \(late)")
        }
      }
    }

    @Test func aZoneThatIsNotThere() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.shell("true", "Type=oneshot").appending("[X-Apus]\nSchedule=daily\nTimezone=Mars/Olympus\n"))
        try box.write("units/b.service", Units.shell("true", "Type=oneshot").appending("[X-Apus]\nSchedule=12:00 Mars/Olympus\n"))
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        let text = checked.stdout + checked.stderr
        #expect(checked.status == 78)
        #expect(text.firstMatch(of: /a.service:\d+:10: error: no time zone Mars\/Olympus \(.*tzdata\)/) != nil, "\(text)")
        #expect(text.firstMatch(of: /b.service:\d+:16: error: no time zone Mars\/Olympus/) != nil, "\(text)")
      }
    }

    @Test func anUnknownTZIsNeverUTC() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.shell("true", "Type=oneshot").appending("[X-Apus]\nSchedule=daily\n"))
        let checked = try runToEnd(["env", "TZ=Mars/Olympus", try Binary.path(), "check", box.path("units")])
        #expect(checked.status == 78 && (checked.stdout + checked.stderr).contains("TZ=Mars/Olympus is no time zone"))
      }
    }

    @Test(arguments: ["skip", "queue", "replace", "parallel"]) func overlapOfACalendar(_ policy: String) throws {
      try sandboxed { box in
        let log = box.path("log")
        try box.write(
          "units/job.service",
          Units.shell("echo begin >> \(log); sleep 1.4; echo end >> \(log)", "Type=oneshot").appending(
            "[X-Apus]\nSchedule=*:*:*\nOverlap=\(policy)\n"))
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("six lines: \(box.lines("log"))", within: 30) { box.lines("log").count >= 6 }
        let lines = Array(box.lines("log").prefix(6))
        var (open, most) = (0, 0)
        for line in lines {
          open += line == "begin" ? 1 : -1
          most = max(most, open)
        }
        switch policy {
        case "skip", "queue": #expect(most == 1, "\(lines)")
        case "replace": #expect(!lines.contains("end"), "\(lines)")
        default: #expect(most >= 2, "\(lines)")
        }
      }
    }
  }

  /// Stamps and /etc/localtime: in a mount namespace with folders of its own.
  @Suite(.enabled(if: Machine.isRoot && Machine.hasNamespaces, Machine.noNamespaces)) struct Stamps {
    /// Runs a script with private /var/lib, /run and /etc, and a folder /run/units; `$apus` is the binary.
    static func inside(_ script: String) throws -> Finished {
      let setup = """
        set -e; mount -t tmpfs -o mode=755 tmpfs /run; mount -t tmpfs tmpfs /var/lib; mkdir -p /run/units /run/etc
        cp /etc/passwd /etc/group /run/etc/; mount --bind /run/etc /etc
        export APUS_CONTROL=/run/control.sock
        apus=\(try Binary.path()); stamps=/var/lib/systemd/timers; set +e
        job() { printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo %s >> /run/ran"\\n' $1 > /run/units/$1.service; }
        timer() { printf "[Timer]\\nOnCalendar=%s\\nPersistent=yes\\n" "$2" > /run/units/$1.timer; job $1; }
        # A time of day that was two hours ago: it does not come in the midst of a test, as a full hour may.
        past="*-*-* $(date -d '2 hours ago' +%H:%M)"
        wait_for() { for i in $(seq 600); do if eval "$1"; then return; fi; sleep 0.05; done; echo "in vain: $1"; cat /run/err; }
        start() { "$@" $apus run --stay /run/units 2>>/run/err & pid=$!; }
        end() { kill $pid; wait $pid; }

        """
      return try runToEnd(["unshare", "--mount", "bash", "-c", setup + script])
    }

    @Test func whatWasMissedIsCaughtUpOnce() throws {
      let ended = try Self.inside(
        """
        timer a "$past"; timer b "$past"; mkdir -p $stamps; touch -d '3 hours ago' $stamps/stamp-a.timer
        start env; wait_for '[ -s /run/ran ] && [ -e $stamps/stamp-b.timer ] && [ $stamps/stamp-a.timer -nt /run/units/b.service ]'
        end; cat /run/ran; stat -c '%a %s' $stamps/stamp-b.timer; start env; wait_for '[ -S /run/control.sock ]'; sleep 0.3
        end; wc -l < /run/ran
        """)
      #expect(ended.stdout == "a\n644 0\n1\n", "\(ended.stdout)\(ended.stderr)")
    }

    @Test func aStampFromTheFutureIsIgnored() throws {
      let ended = try Self.inside(
        """
        timer a "$past"; mkdir -p $stamps; touch -d '2 days' $stamps/stamp-a.timer
        start env; wait_for 'grep -q future /run/err'; end; grep -c "from the future" /run/err; cat /run/ran 2>/dev/null
        """)
      #expect(ended.stdout == "1\n", "\(ended.stdout)\(ended.stderr)")
    }

    /// Else the slot would run again after the next start.
    @Test func theEndWaitsForAStamp() throws {
      let ended = try Self.inside(
        """
        printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo $$TRIGGER_TIMER_REALTIME_USEC > /run/at; kill -TERM $$PPID"\\n' > /run/units/a.service
        printf '[X-Apus]\\nSchedule=*:*:*\\nPersistent=yes\\n' >> /run/units/a.service
        for i in 1 2 3; do
          start env; wait $pid; [ $(stat -c %.6Y $stamps/stamp-a.service | tr -d .) = $(cat /run/at) ] && echo same
        done
        grep 'cannot keep' /run/err
        """)
      #expect(ended.stdout == "same\nsame\nsame\n", "\(ended.stdout)\(ended.stderr)")
    }

    @Test func aReadOnlyFolderIsSaidOnce() throws {
      let ended = try Self.inside(
        """
        timer a '*:*:*'; timer b '*:*:*'; mkdir -p $stamps; mount -o remount,ro /var/lib
        start env; wait_for '[ $(wc -l < /run/ran) -ge 4 ]' 2>/dev/null; end
        grep -c "cannot keep stamps" /run/err; grep "cannot keep" /run/err
        """)
      #expect(
        ended.stdout.hasPrefix("1\n") && ended.stdout.lowercased().contains("read-only file system"), "\(ended.stdout)\(ended.stderr)")
    }

    /// The real files: what faces read, they read as PID 1 does.
    @Test func aLocalTimeThatIsBroken() throws {
      let ended = try Self.inside(
        """
        unset TZ; printf '[Timer]\\nOnCalendar=daily\\n' > /run/units/a.timer; job a
        look() { $apus calendar --base-time=@0 daily 2>&1 | grep -E 'Next|cannot' | cut -c 1-61; $apus check /run/units 2>&1 | cut -c 1-82; }
        for what in /nowhere /usr/share/zoneinfo/Asia/Tokyo /nowhere/zoneinfo/Etc/UTC; do ln -sfn $what /etc/localtime; look; done
        rm /etc/localtime; echo 'Europe/Berlin' > /etc/localtime; look; rm /etc/localtime; look
        ln -s /nowhere /etc/localtime; start env TZ=UTC0; wait_for '[ -S /run/control.sock ]'
        $apus list-timers a.timer --no-legend 2>&1 >/dev/null | cut -c 1-53; rm /etc/localtime; $apus list-timers a.timer --no-legend 2>&1 | wc -l; end
        """)
      let unknown = "cannot tell the local time: /etc/localtime"
      #expect(
        ended.stdout.split(separator: "\n") == [
          "apus: \(unknown) leads to /no", "/run/units/a.timer: error: \(unknown) leads to /no",
          "    Next elapse: Fri 1970-01-02 00:00:00 JST", "    Next elapse: Fri 1970-01-02 00:00:00 UTC", "apus: \(unknown) is no time z",
          "/run/units/a.timer: error: \(unknown) is no time z", "    Next elapse: Fri 1970-01-02 00:00:00 UTC",
          "apus: times are shown in UTC: /etc/localtime leads to", "1",
        ], "\(ended.stdout)\(ended.stderr)")
    }

    @Test func anotherLocalTime() throws {
      let ended = try Self.inside(
        """
        job a; printf '[Timer]\\nOnTimezoneChange=yes\\n' > /run/units/a.timer
        ln -s /usr/share/zoneinfo/Europe/Berlin /etc/localtime
        start env -u TZ; wait_for '$apus show a.timer 2>/dev/null | grep -q SubState=elapsed'
        ln -s /usr/share/zoneinfo/Asia/Tokyo /etc/new; mv -T /etc/new /etc/localtime
        wait_for '[ -s /run/ran ]'; end; cat /run/ran; grep -c 'time zone has changed' /run/err
        """)
      #expect(ended.stdout == "a\n1\n", "\(ended.stdout)\(ended.stderr)")
    }
  }
}
