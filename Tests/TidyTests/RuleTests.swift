import Foundation
import Testing

/// Rules that live in a test and not in a document.
@Suite struct RuleTests {
  struct Ban {
    var word: String
    var instead: String
    var folders: [String]
    var endings = [".swift"]
    /// Files that have a reason.
    var exceptions: [String] = []
  }

  /// Written in pieces, so that this file does not ban itself.
  static let bans: [Ban] = [
    Ban(
      word: "fatal" + "Error(", instead: "invariant(\"…\"), which says what is broken", folders: ["Sources"],
      exceptions: ["Sources/Model/Invariant.swift"]),
    Ban(word: "precondition" + "Failure(", instead: "invariant(\"…\")", folders: ["Sources"]),
    Ban(word: "precondition" + "(", instead: "a checked value, or invariant(\"…\")", folders: ["Sources"]),
    Ban(word: "assertion" + "Failure(", instead: "invariant(\"…\")", folders: ["Sources"]),
    Ban(word: "try" + "!", instead: "do throws(…) … catch", folders: ["Sources", "Tests"]),
    Ban(word: "as" + "!", instead: "a switch over an enum", folders: ["Sources", "Tests"]),
    Ban(word: "import Found" + "ation", instead: "Model's Bytes", folders: ["Sources"]),
    Ban(word: "import Gl" + "ibc", instead: "CLinux", folders: ["Sources"]),
    Ban(word: "Any" + "Object", instead: "a generic or an enum", folders: ["Sources"]),
    Ban(word: "weak " + "var", instead: "a UnitID", folders: ["Sources"]),
    Ban(word: "sle" + "ep(", instead: "a condition with a deadline (eventually)", folders: ["Tests"]),
    Ban(
      word: "TO" + "DO", instead: "the thing itself, or an issue", folders: [""], endings: [".swift", ".c", ".h", ".md", "run", ".service"]),
    Ban(word: "FIX" + "ME", instead: "the thing itself, or an issue", folders: [""], endings: [".swift", ".c", ".h", ".md", "run"]),
    Ban(
      word: "/wo" + "rk/", instead: "a path from the package's root", folders: [""],
      endings: [".swift", ".c", ".h", ".md", ".sh", "run", ".service", ".json", "Dockerfile"]),
    Ban(
      word: "/ro" + "ot/.", instead: "a path from the package's root", folders: [""], endings: [".swift", ".c", ".h", ".md", ".sh", "run"]),
  ]

  @Test(arguments: bans.indices) func noBannedWord(index: Int) {
    let ban = Self.bans[index]
    for folder in ban.folders {
      for file in Repository.files(below: folder, endings: ban.endings) where !ban.exceptions.contains(file.path) {
        for (number, line) in file.lines.enumerated() where contains(line, ban.word) {
          Issue.record("\(file.path):\(number + 1): instead of `\(ban.word)` use \(ban.instead)")
        }
      }
    }
  }

  /// As a word of its own: `as!` is not in `has!`.
  private func contains(_ line: String, _ word: String) -> Bool {
    let code = line.trimmingCharacters(in: .whitespaces).hasPrefix("//") && !word.hasPrefix("/") ? "" : line
    var rest = code[...]
    while let range = rest.range(of: word) {
      let before = range.lowerBound == code.startIndex ? " " : code[code.index(before: range.lowerBound)]
      if !(before.isLetter || before == "_" || before.isNumber) || word.hasPrefix("/") { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }

  /// Files that are longer than 400 lines, each with the reason that a reader would accept.
  static let long: [String: String] = [:]

  @Test func noFileIsTooLong() {
    for file in Repository.files(below: "", endings: [".swift", ".c", ".h"]) where file.lines.count > 401 {
      #expect(Self.long[file.path] != nil, "\(file.path) has \(file.lines.count - 1) lines; 400 are the limit: split it by nouns")
    }
    for path in Self.long.keys {
      let count = Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(count > 401, "\(path) is not longer than 400 lines: it needs no exception any more")
    }
  }

  /// Types, functions and cases of a public interface say what they are. Initialisers, operators, properties and `name` of
  /// a documented type speak by their own names.
  @Test func everyPublicDeclarationIsDocumented() {
    let kinds = ["struct ", "enum ", "final class ", "class ", "protocol ", "typealias ", "func ", "mutating func ", "static func "]
    for file in Repository.files(below: "Sources", endings: [".swift"]) {
      for (number, line) in file.lines.enumerated() {
        let text = line.trimmingCharacters(in: .whitespaces)
        guard text.hasPrefix("public "), let kind = kinds.first(where: { text.hasPrefix("public " + $0) }) else { continue }
        let name = text.dropFirst("public ".count + kind.count)
        // Operators mean what they mean everywhere.
        if kind.hasSuffix("func "), let first = name.first, !(first.isLetter || first == "`" || first == "_") { continue }
        var above = number - 1
        while above >= 0, file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") { above -= 1 }
        let documented = above >= 0 && file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("///")
        #expect(documented, "\(file.path):\(number + 1): `\(text)` has no /// line")
      }
    }
  }

  /// What the repository's root has, and nothing without need.
  @Test func theRootIsTidy() throws {
    let expected: Set = [
      ".ci", ".gitignore", ".swift-format", "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "examples", "services",
    ]
    let listed = try FileManager.default.contentsOfDirectory(atPath: Repository.root)
    let entries = Set(listed.filter { !$0.hasPrefix(".build") && $0 != ".git" && $0 != "Package.resolved" })
    #expect(entries.subtracting(expected).isEmpty, "at the root, unexpected: \(entries.subtracting(expected).sorted())")
    #expect(expected.subtracting(entries).isEmpty, "at the root, missing: \(expected.subtracting(entries).sorted())")
  }
}
