import Foundation
import Testing

extension SystemTests {
  /// `apus check` on files that are wrong, each in another way.
  @Suite struct Check {
    static let bad = Machine.root + "/Tests/UnitFileTests/Fixtures/bad"

    /// The golden file's lines begin with the file's name alone, since folders differ from machine to machine.
    @Test(.enabled(if: access(bad, R_OK) == 0, "there is no Tests/UnitFileTests/Fixtures/bad"))
    func theFixturesGiveTheirDiagnostics() throws {
      let files = try FileManager.default.contentsOfDirectory(atPath: Self.bad).filter { UnitSuffix.isOne($0) }.sorted()
      #expect(files.count >= 50, "only \(files.count) bad files")
      var said: Set<String> = []
      for file in files {
        let checked = try runToEnd([try Binary.path(), "check", Self.bad + "/" + file])
        #expect(checked.status == 78, "\(file): \(checked.status) \(checked.stdout)\(checked.stderr)")
        let text = checked.stdout + checked.stderr
        let errors = text.split(separator: "\n").filter { $0.contains(": error: ") }
        #expect(!errors.isEmpty, "\(file): no diagnostic in \(text)")
        #expect(errors.allSatisfy { $0.contains(file) }, "\(file): \(text)")
        said.formUnion(errors.map { String($0.split(separator: ": error: ").last ?? "") })
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
