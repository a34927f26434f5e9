import Foundation
import Testing

extension SystemTests {
  /// A process that does everything to get away is gone when `stop` returns, and nobody else is.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct Escapees {
    struct Way: CustomTestStringConvertible {
      var containment: String
      /// The beginning of ExecStart=; the escapee's own command follows as words, or as one word in quotes.
      var behind: String
      var testDescription: String { "by \(containment)\(behind.isEmpty ? "" : ", behind \(behind.split(separator: " ")[0])")" }
    }

    static let ways: [Way] = {
      var list = [Way(containment: "tag", behind: "")]
      if Machine.cgroup2 != nil { list.append(Way(containment: "cgroup", behind: "")) }
      for way in list.map(\.containment) {
        if Machine.has("su") { list.append(Way(containment: way, behind: "/bin/su -s /bin/sh nobody -c")) }
        if Machine.has("runuser") { list.append(Way(containment: way, behind: "/sbin/runuser -s /bin/sh nobody -c")) }
      }
      return list
    }()

    static let uid: uid_t = 65534

    @Test(arguments: ways) func isGoneWhenStopReturns(_ way: Way) throws {
      try sandboxed { box in
        let mark = "escapee-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let bystander = "bystander-\(mark)"
        let command = "\(try Tools.path("escapee")) \(mark) 8 \(Self.uid) wait"
        let line = way.behind.isEmpty ? command : "\(way.behind) '\(command)'"
        try box.write("units/escapee.service", Units.service("ExecStart=\(line)", "TimeoutStopSec=1s", "SuccessExitStatus=SIGKILL"))
        try box.write(
          "units/bystander.service", Units.service("ExecStart=@/bin/sleep \(bystander) 1000", "User=nobody", "Group=nogroup"))
        // An ordinary container has no CAP_SYS_RESOURCE: then nobody lifts the tag.
        let wrapper = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", "--"]
        let apus = try box.run(options: ["--containment=\(way.containment)"], wrapper: Machine.has("setpriv") ? wrapper : [])
        let inside = ["nsenter", "--target", "\(try apus.pid())", "--pid", "--mount", "--"]
        // One who came from outside, of the same uid: `docker exec`.
        let visitor = try box.start(inside + ["setpriv", "--reuid=\(Self.uid)", "--clear-groups", "sleep", "1000"])
        // A second apus in the same namespace, with a service of its own.
        try box.write("second/second.service", Units.service("ExecStart=@/bin/sleep second-\(mark) 1000"))
        let second = try box.start(
          inside + ["env", "APUS_CONTROL=\(box.path("second.sock"))", try Binary.path(), "run", box.path("second")])
        try eventually("forty escapees, and the others; stderr: \(apus.process.stderr)") {
          Processes.with(word: mark).count >= 40 && Processes.with(word: bystander).count == 1
            && Processes.with(word: "second-\(mark)").count == 1
        }
        let bystanders = Processes.with(word: bystander) + Processes.with(word: "second-\(mark)")

        let stopped = try apus.client(["stop", "escapee.service"])
        let left = Processes.with(word: mark).filter { !$0.command.contains("sleep") }
        #expect(left.isEmpty, "\(left.count) are left, \(left.first.map { "\($0)" } ?? "")")
        #expect(stopped.status == 0, "\(stopped.stderr)")
        #expect(stopped.seconds < 30, "the stop took \(stopped.seconds) s")

        #expect(Processes.with(word: bystander) + Processes.with(word: "second-\(mark)") == bystanders)
        #expect(!visitor.hasEnded, "the visitor was taken")
        #expect(!second.hasEnded, "the second apus was taken")
        // Nobody comes back.
        observe(for: 0.3)
        #expect(Processes.with(word: mark).isEmpty)
        second.send(SIGTERM)
        visitor.send(SIGKILL)
        try second.waitForEnd()
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
      }
    }

