import Foundation
import Testing

extension SystemTests {
  /// The stop and KillMode table: who gets which signal, and who is left.
  @Suite struct KillModes {
    /// A main process and a child in it, who write down what they get.
    struct Case: CustomTestStringConvertible {
      var name: String
      var lines: [String]
      /// Words for the main witness, `child NAME` (the same nature) or `stray NAME` (obeys always) among them.
      var nature: String
      /// The signals in order, main's and the child's.
      var main: [Int32]
      var child: [Int32]
      var childIsLeft = false
      var mainIsLeft = false
      var state = "inactive"
      var result = "success"
      /// Seconds that the stop takes, at least and at most.
      var takes: ClosedRange<Double> = 0...30
      var testDescription: String { name }
    }

    static let short = "TimeoutStopSec=500ms"
    static let cases: [Case] = [
      Case(name: "control-group, both obey", lines: ["KillMode=control-group"], nature: "child child", main: [15], child: [15]),
      Case(name: "the default is control-group", lines: [], nature: "child child", main: [15], child: [15]),
      Case(
        name: "control-group, nobody obeys", lines: [short], nature: "ignore child child", main: [15, 18], child: [15, 18],
        state: "failed", result: "timeout", takes: 0.4...30),
      Case(
        name: "control-group, the child does not obey: once more, then killed", lines: ["TimeoutStopSec=1500ms"],
        nature: "late obstinate child",
        main: [15], child: [15, 18, 15, 18], state: "failed", result: "timeout", takes: 1.4...30),
      Case(name: "mixed, both obey: the child is killed", lines: ["KillMode=mixed"], nature: "child child", main: [15], child: []),
      Case(
        name: "mixed, the main process does not obey", lines: ["KillMode=mixed", short], nature: "ignore child child", main: [15, 18],
        child: [], state: "failed", result: "timeout", takes: 0.4...30),
      Case(
        name: "process, both obey: the child is left", lines: ["KillMode=process"], nature: "child child", main: [15], child: [],
        childIsLeft: true),
      Case(
        name: "process, nobody obeys: the child is left", lines: ["KillMode=process", short], nature: "ignore child child",
        main: [15, 18], child: [], childIsLeft: true, state: "failed", result: "timeout", takes: 0.4...30),
      Case(
        name: "none: all are left", lines: ["KillMode=none"], nature: "child child", main: [], child: [], childIsLeft: true,
        mainIsLeft: true),
      Case(
        name: "SendSIGKILL=no: all get it twice and are left", lines: ["SendSIGKILL=no", short], nature: "ignore child child",
        main: [15, 18, 15, 18], child: [15, 18, 15, 18], childIsLeft: true, mainIsLeft: true, state: "failed", result: "timeout",
        takes: 0.4...30),
      Case(
        name: "SendSIGHUP=yes", lines: ["SendSIGHUP=yes", short], nature: "ignore child child", main: [15, 1, 18], child: [15, 1, 18],
        state: "failed", result: "timeout", takes: 0.4...30),
      Case(name: "KillSignal=SIGINT", lines: ["KillSignal=SIGINT"], nature: "child child", main: [2], child: [2]),
      Case(
        name: "FinalKillSignal=SIGABRT", lines: ["FinalKillSignal=SIGABRT", short], nature: "deaf child child", main: [15, 18, 6],
        child: [15, 18, 6], state: "failed", result: "timeout", takes: 0.4...30),
    ]

