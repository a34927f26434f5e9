import Foundation
import Testing

/// What the kernel of this machine has of the rarer kinds.
private enum Kinds {
  static let queues = (try? runToEnd(["unshare", "--ipc", Tools.path("queue"), "probe"]).status) == 0
  static let noQueues: Comment = "this kernel has no POSIX message queues"
  static let links =
    Machine.has("ip")
    && addLink("apus-probe").contains { command in
      (try? runToEnd(["unshare", "--net", "/bin/sh", "-c", command]).status) == 0
    }
  static let noLinks: Comment = "ip(8) is not here, or no kind of link can be made"

  /// Which kinds there are depends on the kernel's modules.
  static func addLink(_ name: String) -> [String] {
    ["link add \(name) type dummy", "link add \(name) type bridge", "link add \(name) type veth", "tuntap add \(name) mode tun"]
      .map { "ip \($0) 2>/dev/null" }
  }

  private static func vsock(_ script: String) -> Bool {
    let first =
      "import socket; s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); s.bind((-1 & 0xffffffff, -1 & 0xffffffff)); s.listen()\n"
    return Machine.has("python3") && (try? runToEnd(["python3", "-c", first + script]).status) == 0
  }
  static let hasVsock = vsock("")
  static let noVsock: Comment = "this kernel has no vsock, or python3 is not here"
  /// CID 1 is this machine itself, by the module vsock_loopback.
  static let hasVsockLoopback = vsock(
    "c = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); c.settimeout(2); c.connect((1, s.getsockname()[1]))")
  static let noVsockLoopback: Comment = "this kernel has no vsock_loopback"
}

