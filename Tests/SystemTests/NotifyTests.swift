import Foundation
import Testing

/// By which means the processes of a service are known; each test of what a service says runs by all that there are.
enum Ways {
  static let containments = Machine.cgroup2 == nil ? ["tag"] : ["tag", "cgroup"]

  /// With a kernel that knows neither pidfd nor clone3, by tag.
  static func old() throws -> [String] { [try Tools.path("seccomp-exec"), "ENOSYS"] }
}

extension SystemTests {
  /// sd_notify: who is believed, and what may come (units.md c.7).
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct Notify {
    private func service(_ script: String, _ lines: String...) -> String {
      Units.shell(script, more: "") + lines.map { $0 + "\n" }.joined()
    }

    struct Sender: CustomTestStringConvertible {
      var access: String
      var script: String
      var isBelieved: Bool
      var testDescription: String { "NotifyAccess=\(access), \(script.prefix(16))" }
    }

    /// Every access × main process, its child, and a grandchild that went away.
    static let senders: [Sender] = {
      let main = "exec TELL READY=1 -- sleep 1000"
      let child = "TELL -b READY=1; exec sleep 1000"
      let daemon = "setsid TELL -b READY=1 & wait; exec sleep 1000"
      return [
        Sender(access: "main", script: main, isBelieved: true), Sender(access: "main", script: child, isBelieved: false),
        Sender(access: "main", script: daemon, isBelieved: false), Sender(access: "exec", script: main, isBelieved: true),
        Sender(access: "exec", script: child, isBelieved: false), Sender(access: "all", script: main, isBelieved: true),
        Sender(access: "all", script: child, isBelieved: true), Sender(access: "all", script: daemon, isBelieved: true),
      ]
    }()

    @Test(arguments: Ways.containments) func whoIsBelieved(containment: String) throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        for (index, sender) in Self.senders.enumerated() {
          try box.write(
            "units/s\(index).service",
            Units.shell(
              sender.script.replacing("TELL", with: tell), "Type=notify", "NotifyAccess=\(sender.access)", "Restart=no",
              "TimeoutStartSec=2s"))
        }
        let apus = try box.run(options: ["--containment=\(containment)", "--stay"])
        for (index, sender) in Self.senders.enumerated() {
          try apus.wait(for: "s\(index).service", toBe: sender.isBelieved ? "active" : "failed", within: 30)
        }
      }
    }

    /// Somebody from outside of the PID namespace, who found the socket: its datagrams change nothing, whatever they are.
    @Test(arguments: Ways.containments) func aSenderThatIsNotTheService(containment: String) throws {
      try sandboxed { box in
        try box.write(
          "units/a.service",
          Units.shell(
            "echo $NOTIFY_SOCKET > \(box.path("socket")); while ! [ -e \(box.path("go")) ]; do sleep 0.05; done; "
              + "exec \(try Tools.path("tell")) READY=1 -- sleep 1000", "Type=notify", "NotifyAccess=all", "Restart=no"))
        let apus = try box.run(options: ["--containment=\(containment)"])
        try eventually("the socket's name") { box.read("socket").hasSuffix("\n") }
        let path = box.read("socket").trimmingCharacters(in: .newlines)
        let before = try descriptors(of: apus)
        #expect(Datagram.send(Data("READY=1".utf8), to: path) == 0)
        #expect(Datagram.send(Data("MAINPID=1\nREADY=1".utf8), to: path) == 0)
        #expect(Datagram.send(Data("READY=1\0STATUS=x".utf8), to: path) == 0)
        #expect(Datagram.send(Data(repeating: 97, count: 5000), to: path) == 0)
        // The kernel refuses what is larger than a socket's buffer; either way nothing of it arrives.
        _ = Datagram.send(Data(repeating: 97, count: 1 << 20), to: path)
        try eventually("the word about it: \(apus.process.stderr)") { apus.process.stderr.contains("dropped a datagram of sd_notify") }
        #expect(try apus.property("ActiveState", of: "a.service") == "activating")
        try box.write("go", "")
        try apus.wait(for: "a.service", toBe: "active")
        #expect(try descriptors(of: apus) <= before, "descriptors are left")
        // One complaint, not one for each.
        #expect(apus.process.stderr.split(separator: "\n").filter { $0.contains("dropped a datagram") }.count == 1)
      }
    }

    private func descriptors(of apus: Supervisor) throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(apus.pid())/fd").count
    }

    /// A service that says something without end does not keep others, or clients, waiting.
    @Test func aFlood() throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        try box.write("units/flood.service", Units.shell("while :; do \(tell) -r 10000 STATUS=x; done", "NotifyAccess=all"))
        try box.write("units/calm.service", Units.shell("exec \(tell) READY=1 -- sleep 1000", "Type=notify"))
        let apus = try box.run()
        try apus.wait(for: "calm.service", toBe: "active", within: 30)
        for _ in 0..<5 {
          let asked = try apus.client(["restart", "calm.service"])
          #expect(asked.status == 0 && asked.seconds < 20, "\(asked)")
        }
        #expect(try apus.client(["stop", "flood.service"]).status == 0)
      }
    }

    @Test(arguments: Ways.containments) func mainPIDAndBarrier(containment: String) throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        try box.write(
          "units/m.service",
          Units.shell(
            "sleep 1000 & echo $! > \(box.path("pid")); \(tell) -b MAINPID=$! READY=1 > \(box.path("barrier")); wait", "Type=notify",
            "NotifyAccess=all", "Restart=no"))
        // One that is not the service's, from a sender that is not root.
        try box.write(
          "units/x.service",
          Units.shell("\(tell) -b MAINPID=1 READY=1; exec sleep 1000", "Type=notify", "NotifyAccess=all", "Restart=no", "User=nobody"))
        let apus = try box.run(options: ["--containment=\(containment)", "--stay"])
        try apus.wait(for: "m.service", toBe: "active")
        #expect(try apus.property("MainPID", of: "m.service") == box.read("pid").trimmingCharacters(in: .newlines))
        try eventually("the barrier: \(box.read("barrier"))") { box.read("barrier").contains("released") }
        try apus.wait(for: "x.service", toBe: "active")
        #expect(try apus.property("MainPID", of: "x.service") != "1")
        // Its end is the service's end. It is the shell's child and not apus's, so that nobody tells how it ended.
        let pid = try #require(try apus.mainPid(of: "m.service"))
        kill(pid, SIGKILL)
        try apus.wait(for: "m.service", toBe: "inactive")
        #expect(try apus.property("Result", of: "m.service") == "success")
      }
    }

    @Test func aDescriptorOutlivesARestart() throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        try box.write("kept", "contents of the file\n")
        let script =
          "if [ -n \"$LISTEN_FDS\" ]; then echo \"$LISTEN_FDS $LISTEN_FDNAMES $(cat <&3)\" > \(box.path("got")); else "
          + "\(tell) -b -f \(box.path("kept")) FDSTORE=1 FDNAME=mine; echo stored > \(box.path("stored")); fi; exec sleep 1000"
        try box.write("units/f.service", Units.shell(script, "NotifyAccess=all", "FileDescriptorStoreMax=4", "RestartSec=10ms"))
        let apus = try box.run()
        try eventually("the store") { box.read("stored") == "stored\n" }
        let pid = try #require(try apus.mainPid(of: "f.service"))
        kill(pid, SIGKILL)
        try eventually("the descriptor's return: \(apus.process.stderr)") { !box.read("got").isEmpty }
        #expect(box.read("got") == "1 mine contents of the file\n")
      }
    }

    @Test func socketsGoWithApusAndThoseOfTheDeadWithTheNext() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.shell("echo $NOTIFY_SOCKET > \(box.path("socket")); exec sleep 1000", "NotifyAccess=all"))
        func start() throws -> (Supervisor, String) {
          try? box.remove("socket")
          let apus = try box.run()
          try eventually("the socket's name") { box.read("socket").hasSuffix("\n") }
          let path = box.read("socket").trimmingCharacters(in: .newlines)
          #expect(access(path, F_OK) == 0)
          return (apus, path)
        }
        let (first, firstPath) = try start()
        try first.kill()
        #expect(access(firstPath, F_OK) == 0, "nobody could remove it")
        let (second, secondPath) = try start()
        #expect(access((firstPath as NSString).deletingLastPathComponent, F_OK) != 0, "the dead one's folder is left")
        try second.send(SIGTERM)
        try second.waitForEnd()
        #expect(access((secondPath as NSString).deletingLastPathComponent, F_OK) != 0, "the folder is left")
      }
    }
  }
}

/// Datagrams from the test itself, which is nobody's service.
enum Datagram {
  /// 0, or errno.
  static func send(_ data: Data, to path: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { raw in for (index, byte) in path.utf8.enumerated() { raw[index] = byte } }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        data.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, 0, name, socklen_t(MemoryLayout<sockaddr_un>.size)) }
      }
    }
    return result < 0 ? errno : 0
  }
}
