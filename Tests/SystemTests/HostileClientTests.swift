import Foundation
import Testing

extension SystemTests {
  /// The control socket under attack.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct HostileClients {
    static let kinds = ["silent", "drip", "leave", "garbage", "huge", "deaf", "stop"]

    @Test func aHundredOfThemChangeNothing() throws {
      try sandboxed { box in
        chmod(box.folder, 0o755)
        let log = box.path("log")
        for name in ["web", "victim"] { try box.write("units/\(name).service", Units.longRunning) }
        try box.write("units/job.service", Units.shell("echo job >> \(log)", "Type=oneshot").appending("[X-Apus]\nSchedule=every 100ms\n"))
        let apus = try box.run()
        try apus.wait(for: "victim.service", toBe: "active")
        // Anybody may try: only SO_PEERCRED decides.
        chmod(apus.control, 0o777)
        let pids = try ["web.service", "victim.service"].map { try apus.mainPid(of: $0) }
        let hostile = try Tools.path("hostile")
        var crowd: [Running] = []
        for number in 0..<100 {
          // Other uids do all; root's own clients are ill-mannered too, but ask for nothing.
          let kind = Self.kinds[number % Self.kinds.count]
          let uid = number % 5 == 0 && kind != "stop" ? 0 : 20000 + number
          let prefix = uid == 0 ? [] : ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "--"]
          crowd.append(try box.start(prefix + [hostile, apus.control, kind, "5", "victim.service"]))
        }
        let jobs = box.lines("log").count
        var slowest = 0.0
        let end = monotonic() + 3
        while monotonic() < end {
          let answer = try apus.client(["status", "web.service"])
          #expect(answer.status == 0, "\(answer.stderr)")
          slowest = max(slowest, answer.seconds)
        }
        #expect(slowest < 5, "an answer took \(slowest) s")
        #expect(try ["web.service", "victim.service"].map { try apus.mainPid(of: $0) } == pids, "somebody was stopped")
        #expect(box.lines("log").count - jobs >= 5, "jobs suffered: \(box.lines("log").count - jobs) in 3 s")

        let stopped = try apus.client(["stop", "web.service"])
        #expect(stopped.status == 0, "\(stopped.stderr)")
        #expect(stopped.seconds < 10, "root's stop took \(stopped.seconds) s")
        #expect(try apus.property("ActiveState", of: "web.service") == "inactive")
        #expect(try apus.mainPid(of: "victim.service") == pids[1])
        for running in crowd { running.send(SIGKILL) }
        let bounded = Processes.status(try apus.pid())?["VmHWM"] ?? ""
        #expect((Int(bounded.split(separator: " ").first ?? "") ?? .max) < 64 * 1024, "its memory grew to \(bounded)")
      }
    }

    /// apus's own user and root, nobody else: not even to read.
    @Test func othersAreClosedAtAccept() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        let apus = try box.run()
        try apus.wait(for: "web.service", toBe: "active")
        #expect(mode(apus.control) == 0o600)
        chmod(apus.control, 0o777)
        for arguments in [["status", "web.service"], ["stop", "web.service"], ["list-units"]] {
          let asked = try runToEnd(
            ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--", try Binary.path()] + arguments,
            environment: ["APUS_CONTROL": apus.control])
          #expect(asked.status != 0, "\(arguments): \(asked.stdout)")
          #expect(!asked.stdout.contains("web.service"))
        }
        #expect(try apus.property("ActiveState", of: "web.service") == "active")
      }
    }

    /// Members of the control group may look, and no more.
    @Test func theControlGroupMayRead() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        let apus = try box.run(options: ["--control-group=4242"])
        try apus.wait(for: "web.service", toBe: "active")
        #expect(mode(apus.control) == 0o660)
        let member = ["setpriv", "--reuid=12345", "--regid=4242", "--clear-groups", "--", try Binary.path()]
        let environment = ["APUS_CONTROL": apus.control]
        let status = try runToEnd(member + ["status", "web.service"], environment: environment)
        #expect(status.status == 0, "\(status.stderr)")
        for verb in ["stop", "restart", "kill", "daemon-reload", "apply", "exit"] {
          let unit = ["stop", "restart", "kill"].contains(verb) ? ["web.service"] : []
          let refused = try runToEnd(member + [verb] + unit, environment: environment)
          #expect(refused.status != 0 && !refused.stderr.isEmpty, "\(verb): \(refused)")
        }
        #expect(try apus.property("ActiveState", of: "web.service") == "active")
        #expect(try apus.property("NRestarts", of: "web.service") == "0")
      }
    }

    private func mode(_ path: String) -> mode_t {
      var info = stat()
      return lstat(path, &info) == 0 ? info.st_mode & 0o777 : 0
    }

    /// A socket that somebody alive owns is his; one that nobody owns is replaced.
    @Test func ownersOfTheAddress() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        let first = try box.run()
        let second = try box.apus(["run", box.path("units")], environment: ["APUS_CONTROL": first.control])
        try eventually("the second to say so: \(second.process.stderr)") { second.process.stderr.contains(first.control) }
        #expect(!second.process.hasEnded)
        try second.send(SIGTERM)
        #expect(try second.waitForEnd() == 0)
        #expect(try first.client(["status", "web.service"]).status == 0)
        // Killed, it leaves the address behind; the next one takes it.
        try first.kill()
        #expect(access(first.control, F_OK) == 0)
        let third = try box.apus(["run", box.path("units")], environment: ["APUS_CONTROL": first.control])
        _ = try third.pid()
        try eventually("an answer; stderr: \(third.process.stderr)") { try first.client(["status", "web.service"]).status == 0 }
      }
    }
  }
}
