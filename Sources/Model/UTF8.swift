extension Array where Element == UInt8 {
  /// Offset of the first byte that is no valid UTF-8; nil if all are.
  public var firstInvalidUTF8: Int? {
    var index = 0
    while index < count {
      let length = utf8SequenceLength(at: index)
      if length == 0 { return index }
      index += length
    }
    return nil
  }

  /// 0 if no valid sequence begins at `index`: surrogates, overlong forms and what lies beyond U+10FFFF are none.
  private func utf8SequenceLength(at index: Int) -> Int {
    let first = self[index]
    if first < 0x80 { return 1 }
    let length: Int
    var value: UInt32
    let smallest: UInt32
    switch first {
    case 0xC2...0xDF: (length, value, smallest) = (2, UInt32(first & 0x1F), 0x80)
    case 0xE0...0xEF: (length, value, smallest) = (3, UInt32(first & 0x0F), 0x800)
    case 0xF0...0xF4: (length, value, smallest) = (4, UInt32(first & 0x07), 0x10000)
    default: return 0
    }
    guard count - index >= length else { return 0 }
    for offset in 1..<length {
      let byte = self[index + offset]
      guard byte & 0xC0 == 0x80 else { return 0 }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) ? 0 : length
  }

  /// Appends a code point that is known to be valid.
  public mutating func append(codePoint: UInt32) {
    func low(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: (codePoint >> shift) & 0x3F) | 0x80 }
    if codePoint < 0x80 {
      append(UInt8(truncatingIfNeeded: codePoint))
    } else if codePoint < 0x800 {
      append(UInt8(truncatingIfNeeded: codePoint >> 6) | 0xC0)
      append(low(0))
    } else if codePoint < 0x10000 {
      append(UInt8(truncatingIfNeeded: codePoint >> 12) | 0xE0)
      append(low(6))
      append(low(0))
    } else {
      append(UInt8(truncatingIfNeeded: codePoint >> 18) | 0xF0)
      append(low(12))
      append(low(6))
      append(low(0))
    }
  }
}
