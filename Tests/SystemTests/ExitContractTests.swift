import Foundation
import Testing

extension SystemTests {
  /// The rows of the exit contract, from the top; the last line on stderr says which row it was, and which unit.
  @Suite struct ExitContract {
    struct Case: CustomTestStringConvertible {
      var row: String
      var status: Int32
      /// What the last line has to name.
      var names: [String]
      var units: [String: String] = [:]
      var arguments: [String] = []
      /// SIGTERM as soon as this unit is active.
      var stopOnce: String?
      var testDescription: String { row }
    }

    static let cases: [Case] = [
      Case(row: "COMMAND not found", status: 127, names: ["/nowhere/command"], units: keep, arguments: ["--", "/nowhere/command"]),
      Case(row: "COMMAND not in PATH", status: 127, names: ["no-such-command"], units: keep, arguments: ["--", "no-such-command"]),
      Case(row: "COMMAND not executable", status: 126, names: ["/etc/passwd"], units: keep, arguments: ["--", "/etc/passwd"]),
      Case(row: "COMMAND is a folder", status: 126, names: ["/etc"], units: keep, arguments: ["--", "/etc"]),
      Case(row: "COMMAND ended", status: 9, names: ["9"], units: keep, arguments: ["--", "/bin/sh", "-c", "exit 9"]),
      Case(row: "COMMAND ended with 0", status: 0, names: [], units: keep, arguments: ["--", "/bin/true"]),
      Case(row: "COMMAND killed", status: 137, names: ["KILL"], units: keep, arguments: ["--", "/bin/sh", "-c", "kill -KILL $$"]),
      Case(
        row: "COMMAND ended when a stop was asked for", status: 7, names: ["7"], units: keep,
        arguments: ["--", "/bin/sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"], stopOnce: "keep.service"),
      Case(
        row: "COMMAND died of the stop", status: 143, names: ["TERM"], units: keep, arguments: ["--", "/bin/sleep", "100"],
        stopOnce: "keep.service"),
      Case(
        row: "SuccessAction, main process's status", status: 0, names: ["job.service"],
        units: ["job.service": Units.service("ExecStart=/bin/true", "Restart=no", more: "[Unit]\nSuccessAction=exit\n")]),
      Case(
        row: "SuccessAction with its own status", status: 23, names: ["job.service"],
        units: [
          "job.service": Units.service(
            "ExecStart=/bin/true", "Restart=no", more: "[Unit]\nSuccessAction=exit\nSuccessActionExitStatus=23\n"),
          "keep.service": Units.longRunning,
        ]),
      Case(
        row: "FailureAction, main process's status", status: 41, names: ["main.service"],
        units: [
          "main.service": Units.shell("exit 41", "Restart=no", more: "[Unit]\nFailureAction=exit\n"), "keep.service": Units.longRunning,
        ]),
      Case(
        row: "FailureAction with its own status", status: 24, names: ["main.service"],
        units: [
          "main.service": Units.shell("exit 41", "Restart=no", more: "[Unit]\nFailureAction=exit\nFailureActionExitStatus=24\n")
        ]),
      Case(
        row: "FailureAction, main process killed", status: 137, names: ["main.service"],
        units: ["main.service": Units.shell("kill -KILL $$", "Restart=no", more: "[Unit]\nFailureAction=exit\n")]),
      Case(
        row: "FailureAction=poweroff means exit", status: 5, names: ["main.service"],
        units: ["main.service": Units.shell("exit 5", "Restart=no", more: "[Unit]\nFailureAction=poweroff\n")]),
      Case(
        row: "FailureAction=exit-force, at once", status: 6, names: ["main.service"],
        units: [
          "main.service": Units.shell("exit 6", "Restart=no", more: "[Unit]\nFailureAction=exit-force\n"),
          "stubborn.service": Units.shell("trap '' TERM; while :; do sleep 0.1; done", "TimeoutStopSec=30"),
        ]),
      Case(
        row: "stop asked for, somebody killed at the timeout", status: 1, names: ["stubborn.service"],
        units: [
          "stubborn.service": Units.shell("trap '' TERM; touch ready; while :; do sleep 0.1; done", "TimeoutStopSec=300ms"),
          "keep.service": Units.longRunning,
        ], stopOnce: "stubborn.service"),
      Case(row: "stop asked for, all stopped in time", status: 0, names: ["SIGTERM"], units: keep, stopOnce: "keep.service"),
      Case(
        row: "nothing left, all succeeded", status: 0, names: [],
        units: ["a.service": Units.shell("exit 0", "Type=oneshot"), "b.service": Units.shell("exit 0", "Restart=no")]),
      Case(
        row: "nothing left, some failed", status: 1, names: ["b.service"],
        units: ["a.service": Units.shell("exit 0", "Type=oneshot"), "b.service": Units.shell("exit 4", "Restart=no")]),
      Case(
        row: "nothing left: active (exited) does not count", status: 0, names: [],
        units: ["a.service": Units.shell("exit 0", "Type=oneshot", "RemainAfterExit=yes")]),
      Case(
        row: "--fail-fast", status: 33, names: ["bad.service"],
        units: ["bad.service": Units.shell("exit 33", "Type=oneshot"), "keep.service": Units.longRunning], arguments: ["--fail-fast"]),
    ]

    static let keep = ["keep.service": Units.longRunning]

