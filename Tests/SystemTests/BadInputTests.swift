import Foundation
import Testing

extension SystemTests {
  /// Bad input everywhere gets a clear error and loses nothing.
  @Suite struct BadInput {
    private func check(_ arguments: [String], wrapper: [String] = []) throws -> Finished {
      try runToEnd(wrapper + [try Binary.path(), "check"] + arguments, environment: ["PATH": "/usr/bin:/bin"])
    }

    private func expectRefused(_ finished: Finished, naming name: String, _ location: SourceLocation = #_sourceLocation) {
      #expect(finished.status == 78, "\(finished.stdout)\(finished.stderr)", sourceLocation: location)
      #expect((finished.stdout + finished.stderr).contains(name), "\(finished.stdout)\(finished.stderr)", sourceLocation: location)
    }

    private var asSomebody: [String] { Machine.isRoot ? ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--"] : [] }

    @Test func anUnreadableFolder() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        chmod(box.path("units"), 0)
        defer { chmod(box.path("units"), 0o755) }
        expectRefused(try check([box.path("units")], wrapper: asSomebody), naming: box.path("units"))
        let ran = try runToEnd(asSomebody + [try Binary.path(), "run", box.path("units")], environment: [:])
        expectRefused(ran, naming: box.path("units"))
      }
    }

