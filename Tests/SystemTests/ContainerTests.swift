import Foundation
import Testing

extension SystemTests {
  /// In containers of runc's: as nobody in particular, without any right, and under profiles of the past.
  @Suite(.enabled(if: Bundle.isPossible, Bundle.notPossible))
  struct Containers {
    struct World: CustomTestStringConvertible {
      var name: String
      var rights: Bundle.Rights
      var testDescription: String { name }
    }

    static let worlds: [World] = {
      var list = [World(name: "Docker's rights", rights: .init()), World(name: "uid 1000770000, no right at all", rights: .nobody)]
      for (name, number) in [("ENOSYS", ENOSYS), ("EPERM", EPERM)] {
        var root = Bundle.Rights()
        root.refused = Bundle.newerCalls
        root.refusedWith = number
        list.append(World(name: "newer calls answer \(name)", rights: root))
        var nobody = Bundle.Rights.nobody
        nobody.refused = Bundle.newerCalls
        nobody.refusedWith = number
        list.append(World(name: "uid 1000770000, newer calls answer \(name)", rights: nobody))
      }
      return list
    }()

    private func fill(_ bundle: Bundle) throws {
      try bundle.add(tool: "end")
      try bundle.write("units/keep.service", Units.shell("echo keep: up as $(id -u); exec sleep 1000"))
      try bundle.write("units/flaky.service", Units.shell("echo flaky: $(date +%s); exit 1", "RestartSec=50ms"))
      try bundle.write(
        "units/job.service", Units.shell("echo job: run", "Type=oneshot").appending("[X-Apus]\nSchedule=every 200ms\n"))
      // A daemon that leaves its group: only containment finds it.
      try bundle.write(
        "units/daemon.service", Units.shell("echo daemon: up; (trap '' TERM; exec sleep 1000) & exec sleep 1000", "TimeoutStopSec=500ms"))
    }

    @Test(arguments: worlds) func servicesJobsRestartsAndStop(_ world: World) throws {
      try sandboxed { box in
        let bundle = try Bundle(in: box)
        try fill(bundle)
        let container = try bundle.run(["/apus", "run", "/units"], rights: world.rights)
        try eventually("the services; stdout: \(container.process.stdout), stderr: \(container.process.stderr)") {
          if container.process.hasEnded { throw Failure("ended \(container.process.status ?? -1): \(container.process.stderr)") }
          let text = container.process.stdout
          return text.contains("keep: up as \(world.rights.uid)") && text.components(separatedBy: "flaky:").count > 4
            && text.components(separatedBy: "job: run").count > 3
        }
        // The client finds the socket by itself, by the address rules.
        let status = try container.exec(["/apus", "status", "keep.service"])
        #expect(status.status == 0, "\(status.stderr)")
        // Somebody's shell, entered from outside, is nobody's member.
        let shell = try container.startExec(["/bin/sleep", "999"], in: box)
        try eventually("the shell") { try container.exec(["/bin/ps"]).stdout.contains("sleep 999") }
        let stopped = try container.exec(["/apus", "stop", "daemon.service"])
        #expect(stopped.status == 0, "\(stopped.stderr)")
        let left = try container.exec(["/bin/ps"]).stdout
        #expect(left.components(separatedBy: "sleep 1000").count == 2, "more than keep's sleep is left: \(left)")
        #expect(left.contains("sleep 999"), "the shell from outside was taken: \(left)")
        #expect(!shell.hasEnded)
        try container.kill("TERM")
        #expect(try container.waitForEnd() == 0, "\(container.process.stderr)")
      }
    }

    @Test(arguments: worlds) func statusesOfACommand(_ world: World) throws {
      try sandboxed { box in
        let bundle = try Bundle(in: box)
        try fill(bundle)
        for (what, expected) in [("exit 0", 0), ("exit 42", 42), ("signal 15", 143), ("signal 9", 137)] as [(String, Int32)] {
          let words = what.split(separator: " ").map(String.init)
          for face in [["/apus", "--"], ["/apus", "run", "/units", "--"]] {
            let container = try bundle.run(face + ["/end"] + words, rights: world.rights)
            #expect(try container.waitForEnd() == expected, "\(face) \(what): \(container.process.stderr)")
          }
        }
        let missing = try bundle.run(["/apus", "--", "/nowhere"], rights: world.rights)
        #expect(try missing.waitForEnd() == 127)
      }
    }

    /// The escapee without any right, whose only way is the tag.
    @Test(arguments: worlds) func anEscapee(_ world: World) throws {
      try sandboxed { box in
        let bundle = try Bundle(in: box)
        try bundle.add(tool: "escapee")
        let mark = "escapee-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let uid = world.rights.uid == 0 ? 4321 : world.rights.uid
        try bundle.write(
          "units/escapee.service",
          Units.service("ExecStart=/escapee \(mark) 8 \(uid) wait", "TimeoutStopSec=1s", "SuccessExitStatus=SIGKILL"))
        let container = try bundle.run(["/apus", "run", "--stay", "/units"], rights: world.rights)
        try eventually("thirty escapees; stderr: \(container.process.stderr)") { Processes.with(word: mark).count >= 30 }
        let stopped = try container.exec(["/apus", "stop", "escapee.service"])
        #expect(Processes.with(word: mark).isEmpty, "\(Processes.with(word: mark).count) are left")
        #expect(stopped.status == 0, "\(stopped.stderr)")
        try container.kill("TERM")
        #expect(try container.waitForEnd() == 0)
      }
    }

    /// What was seen to work as root works as nobody: a stop that has to kill says so by its status.
    @Test func aForcedStopAsNobody() throws {
      try sandboxed { box in
        let bundle = try Bundle(in: box)
        try bundle.write(
          "units/stubborn.service", Units.shell("trap '' TERM; echo up; while :; do sleep 0.1; done", "TimeoutStopSec=300ms"))
        let container = try bundle.run(["/apus", "run", "/units"], rights: .nobody)
        try eventually("the service") { container.process.stdout.contains("up") }
        try container.kill("TERM")
        #expect(try container.waitForEnd() == 1, "\(container.process.stderr)")
      }
    }
  }
}
