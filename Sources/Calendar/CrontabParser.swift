import Model

/// Reads the five fields of a crontab line, or a macro such as `@daily` (scheduling.md 3.1: Vixie's rules; `N/step` is
/// `N-max/step`). Fields match independently, and days by Vixie's rule: if one of the two begins with `*`, both must match,
/// else either.
public enum CrontabParser {
  /// The compiled schedule, without a zone. `~` is drawn here, once, by the seed: equal seeds give equal schedules.
  /// `@reboot` is no calendar: it is the caller's.
  public static func parse(_ text: Bytes, seed: UInt64 = 0) throws(ScheduleError) -> CalendarSpec {
    let reader = CrontabReader(text: text, seed: seed)
    return try reader.read()
  }

  /// Whether a text is written as a crontab expression: five words, or one that begins with `@` and a letter.
  public static func looksLikeCrontab(_ text: Bytes) -> Bool {
    if text.first == 64 { return text.count > 1 && text[1].isASCIILetter }
    var words = 0
    var wasBlank = true
    for byte in text {
      let isBlank = byte == 32 || byte == 9
      if wasBlank, !isBlank { words += 1 }
      wasBlank = isBlank
    }
    return words == 5
  }
}

private final class CrontabReader {
  enum Field: UInt8 {
    case minute, hour, day, month, weekday

    var range: ClosedRange<Int> {
      switch self {
      case .minute: 0...59
      case .hour: 0...23
      case .day: 1...31
      case .month: 1...12
      case .weekday: 0...7
      }
    }

    var hint: StaticString {
      switch self {
      case .minute: "minutes are 0 to 59"
      case .hour: "hours are 0 to 23"
      case .day: "days are 1 to 31"
      case .month: "months are 1 to 12, or jan to dec"
      case .weekday: "weekdays are 0 to 7, or sun to sat"
      }
    }
  }

  let text: Bytes
  var seed: UInt64
  var position = 0

  init(text: Bytes, seed: UInt64) {
    self.text = text
    self.seed = seed
  }

  var current: UInt8 { position < text.count ? text[position] : 0 }
  var isAtBlank: Bool { current == 32 || current == 9 }

  func failure(_ kind: ScheduleError.Kind, hint: StaticString = "") -> ScheduleError {
    ScheduleError(kind, column: position + 1, hint: Bytes(hint))
  }

  func read() throws(ScheduleError) -> CalendarSpec {
    skipBlanks()
    if position == text.count { throw failure(.empty) }
    if current == 64 { return try readMacro() }
    let (minutes, _) = try readField(.minute)
    let (hours, _) = try readField(.hour)
    let (days, daysBeginWithStar) = try readField(.day)
    let (months, _) = try readField(.month)
    let (weekdays, weekdaysBeginWithStar) = try readField(.weekday)
    if position < text.count { throw failure(.badFieldCount, hint: "minute, hour, day, month, weekday") }
    var sets = CalendarSets()
    sets.minutes = minutes
    sets.hours = UInt32(truncatingIfNeeded: hours)
    sets.days = UInt32(truncatingIfNeeded: days >> 1)
    sets.months = UInt16(truncatingIfNeeded: months >> 1)
    // 0 and 7 are Sunday, which is bit 6.
    sets.weekdays = UInt8(truncatingIfNeeded: (weekdays >> 1 | (weekdays & 1) << 6) & 0x7F)
    sets.eitherDay = !daysBeginWithStar && !weekdaysBeginWithStar
    return CalendarSpec(sets: sets, zone: nil, isCrontab: true)
  }

  private func skipBlanks() {
    while isAtBlank { position += 1 }
  }

  private func readMacro() throws(ScheduleError) -> CalendarSpec {
    var sets = CalendarSets()
    sets.minutes = 1
    let word = text[position...].prefix { $0 != 32 && $0 != 9 }
    switch Bytes(word) {
    case "@hourly": break
    case "@daily", "@midnight": sets.hours = 1
    case "@weekly":
      sets.hours = 1
      sets.weekdays = 1 << 6
    case "@monthly":
      sets.hours = 1
      sets.days = 1
    case "@yearly", "@annually":
      sets.hours = 1
      sets.days = 1
      sets.months = 1
    case "@reboot": throw failure(.unexpected, hint: "@reboot is no time: it runs once, when apus starts")
    default: throw failure(.unknownWord, hint: "write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually")
    }
    position = word.endIndex
    skipBlanks()
    if position < text.count { throw failure(.unexpected) }
    return CalendarSpec(sets: sets, zone: nil, isCrontab: true)
  }

