import Model
import Testing

@testable import Wire

@Suite struct DNSTests {
  static let name = Bytes("db.example.org".utf8)

  /// An answer with these records behind the question: type, and what it says.
  static func answer(to question: DNSQuestion, _ records: [(UInt16, Bytes)], pointers: Bool = true) -> Bytes {
    var out = question.message
    out[2] = 0x81
    out[3] = 0x80
    out[7] = UInt8(records.count)
    for (type, data) in records {
      out += pointers ? [0xC0, 12] : [2, 100, 98, 0]
      out += [UInt8(type >> 8), UInt8(type & 255), 0, 1, 0, 0, 0, 60, UInt8(data.count >> 8), UInt8(data.count & 255)] + data
    }
    return out
  }

  @Test func questions() throws {
    let question = try #require(DNSQuestion(Self.name, .aaaa, id: 0x1234))
    #expect(
      question.message == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 100, 98, 7] + Bytes("example".utf8) + [3] + Bytes("org".utf8) + [
        0, 0, 28, 0, 1,
      ])
    for bad in ["", ".", "a..b", ".a", String(repeating: "a", count: 64), String(repeating: "abc.", count: 64) + "a"] {
      #expect(DNSQuestion(Bytes(bad.utf8), .a, id: 1) == nil, "\(bad)")
    }
    #expect(DNSQuestion(Bytes(String(repeating: "a", count: 63).utf8), .a, id: 1) != nil)
  }

  @Test func answers() throws {
    let question = try #require(DNSQuestion(Self.name, .a, id: 7))
    let records: [(UInt16, Bytes)] = [
      (5, [1, 97, 0xC0, 15]), (1, [10, 0, 0, 1]), (28, Bytes(repeating: 1, count: 16)), (1, [10, 0, 0, 2]), (1, [9]),
    ]
    for pointers in [true, false] {
      let addresses = question.addresses(in: Self.answer(to: question, records, pointers: pointers))
      #expect(addresses?.map { $0.text.shown } == ["10.0.0.1", "10.0.0.2"])
    }
    #expect(question.addresses(in: Self.answer(to: question, [])) == [])
    var upper = Self.answer(to: question, records)
    upper[13] = 68
    #expect(question.addresses(in: upper)?.count == 2)
    let six = try #require(DNSQuestion(Self.name, .aaaa, id: 7))
    #expect(six.addresses(in: Self.answer(to: six, [(28, Bytes(repeating: 0, count: 15) + [1])]))?.map { $0.text.shown } == ["::1"])
  }

  /// Another's answer, or what is no answer, is none.
  @Test func whatIsNoAnswer() throws {
    let question = try #require(DNSQuestion(Self.name, .a, id: 7))
    let good = Self.answer(to: question, [(1, [1, 2, 3, 4])])
    #expect(question.addresses(in: question.message) == nil)
    for place in [0, 1, 2, 5, 14, 20, question.message.count - 1] {
      var bad = good
      bad[place] ^= 0x80
      #expect(question.addresses(in: bad) == nil, "\(place)")
    }
  }

  /// Cut anywhere, and with any byte changed, an answer never traps, and never gives more than it has.
  @Test func everyPrefixAndChange() throws {
    let question = try #require(DNSQuestion(Self.name, .a, id: 7))
    let good = Self.answer(to: question, [(5, [1, 97, 0xC0, 15]), (1, [10, 0, 0, 1]), (1, [10, 0, 0, 2])])
    for end in 0...good.count { #expect((question.addresses(in: Bytes(good[..<end])) ?? []).count <= 2) }
    for place in good.indices {
      for value in 0...255 {
        var changed = good
        changed[place] = UInt8(value)
        #expect((question.addresses(in: changed) ?? []).count <= 4)
      }
    }
  }

  @Test func settings() {
    let settings = ResolverSettings(
      Bytes(
        "# x\ndomain a\nsearch b.c. d\nnameserver 10.0.0.1\nnameserver fe80::1%lo\nnameserver ::1\nnameserver 1.1.1.1\nnameserver 2.2.2.2\noptions timeout:1 ndots:2\n"
          .utf8))
    #expect(settings.servers.map { $0.text.shown } == ["10.0.0.1", "::1", "1.1.1.1"] && settings.dots == 2)
    func candidates(_ name: String) -> [String] { settings.candidates(Bytes(name.utf8)).map(\.shown) }
    #expect(
      candidates("x.y") == ["x.y.b.c", "x.y.d", "x.y"] && candidates("x.y.z") == ["x.y.z", "x.y.z.b.c", "x.y.z.d"]
        && candidates("x.") == ["x"])
    #expect(ResolverSettings([]).servers.map { $0.text.shown } == ["127.0.0.1"])
  }
}
