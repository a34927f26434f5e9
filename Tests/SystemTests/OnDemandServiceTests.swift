import Foundation
import Testing

extension SystemTests {
  /// `Accept=no`: a service that gets the sockets themselves.
  @Suite(.enabled(if: Network.isPossible, Network.notPossible)) struct OnDemandServices {
    /// A server of lines and its socket.
    private func write(_ box: Sandbox, _ mode: String = "lines", socket: String = "", _ service: String...) throws {
      try box.write("units/web.socket", "[Socket]\nListenStream=127.0.0.1:7000\nPollLimitIntervalSec=0\n\(socket)\n")
      try box.write(
        "units/web.service",
        "[Service]\nExecStart=\(try Tools.path("serve")) \(mode)\n" + service.joined(separator: "\n") + "\n")
    }

    @Test func theFirstConnectionStartsIt() throws {
      try sandboxed { box in
        try write(box)
        let net = try Network(box)
        try net.apus.wait(for: "web.socket", toBe: "active")
        #expect(try net.apus.property("SubState", of: "web.socket") == "listening")
        #expect(try net.apus.property("ActiveState", of: "web.service") == "inactive")
        let load = try net.load("127.0.0.1:7000", "50", "10")
        #expect(load.served == 50 && load.lost == 0, "\(load)")
        #expect(try net.apus.property("ActiveState", of: "web.service") == "active")
        #expect(try net.apus.property("SubState", of: "web.socket") == "running")
        #expect(try net.apus.client(["stop", "web.service"]).status == 0)
        try eventually("listening again") { try net.apus.property("SubState", of: "web.socket") == "listening" }
        #expect(try net.load("127.0.0.1:7000", "1").served == 1)
      }
    }

    /// All descriptors of all sockets, in order, with their names; to ExecStart= only.
    @Test func itGetsWhatItsSocketsListenOn() throws {
      try sandboxed { box in
        let out = box.path("out")
        let serve = try Tools.path("serve")
        try box.write(
          "units/web.socket",
          """
          [Socket]
          ListenStream=127.0.0.1:7000
          ListenDatagram=127.0.0.1:7000
          ListenSequentialPacket=\(box.path("packet"))
          ListenFIFO=\(box.path("deep/er/fifo"))
          FileDescriptorName=main
          SocketMode=0600
          DirectoryMode=0750
          RemoveOnStop=yes

          """)
        try box.write("units/more.socket", "[Socket]\nListenStream=@apus-test-abstract\nService=web.service\n")
        try box.write(
          "units/web.service",
          Units.service(
            "Type=oneshot", "RemainAfterExit=yes", "Sockets=web.socket more.socket", "ExecStartPre=\(serve) what",
            "ExecStart=\(serve) what",
            "StandardOutput=append:\(out)"))
        let net = try Network(box)
        #expect(try net.apus.client(["start", "web.service"]).status == 0, "\(net.apus.process.stderr)")
        let said = box.lines("out")
        #expect(said.first == "pid=- fds=- names=-", "\(said)")
        // Those of one socket in the order of its lines; which socket comes first systemd does not say either.
        let web = (names: "main:main:main:main", kinds: "stream datagram packet fifo")
        let more = (names: "more.socket", kinds: "stream")
        let orders = [(web, more), (more, web)].map { "pid=own fds=5 names=\($0.names):\($1.names) \($0.kinds) \($1.kinds)" }
        #expect(orders.contains(said.last ?? ""), "\(said)")
        var info = stat()
        #expect(lstat(box.path("packet"), &info) == 0 && info.st_mode & 0o777 == 0o600)
        #expect(lstat(box.path("deep"), &info) == 0 && info.st_mode & 0o777 == 0o750)
        #expect(lstat(box.path("deep/er/fifo"), &info) == 0 && info.st_mode & S_IFMT == S_IFIFO && info.st_mode & 0o777 == 0o600)
        #expect(try net.apus.client(["stop", "web.service", "web.socket"]).status == 0)
        #expect(access(box.path("packet"), F_OK) != 0 && access(box.path("deep/er/fifo"), F_OK) != 0, "RemoveOnStop=yes")
      }
    }

    /// The service is restarted, reloaded, killed, stopped and changed under load.
    @Test func noConnectionIsRefusedWhileItRestarts() throws {
      try sandboxed { box in
        // What this service must not do is not the subject: it may be started as often as the test wants.
        try write(box, socket: "TriggerLimitIntervalSec=0")
        let net = try Network(box)
        _ = try net.answer("127.0.0.1:7000")
        let load = try net.startLoad("--for=8", "127.0.0.1:7000", "1000000", "4")
        var done: [String: Int] = [:]
        var pids: Set<pid_t> = []
        let end = monotonic() + 6
        var round = 0
        while monotonic() < end {
          let way = ["restart", "kill", "stop", "apply", "daemon-reload", "HUP"][round % 6]
          switch way {
          case "kill": if let pid = try net.apus.mainPid(of: "web.service") { kill(pid, SIGKILL) }
          case "HUP": try net.apus.send(SIGHUP)
          case "apply":
            // A changed service restarts; its socket did not change, and does not.
            try write(box, socket: "TriggerLimitIntervalSec=0", "Environment=ROUND=\(round)")
            fallthrough
          case "daemon-reload": #expect(try net.apus.client([way]).status == 0)
          default: #expect(try net.apus.client([way, "web.service"]).status == 0, "\(way)")
          }
          done[way, default: 0] += 1
          round += 1
          if let pid = try net.apus.mainPid(of: "web.service") { pids.insert(pid) }
        }
        try load.waitForEnd(within: 60)
        let result = Load(load.stdout)
        print("under load: \(done.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")): \(result)")
        #expect(result.refused == 0 && result.failed == 0 && result.late == 0, "\(result)")
        // Only who was accepted by a process that was killed can lose what it had.
        #expect(result.reset + result.empty <= done["kill", default: 0] * 4, "\(result)")
        #expect(result.served > 100 && pids.count > 5)
      }
    }

