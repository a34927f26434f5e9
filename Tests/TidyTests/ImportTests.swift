import Foundation
import Testing

/// The arrows between modules, as Sources/ARCHITECTURE.md draws them: they point down only, and no module but these two
/// can make a system call.
@Suite struct ImportTests {
  static let allowed: [String: Set<String>] = [
    "Model": [],
    "Calendar": ["Model"],
    "UnitFile": ["Model", "Calendar"],
    "Supervision": ["Model", "Calendar"],
    "Wire": ["Model"],
    "Runtime": ["Model", "Calendar", "UnitFile", "Supervision", "Wire"],
    "Linux": ["Model", "Runtime", "CLinux"],
    "apus": ["Model", "Calendar", "UnitFile", "Supervision", "Wire", "Runtime", "Linux", "CLinux"],
  ]

  static func imported(_ line: String) -> String? {
    var words = line.split(separator: " ").map(String.init)
    while let first = words.first, first.hasPrefix("@") || ["public", "internal", "private", "package", "fileprivate"].contains(first) {
      words.removeFirst()
    }
    guard words.count >= 2, words[0] == "import" else { return nil }
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
    return name.split(separator: ".").first.map(String.init)
  }

  @Test func arrowsPointDownOnly() {
    let files = Repository.files(below: "Sources", endings: [".swift"])
    #expect(files.count > 10, "the sources were not found")
    for file in files {
      let module = file.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
      guard let allowed = Self.allowed[module] else {
        Issue.record("\(file.path): the module \(module) is not in the table of this test")
        continue
      }
      for (number, line) in file.lines.enumerated() {
        guard let name = Self.imported(line) else { continue }
        #expect(allowed.contains(name), "\(file.path):\(number + 1): \(module) may not import \(name)")
      }
    }
  }

  /// The manifest may not promise what the table forbids.
  @Test func theManifestAgrees() throws {
    let manifest = Repository.text("Package.swift")
    for (module, allowed) in Self.allowed where module != "apus" {
      guard let start = manifest.range(of: "module(\"\(module)\", [") else {
        Issue.record("Package.swift does not declare \(module) by module(…)")
        continue
      }
      let list = manifest[start.upperBound...].prefix { $0 != "]" }
      let named = Set(
        list.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"")) }.filter { !$0.isEmpty })
      #expect(named.isSubset(of: allowed), "Package.swift: \(module) depends on \(named.subtracting(allowed).sorted())")
    }
  }
}
