import Foundation
import Testing

extension SystemTests {
  /// A reload is a transaction: applied exactly, or refused as a whole.
  @Suite struct Apply {
    private func pids(_ apus: Supervisor, _ units: [String]) throws -> [pid_t?] { try units.map { try apus.mainPid(of: $0) } }

    private func changeFolder(_ box: Sandbox) throws {
      try box.write("units/new.service", Units.longRunning)
      try box.remove("units/gone.service")
      try box.write("units/changed.service", Units.service("ExecStart=/bin/sleep 2000"))
      try box.write("units/live.service", Units.service("ExecStart=/bin/sleep 1000", "TimeoutStopSec=7s"))
    }

    private func started(_ box: Sandbox) throws -> Supervisor {
      for name in ["keep", "gone", "changed", "live"] { try box.write("units/\(name).service", Units.longRunning) }
      let apus = try box.run()
      for name in ["keep", "gone", "changed", "live"] { try apus.wait(for: "\(name).service", toBe: "active") }
      return apus
    }

    private func expectApplied(_ apus: Supervisor, before: [pid_t?], gone: pid_t?) throws {
      try apus.wait(for: "new.service", toBe: "active")
      try eventually("gone.service to be gone") { gone.map { !Processes.isAlive($0) } ?? true }
      try eventually("changed.service to be another process") {
        let pid = try apus.mainPid(of: "changed.service")
        return pid != nil && pid != before[1]
      }
      #expect(try apus.mainPid(of: "keep.service") == before[0], "an unchanged unit was touched")
      #expect(try apus.mainPid(of: "live.service") == before[2], "a live key restarted the unit")
      #expect(try apus.property("TimeoutStopUSec", of: "live.service") == "7s")
      #expect(try apus.property("NRestarts", of: "keep.service") == "0")
    }

    @Test(arguments: ["SIGHUP", "client"]) func oneAddedOneRemovedOneChanged(by means: String) throws {
      try sandboxed { box in
        let apus = try started(box)
        let before = try pids(apus, ["keep.service", "changed.service", "live.service"])
        let gone = try apus.mainPid(of: "gone.service")
        try changeFolder(box)
        if means == "SIGHUP" {
          try apus.send(SIGHUP)
        } else {
          let applied = try apus.client(["apply"])
          #expect(applied.status == 0, "\(applied.stderr)")
        }
        try expectApplied(apus, before: before, gone: gone)
      }
    }

    @Test func aBrokenFileRefusesTheWhole() throws {
      try sandboxed { box in
        let apus = try started(box)
        let units = ["keep.service", "gone.service", "changed.service", "live.service"]
        let before = try pids(apus, units)
        try changeFolder(box)
        try box.write("units/broken.service", "[Service]\nExecStart=/bin/true\nRestrat=always\n")
        try apus.send(SIGHUP)
        try eventually("the diagnostic; stderr: \(apus.process.stderr)") { apus.process.stderr.contains("broken.service:3:1: error: ") }
        observe(for: 0.3)
        #expect(try pids(apus, units) == before, "a refused reload touched somebody")
        #expect(try apus.property("ActiveState", of: "new.service") != "active")

        let applied = try apus.client(["apply"])
        #expect(applied.status != 0)
        #expect((applied.stdout + applied.stderr).contains("broken.service:3:1: error: "))
        #expect(try pids(apus, units) == before)

        // Mended, it is applied.
        try box.write("units/broken.service", Units.longRunning)
        try apus.send(SIGHUP)
        try apus.wait(for: "broken.service", toBe: "active")
        try expectApplied(apus, before: [before[0], before[2], before[3]], gone: before[1])
      }
    }

    @Test func planChangesNothing() throws {
      try sandboxed { box in
        let apus = try started(box)
        let units = ["keep.service", "gone.service", "changed.service", "live.service"]
        let before = try pids(apus, units)
        try changeFolder(box)
        let plan = try apus.client(["apply", "--plan"])
        #expect(plan.status == 0, "\(plan.stderr)")
        for (unit, action) in [("new", "start"), ("gone", "stop"), ("changed", "restart"), ("live", "update")] {
          let line = plan.stdout.split(separator: "\n").first { $0.contains("\(unit).service") }
          #expect(line?.contains(action) == true, "\(unit): \(plan.stdout)")
        }
        observe(for: 0.2)
        #expect(try pids(apus, units) == before)
      }
    }

    /// A template is nobody's unit, and what its socket drags along is none that changed: both are told.
    @Test func whatSocketsChangeIsNamed() throws {
      try sandboxed { box in
        try box.write("units/each.socket", "[Socket]\nListenStream=\(box.path("each.sock"))\nAccept=yes\n")
        try box.write("units/each@.service", Units.service("ExecStart=/bin/cat", "StandardInput=socket"))
        try box.write("units/one.socket", "[Socket]\nListenStream=\(box.path("one.sock"))\n")
        try box.write("units/one.service", Units.longRunning)
        let apus = try box.run()
        for name in ["each.socket", "one.socket"] { try apus.wait(for: name, toBe: "active") }
        #expect(try apus.client(["apply", "--plan"]).stdout == "nothing to change\n")
        #expect(try apus.client(["start", "one.service"]).status == 0)
        let before = try apus.mainPid(of: "one.service")
        try box.write("units/each@.service", Units.service("ExecStart=/bin/tac", "StandardInput=socket"))
        try box.write("units/one.socket", "[Socket]\nListenStream=\(box.path("two.sock"))\n")
        for arguments in [["apply", "--plan"], ["apply"]] {
          let rows = try apus.client(arguments).stdout.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
          #expect(
            rows.sorted() == [
              "restart one.service its socket one.socket restarts", "restart one.socket what it listens on changed",
              "update each@.service ExecStart= changed; the next connection has it",
            ], "\(arguments): \(rows)")
        }
        try eventually("one.service is another process") {
          let pid = try apus.mainPid(of: "one.service")
          return pid != nil && pid != 0 && pid != before
        }
        #expect(apus.process.stderr.contains("apus: apply: update each@.service (ExecStart= changed; the next connection has it)\n"))
        #expect(apus.process.stderr.contains("apus: apply: restart one.service (its socket one.socket restarts)\n"))
        #expect(try apus.client(["apply", "--plan"]).stdout == "nothing to change\n")
      }
    }

    /// daemon-reload reads anew, and starts, stops and restarts nothing.
    @Test func daemonReloadOnlyReads() throws {
      try sandboxed { box in
        let apus = try started(box)
        let units = ["keep.service", "gone.service", "changed.service", "live.service"]
        let before = try pids(apus, units)
        try changeFolder(box)
        #expect(try apus.client(["daemon-reload"]).status == 0)
        observe(for: 0.3)
        #expect(try pids(apus, units) == before)
        #expect(try apus.property("ActiveState", of: "new.service") == "inactive")
        #expect(try apus.client(["start", "new.service"]).status == 0)
        try apus.wait(for: "new.service", toBe: "active")
      }
    }
  }
}
