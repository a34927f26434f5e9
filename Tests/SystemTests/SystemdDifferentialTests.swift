import Foundation
import Testing

extension SystemTests {
  /// Small units and what the real systemd said of them: apus says the same, but for what is listed.
  @Suite struct SystemdDifferential {
    @Test(
      .enabled(if: SystemdWorld.isPossible, Comment(rawValue: SystemdWorld.notPossible)), .timeLimit(.minutes(5)),
      arguments: SystemdCases.all)
    func equal(_ name: String) throws {
      let file = try SystemdCases(name)
      try sandboxed { box in
        let answers = try SystemdWorld.play(file, in: box)
        var different: [String] = []
        var unfinished: [String] = []
        for (name, said) in file.cases {
          let expected = SystemdDifferences.applied(to: said, of: name)
          let answer = answers[name] ?? ["(no answer)"]
          if answer == expected { continue }
          if let reason = SystemdDifferences.notYet[name] {
            unfinished.append("\(name): \(reason)")
          } else {
            different.append("=== \(name)\n\(Self.difference(expected, answer))")
          }
        }
        if !unfinished.isEmpty { print("\(name): \(unfinished.count) not as systemd yet:\n\(unfinished.joined(separator: "\n"))") }
        #expect(different.isEmpty, "\(name): \(different.count) of \(file.cases.count) differ\n\(different.joined(separator: "\n"))")
      }
    }

    /// Enough of them, each with an answer, and every difference belongs to a case.
    @Test func theFixturesAreWhole() throws {
      let files = try SystemdCases.all.map { try SystemdCases($0) }
      let names = files.flatMap { $0.cases.map(\.name) }
      #expect(names.count >= 220)
      #expect(Set(names).count == names.count, "a name is used twice")
      for file in files {
        for (name, said) in file.cases {
          #expect(!said.isEmpty, "\(name) has no answer")
          #expect(!said.contains { $0.hasPrefix("in vain") }, "\(name): systemd's own answer is no answer: \(said)")
        }
      }
      for (name, lines) in SystemdDifferences.wanted {
        let said = files.lazy.flatMap(\.cases).first { $0.name == name }?.said
        #expect(said != nil, "there is no case \(name)")
        for line in lines { #expect(said?.contains(line.theirs) == true, "\(name): systemd does not say \"\(line.theirs)\"") }
      }
      for name in SystemdDifferences.notYet.keys { #expect(names.contains(name), "there is no case \(name)") }
    }

    /// Both texts; the lines that are only in one are marked.
    private static func difference(_ expected: [String], _ answer: [String]) -> String {
      var lines: [String] = []
      let change = answer.difference(from: expected)
      var removed: [Int: String] = [:]
      var inserted: [Int: String] = [:]
      for step in change {
        switch step {
        case .remove(let offset, let element, _): removed[offset] = element
        case .insert(let offset, let element, _): inserted[offset] = element
        }
      }
      var position = 0
      for (offset, line) in expected.enumerated() {
        while let new = inserted[position] {
          lines.append("  apus:    \(new)")
          position += 1
        }
        if removed[offset] != nil {
          lines.append("  systemd: \(line)")
        } else {
          lines.append("           \(line)")
          position += 1
        }
      }
      while let new = inserted[position] {
        lines.append("  apus:    \(new)")
        position += 1
      }
      return lines.joined(separator: "\n")
    }
  }
}
