import Model

/// Reads points in time as systemd 262 does (systemd.time(7), "PARSING TIMESTAMPS"; scheduling.md 1.7).
public struct TimestampParser {
  /// What `now`, `today`, `+5min` and a time without a date count from.
  public var now: WallTime
  /// Of what names no zone.
  public var zone: TimeZone
  /// Zones by IANA names; nil for what is none.
  public var find: (Bytes) -> TimeZone?

  public init(now: WallTime, zone: TimeZone, find: @escaping (Bytes) -> TimeZone?) {
    self.now = now
    self.zone = zone
    self.find = find
  }

  /// Microseconds since 1970.
  public func parse(_ text: Bytes) throws(ScheduleError) -> UInt64 {
    // Zones welded to the time, as in RFC 3339.
    if text.count > 2, text.last == 90, let time = try? read(text, to: text.count - 1, offset: 0) { return time }
    if text.count > 7, text[text.count - 7] != 32, let offset = TimestampParser.offset(text[(text.count - 6)...]),
      text[text.count - 3] == 58
    {
      return try read(text, to: text.count - 6, offset: offset)
    }
    guard let blank = text.lastIndex(of: 32) else { return try readLocal(text) }
    let word = text[(blank + 1)...]
    if let offset = Bytes(word) == "UTC" || Bytes(word) == "Z" ? 0 : TimestampParser.offset(word) {
      return try read(text, to: blank, offset: offset)
    }
    let name = Bytes(word)
    if name.first?.isASCIILetter ?? false {
      // The file first, then the abbreviations of the local zone.
      let named = TimeZoneParser.isName(name) ? find(name) : nil
      let around = named ?? zone
      if let fixed = around.offset(ofAbbreviation: name, around: now) {
        return try read(text, to: blank, offset: fixed, today: around)
      }
      if let named { return try readDate(text, to: blank, in: named) }
    }
    return try readLocal(text)
  }

  /// `+hh`, `+hhmm` or `+hh:mm` up to 24 hours, in seconds; nil for anything else.
  private static func offset(_ word: ArraySlice<UInt8>) -> Int32? {
    guard let sign = word.first, sign == 43 || sign == 45 else { return nil }
    var digits = 0
    var value: Int32 = 0
    for (index, byte) in word.dropFirst().enumerated() {
      if index == 2, byte == 58, word.count > 4 { continue }
      guard byte.isDigit, digits < 4 else { return nil }
      value = value * 10 + Int32(byte - 48)
      digits += 1
    }
    if digits == 2 { value *= 100 } else if digits != 4 || value % 100 > 59 { return nil }
    if value > 2400 { return nil }
    let seconds = value / 100 * 3600 + value % 100 * 60
    return sign == 45 ? -seconds : seconds
  }

  /// With the forms that know no zone: `now`, `@5`, `+5min`, `5min ago`.
  private func readLocal(_ text: Bytes) throws(ScheduleError) -> UInt64 {
    if text == "now" { return UInt64(max(0, now.microseconds)) }
    var span = text
    var column = 0
    if let first = text.first, first == 64 || first == 43 || first == 45 {
      span = Bytes(text.dropFirst())
      column = 1
    } else if text.ends(with: " ago") || text.ends(with: " left") {
      span = Bytes(text[..<(text.lastIndex(of: 32) ?? 0)])
    } else {
      return try readDate(text, to: text.count, in: zone)
    }
    switch parseTimeSpan(span) {
    case .failure(let error): throw ScheduleError(.badTimestamp, column: error.column + column, hint: Bytes(error.name))
    case .success(let span):
      if text.first == 64 { return span.microseconds }
      let now = UInt64(max(0, self.now.microseconds))
      if text.first == 45 || text.ends(with: " ago") {
        if span.microseconds > now { throw ScheduleError(.outOfRange, column: 1, hint: Bytes("times begin with 1970")) }
        return now - span.microseconds
      }
      let (sum, overflow) = now.addingReportingOverflow(span.microseconds)
      if overflow || sum > TimestampParser.latest { throw ScheduleError(.outOfRange, column: 1) }
      return sum
    }
  }

  /// The last that systemd prints: 9999-12-30 23:59:59.
  private static let latest: UInt64 = 253_402_214_399_999_999

