import Foundation
import Testing

extension SystemTests {
  /// An idle apus sleeps.
  @Suite struct Idle {
    @Test func noWakeUpInTenSeconds() throws {
      try sandboxed { box in
        for number in 0..<20 { try box.write("units/s\(number).service", Units.longRunning) }
        try box.write("units/tomorrow.timer", "[Timer]\nOnActiveSec=1d\nUnit=later.service\n")
        try box.write("units/later.service", Units.service("Type=oneshot", "ExecStart=/bin/true"))
        try box.write("units/flaky.service", Units.shell("exit 1", "RestartSec=30s"))
        let apus = try box.run()
        try eventually("the backoff") { try apus.property("SubState", of: "flaky.service") == "auto-restart" }
        for number in 0..<20 { try apus.wait(for: "s\(number).service", toBe: "active") }
        let pid = try apus.pid()
        // Half a second after its start it gives back what loading took: the last thing that it does by itself.
        try eventually("a second without a wake-up", within: 30) {
          let earlier = Processes.voluntarySwitches(pid)
          observe(for: 1)
          return Processes.voluntarySwitches(pid) == earlier
        }
        let connection = try Connection(to: apus.control)
        defer { connection.close() }
        let answer = try connection.ask("GET /v1/units/s1.service HTTP/1.1\r\nHost: apus\r\n\r\n")
        #expect(answer.contains("200"), "\(answer)")
        // A connection that asks nothing for 10 s is closed, which is a wake-up: the window ends just before.
        observe(for: 0.1)
        let before = try #require(Processes.voluntarySwitches(pid))
        observe(for: 9.7)
        let after = try #require(Processes.voluntarySwitches(pid))
        #expect(after == before, "\(after - before) wake-ups")
        #expect(try apus.property("SubState", of: "flaky.service") == "auto-restart")
      }
    }
  }
}
