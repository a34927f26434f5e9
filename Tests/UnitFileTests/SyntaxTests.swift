import Foundation
import Model
import Testing

@testable import UnitFile

/// Lines, sections and lists (units.md b.1, b.2).
@Suite struct SyntaxTests {
  func lines(_ text: String) -> [String] {
    var reader = LineReader(Bytes(text))
    var result: [String] = []
    while case .line(let line) = reader.next() { result.append(line.text.shown) }
    return result
  }

  @Test(arguments: [
    ("a\nb\r\nc\rd\0e", ["a", "b", "c", "d", "e"]), ("\u{FEFF}a", ["a"]), ("a \\\n  b", ["a    b"]), ("a\\\\\nb", ["a\\\\", "b"]),
    ("a\\ \nb", ["a\\ ", "b"]), ("a\\\n# c\n ; d\nb", ["a b"]), ("a\\\n\nb", ["a ", "b"]), ("a\\", ["a "]), ("#x\\\na", ["a"]),
    ("a\\\n\\\nb", ["a  b"]), ("", []), ("\n", [""]),
  ])
  func logicalLines(_ text: String, _ wanted: [String]) {
    #expect(lines(text) == wanted)
  }

  @Test func positionsFollowJoinedLines() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/true\nPassEnvironment=A \\\n# comment\n  1B C \\\n   D-E\n")
    #expect(parsed.diagnostics.map { $0.text.shown.prefix(30) } == ["/etc/apus/web.service:5:3: err", "/etc/apus/web.service:6:4: err"])
  }

  @Test func sectionsMergeAndBlanksDoNotMatter() throws {
    let settings = try service(" [Service] \n\tNice\t=\t4 \n[X-Mine]\nany thing\n[Service]\nExecStart = /bin/true\nX-Key=1\n")
    #expect(settings.exec.nice == 4 && settings.start.count == 1)
  }

  @Test func severitiesFollowTheFolder() throws {
    let text = "early=1\n[Service]\nExecStart=/bin/true\nRestratSec=5\nno equals\n=x\nNice=99\n[Foo]\nx\n"
    #expect(try parse(text).diagnostics.map { $0.severity } == Array(repeating: .error, count: 6))
    let lenient = try parse(text, strictness: .lenient)
    #expect(lenient.diagnostics.map { $0.severity } == Array(repeating: .warning, count: 6))
    #expect(lenient.unit.loadState == .loaded)
  }

  @Test func whatCannotBeReadAtAll() throws {
    for strictness in [Strictness.strict, .lenient] {
      #expect(try parse("[Service\nExecStart=/bin/true", strictness: strictness).unit.loadState == .error)
      let invalid = Bytes("[Service]\nExecStart=/bin/true \u{E9}").dropLast()
      let parsed = try parse(Bytes(invalid), strictness: strictness)
      #expect(parsed.unit.loadState == .error)
      #expect(parsed.diagnostics.map { $0.severity } == [strictness == .strict ? .error : .warning])
      #expect(parsed.diagnostics.first?.line == 2 && parsed.diagnostics.first?.column == 21)
    }
    // A comment may have any bytes.
    #expect(try parse(Bytes("#\u{E9}").dropLast() + Bytes("\n[Service]\nExecStart=/bin/true\n")).unit.loadState == .loaded)
  }

  @Test func anEmptyFileMasks() throws {
    #expect(try parse("", strictness: .lenient).unit.loadState == .masked)
    #expect(try parse("", strictness: .lenient).diagnostics.isEmpty)
    #expect(try parse("").diagnostics.map { $0.severity } == [.error])
  }

  @Test func anUnreadableFileIsAnErrorThatSaysWhy() throws {
    let name = try #require(UnitName(Bytes("web.service")))
    let source = UnitSource(
      path: Bytes("/x/web.service"), name: name, contents: nil, readError: Bytes("it is a directory"),
      strictness: .strict)
    let parsed = parseUnit(source, host: testHost)
    #expect(parsed.unit.loadState == .error)
    #expect(
      parsed.diagnostics.map { $0.text.shown } == [
        "/x/web.service: error: cannot load the unit: it is a directory"
      ])
  }

  @Test func dependenciesCannotBeTakenBack() throws {
    let unit = try parse("[Unit]\nAfter=a.service b.service\nAfter=\nAfter=a.service c.target\n[Service]\nExecStart=/x").unit
    #expect(unit.dependencies[.after].map { $0.bytes.shown } == ["a.service", "b.service", "c.target"])
  }

  @Test func laterKeysAreNoticedOncePerKey() throws {
    let parsed = try parse(
      "[Service]\nExecStart=/x\nOpenFile=/x\nOpenFile=/y\n[X-Apus]\nLogFile=/x\n[Install]\nWantedBy=multi-user.target")
    #expect(parsed.diagnostics.allSatisfy { $0.severity == .notice })
    #expect(
      parsed.diagnostics.map { $0.message.shown.split(separator: "=")[0] } == [
        "OpenFile", "LogFile",
      ])
  }

  /// `systemd --dump-configuration-items` of 252, and what 253 to 257 added.
  @Test func everyKeyOfSystemdIsKnown() throws {
    let listed = String(decoding: try fixture("systemd-252-keys.txt"), as: UTF8.self).split(separator: "\n").map(String.init)
    let later = [
      "Service.RestartSteps", "Service.RestartMaxDelaySec", "Service.RestartMode", "Service.ReloadSignal", "Service.OpenFile",
      "Service.FileDescriptorStorePreserve", "Service.SetLoginEnvironment", "Service.ImportCredential", "Service.PrivatePIDs",
      "Service.MemoryKSM", "Service.NFTSet", "Service.CoredumpReceive", "Timer.DeferReactivation", "Install.UpheldBy",
    ]
    #expect(listed.count > 350)
    for row in listed + later {
      let parts = row.split(separator: ".", maxSplits: 1)
      let section = try #require(Section.allCases.first { Bytes($0.name).shown == parts[0] })
      #expect(KeyMeaning(Bytes(String(parts[1])), in: section).isKnown, "\(row)")
    }
  }

  @Test func everyRowOfTheTableIsFoundAgain() {
    for section in Section.allCases {
      for key in section.keys { #expect(KeyMeaning(key, in: section).isKnown, "\(key.shown)") }
    }
    var rows: Set<String> = []
    for directive in Directive.allCases { #expect(rows.insert(Bytes(directive.row).shown).inserted) }
    for resource in Resource.allCases { #expect(Directive.allCases.contains { $0.resource == resource }) }
  }
}