  /// One field and the blanks behind it: bit v for the value v, and whether it begins with a star.
  private func readField(_ field: Field) throws(ScheduleError) -> (bits: UInt64, isStar: Bool) {
    if position == text.count { throw failure(.badFieldCount, hint: "minute, hour, day, month, weekday") }
    let isStar = current == 42
    var bits: UInt64 = 0
    while true {
      bits |= try readRange(field)
      if current != 44 { break }
      position += 1
    }
    if position < text.count, !isAtBlank { throw failure(.unexpected) }
    skipBlanks()
    return (bits, isStar)
  }

  private func readRange(_ field: Field) throws(ScheduleError) -> UInt64 {
    let start = position
    var low = field.range.lowerBound
    var high = field.range.upperBound
    var hasStep = true
    if current == 42 {
      position += 1
    } else {
      let hasStart = current != 126
      if hasStart { low = try readNumber(field) }
      switch current {
      case 126:
        position += 1
        if current.isDigit || current.isASCIILetter { high = try readNumber(field) }
        if low > high { throw ScheduleError(.badRange, column: start + 1) }
        return 1 << UInt64(draw(low...high))
      case 45:
        position += 1
        high = try readNumber(field)
        // `5-0` and `fri-sun` run up to the Sunday that ends the week.
        if field == .weekday, high == 0, low > 0 { high = 7 }
        if low > high {
          throw ScheduleError(.badRange, column: start + 1, hint: reversed(field, low, high))
        }
      case 47:
        // cron refuses it; those who take it count the week from 0 to 6.
        if field == .weekday { high = max(low, 6) }
      default:
        high = low
        hasStep = false
      }
    }
    var step = 1
    if hasStep, current == 47 {
      position += 1
      let at = position
      step = try readDigits()
      if step == 0 { throw ScheduleError(.badStep, column: at + 1) }
    }
    var bits: UInt64 = 0
    var value = low
    while value <= high {
      bits |= 1 << UInt64(value)
      value += step
    }
    return bits
  }

  /// `22-2` → `write 22-23,0-2`.
  private func reversed(_ field: Field, _ low: Int, _ high: Int) -> Bytes {
    func range(_ from: Int, _ to: Int) -> Bytes { from == to ? Bytes(decimal: from) : Bytes(decimal: from) + "-" + Bytes(decimal: to) }
    let end = field == .weekday ? 6 : field.range.upperBound
    return "write " + range(low, end) + "," + range(field.range.lowerBound, high)
  }

  /// A number, or the name of a month or a weekday.
  private func readNumber(_ field: Field) throws(ScheduleError) -> Int {
    let start = position
    if current.isASCIILetter, field == .month || field == .weekday {
      while current.isASCIILetter { position += 1 }
      if let value = named(Bytes(text[start..<position]), field) { return value }
      throw ScheduleError(.unknownWord, column: start + 1, hint: Bytes(field.hint))
    }
    let value = try readDigits()
    if !field.range.contains(value) { throw ScheduleError(.outOfRange, column: start + 1, hint: Bytes(field.hint)) }
    return value
  }

  /// At most 2^31.
  private func readDigits() throws(ScheduleError) -> Int {
    let start = position
    var value = 0
    while current.isDigit {
      value = min(value, 1 << 28) * 10 + Int(current - 48)
      position += 1
    }
    if position == start { throw failure(.missingNumber) }
    return value
  }

  /// Three letters, in any case.
  private func named(_ name: Bytes, _ field: Field) -> Int? {
    guard name.count == 3 else { return nil }
    let names: StaticString = field == .month ? "janfebmaraprmayjunjulaugsepoctnovdec" : "sunmontuewedthufrisat"
    return names.withUTF8Buffer { all in
      for index in 0..<(all.count / 3) {
        if all[index * 3] == name[0] | 32, all[index * 3 + 1] == name[1] | 32, all[index * 3 + 2] == name[2] | 32 {
          return index + field.range.lowerBound
        }
      }
      return nil
    }
  }

  /// SplitMix64: one draw for each `~`.
  private func draw(_ range: ClosedRange<Int>) -> Int {
    seed = seed &+ 0x9E37_79B9_7F4A_7C15
    var mixed = seed
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return range.lowerBound + Int(mixed % UInt64(range.count))
  }
}
