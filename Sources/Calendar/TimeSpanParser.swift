import Model

/// Why a time span could not be read, and where.
public struct TimeSpanError: Error, Equatable, Sendable {
  /// What is wrong with it.
  public enum Kind: UInt8, Sendable {
    case empty, notANumber, missingDigits, unknownUnit, negative, tooLarge
  }

  /// What is wrong with it.
  public var kind: Kind
  /// Of the offending byte, from 1.
  public var column: Int

  public init(_ kind: Kind, column: Int) {
    self.kind = kind
    self.column = column
  }

  /// For people.
  public var name: StaticString {
    switch kind {
    case .empty: "a time span is missing"
    case .notANumber: "not a number"
    case .missingDigits: "digits are missing behind the point"
    case .unknownUnit: "no such unit of time"
    case .negative: "a time span cannot be negative"
    case .tooLarge: "too long a time"
    }
  }
}

/// Reads a time span as systemd does (units.md b.9, scheduling.md 1.6): a sum of numbers with units, seconds without one.
/// Fractions are cut digit by digit, exactly as systemd cuts them: `0.9us` is 0, `1.1111111111111y` misses its last digits.
public func parseTimeSpan(_ text: Bytes) -> Result<TimeSpan, TimeSpanError> {
  parseTimeSpan(text, defaultUnit: 1_000_000)
}

/// As above; a number without a unit counts `defaultUnit` microseconds (1 for `LimitRTTIME=`).
public func parseTimeSpan(_ text: Bytes, defaultUnit: UInt64) -> Result<TimeSpan, TimeSpanError> {
  var reader = TimeSpanReader(text: text, defaultUnit: defaultUnit)
  do throws(TimeSpanError) {
    return .success(try reader.read())
  } catch {
    return .failure(error)
  }
}

struct TimeSpanReader {
  let text: Bytes
  let defaultUnit: UInt64
  var position = 0
  var sum: UInt64 = 0

  init(text: Bytes, defaultUnit: UInt64) {
    self.text = text
    self.defaultUnit = defaultUnit
  }

  mutating func read() throws(TimeSpanError) -> TimeSpan {
    skipBlanks()
    if takes("infinity") {
      skipBlanks()
      if position < text.count { throw failure(.notANumber) }
      return .infinity
    }
    if position == text.count { throw failure(.empty) }
    while position < text.count {
      try readTerm()
      skipBlanks()
    }
    return TimeSpan(microseconds: sum)
  }

  /// One number with its unit.
  private mutating func readTerm() throws(TimeSpanError) {
    let start = position
    if text[position] == 45 { throw failure(.negative) }
    let whole = try readWhole()
    var fraction = position..<position
    if position < text.count, text[position] == 46 {
      let first = position + 1
      position = first
      while position < text.count, text[position].isDigit { position += 1 }
      fraction = first..<position
      if fraction.isEmpty { throw failure(.missingDigits) }
    } else if position == start {
      throw failure(.notANumber)
    }
    let numberEnd = position
    skipBlanks()
    let unit = readUnit()
    // `12.34.56` and `1x` are wrong, `12.34 .56` is not: without a unit a blank or the end must follow.
    if unit == nil, position == numberEnd, position < text.count { throw failure(.unknownUnit) }
    try add(whole, fraction, unit: unit ?? defaultUnit, at: start)
  }

  /// Digits with an optional `+`, which systemd accepts only before a digit; 0 before a point.
  private mutating func readWhole() throws(TimeSpanError) -> UInt64 {
    let start = position
    var at = position
    if text[at] == 43 { at += 1 }
    var value: UInt64 = 0
    let firstDigit = at
    while at < text.count, text[at].isDigit {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, carry) = product.addingReportingOverflow(UInt64(text[at] - 48))
      if overflow || carry || next > UInt64(Int64.max) { throw TimeSpanError(.tooLarge, column: start + 1) }
      value = next
      at += 1
    }
    if at > firstDigit { position = at }
    return value
  }

  private mutating func add(_ whole: UInt64, _ fraction: Range<Int>, unit: UInt64, at start: Int) throws(TimeSpanError) {
    if whole >= UInt64.max / unit { throw TimeSpanError(.tooLarge, column: start + 1) }
    try add(whole * unit, at: start)
    var weight = unit
    for index in fraction {
      weight /= 10
      try add(UInt64(text[index] - 48) * weight, at: start)
    }
  }

  private mutating func add(_ microseconds: UInt64, at start: Int) throws(TimeSpanError) {
    let (next, overflow) = sum.addingReportingOverflow(microseconds)
    if overflow || next == .max { throw TimeSpanError(.tooLarge, column: start + 1) }
    sum = next
  }

  /// Microseconds of the unit that begins here; nil if none does. Longer names come first.
  private mutating func readUnit() -> UInt64? {
    if takes("usec") || takes("us") || takes("\u{3BC}s") || takes("\u{B5}s") { return 1 }
    if takes("msec") || takes("ms") { return 1000 }
    if takes("seconds") || takes("second") || takes("sec") || takes("s") { return 1_000_000 }
    if takes("months") || takes("month") || takes("M") { return 2_629_800_000_000 }
    if takes("minutes") || takes("minute") || takes("min") || takes("m") { return 60_000_000 }
    if takes("hours") || takes("hour") || takes("hr") || takes("h") { return 3_600_000_000 }
    if takes("days") || takes("day") || takes("d") { return 86_400_000_000 }
    if takes("weeks") || takes("week") || takes("w") { return 604_800_000_000 }
    if takes("years") || takes("year") || takes("y") { return 31_557_600_000_000 }
    return nil
  }

  private mutating func takes(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard text.count - position >= length else { return false }
    let same = word.withUTF8Buffer { wanted in
      for index in 0..<length where text[position + index] != wanted[index] { return false }
      return true
    }
    if same { position += length }
    return same
  }

  private mutating func skipBlanks() {
    while position < text.count, text[position].isBlank { position += 1 }
  }

  private func failure(_ kind: TimeSpanError.Kind) -> TimeSpanError {
    TimeSpanError(kind, column: position + 1)
  }
}
