import Foundation
import Testing

extension SystemTests {
  /// Nobody reads what apus and its services write: PID 1 goes on.
  @Suite struct StuckOutput {
    private func fill(_ box: Sandbox) throws {
      // One that writes for ever and soon stands still, one that dies and comes back, and a job.
      try box.write("units/talker.service", Units.service("ExecStart=/usr/bin/yes a line that nobody reads"))
      let log = box.path("log")
      try box.write("units/flaky.service", Units.shell("echo flaky >> \(log); kill -KILL $$", "RestartSec=20ms", "StandardOutput=null"))
      try box.write(
        "units/job.service",
        Units.shell("echo job >> \(log)", "Type=oneshot", "StandardOutput=null").appending("[X-Apus]\nSchedule=every 50ms\n"))
    }

    private func expectAlive(_ apus: Supervisor, _ box: Sandbox) throws {
      // More than the ring and the pipe hold is said by apus meanwhile.
      let before = box.lines("log")
      try eventually("ten more restarts and jobs; log: \(box.lines("log").suffix(3))", within: 30) {
        let now = box.lines("log").dropFirst(before.count)
        return now.filter { $0 == "flaky" }.count >= 10 && now.filter { $0 == "job" }.count >= 10
      }
      let status = try apus.client(["status", "talker.service"])
      #expect(status.status == 0 && status.seconds < 10, "\(status)")
      let stopped = try apus.client(["stop", "talker.service"])
      #expect(stopped.status == 0 && stopped.seconds < 20, "\(stopped)")
    }

    @Test func aStoppedReader() throws {
      try sandboxed { box in
        try fill(box)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in ends where end >= 0 { close(end) } }
        // The smallest pipe there is, full from the start.
        _ = fcntl(ends[1], 1031, 4096)
        let apus = try box.apus(["run", box.path("units")], stdout: .given(ends[1]), stderr: .given(ends[1]))
        try apus.waitUntilReady()
        try expectAlive(apus, box)
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
      }
    }

    @Test func aStoppedTerminal() throws {
      try sandboxed { box in
        try fill(box)
        let terminal = try Terminal()
        let apus = try box.apus(["run", box.path("units")], terminal: terminal.path)
        try apus.waitUntilReady()
        try expectAlive(apus, box)
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
      }
    }

    /// What could not be written is dropped, and counted where it can be read again.
    @Test func droppedMessagesAreCounted() throws {
      try sandboxed { box in
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], 1031, 4096)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        defer { for end in ends where end >= 0 { close(end) } }
        // Each line of SIGUSR1's table says a unit: a hundred tables of a hundred units are more than ring and pipe hold.
        for number in 0..<100 { try box.write("units/s\(number).timer", "[Timer]\nOnActiveSec=1d\nUnit=target.service\n") }
        try box.write("units/target.service", Units.longRunning)
        let apus = try box.apus(["run", box.path("units")], stderr: .given(ends[1]))
        try apus.waitUntilReady()
        for _ in 0..<100 {
          try apus.send(SIGUSR1)
          #expect(try apus.client(["status", "s1.timer"]).status != 4)
        }
        var text = ""
        var block = [UInt8](repeating: 0, count: 65536)
        try eventually("the count of dropped messages in: \(text.suffix(500))") {
          while case let count = read(ends[0], &block, block.count), count > 0 { text += String(decoding: block[..<count], as: UTF8.self) }
          return text.contains("dropped")
        }
        #expect(text.firstMatch(of: /[1-9][0-9]* .*dropped|dropped [1-9][0-9]*/) != nil)
      }
    }
  }
}
