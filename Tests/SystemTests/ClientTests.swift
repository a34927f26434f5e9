import Foundation
import Testing

extension SystemTests {
  /// The client faces: systemctl's verbs, output and exit statuses.
  @Suite struct Client {
    private func standard(_ box: Sandbox) throws -> Supervisor {
      try box.write(
        "units/web.service",
        Units.service(
          "ExecStart=\(try Tools.path("witness")) \(box.path("log")) web ignore",
          "ExecReload=/bin/sh -c 'echo reloaded >> \(box.path("log"))'",
          "TimeoutStopSec=100ms", more: "[Unit]\nDescription=The web\n"))
      try box.write("units/plain.service", Units.longRunning)
      try box.write("units/failing.service", Units.shell("exit 3", "Restart=no"))
      try box.write("units/bad-oneshot.service", Units.shell("exit 4", "Type=oneshot"))
      try box.write(
        "units/needy.service",
        Units.service("ExecStart=/bin/sleep 1000", more: "[Unit]\nRequires=bad-oneshot.service\nAfter=bad-oneshot.service\n"))
      try box.write("units/job.service", Units.shell("exit 0", "Type=oneshot").appending("[X-Apus]\nSchedule=every 1h\n"))
      let apus = try box.run()
      try eventually("web") { box.read("log").contains("web start") }
      try apus.wait(for: "failing.service", toBe: "failed")
      return apus
    }

    @Test func exitStatusesOfTheVerbs() throws {
      try sandboxed { box in
        let apus = try standard(box)
        let cases: [([String], Int32)] = [
          (["start", "plain.service"], 0), (["start", "plain"], 0), (["start", "bad-oneshot.service"], 1), (["start", "needy.service"], 1),
          (["start", "no-such.service"], 5), (["stop", "no-such.service"], 5), (["restart", "plain.service"], 0),
          (["reload", "web.service"], 0), (["reload", "plain.service"], 3), (["status", "plain.service"], 0),
          (["status", "failing.service"], 3), (["status", "no-such.service"], 4), (["is-active", "plain.service"], 0),
          (["is-active", "failing.service"], 3), (["is-failed", "failing.service"], 0), (["is-failed", "plain.service"], 1),
          (["kill", "--signal=SIGUSR1", "web.service"], 0), (["kill", "no-such.service"], 1), (["stop", "plain.service"], 0),
          (["status", "plain.service"], 3), (["try-restart", "plain.service"], 0), (["is-active", "plain.service"], 3),
          (["reset-failed", "failing.service"], 0), (["is-failed", "failing.service"], 1), (["show", "web.service"], 0),
          (["list-units"], 0), (["list-timers"], 0), (["daemon-reload"], 0), (["apply", "--plan"], 0), (["apply"], 0), (["status"], 0),
        ]
        for (arguments, expected) in cases {
          let finished = try apus.client(arguments)
          #expect(
            finished.status == expected,
            "apus \(arguments.joined(separator: " ")): \(finished.status); \(finished.stdout)\(finished.stderr)")
          if expected == 1 || expected == 5, arguments[0] != "is-failed" { #expect(!finished.stderr.isEmpty, "\(arguments) said nothing") }
        }
        #expect(box.lines("log").contains("web signal 10"))
        #expect(box.lines("log").contains("reloaded"))
      }
    }

