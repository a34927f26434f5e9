import Foundation
import Model
import Testing

@testable import UnitFile

/// One line of exec.jsonl: what systemd 252 made of it.
struct ExecVector: Decodable, CustomTestStringConvertible {
  struct Command: Decodable {
    var path: String
    var argv: [String]
    var flags: [String]
  }

  var kind: String
  var line: String?
  var lines: [String]?
  var text: String?
  var unit: String?
  var env: [String: String]
  /// Where later versions differ.
  var envSince254: [String: String]?
  var commands: [Command]?
  var error: Bool?
  var ignored: Bool?

  enum CodingKeys: String, CodingKey {
    case kind, line, lines, text, unit, env, commands, error, ignored
    case envSince254 = "env_v254"
  }

  var testDescription: String { "\(kind): " + (line ?? lines?.joined(separator: " | ") ?? text ?? "").debugDescription }

  static let all: [ExecVector] = {
    guard let text = try? String(decoding: fixture("exec.jsonl"), as: UTF8.self) else { return [] }
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(ExecVector.self, from: Data($0.utf8)) }
  }()
}

@Suite struct VectorTests {
  @Test func vectorsAreThere() {
    #expect(ExecVector.all.filter { $0.kind == "exec" }.count == 129)
    #expect(ExecVector.all.filter { $0.kind == "environment" }.count == 27)
    #expect(ExecVector.all.filter { $0.kind == "envfile" }.count == 39)
  }

  @Test(arguments: ExecVector.all.filter { $0.kind == "exec" })
  func execLine(_ vector: ExecVector) throws {
    let line = try #require(vector.line)
    let parsed = try parse(
      "[Service]\nType=oneshot\nExecStart=" + line, name: vector.unit ?? "plain.service", strictness: .lenient,
      folder: "/run/systemd/system")
    guard case .service(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    if vector.error == true {
      #expect(parsed.unit.loadState == .badSetting)
      #expect(parsed.diagnostics.contains { $0.message.starts(with: "cannot use ExecStart=") })
      return
    }
    if vector.ignored == true {
      #expect(settings.start.isEmpty)
      #expect(parsed.diagnostics.contains { $0.message.starts(with: "cannot use ExecStart=") })
      return
    }
    #expect(parsed.unit.loadState == .loaded)
    let commands = try #require(vector.commands)
    #expect(settings.start.map { $0.path.shown } == commands.map { $0.path })
    let environment = vector.env.map { Bytes($0.key + "=" + $0.value) }
    for (command, wanted) in zip(settings.start, commands) {
      #expect(expandArguments(command, environment: environment).map { $0.shown } == wanted.argv)
      #expect(Set(flags(command)) == Set(wanted.flags))
    }
  }

  private func flags(_ command: ExecCommand) -> [String] {
    var flags: [String] = []
    if command.ignoreFailure { flags.append("-") }
    if command.noExpansion { flags.append(":") }
    if command.fullPrivileges { flags.append("+") }
    if command.noSetuid { flags.append("!") }
    if command.ambientMagic { flags.append("!!") }
    return flags
  }

  @Test(arguments: ExecVector.all.filter { $0.kind == "environment" })
  func environmentLines(_ vector: ExecVector) throws {
    let lines = try #require(vector.lines)
    let text = "[Service]\nExecStart=/x\n" + lines.map { "Environment=" + $0 + "\n" }.joined()
    let settings = try service(text, name: vector.unit ?? "plain.service", strictness: .lenient)
    #expect(dictionary(mergeEnvironment([], settings.exec.environment)) == vector.env)
  }

  @Test(arguments: ExecVector.all.filter { $0.kind == "envfile" })
  func environmentFile(_ vector: ExecVector) throws {
    let text = try #require(vector.text)
    let contents = try #require(parseEnvironmentFile(Bytes(text)))
    #expect(dictionary(mergeEnvironment([], contents.assignments)) == vector.envSince254 ?? vector.env)
  }

  private func dictionary(_ environment: [Bytes]) -> [String: String] {
    var result: [String: String] = [:]
    for assignment in environment {
      let parts = assignment.shown.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      #expect(result[String(parts[0])] == nil)
      result[String(parts[0])] = String(parts[1])
    }
    return result
  }

  @Test func environmentsMerge() {
    func bytes(_ text: String) -> [Bytes] { text.split(separator: " ").map { Bytes(String($0)) } }
    func text(_ environment: [Bytes]) -> String { environment.map { $0.shown }.joined(separator: " ") }
    #expect(text(mergeEnvironment(bytes("A=1 B=2 A=3"), bytes("C=4 B=5 AB=6 odd"))) == "A=3 B=5 C=4 AB=6")
    #expect(text(removeEnvironment(bytes("A=1 B=2 AB=3 C="), bytes("A B=1 C= X"))) == "B=2 AB=3")
    #expect(environmentValue(Bytes("A"), in: bytes("A=1 AB=2 A=3"))?.shown == "3")
    #expect(environmentValue(Bytes("B"), in: bytes("A=1 AB=2")) == nil && environmentValue([], in: bytes("A=1")) == nil)
  }

  @Test func manyVariablesMergeAsFewDo() {
    var random = SplitMix(state: 7)
    let many = (0..<1000).map { Bytes("N\(random.below(300))=\($0)") }
    var expected: [Bytes] = []
    for assignment in many {
      let name = Bytes(assignment.prefix { $0 != 61 })
      if let index = expected.firstIndex(where: { $0.isAssignment(of: name) }) {
        expected[index] = assignment
      } else {
        expected.append(assignment)
      }
    }
    #expect(mergeEnvironment(Array(many[..<400]), Array(many[400...])) == expected)
  }

  /// Laid over what has each name once, few or many come to the same as a merge.
  @Test(arguments: [0, 1, 3, 40, 255, 300]) func layingOverIsMerging(count: Int) {
    var random = SplitMix(state: UInt64(count))
    let base = mergeEnvironment([], (0..<60).map { Bytes("N\(random.below(90))=\($0)") })
    let overlay = (0..<count).map { Bytes(random.below(20) == 0 ? "no assignment" : "N\(random.below(120))=x\($0)") }
    var laid = base
    overlayEnvironment(&laid, overlay)
    #expect(laid == mergeEnvironment(base, overlay))
  }
}