  /// At a fixed offset from UTC. What today is there says systemd not by the offset, but by UTC, and by the zone of an
  /// abbreviation.
  private func read(_ text: Bytes, to end: Int, offset: Int32, today: TimeZone = .utc) throws(ScheduleError) -> UInt64 {
    let type = LocalTimeType(offset: offset, isDaylight: false, abbreviation: [])
    let fixed = TimeZone(transitions: [], typeIndexes: [], types: [type], rule: nil)
    return try readDate(text, to: end, in: fixed, today: today)
  }

  /// A date, a time or both in a zone; the date, if there is none, is that of `today`, by default the same zone.
  private func readDate(_ text: Bytes, to end: Int, in zone: TimeZone, today: TimeZone? = nil) throws(ScheduleError) -> UInt64 {
    let seconds = floorSeconds(now.microseconds)
    let local = seconds + (today ?? zone).segment(at: seconds).offset
    let reader = DateReader(text: text, end: end, today: Int(floorDays(local)))
    let found = try reader.read()
    let utc = zone.second(ofCivil: Int64(found.days) * 86_400 + Int64(found.seconds))
    if utc < 0 { throw ScheduleError(.outOfRange, column: 1, hint: Bytes("times begin with 1970")) }
    let time = UInt64(utc) * 1_000_000 + UInt64(found.fraction)
    if time > TimestampParser.latest { throw ScheduleError(.outOfRange, column: 1, hint: Bytes("times end with 9999-12-30")) }
    return time
  }
}

/// Seconds to days, rounded down.
func floorDays(_ seconds: Int64) -> Int64 {
  seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
}

extension TimeZone {
  /// The offset of an abbreviation that is in use around a time.
  func offset(ofAbbreviation name: Bytes, around time: WallTime) -> Int32? {
    var segment = self.segment(at: min(max(floorSeconds(time.microseconds), 0), ZoneSegment.maximum / 4))
    for _ in 0..<2 {
      let type = self.type(of: segment)
      if type.abbreviation == name { return type.offset }
      if segment.start <= ZoneSegment.minimum { return nil }
      segment = self.segment(at: segment.start - 1)
    }
    return nil
  }

  /// The second at which the clock on the wall shows a civil time. Twice-shown and skipped times as in mktime(3) of glibc: the
  /// search begins with the civil time taken for UTC, and of two that lead to each other takes the first, or summer time.
  func second(ofCivil civil: Int64) -> Int64 {
    var before = civil
    var at = civil
    for _ in 0..<8 {
      let here = segment(at: at)
      let next = civil - here.offset
      if next == at { return at }
      if next == before, at != before {
        // To and fro over a gap.
        return type(of: here).isDaylight && !type(of: segment(at: next)).isDaylight ? at : next
      }
      before = at
      at = next
    }
    return at
  }
}

/// The forms of dates and times, tried in systemd's order, with the blanks that strptime(3) lets pass.
private final class DateReader {
  let text: Bytes
  let end: Int
  /// Days since 1970.
  let today: Int
  var position = 0
  var furthest = 0
  var year = 0
  var month = 0
  var day = 0
  var hour = 0
  var minute = 0
  var second = 0

  init(text: Bytes, end: Int, today: Int) {
    self.text = text
    self.end = end
    self.today = today
  }

  var current: UInt8 { position < end ? text[position] : 0 }

  func read() throws(ScheduleError) -> (days: Int, seconds: Int, fraction: Int32) {
    switch Bytes(text[..<end]) {
    case "today": return (today, 0, 0)
    case "yesterday": return (today - 1, 0, 0)
    case "tomorrow": return (today + 1, 0, 0)
    default: break
    }
    let wanted = takeWeekday()
    let start = position
    for form in 0..<11 {
      let date = CivilDate(days: today)
      (year, month, day, hour, minute, second) = (date.year, date.month, date.day, 0, 0, 0)
      position = start
      let isRead = matches(DateReader.form(form))
      let mayHaveFraction = form < 4 || form == 9
      if isRead, position == end || (mayHaveFraction && current == 46) {
        var fraction: Int32 = 0
        if position < end { fraction = try readFraction() }
        let days = CivilDate(year: year, month: month, day: 1).days + day - 1
        if let wanted, weekday(ofDay: days) != wanted {
          throw ScheduleError(.wrongWeekday, column: 1, hint: "that day is a " + Bytes(weekdayName(weekday(ofDay: days))))
        }
        return (days, hour * 3600 + minute * 60 + second, fraction)
      }
      furthest = max(furthest, position)
    }
    throw ScheduleError(
      .badTimestamp, column: furthest + 1,
      hint: Bytes("write YYYY-MM-DD HH:MM:SS, HH:MM, @SECONDS, +SPAN, -SPAN or today"))
  }

