import Foundation
import Model
import Testing

@testable import Linux

/// Conditions on paths, with what systemd 252 answered to each.
@Suite struct PathConditionTests {
  static let asked: [(String, Bool)] = [
    ("PathExists=f", true), ("PathExists=dangling", false), ("PathExists=!dangling", true), ("PathExistsGlob=fu*", true),
    ("PathExistsGlob=dang*", true), ("PathExistsGlob={f,zzz}", true), ("PathExistsGlob={yyy,zzz}", false),
    ("PathExistsGlob=hidden/*", false), ("PathIsDirectory=full", true), ("PathIsDirectory=dlink", true), ("PathIsDirectory=f", false),
    ("PathIsSymbolicLink=link", true), ("PathIsSymbolicLink=dangling", true), ("PathIsSymbolicLink=f", false),
    ("PathIsMountPoint=full", false), ("PathIsMountPoint=nothing", false), ("PathIsReadWrite=full", true),
    ("PathIsReadWrite=nothing", false), ("PathIsReadWrite=dangling", false), ("DirectoryNotEmpty=empty", false),
    ("DirectoryNotEmpty=hidden", false), ("DirectoryNotEmpty=backup", false), ("DirectoryNotEmpty=full", true),
    ("DirectoryNotEmpty=dlink", true), ("DirectoryNotEmpty=f", false), ("DirectoryNotEmpty=nothing", false),
    ("DirectoryNotEmpty=!nothing", true), ("FileNotEmpty=e", false), ("FileNotEmpty=f", true), ("FileNotEmpty=link", true),
    ("FileNotEmpty=full", false), ("FileIsExecutable=x", true), ("FileIsExecutable=f", false), ("FileIsExecutable=full", false),
    ("PathIsEncrypted=full", false), ("PathIsEncrypted=!full", true), ("PathIsEncrypted=!nothing", true), ("PathIsSocket=f", false),
    ("NeedsUpdate=full", true), ("NeedsUpdate=new", false),
  ]

  private func prepared() throws -> Scratch {
    let scratch = try Scratch()
    let setup = """
      cd \(scratch.path); mkdir empty hidden backup full new; touch hidden/.x backup/x~ full/x e; echo x > f; echo x > x; chmod 755 x
      ln -s /nowhere dangling; ln -s f link; ln -s full dlink; touch -d 2099-01-01 new/.updated
      """
    #expect(try ProbeRunner.run(["/bin/sh", "-ec", setup]).status == 0)
    return scratch
  }

  private func argument(_ text: String, _ scratch: Scratch, list: String = "c") -> Bytes {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    let negated = parts[1].hasPrefix("!")
    return Bytes("\(list)\(parts[0])=\(negated ? "!" : "")\(scratch.path)/\(negated ? String(parts[1].dropFirst()) : parts[1])".utf8)
  }

  @Test func eachAsSystemdAnswered() throws {
    let scratch = try prepared()
    for (text, wanted) in Self.asked {
      #expect(PathConditions.firstFailing([argument(text, scratch)]) == (wanted ? 0 : 1), "\(text)")
    }
    #expect(PathConditions.firstFailing([Bytes("cPathIsMountPoint=/")]) == 0)
    #expect(PathConditions.firstFailing([Bytes("cPathIsMountPoint=/proc")]) == 0)
  }

  /// Which one of a list fails: plain ones each, triggers together.
  @Test func listsAndTriggers() throws {
    let scratch = try prepared()
    let table: [([String], Int32)] = [
      ([], 0), (["c+", "c+"], 0), (["c+", "c-"], 2), (["c|-", "c|+"], 0), (["c|-", "c|-"], 1), (["c+", "c|-", "c|-"], 2),
      (["c|-", "c|+", "a+"], 0), (["c|-", "a+"], 1), (["c+", "a-"], 2), (["c|+", "a|-", "a|-"], 2), (["c|+", "a|-", "a|+"], 0),
      (["c+", "a+", "a|-"], 3), (["c-", "a-"], 1),
    ]
    for (list, wanted) in table {
      let arguments = list.map { word in
        let trigger = word.contains("|") ? "|" : ""
        return argument("\(trigger)PathExists=\(word.hasSuffix("+") ? "f" : "nothing")", scratch, list: String(word.prefix(1)))
      }
      #expect(PathConditions.firstFailing(arguments) == wanted, "\(list)")
    }
    for broken in ["", "c", "x=", "cPathExists", "cNope=/x", "cUser=root", "zPathExists=/"] {
      #expect(PathConditions.firstFailing([Bytes(broken.utf8)]) == 255, "\(broken)")
    }
  }

