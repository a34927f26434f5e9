import Model

// Chains of items, words, and `@seconds`.

extension CalendarReader {
  /// `*`, or items with commas between; `*` gives none, but for the seconds `0/1`.
  func readChain(_ field: CalendarField) throws(ScheduleError) -> [WrittenItem] {
    if current == 42 {
      position += 1
      if field != .second { return [] }
      let everySecond = CalendarItem(start: 0, step: Int32(microsecondsPerSecond))
      return [WrittenItem(item: everySecond, column: position)]
    }
    var items: [WrittenItem] = []
    while true {
      if items.count >= CalendarReader.itemsMax { throw failure(.tooManyItems) }
      items.append(try readItem(isSecond: field == .second))
      if current != 44 { return items }
      position += 1
    }
  }

  private func readItem(isSecond: Bool) throws(ScheduleError) -> WrittenItem {
    let column = position + 1
    let start = try readNumber(isSecond)
    var item = CalendarItem(start: start)
    if current == 46, byte(position + 1) == 46 {
      position += 2
      item.stop = try readNumber(isSecond)
      item.step = isSecond ? Int32(microsecondsPerSecond) : 1
    }
    if current == 47 {
      position += 1
      let at = position
      item.step = try readNumber(isSecond)
      if item.step == 0 { throw ScheduleError(.badStep, column: at + 1) }
    } else if isSecond, item.stop >= 0, Int64(start) + Int64(item.step) > Int64(item.stop) {
      // Seconds repeat once a second, so a shorter range would match its start only.
      throw ScheduleError(.badRange, column: column)
    }
    switch current {
    case 0 where position == end, 32, 44, 45, 126, 58: return WrittenItem(item: item, column: column)
    default: throw failure(.unexpected)
    }
  }

  /// A number; of seconds in microseconds, where six digits behind the point count and the seventh rounds.
  private func readNumber(_ isSecond: Bool) throws(ScheduleError) -> Int32 {
    let start = position
    guard let whole = takeDigits() else { throw failure(.missingNumber) }
    var value = whole
    if isSecond {
      value = min(value, 1 << 32) * UInt64(microsecondsPerSecond)
      if current == 46, byte(position + 1) != 46 {
        position += 1
        if !current.isDigit { throw failure(.missingNumber) }
        value += UInt64(takeFraction())
      }
    }
    if value > UInt64(Int32.max) { throw ScheduleError(.numberTooLarge, column: start + 1) }
    return Int32(value)
  }

  /// The value of the digits here, at most 2^63; nil if there are none.
  func takeDigits() -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while current.isDigit {
      value = min(value, 1 << 59) * 10 + UInt64(current - 48)
      position += 1
    }
    return position == start ? nil : min(value, 1 << 63)
  }

  /// Digits behind a point, as microseconds; the seventh rounds half up.
  private func takeFraction() -> Int32 {
    var value: Int32 = 0
    var digits = 0
    while current.isDigit {
      if digits < 6 { value = value * 10 + Int32(current - 48) }
      if digits == 6, current >= 53 { value += 1 }
      digits += 1
      position += 1
    }
    while digits < 6 {
      value *= 10
      digits += 1
    }
    return value
  }

  /// `@seconds`, which is always UTC. Blanks, a sign and wrapping are strtoul(3)'s.
  func readEpoch() throws(ScheduleError) {
    position += 1
    let start = position
    while current.isBlank || current == 11 || current == 12 { position += 1 }
    let isNegative = current == 45
    if isNegative || current == 43 { position += 1 }
    let digits = position
    while current.isDigit { position += 1 }
    if position == digits { throw failure(.missingNumber) }
    guard var seconds = Bytes(text[digits..<position]).unsignedDecimal else {
      throw ScheduleError(.numberTooLarge, column: start + 1)
    }
    if isNegative { seconds = 0 &- seconds }
    if seconds >= UInt64(CalendarSpec.end / microsecondsPerSecond) { throw ScheduleError(.outOfRange, column: start + 1) }
    let date = CivilDate(days: Int(seconds / 86_400))
    set(.year, Int32(date.year))
    set(.month, Int32(date.month))
    set(.day, Int32(date.day))
    set(.hour, Int32(seconds % 86_400 / 3600))
    set(.minute, Int32(seconds % 3600 / 60))
    set(.second, Int32(seconds % 60) * Int32(microsecondsPerSecond))
    zone = Bytes("UTC")
  }

  /// The weekday whose name begins here, 0 for Monday, and the name's length; in any case, long before short.
  func weekdayPrefix(at start: Int) -> (day: Int, length: Int)? {
    for day in 0..<7 {
      let name = weekdayName(day)
      if name.withUTF8Buffer({ matches($0, 3, at: start) }) {
        let length = name.utf8CodeUnitCount
        return (day, name.withUTF8Buffer { matches($0, length, at: start) } ? length : 3)
      }
    }
    return nil
  }

  private func matches(_ name: UnsafeBufferPointer<UInt8>, _ length: Int, at start: Int) -> Bool {
    guard start + length <= text.count else { return false }
    for index in 0..<length where text[start + index] | 32 != name[index] | 32 { return false }
    return true
  }

  enum Shorthand {
    case minutely, hourly, daily, weekly, monthly, quarterly, semiannually, yearly
  }

  static func shorthand(_ word: Bytes) -> Shorthand? {
    switch word.lowercasedASCII {
    case "minutely": .minutely
    case "hourly": .hourly
    case "daily": .daily
    case "weekly": .weekly
    case "monthly": .monthly
    case "quarterly": .quarterly
    case "yearly", "annually", "anually": .yearly
    case "semiannually", "semi-annually", "biannually", "bi-annually": .semiannually
    default: nil
    }
  }

  /// True if the whole expression is one of systemd's words.
  func takeShorthand() -> Bool {
    guard let word = CalendarReader.shorthand(Bytes(text[position..<end])) else { return false }
    position = end
    setMidnight()
    if word == .minutely || word == .hourly { set(.hour, []) }
    if word == .minutely { set(.minute, []) }
    if word == .weekly { weekdays = 1 }
    switch word {
    case .minutely, .hourly, .daily, .weekly: return true
    case .monthly: break
    case .quarterly: setMonths([1, 4, 7, 10])
    case .semiannually: setMonths([1, 7])
    case .yearly: setMonths([1])
    }
    set(.day, 1)
    return true
  }

  private func setMonths(_ months: [Int32]) {
    set(.month, months.map { WrittenItem(item: CalendarItem(start: $0), column: 1) })
  }
}

/// 0 is Monday.
func weekdayName(_ day: Int) -> StaticString {
  switch day {
  case 0: "Monday"
  case 1: "Tuesday"
  case 2: "Wednesday"
  case 3: "Thursday"
  case 4: "Friday"
  case 5: "Saturday"
  default: "Sunday"
  }
}
