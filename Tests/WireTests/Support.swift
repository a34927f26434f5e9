import Foundation
import Model
import Testing

/// The bytes of a text.
func bytes(_ text: String) -> Bytes { Bytes(text.utf8) }

/// Compares with a committed file; `APUS_GOLDEN=write` writes it anew, for the reviewer to read the difference.
func expectGolden(_ actual: String, _ name: String, file: String = #filePath, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
  let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
  if ProcessInfo.processInfo.environment["APUS_GOLDEN"] == "write" {
    try? actual.write(to: url, atomically: true, encoding: .utf8)
  }
  let expected = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
  #expect(actual == expected, "differs from \(name)", sourceLocation: sourceLocation)
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// A few random edits: bytes changed, put in, taken out, doubled, cut.
func mutated(_ text: Bytes, _ generator: inout SeededGenerator) -> Bytes {
  var out = text
  for _ in 0..<Int.random(in: 1...4, using: &generator) {
    let at = Int.random(in: 0...out.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0 where at < out.count: out[at] = UInt8.random(in: 0...255, using: &generator)
    case 1: out.insert(UInt8.random(in: 0...255, using: &generator), at: at)
    case 2 where at < out.count: out.remove(at: at)
    case 3:
      let end = Int.random(in: at...out.count, using: &generator)
      out.insert(contentsOf: out[at..<end], at: at)
    default: out = Bytes(out[..<at]) + Bytes(out.suffix(Int.random(in: 0...(out.count - at), using: &generator)))
    }
  }
  return out
}
