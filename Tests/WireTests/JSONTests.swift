import Foundation
import Model
import Testing

@testable import Wire

private func written(_ text: Bytes) -> Bytes {
  var json = JSONWriter()
  json.string(text)
  return json.bytes
}

private func read(_ text: String) -> JSONValue? {
  try? parseJSON(bytes(text)).get()
}

@Suite struct JSONTests {
  @Test func stringsOfAnyBytesComeBack() throws {
    var generator = SeededGenerator(seed: 3)
    var samples: [Bytes] = (0...255).map { [UInt8($0)] } + (0...255).map { [0xE2, UInt8($0)] } + (0...255).map { [0xF0, 0x9F, UInt8($0)] }
    samples += [
      bytes("a\"b\\c\n\t\r/é€😀\u{7f}\u{2028}"), [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF],
    ]
    for _ in 0..<3000 {
      samples.append((0..<Int.random(in: 0...12, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    for sample in samples {
      // Swift's own repair of UTF-8 is the reference: one U+FFFD for each maximal bad piece.
      let wanted = bytes(String(decoding: sample, as: UTF8.self))
      let json = written(sample)
      #expect(read(String(decoding: json, as: UTF8.self)) == .string(wanted), "\(sample)")
      let foundation = try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String
      #expect(foundation.map { Bytes($0.utf8) } == wanted, "\(sample)")
    }
  }

  @Test func writesValuesInPlace() throws {
    var json = JSONWriter()
    json.beginObject()
    json.key("a")
    json.beginArray()
    json.integer(-1)
    json.integer(.max)
    json.integer(.min)
    json.bool(true)
    json.null()
    json.beginObject()
    json.endObject()
    json.beginArray()
    json.endArray()
    json.endArray()
    json.key(bytes("b\"c"))
    json.string("d")
    json.endObject()
    let text = #"{"a":[-1,9223372036854775807,-9223372036854775808,true,null,{},[]],"b\"c":"d"}"#
    #expect(json.bytes.shown == text)
    let value = try #require(read(text))
    var again = JSONWriter()
    again.value(value)
    // The smallest integer is read as a number that does not fit, and written as it was.
    #expect(again.bytes.shown == text)
  }

  @Test func readsStrictly() {
    let good: [(String, JSONValue)] = [
      (" null ", .null), ("true", .bool(true)), ("0", .integer(0)), ("-0", .integer(0)), ("12", .integer(12)),
      ("1.5e-3", .number(bytes("1.5e-3"))), ("1E9", .number(bytes("1E9"))), ("9223372036854775808", .number(bytes("9223372036854775808"))),
      (#""\u0041\ud83d\ude00\/\b\f""#, .string(bytes("A😀/\u{8}\u{c}"))), ("[1 , 2]", .array([.integer(1), .integer(2)])),
      (#"{"a":{}}"#, .object([JSONMember(key: bytes("a"), value: .object([]))])), (#""\u0000""#, .string([0])),
    ]
    for (text, value) in good { #expect(read(text) == value, "\(text)") }
    let bad = [
      "", " ", "nul", "truex", "01", "-", "1.", ".5", "1e", "+1", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
      "\"\\udc00\"", "\"\n\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{a:1}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "1 2",
      "[]]", "\u{0}",
      "\"\\", "\"\\u", "NaN", "// x\n1",
    ]
    for text in bad { #expect(read(text) == nil, "\(text)") }
    #expect(!parseJSONSucceeds([34, 0xFF, 34]))
    #expect(!parseJSONSucceeds([34, 0xED, 0xA0, 0x80, 34]))
  }

  @Test func boundsNesting() {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(read(nested(17)) != nil)
    #expect(read(nested(18)) == nil)
    #expect(read(String(repeating: "[", count: 100_000)) == nil)
    #expect(read(String(repeating: "{\"a\":", count: 100_000)) == nil)
  }

  /// Never a trap; what we accept, Foundation accepts.
  @Test func mutations() {
    var generator = SeededGenerator(seed: 11)
    let sample = replyJSON(.unit(Samples.service))
    for round in 0..<4000 {
      let text = mutated(sample, &generator)
      guard parseJSONSucceeds(text) else { continue }
      let accepted = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
      if !accepted { Issue.record("round \(round): \(text.shown)") }
    }
  }
}
