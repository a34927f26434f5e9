import Foundation
import Model
import Testing

@testable import UnitFile

/// tmpfiles.d lines: what they mean, and that nothing in a file can bring anybody down.
@Suite struct TmpfilesTests {
  static let sample = """
    # comment
    d /run/a 0750 root root -
    D! "/run/sp ace" - - - 10d
    e /var/cache/*/x 02755 :daemon :1 -
    f /run/b ~0644 - - - hello\\n\\x41 %H
    F /run/c - - - - a b  c
    f+ /run/d - - - - x
    w /proc/x - - - - 1
    w+ /proc/y - - - - 2
    L /run/l - - - -
    L+ /run/l2 - - - - /etc/passwd
    p /run/p :0600
    r! /run/old*
    R- /tmp/systemd-*
    z /run/a 0711 daemon
    Z= /run/t - nobody
    x /tmp/keep
    """

  static func plan(_ text: String) -> TmpfilesPlan { parseTmpfiles([(Bytes("/t.conf"), Bytes(text))], host: testHost) }

  @Test func everyTypeIsRead() throws {
    let plan = Self.plan(Self.sample)
    #expect(plan.diagnostics.isEmpty)
    func item(_ path: String) throws -> TmpfilesItem { try #require(plan.items.first { $0.path == Bytes(path) }) }
    #expect(try item("/run/a").action == .folder)
    #expect(try item("/run/a").mode == 0o750)
    #expect(try item("/run/a").user == "root")
    #expect(try item("/run/sp ace").action == .emptiedFolder)
    #expect(try item("/run/sp ace").isForBootOnly)
    #expect(try item("/run/sp ace").mode == nil)
    let changed = try item("/var/cache/*/x")
    #expect(changed.action == .existingFolder)
    #expect(changed.mode == 0o2755)
    #expect(changed.userIsForNew && changed.user == "daemon" && changed.groupIsForNew && changed.group == "1")
    #expect(try item("/run/b").modeIsMasked)
    #expect(try item("/run/b").argument == "hello\nA oracle.example")
    #expect(try item("/run/c").argument == "a b  c")
    #expect(try item("/run/d").action == .truncatedFile)
    #expect(try item("/proc/x").action == .write)
    #expect(try item("/proc/y").action == .append)
    #expect(try item("/run/l").argument == "/usr/share/factory/run/l")
    #expect(try item("/run/l2").action == .forcedLink)
    #expect(try item("/run/p").action == .fifo)
    #expect(try item("/run/p").modeIsForNew)
    #expect(try item("/run/old*").action == .remove)
    #expect(try item("/tmp/systemd-*").mayFail)
    #expect(try item("/run/t").replaces)
    #expect(try item("/tmp/keep").action == .exclude)
  }

  @Test func plainPathsComeFirstAndInTheOrderOfTheirParts() {
    let plan = Self.plan("z /a/*\nd /a-b\nd /a/b/c\nd /a\nd /a/b\nr /z*\n")
    #expect(plan.items.map { String(decoding: $0.path, as: UTF8.self) } == ["/a", "/a/b", "/a/b/c", "/a-b", "/a/*", "/z*"])
  }

  @Test func theFirstLineOfAPathCounts() {
    let plan = Self.plan("d /a 0700\nd /a 0755\nz /a 0711\n")
    #expect(plan.items.count == 2)
    #expect(plan.items[0].mode == 0o700)
    #expect(plan.diagnostics.map { $0.severity } == [.warning])
    #expect(Self.plan("d /a 0700\nd /a 0700\n").diagnostics.isEmpty)
  }

  @Test(arguments: [
    ("d", "path is missing"), ("d relative", "not absolute"), ("d /a/../b", ".. in it"), ("bogus /x", "no such modifier"),
    ("d!! /x", "no such modifier"), ("y /x", "no such type"), ("d /x 0999", "no octal mode"), ("d /x ~", "the mode is missing"),
    ("d \"/x", "a quote is not closed"), ("w /x", "nothing to write"), ("d /%i", "%i is not possible here"), ("d /%e", "no specifier"),
  ])
  func badLinesAreNamed(_ line: String, _ message: String) throws {
    let plan = Self.plan("d /good\n" + line + "\n")
    #expect(plan.items.map { $0.path } == [Bytes("/good")])
    let finding = try #require(plan.diagnostics.first)
    #expect(finding.severity == .error && finding.line == 2)
    #expect(String(decoding: finding.text, as: UTF8.self).contains(message), "\(String(decoding: finding.text, as: UTF8.self))")
  }

  @Test(arguments: ["C /a - - - - /b", "a /a - - - - u:x:r", "t /a - - - - user.x=1", "c /dev/x - - - - 1:3", "f~ /a - - - - aGk="])
  func unsupportedTypesAreSaidAndLeftOut(_ line: String) {
    let plan = Self.plan(line)
    #expect(plan.items.isEmpty)
    #expect(plan.diagnostics.map { $0.severity } == [.notice])
  }

  @Test func everyPrefixAndManyMutationsAreRead() {
    let text = Bytes(Self.sample)
    for length in 0...text.count { _ = parseTmpfiles([(Bytes("/t"), Bytes(text[..<length]))], host: testHost) }
    var random = SplitMix(state: 0x7E57)
    for _ in 0..<5000 {
      var mutated = text
      for _ in 0...random.below(5) {
        let at = random.below(mutated.count)
        mutated[at] = UInt8(truncatingIfNeeded: random.below(256))
      }
      for item in parseTmpfiles([(Bytes("/t"), mutated)], host: testHost).items { #expect(item.path.first == 47) }
    }
  }
}
