import Foundation
import Testing

extension SystemTests {
  /// Every cell of the signal table: three faces × the rows.
  @Suite struct SignalTable {
    static let stops: [Int32] = [SIGTERM, SIGINT, SIGQUIT, SIGPWR, 34 + 3]
    /// All others, without those that nobody can catch, SIGCHLD, and those that mean a fault of apus itself.
    static let others: [Int32] = (1...64).filter {
      ![SIGKILL, SIGSTOP, SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, 32, 33].contains($0)
        && !stops.contains($0)
    }

    // MARK: run PATH

    @Test(arguments: stops) func runStops(_ signal: Int32) throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.service("ExecStart=\(try Tools.path("witness")) \(box.path("log")) keep"))
        let apus = try box.run()
        try eventually("the service") { box.read("log").contains("keep start") }
        try apus.send(signal)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
        #expect(box.lines("log").contains("keep signal 15"))
      }
    }

    @Test func runAppliesOnHangup() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        try apus.wait(for: "keep.service", toBe: "active")
        try box.write("units/new.service", Units.longRunning)
        try apus.send(SIGHUP)
        try apus.wait(for: "new.service", toBe: "active")
      }
    }

    /// The terminal goes away: nobody sent that SIGHUP, and there is nobody left to serve.
    @Test func runStopsWhenItsTerminalHangsUp() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.service("ExecStart=\(try Tools.path("witness")) \(box.path("log")) keep"))
        let terminal = try Terminal()
        let apus = try box.apus(["run", box.path("units")], asInit: false, terminal: terminal.path)
        try eventually("the service") {
          _ = terminal.read()
          return box.read("log").contains("keep start")
        }
        terminal.hangUp()
        #expect(try apus.waitForEnd() == 0)
        #expect(box.lines("log").contains("keep signal 15"))
      }
    }

    @Test func runShowsItsStatusOnUser1() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        try apus.wait(for: "keep.service", toBe: "active")
        let before = apus.process.stderr.count
        try apus.send(SIGUSR1)
        try eventually("the table; stderr: \(apus.process.stderr)") {
          let said = apus.process.stderr.dropFirst(before)
          return said.contains("keep.service") && said.contains("active")
        }
        #expect(apus.process.stdout == "", "the table belongs to stderr")
      }
    }

    @Test func runIgnoresTheOthers() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.service("ExecStart=\(try Tools.path("witness")) \(box.path("log")) keep"))
        let apus = try box.run()
        try eventually("the service") { box.read("log").contains("keep start") }
        let pid = try apus.mainPid(of: "keep.service")
        for signal in Self.others + [SIGUSR2] { try apus.send(signal) }
        #expect(try apus.client(["status", "keep.service"]).status == 0)
        #expect(try apus.mainPid(of: "keep.service") == pid)
        #expect(box.lines("log").count == 1, "the service saw \(box.lines("log"))")
      }
    }

    // MARK: run PATH -- COMMAND

    @Test(arguments: stops) func besideACommandItStopsThatFirst(_ signal: Int32) throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write("units/keep.service", Units.service("ExecStart=\(witness) \(box.path("log")) keep"))
        let apus = try box.apus(["run", box.path("units"), "--", witness, box.path("log"), "command", "exit", "3"])
        try apus.waitUntilReady()
        try eventually("both") { box.read("log").contains("keep start") && box.read("log").contains("command start") }
        try apus.send(signal)
        #expect(try apus.waitForEnd() == 3, "\(apus.process.stderr)")
        let log = box.lines("log")
        guard let command = log.firstIndex(where: { $0.hasPrefix("command signal") }), let keep = log.firstIndex(of: "keep signal 15")
        else {
          Issue.record("not both were stopped: \(log)")
          return
        }
        #expect(command < keep, "\(log)")
      }
    }

    @Test func besideACommandHangupApplies() throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.apus(["run", box.path("units"), "--", witness, box.path("log"), "command", "ignore"])
        try apus.waitUntilReady()
        try eventually("COMMAND") { box.read("log").contains("command start") }
        try box.write("units/new.service", Units.longRunning)
        try apus.send(SIGHUP)
        try apus.wait(for: "new.service", toBe: "active")
        #expect(!box.lines("log").contains("command signal 1"))
        try end(apus, in: box)
      }
    }

    @Test func besideACommandAHungUpTerminalStops() throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write("units/keep.service", Units.service("ExecStart=\(witness) \(box.path("log")) keep"))
        let terminal = try Terminal()
        let apus = try box.apus(
          ["run", box.path("units"), "--", witness, box.path("log"), "command", "exit", "3"], asInit: false, terminal: terminal.path)
        try eventually("both") {
          _ = terminal.read()
          return box.read("log").contains("keep start") && box.read("log").contains("command start")
        }
        terminal.hangUp()
        #expect(try apus.waitForEnd() == 3)
        #expect(box.lines("log").contains("keep signal 15"))
      }
    }

    @Test func besideACommandTheOthersAreForwarded() throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write("units/keep.service", Units.service("ExecStart=\(witness) \(box.path("log")) keep"))
        let apus = try box.apus(["run", box.path("units"), "--", witness, box.path("log"), "command", "ignore"])
        try apus.waitUntilReady()
        try eventually("both") { box.read("log").contains("keep start") && box.read("log").contains("command start") }
        try forwarded(Self.others + [SIGUSR1, SIGUSR2], by: apus, to: "command", in: box)
        #expect(!box.lines("log").contains { $0.hasPrefix("keep signal") })
        try end(apus, in: box)
      }
    }

    // MARK: -- COMMAND

    @Test func theTiniFaceForwardsAll() throws {
      try sandboxed { box in
        let apus = try box.apus(["--", try Tools.path("witness"), box.path("log"), "command", "ignore"], control: false)
        try eventually("COMMAND") { box.read("log").contains("command start") }
        try forwarded(Self.others + Self.stops + [SIGHUP, SIGUSR1, SIGUSR2], by: apus, to: "command", in: box)
        #expect(apus.process.stderr == "")
        try end(apus, in: box)
      }
    }

    @Test func theTiniFaceForwardsAHangUp() throws {
      try sandboxed { box in
        let terminal = try Terminal()
        let apus = try box.apus(
          ["--", try Tools.path("witness"), box.path("log"), "command", "exit", "4"], asInit: false, control: false, terminal: terminal.path
        )
        try eventually("COMMAND") { box.read("log").contains("command start") }
        terminal.hangUp()
        #expect(try apus.waitForEnd() == 4)
        #expect(box.lines("log").contains("command signal 1"))
      }
    }

    /// With --group the whole group of COMMAND gets the signal.
    @Test(arguments: [false, true]) func forwardingToTheGroup(_ group: Bool) throws {
      try sandboxed { box in
        let witness = [try Tools.path("witness"), box.path("log"), "command", "ignore", "child", "child"]
        let apus = try box.apus((group ? ["--group"] : []) + ["--"] + witness, control: false)
        try eventually("both") { box.read("log").contains("command start") && box.read("log").contains("child start") }
        try apus.send(SIGUSR1)
        try eventually("the signal") { box.lines("log").contains("command signal 10") }
        if group {
          try eventually("the child's signal") { box.lines("log").contains("child signal 10") }
        } else {
          observe(for: 0.2)
          #expect(!box.lines("log").contains("child signal 10"))
        }
        try end(apus, in: box)
      }
    }

    /// A COMMAND that ignores everything is killed; apus ends with it.
    private func end(_ apus: Supervisor, in box: Sandbox) throws {
      // Its child first, if it has one: the tini face leaves that to the end of the namespace.
      for name in ["child", "command"] {
        guard let line = box.lines("log").first(where: { $0.hasPrefix("\(name) start ") }) else { continue }
        let inner = try #require(line.split(separator: " ").last.flatMap { pid_t($0) })
        kill(try #require(try apus.outerPid(inner)), SIGKILL)
      }
      #expect(try apus.waitForEnd() == 137)
    }

    private func forwarded(_ signals: [Int32], by apus: Supervisor, to name: String, in box: Sandbox) throws {
      for signal in signals {
        try apus.send(signal)
        try eventually("\(name) to get signal \(signal); it has \(box.lines("log").suffix(3))") {
          box.lines("log").contains("\(name) signal \(signal)")
        }
      }
    }

    // MARK: The second and the third stop signal

    private func stubborn(_ box: Sandbox, timeout: String) throws -> Supervisor {
      let ignoring = Units.service(
        "ExecStart=\(try Tools.path("witness")) \(box.path("log")) stubborn ignore", "TimeoutStopSec=\(timeout)")
      try box.write("units/stubborn.service", ignoring)
      let apus = try box.run(wrapper: Machine.undisturbed)
      try eventually("the service") { box.read("log").contains("stubborn start") }
      return apus
    }

    /// Wrappers relay Ctrl-C twice: two within half a second are one.
    @Test func twoWithinHalfASecondCountOnce() throws {
      try sandboxed { box in
        let apus = try stubborn(box, timeout: "2500ms")
        let start = monotonic()
        for _ in 0..<3 {
          try apus.send(SIGINT)
          poll(nil, 0, 100)
        }
        #expect(try apus.waitForEnd() == 1)
        let took = monotonic() - start
        #expect(took > 2.2, "it hurried after \(took) s")
      }
    }

    @Test func aSecondHurries() throws {
      try sandboxed { box in
        let apus = try stubborn(box, timeout: "60s")
        try apus.send(SIGTERM)
        observe(for: 0.7)
        #expect(!apus.process.hasEnded)
        let second = monotonic()
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 1)
        let took = monotonic() - second
        #expect(took > 0.3 && took < 20, "a timeout of 1 s took \(took) s")
      }
    }

    @Test func aThirdKills() throws {
      try sandboxed { box in
        let apus = try stubborn(box, timeout: "60s")
        try apus.send(SIGTERM)
        observe(for: 0.6)
        let second = monotonic()
        try apus.send(SIGTERM)
        observe(for: 0.6)
        // On a busy machine the second's own second may be over by now.
        #expect(!apus.process.hasEnded || monotonic() - second > 0.9)
        if !apus.process.hasEnded { try apus.send(SIGTERM) }
        #expect(try apus.waitForEnd() == 1)
        #expect(apus.process.stderr.contains("killing everything that is left"), "\(apus.process.stderr)")
      }
    }
  }
}
