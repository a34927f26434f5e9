import Model

// The normal form (scheduling.md 1.4), what is valid (1.5), and print.

extension CalendarReader {
  /// Normalises, checks, compiles.
  mutating func finish() throws(ScheduleError) -> CalendarSpec {
    if weekdays == 0 { weekdays = 0x7F }
    if chains[2].isEmpty { fromEnd = false }
    var normal: [[CalendarItem]] = []
    for field in CalendarField.allCases {
      let index = Int(field.rawValue)
      if field == .year { fixYears() }
      for at in chains[index].indices {
        chains[index][at].item.normalise()
        try check(chains[index][at], field)
      }
      normal.append(sorted(chains[index].map { $0.item }))
    }
    var items: [CalendarItem] = []
    for chain in normal { items += chain }
    func count(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: normal[index].count) }
    return CalendarSpec(
      sets: CalendarSets(chains: normal, daysFromEnd: fromEnd, weekdays: weekdays), zone: zone, items: items,
      counts: (count(0), count(1), count(2), count(3), count(4), count(5)))
  }

  private mutating func fixYears() {
    func full(_ year: Int32) -> Int32 { year < 0 || year >= 100 ? year : year < 70 ? year + 2000 : year + 1900 }
    for at in chains[0].indices {
      chains[0][at].item.start = full(chains[0][at].item.start)
      chains[0][at].item.stop = full(chains[0][at].item.stop)
    }
  }

  private func check(_ written: WrittenItem, _ field: CalendarField) throws(ScheduleError) {
    let item = written.item
    let low = field.range.lowerBound
    let high = field == .day && fromEnd ? 28 : field.range.upperBound
    let isInside = item.start >= low && item.start <= high && (item.stop < 0 || (item.stop >= low && item.stop <= high))
    if !isInside { throw ScheduleError(.outOfRange, column: written.column, hint: CalendarHints.range(field, low, high)) }
    if item.stop >= 0 && item.stop < item.start { throw ScheduleError(.badRange, column: written.column) }
    // At least one repetition must fit.
    let room = item.stop >= 0 ? item.stop - item.start : field == .day && fromEnd ? item.start - low : high - item.start
    if item.step > high - low || item.step > room { throw ScheduleError(.stepTooLarge, column: written.column) }
  }

  /// By start, stop, step; equal ones once. Chains are short: at most 241 items.
  private func sorted(_ items: [CalendarItem]) -> [CalendarItem] {
    var result: [CalendarItem] = []
    for item in items {
      var at = result.count
      while at > 0, item.isBefore(result[at - 1]) { at -= 1 }
      if at > 0, result[at - 1] == item { continue }
      result.insert(item, at: at)
    }
    return result
  }
}

extension CalendarItem {
  /// A range that ends with its last step; a single value where not one step fits.
  fileprivate mutating func normalise() {
    if stop > start, step > 0 { stop -= (stop - start) % step }
    if stop == start {
      step = 0
      stop = -1
    }
  }

  fileprivate func isBefore(_ other: CalendarItem) -> Bool {
    if start != other.start { return start < other.start }
    if stop != other.stop { return stop < other.stop }
    return step < other.step
  }
}

extension CalendarSpec {
  /// The expression as systemd prints it: `Mon..Fri *-*-* 09:00:00`. Empty for a crontab expression, which has no such form.
  public var normalized: Bytes {
    var out = Bytes()
    if isCrontab { return out }
    if sets.weekdays != 0x7F {
      appendWeekdays(&out)
      out.append(32)
    }
    var start = 0
    for field in CalendarField.allCases {
      let end = start + count(field)
      appendChain(field, items[start..<end], &out)
      start = end
      switch field {
      case .year: out.append(45)
      case .month: out.append(sets.daysFromEnd ? 126 : 45)
      case .day: out.append(32)
      case .hour, .minute: out.append(58)
      case .second: break
      }
    }
    if let zone {
      out.append(32)
      out += zone
    }
    return out
  }

  private func count(_ field: CalendarField) -> Int {
    switch field {
    case .year: Int(counts.0)
    case .month: Int(counts.1)
    case .day: Int(counts.2)
    case .hour: Int(counts.3)
    case .minute: Int(counts.4)
    case .second: Int(counts.5)
    }
  }

  /// Runs of three and more as a range.
  private func appendWeekdays(_ out: inout Bytes) {
    var day = 0
    var isFirst = true
    while day < 7 {
      var end = day
      while end < 7, sets.weekdays >> UInt8(end) & 1 != 0 { end += 1 }
      if end > day {
        if !isFirst { out.append(44) }
        isFirst = false
        out += Bytes(Bytes(weekdayName(day)).prefix(3))
        if end - day > 1 {
          out.append(end - day > 2 ? ".." : ",")
          out += Bytes(Bytes(weekdayName(end - 1)).prefix(3))
        }
      }
      day = end + 1
    }
  }

  private func appendChain(_ field: CalendarField, _ items: ArraySlice<CalendarItem>, _ out: inout Bytes) {
    let unit: Int32 = field == .second ? Int32(microsecondsPerSecond) : 1
    if items.isEmpty {
      out.append(42)
      return
    }
    // Every second: whatever else is listed adds nothing.
    for item in items where field == .second && item == CalendarItem(start: 0, step: unit) {
      out.append(42)
      return
    }
    var isFirst = true
    for item in items {
      if !isFirst { out.append(44) }
      isFirst = false
      append(item.start, unit, width: field == .year ? 4 : 2, &out)
      if item.stop > 0 {
        out += ".."
        append(item.stop, unit, width: field == .year ? 4 : 2, &out)
      }
      if item.step > 0, item.stop <= 0 || item.step != unit {
        out.append(47)
        append(item.step, unit, width: 1, &out)
      }
    }
  }

  private func append(_ value: Int32, _ unit: Int32, width: Int, _ out: inout Bytes) {
    out.append(decimal: value / unit, width: width)
    if value % unit != 0 {
      out.append(46)
      out.append(decimal: value % unit, width: 6)
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends a number that is not negative, with zeros in front up to `width` digits.
  mutating func append(decimal value: some BinaryInteger, width: Int) {
    let digits = Bytes(decimal: value)
    for _ in 0..<Swift.max(0, width - digits.count) { append(48) }
    append(contentsOf: digits)
  }
}