    @Test(arguments: cases) func cell(_ test: Case) throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write(
          "units/pair.service",
          "[Service]\nExecStart=\(witness) \(box.path("log")) main \(test.nature)\nRestart=no\n" + test.lines.map { $0 + "\n" }.joined())
        let apus = try box.run(options: ["--stay"])
        try eventually("both") { box.read("log").contains("main start") && box.read("log").contains("child start") }
        func pid(_ name: String) throws -> pid_t? {
          let line = box.lines("log").first { $0.hasPrefix("\(name) start") }
          return try line.flatMap { pid_t($0.split(separator: " ")[2]) }.flatMap { try apus.outerPid($0) }
        }
        let main = try pid("main")
        let child = try pid("child")
        let stopped = try apus.client(["stop", "pair.service"])
        #expect(main.map(Processes.isAlive) == test.mainIsLeft, "main")
        #expect(child.map(Processes.isAlive) == test.childIsLeft, "child")
        #expect(test.takes.contains(stopped.seconds), "the stop took \(stopped.seconds) s")
        for (name, expected) in [("main", test.main), ("child", test.child)] {
          let got = box.lines("log").compactMap { line -> Int32? in
            let words = line.split(separator: " ")
            return words[0] == name && words[1] == "signal" ? Int32(words[2]) : nil
          }
          // SIGCONT is merged where two come at once, and lost where the first signal ends the process. Signals that come
          // at once are taken by number, so their order is not seen.
          #expect(got.filter { $0 != 18 }.sorted() == expected.filter { $0 != 18 }.sorted(), "\(name) got \(got)")
          if expected.contains(18) { #expect(got.contains(18), "\(name) got \(got)") }
        }
        #expect(try apus.property("ActiveState", of: "pair.service") == test.state)
        #expect(try apus.property("Result", of: "pair.service") == test.result)
        if test.childIsLeft {
          #expect((stopped.stderr + apus.process.stderr).contains("pair.service"), "what was left is not said")
        }
      }
    }

    /// Type=simple: when the main process is gone the unit stops, and the children go by KillMode.
    @Test(
      arguments: [("control-group", true, [15]), ("mixed", true, []), ("process", false, []), ("none", false, [])]
        as [(String, Bool, [Int32])])
    func theMainProcessEndsByItself(_ mode: String, childIsGone: Bool, signals: [Int32]) throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write(
          "units/pair.service",
          Units.service("ExecStart=\(witness) \(box.path("log")) main child child for 0.5", "KillMode=\(mode)", "Restart=no"))
        let apus = try box.run(options: ["--stay"])
        try eventually("the child") { box.read("log").contains("child start") }
        let inner = box.lines("log").first { $0.hasPrefix("child start") }?.split(separator: " ").last.flatMap { pid_t($0) }
        let child = try inner.flatMap { try apus.outerPid($0) }
        try apus.wait(for: "pair.service", toBe: "inactive")
        // A child that could not be found any more is gone.
        #expect((child.map(Processes.isAlive) ?? false) == !childIsGone)
        #expect(box.lines("log").filter { $0 == "child signal 15" }.count == signals.count)
      }
    }

    /// Order of a stop: ExecStop, the signal, ExecStopPost; services in the reverse order of their start.
    @Test func theOrderOfAStop() throws {
      try sandboxed { box in
        let log = box.path("log")
        for (name, after) in [("a", ""), ("b", "a"), ("c", "b")] {
          let more = after.isEmpty ? "" : "[Unit]\nAfter=\(after).service\n"
          try box.write(
            "units/\(name).service",
            Units.service(
              "ExecStartPre=/bin/sh -c 'echo \(name) pre >> \(log)'", "ExecStart=\(try Tools.path("witness")) \(log) \(name)",
              "ExecStop=/bin/sh -c 'echo \(name) stop >> \(log)'", "ExecStopPost=/bin/sh -c 'echo \(name) post >> \(log)'", more: more))
        }
        let apus = try box.run()
        try eventually("all three") { ["a", "b", "c"].allSatisfy { box.read("log").contains("\($0) start") } }
        let pres = box.lines("log").filter { $0.hasSuffix("pre") }
        #expect(pres == ["a pre", "b pre", "c pre"])
        let count = box.lines("log").count
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0)
        let expected = ["c", "b", "a"].flatMap { ["\($0) stop", "\($0) signal 15", "\($0) post"] }
        #expect(Array(box.lines("log").dropFirst(count)) == expected)
      }
    }

    /// A command that hangs is bounded by the timeout of its state.
    @Test func aHangingExecStop() throws {
      try sandboxed { box in
        try box.write(
          "units/hang.service", Units.service("ExecStart=/bin/sleep 1000", "ExecStop=/bin/sleep 1000", "TimeoutStopSec=300ms"))
        let apus = try box.run(options: ["--stay"])
        try apus.wait(for: "hang.service", toBe: "active")
        let stopped = try apus.client(["stop", "hang.service"])
        #expect(stopped.seconds > 0.25 && stopped.seconds < 30)
        #expect(try apus.property("Result", of: "hang.service") == "timeout")
        #expect(try apus.property("ActiveState", of: "hang.service") == "failed")
      }
    }
  }
}
