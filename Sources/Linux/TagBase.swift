import CLinux
import Model

/// The tag: RLIMIT_RTTIME at 2^62 + (30-bit nonce << 31) + invocation number (DESIGN section 5 b). It does nothing to any
/// process and goes wherever a fork goes.
struct TagBase: Equatable {
  static let bottom: UInt64 = 1 << 62
  static let nonceShift: UInt64 = 31
  static let nonceMax: UInt64 = 1 << 30 - 1
  static let capSysResource: Int32 = 24

  let nonce: UInt64
  /// An outer apus's tag is our hard limit: ours sits below it, in the soft one.
  let isSoftOnly: Bool
  /// False where the hard limit is too low for any tag.
  let isPossible: Bool

  init(seed: UInt64) {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let result = apus_get_limit(Int32(Resource.rttime.rawValue), &soft, &hard)
    if result == 0, hard == .max {
      nonce = 1 + seed % (TagBase.nonceMax - 1)
      isSoftOnly = false
      isPossible = true
      return
    }
    isSoftOnly = true
    let outer = hard > TagBase.bottom ? (hard - TagBase.bottom) >> TagBase.nonceShift : 0
    isPossible = result == 0 && outer > 1
    nonce = isPossible ? 1 + seed % (outer - 1) : 0
  }

  func value(of number: UInt32) -> UInt64 {
    TagBase.bottom + nonce << TagBase.nonceShift + UInt64(number)
  }

  /// The invocation number in a process's limit; nil if it carries no tag of ours.
  func number(in limit: ResourceLimit) -> UInt32? {
    guard isPossible else { return nil }
    let value = isSoftOnly ? limit.soft : limit.hard
    let base = self.value(of: 0)
    guard value > base, value - base <= 1 << 30 else { return nil }
    return UInt32(value - base)
  }
}
