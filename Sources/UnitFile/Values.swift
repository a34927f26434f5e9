import Model

extension Array where Element == UInt8 {
  /// systemd's booleans, any case (units.md b.9).
  public var booleanValue: Bool? {
    switch lowercasedASCII {
    case "1", "yes", "y", "true", "t", "on": true
    case "0", "no", "n", "false", "f", "off": false
    default: nil
    }
  }

  /// A number as C writes it: `0x1F`, `0o17` and `017`, `0b11`, else decimal, as systemd reads counts.
  var unsignedNumber: UInt64? {
    guard count > 1, self[0] == 48 else { return unsignedDecimal }
    let base: UInt64
    var digits = self[2...]
    switch self[1] {
    case UInt8(ascii: "x"), UInt8(ascii: "X"): base = 16
    case UInt8(ascii: "o"): base = 8
    case UInt8(ascii: "b"): base = 2
    default:
      base = 8
      digits = self[1...]
    }
    guard !digits.isEmpty, digits.count <= 16 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard let digit = digit.hexValue, digit < base else { return nil }
      value = value &* base &+ UInt64(digit)
    }
    return value
  }

  /// The same with an optional sign, in 32 bits.
  var signedNumber: Int64? {
    guard let first else { return nil }
    let digits = first == 45 || first == 43 ? Bytes(self[1...]) : self
    guard let magnitude = digits.unsignedNumber, magnitude <= UInt64(Int32.max) else { return nil }
    return first == 45 ? -Int64(magnitude) : Int64(magnitude)
  }

  /// An octal number up to 07777.
  var octalMode: UInt32? {
    guard !isEmpty, count <= 8 else { return nil }
    var value: UInt32 = 0
    for byte in self {
      guard byte >= 48, byte <= 55 else { return nil }
      value = value << 3 | UInt32(byte - 48)
    }
    return value <= 0o7777 ? value : nil
  }

  /// Bytes with K, M, G, T, P, E to base 1024: sums in descending order, fractions (units.md b.9).
  public var sizeValue: UInt64? {
    var index = 0
    var sum: UInt64 = 0
    var smallestShift = 61
    if isEmpty { return nil }
    while index < count {
      let start = index
      while index < count, self[index].isDigit { index += 1 }
      guard index > start, let whole = Bytes(self[start..<index]).unsignedDecimal else { return nil }
      var fraction = 0.0
      if index < count, self[index] == 46 {
        index += 1
        var weight = 0.1
        while index < count, self[index].isDigit {
          fraction += weight * Double(self[index] - 48)
          weight /= 10
          index += 1
        }
      }
      while index < count, self[index].isBlank { index += 1 }
      let shift = sizeShift(at: &index)
      guard shift < smallestShift else { return nil }
      smallestShift = shift
      guard shift == 0 || whole >> (64 - UInt64(shift)) == 0 else { return nil }
      let part = UInt64(fraction * Double(UInt64(1) << UInt64(shift)))
      let (value, overflow) = (whole << UInt64(shift)).addingReportingOverflow(part)
      let (next, carry) = sum.addingReportingOverflow(value)
      if overflow || carry { return nil }
      sum = next
      while index < count, self[index].isBlank { index += 1 }
    }
    return sum
  }

  private func sizeShift(at index: inout Int) -> Int {
    guard index < count else { return 0 }
    index += 1
    switch self[index - 1] {
    case UInt8(ascii: "E"): return 60
    case UInt8(ascii: "P"): return 50
    case UInt8(ascii: "T"): return 40
    case UInt8(ascii: "G"): return 30
    case UInt8(ascii: "M"): return 20
    case UInt8(ascii: "K"): return 10
    case UInt8(ascii: "B"): return 0
    default:
      index -= 1
      return 0
    }
  }

  /// `[A-Za-z_][A-Za-z0-9_]*`
  var isEnvironmentName: Bool {
    guard let first, first.isASCIILetter || first == 95 else { return false }
    return allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 95 }
  }

  /// `NAME=value`
  var isEnvironmentAssignment: Bool {
    guard let equals = firstIndex(of: 61) else { return false }
    return Bytes(self[..<equals]).isEnvironmentName
  }

  /// Absolute, and short enough for the kernel: 4095 bytes, 255 a part.
  var isAbsolutePath: Bool {
    guard first == 47, count < 4096, !contains(0) else { return false }
    return pieces(separatedBy: 47).allSatisfy { $0.count <= 255 }
  }

  /// Without doubled slashes, `.` parts and a slash at the end.
  var simplifiedPath: Bytes {
    guard first == 47 else { return self }
    var out = Bytes()
    for piece in pieces(separatedBy: 47) where piece != "." {
      out.append(47)
      out.append(contentsOf: piece)
    }
    return out.isEmpty ? [47] : out
  }

  /// A path below /var/run names what is below /run.
  var withoutVarRun: Bytes {
    starts(with: "/var/run/") || self == "/var/run" ? Bytes(self[4...]) : self
  }

  /// A well-known name of D-Bus: at least two parts between dots, none beginning with a digit.
  var isBusName: Bool {
    let parts = pieces(separatedBy: 46, keepEmpty: true)
    guard parts.count > 1, count <= 255 else { return false }
    return parts.allSatisfy { part in
      guard let first = part.first, !first.isDigit else { return false }
      return part.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 95 || $0 == 45 }
    }
  }

  /// What a user or group may be called, or a number (systemd's relaxed rule).
  var isUserName: Bool {
    if isEmpty || count > 255 || self == "." || self == ".." || self[0].isBlank || self[count - 1].isBlank { return false }
    if allSatisfy({ $0.isDigit }) {
      // 65535 and 4294967295 mean "none" to the kernel.
      guard let number = unsignedDecimal else { return false }
      return number < UInt64(UInt32.max) && number != 65535
    }
    return allSatisfy { $0 >= 32 && $0 != 127 && $0 != 58 && $0 != 47 }
  }

  /// What `Documentation=` may name.
  var isAddress: Bool {
    starts(with: "https://") || starts(with: "http://") || starts(with: "file:/") || starts(with: "info:")
      || starts(with: "man:")
  }

  /// Limits, `infinity` included, of the resources that count bytes or things.
  func limitNumber(inBytes: Bool) -> UInt64? {
    if self == "infinity" { return .max }
    return inBytes ? sizeValue : unsignedNumber
  }
}
