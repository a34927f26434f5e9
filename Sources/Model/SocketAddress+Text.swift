extension IPAddress {
  /// Sixteen bytes in the network's order; an IPv4 address is mapped.
  public var bytes: Bytes {
    var result = Bytes()
    for half in [high, low] {
      for shift in 0..<8 { result.append(UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * shift))) }
    }
    return result
  }

  /// Of 4 or 16 bytes in the network's order; nil for another count.
  public init?(bytes: Bytes) {
    var value: (high: UInt64, low: UInt64) = (0, 0)
    for byte in bytes { value = (value.high << 8 | value.low >> 56, value.low << 8 | UInt64(byte)) }
    switch bytes.count {
    case 4: self.init(v4: UInt32(truncatingIfNeeded: value.low))
    case 16: self.init(high: value.high, low: value.low)
    default: return nil
    }
  }

  /// As `inet_ntop` writes it, which is RFC 5952: lower case, the first longest run of two or more zero groups as `::`, an IPv4
  /// address at the end of a compatible one (`::1.2.3.4`). A mapped address is shown as the IPv4 address that it is.
  public var text: Bytes {
    if isV4 { return IPAddress.dotted(v4) }
    if high == 0, low >> 32 == 0, low >> 16 != 0 { return "::" + IPAddress.dotted(UInt32(truncatingIfNeeded: low)) }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 & 3))) }
    var longest = 0..<1
    var start = 0
    for index in 0...8 where index == 8 || groups[index] != 0 {
      if index - start > longest.count { longest = start..<index }
      start = index + 1
    }
    var result = Bytes()
    var index = 0
    while index < 8 {
      if longest.count > 1, index == longest.lowerBound {
        result += index == 0 ? "::" : ":"
        index = longest.upperBound
        continue
      }
      result += Bytes(hex: UInt64(groups[index]))
      if index < 7 { result.append(58) }
      index += 1
    }
    return result
  }

  private static func dotted(_ address: UInt32) -> Bytes {
    Model.text("\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)")
  }

  /// A numeric address as `inet_pton` reads it: four numbers between dots, without leading zeros; or groups of hexadecimal digits
  /// between colons, of which `::` stands for those that are left out, an IPv4 address at the end if need be. No zone, no brackets.
  public init?(_ text: Bytes) {
    guard let bytes = text.contains(58) ? IPAddress.v6(text) : IPAddress.v4(text) else { return nil }
    self.init(bytes: bytes)
  }

  private static func v4(_ text: Bytes) -> Bytes? {
    let parts = text.pieces(separatedBy: 46, keepEmpty: true)
    guard parts.count == 4 else { return nil }
    var result = Bytes()
    for part in parts {
      guard let value = part.unsignedDecimal, value <= 255, part.count == 1 || part[0] != 48 else { return nil }
      result.append(UInt8(value))
    }
    return result
  }

  private static func v6(_ text: Bytes) -> Bytes? {
    var halves: [Bytes] = [[]]
    var index = 0
    while index < text.count {
      if text[index] == 58, index + 1 < text.count, text[index + 1] == 58 {
        halves.append([])
        index += 2
      } else {
        halves[halves.count - 1].append(text[index])
        index += 1
      }
    }
    guard halves.count <= 2, let head = groups(halves[0], mayEndInV4: halves.count == 1) else { return nil }
    if halves.count == 1 { return head.count == 16 ? head : nil }
    guard let tail = groups(halves[1], mayEndInV4: true), head.count + tail.count <= 14 else { return nil }
    return head + Bytes(repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  private static func groups(_ text: Bytes, mayEndInV4: Bool) -> Bytes? {
    if text.isEmpty { return [] }
    var result = Bytes()
    let parts = text.pieces(separatedBy: 58, keepEmpty: true)
    for (index, part) in parts.enumerated() {
      if mayEndInV4, index == parts.count - 1, part.contains(46) {
        guard let last = v4(part) else { return nil }
        result += last
        continue
      }
      guard !part.isEmpty, part.count <= 4 else { return nil }
      var value: UInt16 = 0
      for digit in part {
        guard let digit = digit.hexValue else { return nil }
        value = value << 4 | UInt16(digit)
      }
      result += [UInt8(value >> 8), UInt8(value & 255)]
    }
    return result.count <= 16 ? result : nil
  }
}

extension SocketAddress {
  /// As systemd describes the instance of a connection: `127.0.0.1:80`, `[::1]:80`, `vsock:2:1234`, `PID 12/UID 0`.
  public var text: Bytes {
    switch self {
    case .ip(let address, let port): Model.text("\(address.textInBrackets):\(port)")
    case .vsock(let cid, let port): Model.text("vsock:\(cid):\(port)")
    case .process(let pid, let uid): Model.text("PID \(pid)/UID \(uid)")
    case .unknown: Bytes("unknown")
    }
  }

  /// As in the name of such an instance, where nothing is escaped: `127.0.0.1:80`, `::1:80`, `2:1234`, `12-0`.
  public var textInName: Bytes {
    switch self {
    case .ip(let address, let port): Model.text("\(address.text):\(port)")
    case .vsock(let cid, let port): Model.text("\(cid):\(port)")
    case .process(let pid, let uid): Model.text("\(pid)-\(uid)")
    case .unknown: Bytes("unknown")
    }
  }
}

extension IPRange {
  /// `10.0.0.0/8`, `2001:db8::/32`; a single address without its length.
  public var text: Bytes {
    let isV4 = address.isV4 && prefix >= 96
    if prefix >= 128 { return address.text }
    return Model.text("\(address.text)/\(isV4 ? prefix - 96 : prefix)")
  }
}

extension IPAddress {
  /// As before a port: an IPv6 address stands in brackets.
  public var textInBrackets: Bytes { isV4 ? text : "[" + text + "]" }
}
