import Foundation
import Testing

extension SystemTests {
  /// `apus check` on files that are wrong, each in another way.
  @Suite struct Check {
    static let bad = Machine.root + "/Tests/UnitFileTests/Fixtures/bad"

    static let golden = bad + ".golden"

    /// Fifty files and more, each with a mistake of its own; what is said about each is kept in the golden file, where it
    /// stands below a line with the file's name.
    @Test func theFixturesGiveTheirDiagnostics() throws {
      let files = try FileManager.default.contentsOfDirectory(atPath: Self.bad).filter { UnitSuffix.isOne($0) }.sorted()
      #expect(files.count >= 50, "only \(files.count) bad files")
      let golden = try String(contentsOfFile: Self.golden, encoding: .utf8)
      var said: Set<String> = []
      // Some mistakes are made by two files together.
      let together = try runToEnd([try Binary.path(), "check", Self.bad])
      #expect(together.status == 78)
      for file in files {
        let alone = try runToEnd([try Binary.path(), "check", Self.bad + "/" + file])
        let lines = (alone.stdout + alone.stderr + together.stdout + together.stderr).split(separator: "\n")
        let errors = Set(lines.filter { $0.contains("/\(file):") && $0.contains(": error: ") })
        #expect(!errors.isEmpty, "\(file): \(alone.status) \(alone.stdout)\(alone.stderr)")
        for error in errors {
          let text = error.replacing(Self.bad + "/", with: "")
          let message = text.split(separator: ": error: ").last.map(String.init) ?? ""
          said.insert(message)
          #expect(golden.contains(message), "not in bad.golden: \(text)")
        }
      }
      #expect(said.count >= 50, "only \(said.count) different diagnostics")
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
