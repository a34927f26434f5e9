import Foundation
import Model
import Testing

@testable import UnitFile

/// Nothing that stands in a file may bring PID 1 down.
@Suite struct RobustnessTests {
  struct File {
    var name: UnitName
    var contents: Bytes
  }

  static func files() throws -> [File] {
    var result: [File] = []
    for folder in ["bad", "good"] {
      let url = BadFilesTests.source.appendingPathComponent(folder)
      for file in try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() {
        let name = try #require(UnitName(Bytes(file)))
        result.append(File(name: name, contents: Bytes(try Data(contentsOf: url.appendingPathComponent(file)))))
      }
    }
    return result
  }

  /// Reads it in both ways, and does with the result what apus does.
  static func exercise(_ name: UnitName, _ contents: Bytes, _ ways: [Strictness] = [.strict, .lenient]) -> Int {
    var findings = 0
    for strictness in ways {
      let source = UnitSource(path: "/x/" + name.bytes, name: name, contents: contents, strictness: strictness)
      let parsed = parseUnit(source, host: testHost)
      let catalogue = assemble([parsed])
      for diagnostic in catalogue.diagnostics { findings += diagnostic.text.count }
      findings += startingUnits(catalogue).count
      guard case .service(let settings) = parsed.unit.kind else { continue }
      for command in settings.start + settings.startPre {
        findings += expandArguments(command, environment: settings.exec.environment).count
      }
    }
    return findings
  }

  @Test func everyPrefixOfEveryFileIsRead() throws {
    let files = try Self.files()
    var read = 0
    for file in files {
      for length in 0...file.contents.count {
        _ = Self.exercise(file.name, Bytes(file.contents[..<length]))
        read += 1
      }
    }
    #expect(read > 5000)
  }

  @Test func everyPrefixOfEveryEnvironmentFileIsRead() throws {
    for vector in ExecVector.all where vector.kind == "envfile" {
      let text = Bytes(try #require(vector.text))
      for length in 0...text.count {
        guard let contents = parseEnvironmentFile(Bytes(text[..<length])) else { continue }
        #expect(contents.assignments.allSatisfy { $0.contains(61) })
      }
    }
  }

  @Test func twentyThousandMutationsAreRead() throws {
    var random = SplitMix(state: 0x5EED)
    let files = try Self.files()
    let pieces = [
      "\\", "\"", "'", "%", "%i", "$", "${", "}", "=", "[", "]", "\n", "\r", "\0", "\u{FEFF}", ";", " ; ", "@", "-",
      "infinity", "18446744073709551615", "\\x", "\\U0010FFFF", "é", "~", "99999999999999999999y", ".", ":", "+", "!!",
    ]
    .map { Bytes($0) }
    for round in 0..<20_000 {
      let file = files[random.below(files.count)]
      var contents = file.contents
      for _ in 0...random.below(4) {
        let at = random.below(contents.count + 1)
        switch random.below(5) {
        case 0: contents.insert(contentsOf: pieces[random.below(pieces.count)], at: at)
        case 1: if at < contents.count { contents.remove(at: at) }
        case 2: if at < contents.count { contents[at] = UInt8(random.below(256)) }
        case 3:
          let end = min(contents.count, at + random.below(16))
          contents.removeSubrange(at..<end)
        default:
          let from = random.below(contents.count + 1)
          contents.insert(contentsOf: Bytes(contents[from..<min(contents.count, from + random.below(24))]), at: at)
        }
      }
      _ = Self.exercise(file.name, contents, [round % 2 == 0 ? .strict : .lenient])
      _ = parseEnvironmentFile(contents)
    }
  }

  @Test func aLineOfMoreThanAMebibyteIsAnError() throws {
    let long = Bytes("[Service]\nExecStart=/bin/echo ") + Bytes(repeating: 120, count: 1 << 20) + Bytes("\n")
    let parsed = try parse(long)
    #expect(parsed.unit.loadState == .error)
    #expect(parsed.diagnostics.map { $0.text.shown } == ["/etc/apus/web.service:2:1: error: cannot read a line of more than 1 MiB"])
    let joined = Bytes("[Service]\n") + Bytes((0..<600_000).flatMap { _ in [120, 92, 10] })
    #expect(try parse(joined).unit.loadState == .error)
  }

  @Test func findingsAreBounded() throws {
    let words = Bytes("[Service]\nExecStart=/bin/true\nEnvironment=") + Bytes(Array(repeating: Bytes("A "), count: 5000).joined())
    let parsed = try parse(words)
    #expect(parsed.diagnostics.count == 101)
    #expect(parsed.diagnostics.last?.message.shown == "there is more: mend these first")
  }

  /// PID 1 reads it: eight times the lines must not take 64 times as long. The best of three, for the machine is shared.
  @Test func manyLinesTakeLinearTime() throws {
    func time(_ lines: Int) throws -> Duration {
      let text = "[Service]\nExecStart=/bin/true\n" + String(repeating: "Environment=A=1\n", count: lines)
      return try (0..<3).map { _ in
        try ContinuousClock().measure { _ = try parse(Bytes(text.utf8)) }
      }.min() ?? .zero
    }
    let (few, many) = (try time(5000), try time(40_000))
    #expect(many < few * 30, "\(few) for 5,000 lines, \(many) for 40,000")
  }
}

/// A small generator of the same numbers everywhere.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
