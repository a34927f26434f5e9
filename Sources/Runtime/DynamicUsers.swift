import Model

/// The users of `DynamicUser=`: uids of 61184 to 65519, chosen as systemd chooses them, by a hash of the name, so that a
/// state directory that was made under systemd finds its owner again. One that is taken gives way to the next. A name keeps
/// its uid as long as apus runs.
final class DynamicUsers {
  static let lowest: UInt32 = 61_184
  static let highest: UInt32 = 65_519

  private var taken: [(name: Bytes, uid: UInt32)] = []

  /// nil: all are taken.
  func uid(of name: Bytes, passwd: Bytes, groups: Bytes) -> UInt32? {
    for user in taken where user.name == name { return user.uid }
    let count = DynamicUsers.highest - DynamicUsers.lowest + 1
    let start = UInt32(truncatingIfNeeded: SipHash.hash(name, key: DynamicUsers.uidKey)) % count
    for step in 0..<count {
      let uid = DynamicUsers.lowest + (start + step) % count
      let text = Bytes(decimal: uid)
      if taken.contains(where: { $0.uid == uid }) || Accounts.user(text, in: passwd) != nil { continue }
      if Accounts.holdsGroup(uid, in: groups) { continue }
      taken.append((name, uid))
      return uid
    }
    return nil
  }

  // systemd's own constant, so that both come to the same numbers.
  private static let uidKey = SipHash.Key(low: 0xF548_CECF_317E_5337, high: 0x59EC_D98D_5739_BB8A)
}

/// SipHash-2-4 (Aumasson and Bernstein).
enum SipHash {
  struct Key: Sendable {
    var low: UInt64
    var high: UInt64
  }

  static func hash(_ bytes: Bytes, key: Key) -> UInt64 {
    var state = State(key)
    var word: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      word |= UInt64(byte) << UInt64(index % 8 * 8)
      if index % 8 == 7 {
        state.take(word)
        word = 0
      }
    }
    state.take(word | UInt64(truncatingIfNeeded: bytes.count) << 56)
    return state.finish()
  }

  private struct State {
    var a, b, c, d: UInt64

    init(_ key: Key) {
      a = key.low ^ 0x736F_6D65_7073_6575
      b = key.high ^ 0x646F_7261_6E64_6F6D
      c = key.low ^ 0x6C79_6765_6E65_7261
      d = key.high ^ 0x7465_6462_7974_6573
    }

    mutating func take(_ word: UInt64) {
      d ^= word
      rounds(2)
      a ^= word
    }

    mutating func finish() -> UInt64 {
      c ^= 0xFF
      rounds(4)
      return a ^ b ^ c ^ d
    }

    private mutating func rounds(_ count: Int) {
      for _ in 0..<count {
        a = a &+ b
        b = State.rotate(b, 13) ^ a
        a = State.rotate(a, 32)
        c = c &+ d
        d = State.rotate(d, 16) ^ c
        a = a &+ d
        d = State.rotate(d, 21) ^ a
        c = c &+ b
        b = State.rotate(b, 17) ^ c
        c = State.rotate(c, 32)
      }
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
  }
}
