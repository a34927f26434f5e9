import Model
import Testing
import UnitFile

@testable import SimulatedKernel

/// The generated folders are what the real parser takes, and the broken ones what it refuses.
@Suite struct GeneratorTests {
  static func diagnostics(_ files: [(name: String, text: String)]) -> [Diagnostic] {
    let parsed = files.compactMap { file in
      UnitName(Bytes(file.name.utf8)).map { name in
        parseUnit(
          UnitSource(path: Bytes("/units/\(file.name)".utf8), name: name, contents: Bytes(file.text.utf8), strictness: .strict),
          host: HostFacts())
      }
    }
    return assemble(parsed).diagnostics
  }

  @Test func generatedFoldersAreAccepted() {
    for seed in UInt64(0)..<200 {
      var generator = UnitGenerator(random: SeededRandom(seed: seed))
      var files = generator.folder()
      #expect(files.count >= 20)
      for _ in 0..<5 {
        files.append(generator.newUnit())
        let index = generator.random.below(files.count)
        files[index].text = generator.changedText(of: files[index].name)
      }
      let errors = Self.diagnostics(files).filter { $0.severity == .error }
      let texts = errors.map(\.text.shown)
      #expect(texts == [], "seed \(seed)")
    }
  }

  @Test func brokenTextsAreRefused() {
    for seed in UInt64(0)..<100 {
      var generator = UnitGenerator(random: SeededRandom(seed: seed))
      var files = generator.folder().filter { $0.name.hasSuffix(".service") }
      files[0].text = generator.brokenText(files[0].text)
      #expect(Self.diagnostics(files).contains { $0.severity == .error }, "seed \(seed): \(files[0].text)")
    }
  }
}
