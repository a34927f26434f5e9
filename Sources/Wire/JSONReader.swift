import Model

/// Why a text is no JSON, and where (byte offset from 0).
public struct JSONError: Error, Equatable, Sendable {
  public var message: StaticStringBox
  public var offset: Int
}

/// Reads one JSON text (RFC 8259), strictly: valid UTF-8 only, no lone surrogates, nothing behind it, nesting of at
/// most 16. The text's size is the caller's bound. For the client side; PID 1 parses no JSON (DESIGN section 8).
public func parseJSON(_ text: Bytes) -> Result<JSONValue, JSONError> {
  var reader = JSONReader(text: text)
  do throws(JSONError) {
    let value = try reader.readValue(depth: 0)
    reader.skipBlanks()
    if reader.position < text.count { throw reader.failure("something behind the value") }
    return .success(value)
  } catch {
    return .failure(error)
  }
}

private struct JSONReader {
  static let maximumDepth = 16
  let text: Bytes
  var position = 0

  init(text: Bytes) { self.text = text }

  func failure(_ message: StaticString) -> JSONError { JSONError(message: StaticStringBox(message), offset: position) }

  /// The byte at the position, 0 at the end (a NUL is nowhere valid outside of strings, and refused inside).
  var current: UInt8 { position < text.count ? text[position] : 0 }

  mutating func skipBlanks() {
    while position < text.count, text[position].isBlank { position += 1 }
  }

  mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
    if depth > JSONReader.maximumDepth { throw failure("nested too deeply") }
    skipBlanks()
    switch current {
    case 123: return try readObject(depth: depth)
    case 91: return try readArray(depth: depth)
    case 34: return .string(try readString())
    case 45, 48...57: return try readNumber()
    case 116:
      try take("true")
      return .bool(true)
    case 102:
      try take("false")
      return .bool(false)
    case 110:
      try take("null")
      return .null
    default: throw failure("no value")
    }
  }

  private mutating func take(_ word: StaticString) throws(JSONError) {
    guard Bytes(text[position...].prefix(word.utf8CodeUnitCount)) == word else { throw failure("no value") }
    position += word.utf8CodeUnitCount
  }

  /// Behind an element: true for a comma, false for the closing bracket.
  private mutating func takesComma(or bracket: UInt8) throws(JSONError) -> Bool {
    skipBlanks()
    guard current == 44 || current == bracket else { throw failure("neither a comma nor the end") }
    position += 1
    return text[position - 1] == 44
  }

  private mutating func readArray(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipBlanks()
    if current == 93 {
      position += 1
      return .array([])
    }
    repeat { elements.append(try readValue(depth: depth + 1)) } while try takesComma(or: 93)
    return .array(elements)
  }

  private mutating func readObject(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [JSONMember] = []
    skipBlanks()
    if current == 125 {
      position += 1
      return .object([])
    }
    repeat {
      skipBlanks()
      guard current == 34 else { throw failure("a key is no string") }
      let key = try readString()
      skipBlanks()
      guard current == 58 else { throw failure("no colon behind a key") }
      position += 1
      members.append(JSONMember(key: key, value: try readValue(depth: depth + 1)))
    } while try takesComma(or: 125)
    return .object(members)
  }

  private mutating func readNumber() throws(JSONError) -> JSONValue {
    let start = position
    if current == 45 { position += 1 }
    let isZero = current == 48
    let whole = try readDigits()
    if isZero && whole > 1 { throw failure("a number begins with 0") }
    var isWhole = true
    if current == 46 {
      position += 1
      isWhole = false
      _ = try readDigits()
    }
    if current == 101 || current == 69 {
      position += 1
      isWhole = false
      if current == 43 || current == 45 { position += 1 }
      _ = try readDigits()
    }
    let written = Bytes(text[start..<position])
    let isNegative = text[start] == 45
    if isWhole, let magnitude = Bytes(written.dropFirst(isNegative ? 1 : 0)).unsignedDecimal, magnitude <= UInt64(Int64.max) {
      return .integer(isNegative ? -Int64(magnitude) : Int64(magnitude))
    }
    return .number(written)
  }

  private mutating func readDigits() throws(JSONError) -> Int {
    let start = position
    while current.isDigit { position += 1 }
    if position == start { throw failure("a digit is missing") }
    return position - start
  }

  private mutating func readString() throws(JSONError) -> Bytes {
    position += 1
    var out = Bytes()
    while position < text.count {
      let byte = text[position]
      switch byte {
      case 34:
        position += 1
        return out
      case 92:
        position += 1
        try readEscape(into: &out)
      case 0..<32: throw failure("a control character in a string")
      case 128...:
        let (length, isValid) = utf8Sequence(text, at: position)
        if !isValid { throw failure("invalid UTF-8") }
        out.append(contentsOf: text[position..<(position + length)])
        position += length
      default:
        out.append(byte)
        position += 1
      }
    }
    throw failure("a string without its end")
  }

  private mutating func readEscape(into out: inout Bytes) throws(JSONError) {
    let letter = current
    if letter == 117 {
      position += 1
      try readUnicodeEscape(into: &out)
      return
    }
    switch letter {
    case 34, 92, 47: out.append(letter)
    case 98: out.append(8)
    case 102: out.append(12)
    case 110: out.append(10)
    case 114: out.append(13)
    case 116: out.append(9)
    default: throw failure("no such escape")
    }
    position += 1
  }

  private mutating func readUnicodeEscape(into out: inout Bytes) throws(JSONError) {
    var scalar = try readFourDigits()
    if scalar >= 0xD800 && scalar < 0xDC00 {
      guard current == 92, position + 1 < text.count, text[position + 1] == 117 else { throw failure("half a surrogate pair") }
      position += 2
      let low = try readFourDigits()
      guard low >= 0xDC00 && low < 0xE000 else { throw failure("half a surrogate pair") }
      scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00)
    } else if scalar >= 0xDC00 && scalar < 0xE000 {
      throw failure("half a surrogate pair")
    }
    appendUTF8(scalar, to: &out)
  }

  private mutating func readFourDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = current.hexValue else { throw failure("\\u without four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func appendUTF8(_ scalar: UInt32, to out: inout Bytes) {
    func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: (scalar >> shift) & 0x3F) }
    switch scalar {
    case 0..<0x80: out.append(UInt8(truncatingIfNeeded: scalar))
    case 0x80..<0x800: out += [0xC0 | UInt8(truncatingIfNeeded: scalar >> 6), tail(0)]
    case 0x800..<0x10000: out += [0xE0 | UInt8(truncatingIfNeeded: scalar >> 12), tail(6), tail(0)]
    default: out += [0xF0 | UInt8(truncatingIfNeeded: scalar >> 18), tail(12), tail(6), tail(0)]
    }
  }
}
