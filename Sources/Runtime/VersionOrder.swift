import Model

/// `=`, `!=`, `<`, `<=`, `>`, `>=` of conditions.
enum ComparisonOperator: Equatable {
  case equal, unequal, less, lessOrEqual, greater, greaterOrEqual

  /// The operator at the beginning of a text, and what follows it without blanks.
  static func leading(_ text: Bytes) -> (ComparisonOperator, rest: Bytes)? {
    let table: [(StaticString, ComparisonOperator)] = [
      ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("!=", .unequal), ("<", .less), (">", .greater), ("=", .equal),
    ]
    for (spelling, value) in table where text.starts(with: spelling) {
      return (value, Bytes(text[spelling.utf8CodeUnitCount...]).trimmed)
    }
    return nil
  }

  /// `order` is negative, zero or positive as left is less than, equal to or greater than right.
  func holds(_ order: Int) -> Bool {
    switch self {
    case .equal: order == 0
    case .unequal: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    }
  }
}

/// systemd's order of version strings (its "version specification"): numbers as numbers, letters as letters, `~` before
/// the end, the end before `-`, then `^`, then `.`; other characters only separate.
func versionOrder(_ left: Bytes, _ right: Bytes) -> Int {
  var a = left[...]
  var b = right[...]
  while true {
    a = a.drop { !isVersionByte($0) }
    b = b.drop { !isVersionByte($0) }
    if a.first == 126 || b.first == 126 {
      if let order = decided(a, b, 126) { return order }
      continue
    }
    if a.isEmpty || b.isEmpty { return a.isEmpty ? (b.isEmpty ? 0 : -1) : 1 }
    var isSeparated = false
    for separator in [45, 94, 46] as [UInt8] where !isSeparated && (a.first == separator || b.first == separator) {
      if let order = decided(a, b, separator) { return order }
      isSeparated = true
    }
    if isSeparated {
      a = a.dropFirst()
      b = b.dropFirst()
      continue
    }
    let order = segmentOrder(&a, &b)
    if order != 0 { return order }
  }

  /// Whoever has the separator where the other has not is less; nil: both have it. `~` is passed here.
  func decided(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, _ separator: UInt8) -> Int? {
    let hasLeft = left.first == separator
    let hasRight = right.first == separator
    if hasLeft != hasRight { return hasLeft ? -1 : 1 }
    if separator == 126 {
      a = a.dropFirst()
      b = b.dropFirst()
    }
    return nil
  }
}

private func isVersionByte(_ byte: UInt8) -> Bool {
  byte.isDigit || byte.isASCIILetter || byte == 126 || byte == 45 || byte == 94 || byte == 46
}

/// The numbers or letters at the beginning of both, which are passed; a number is newer than none.
private func segmentOrder(_ a: inout ArraySlice<UInt8>, _ b: inout ArraySlice<UInt8>) -> Int {
  let isNumber = a.first?.isDigit == true || b.first?.isDigit == true
  var left = a.prefix { isNumber ? $0.isDigit : $0.isASCIILetter }
  var right = b.prefix { isNumber ? $0.isDigit : $0.isASCIILetter }
  a = a[left.endIndex...]
  b = b[right.endIndex...]
  if isNumber {
    if left.isEmpty != right.isEmpty { return left.isEmpty ? -1 : 1 }
    left = left.drop { $0 == 48 }
    right = right.drop { $0 == 48 }
    if left.count != right.count { return left.count < right.count ? -1 : 1 }
  }
  for (one, other) in zip(left, right) where one != other { return one < other ? -1 : 1 }
  return left.count == right.count ? 0 : (left.count < right.count ? -1 : 1)
}
