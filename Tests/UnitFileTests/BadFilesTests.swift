import Foundation
import Model
import Testing

@testable import UnitFile

/// Every file of Fixtures/bad breaks another rule; what is said about them is a golden file, for people to review:
/// APUS_UPDATE_GOLDEN=1 writes it anew.
@Suite struct BadFilesTests {
  static let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func load() throws -> [ParsedUnit] {
    let folder = source.appendingPathComponent("bad")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
      let contents = try Data(contentsOf: folder.appendingPathComponent(file))
      let name = try #require(UnitName(Bytes(file)), "\(file)")
      let source = UnitSource(path: Bytes("bad/" + file), name: name, contents: Bytes(contents), strictness: .strict)
      return parseUnit(source, host: HostFacts())
    }
  }

  @Test func diagnosticsAreTheGoldenOnes() throws {
    let catalogue = assemble(try Self.load())
    let text = catalogue.diagnostics.map { $0.text.shown + "\n" }.joined()
    let golden = Self.source.appendingPathComponent("bad.golden")
    if ProcessInfo.processInfo.environment["APUS_UPDATE_GOLDEN"] == "1" {
      try text.write(to: golden, atomically: true, encoding: .utf8)
    }
    let wanted = try String(contentsOf: golden, encoding: .utf8)
    let lines = text.split(separator: "\n")
    let wantedLines = wanted.split(separator: "\n")
    for (line, wanted) in zip(lines, wantedLines) { #expect(line == wanted) }
    #expect(lines.count == wantedLines.count)
  }

  @Test func everyFileBreaksAnotherRule() throws {
    let catalogue = assemble(try Self.load())
    let errors = catalogue.diagnostics.filter { $0.severity == .error }
    var messages: Set<String> = []
    var refused: Set<String> = []
    for error in errors {
      #expect(messages.insert(error.message.shown).inserted, "said twice: \(error.text.shown)")
      refused.insert(error.file.shown)
    }
    #expect(messages.count >= 50)
    // Of a pair that conflicts, and of the units of a cycle, only one is named.
    let partners: Set<String> = ["bad/conflict-two.service", "bad/cycle-two.service", "bad/cycle-three.service"]
    for unit in catalogue.units where !unit.isBuiltIn && !partners.contains(unit.fragmentPath.shown) {
      #expect(refused.contains(unit.fragmentPath.shown), "no error in \(unit.fragmentPath.shown)")
    }
  }

  @Test func everyErrorSaysWhereAndMostSayHowToMendIt() throws {
    let errors = assemble(try Self.load()).diagnostics.filter { $0.severity == .error }
    for error in errors where error.line > 0 { #expect(error.column > 0, "\(error.text.shown)") }
    #expect(errors.filter { $0.line > 0 }.count * 10 >= errors.count * 9)
    #expect(errors.filter { !$0.hint.isEmpty }.count * 10 >= errors.count * 6)
  }
}
