import Model
import Testing

@testable import UnitFile

/// `.path` files; what is expected was asked of systemd 252.
@Suite struct PathTests {
  static let plain = "[Service]\nExecStart=/bin/true\n"

  func path(_ lines: String, name: String = "web.path", strictness: Strictness = .strict, findings: Int = 0) throws -> PathSettings {
    let parsed = try parse("[Path]\n" + lines, name: name, strictness: strictness)
    #expect(parsed.diagnostics.count == findings, "\(parsed.diagnostics.map { $0.text.shown })")
    #expect(parsed.unit.loadState == .loaded, "\(parsed.unit.loadError.shown)")
    guard case .path(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    return settings
  }

  func shown(_ settings: PathSettings) -> [String] { settings.specs.map { $0.path.shown + " " + Bytes($0.kind.name).shown } }

  @Test func specsStandInTheirOrder() throws {
    let all = try path("PathExists=/a\nPathExistsGlob=/b*//c/\nPathChanged=/tmp//x/./y/\nPathModified=/var/run/d\nDirectoryNotEmpty=/\n")
    #expect(
      shown(all) == ["/a PathExists", "/b*/c PathExistsGlob", "/tmp/x/y PathChanged", "/var/run/d PathModified", "/ DirectoryNotEmpty"])
    #expect(shown(try path("PathExists=/run/%p/%n\nPathExists=/a b\n")) == ["/run/web/web.path PathExists", "/a b PathExists"])
    #expect(shown(try path("PathExists=/a\nPathExists=/a\n")).count == 2)
  }

  @Test func anEmptyLineTakesBackAll() throws {
    #expect(shown(try path("PathExists=/a\nPathChanged=/b\nDirectoryNotEmpty=\nPathModified=/c\n")) == ["/c PathModified"])
    for text in ["[Path]\nMakeDirectory=yes\n", "[Path]\nPathExists=/a\nPathExists=\n"] {
      let parsed = try parse(text, name: "web.path", strictness: .lenient)
      #expect(parsed.unit.loadState == .badSetting && parsed.unit.loadError.shown == "the unit waits for no path")
    }
  }

  @Test func defaults() throws {
    let one = try path("PathExists=/a\n")
    #expect(one.unit.bytes == "web.service" && one.makesDirectory == nil)
    #expect(one.triggerLimit == RateLimit(interval: TimeSpan(seconds: 2), burst: 200))
    let two = try path("PathExists=/a\nDirectoryMode=0700\nMakeDirectory=yes\nTriggerLimitIntervalSec=5\nTriggerLimitBurst=3\n")
    #expect(two.makesDirectory == 0o700 && two.triggerLimit == RateLimit(interval: TimeSpan(seconds: 5), burst: 3))
    #expect(try path("PathExists=/a\nMakeDirectory=yes\n").makesDirectory == 0o755)
    #expect(try path("PathExists=/a\nTriggerLimitIntervalSec=0\n").triggerLimit.isOff)
    #expect(try path("PathExists=/a\n", name: "web@x.path").unit.bytes == "web@x.service")
  }

  /// The first counts; another path unit may be started, the unit itself not.
  @Test func theUnit() throws {
    #expect(try path("PathExists=/a\nUnit=a.service\nUnit=b.service\n", strictness: .lenient, findings: 1).unit.bytes == "a.service")
    #expect(try path("PathExists=/a\nUnit=a.service\nUnit=\n", strictness: .lenient, findings: 1).unit.bytes == "a.service")
    #expect(try path("PathExists=/a\nUnit=web.path\n", strictness: .lenient, findings: 1).unit.bytes == "web.service")
    #expect(try path("PathExists=/a\nUnit=foo\n", strictness: .lenient, findings: 1).unit.bytes == "web.service")
    for name in ["other.path", "foo.socket", "basic.target"] {
      #expect(try path("PathExists=/a\nUnit=\(name)\n").unit.bytes == Bytes(name))
    }
  }

  @Test func badPathsAreLeftOut() throws {
    for bad in ["a", "/a/../b", "/run/%z", "\"/a b\"", "/" + String(repeating: "a", count: 300)] {
      #expect(shown(try path("PathExists=\(bad)\nPathExists=/c\n", strictness: .lenient, findings: 1)) == ["/c PathExists"], "\(bad)")
    }
  }
}
