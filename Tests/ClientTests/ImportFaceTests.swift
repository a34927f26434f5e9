import Foundation
import Testing

/// `apus import xinetd` with real files: what it reads, what it writes, and that apus accepts it.
@Suite struct ImportFaceTests {
  private func write(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private func entry(_ name: String, _ lines: String = "") -> String {
    "service \(name)\n{\n socket_type = stream\n wait = no\n user = root\n server = /bin/cat\n\(lines)}\n"
  }

  private func files(_ folder: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

  @Test func includesAndFolders() throws {
    let folder = Folder()
    let base = folder.path
    try write("defaults\n{\n instances = 7\n}\ninclude \(base)/one\nincludedir \(base)/d\ninclude \(base)/none\n", base + "/xinetd.conf")
    try write(entry("one", " port = 7001\n"), base + "/one")
    try write(entry("two", " port = 7002\n"), base + "/d/two")
    try write(entry("off", " port = 7003\n disable = yes\n"), base + "/d/off")
    for ignored in ["x.conf", ".hidden", "old~"] { try write("nonsense\n", base + "/d/" + ignored) }
    let outcome = try apus(["import", "xinetd", base + "/xinetd.conf", base + "/out/"])
    #expect(
      outcome.err == "\(base)/xinetd.conf:7: error: cannot read \(base)/none: no such file or directory\n"
        + "\(base)/d/off:1: notice: service off is disabled and left out (--all writes it, too)\n")
    #expect(outcome.status == 1)
    #expect(files(base + "/out") == ["one.socket", "one@.service", "two.socket", "two@.service"])
    #expect(try String(contentsOfFile: base + "/out/two.socket", encoding: .utf8).contains("MaxConnections=7\n"))
    #expect(outcome.out == files(base + "/out").map { "\(base)/out/\($0)\n" }.joined())
    #expect(try apus(["check", base + "/out"]) == Outcome(status: 0, out: "", err: ""))
    // A folder by itself.
    let again = try apus(["import", "xinetd", "--all", base + "/d", base + "/all"])
    #expect(again.status == 0 && files(base + "/all").count == 4 && again.err.isEmpty, "\(again)")
  }

  @Test func nothingIsOverwritten() throws {
    let folder = Folder()
    let base = folder.path
    try write(entry("one", " port = 7001\n"), base + "/one")
    try write("mine\n", base + "/out/one@.service")
    let refused = try apus(["import", "xinetd", base + "/one", base + "/out"])
    #expect(
      refused
        == Outcome(status: 1, out: "", err: "apus: \(base)/out/one@.service exists: nothing is written (--force overwrites it)\n"))
    #expect(files(base + "/out") == ["one@.service"])
    // Nor through a link that somebody has put there.
    try write("theirs\n", base + "/theirs")
    try FileManager.default.createSymbolicLink(atPath: base + "/out/one.socket", withDestinationPath: base + "/theirs")
    #expect(try apus(["import", "xinetd", base + "/one", base + "/out", "--force"]).status == 0)
    #expect(try String(contentsOfFile: base + "/theirs", encoding: .utf8) == "theirs\n")
    #expect(try String(contentsOfFile: base + "/out/one.socket", encoding: .utf8).contains("ListenStream=7001\n"))
  }

  @Test func whatCannotBeRead() throws {
    let folder = Folder()
    #expect(try apus(["import", "inetd", "a", "b"]).status == 64)
    #expect(try apus(["import", "xinetd", "a"]).status == 64)
    let outcome = try apus(["import", "xinetd", folder.path + "/none", folder.path + "/out"])
    #expect(outcome.status == 1 && outcome.err.contains("no such file") && outcome.err.contains("nothing is written"), "\(outcome)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
    // A file that includes itself.
    try write("include \(folder.path)/me\n" + entry("me", " port = 1\n"), folder.path + "/me")
    #expect(try apus(["import", "xinetd", folder.path + "/me", folder.path + "/out"]).status == 0)
  }

  /// All that the translation can write at once, read by apus without a finding.
  @Test func apusAcceptsWhatItWrites() throws {
    let folder = Folder()
    let base = folder.path
    let lines =
      " port = 7001\n only_from = 10.0.0.0 1.2.3.{4,5} ::1\n no_access = 10.1.0.0\n access_times = 8:00-17:00 0:00-23:59\n cps = 5 6\n"
      + " instances = 9\n per_source = 2\n banner = /etc/b\n banner_success = /etc/b\n banner_fail = /etc/b\n flags = KEEPALIVE NODELAY\n"
      + " bind = ::1\n nice = 5\n umask = 077\n env = A=1% B=\"\n rlimit_as = 64M\n rlimit_cpu = 5\n rlimit_data = 5K\n rlimit_files = 90\n"
      + " rlimit_stack = UNLIMITED\n server_args = a%b $c ; \"d\" 'e' #f \\g\n group = root\n v6only = yes\n"
    try write(
      entry("all", lines) + entry("relayed", " port = 7002\n redirect = db 5432\n")
        + entry("waits", " port = 7003\n").replacingOccurrences(of: "wait = no", with: "wait = yes")
        + entry("packets", " port = 7004\n").replacingOccurrences(of: "wait = no", with: "wait = yes")
        .replacingOccurrences(of: "stream", with: "dgram"),
      base + "/conf")
    let outcome = try apus(["import", "xinetd", base + "/conf", base + "/out"])
    #expect(
      outcome.err == "\(base)/conf:36: warning: redirect takes the server's place, as in xinetd\n" && files(base + "/out").count == 8,
      "\(outcome)")
    #expect(try apus(["check", base + "/out"]) == Outcome(status: 0, out: "", err: ""))
  }
}