    @Test func aServiceThatNeverAcceptsEndsItsSocket() throws {
      try sandboxed { box in
        try box.write(
          "units/web.socket",
          "[Socket]\nListenStream=127.0.0.1:7000\nTriggerLimitIntervalSec=60\nTriggerLimitBurst=4\nPollLimitIntervalSec=0\n")
        try box.write("units/web.service", Units.shell("echo run >> \(box.path("runs"))"))
        let net = try Network(box, options: ["--stay"])
        let load = try net.startLoad("127.0.0.1:7000", "1")
        try net.apus.wait(for: "web.socket", toBe: "failed")
        #expect(try net.apus.property("Result", of: "web.socket") == "trigger-limit-hit")
        #expect(box.lines("runs").count == 4, "\(box.lines("runs"))")
        try load.waitForEnd()
        #expect(try net.load("127.0.0.1:7000", "1").refused == 1)
      }
    }

    @Test func flushPendingMakesItOneRun() throws {
      try sandboxed { box in
        try write(box, socket: "FlushPending=yes")
        try box.write("units/web.service", Units.shell("echo run >> \(box.path("runs"))"))
        let net = try Network(box)
        for round in 1...3 {
          let load = try net.load("127.0.0.1:7000", "1")
          #expect(load.lost == 1, "\(load)")
          try eventually("listening") { try net.apus.property("SubState", of: "web.socket") == "listening" }
          #expect(box.lines("runs").count == round)
        }
      }
    }

    /// inetd's wait: the service has the socket as its standard input until it ends.
    @Test func datagramsWaitStyle() throws {
      try sandboxed { box in
        let serve = try Tools.path("serve")
        try box.write("units/time.socket", "[Socket]\nListenDatagram=127.0.0.1:7000\n")
        try box.write("units/time.service", Units.service("ExecStart=\(serve) datagrams 0.3", "StandardInput=socket"))
        let net = try Network(box)
        var pids: [String] = []
        for round in 1...3 {
          let load = try net.load("--datagrams", "--tell", "--send=round\(round)", "--timeout=10", "127.0.0.1:7000", "5")
          #expect(load.served == 5, "\(load)")
          #expect(load.told.allSatisfy { $0.hasSuffix(" round\(round)") } && Set(load.told).count == 1, "\(load.told)")
          pids.append(load.told.first ?? "")
          try net.apus.wait(for: "time.service", toBe: "inactive")
          try eventually("listening") { try net.apus.property("SubState", of: "time.socket") == "listening" }
        }
        #expect(Set(pids).count == 3, "\(pids)")
      }
    }

    @Test func aFIFOStartsItsReader() throws {
      try sandboxed { box in
        try box.write("units/log.socket", "[Socket]\nListenFIFO=\(box.path("fifo"))\n")
        try box.write(
          "units/log.service", Units.shell("read line; echo \"got $line\" >> \(box.path("got"))", "StandardInput=socket"))
        let net = try Network(box)
        try net.apus.wait(for: "log.socket", toBe: "active")
        for round in 1...3 {
          let writer = try runToEnd(["/bin/sh", "-c", "echo \(round) > \(box.path("fifo"))"])
          #expect(writer.status == 0)
          try eventually("line \(round): \(box.lines("got"))") { box.lines("got").last == "got \(round)" }
        }
      }
    }

    /// Scale to zero: stopped when nobody is connected, and not while somebody is; back by the next connection.
    @Test func idleStopSec() throws {
      try sandboxed { box in
        try write(box, "keep", "[X-Apus]\nIdleStopSec=600ms")
        let net = try Network(box)
        #expect(try net.load("--hold", "127.0.0.1:7000", "1").served == 1)
        let first = try net.apus.mainPid(of: "web.service")
        try net.apus.wait(for: "web.service", toBe: "inactive")
        #expect(try net.apus.property("ActiveState", of: "web.socket") == "active")
        #expect(try net.apus.property("Result", of: "web.service") == "success")
        let held = try net.startLoad("--open", "127.0.0.1:7000", "2", "2")
        try net.waitUntilOpen(held)
        let second = try net.apus.mainPid(of: "web.service")
        observe(for: 2)
        #expect(second != nil && second != first)
        #expect(try net.apus.mainPid(of: "web.service") == second, "it was stopped under its clients")
        held.send(SIGTERM)
        try held.waitForEnd()
        #expect(Load(held.stdout).served == 2, "\(held.stdout)")
        try net.apus.wait(for: "web.service", toBe: "inactive")
        #expect(try net.load("--hold", "127.0.0.1:7000", "1").served == 1)
      }
    }

    /// The same for a UNIX socket, whose connections are counted in another way.
    @Test func idleStopSecOfAUNIXSocket() throws {
      try sandboxed { box in
        try write(box, "keep", socket: "ListenStream=\(box.path("web.sock"))", "[X-Apus]\nIdleStopSec=600ms")
        let net = try Network(box)
        let held = try net.startLoad("--open", box.path("web.sock"), "2", "2")
        try net.waitUntilOpen(held)
        try net.apus.wait(for: "web.service", toBe: "active")
        let pid = try net.apus.mainPid(of: "web.service")
        observe(for: 2)
        #expect(try net.apus.mainPid(of: "web.service") == pid && pid != nil)
        held.send(SIGTERM)
        try net.apus.wait(for: "web.service", toBe: "inactive")
      }
    }
  }
}
