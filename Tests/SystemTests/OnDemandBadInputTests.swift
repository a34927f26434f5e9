import Foundation
import Testing

extension SystemTests {
  /// Sockets that cannot be, and what becomes of the others.
  @Suite(.enabled(if: Network.isPossible, Network.notPossible)) struct OnDemandBadInput {
    private func service(_ mode: String) throws -> String { Units.service("ExecStart=\(try Tools.path("serve")) \(mode)") }

    /// Named, and no matter to the others; it can be started when the port is free.
    @Test func aPortInUse() throws {
      try sandboxed { box in
        for (name, port) in [("taken", 7000), ("free", 7001)] {
          try box.write("units/\(name).socket", "[Socket]\nListenStream=127.0.0.1:\(port)\n")
          try box.write("units/\(name).service", try service("lines"))
        }
        try box.write(
          "units/owner.socket", "[Unit]\nBefore=taken.socket\n[Socket]\nListenStream=127.0.0.1:7000\n")
        try box.write("units/owner.service", try service("lines"))
        let net = try Network(box, awaitsSockets: false)
        try net.apus.wait(for: "free.socket", toBe: "active")
        #expect(try net.load("127.0.0.1:7001", "1").served == 1, "the others start")
        try eventually("what is wrong: \(net.apus.process.stderr)") {
          net.apus.process.stderr.contains("taken.socket") && net.apus.process.stderr.contains("127.0.0.1:7000")
        }
        let line = net.apus.process.stderr.split(separator: "\n").first { $0.contains("taken.socket") && $0.contains("7000") } ?? ""
        #expect(line.lowercased().contains("in use"), "\(net.apus.process.stderr)")
        #expect(try net.apus.client(["stop", "owner.socket", "owner.service"]).status == 0)
        // By itself: it is tried again.
        try net.apus.wait(for: "taken.socket", toBe: "active")
        #expect(try net.load("127.0.0.1:7000", "1").served == 1)
      }
    }

    /// Refused with its place, at boot and by check.
    @Test(arguments: [
      ("ListenStream=/\(String(repeating: "x", count: 120))", "each@.service", "107"),
      ("ListenStream=127.0.0.1:70000", "each@.service", "70000"),
      ("ListenStream=127.0.0.1:7000", "other.service", "each"),
    ])
    func whatCannotBe(line: String, service name: String, word: String) throws {
      try sandboxed { box in
        try box.write("units/each.socket", "[Socket]\n\(line)\nAccept=yes\n")
        try box.write("units/\(name)", try service("hello"))
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(checked.status != 0)
        #expect((checked.stdout + checked.stderr).contains(word), "\(checked.stdout)\(checked.stderr)")
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == 78, "\(apus.process.stderr)")
      }
    }

    @Test func anAddressThatIsNotOurs() throws {
      try sandboxed { box in
        try box.write("units/far.socket", "[Socket]\nListenStream=192.0.2.1:7000\n")
        try box.write("units/far.service", try service("lines"))
        try box.write("units/near.socket", "[Socket]\nListenStream=127.0.0.1:7000\n")
        try box.write("units/near.service", try service("lines"))
        let net = try Network(box, awaitsSockets: false)
        try net.apus.wait(for: "near.socket", toBe: "active")
        #expect(try net.load("127.0.0.1:7000", "1").served == 1)
        try eventually("its name: \(net.apus.process.stderr)") {
          net.apus.process.stderr.contains("far.socket") && net.apus.process.stderr.contains("192.0.2.1")
        }
        // FreeBind=yes is what makes it possible.
        try box.write("units/far.socket", "[Socket]\nListenStream=192.0.2.1:7000\nFreeBind=yes\n")
        #expect(try net.apus.client(["apply"]).status == 0)
        try net.apus.wait(for: "far.socket", toBe: "active")
      }
    }

    /// Its place is taken by a file: nothing is removed, and it is said.
    @Test func aFIFOReplacedByAFile() throws {
      try sandboxed { box in
        try box.write("units/log.socket", "[Socket]\nListenFIFO=\(box.path("fifo"))\n")
        try box.write("units/log.service", Units.shell("read line; echo $line >> \(box.path("got"))", "StandardInput=socket"))
        try box.write("fifo", "somebody's file\n")
        let net = try Network(box, options: ["--stay"], awaitsSockets: false)
        try eventually("its name: \(net.apus.process.stderr)") {
          net.apus.process.stderr.contains("log.socket") && net.apus.process.stderr.contains(box.path("fifo"))
        }
        #expect(box.read("fifo") == "somebody's file\n")
        try box.remove("fifo")
        _ = try net.apus.client(["start", "log.socket"])
        try net.apus.wait(for: "log.socket", toBe: "active")
        #expect(try runToEnd(["/bin/sh", "-c", "echo one > \(box.path("fifo"))"]).status == 0)
        try eventually("the line") { box.read("got") == "one\n" }
      }
    }

    /// A socket's file that a dead owner left is taken over.
    @Test func aStaleSocketFile() throws {
      try sandboxed { box in
        let bind = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        try #require(try runToEnd(["/usr/bin/python3", "-c", bind, box.path("web.sock")]).status == 0)
        try box.write("units/web.socket", "[Socket]\nListenStream=\(box.path("web.sock"))\n")
        try box.write("units/web.service", try service("lines"))
        let net = try Network(box)
        #expect(try net.load(box.path("web.sock"), "1").served == 1)
      }
    }
  }
}
