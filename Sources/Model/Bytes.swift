/// Unix text: paths, names, arguments, environment. Never `String` in logic, because two file names that are
/// canonically equal Unicode are different files, and because `String` comparison costs the static binary 70 KB.
public typealias Bytes = [UInt8]

extension Array where Element == UInt8 {
  /// The bytes of a literal.
  @inline(never)
  public init(_ literal: StaticString) {
    self = literal.withUTF8Buffer { Bytes($0) }
  }

  /// Appends a literal.
  @inline(never)
  public mutating func append(_ literal: StaticString) {
    literal.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// Appends an integer in decimal.
  public mutating func append(decimal value: some BinaryInteger) {
    append(contentsOf: Bytes(decimal: value))
  }

  /// Appends a number that is not negative, with zeros in front up to `width` digits.
  @inline(never)
  public mutating func append(decimal value: Int, width: Int) {
    let digits = Bytes(decimal: value)
    for _ in 0..<Swift.max(0, width - digits.count) { append(48) }
    append(contentsOf: digits)
  }

  /// Appends a minute of the day as `HH:MM` (AccessTimes=).
  public mutating func append(minuteOfDay minute: Int) {
    append(decimal: minute / 60, width: 2)
    append(58)
    append(decimal: minute % 60, width: 2)
  }

  /// An integer in decimal.
  public init(decimal value: some BinaryInteger) {
    var digits = Bytes()
    var rest = value.magnitude
    repeat {
      digits.append(48 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest != 0
    if value < 0 { digits.append(45) }
    self = digits.reversed()
  }

  /// An integer in hexadecimal, lower case, at least `width` digits.
  public init(hex value: UInt64, width: Int = 1) {
    var digits = Bytes()
    var rest = value
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest & 15)
      digits.append(digit < 10 ? 48 + digit : 87 + digit)
      rest >>= 4
    } while rest != 0 || digits.count < width
    self = digits.reversed()
  }

  /// An integer in octal, at least `width` digits.
  public init(octal value: UInt32, width: Int = 4) {
    var digits = Bytes()
    var rest = value
    repeat {
      digits.append(48 + UInt8(truncatingIfNeeded: rest & 7))
      rest >>= 3
    } while rest != 0 || digits.count < width
    self = digits.reversed()
  }

  /// Whether the first bytes are those of a literal.
  public func starts(with prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { wanted in
      guard count >= wanted.count else { return false }
      for index in 0..<wanted.count where self[index] != wanted[index] { return false }
      return true
    }
  }

  /// Whether the last bytes are those of a literal.
  public func ends(with suffix: StaticString) -> Bool {
    suffix.withUTF8Buffer { wanted in
      guard count >= wanted.count else { return false }
      let offset = count - wanted.count
      for index in 0..<wanted.count where self[offset + index] != wanted[index] { return false }
      return true
    }
  }

  /// The value as an unsigned decimal number without sign or blanks; nil if it is none or does not fit.
  public var unsignedDecimal: UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in self {
      guard byte >= 48, byte <= 57 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 48))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// ASCII letters in lower case; all other bytes as they are.
  public var lowercasedASCII: Bytes {
    map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }
  }

  /// The pieces between `separator` bytes; empty pieces are left out unless `keepEmpty`.
  public func pieces(separatedBy separator: UInt8, keepEmpty: Bool = false) -> [Bytes] {
    var result: [Bytes] = []
    var piece = Bytes()
    for byte in self {
      if byte == separator {
        if keepEmpty || !piece.isEmpty { result.append(piece) }
        piece = Bytes()
      } else {
        piece.append(byte)
      }
    }
    if keepEmpty || !piece.isEmpty { result.append(piece) }
    return result
  }

  /// Without blanks (space, tab, CR, LF) at both ends.
  public var trimmed: Bytes {
    var low = 0
    var high = count
    while low < high, self[low].isBlank { low += 1 }
    while high > low, self[high - 1].isBlank { high -= 1 }
    return Bytes(self[low..<high])
  }

  /// FNV-1a: one seed a name.
  public var seed: UInt64 {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in self { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return value
  }

  /// For people only: never compare or store what this gives.
  public var shown: String { String(decoding: self, as: UTF8.self) }
}

extension UInt8 {
  /// Space, tab, CR or LF.
  public var isBlank: Bool { self == 32 || self == 9 || self == 13 || self == 10 }
  public var isDigit: Bool { self >= 48 && self <= 57 }
  public var isASCIILetter: Bool { (self >= 65 && self <= 90) || (self >= 97 && self <= 122) }

  /// The value of a hexadecimal digit.
  public var hexValue: UInt8? {
    switch self {
    case 48...57: self - 48
    case 65...70: self - 55
    case 97...102: self - 87
    default: nil
    }
  }
}

@inline(never)
public func + (left: consuming Bytes, right: StaticString) -> Bytes {
  left.append(right)
  return left
}

@inline(never)
public func + (left: StaticString, right: Bytes) -> Bytes {
  Bytes(left) + right
}

@inline(never)
public func += (left: inout Bytes, right: StaticString) {
  left.append(right)
}

@inline(never)
public func == (left: Bytes, right: StaticString) -> Bool {
  right.withUTF8Buffer { wanted in
    guard left.count == wanted.count else { return false }
    for index in 0..<wanted.count where left[index] != wanted[index] { return false }
    return true
  }
}

public func != (left: Bytes, right: StaticString) -> Bool { !(left == right) }

/// `switch bytes { case "literal": … }`
public func ~= (pattern: StaticString, value: Bytes) -> Bool { value == pattern }
