import Foundation
import Testing

extension SystemTests {
  /// The commands of sockets, and what sockets leave in the file system, by the running binary.
  @Suite(.enabled(if: Network.isPossible, Network.notPossible)) struct OnDemandCommands {
    /// What a socket's own commands are given: nothing, or what it listens on as soon as that is open (systemd 256; 252 ignores the
    /// key). Of several ExecStopPost= only the first: when it runs, the socket itself is closed.
    @Test(arguments: [false, true]) func passFileDescriptorsToExec(passes: Bool) throws {
      try sandboxed { box in
        let serve = try Tools.path("serve")
        try box.write(
          "units/web.socket",
          """
          [Socket]
          ListenStream=127.0.0.1:7000
          ListenFIFO=\(box.path("fifo"))
          FileDescriptorName=main
          PassFileDescriptorsToExec=\(passes ? "yes" : "no")
          ExecStartPre=\(serve) what start-pre
          ExecStartPost=\(serve) what start-post
          ExecStartPost=\(serve) what start-post
          ExecStopPre=\(serve) what stop-pre
          ExecStopPost=\(serve) what stop-post
          ExecStopPost=\(serve) what stop-post
          StandardOutput=append:\(box.path("out"))

          """)
        try box.write(
          "units/web.service",
          Units.service(
            "Type=oneshot", "RemainAfterExit=yes", "ExecStartPre=\(serve) what service", "ExecStart=\(serve) what service",
            "ExecStop=\(serve) what service", "StandardOutput=append:\(box.path("service"))"))
        let net = try Network(box)
        #expect(try net.apus.client(["start", "web.service"]).status == 0)
        #expect(try net.apus.client(["stop", "web.service"]).status == 0)
        // Its commands have not changed how it listens.
        let load = try net.startLoad("127.0.0.1:7000", "1")
        try net.apus.wait(for: "web.service", toBe: "active")
        let none = " pid=- fds=- names=-"
        let all = passes ? " pid=own fds=2 names=main:main stream fifo" : none
        let own = "service pid=own fds=2 names=main:main stream fifo"
        #expect(box.lines("service") == ["service" + none, own, "service" + none, "service" + none, own])
        // The connection waits still: as long as the socket is there, it would start the service again.
        for unit in ["web.socket", "web.service"] { #expect(try net.apus.client(["stop", unit]).status == 0) }
        #expect(
          box.lines("out") == [
            "start-pre" + none, "start-post" + all, "start-post" + all, "stop-pre" + all, "stop-post" + all, "stop-post" + none,
          ])
        #expect(try net.load("127.0.0.1:7000", "1").refused == 1)
        try load.waitForEnd()
        // And once more from the beginning.
        #expect(try net.apus.client(["restart", "web.socket"]).status == 0, "\(net.apus.process.stderr)")
        #expect(Array(box.lines("out").dropFirst(6)) == ["start-pre" + none, "start-post" + all, "start-post" + all])
      }
    }

    /// Commands that have them share the open sockets; those are still accepted from without waiting.
    @Test func passFileDescriptorsToExecWithAccept() throws {
      try sandboxed { box in
        let serve = try Tools.path("serve")
        try box.write(
          "units/each.socket",
          """
          [Socket]
          ListenStream=127.0.0.1:7000
          Accept=yes
          PassFileDescriptorsToExec=yes
          ExecStartPost=\(serve) what
          ExecStopPre=\(serve) what
          StandardOutput=append:\(box.path("out"))

          """)
        try box.write("units/each@.service", Units.service("ExecStart=\(serve) hello", "StandardInput=socket"))
        let net = try Network(box)
        #expect(try net.load("127.0.0.1:7000", "20", "5").served == 20)
        let before = try net.descriptors()
        #expect(try net.apus.client(["restart", "each.socket"]).status == 0)
        #expect(try net.load("127.0.0.1:7000", "20", "5").served == 20)
        let line = "pid=own fds=1 names=connection stream"
        #expect(box.lines("out") == [line, line, line])
        try eventually("all descriptors are given back") { try net.descriptors() <= before }
      }
    }

    /// Which of its commands run when one of them, or the opening, fails, and what it is called: as systemd 252 has answered, but
    /// after a timeout of ExecStartPost= it runs ExecStopPre= as well, beside that command.
    @Test func commandsThatFail() throws {
      let all = ["start-pre", "start-post", "stop-pre", "stop-post"]
      let cases: [(name: String, lines: String, result: String, ran: [String])] = [
        ("good", "ExecStartPre=/bin/true", "success", Array(all.prefix(2))),
        ("prefail", "ExecStartPre=/bin/false", "exit-code", ["start-pre"]),
        ("preignored", "ExecStartPre=-/bin/false", "success", Array(all.prefix(2))),
        ("prekilled", "ExecStartPre=/bin/sh -c 'kill -9 $$$$'", "signal", ["start-pre"]),
        ("preslow", "ExecStartPre=/bin/sleep 1000\nTimeoutSec=500ms", "timeout", ["start-pre"]),
        ("premissing", "ExecStartPre=/nonexistent", "exit-code", ["start-pre"]),
        ("openfail", "ListenStream=192.0.2.1:99", "resources", ["start-pre", "stop-pre", "stop-post"]),
        ("nouser", "SocketUser=apus-nobody-has-this", "resources", ["start-pre", "stop-pre", "stop-post"]),
        ("postfail", "ExecStartPost=/bin/false", "exit-code", all),
        ("postmissing", "ExecStartPost=/nonexistent", "exit-code", all),
        ("postslow", "ExecStartPost=/bin/sleep 1000\nTimeoutSec=500ms", "timeout", ["start-pre", "start-post", "stop-post"]),
      ]
      try sandboxed { box in
        func command(_ key: String, _ name: String, _ word: String) -> String {
          "Exec\(key)=/bin/sh -c 'echo \(word) >> \(box.path("ran-" + name))'"
        }
        for (name, lines, _, _) in cases {
          let commands = [
            command("StartPre", name, "start-pre"), command("StartPost", name, "start-post"), command("StopPre", name, "stop-pre"),
            command("StopPost", name, "stop-post"),
          ]
          try box.write(
            "units/\(name).socket",
            "[Socket]\nListenStream=\(box.path(name + ".sock"))\n" + commands.joined(separator: "\n") + "\n\(lines)\n")
          try box.write("units/\(name).service", Units.service("ExecStart=\(try Tools.path("serve")) lines"))
        }
        let net = try Network(box, options: ["--stay"], awaitsSockets: false)
        for (name, _, result, ran) in cases {
          let isUp = result == "success"
          try net.apus.wait(for: name + ".socket", toBe: isUp ? "active" : "failed")
          #expect(try net.apus.property("Result", of: name + ".socket") == result, "\(name)")
          #expect(box.lines("ran-" + name) == ran, "\(name)")
          #expect((access(box.path(name + ".sock"), F_OK) == 0) == (ran != ["start-pre"] && name != "nouser"), "\(name): its node")
          let load = try net.load(box.path(name + ".sock"), "1")
          #expect(isUp ? load.served == 1 : load.refused == 1, "\(name): \(load)")
          // Whoever asks for it is told.
          #expect((try net.apus.client(["start", name + ".socket"], within: 20).status == 0) == isUp, "\(name)")
        }
        #expect(net.apus.process.stderr.contains("nouser.socket: SocketUser=apus-nobody-has-this: no such user"))
      }
    }

    /// Of a stop that fails, all commands run.
    @Test(arguments: [
      ("ExecStopPre=/bin/false", "exit-code"), ("ExecStopPost=/bin/false", "exit-code"), ("ExecStopPre=/nonexistent", "exit-code"),
      ("ExecStopPre=/bin/sleep 1000\nTimeoutSec=500ms", "timeout"), ("ExecStopPost=/bin/sleep 1000\nTimeoutSec=500ms", "timeout"),
    ])
    func stopsThatFail(lines: String, result: String) throws {
      try sandboxed { box in
        func echo(_ word: String) -> String { "/bin/sh -c 'echo \(word) >> \(box.path("ran"))'" }
        try box.write(
          "units/web.socket",
          "[Socket]\nListenStream=127.0.0.1:7000\nExecStopPre=\(echo("pre"))\nExecStopPost=\(echo("post"))\n\(lines)\n")
        try box.write("units/web.service", Units.service("ExecStart=\(try Tools.path("serve")) lines"))
        let net = try Network(box, options: ["--stay"])
        _ = try net.apus.client(["stop", "web.socket"], within: 20)
        try net.apus.wait(for: "web.socket", toBe: "failed")
        #expect(try net.apus.property("Result", of: "web.socket") == result)
        #expect(box.lines("ran") == ["pre", "post"])
        #expect(try net.load("127.0.0.1:7000", "1").refused == 1)
        #expect(try net.apus.client(["start", "web.socket"]).status == 0)
        #expect(try net.load("127.0.0.1:7000", "1").served == 1)
      }
    }

    /// Whose the nodes are, and what becomes of them and of their links.
    @Test(arguments: ["ListenStream", "ListenSequentialPacket", "ListenFIFO"], [false, true])
    func nodesAndLinks(kind: String, removes: Bool) throws {
      try sandboxed { box in
        let node = box.path("a/b/node")
        let links = [box.path("c/d/link"), box.path("a/link")]
        try box.write(
          "units/web.socket",
          """
          [Socket]
          \(kind)=\(node)
          SocketUser=nobody
          SocketGroup=daemon
          SocketMode=0620
          DirectoryMode=0710
          Symlinks=\(links.joined(separator: " "))
          RemoveOnStop=\(removes ? "yes" : "no")

          """)
        try box.write("units/web.service", Units.longRunning)
        // A link that is in the way is replaced.
        _ = try box.folder("a")
        symlink("/nowhere", box.path("a/link"))
        let net = try Network(box)
        func status(_ path: String) -> stat {
          var info = stat()
          if lstat(path, &info) != 0 { info.st_mode = 0 }
          return info
        }
        func expectNode() {
          let info = status(node)
          #expect(info.st_mode == (kind == "ListenFIFO" ? S_IFIFO : S_IFSOCK) | 0o620, "\(String(info.st_mode, radix: 8))")
          #expect(info.st_uid == getpwnam("nobody")?.pointee.pw_uid && info.st_gid == getgrnam("daemon")?.pointee.gr_gid)
          for link in links { #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == node, "\(link)") }
        }
        expectNode()
        for made in ["a/b", "c", "c/d"] {
          let info = status(box.path(made))
          #expect(info.st_mode == S_IFDIR | 0o710 && info.st_uid == 0 && info.st_gid == 0, "\(made): \(String(info.st_mode, radix: 8))")
        }
        #expect(try net.apus.client(["stop", "web.socket"]).status == 0)
        if removes {
          for path in [node] + links { #expect(status(path).st_mode == 0, "\(path) is left") }
        } else {
          expectNode()
        }
        #expect(try net.apus.client(["start", "web.socket"]).status == 0, "\(net.apus.process.stderr)")
        expectNode()
      }
    }

    /// Without a group it is the user's own; a number is as good as a name.
    @Test func theGroupOfSocketUser() throws {
      try sandboxed { box in
        for (name, lines) in [("named", "SocketUser=daemon"), ("number", "SocketUser=4242\nSocketGroup=4243")] {
          try box.write("units/\(name).socket", "[Socket]\nListenStream=\(box.path(name))\n\(lines)\n")
          try box.write("units/\(name).service", Units.longRunning)
        }
        _ = try Network(box)
        var info = stat()
        #expect(lstat(box.path("named"), &info) == 0 && info.st_uid == getpwnam("daemon")?.pointee.pw_uid)
        #expect(info.st_gid == getpwnam("daemon")?.pointee.pw_gid && info.st_mode & 0o777 == 0o666)
        #expect(lstat(box.path("number"), &info) == 0 && info.st_uid == 4242 && info.st_gid == 4243)
      }
    }

    /// Each descriptor has its own socket's name, and a restart changes nothing of their order.
    @Test func namesOfSeveralSockets() throws {
      try sandboxed { box in
        let serve = try Tools.path("serve")
        for (name, lines) in [
          ("web", "ListenStream=127.0.0.1:7000\nListenStream=[fd00::1]:7001\nFileDescriptorName=http"),
          ("aux", "ListenDatagram=127.0.0.1:7000\nFileDescriptorName=log\nService=web.service"),
          ("zoo", "ListenSequentialPacket=@apus-test-zoo\nService=web.service"),
          ("fifo", "ListenFIFO=\(box.path("fifo"))\nListenStream=\(box.path("sock"))\nFileDescriptorName=http\nService=web.service"),
        ] { try box.write("units/\(name).socket", "[Socket]\n\(lines)\n") }
        try box.write(
          "units/web.service",
          Units.service(
            "Type=oneshot", "RemainAfterExit=yes", "Sockets=aux.socket fifo.socket web.socket zoo.socket", "ExecStart=\(serve) what",
            "StandardOutput=append:\(box.path("out"))"))
        let net = try Network(box)
        #expect(try net.apus.client(["start", "web.service"]).status == 0)
        #expect(try net.apus.client(["restart", "web.service"]).status == 0)
        let lines = box.lines("out")
        let words = (lines.first ?? "").split(separator: " ").map(String.init)
        try #require(words.count == 9 && words[0] == "pid=own" && words[1] == "fds=6", "\(lines)")
        let names = words[2].dropFirst("names=".count).split(separator: ":").map(String.init)
        let pairs = Array(zip(names, words[3...])).map { "\($0) \($1)" }
        #expect(
          pairs.sorted() == ["http fifo", "http stream", "http stream", "http stream", "log datagram", "zoo.socket packet"], "\(pairs)")
        // Those of one socket are together, in the order of its lines.
        let whole = pairs.joined(separator: ",")
        #expect(whole.contains("http fifo,http stream") && whole.contains("http stream,http stream"), "\(pairs)")
        #expect(lines.count == 2 && lines[0] == lines[1], "\(lines)")
      }
    }
  }
}
