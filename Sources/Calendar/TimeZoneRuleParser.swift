import Model

/// Why a zone could not be read, and at which byte.
public struct TimeZoneError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Kind: UInt8, Sendable {
    case notTZif, cut, badCount, badTransition, badType, badAbbreviation, leapSeconds, badRule
  }

  /// What is wrong.
  public var kind: Kind
  /// From 0.
  public var offset: Int

  /// For people.
  public var name: StaticString {
    switch kind {
    case .notTZif: "not a TZif file"
    case .cut: "a TZif file that ends too early"
    case .badCount: "a TZif file with a wrong count"
    case .badTransition: "a TZif file with a wrong transition"
    case .badType: "a TZif file with a wrong offset"
    case .badAbbreviation: "a TZif file with a wrong abbreviation"
    case .leapSeconds: "a zone that counts leap seconds, which clocks here do not"
    case .badRule: "not a POSIX rule for a time zone"
    }
  }
}

/// Reads time zones: TZif files (RFC 9636, versions 1 to 4) and POSIX TZ strings.
public enum TimeZoneParser {
  /// A zone of a POSIX TZ string: `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`. Summer time without rules changes as in the United
  /// States, as in the C library.
  public static func parse(posix text: Bytes) throws(TimeZoneError) -> TimeZone {
    let rule = try parseRule(text, from: 0, to: text.count)
    return TimeZone(transitions: [], typeIndexes: [], types: [rule.standard], rule: rule.daylight == nil ? nil : rule)
  }

  static func parseRule(_ text: Bytes, from start: Int, to end: Int) throws(TimeZoneError) -> TimeZoneRule {
    var reader = RuleReader(text: text, position: start, end: end)
    return try reader.read()
  }

  /// Whether this can be the name of a file of zoneinfo: no dots, so no way out of the folder (timezone_is_valid of systemd).
  public static func isName(_ name: Bytes) -> Bool {
    guard let first = name.first, first != 47, name.last != 47, name.count < 256 else { return false }
    var before: UInt8 = 0
    for byte in name {
      guard byte.isDigit || byte.isASCIILetter || byte == 45 || byte == 95 || byte == 43 || byte == 47 else { return false }
      if byte == 47, before == 47 { return false }
      before = byte
    }
    return true
  }
}

private struct RuleReader {
  let text: Bytes
  var position: Int
  let end: Int

  var current: UInt8 { position < end ? text[position] : 0 }

  var failure: TimeZoneError { TimeZoneError(kind: .badRule, offset: position) }

  mutating func read() throws(TimeZoneError) -> TimeZoneRule {
    let name = try readName()
    // POSIX counts west of Greenwich.
    let offset = -(try readTime(hoursMax: 24))
    let standard = LocalTimeType(offset: offset, isDaylight: false, abbreviation: name)
    let unused = TimeZoneChange(day: .ofYear(0), time: 0)
    if position == end { return TimeZoneRule(standard: standard, daylight: nil, start: unused, end: unused) }
    let summerName = try readName()
    var summerOffset = offset + 3600
    if position < end, current != 44 { summerOffset = -(try readTime(hoursMax: 24)) }
    let daylight = LocalTimeType(offset: summerOffset, isDaylight: true, abbreviation: summerName)
    if position == end {
      return TimeZoneRule(
        standard: standard, daylight: daylight, start: TimeZoneChange(day: .weekday(month: 3, week: 2, weekday: 0), time: 7200),
        end: TimeZoneChange(day: .weekday(month: 11, week: 1, weekday: 0), time: 7200))
    }
    let start = try readChange()
    let finish = try readChange()
    if position < end { throw failure }
    return TimeZoneRule(standard: standard, daylight: daylight, start: start, end: finish)
  }

  /// At least three letters, or anything of letters, digits and signs in `<>`.
  private mutating func readName() throws(TimeZoneError) -> Bytes {
    let isQuoted = current == 60
    if isQuoted { position += 1 }
    let start = position
    while current.isASCIILetter || (isQuoted && (current.isDigit || current == 43 || current == 45)) { position += 1 }
    let name = Bytes(text[start..<position])
    if name.count < 3 || name.count > 31 { throw failure }
    if isQuoted {
      if current != 62 { throw failure }
      position += 1
    }
    return name
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  private mutating func readTime(hoursMax: Int32) throws(TimeZoneError) -> Int32 {
    let isNegative = current == 45
    if isNegative || current == 43 { position += 1 }
    var seconds = try readNumber(0...hoursMax) * 3600
    if current == 58 {
      position += 1
      seconds += try readNumber(0...59) * 60
      if current == 58 {
        position += 1
        seconds += try readNumber(0...59)
      }
    }
    return isNegative ? -seconds : seconds
  }

  private mutating func readNumber(_ range: ClosedRange<Int32>) throws(TimeZoneError) -> Int32 {
    let start = position
    var value: Int32 = 0
    while current.isDigit, position - start < 3 {
      value = value * 10 + Int32(current - 48)
      position += 1
    }
    if position == start || !range.contains(value) { throw failure }
    return value
  }

  /// `,Jn`, `,n` or `,Mm.w.d`, and `/time` up to a week off (RFC 9636, 3.3.1).
  private mutating func readChange() throws(TimeZoneError) -> TimeZoneChange {
    if current != 44 { throw failure }
    position += 1
    let day: TimeZoneChange.Day
    switch current {
    case 74:
      position += 1
      day = .withoutLeapDay(try readNumber(1...365))
    case 77:
      position += 1
      let month = try readNumber(1...12)
      try takePoint()
      let week = try readNumber(1...5)
      try takePoint()
      day = .weekday(month: month, week: week, weekday: try readNumber(0...6))
    default:
      day = .ofYear(try readNumber(0...365))
    }
    if current != 47 { return TimeZoneChange(day: day, time: 7200) }
    position += 1
    return TimeZoneChange(day: day, time: try readTime(hoursMax: 167))
  }

  private mutating func takePoint() throws(TimeZoneError) {
    if current != 46 { throw failure }
    position += 1
  }
}
