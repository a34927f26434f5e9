import Foundation
import Testing

extension SystemTests {
  /// apus as PID 1 passes on how its command ended, whatever that was.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct ExitStatuses {
    /// Every signal whose default action ends a process; 32 and 33 are glibc's own, and real to the kernel.
    static let terminating: [Int32] = (1...64).filter { ![17, 18, 19, 20, 21, 22, 23, 28].contains($0) }

    /// Runs all cases, sixteen at a time, and returns those whose status was another.
    private func wrong(_ cases: [(arguments: [String], expected: Int32)], in box: Sandbox) throws -> [String] {
      var wrong: [String] = []
      for start in stride(from: 0, to: cases.count, by: 16) {
        let batch = try cases[start..<min(start + 16, cases.count)].map { ($0, try box.apus($0.arguments, control: false)) }
        for ((arguments, expected), apus) in batch {
          let status = try apus.process.waitForEnd(within: 20)
          if status != expected { wrong.append("\(arguments.suffix(2)): \(status), not \(expected); \(apus.process.stderr)") }
          if arguments.first == "--", !apus.process.stderr.isEmpty { wrong.append("\(arguments.suffix(2)) said \(apus.process.stderr)") }
        }
      }
      return wrong
    }

    @Test func all256StatusesOfACommand() throws {
      try sandboxed { box in
        let end = try Tools.path("end")
        let cases = (0..<256).map { (arguments: ["--", end, "exit", "\($0)"], expected: Int32($0)) }
        #expect(try wrong(cases, in: box).isEmpty)
      }
    }

    @Test func everyTerminatingSignalOfACommand() throws {
      try sandboxed { box in
        let end = try Tools.path("end")
        let cases = Self.terminating.map { (arguments: ["--", end, "signal", "\($0)"], expected: 128 + $0) }
        #expect(try wrong(cases, in: box).isEmpty)
      }
    }

    @Test func statusesBesideServices() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        let end = try Tools.path("end")
        var cases = [0, 1, 42, 77, 127, 128, 203, 255].map {
          (arguments: ["run", box.path("units"), "--", end, "exit", "\($0)"], expected: Int32($0))
        }
        cases += [1, 6, 9, 11, 15, 34].map { (arguments: ["run", box.path("units"), "--", end, "signal", "\($0)"], expected: 128 + $0) }
        #expect(try wrong(cases, in: box).isEmpty)
      }
    }

    /// A sample in a container of runc's.
    @Test(.enabled(if: Bundle.isPossible, Bundle.notPossible))
    func twelveOfThemInRunc() throws {
      try sandboxed { box in
        let bundle = try Bundle(in: box)
        try bundle.add(tool: "end")
        let cases: [(String, Int32)] = [
          ("exit 0", 0), ("exit 1", 1), ("exit 2", 2), ("exit 42", 42), ("exit 126", 126), ("exit 255", 255), ("signal 1", 129),
          ("signal 6", 134), ("signal 9", 137), ("signal 11", 139), ("signal 15", 143), ("signal 64", 192),
        ]
        for (what, expected) in cases {
          let words = what.split(separator: " ").map(String.init)
          let container = try bundle.run(["/apus", "--", "/end"] + words)
          #expect(try container.waitForEnd(within: 30) == expected, "\(what): \(container.process.stderr)")
        }
      }
    }
  }

  /// Orphans come to PID 1, which collects them all.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct Orphans {
    @Test func aStormOfTenThousandIsReaped() throws {
      try sandboxed { box in
        let apus = try box.apus(["--", try Tools.path("orphans"), "10000"], control: false)
        let status = try apus.waitForEnd(within: 45)
        #expect(status == 0, "\(apus.process.stdout)")
        #expect(apus.process.stdout == "all 10000 reaped\n")
      }
    }

    @Test func aStormBesideServicesDisturbsNobody() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        try box.write(
          "units/storm.service", Units.service("ExecStart=\(try Tools.path("orphans")) 5000", "Type=oneshot", "RemainAfterExit=yes"))
        let apus = try box.run()
        let pid = try apus.mainPid(of: "web.service")
        try apus.wait(for: "storm.service", toBe: "active", within: 45)
        #expect(try apus.mainPid(of: "web.service") == pid)
        let inside = Processes.inNamespace(of: try apus.pid())
        #expect(!inside.contains { $0.state == "Z" }, "zombies: \(inside.filter { $0.state == "Z" })")
      }
    }
  }
}