  /// Those of strptime(3).
  private static func form(_ index: Int) -> StaticString {
    switch index {
    case 0: "%y-%m-%d %H:%M:%S"
    case 1: "%Y-%m-%d %H:%M:%S"
    case 2: "%Y-%m-%dT%H:%M:%S"
    case 3: "%b %d %H:%M:%S"
    case 4: "%y-%m-%d %H:%M"
    case 5: "%Y-%m-%d %H:%M"
    case 6: "%Y-%m-%dT%H:%M"
    case 7: "%y-%m-%d"
    case 8: "%Y-%m-%d"
    case 9: "%H:%M:%S"
    default: "%H:%M"
    }
  }

  /// A weekday with a blank behind it, in any case.
  private func takeWeekday() -> Int? {
    let reader = CalendarReader(text: text)
    guard let (day, length) = reader.weekdayPrefix(at: 0), length < end, text[length] == 32 else { return nil }
    position = length + 1
    return day
  }

  private func matches(_ form: StaticString) -> Bool {
    form.withUTF8Buffer { form in
      var at = 0
      while at < form.count {
        let byte = form[at]
        at += 1
        if byte == 32 {
          skipBlanks()
        } else if byte != 37 {
          if current != byte { return false }
          position += 1
        } else {
          if !takes(form[at]) { return false }
          at += 1
        }
      }
      return true
    }
  }

  private func skipBlanks() {
    while current.isBlank || current == 11 || current == 12 { position += 1 }
  }

  private func takes(_ letter: UInt8) -> Bool {
    if letter == 98 { return takesMonth() }
    while current == 32 { position += 1 }
    let range =
      switch letter {
      case 89: 0...9999
      case 121: 0...99
      case 109: 1...12
      case 100: 1...31
      case 72: 0...23
      case 77: 0...59
      // Room for leap seconds, which run over into the next minute.
      default: 0...61
      }
    let start = position
    var value = 0
    // A second digit that would make any number too large is left to what follows.
    while current.isDigit, position - start < (letter == 89 ? 4 : 2), value * 10 <= range.upperBound {
      value = value * 10 + Int(current - 48)
      position += 1
    }
    if position == start || !range.contains(value) { return false }
    switch letter {
    case 89: year = value
    case 121: year = value < 69 ? value + 2000 : value + 1900
    case 109: month = value
    case 100: day = value
    case 72: hour = value
    case 77: minute = value
    default: second = value
    }
    return true
  }

  private func takesMonth() -> Bool {
    for index in 1...12 {
      let name = monthName(index)
      let isShort = name.withUTF8Buffer { startsHere($0, 3) }
      if isShort {
        month = index
        let length = name.utf8CodeUnitCount
        position += name.withUTF8Buffer({ startsHere($0, length) }) ? length : 3
        return true
      }
    }
    return false
  }

  private func startsHere(_ name: UnsafeBufferPointer<UInt8>, _ length: Int) -> Bool {
    guard position + length <= end else { return false }
    for index in 0..<length where text[position + index] | 32 != name[index] | 32 { return false }
    return true
  }

  /// Six digits, the seventh rounds.
  private func readFraction() throws(ScheduleError) -> Int32 {
    position += 1
    var value: Int32 = 0
    let start = position
    while current.isDigit {
      if position - start < 6 { value = value * 10 + Int32(current - 48) }
      if position - start == 6, current >= 53 { value += 1 }
      position += 1
    }
    if position == start || position < end { throw ScheduleError(.badTimestamp, column: position + 1, hint: Bytes("digits are missing")) }
    for _ in min(6, position - start)..<6 { value *= 10 }
    return value
  }
}

private func monthName(_ month: Int) -> StaticString {
  switch month {
  case 1: "January"
  case 2: "February"
  case 3: "March"
  case 4: "April"
  case 5: "May"
  case 6: "June"
  case 7: "July"
  case 8: "August"
  case 9: "September"
  case 10: "October"
  case 11: "November"
  default: "December"
  }
}