    /// As systemctl: what is stopped and can be started again by its socket, timer or path, if that is up and not stopped with it.
    @Test func stopTellsWhatMayStartItAgain() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        try box.write("units/web.socket", "[Socket]\nListenStream=\(box.path("web.sock"))\n")
        try box.write("units/web.path", "[Path]\nPathExists=\(box.path("never"))\n")
        try box.write("units/late.timer", "[Timer]\nOnActiveSec=1d\nUnit=web.service\n")
        let apus = try box.run()
        for unit in ["web.socket", "web.path", "late.timer"] { try apus.wait(for: unit, toBe: "active") }
        func stop(_ arguments: String...) throws -> String {
          #expect(try apus.client(["start", "web.service"]).status == 0)
          let stopped = try apus.client(["stop"] + arguments)
          #expect(stopped.status == 0 && stopped.stdout.isEmpty)
          return stopped.stderr
        }
        let warning = "apus: warning: web.service can still be activated by: "
        let all = try stop("web")
        #expect(all.hasPrefix(warning), "\(all)")
        #expect(
          all.dropFirst(warning.count).trimmingCharacters(in: .newlines).components(separatedBy: ", ").sorted() == [
            "late.timer", "web.path", "web.socket",
          ])
        #expect(try stop("-q", "web") == "")
        #expect(try stop("web.path", "web", "late.timer") == warning + "web.socket\n")
        #expect(try stop("web", "web.socket") == "", "all of them are down")
      }
    }

    /// More units than the server has slots, and more clients at once than it has slots.
    @Test func manyUnitsAndManyClients() throws {
      try sandboxed { box in
        let names = (1...70).map { "u\($0).service" }
        try box.write("units/keep.service", Units.longRunning)
        for name in names { try box.write("path/\(name)", Units.shell("sleep 0.2", "Type=oneshot", "RemainAfterExit=yes")) }
        let apus = try box.apus(
          ["run", "--unit-path=\(box.path("path"))", box.path("units")])
        try apus.waitUntilReady()
        try apus.wait(for: "keep.service", toBe: "active")
        let started = try apus.client(["start"] + names, within: 60)
        #expect(started.status == 0, "\(started.stderr)")
        let active = try apus.client(["is-active"] + names, within: 20)
        #expect(active.stdout == String(repeating: "active\n", count: 70))
        let script = "for n in 1 2 3 4 5 6; do \(try Binary.path()) restart \(names.joined(separator: " ")) || echo failed & done; wait"
        let together = try runToEnd(
          ["/bin/sh", "-c", script], environment: ["APUS_CONTROL": apus.control, "PATH": "/usr/bin:/bin"], within: 90)
        #expect(together.stdout.isEmpty && together.stderr.isEmpty, "\(together)")
        // A pattern stands for the loaded units that it matches, or for none.
        #expect(try apus.client(["stop", "u[1-3]*"]).status == 0)
        let stopped = try apus.client(["is-active", "u2.service", "u30.service", "u40.service"])
        #expect(stopped.stdout == "inactive\ninactive\nactive\n")
        let none = try apus.client(["restart", "nothing*"])
        #expect(none.status == 0 && none.stderr.isEmpty, "\(none)")
      }
    }

    @Test func withoutAServer() throws {
      let finished = try runToEnd([try Binary.path(), "status"], environment: ["APUS_CONTROL": "/nowhere/control.sock"])
      #expect(finished.status != 0)
      #expect(finished.stderr.contains("/nowhere/control.sock"), "\(finished.stderr)")
    }

    @Test func theSocketByOption() throws {
      try sandboxed { box in
        try box.write("units/plain.service", Units.longRunning)
        let path = box.path("other.sock")
        let apus = try box.apus(["run", "--control=\(path)", box.path("units")], control: false)
        try eventually("the socket; stderr: \(apus.process.stderr)") { access(path, F_OK) == 0 }
        let finished = try runToEnd([try Binary.path(), "status", "--control=\(path)", "plain.service"], environment: [:])
        #expect(finished.status == 0, "\(finished.stderr)")
      }
    }

    @Test func statusSaysWhy() throws {
      try sandboxed { box in
        let apus = try standard(box)
        let web = try apus.client(["status", "web.service"]).stdout
        for word in ["web.service", "The web", "active (running)", "loaded"] { #expect(web.contains(word), "\(word) is not in: \(web)") }
        let failing = try apus.client(["status", "failing.service"]).stdout
        #expect(failing.contains("failed") && failing.contains("status=3"), "\(failing)")
        try box.write("units/flaky.service", Units.shell("kill -KILL $$", "RestartSec=1h"))
        #expect(try apus.client(["apply"]).status == 0)
        try eventually("the backoff") { try apus.property("SubState", of: "flaky.service") == "auto-restart" }
        let flaky = try apus.client(["status", "flaky.service"]).stdout
        for word in ["auto-restart", "KILL"] { #expect(flaky.contains(word), "\(word) is not in: \(flaky)") }
        #expect(flaky.contains("1h") || flaky.contains("59min"), "the next retry is not in: \(flaky)")
        let timers = try apus.client(["list-timers"]).stdout
        #expect(timers.contains("job.service"), "\(timers)")
      }
    }

    @Test func showKnowsWhereTheRestartIsFrom() throws {
      try sandboxed { box in
        try box.write("units/own.service", Units.service("ExecStart=/bin/sleep 1000", "Restart=on-failure"))
        try box.write("units/default.service", Units.longRunning)
        try box.write("units/one.service", Units.shell("exit 0", "Type=oneshot"))
        let apus = try box.run()
        let expected = [("own", "on-failure", "unit"), ("default", "always", "default"), ("one", "no", "default")]
        for (unit, restart, source) in expected {
          let properties = try apus.properties(of: "\(unit).service")
          #expect(properties["Restart"] == restart, "\(unit)")
          #expect(properties["RestartSource"] == source, "\(unit)")
        }
        let two = try apus.client(["show", "--property=Restart", "own.service"])
        #expect(two.stdout == "Restart=on-failure\n")
      }
    }

    @Test(arguments: [
      ["list-units", "-o", "json"], ["list-timers", "-o", "json"], ["status", "web.service", "-o", "json"],
      ["show", "web.service", "-o", "json"],
      ["apply", "--plan", "-o", "json"], ["stop", "plain.service", "-o", "json"],
    ])
    func outputAsJSON(_ arguments: [String]) throws {
      try sandboxed { box in
        let apus = try standard(box)
        let finished = try apus.client(arguments)
        #expect(finished.status == 0, "\(finished.stderr)")
        let value = try JSONSerialization.jsonObject(with: Data(finished.stdout.utf8), options: [.fragmentsAllowed])
        if arguments[0] == "list-units" {
          let units = value as? [[String: Any]] ?? (value as? [String: Any])?["units"] as? [[String: Any]] ?? []
          #expect(units.contains { $0["Id"] as? String == "web.service" && $0["ActiveState"] as? String == "active" }, "\(finished.stdout)")
        }
      }
    }

    /// The control socket speaks HTTP: curl is a client, and each request has one answer.
    @Test func overHTTP() throws {
      try sandboxed { box in
        let apus = try standard(box)
        let connection = try Connection(to: apus.control)
        func ask(_ method: String, _ path: String) throws -> String {
          try connection.ask("\(method) \(path) HTTP/1.1\r\nHost: apus\r\n\r\n")
        }
        #expect(try ask("GET", "/v1/units").contains("web.service"))
        #expect(try ask("GET", "/v1/units/web.service").hasPrefix("HTTP/1.1 200"))
        #expect(try ask("GET", "/v1/units/no-such.service").hasPrefix("HTTP/1.1 404"))
        #expect(try ask("GET", "/v2").hasPrefix("HTTP/1.1 404"))
        #expect(try ask("POST", "/v1/units/plain.service/stop?wait=1").contains("done"))
        #expect(try apus.property("ActiveState", of: "plain.service") == "inactive")
        #expect(try ask("GET", "/v1/units/plain.service/stop").hasPrefix("HTTP/1.1 405"))
        #expect(try ask("POST", "/v1/apply?plan=1").hasPrefix("HTTP/1.1 200"))
      }
    }

    /// A question that waits for a job is answered when the job has ended, also by apus's own end.
    @Test func aWaitingClientIsAnswered() throws {
      try sandboxed { box in
        try box.write("units/slow.service", Units.shell("exec sleep 0.5", "Type=oneshot"))
        try box.write("units/never.service", Units.service("Type=oneshot", "ExecStart=/bin/sleep 1000"))
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.run(options: ["--stay"])
        let slow = try apus.client(["start", "slow.service"])
        #expect(slow.status == 0)
        let binary = try Binary.path()
        let waiting = try box.start([binary, "start", "never.service"], environment: ["APUS_CONTROL": apus.control])
        try eventually("the job") { try apus.property("SubState", of: "never.service") == "start" }
        #expect(!waiting.hasEnded)
        try apus.send(SIGTERM)
        #expect(try waiting.waitForEnd() == 1, "\(waiting.stderr)")
        try apus.waitForEnd()
      }
    }

    @Test(arguments: [["--version"], ["--help"], ["run", "--help"], ["status", "--help"]]) func help(_ arguments: [String]) throws {
      let finished = try runToEnd([try Binary.path()] + arguments)
      #expect(finished.status == 0, "\(finished.stderr)")
      #expect(finished.stdout.lowercased().contains("apus"))
    }

    @Test func mistypedOptionsAndFaces() throws {
      for (arguments, meant) in [(["run", "--containmnet=tag", "x"], "--containment"), (["statsu"], "status")] {
        let finished = try runToEnd([try Binary.path()] + arguments)
        #expect(finished.status == 64)
        #expect(finished.stderr.contains(meant), "\(finished.stderr)")
      }
    }
  }
}