    @Test(arguments: ways.filter { $0.behind.isEmpty }.map(\.containment) + ["group"]) func statusNamesTheContainment(_ way: String) throws
    {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run(options: ["--containment=\(way)"])
        try apus.wait(for: "keep.service", toBe: "active")
        #expect(try apus.client(["status", "keep.service"]).stdout.contains(way))
      }
    }

    /// An apus that is a service of another: both know their own, and the outer one's stop takes all.
    @Test(arguments: ways.filter { $0.behind.isEmpty }.map(\.containment)) func aNestedApus(_ way: String) throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write("inner/leaf.service", Units.service("ExecStart=\(witness) \(box.path("log")) leaf child twig", "RestartSec=20ms"))
        let inner = "\(try Binary.path()) run --containment=\(way) --control=\(box.path("inner.sock")) \(box.path("inner"))"
        try box.write("units/inner.service", Units.service("ExecStart=\(inner)"))
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run(options: ["--containment=\(way)"])
        try eventually("leaf and twig") { box.read("log").contains("leaf start") && box.read("log").contains("twig start") }
        let keep = try apus.mainPid(of: "keep.service")
        // The inner one restarts its own.
        let first = Processes.with(word: "twig").filter { $0.command.count > 2 && $0.command[2] == "twig" }.map(\.pid)
        for pid in first { kill(try #require(Processes.one(pid)?.parent), SIGKILL) }
        try eventually("another leaf: \(box.lines("log"))") { box.lines("log").filter { $0.hasPrefix("leaf start") }.count == 2 }
        try eventually("another twig") { box.lines("log").filter { $0.hasPrefix("twig start") }.count == 2 }
        #expect(first.allSatisfy { !Processes.isAlive($0) })
        #expect(try apus.property("NRestarts", of: "inner.service") == "0")
        #expect(try apus.client(["stop", "inner.service"]).status == 0)
        #expect(Processes.inNamespace(of: try apus.pid()).filter { $0.command.first == witness }.isEmpty)
        #expect(try apus.mainPid(of: "keep.service") == keep)
      }
    }

    struct Proc: CustomTestStringConvertible {
      var name: String
      var options: [String]
      var setup: String?
      var testDescription: String { name }
    }

    /// /proc of another namespace, none, and one that shows only one's own processes.
    static let procs = [
      Proc(name: "a foreign /proc", options: []),
      Proc(name: "no /proc", options: ["--mount"], setup: "mount --make-rprivate / && umount -l /proc"),
      Proc(name: "hidepid=2", options: ["--mount"], setup: "mount --make-rprivate / && mount -t proc -o hidepid=2 proc /proc"),
    ]

    @Test(arguments: procs, [0, uid]) func proc(_ proc: Proc, uid: uid_t) throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        chmod(box.folder, 0o777)
        let log = box.path("log")
        try box.write("units/pair.service", Units.service("ExecStart=\(witness) \(log) main child child", "RestartSec=50ms"))
        try box.write("units/job.service", Units.shell("echo job", "Type=oneshot").appending("[X-Apus]\nSchedule=every 100ms\n"))
        let wrapper = uid == 0 ? [] : ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "--"]
        let apus = try box.apus(["run", box.path("units")], wrapper: wrapper, unshareOptions: proc.options, setup: proc.setup)
        try eventually("the services; stderr: \(apus.process.stderr)") {
          if apus.process.hasEnded { throw Failure("ended \(apus.process.status ?? -1): \(apus.process.stderr)") }
          return box.read("log").contains("main start") && box.read("log").contains("child start")
            && apus.process.stdout.components(separatedBy: "job").count > 2
        }
        // A restart: the main process dies, its child goes with it.
        let first = Processes.inNamespace(of: try apus.pid()).filter { $0.command.first == witness }.map(\.pid)
        #expect(first.count == 2)
        guard let main = Processes.children(try apus.pid()).first(where: { first.contains($0) }) else { throw Failure("no main process") }
        kill(main, SIGKILL)
        try eventually("the second pair: \(box.read("log"))") { box.lines("log").filter { $0.hasPrefix("main start") }.count == 2 }
        #expect(first.allSatisfy { !Processes.isAlive($0) }, "the old child is left")
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
      }
    }

    /// KillMode=process leaves processes on purpose; the final sweep takes them.
    @Test func theFinalSweepTakesWhatWasLeft() throws {
      try sandboxed { box in
        let witness = try Tools.path("witness")
        try box.write(
          "units/leaver.service", Units.service("ExecStart=\(witness) \(box.path("log")) main child left", "KillMode=process"))
        let apus = try box.run()
        try eventually("both") { box.read("log").contains("main start") && box.read("log").contains("left start") }
        #expect(try apus.client(["stop", "leaver.service"]).status == 0)
        #expect(!box.lines("log").contains("left signal 15"))
        try apus.send(SIGTERM)
        try apus.waitForEnd()
        #expect(box.lines("log").contains("left signal 15"))
      }
    }
  }
}