    @Test(arguments: cases) func row(_ test: Case) throws {
      try sandboxed { box in
        for (name, text) in test.units { try box.write("units/\(name)", text.replacing("touch ready", with: "touch \(box.path("ready"))")) }
        // Options stand before the folder, COMMAND behind it.
        let options = test.arguments.first == "--" ? [] : test.arguments
        let command = test.arguments.first == "--" ? test.arguments : []
        let apus = try box.apus(["run"] + options + [box.path("units")] + command)
        if let unit = test.stopOnce {
          try apus.waitUntilReady()
          try apus.wait(for: unit, toBe: "active")
          if test.units[unit]?.contains("touch ready") == true { try eventually("the trap") { access(box.path("ready"), F_OK) == 0 } }
          if let program = command.dropFirst().first {
            try eventually("COMMAND") { Processes.inNamespace(of: try apus.pid()).contains { $0.command.first == program } }
          }
          try apus.send(SIGTERM)
        }
        #expect(try apus.waitForEnd() == test.status, "\(apus.process.stderr)")
        for name in test.names { #expect(apus.lastWord.contains(name), "the last line is: \(apus.lastWord)") }
        #expect(!apus.lastWord.isEmpty, "nothing was said at the end")
      }
    }

    @Test(arguments: [
      ["run"], ["run", "--no-such-option", "x"], ["--no-such-option"], ["no-such-face"], ["status", "--no-such-option"],
      ["run", "--containment=maybe", "x"], ["run", "--stop-timeout=soon", "x"], ["--"],
    ])
    func badCommandLine(_ arguments: [String]) throws {
      try sandboxed { box in
        // As PID 1 `apus` alone would boot; these are mistakes anywhere.
        let apus = try box.apus(arguments, asInit: false)
        #expect(try apus.waitForEnd() == 64, "\(apus.process.stderr)")
        #expect(!apus.process.stderr.isEmpty)
      }
    }

    @Test func badUnitFileAtBoot() throws {
      try sandboxed { box in
        try box.write("units/web.service", "[Service]\nExecStart=/bin/sleep 100\nRestrat=always\n")
        try box.write("units/good.service", Units.shell("touch \(box.path("ran"))"))
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 78)
        #expect(apus.process.stderr.contains("web.service:3:1: error: "), "\(apus.process.stderr)")
        #expect(apus.process.stderr.contains("Restart="), "no hint: \(apus.process.stderr)")
        #expect(access(box.path("ran"), F_OK) != 0, "a service ran beside a bad file")
      }
    }

    @Test(arguments: [nil, 0, 17, 255] as [Int32?]) func exitByRequest(_ status: Int32?) throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        let asked = try apus.client(["exit"] + (status.map { ["\($0)"] } ?? []))
        #expect(asked.status == 0, "\(asked.stderr)")
        #expect(try apus.waitForEnd() == status ?? 0, "\(apus.process.stderr)")
      }
    }

    @Test func stayOutlivesEverything() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.shell("exit 0", "Type=oneshot"))
        let apus = try box.run(options: ["--stay"])
        try apus.wait(for: "a.service", toBe: "inactive")
        let answer = try apus.client(["start", "a.service"])
        #expect(answer.status == 0, "\(answer.stderr)")
        #expect(!apus.process.hasEnded)
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
      }
    }

    /// What a client stops is wanted to be down: that is no reason to leave at that moment.
    @Test func aStopByTheClientIsNoEndOfTheRun() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        #expect(try apus.client(["stop", "keep.service"]).status == 0)
        #expect(try apus.client(["start", "keep.service"]).status == 0)
        try apus.wait(for: "keep.service", toBe: "active")
      }
    }

    /// apus itself cannot go on: it may open nothing.
    @Test func apusItselfFailed() throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.apus(["run", box.path("units")], wrapper: ["prlimit", "--nofile=4:4"])
        #expect(try apus.waitForEnd() == 70, "\(apus.process.stderr)")
        #expect(!apus.process.stderr.isEmpty)
      }
    }

    @Test func stopTimeoutCapsTheSum() throws {
      try sandboxed { box in
        for name in ["a", "b", "c"] {
          // One behind the other: without a cap the stop takes three times 20 s.
          let after = name == "a" ? "" : "[Unit]\nAfter=\(name == "b" ? "a" : "b").service\n"
          let script = "trap '' TERM; touch \(box.path(name)); while :; do sleep 0.1; done"
          try box.write("units/\(name).service", Units.shell(script, "TimeoutStopSec=20", more: after))
        }
        let apus = try box.run(options: ["--stop-timeout=1s"])
        try eventually("the traps") { ["a", "b", "c"].allSatisfy { access(box.path($0), F_OK) == 0 } }
        let start = monotonic()
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 1)
        #expect(monotonic() - start < 15)
      }
    }

    /// The tini face: nothing is said unless apus caused the end.
    @Test func theTiniFace() throws {
      try sandboxed { box in
        for (command, status) in [(["/bin/true"], 0), (["/bin/sh", "-c", "exit 3"], 3)] as [([String], Int32)] {
          let apus = try box.apus(["--"] + command, control: false)
          #expect(try apus.waitForEnd() == status)
          #expect(apus.process.stderr == "")
        }
        for (command, status) in [("/nowhere/command", 127), ("/etc/passwd", 126)] as [(String, Int32)] {
          let apus = try box.apus(["--", command], control: false)
          #expect(try apus.waitForEnd() == status)
          #expect(apus.process.stderr.contains(command))
        }
      }
    }
  }
}
