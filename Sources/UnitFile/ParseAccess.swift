import Model

extension UnitParser {
  /// xinetd's rules, in `[X-Apus]` of a socket (units.md d.4).
  func applyAccess(_ directive: Directive) {
    if directive != .rearmSec { written.access = valuePosition }
    switch directive {
    case .accessAllow: addRanges(to: &socket.allowed)
    case .accessDeny: addRanges(to: &socket.denied)
    case .accessTimes: addTimes()
    case .rearmSec: if let span = finiteSpan() { socket.rearm = span }
    case .banner: setBanner(&socket.banner)
    case .bannerSuccess: setBanner(&socket.bannerSuccess)
    default: setBanner(&socket.bannerFail)
    }
  }

  private func setBanner(_ path: inout Bytes) {
    if value.isEmpty { path = [] } else if let value = absolutePath(value, offset: 0) { path = value }
  }

  private func addRanges(to list: inout [IPRange]) {
    if value.isEmpty {
      list = []
      return
    }
    for word in words(.strict) {
      guard let text = expanded(word.text, offset: word.offset) else { continue }
      let ranges = namedRanges(text)
      guard !ranges.isEmpty else {
        // A peer that was not meant must not get in.
        badWord(word, "no address and no range of addresses", hint: Bytes("for example 10.0.0.0/8, 2001:db8::/32, any, localhost"))
        refuseSilently()
        continue
      }
      for range in ranges where list.count < UnitParser.maximumWords && !list.contains(range) { list.append(range) }
    }
  }

  /// An address or a range, or one of the names that systemd's IPAddressAllow= has; empty: neither.
  private func namedRanges(_ text: Bytes) -> [IPRange] {
    let words: StaticString =
      switch text {
      case "any": "0.0.0.0/0 ::/0"
      case "localhost": "127.0.0.0/8 ::1"
      case "link-local": "169.254.0.0/16 fe80::/64"
      case "multicast": "224.0.0.0/4 ff00::/8"
      default: ""
      }
    let list = words.utf8CodeUnitCount == 0 ? [text] : Bytes(words).pieces(separatedBy: 32)
    return list.compactMap { IPRange($0) }
  }

  private func addTimes() {
    if value.isEmpty {
      socket.times = []
      return
    }
    for word in words(.strict) {
      guard let range = DayRange(word.text) else {
        badWord(word, "no span of the day", hint: Bytes("for example 08:00-17:30, or 22:00-06:00 over midnight"))
        refuseSilently()
        continue
      }
      if socket.times.count < UnitParser.maximumWords, !socket.times.contains(range) { socket.times.append(range) }
    }
  }
}

extension IPRange {
  /// `ADDRESS`, or `ADDRESS/BITS`.
  init?(_ text: Bytes) {
    let parts = text.pieces(separatedBy: 47, keepEmpty: true)
    guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
    let added: UInt64 = parts[0].contains(58) ? 0 : 96
    var prefix: UInt64 = 128
    if parts.count == 2 {
      guard let bits = parts[1].unsignedDecimal, bits <= 128 - added else { return nil }
      prefix = bits + added
    }
    self.init(address: address, prefix: UInt8(prefix))
  }
}

extension DayRange {
  /// `HH:MM-HH:MM`; the second may be 24:00.
  init?(_ text: Bytes) {
    let ends = text.pieces(separatedBy: 45, keepEmpty: true)
    guard ends.count == 2, let from = DayRange.minute(ends[0]), let to = DayRange.minute(ends[1]), from < 1440, from != to else {
      return nil
    }
    self.init(from: from, to: to)
  }

  private static func minute(_ text: Bytes) -> UInt16? {
    let parts = text.pieces(separatedBy: 58, keepEmpty: true)
    guard parts.count == 2, parts[0].count <= 2, parts[1].count == 2, let hour = parts[0].unsignedDecimal,
      let minute = parts[1].unsignedDecimal, minute < 60, hour < 24 || (hour == 24 && minute == 0)
    else { return nil }
    return UInt16(hour * 60 + minute)
  }
}
