import Model
import Testing

@Suite struct UnitNameTests {
  func name(_ text: String) throws -> UnitName { try #require(UnitName(Bytes(text.utf8)), "\(text)") }

  /// Name, its prefix (`%p`), its instance (`%i`).
  static let names: [(String, String, String?)] = [
    ("web.service", "web", nil), ("a.b.target", "a.b", nil), ("getty@tty1.service", "getty", "tty1"), ("getty@.service", "getty", ""),
    ("x@a@b.timer", "x", "a@b"), ("-.mount", "-", nil), ("dev-disk-by\\x2dlabel.device", "dev-disk-by\\x2dlabel", nil),
    ("a:b_c.socket", "a:b_c", nil),
  ]

  @Test(arguments: names)
  func parts(_ text: String, _ prefix: String, _ instance: String?) throws {
    let name = try name(text)
    #expect(name.bytes.shown == text && name.prefix.shown == prefix && name.instance?.shown == instance)
    #expect(name.isTemplate == (instance == "") && name.isInstance == (instance?.isEmpty == false))
    #expect((name.withoutSuffix + "." + Bytes(name.type.name)).shown == text)
  }

  @Test(arguments: [
    "", "web", ".service", "web.", "web.conf", "web.Service", "a b.service", "a/b.service", "@x.service", "é.service", "a%.service",
    "a\n.service",
  ])
  func whatIsNoName(_ text: String) {
    #expect(UnitName(Bytes(text.utf8)) == nil)
  }

  @Test func lengthIsBounded() {
    let suffix = Bytes(".service")
    #expect(UnitName(Bytes(repeating: 97, count: 255 - suffix.count) + suffix) != nil)
    #expect(UnitName(Bytes(repeating: 97, count: 256 - suffix.count) + suffix) == nil)
    let long = UnitName(Bytes(repeating: 97, count: 249) + Bytes(".timer"))
    #expect(long?.with(type: .service) == nil && long?.with(type: .path) != nil)
  }

  @Test func templatesAndSiblings() throws {
    #expect(try name("getty@tty1.service").template?.bytes.shown == "getty@.service")
    #expect(try name("getty@.service").template == nil)
    #expect(try name("web.service").template == nil)
    #expect(try name("a@b.timer").with(type: .service)?.bytes.shown == "a@b.service")
  }

  @Test func everyTypeHasItsSuffix() throws {
    for type in UnitType.allCases { #expect(try name("x." + Bytes(type.name).shown).type == type) }
  }
}
