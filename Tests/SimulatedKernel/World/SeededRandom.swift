#if !EMBEDDED
/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), the one source of chance here:
/// a run is a function of its seed.
public struct SeededRandom: Sendable {
  var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A generator of its own, so that drawing more here does not shift what is drawn there.
  public mutating func split() -> SeededRandom { SeededRandom(seed: next()) }

  /// 0 ..< bound; 0 for a bound below 1.
  public mutating func below(_ bound: Int) -> Int {
    bound <= 1 ? 0 : Int(next() % UInt64(bound))
  }

  public mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  public mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

  public mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

  /// A choice by weights, as an index.
  public mutating func weighted(_ weights: [Int]) -> Int {
    var left = below(weights.reduce(0, +))
    for (index, weight) in weights.enumerated() {
      if left < weight { return index }
      left -= weight
    }
    return weights.count - 1
  }
}
#endif