  @Test func braces() {
    func texts(_ pattern: String) -> [String] { PathConditions.alternatives(of: Bytes(pattern.utf8)).map { $0.shown }.sorted() }
    #expect(texts("/a") == ["/a"])
    #expect(texts("/{a,b}{c,d}") == ["/ac", "/ad", "/bc", "/bd"])
    #expect(texts("/{a,{b,c}}x") == ["/ax", "/bx", "/cx"])
    #expect(texts("/{a}") == ["/{a}"])
    #expect(texts("/{a,b") == ["/{a,b"])
    #expect(PathConditions.alternatives(of: Bytes(String(repeating: "{a,b}", count: 40).utf8)).count <= 300)
  }
}

/// Removal of what a run leaves behind.
@Suite struct RemovalTests {
  @Test func treesGoAndLinksAreNotFollowed() throws {
    let scratch = try Scratch()
    let base = scratch.path
    let setup =
      "cd \(base); mkdir -p keep t/a/b/c t/d; touch keep/x t/a/f t/a/b/c/g; ln -s \(base)/keep t/link; ln -s \(base)/keep toplink; mkfifo t/p"
    #expect(try ProbeRunner.run(["/bin/sh", "-ec", setup]).status == 0)
    for path in ["t", "toplink", "t", "nothing", "keep/x/y"] { #expect(Removal.remove(Bytes("\(base)/\(path)".utf8)) == nil, "\(path)") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: base) == ["keep"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(base)/keep") == ["x"])
  }

  /// By the spelling alone: nothing is tried out on this machine's own root.
  @Test func whatIsRefused() {
    for path in ["/", "//", "", "relative", "/tmp/../etc", "/tmp/.", "/."] {
      for isTree in [true, false] { #expect(!Removal.isPlain(Bytes(path.utf8), isTree: isTree), "\(path)") }
    }
    for path in ["/run", "/etc/", "//dev"] { #expect(!Removal.isPlain(Bytes(path.utf8), isTree: true), "\(path)") }
    #expect(Removal.isPlain(Bytes("/x.pid"), isTree: false) && Removal.isPlain(Bytes("/run/x"), isTree: true))
    #expect(Removal.remove(Bytes("file:relative")) != nil)
  }

  /// PIDFile= that names a folder, a device or a FIFO by mistake: it stays; a file or a link goes.
  @Test func aPIDFileIsNoTree() throws {
    let scratch = try Scratch()
    let base = scratch.path
    let setup = "cd \(base); mkdir -p folder/data; mkfifo pipe; touch file; ln -s folder link; mkfifo top"
    #expect(try ProbeRunner.run(["/bin/sh", "-ec", setup]).status == 0)
    for name in ["folder", "pipe"] { #expect(Removal.remove(Bytes("file:\(base)/\(name)".utf8)) != nil, "\(name)") }
    for name in ["file", "link", "nothing"] { #expect(Removal.remove(Bytes("file:\(base)/\(name)".utf8)) == nil, "\(name)") }
    #expect(Removal.remove(Bytes("\(base)/top".utf8)) != nil, "a FIFO is no runtime directory")
    #expect(try FileManager.default.contentsOfDirectory(atPath: base).sorted() == ["folder", "pipe", "top"])
  }

  /// A service's user exchanges the folder that it owns for a link: what the link leads to stays.
  @Test(.enabled(if: ProbeRunner.isRoot)) func aWayThatAnotherUserLaid() throws {
    let scratch = try Scratch()
    let base = scratch.path
    let setup =
      "cd \(base); chmod 755 .; mkdir -p victim/b; touch victim/b/x; mkdir theirs; chown 65534 theirs; ln -s \(base)/victim theirs/a; chown -h 65534 theirs/a"
    #expect(try ProbeRunner.run(["/bin/sh", "-ec", setup]).status == 0)
    let failure = Removal.remove(Bytes("\(base)/theirs/a/b".utf8))
    #expect(failure?.shown.contains("unsafe") == true, "\(failure?.shown ?? "removed")")
    #expect(FileManager.default.fileExists(atPath: "\(base)/victim/b/x"))
  }
}

/// Addresses and answers of probes.
@Suite struct ProbingTests {
  @Test func addresses() {
    func address(_ text: String) -> ProbeAddress? { ProbeAddress(Bytes(text.utf8)) }
    #expect(address("80") == .host(Bytes("localhost"), port: 80))
    #expect(address("127.0.0.1:8080") == .host(Bytes("127.0.0.1"), port: 8080))
    #expect(address("[::1]:443") == .host(Bytes("::1"), port: 443))
    #expect(address("web:1") == .host(Bytes("web"), port: 1))
    #expect(address("/run/x.sock") == .path(Bytes("/run/x.sock")))
    for bad in ["", "0", "65536", "a", "a:", ":80", "a:b", "[::1]", "[::1:80", "[::1]80", "a:0"] { #expect(address(bad) == nil, "\(bad)") }
    #expect(ProbeAddress(Bytes("web"), defaultPort: 80) == .host(Bytes("web"), port: 80))
    #expect(ProbeAddress(Bytes("[::1]"), defaultPort: 80) == .host(Bytes("::1"), port: 80))
  }

  @Test func numbers() {
    func bytes(_ text: String) -> Bytes? { IPAddress(Bytes(text.utf8))?.bytes }
    #expect(bytes("127.0.0.1") == Bytes(repeating: 0, count: 10) + [255, 255, 127, 0, 0, 1])
    #expect(bytes("::1") == Bytes(repeating: 0, count: 15) + [1])
    #expect(bytes("::") == Bytes(repeating: 0, count: 16))
    #expect(bytes("2001:db8::ff00:42:8329") == [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42, 0x83, 0x29])
    #expect(bytes("::ffff:10.0.0.1") == Bytes(repeating: 0, count: 10) + [255, 255, 10, 0, 0, 1])
    #expect(bytes("1:2:3:4:5:6:7:8")?.count == 16)
    for bad in [
      "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.", "1:2", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "::g", "12345::",
      "1:2:3:4:5:6:7:8::",
    ] {
      #expect(bytes(bad) == nil, "\(bad)")
    }
  }

  @Test func answers() {
    func judge(_ line: String) -> Bytes? { Probing.judge(Bytes(line.utf8)) }
    for good in ["HTTP/1.1 200 OK", "HTTP/1.0 204", "HTTP/1.1 301 Moved", "HTTP/2 399 x"] { #expect(judge(good) == nil, "\(good)") }
    for bad in ["", "HTTP/1.1 404 x", "HTTP/1.1 500", "HTTP/1.1 100", "SSH-2.0", "HTTP/1.1", "HTTP/1.1 20 x", "HTTP/1.1 2000 x"] {
      #expect(judge(bad) != nil, "\(bad)")
    }
  }

  @Test func realConnections() throws {
    let scratch = try Scratch()
    let (server, output) = try ProbeRunner.process(["/usr/bin/python3", "-c", Self.server, scratch.path])
    defer { server.terminate() }
    var text = ""
    while !text.contains("\n") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
    }
    let port = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    func tcp(_ text: String) -> String? { Probing.tcp(Bytes(text.utf8))?.shown }
    func http(_ text: String) -> String? { Probing.http(Bytes(text.utf8))?.shown }
    #expect(tcp("\(port)") == nil)
    #expect(tcp("127.0.0.1:\(port)") == nil)
    #expect(tcp("\(scratch.path)/socket") == nil)
    #expect(tcp("\(scratch.path)/nothing")?.contains("no such file") == true)
    #expect(tcp("no-such-host.invalid:1")?.contains("/etc/hosts") == true)
    #expect(http("http://127.0.0.1:\(port)/ok") == nil)
    #expect(http("http://localhost:\(port)/ok?x=1#y") == nil)
    #expect(http("http://127.0.0.1:\(port)/nope")?.contains("the answer was 404") == true)
    #expect(http("https://127.0.0.1:\(port)/")?.contains("only http") == true)
    #expect(http("http://127.0.0.1:\(port)/a b")?.contains("blank") == true)
  }

  private static let server = """
    import http.server, socket, sys
    unix = socket.socket(socket.AF_UNIX); unix.bind(sys.argv[1] + '/socket'); unix.listen()
    class H(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        self.send_response(200 if self.path.startswith('/ok') else 404); self.send_header('Content-Length', '0'); self.end_headers()
      def log_message(self, *a): pass
    s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)
    print(s.server_address[1], flush=True); s.serve_forever()
    """
}
