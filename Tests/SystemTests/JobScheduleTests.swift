import Foundation
import Testing

extension SystemTests {
  /// Retries, late slots, histories, and what moves a slot: by the running binary.
  @Suite struct JobSchedules {
    /// Restart=on-failure tries a slot's run again, and the next slot begins anew.
    @Test func retriesEndWithTheNextSlot() throws {
      try sandboxed { box in
        let script = "echo $TRIGGER_ATTEMPT $TRIGGER_SCHEDULED_USEC >> \(box.path("log")); exit 1"
        try box.write(
          "units/job.service",
          Units.shell(script, "Type=oneshot", "Restart=on-failure", "RestartSec=150ms").appending(
            "[X-Apus]\nSchedule=*:*:0/2\nOverlap=skip\n"))
        let apus = try box.run(wrapper: Machine.undisturbed)
        func attempts() -> [(attempt: Int, slot: Int)] {
          box.lines("log").compactMap { line in
            let words = line.split(separator: " ").compactMap { Int($0) }
            return words.count == 2 ? (words[0], words[1]) : nil
          }
        }
        // A first attempt that follows a second one is that of another slot.
        try eventually("two slots, one of them tried twice: \(box.lines("log"))") {
          let seen = attempts()
          return zip(seen, seen.dropFirst()).contains { $0.attempt > 1 && $1.attempt == 1 && $1.slot > $0.slot }
        }
        let seen = attempts()
        for (one, next) in zip(seen, seen.dropFirst()) {
          let isRetry = next.slot == one.slot && next.attempt == one.attempt + 1
          #expect(isRetry || (next.slot > one.slot && next.attempt == 1), "\(box.lines("log"))")
        }
        let shown = try apus.client(["show", "job.service", "-o", "json"]).stdout
        #expect(shown.contains("\"Result\":\"exit-code\"") && shown.firstMatch(of: /"Attempts":([2-9]|\d\d)/) != nil, "\(shown)")
        #expect(try apus.client(["status", "job.service"]).stdout.contains("exit-code after"))
      }
    }

    /// Of each job the last ten are kept.
    @Test func tenRunsAreKept() throws {
      try sandboxed { box in
        try box.write(
          "units/job.service", Units.shell("echo x >> \(box.path("log"))", "Type=oneshot").appending("[X-Apus]\nSchedule=every 50ms\n"))
        let apus = try box.run(wrapper: Machine.undisturbed)
        try eventually("fifteen runs") { box.lines("log").count >= 15 }
        let runs = try apus.client(["show", "job.service", "-p", "Run"]).stdout.split(separator: "\n")
        #expect(runs.count == 10 && runs.allSatisfy { $0.hasPrefix("Run={ scheduled=") }, "\(runs)")
      }
    }

    /// apus is frozen over some slots: one run catches up, the others are counted; none with StartingDeadlineSec= of less than
    /// what the last slot is late.
    @Test(arguments: [false, true]) func slotsThatPassedWhileApusWasFrozen(hasDeadline: Bool) throws {
      try sandboxed { box in
        try box.write(
          "units/job.service",
          Units.shell("echo $TRIGGER_SCHEDULED_USEC >> \(box.path("log"))", "Type=oneshot").appending(
            "[X-Apus]\nSchedule=*:*:*\n" + (hasDeadline ? "StartingDeadlineSec=1us\n" : "")))
        let apus = try box.run(wrapper: Machine.undisturbed)
        // With so short a deadline it is chance whether a slot is run.
        if !hasDeadline { try eventually("a run") { !box.lines("log").isEmpty } }
        try apus.send(SIGSTOP)
        observe(for: 3.3)
        try apus.send(SIGCONT)
        let said = hasDeadline ? "not run, older than StartingDeadlineSec=" : "skipped, passed before apus was awake"
        try eventually("\(said); stderr: \(apus.process.stderr)") { apus.process.stderr.contains(said) }
        #expect(try apus.client(["status", "job.service"]).stdout.contains(" missed"))
        let slots = box.lines("log")
        #expect(Set(slots).count == slots.count, "a slot ran twice: \(slots)")
      }
    }

    /// What is drawn for a slot is drawn once, over restarts of apus too.
    @Test(arguments: ["RandomizedDelaySec=1h", "RandomizedDelaySec=1h\nFixedRandomDelay=yes", "RandomizedOffsetSec=1h"])
    func aSlotIsMovedAlikeAfterARestart(setting: String) throws {
      try sandboxed { box in
        try box.write("units/far.timer", "[Timer]\nOnCalendar=2190-01-01 00:00:00 UTC\n\(setting)\n")
        try box.write("units/far.service", Units.shell("true", "Type=oneshot"))
        var seen: [Int] = []
        for _ in 0..<2 {
          let apus = try box.run()
          let shown = try apus.client(["show", "far.timer", "-o", "json"]).stdout
          let match = try #require(shown.firstMatch(of: /"NextElapseUSecRealtime":(\d+)/), "\(shown)")
          seen.append(try #require(Int(match.1)))
          try apus.send(SIGTERM)
          _ = try apus.waitForEnd()
        }
        let slot = 6_942_585_600_000_000
        #expect(seen[0] == seen[1], "drawn anew: \(seen)")
        #expect(seen[0] > slot && seen[0] < slot + 3_600_000_000, "\(seen)")
      }
    }

    /// RemainAfterElapse=no: a timer that has nothing to come is over; the others stay.
    @Test func whatBecomesOfATimerThatElapsed() throws {
      try sandboxed { box in
        for (name, more) in [("stays", ""), ("goes", "RemainAfterElapse=no\n")] {
          try box.write("units/\(name).timer", "[Timer]\nOnActiveSec=50ms\n\(more)")
          try box.write("units/\(name).service", Units.shell("echo \(name) >> \(box.path("log"))", "Type=oneshot"))
        }
        let apus = try box.run(options: ["--stay"])
        try eventually("both") { box.lines("log").count == 2 }
        try apus.wait(for: "goes.timer", toBe: "inactive")
        #expect(try apus.property("ActiveState", of: "stays.timer") == "active")
        #expect(try apus.property("SubState", of: "stays.timer") == "elapsed")
      }
    }

    /// DeferReactivation=: what came due during the run is not made up at its end, but waits for the next slot.
    @Test func deferredReactivation() throws {
      try sandboxed { box in
        try box.write("units/job.timer", "[Timer]\nOnCalendar=*:*:*\nDeferReactivation=yes\n[X-Apus]\nOverlap=queue\n")
        try box.write("units/job.service", Units.shell("echo $TRIGGER_SCHEDULED_USEC >> \(box.path("log")); sleep 1.2", "Type=oneshot"))
        let apus = try box.run(wrapper: Machine.undisturbed)
        try eventually("three runs: \(box.lines("log"))") { box.lines("log").count >= 3 }
        let slots = box.lines("log").compactMap { Int($0) }
        for (one, next) in zip(slots, slots.dropFirst()) { #expect(next - one >= 2_000_000, "\(slots)") }
        #expect(try apus.property("DeferReactivation", of: "job.timer") == "yes")
      }
    }
  }
}
