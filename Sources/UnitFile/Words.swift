import Model

/// One word of a value, quotes and escapes resolved, and where it began.
struct Word: Equatable {
  var text: Bytes
  /// Offset of its first byte in the value, quotes included.
  var offset: Int
}

/// Why a word could not be read.
enum WordError: Error {
  /// A quote that is not closed; the offset of the quote.
  case unclosedQuote(Int)
  /// An escape that does not exist; the offset of its backslash.
  case unknownEscape(Int)
}

/// What a backslash means.
enum EscapeStyle {
  /// C's escapes; an unknown one is an error (`Environment=`).
  case strict
  /// C's escapes; an unknown one stays as it is, backslash and all (`Exec…=` on the second attempt).
  case keepUnknown
  /// The backslash stays: names of units.
  case retain
  /// The backslash goes, the next byte stays, an open quote ends with the text: values that `$NAME` splits.
  case plain
}

/// Splits a value into words as systemd does (units.md b.3).
struct WordReader {
  let text: Bytes
  var position = 0

  init(_ text: Bytes) { self.text = text }

  var isAtEnd: Bool { position >= text.count }

  mutating func skipBlanks() {
    while position < text.count, text[position].isBlank { position += 1 }
  }

  /// The next word, or nil at the end. After an error `position` is where the word began.
  @inline(never)
  mutating func next(_ style: EscapeStyle) throws(WordError) -> Word? {
    skipBlanks()
    if isAtEnd { return nil }
    let start = position
    do throws(WordError) {
      let word = try readWord(style)
      skipBlanks()
      return Word(text: word, offset: start)
    } catch {
      position = start
      throw error
    }
  }

  private mutating func readWord(_ style: EscapeStyle) throws(WordError) -> Bytes {
    var out = Bytes()
    var quote: UInt8 = 0
    var quoteStart = position
    while position < text.count {
      let byte = text[position]
      if byte == 92, style != .retain {
        try readEscape(style, quoted: quote != 0, into: &out)
        continue
      }
      if quote != 0 {
        if byte == quote { quote = 0 } else { out.append(byte) }
      } else if byte == 34 || byte == 39 {
        quote = byte
        quoteStart = position
      } else if byte.isBlank {
        return out
      } else {
        out.append(byte)
      }
      position += 1
    }
    if quote != 0, style != .plain { throw .unclosedQuote(quoteStart) }
    return out
  }

  private mutating func readEscape(_ style: EscapeStyle, quoted: Bool, into out: inout Bytes) throws(WordError) {
    let start = position
    position += 1
    guard position < text.count else {
      if style == .keepUnknown && !quoted {
        out.append(92)
        return
      }
      if style == .plain { return }
      throw .unknownEscape(start)
    }
    if style == .plain {
      out.append(text[position])
      position += 1
      return
    }
    if let length = decodeEscape(text, at: position, into: &out) {
      position += length
    } else if style == .keepUnknown {
      out.append(92)
      out.append(text[position])
      position += 1
    } else {
      throw .unknownEscape(start)
    }
  }
}

/// Decodes the escape whose first byte behind the backslash is at `start`; gives its length without the backslash,
/// nil (and nothing appended) if it is none: short digits, a NUL, an invalid code point (units.md b.3).
func decodeEscape(_ text: Bytes, at start: Int, into out: inout Bytes) -> Int? {
  func hex(_ count: Int) -> UInt32? {
    guard text.count - start > count else { return nil }
    var value: UInt32 = 0
    for index in 1...count {
      guard let digit = text[start + index].hexValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
  switch text[start] {
  case 97: out.append(7)  // a
  case 98: out.append(8)  // b
  case 102: out.append(12)  // f
  case 110: out.append(10)  // n
  case 114: out.append(13)  // r
  case 116: out.append(9)  // t
  case 118: out.append(11)  // v
  case 92: out.append(92)
  case 34: out.append(34)
  case 39: out.append(39)
  case 115: out.append(32)  // s
  case 120:  // x
    guard let value = hex(2), value != 0 else { return nil }
    out.append(UInt8(truncatingIfNeeded: value))
    return 3
  case 117, 85:  // u, U
    let digits = text[start] == 117 ? 4 : 8
    guard let value = hex(digits), value != 0, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    out.append(codePoint: value)
    return digits + 1
  case 48...55:  // three octal digits
    guard text.count - start >= 3 else { return nil }
    var value: UInt32 = 0
    for index in 0..<3 {
      let byte = text[start + index]
      guard byte >= 48, byte <= 55 else { return nil }
      value = value << 3 | UInt32(byte - 48)
    }
    guard value != 0, value <= 255 else { return nil }
    out.append(UInt8(truncatingIfNeeded: value))
    return 3
  default: return nil
  }
  return 1
}
