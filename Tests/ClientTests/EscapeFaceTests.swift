import Foundation
import Testing

/// `apus escape` against what systemd-escape 252 gave.
@Suite struct EscapeFaceTests {
  private struct Vector: Decodable {
    var kind: String
    var mode: String?
    var text: String?
    var escaped: String?
    var plain: String?
    var error: Bool?
  }

  @Test func vectors() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("UnitFileTests/Fixtures/time-escape.jsonl")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    var count = 0
    for line in lines {
      let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
      guard vector.kind == "escape" || vector.kind == "unescape", let text = vector.text else { continue }
      count += 1
      let options = (vector.kind == "unescape" ? ["-u"] : []) + (vector.mode == "path" ? ["-p"] : [])
      let outcome = try apus(["escape"] + options + ["--", text])
      if vector.error == true {
        #expect(outcome.status == 1 && outcome.out.isEmpty, "\(line): \(outcome)")
      } else {
        #expect(outcome.status == 0 && outcome.out == (vector.escaped ?? vector.plain ?? "") + "\n", "\(line): \(outcome)")
      }
    }
    #expect(count == 35)
  }

  /// Arguments, what is printed, the exit status.
  @Test func modes() throws {
    let cases: [([String], String, Int32)] = [
      (["a b", "/x"], "a\\x20b -x\n", 0), ([], "", 1), (["-p", "/", "/a//b/", "a/b", "../x", "/y"], "- a-b a-b", 1),
      (["-p", "--suffix=mount", "/mnt/x"], "mnt-x.mount\n", 0), (["--suffix=bogus", "a"], "", 1), (["--suffix=", "a"], "", 1),
      (["--template=foo@.service", "a/b", "c"], "foo@a-b.service foo@c.service\n", 0), (["--template=foo@x.service", "a"], "", 1),
      (["--template=foo.service", "a"], "", 1), (["--template=foo@.bogus", "a"], "", 1),
      (["--template=foo@.service", "-p", "/a/b"], "foo@a-b.service\n", 0), (["--template=foo@.service", "--suffix=service", "a"], "", 1),
      (["--template=foo@.service", "--mangle", "a"], "", 1), (["--template=foo@.service", ""], "", 1),
      (["-p", "--template=foo@.service", ""], "foo@-.service\n", 0),
      (
        ["-m", "a b", "x", "a.service", "/dev/sda", "/a/b", "a@b c.service", "x*", "[a]", "é", ".x"],
        "a\\x20b.service x.service a.service dev-sda.device a-b.mount a@b\\x20c.service x\\x2a.service \\x5ba\\x5d.service "
          + "\\xc3\\xa9.service .x.service\n", 0
      ),
      (["-m", "x", ""], "x.service", 1), (["-m", "--suffix=timer", "a"], "", 1), (["-m", "-p", "/x"], "", 1), (["-mp", "x"], "", 1),
      (["-u", "a\\x20b", "a-b", "\\x2f", "a\\x"], "a b a/b /", 1), (["-u", "--suffix=service", "a"], "", 1),
      (["-u", "--template=foo@.service", "foo@a-b.service"], "a/b\n", 0), (["-u", "--template=foo@.service", "bar@a.service"], "", 1),
      (["-u", "--template=foo@.service", "foo@.service"], "", 1), (["-u", "--instance", "foo@a-b.service"], "a/b\n", 0),
      (["-u", "--instance", "-p", "foo@a-b.service"], "/a/b\n", 0), (["--instance", "foo@a.service"], "", 1),
      (["-u", "--instance", "foo.service"], "", 1), (["-u", "--instance", "--template=a@.service", "x"], "", 1),
      (["--", "-x"], "\\x2dx\n", 0),
      ([".hidden", "a.b", "a:b_c@d", "a\nb", "~", "\\", "é"], "\\x2ehidden a.b a:b_c\\x40d a\\x0ab \\x7e \\x5c \\xc3\\xa9\n", 0),
    ]
    for (arguments, out, status) in cases {
      let outcome = try apus(["escape"] + arguments)
      #expect(outcome.status == status && outcome.out == out, "\(arguments): \(outcome)")
      #expect(status == 0 || !outcome.err.isEmpty)
    }
  }

  @Test func asSystemdEscape() throws {
    let folder = Folder()
    let link = folder.path + "/systemd-escape"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: binaryPath)
    #expect(try apus(["-p", "/a/b"], program: link) == Outcome(status: 0, out: "a-b\n", err: ""))
  }
}
