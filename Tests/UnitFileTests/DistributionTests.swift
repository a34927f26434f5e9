import Foundation
import Model
import Testing

@testable import UnitFile

/// Real unit files: what this machine's packages bring.
@Suite struct DistributionTests {
  static let folder = "/lib/systemd/system"

  @Test(.enabled(if: FileManager.default.fileExists(atPath: folder)))
  func everyInstalledUnitIsUnderstood() throws {
    var parsed: [ParsedUnit] = []
    var masked = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted() {
      guard let name = UnitName(Bytes(file)), [.service, .timer, .target, .socket, .path].contains(name.type) else { continue }
      let path = Self.folder + "/" + file
      guard let contents = FileManager.default.contents(atPath: path) else { continue }
      let unit = try parse(Bytes(contents), name: file, strictness: .lenient, folder: Self.folder)
      if unit.unit.loadState == .masked { masked += 1 }
      parsed.append(unit)
    }
    try #require(!parsed.isEmpty)
    let catalogue = assemble(parsed)
    for diagnostic in catalogue.diagnostics where diagnostic.severity != .notice {
      // What a later release brings, and what only stands in files of mount units that are not read here.
      let expected: Bool =
        diagnostic.message.ends(with: " is not supported yet")
        || diagnostic.message.ends(with: "calendar expressions come with a later release")
        || diagnostic.message.starts(with: "cannot find the required unit ")
        || diagnostic.message.starts(with: "cannot find the unit to start, ")
        || diagnostic.message.contains("226/NAMESPACE") || diagnostic.message.contains("it needs a mount namespace")
      if !expected { print(diagnostic.text.shown) }
      #expect(expected && diagnostic.severity == .warning, "\(diagnostic.text.shown)")
    }
    #expect(!catalogue.hasErrors)
    print("\(parsed.count) units of \(Self.folder), \(masked) masked, \(catalogue.diagnostics.count) diagnostics")
  }
}

extension Bytes {
  func contains(_ text: String) -> Bool { shown.contains(text) }
}
