import Model

/// Writes JSON (RFC 8259) without blanks. Commas come by themselves; the caller keeps begin and end in pairs.
public struct JSONWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes = Bytes()
  private var needsComma = false

  public init() {}

  /// `{`
  public mutating func beginObject() { begin(123) }
  /// `}`
  public mutating func endObject() { end(125) }
  /// `[`
  public mutating func beginArray() { begin(91) }
  /// `]`
  public mutating func endArray() { end(93) }

  /// The key of the next value.
  @inline(never) public mutating func key(_ name: StaticString) {
    separate()
    bytes.append(34)
    bytes.append(name)
    bytes.append(34)
    bytes.append(58)
  }

  /// The key of the next value, of any bytes.
  public mutating func key(_ name: Bytes) {
    string(name)
    bytes.append(58)
    needsComma = false
  }

  /// A string of any bytes: invalid UTF-8 becomes U+FFFD, one per maximal bad piece (Unicode section 3.9).
  @inline(never) public mutating func string(_ value: Bytes) {
    separate()
    bytes.append(34)
    appendEscaped(value)
    bytes.append(34)
    needsComma = true
  }

  /// A name of ours, which needs no escape.
  @inline(never) public mutating func string(_ value: StaticString) {
    separate()
    bytes.append(34)
    bytes.append(value)
    bytes.append(34)
    needsComma = true
  }

  /// A whole number.
  @inline(never) public mutating func integer(_ value: Int64) { literal(Bytes(decimal: value)) }
  /// `true` or `false`.
  public mutating func bool(_ value: Bool) { literal(Bytes(value ? "true" : "false")) }
  /// `null`
  public mutating func null() { literal(Bytes("null")) }

  /// Text that is already JSON.
  @inline(never) mutating func literal(_ text: Bytes) {
    separate()
    bytes += text
    needsComma = true
  }

  @inline(never) private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  @inline(never) private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(44) }
    needsComma = false
  }

  private mutating func appendEscaped(_ value: Bytes) {
    var index = 0
    while index < value.count {
      let byte = value[index]
      if byte >= 128 {
        let (length, isValid) = utf8Sequence(value, at: index)
        if isValid {
          bytes.append(contentsOf: value[index..<(index + length)])
        } else {
          bytes += "\u{FFFD}"
        }
        index += length
        continue
      }
      index += 1
      switch byte {
      case 34: bytes += "\\\""
      case 92: bytes += "\\\\"
      case 10: bytes += "\\n"
      case 13: bytes += "\\r"
      case 9: bytes += "\\t"
      case 0..<32, 127:
        bytes += "\\u"
        bytes += Bytes(hex: UInt64(byte), width: 4)
      default: bytes.append(byte)
      }
    }
  }
}

/// The length of the UTF-8 sequence that begins at `start` with a byte above 127, and whether it is valid; for an
/// invalid one, the length of its maximal subpart (Unicode table 3-7), at least 1.
func utf8Sequence(_ text: Bytes, at start: Int) -> (length: Int, isValid: Bool) {
  let lead = text[start]
  var low: UInt8 = 0x80
  var high: UInt8 = 0xBF
  let length: Int
  switch lead {
  case 0xC2...0xDF: length = 2
  case 0xE0...0xEF:
    length = 3
    if lead == 0xE0 { low = 0xA0 }
    if lead == 0xED { high = 0x9F }
  case 0xF0...0xF4:
    length = 4
    if lead == 0xF0 { low = 0x90 }
    if lead == 0xF4 { high = 0x8F }
  default: return (1, false)
  }
  for offset in 1..<length {
    guard start + offset < text.count, text[start + offset] >= low, text[start + offset] <= high else { return (offset, false) }
    low = 0x80
    high = 0xBF
  }
  return (length, true)
}
