import Foundation
import Testing

extension SystemTests {
  /// Periodic commands by the running binary; the finer points are the simulator's.
  @Suite struct Timers {
    /// The times, in milliseconds, that a job wrote down.
    private func stamps(_ box: Sandbox, _ name: String) -> [Double] { box.lines(name).compactMap { Double($0).map { $0 * 1000 } } }

    private func stamp(_ box: Sandbox, _ name: String, then more: String = "") -> String {
      Units.shell("date +%s.%N >> \(box.path(name)); \(more)", "Type=oneshot")
    }

    @Test func onActiveSecAndOnUnitActiveSec() throws {
      try sandboxed { box in
        try box.write("units/tick.timer", "[Timer]\nOnActiveSec=100ms\nOnUnitActiveSec=200ms\n")
        try box.write("units/tick.service", stamp(box, "tick"))
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("six runs") { box.lines("tick").count >= 6 }
        let times = stamps(box, "tick")
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(abs(gaps.sorted()[gaps.count / 2] - 200) < 60, "\(times)")
      }
    }

    @Test func onUnitInactiveSecCountsFromTheEnd() throws {
      try sandboxed { box in
        try box.write("units/tick.timer", "[Timer]\nOnActiveSec=0\nOnUnitInactiveSec=200ms\n")
        try box.write("units/tick.service", stamp(box, "tick", then: "sleep 0.2"))
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("four runs") { box.lines("tick").count >= 4 }
        let times = stamps(box, "tick")
        for (one, next) in zip(times, times.dropFirst()) { #expect(next - one > 395 && next - one < 5000, "\(times)") }
      }
    }

    @Test func afterAndReboot() throws {
      try sandboxed { box in
        try box.write("units/after.service", stamp(box, "after", then: "sleep 0.2").appending("[X-Apus]\nSchedule=after 200ms\n"))
        try box.write("units/once.service", stamp(box, "once").appending("[X-Apus]\nSchedule=@reboot\n"))
        _ = try box.run(wrapper: Machine.undisturbed)
        try eventually("four runs") { box.lines("after").count >= 4 }
        let times = stamps(box, "after")
        for (one, next) in zip(times, times.dropFirst()) { #expect(next - one > 395 && next - one < 5000, "\(times)") }
        #expect(box.lines("once").count == 1)
      }
    }

    @Test(arguments: ["skip", "queue", "replace", "parallel"]) func overlap(_ policy: String) throws {
      try sandboxed { box in
        let log = box.path("log")
        let script = "echo begin >> \(log); sleep 0.5; echo end >> \(log)"
        try box.write(
          "units/job.service", Units.shell(script, "Type=oneshot").appending("[X-Apus]\nSchedule=every 200ms\nOverlap=\(policy)\n"))
        let apus = try box.run(wrapper: Machine.undisturbed)
        try eventually("ten lines: \(box.lines("log"))") { box.lines("log").count >= 10 }
        let log10 = Array(box.lines("log").prefix(10))
        var open = 0
        var most = 0
        for line in log10 {
          open += line == "begin" ? 1 : -1
          most = max(most, open)
        }
        switch policy {
        case "skip":
          #expect(most == 1)
          let skips = apus.process.stderr.split(separator: "\n").filter { $0.contains("skipped, ") }.count
          #expect(
            skips > 0 && skips <= box.lines("log").filter { $0 == "begin" }.count, "a row of skips is said once: \(apus.process.stderr)")
          let timers = try apus.client(["list-timers", "-o", "json"]).stdout
          #expect(timers.firstMatch(of: /"Skipped": ?[1-9]/) != nil, "\(timers)")
        case "queue": #expect(most == 1 && log10.contains("end"))
        case "replace": #expect(!log10.contains("end"), "\(log10)")
        default: #expect(most >= 2 && most <= 4, "\(log10)")
        }
      }
    }
  }
}
