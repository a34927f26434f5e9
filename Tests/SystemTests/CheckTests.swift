import Foundation
import Testing

extension SystemTests {
  /// `apus check` on files that are wrong, each in another way.
  @Suite struct Check {
    static let bad = Machine.root + "/Tests/UnitFileTests/Fixtures/bad"

    static let golden = bad + ".golden"

    /// Fifty files and more, each with a mistake of its own; what is said is a golden file, for people to review.
    @Test func theFixturesGiveTheirDiagnostics() throws {
      let files = try FileManager.default.contentsOfDirectory(atPath: Self.bad).filter { UnitSuffix.isOne($0) }.sorted()
      #expect(files.count >= 50, "only \(files.count) bad files")
      let folder = (Self.bad as NSString).deletingLastPathComponent
      let checked = try runToEnd([try Binary.path(), "check", "bad"], folder: folder)
      #expect(checked.status == 78)
      let said = checked.stdout + checked.stderr
      #expect(said == (try String(contentsOfFile: Self.golden, encoding: .utf8)))
      let messages = Set(said.split(separator: "\n").compactMap { $0.split(separator: ": error: ").dropFirst().first })
      #expect(messages.count >= 50, "only \(messages.count) different diagnostics")
      // Each file alone is refused as well, but for the two that only together are wrong.
      for file in files where !file.hasPrefix("conflict-") {
        let alone = try runToEnd([try Binary.path(), "check", "bad/" + file], folder: folder)
        #expect(alone.status == 78, "\(file): \(alone.status) \(alone.stdout)\(alone.stderr)")
      }
    }

    enum UnitSuffix {
      static func isOne(_ name: String) -> Bool { [".service", ".timer", ".target"].contains { name.hasSuffix($0) } }
    }

    @Test func positionsAndHints() throws {
      try sandboxed { box in
        try box.write(
          "units/web.service", "[Unit]\nDescripton=x\n\n[Service]\nExecStart=/bin/true\n  Restart=allways\nKillMode\n[Srevice]\n")
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        let text = checked.stdout + checked.stderr
        #expect(checked.status == 78)
        for expected in ["web.service:2:1: error: ", "web.service:6:", "web.service:7:", "web.service:8:", "did you mean Description=?"] {
          #expect(text.contains(expected), "\(expected) is not in: \(text)")
        }
      }
    }

    /// What is not enforced is said in one line; with --explain key by key, with what is done instead.
    @Test func explainSaysWhatIsNotEnforced() throws {
      try sandboxed { box in
        try box.write(
          "units/web.service", "[Service]\nExecStart=/bin/true\nPrivateTmp=yes\nPrivateDevices=yes\nMemoryMax=1G\nNice=5\n")
        try box.write("units/plain.service", Units.longRunning)
        let plain = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(plain.status == 0 && plain.stdout.isEmpty)
        #expect(plain.stderr.contains("web.service: notice: not enforced in this container: PrivateTmp=, PrivateDevices=, MemoryMax= ("))
        #expect(plain.stderr.split(separator: "\n").count == 1)
        let explained = try runToEnd([try Binary.path(), "check", "--explain", box.path("units")])
        #expect(explained.status == 0)
        let lines = explained.stdout.split(separator: "\n").map(String.init)
        #expect(lines.count == 5 && lines[0] == "web.service:" && lines[1] == "  PrivateTmp= PrivateDevices=" && lines[3] == "  MemoryMax=")
        #expect(lines.dropFirst(2).first?.contains("mount namespace") == true && lines.last?.contains("control group") == true)
        let nothing = try runToEnd([try Binary.path(), "check", "--explain", box.path("units/plain.service")])
        #expect(nothing.stdout == "all that the units ask for is enforced\n")
      }
    }

    @Test func aGoodFolderIsSilent() throws {
      try sandboxed { box in
        try box.write("units/web.service", Units.longRunning)
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(checked.status == 0, "\(checked.stderr)")
        #expect(checked.stdout + checked.stderr == "")
      }
    }
  }
}
