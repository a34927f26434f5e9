import Foundation
import Testing

extension SystemTests {
  /// Readiness and health probes, draining, and the watchdog's trigger, with the running binary.
  @Suite struct Probes {
    /// A port that was free a moment ago.
    private static func freePort() throws -> Int {
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(listener) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0 }
      }
      guard isBound else { throw Failure("no port: \(String(cString: strerror(errno)))") }
      return Int(UInt16(bigEndian: address.sin_port))
    }

    @Test(arguments: ["ReadyFd", "ReadyExec", "ReadyTcp", "ReadyHttp"]) func readiness(_ key: String) throws {
      try sandboxed { box in
        let port = try Self.freePort()
        let go = box.path("go")
        let value: String
        var script = "exec sleep 1000"
        switch key {
        case "ReadyFd":
          value = "5"
          script = "while ! [ -e \(go) ]; do sleep 0.02; done; echo >&5; exec sleep 1000"
        case "ReadyExec": value = "/bin/sh -c '[ -e \(go) ]'"
        case "ReadyTcp":
          value = "127.0.0.1:\(port)"
          script = "exec \(try Tools.path("answer")) \(port) \(go)"
        default:
          value = "http://127.0.0.1:\(port)/healthz"
          script = "exec \(try Tools.path("answer")) \(port) \(go)"
        }
        try box.write("units/a.service", Units.shell(script) + "[X-Apus]\n\(key)=\(value)\n")
        try box.write(
          "units/next.service",
          Units.shell(": > \(box.path("next")); exec sleep 1000", more: "[Unit]\nRequires=a.service\nAfter=a.service\n"))
        let apus = try box.run()
        if key == "ReadyHttp" { try box.write("go", "503") }
        observe(for: 0.3)
        #expect(try apus.property("SubState", of: "a.service") == "start")
        #expect(box.read("next").isEmpty && access(box.path("next"), F_OK) != 0)
        try box.write("go", "200")
        try apus.wait(for: "a.service", toBe: "active")
        try eventually("who waited for it") { access(box.path("next"), F_OK) == 0 }
      }
    }

    private func unhealthy(_ box: Sandbox, _ key: String, _ action: String) throws -> Supervisor {
      let port = try Self.freePort()
      try box.write("go", "200")
      try box.write(
        "units/a.service",
        Units.shell("exec \(try Tools.path("answer")) \(port) \(box.path("go"))", "RestartSec=50ms") + """
          [X-Apus]
          ReadyTcp=\(port)
          \(key)=\(key == "HealthTcp" ? "127.0.0.1:\(port)" : "http://127.0.0.1:\(port)/")
          HealthIntervalSec=50ms
          HealthTimeoutSec=2s
          HealthRetries=2
          HealthAction=\(action)

          """)
      let apus = try box.run()
      try apus.wait(for: "a.service", toBe: "active")
      observe(for: 0.2)
      #expect(try apus.property("HealthState", of: "a.service") == "healthy", "\(apus.process.stderr)")
      return apus
    }

    @Test func anHTTPServerThatTurnsIllIsRestarted() throws {
      try sandboxed { box in
        let apus = try unhealthy(box, "HealthHttp", "restart")
        try box.write("go", "500")
        try eventually("the restart: \(apus.process.stderr)") { apus.process.stderr.contains("unhealthy: 2 health probes failed") }
        try box.write("go", "200")
        try eventually("its return: \(apus.process.stderr)") {
          let shown = try apus.properties(of: "a.service")
          return shown["NRestarts"] != "0" && shown["ActiveState"] == "active" && shown["HealthState"] == "healthy"
        }
      }
    }

    @Test func noneIsShownAndNothingElse() throws {
      try sandboxed { box in
        let apus = try unhealthy(box, "HealthHttp", "none")
        let pid = try apus.property("MainPID", of: "a.service")
        try box.write("go", "500")
        try eventually("the word: \(apus.process.stderr)") { try apus.property("HealthState", of: "a.service") == "unhealthy" }
        let status = try apus.client(["status", "a.service"])
        #expect(status.status == 0 && status.stdout.contains("unhealthy: 2 health probes"), "\(status.stdout)")
        try box.write("go", "204")
        try eventually("the good word: \(apus.process.stderr)") { try apus.property("HealthState", of: "a.service") == "healthy" }
        #expect(try apus.property("MainPID", of: "a.service") == pid)
        #expect(apus.process.stderr.contains("healthy again"))
      }
    }

    @Test func exitEndsApus() throws {
      try sandboxed { box in
        let apus = try unhealthy(box, "HealthHttp", "exit")
        try box.write("go", "500")
        #expect(try apus.waitForEnd() == 1, "\(apus.process.stderr)")
        #expect(apus.lastWord.contains("a.service: HealthAction="), "\(apus.lastWord)")
      }
    }

    /// HealthTcp=: the service lives, and its port is closed.
    @Test func aPortThatIsClosed() throws {
      try sandboxed { box in
        let port = try Self.freePort()
        try box.write("go", "200")
        let answer = "\(try Tools.path("answer")) \(port) \(box.path("go"))"
        try box.write(
          "units/a.service",
          Units.shell(
            "\(answer) & echo $! > \(box.path("server")); wait; exec sleep 1000", "Restart=no")
            + "[X-Apus]\nReadyTcp=\(port)\nHealthTcp=\(port)\nHealthIntervalSec=50ms\nHealthRetries=2\nHealthAction=restart\n")
        let apus = try box.run()
        try apus.wait(for: "a.service", toBe: "active")
        let inner = try #require(pid_t(box.read("server").trimmingCharacters(in: .newlines)))
        kill(try #require(try apus.outerPid(inner)), SIGKILL)
        try eventually("the restart: \(apus.process.stderr)") { try apus.property("NRestarts", of: "a.service") == "1" }
        #expect(apus.process.stderr.contains("unhealthy: 2 health probes failed"))
      }
    }

    /// DrainSec=: not ready at once, the signal after the span.
    @Test func drainingComesBeforeTheSignal() throws {
      try sandboxed { box in
        try box.write(
          "units/a.service",
          Units.service("ExecStart=\(try Tools.path("witness")) \(box.path("log")) a", "Restart=no") + "[X-Apus]\nDrainSec=600ms\n")
        let apus = try box.run(options: ["--stay"])
        try eventually("the service") { box.read("log").contains("a start") }
        let began = monotonic()
        #expect(try apus.client(["stop", "--no-block", "a.service"]).status == 0)
        let shown = try apus.properties(of: "a.service")
        #expect(shown["ActiveState"] == "deactivating" && shown["SubState"] == "drain", "\(shown)")
        #expect(try apus.client(["is-active", "a.service"]).stdout == "deactivating\n")
        try apus.wait(for: "a.service", toBe: "inactive")
        #expect(monotonic() - began >= 0.6)
        #expect(box.read("log").contains("a signal 15"))
      }
    }

    @Test func aServiceTriggersItsWatchdog() throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        try box.write(
          "units/a.service",
          Units.shell(
            "\(tell) READY=1; while ! [ -e \(box.path("go")) ]; do sleep 0.02; done; \(tell) WATCHDOG=trigger; exec sleep 1000",
            "Type=notify", "NotifyAccess=all", "WatchdogSec=60s", "Restart=no"))
        let apus = try box.run(options: ["--stay"])
        try apus.wait(for: "a.service", toBe: "active")
        try box.write("go", "")
        try apus.wait(for: "a.service", toBe: "failed")
        let shown = try apus.properties(of: "a.service")
        #expect(shown["Result"] == "watchdog" && shown["ExecMainStatus"] == "6", "\(shown)")
      }
    }
  }
}
