import Model

// The search in civil time: integers and bits only. At most 230 years of 12 months are looked at, and of a date that no year has, one.

extension CalendarSets {
  /// The first civil time from `low` on that matches, in microseconds since 1970-01-01 on the wall; `.max` if there is none.
  func civilNext(_ low: Int64) -> Int64 {
    let low = max(low, 0)
    if low >= CalendarSpec.end { return .max }
    let days = Int(low / microsecondsPerDay)
    let date = CivilDate(days: days)
    let yearMatches = hasYear(date.year)
    if yearMatches, months >> UInt16(date.month - 1) & 1 != 0 {
      let mask = dayMask(date.year, date.month, first: days - date.day + 1)
      if mask >> UInt32(date.day - 1) & 1 != 0 {
        let time = timeNext(low % microsecondsPerDay)
        if time != .max { return Int64(days) * microsecondsPerDay + time }
      }
      let later = mask >> UInt32(date.day)
      if later != 0 { return at(day: days + 1 + later.trailingZeroBitCount) }
    }
    return firstAfter(year: date.year, month: date.month, yearMatches)
  }

  /// The first match in the months behind that one.
  private func firstAfter(year: Int, month: Int, _ yearMatches: Bool) -> Int64 {
    var year = year
    var rest = yearMatches ? (UInt32(months) >> UInt32(month)) << UInt32(month) : 0
    while true {
      while rest != 0 {
        let month = rest.trailingZeroBitCount + 1
        rest &= rest - 1
        let first = CivilDate(year: year, month: month, day: 1).days
        let mask = dayMask(year, month, first: first)
        if mask != 0 { return at(day: first + mask.trailingZeroBitCount) }
      }
      year = nextYear(year + 1)
      // A year without a match is rare: only then is it worth asking whether any year has one.
      if year > 2199 || !hasDate { return .max }
      rest = UInt32(months)
    }
  }

  /// One of the months may have one of the days, whatever the weekday: false for `*-2,4-30..31`, say.
  private var hasDate: Bool {
    if eitherDay { return true }
    var rest = UInt32(months)
    while rest != 0 {
      let count = UInt32(daysInMonth(rest.trailingZeroBitCount + 1, of: 2000))
      if (daysFromEnd ? days >> (31 - count) : days) & (0x7FFF_FFFF >> (31 - count)) != 0 { return true }
      rest &= rest - 1
    }
    return false
  }

  private func at(day: Int) -> Int64 { Int64(day) * microsecondsPerDay + timeNext(0) }

  private func hasYear(_ year: Int) -> Bool { yearWord((year - 1970) >> 6) >> UInt64((year - 1970) & 63) & 1 != 0 }

  private func yearWord(_ index: Int) -> UInt64 {
    switch index {
    case 0: years.0
    case 1: years.1
    case 2: years.2
    case 3: years.3
    default: 0
    }
  }

  /// The first year from `year` on that matches; 2200 if there is none.
  private func nextYear(_ year: Int) -> Int {
    var index = (year - 1970) >> 6
    var word = (yearWord(index) >> UInt64((year - 1970) & 63)) << UInt64((year - 1970) & 63)
    while word == 0 {
      index += 1
      if index > 3 { return 2200 }
      word = yearWord(index)
    }
    return 1970 + index * 64 + word.trailingZeroBitCount
  }

  /// The days of a month that match, bit d - 1; `first` is the day number of its first day.
  private func dayMask(_ year: Int, _ month: Int, first: Int) -> UInt32 {
    let count = UInt32(daysInMonth(month, of: year))
    let length: UInt32 = 0x7FFF_FFFF >> (31 - count)
    let dates = (daysFromEnd ? days >> (31 - count) : days) & length
    if weekdays == 0x7F, !eitherDay { return dates }
    // The week's pattern, six times, turned to the weekday of the first.
    let pattern = (UInt64(weekdays) &* 0x0008_1020_4081) >> UInt64(weekday(ofDay: first))
    let byWeekday = UInt32(truncatingIfNeeded: pattern) & length
    return eitherDay ? dates | byWeekday : dates & byWeekday
  }

  /// The first time of a day from `low` on, microseconds since midnight; `.max` if there is none.
  private func timeNext(_ low: Int64) -> Int64 {
    let hour = UInt32(low / microsecondsPerHour)
    let minute = UInt64(low % microsecondsPerHour / microsecondsPerMinute)
    if hours >> hour & 1 != 0 {
      if minutes >> minute & 1 != 0 {
        let second = secondNext(low % microsecondsPerMinute)
        if second != .max { return low - low % microsecondsPerMinute + second }
      }
      let later = minutes >> (minute + 1)
      if later != 0 {
        return Int64(hour) * microsecondsPerHour + Int64(minute + 1 + UInt64(later.trailingZeroBitCount)) * microsecondsPerMinute
          + secondNext(0)
      }
    }
    let later = hours >> (hour + 1)
    if later == 0 { return .max }
    return Int64(hour + 1 + UInt32(later.trailingZeroBitCount)) * microsecondsPerHour
      + Int64(minutes.trailingZeroBitCount) * microsecondsPerMinute + secondNext(0)
  }

  /// The first second of a minute from `low` on, in microseconds; `.max` if there is none.
  private func secondNext(_ low: Int64) -> Int64 {
    if fractions.isEmpty {
      let second = (low + microsecondsPerSecond - 1) / microsecondsPerSecond
      let later = seconds >> UInt64(second)
      return later == 0 ? .max : (second + Int64(later.trailingZeroBitCount)) * microsecondsPerSecond
    }
    var best = Int64.max
    for item in fractions {
      var value = Int64(item.start)
      if value < low {
        if item.step == 0 { continue }
        value += (low - value + Int64(item.step) - 1) / Int64(item.step) * Int64(item.step)
        if value > Int64(item.last) { continue }
      }
      best = min(best, value)
    }
    return best
  }
}
