import Model

/// Reads calendar expressions (systemd.time(7); the grammar with its traps: scheduling.md 1.1 to 1.5).
public enum CalendarParser {
  /// The compiled schedule. A zone behind the expression is taken by its form only, as `CalendarSpec.zone`: whether there is
  /// such a zone is the caller's to find out (`unknownZone` is the error then).
  public static func parse(_ text: Bytes) throws(ScheduleError) -> CalendarSpec {
    do throws(ScheduleError) {
      let reader = CalendarReader(text: text)
      return try reader.read()
    } catch {
      throw CalendarHints.improve(error, text)
    }
  }

  /// The zone that an expression names, as it is written; nil if it names none, or UTC. For `@seconds`, which is always UTC,
  /// it is not the schedule's zone, but still must be one.
  public static func writtenZone(_ text: Bytes) -> Bytes? {
    let reader = CalendarReader(text: text)
    reader.takeZone()
    return reader.zone.flatMap { $0 == "UTC" ? nil : $0 }
  }

  /// The column, from 1, of the word behind the last blank, where an expression names its zone.
  public static func zoneColumn(_ text: Bytes) -> Int { (text.lastIndex(of: 32) ?? -1) + 2 }

  /// The error for a zone that is not there. An abbreviation of the local zone (`CEST`) is none: systemd takes it, and then
  /// computes nonsense.
  public static func unknownZone(_ text: Bytes, _ zone: Bytes) -> ScheduleError {
    ScheduleError(unknownZone: zone, column: zoneColumn(text))
  }

  /// Whether a zone's name is an abbreviation of the local zone, which has to be refused even where a file is called so. Not
  /// of one that never changes its clock again: there systemd means the same as the file.
  public static func isAbbreviation(_ name: Bytes, of local: TimeZone, at now: WallTime) -> Bool {
    local.offset(ofAbbreviation: name, around: now) != nil && local.segment(at: floorSeconds(now.microseconds)).end < ZoneSegment.maximum
  }
}

/// An item and where it was written.
struct WrittenItem {
  var item: CalendarItem
  /// From 1.
  var column: Int
}

/// A class: what only looks at it is handed one word.
final class CalendarReader {
  /// Of one chain (CALENDARSPEC_COMPONENTS_MAX).
  static let itemsMax = 241

  var text: Bytes
  /// Where the zone, if any, begins with its blank.
  var end: Int
  var position = 0
  var zone: Bytes?
  var weekdays: UInt8 = 0
  var fromEnd = false
  var chains: [[WrittenItem]] = [[], [], [], [], [], []]

  init(text: Bytes) {
    self.text = text
    end = text.count
  }

  func read() throws(ScheduleError) -> CalendarSpec {
    takeZone()
    if position == end { throw failure(.empty) }
    if !takeShorthand() {
      try readWeekdays()
      if try !readDate() { try readTime() }
      if position < end { throw failure(.unexpected) }
    }
    return try finish()
  }

  /// The byte here; 0 at the end.
  var current: UInt8 { byte(position) }

  func byte(_ at: Int) -> UInt8 { at < end ? text[at] : 0 }

  func failure(_ kind: ScheduleError.Kind, hint: Bytes = []) -> ScheduleError {
    ScheduleError(kind, column: position + 1, hint: hint)
  }

  /// The last word is a zone if it looks like a name and is no weekday; `UTC` in any case.
  func takeZone() {
    guard let blank = text.lastIndex(of: 32), blank + 1 < text.count, text[blank + 1].isASCIILetter else { return }
    let word = Bytes(text[(blank + 1)...])
    if word.lowercasedASCII == "utc" {
      zone = Bytes("UTC")
    } else if weekdayPrefix(at: blank + 1) == nil, CalendarReader.shorthand(word) == nil {
      zone = word
    } else {
      return
    }
    end = blank
  }

  /// Weekdays in front: `Mon`, `Mon..Fri`, `Mon,Wed..Fri,`.
  private func readWeekdays() throws(ScheduleError) {
    var from = -1
    var isFirst = true
    while true {
      guard let (day, length) = weekdayPrefix(at: position) else {
        if isFirst { return }
        throw failure(.unknownWord)
      }
      let start = position
      position += length
      switch current {
      case 0 where position == end, 45, 46, 44, 32: break
      default:
        position = start
        throw failure(.unknownWord)
      }
      weekdays |= 1 << UInt8(day)
      if from >= 0 {
        if from > day {
          position = start
          throw failure(.weekdayRange, hint: CalendarHints.weekdays(from: from, to: day))
        }
        for between in from..<day { weekdays |= 1 << UInt8(between) }
      }
      if position == end { return }
      switch current {
      case 32:
        skipBlanks()
        return
      case 44:
        from = -1
        position += 1
      default:
        // A range's second day cannot begin another.
        let isDots = current == 46
        if from >= 0 || (isDots && byte(position + 1) != 46) { throw failure(.unexpected) }
        from = day
        position += isDots ? 2 : 1
      }
      // A comma may be the last, a range may not be open.
      if position == end || current == 32 {
        if from >= 0 { throw failure(.unknownWord) }
        skipBlanks()
        return
      }
      isFirst = false
    }
  }

  private func skipBlanks() {
    while position < end, current == 32 { position += 1 }
  }

  /// True if nothing can follow (`@seconds`). A chain that turns out to be the hours is left to `readTime`.
  private func readDate() throws(ScheduleError) -> Bool {
    if position == end { return false }
    if current == 64 {
      try readEpoch()
      return true
    }
    let start = position
    let first = try readChain(.year)
    if position == end || current == 58 {
      position = start
      return false
    }
    try readDateSeparator()
    let second = try readChain(.month)
    if position == end || current == 32 {
      set(.month, first)
      set(.day, second)
      skipBlanks()
      return false
    }
    if fromEnd { throw failure(.unexpected) }
    try readDateSeparator()
    let third = try readChain(.day)
    if position < end, current != 32 { throw failure(.unexpected) }
    set(.year, first)
    set(.month, second)
    set(.day, third)
    skipBlanks()
    return false
  }

  private func readDateSeparator() throws(ScheduleError) {
    guard current == 45 || current == 126 else { throw failure(.unexpected) }
    fromEnd = current == 126
    position += 1
  }

  private func readTime() throws(ScheduleError) {
    if position == end {
      setMidnight()
      return
    }
    let hours = try readChain(.hour)
    guard current == 58 else { throw failure(.unexpected) }
    position += 1
    let minutes = try readChain(.minute)
    var seconds = [WrittenItem(item: CalendarItem(start: 0), column: 1)]
    if position < end {
      guard current == 58 else { throw failure(current == 32 ? .trailingBlank : .unexpected) }
      position += 1
      seconds = try readChain(.second)
      if position < end { throw failure(current == 32 ? .trailingBlank : .unexpected) }
    }
    set(.hour, hours)
    set(.minute, minutes)
    set(.second, seconds)
  }

  func set(_ field: CalendarField, _ chain: [WrittenItem]) { chains[Int(field.rawValue)] = chain }

  func set(_ field: CalendarField, _ start: Int32, step: Int32 = 0) {
    set(field, [WrittenItem(item: CalendarItem(start: start, step: step), column: 1)])
  }

  func setMidnight() {
    set(.hour, 0)
    set(.minute, 0)
    set(.second, 0)
  }
}
