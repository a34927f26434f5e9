import Model

// The normal form (scheduling.md 1.4), what is valid (1.5), and print.

extension CalendarReader {
  /// Normalises, checks, compiles.
  func finish() throws(ScheduleError) -> CalendarSpec {
    if chains[Int(CalendarField.day.rawValue)].isEmpty { fromEnd = false }
    var sets = CalendarSets()
    if weekdays != 0 { sets.weekdays = weekdays }
    sets.daysFromEnd = fromEnd
    var items: [CalendarItem] = []
    var counts: UInt64 = 0
    for field in CalendarField.allCases {
      let chain = try normalised(field)
      if chain.isEmpty { continue }
      sets.set(field, chain, fromEnd: fromEnd)
      items += chain
      counts |= UInt64(chain.count) << UInt64(field.rawValue * 8)
    }
    return CalendarSpec(sets: sets, zone: zone, items: items, counts: counts)
  }

  /// By start, stop, step, and equal ones once. Chains are short: at most 241 items.
  private func normalised(_ field: CalendarField) throws(ScheduleError) -> [CalendarItem] {
    var sorted: [WrittenItem] = []
    for var written in chains[Int(field.rawValue)] {
      if field == .year { written.item.completeYears() }
      written.item.normalise()
      var at = sorted.count
      while at > 0, written.item.isBefore(sorted[at - 1].item) { at -= 1 }
      if at > 0, sorted[at - 1].item == written.item { continue }
      sorted.insert(written, at: at)
    }
    var items: [CalendarItem] = []
    for written in sorted {
      try check(written, field, index: items.count)
      items.append(written.item)
    }
    return items
  }

  private func check(_ written: WrittenItem, _ field: CalendarField, index: Int) throws(ScheduleError) {
    let item = written.item
    let isFromEnd = field == .day && fromEnd
    let low = field.range.lowerBound
    // systemd takes three days off for each item of a list that counts from the month's end, and refuses what is more.
    let high = isFromEnd ? 28 - Int32(min(index, 9)) * 3 : field.range.upperBound
    let isInside = item.start >= low && item.start <= high && (item.stop < 0 || (item.stop >= low && item.stop <= high))
    if !isInside {
      throw ScheduleError(.outOfRange, column: written.column, hint: CalendarHints.range(field, isFromEnd ? high : 0))
    }
    if item.stop >= 0 && item.stop < item.start { throw ScheduleError(.badRange, column: written.column) }
    // At least one repetition must fit.
    let room = item.stop >= 0 ? item.stop - item.start : isFromEnd ? item.start - low : high - item.start
    if item.step > high - low || item.step > room { throw ScheduleError(.stepTooLarge, column: written.column) }
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

  /// Two digits are a year from 1970 to 2069.
  fileprivate mutating func completeYears() {
    func full(_ year: Int32) -> Int32 { year < 0 || year >= 100 ? year : year < 70 ? year + 2000 : year + 1900 }
    start = full(start)
    stop = full(stop)
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

  private func count(_ field: CalendarField) -> Int { Int(counts >> UInt64(field.rawValue * 8) & 0xFF) }

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
    out.append(decimal: Int(value / unit), width: width)
    if value % unit != 0 {
      out.append(46)
      out.append(decimal: Int(value % unit), width: 6)
    }
  }
}