extension SystemTests {
  /// Every kind of `Listen…=` but ports, by the running binary.
  @Suite(.enabled(if: Network.isPossible, Network.notPossible)) struct OnDemandKinds {
    /// A socket, and a oneshot that writes what it finds waiting to `got`.
    private func write(_ box: Sandbox, _ lines: String...) throws {
      try box.write("units/mail.socket", "[Socket]\nFileDescriptorName=mail\n" + lines.joined(separator: "\n") + "\n")
      try box.write(
        "units/mail.service",
        Units.service("Type=oneshot", "ExecStart=\(try Tools.path("serve")) take", "StandardOutput=append:\(box.path("got"))"))
    }

    private func isListening(_ net: Network) throws -> Bool {
      try net.apus.property("SubState", of: "mail.socket") == "listening"
    }

    /// It listens, and nothing has come.
    private func expectQuiet(_ box: Sandbox, _ net: Network) throws {
      try eventually("mail.socket to listen") { try isListening(net) }
      #expect(try net.apus.property("ActiveState", of: "mail.service") == "inactive")
    }

    @Test(
      .enabled(if: Kinds.links, Kinds.noLinks),
      arguments: [("kobject-uevent 1", "mail add@/devices/virtual/net/"), ("route 1", "mail 16 ")])
    func netlink(listen: String, told: String) throws {
      try sandboxed { box in
        try write(box, "ListenNetlink=\(listen)")
        let net = try Network(box)
        try expectQuiet(box, net)
        #expect(box.read("got").isEmpty)
        for name in ["apus-one", "apus-two"] {
          try net.run("/bin/sh", "-c", Kinds.addLink(name).joined(separator: " || "))
          try eventually("\(told)\(name): \(box.read("got")); \(net.apus.process.stderr)") { box.lines("got").contains(told + name) }
          try eventually("mail.socket to listen again") { try isListening(net) }
        }
      }
    }

    /// A terminal is a character device that somebody else can be made to write to.
    @Test(arguments: [false, true]) func aDevice(writable: Bool) throws {
      let terminal = try Terminal()
      try sandboxed { box in
        try write(box, "ListenSpecial=\(terminal.path)", writable ? "Writable=yes" : "")
        try box.write(
          "units/mail.service",
          Units.shell(
            "read line <&3; (echo \"to you: $line\" >&3) 2>/dev/null && word=answered || word=mute; echo \"$line $word\" >> \(box.path("got"))",
            "Type=oneshot"))
        let net = try Network(box)
        try expectQuiet(box, net)
        for round in 1...3 {
          terminal.type("line \(round)\n")
          let line = "line \(round) " + (writable ? "answered" : "mute")
          try eventually("\(line): \(box.read("got")); \(net.apus.process.stderr)") { box.lines("got").last == line }
          try eventually("mail.socket to listen again") { try isListening(net) }
        }
        #expect(box.lines("got").count == 3)
        let answer = terminal.read()
        #expect(answer.contains("to you: line 3") == writable, "\(answer)")
        #expect(try net.apus.client(["stop", "mail.socket", "mail.service"]).status == 0)
      }
    }

    /// A file of /proc is always ready to be read: its service is started at once.
    @Test func aFileOfProc() throws {
      try sandboxed { box in
        try write(box, "ListenSpecial=/proc/self/mounts")
        try box.write(
          "units/mail.service",
          Units.service(
            "Type=oneshot", "RemainAfterExit=yes", "ExecStart=\(try Tools.path("serve")) take", "ExecStart=\(try Tools.path("serve")) what",
            "StandardOutput=append:\(box.path("got"))"))
        let net = try Network(box)
        try net.apus.wait(for: "mail.service", toBe: "active")
        #expect(box.read("got").contains(" /proc proc ") && box.lines("got").last == "pid=own fds=1 names=mail file", "\(box.read("got"))")
        #expect(try net.apus.property("SubState", of: "mail.socket") == "running")
      }
    }

    /// What epoll refuses starts nothing, which is said; but it is passed with what does.
    @Test func aDeviceThatCannotBeWaitedFor() throws {
      try sandboxed { box in
        try write(box, "ListenSpecial=/dev/null", "ListenFIFO=\(box.path("fifo"))")
        let serve = try Tools.path("serve")
        try box.write(
          "units/mail.service",
          Units.service("Type=oneshot", "ExecStart=\(serve) what", "ExecStart=\(serve) take", "StandardOutput=append:\(box.path("got"))"))
        let net = try Network(box)
        try eventually("a warning: \(net.apus.process.stderr)") {
          net.apus.process.stderr.contains("mail.socket: /dev/null cannot be watched: ")
        }
        try expectQuiet(box, net)
        try runToEnd(["/bin/sh", "-c", "echo one > \(box.path("fifo"))"])
        try eventually("the line: \(box.read("got"))") { box.lines("got") == ["pid=own fds=2 names=mail:mail device fifo", "mail one|"] }
      }
    }

    @Test(.enabled(if: Kinds.queues, Kinds.noQueues), arguments: [false, true]) func aMessageQueue(removes: Bool) throws {
      try sandboxed { box in
        try write(
          box, "ListenMessageQueue=/apus-mail", "MessageQueueMaxMessages=4", "MessageQueueMessageSize=128", "SocketMode=0640",
          "SocketUser=65534", "SocketGroup=1", "RemoveOnStop=\(removes)")
        let net = try Network(box, namespaces: ["net", "ipc"])
        let queue = try Tools.path("queue")
        func show() throws -> String { try net.run(queue, "show", "/apus-mail").stdout }
        try expectQuiet(box, net)
        let limits = "max=4 size=128 waiting=0 mode=640 uid=65534 gid=1\n"
        #expect(try show() == limits)
        #expect(try net.run(queue, "send", "/apus-mail", "one", "two").status == 0)
        try eventually("two messages: \(box.read("got")); \(net.apus.process.stderr)") { box.lines("got") == ["mail one", "mail two"] }
        try eventually("mail.socket to listen again") { try isListening(net) }
        #expect(try net.run(queue, "send", "/apus-mail", "three").status == 0)
        try eventually("a third: \(box.read("got"))") { box.lines("got").last == "mail three" }
        #expect(try net.apus.client(["stop", "mail.socket", "mail.service"]).status == 0)
        #expect(try show() == (removes ? "none\n" : limits))
        // What comes while nobody listens waits in the queue, if that is left.
        if !removes { #expect(try net.run(queue, "send", "/apus-mail", "four").status == 0) }
        #expect(try net.apus.client(["start", "mail.socket"]).status == 0, "\(net.apus.process.stderr)")
        if !removes { try eventually("a fourth: \(box.read("got"))") { box.lines("got").last == "mail four" } }
        try eventually("an empty queue") { try show() == limits }
      }
    }

    /// A writer that has it open notices nothing of its readers' ends, and loses nothing.
    @Test func aFIFOOutlivesItsReaders() throws {
      try sandboxed { box in
        try write(box, "ListenFIFO=\(box.path("fifo"))")
        try box.write("units/mail.service", Units.shell("while read line; do echo \"$line\" >> \(box.path("got")); done <&3"))
        let net = try Network(box)
        try expectQuiet(box, net)
        let writer = open(box.path("fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(writer) }
        var pids: Set<pid_t> = []
        for (round, way) in ["restart", "kill", "stop", "restart", "stop"].enumerated() {
          #expect(Glibc.write(writer, "\(round)\n", 2) == 2)
          try eventually("line \(round): \(box.read("got")); \(net.apus.process.stderr)") {
            box.lines("got") == (0...round).map { "\($0)" }
          }
          guard let pid = try net.apus.mainPid(of: "mail.service") else { throw Failure("round \(round): mail.service is not there") }
          pids.insert(pid)
          if way == "kill" {
            kill(pid, SIGKILL)
            // Until it is gone it may still take a byte.
            try eventually("the end of \(pid)") { kill(pid, 0) != 0 }
          } else {
            #expect(try net.apus.client([way, "mail.service"]).status == 0)
          }
        }
        #expect(pids.count == 5, "\(pids)")
      }
    }

    @Test(arguments: [true, false]) func packetsInSequence(isAbstract: Bool) throws {
      try sandboxed { box in
        let address = isAbstract ? "@apus-test-packets" : box.path("packets")
        for (name, lines) in [("each", "Accept=yes"), ("one", "FileDescriptorName=one")] {
          try box.write("units/\(name).socket", "[Socket]\nListenSequentialPacket=\(address)-\(name)\nPollLimitIntervalSec=0\n\(lines)\n")
        }
        let serve = try Tools.path("serve")
        try box.write("units/each@.service", Units.service("ExecStart=\(serve) hello %i", "StandardInput=socket"))
        try box.write("units/one.service", Units.service("ExecStart=\(serve) lines"))
        let net = try Network(box)
        let each = try net.load("--packets", "--tell", address + "-each", "3")
        #expect(each.served == 3 && Set(each.told).count == 3, "\(each.told)")
        #expect(each.told.allSatisfy { $0.contains(/^served [0-9]+-[0-9]+-0$/) }, "\(each.told)")
        let one = try net.load("--packets", "--tell", address + "-one", "3")
        #expect(one.served == 3 && Set(one.told).count == 1, "\(one.told)")
        #expect(one.told.allSatisfy { $0.hasSuffix(" one") }, "\(one.told)")
      }
    }

    /// inetd's wait, by datagrams of UNIX sockets.
    @Test(arguments: [true, false]) func datagramsOfUNIXSockets(isAbstract: Bool) throws {
      try sandboxed { box in
        let address = isAbstract ? "@apus-test-datagrams" : box.path("datagrams")
        try box.write("units/mail.socket", "[Socket]\nListenDatagram=\(address)\n")
        try box.write(
          "units/mail.service", Units.service("ExecStart=\(try Tools.path("serve")) datagrams 0.2", "StandardInput=socket"))
        let net = try Network(box)
        var pids: Set<String> = []
        for round in 1...3 {
          try expectQuiet(box, net)
          let load = try net.load("--datagrams", "--tell", "--send=round\(round)", address, "5")
          #expect(load.served == 5, "\(load)")
          #expect(load.told.allSatisfy { $0.hasSuffix(" round\(round)") } && Set(load.told).count == 1, "\(load.told)")
          pids.insert(load.told.first ?? "")
        }
        #expect(pids.count == 3, "\(pids)")
      }
    }

    /// Any CID; the port is nobody else's: vsock knows no network namespaces.
    private func vsockAddress() -> UInt32 { 0x6170_0000 + UInt32(truncatingIfNeeded: getpid()) % 0x1_0000 }

    @Test(.enabled(if: Kinds.hasVsock, Kinds.noVsock)) func vsockIsListenedAt() throws {
      try sandboxed { box in
        try write(box, "ListenStream=vsock::\(vsockAddress())")
        try box.write(
          "units/mail.service",
          Units.service("Type=oneshot", "ExecStart=\(try Tools.path("serve")) what", "StandardOutput=append:\(box.path("got"))"))
        let net = try Network(box)
        try expectQuiet(box, net)
        #expect(try net.apus.client(["start", "mail.service"]).status == 0, "\(net.apus.process.stderr)")
        #expect(box.lines("got") == ["pid=own fds=1 names=mail vsock"])
      }
    }

    @Test(.enabled(if: Kinds.hasVsockLoopback, Kinds.noVsockLoopback)) func aVsockConnectionStartsIt() throws {
      try sandboxed { box in
        try box.write("units/each.socket", "[Socket]\nListenStream=vsock::\(vsockAddress())\nAccept=yes\n")
        try box.write(
          "units/each@.service", Units.service("ExecStart=\(try Tools.path("serve")) hello %i", "StandardInput=socket"))
        let net = try Network(box)
        let load = try net.load("--tell", "vsock:1:\(vsockAddress())", "3")
        #expect(load.served == 3 && Set(load.told).count == 3, "\(load.told)")
      }
    }

    /// What nobody took is dropped when the service has ended: one run each time.
    @Test(arguments: ["datagram", "packet", "FIFO"] + (Kinds.queues ? ["queue"] : [])) func flushPending(kind: String) throws {
      try sandboxed { box in
        let address = box.path("mail")
        let listen =
          switch kind {
          case "datagram": "ListenDatagram=\(address)"
          case "packet": "ListenSequentialPacket=\(address)"
          case "FIFO": "ListenFIFO=\(address)"
          default: "ListenMessageQueue=/apus-mail"
          }
        try write(box, listen, "FlushPending=yes")
        try box.write("units/mail.service", Units.shell("echo run >> \(box.path("got"))", "Type=oneshot"))
        let net = try Network(box, namespaces: Kinds.queues ? ["net", "ipc"] : ["net"])
        for round in 1...4 {
          try expectQuiet(box, net)
          #expect(box.lines("got").count == round - 1)
          // All of it is there before apus looks.
          try net.apus.send(SIGSTOP)
          var load: Running? = nil
          switch kind {
          case "datagram": load = try net.startLoad("--open", "--datagrams", "--send=x", address, "3", "3")
          case "packet": load = try net.startLoad("--open", "--packets", address, "3", "3")
          case "FIFO": try runToEnd(["/bin/sh", "-c", "echo one > \(address); echo two > \(address)"])
          default: #expect(try net.run(Tools.path("queue"), "send", "/apus-mail", "one", "two").status == 0)
          }
          if let load { try net.waitUntilOpen(load) }
          try net.apus.send(SIGCONT)
          try eventually("run \(round): \(box.lines("got")); \(net.apus.process.stderr)") { box.lines("got").count >= round }
          // Nobody answers datagrams.
          load?.send(SIGTERM)
          try load?.waitForEnd()
        }
        try expectQuiet(box, net)
        #expect(box.lines("got").count == 4)
      }
    }
  }
}