    @Test func anUnreadableFile() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning, mode: 0)
        expectRefused(try check([box.path("units")], wrapper: asSomebody), naming: "web.service")
      }
    }

    @Test func aFolderWhereAFileShouldBe() throws {
      try sandboxed { box in
        try FileManager.default.createDirectory(atPath: box.path("units/web.service"), withIntermediateDirectories: true)
        expectRefused(try check([box.path("units")]), naming: "web.service")
      }
    }

    @Test func aFifoWhereAFileShouldBe() throws {
      try sandboxed { box in
        try box.write("units/good.service", Units.longRunning)
        #expect(mkfifo(box.path("units/web.service"), 0o644) == 0)
        // It is not waited for.
        let checked = try check([box.path("units")])
        expectRefused(checked, naming: "web.service")
        #expect(checked.seconds < 20)
        try box.remove("units/web.service")
        let apus = try box.run()
        try apus.wait(for: "good.service", toBe: "active")
        #expect(mkfifo(box.path("units/web.service"), 0o644) == 0)
        try apus.send(SIGHUP)
        try eventually("the error; stderr: \(apus.process.stderr)") { apus.process.stderr.contains("web.service") }
        #expect(try apus.property("ActiveState", of: "good.service") == "active")
      }
    }

    @Test(arguments: ["what.ever", "two words.service", "no-suffix", "@.service", ".service", "a@b@c/d.service"])
    func aNameThatIsNone(_ name: String) throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        let started = try apus.client(["start", name])
        #expect([1, 4, 5].contains(started.status), "\(started)")
        #expect(!started.stderr.isEmpty)
        #expect(try apus.property("ActiveState", of: "keep.service") == "active")
      }
    }

    @Test func aFileWhoseNameIsNone() throws {
      try sandboxed { box in
        try box.write("units/two words.service", Units.longRunning)
        expectRefused(try check([box.path("units")]), naming: "two words.service")
      }
    }

    @Test func aPathThatIsNotThere() throws {
      expectRefused(try check(["/nowhere/units"]), naming: "/nowhere/units")
    }

    @Test func aLineOfAMegabyte() throws {
      try sandboxed { box in
        try box.write("units/web.service", "[Service]\nExecStart=/bin/echo " + String(repeating: "x", count: 1 << 20) + "\n")
        expectRefused(try check([box.path("units")]), naming: "web.service")
      }
    }

    @Test func aFileTooLarge() throws {
      try sandboxed { box in
        try box.write("units/web.service", "[Service]\nExecStart=/bin/true\n" + String(repeating: "# a comment\n", count: 400_000))
        expectRefused(try check([box.path("units")]), naming: "web.service")
      }
    }

    @Test func bytesThatAreNoText() throws {
      try sandboxed { box in
        try box.write("units/nul.service", "[Service]\nExecStart=/bin/sleep\u{0} 100\n\u{0}\u{0}Nonsense\n")
        let checked = try check([box.path("units")])
        // A NUL ends a line, as in systemd; the rest of that line is one of its own, without `=`.
        expectRefused(checked, naming: "nul.service")
        try box.remove("units/nul.service")
        try Data([0x5b, 0x53, 0xff, 0xfe, 0x5d, 10]).write(to: URL(fileURLWithPath: box.path("units/bytes.service")))
        expectRefused(try check([box.path("units")]), naming: "bytes.service")
      }
    }

    @Test func aMissingUserAndAMissingBinary() throws {
      try sandboxed { box in
        try box.write("units/user.service", Units.service("ExecStart=/bin/true", "User=no-such-user", "Restart=no"))
        try box.write("units/binary.service", Units.service("ExecStart=/nowhere/web", "Restart=no"))
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run()
        for (unit, words) in [("user.service", ["217/USER", "no-such-user"]), ("binary.service", ["203/EXEC", "/nowhere/web"])] {
          try apus.wait(for: unit, toBe: "failed")
          let status = try apus.client(["status", unit]).stdout
          for word in words { #expect((status + apus.process.stderr).contains(word), "\(unit): \(status)") }
        }
        try apus.wait(for: "keep.service", toBe: "active")
      }
    }

    /// Cycles are broken by dropping what nobody needs, with a warning; one that cannot be broken is an error.
    @Test func cycles() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.service("ExecStart=/bin/sleep 1000", more: "[Unit]\nAfter=b.service\nRequires=b.service\n"))
        try box.write("units/b.service", Units.service("ExecStart=/bin/sleep 1000", more: "[Unit]\nAfter=a.service\nRequires=a.service\n"))
        let apus = try box.apus(["run", box.path("units")])
        try eventually("the cycle to be named; stderr: \(apus.process.stderr)") {
          apus.process.hasEnded || (apus.process.stderr.contains("a.service") && apus.process.stderr.contains("b.service"))
        }
        #expect(apus.process.stderr.contains("cycle"), "\(apus.process.stderr)")

        try box.write("weak/c.service", Units.service("ExecStart=/bin/sleep 1000", more: "[Unit]\nAfter=d.service\nWants=d.service\n"))
        try box.write("weak/d.service", Units.service("ExecStart=/bin/sleep 1000", more: "[Unit]\nAfter=c.service\n"))
        let weak = try box.run("weak")
        try weak.wait(for: "c.service", toBe: "active")
        #expect(weak.process.stderr.contains("cycle"), "\(weak.process.stderr)")
      }
    }

    /// fork fails for a while: an ordinary event, with a next step.
    @Test(.enabled(if: Machine.hasNamespaces && Machine.has("prlimit"), "needs root, PID namespaces and prlimit"))
    func forkFailing() throws {
      try sandboxed { box in
        chmod(box.folder, 0o777)
        try box.write("units/web.service", Units.shell("echo up; exec sleep 1000"))
        try box.write("units/job.service", Units.shell("echo job", "Type=oneshot").appending("[X-Apus]\nSchedule=every 300ms\n"))
        // A uid that nobody else has: its limit of processes is apus's own.
        let uid = 60000 + Int.random(in: 0..<5000)
        let wrapper = ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "--", "prlimit", "--nproc=1:100"]
        let apus = try box.run(wrapper: wrapper)
        try eventually("the failure to be said; stderr: \(apus.process.stderr)") { apus.process.stderr.contains("web.service") }
        observe(for: Machine.runsLong ? 60 : 1.2)
        #expect(!apus.process.hasEnded)
        #expect(apus.process.stdout == "")
        let status = try apus.client(["status", "web.service"])
        #expect(status.seconds < 10 && status.stdout.contains("resources"), "\(status)")
        // As that user: root may lack the capability.
        let raised = try runToEnd(wrapper.prefix(5) + ["prlimit", "--pid", "\(try apus.pid())", "--nproc=100:100"])
        #expect(raised.status == 0, "\(raised.stderr)")
        try eventually("both to run; stdout: \(apus.process.stdout)", within: Machine.runsLong ? 35 : 8) {
          apus.process.stdout.contains("up") && apus.process.stdout.contains("job")
        }
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
      }
    }
  }
}
