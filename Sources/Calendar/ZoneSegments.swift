import Model

/// A stretch of time in which a zone's offset is constant, so that civil time runs on as UTC does. Seconds.
struct ZoneSegment {
  /// UTC, included; `ZoneSegment.minimum` where there is nothing before.
  var start: Int64
  /// UTC, not included; `ZoneSegment.maximum` where nothing follows.
  var end: Int64
  /// East of UTC.
  var offset: Int64
  /// Index in the zone's types, or one of the rule's two.
  var type: Int

  static let ruleStandard = -1
  static let ruleDaylight = -2

  /// Far outside of what a schedule can ask (1970 to 2199), and far from overflow in microseconds.
  static let minimum: Int64 = -1 << 40
  static let maximum: Int64 = 1 << 40

  init(start: Int64, end: Int64, offset: Int32, type: Int) {
    self.start = max(start, ZoneSegment.minimum)
    self.end = min(end, ZoneSegment.maximum)
    self.offset = Int64(offset)
    self.type = type
  }
}

extension TimeZone {
  /// The segment that holds a second: binary search in the transitions; after the last one the rule's changes of the years
  /// around.
  func segment(at second: Int64) -> ZoneSegment {
    let count = transitions.count
    if let last = transitions.last, second < last {
      var low = 0
      var high = count - 1
      while low < high {
        let middle = (low + high) / 2
        if transitions[middle] <= second { low = middle + 1 } else { high = middle }
      }
      // `low` is the first transition after the second.
      let type = low == 0 ? 0 : typeIndex(from: low - 1)
      return ZoneSegment(
        start: low == 0 ? ZoneSegment.minimum : transitions[low - 1], end: transitions[low], offset: types[type].offset, type: type)
    }
    let start = transitions.last ?? ZoneSegment.minimum
    if let rule { return rule.segment(at: second, from: start) }
    let type = count == 0 ? 0 : typeIndex(from: count - 1)
    return ZoneSegment(start: start, end: ZoneSegment.maximum, offset: types[type].offset, type: type)
  }

  /// Always in bounds, whatever a zone was made of.
  private func typeIndex(from transition: Int) -> Int {
    let index = transition < typeIndexes.count ? Int(typeIndexes[transition]) : 0
    return index < types.count ? index : 0
  }

  /// What the clock on the wall shows in a segment: offset, name.
  func type(of segment: ZoneSegment) -> LocalTimeType {
    guard segment.type < 0 else { return types[segment.type] }
    guard let rule else { return types[0] }
    return segment.type == ZoneSegment.ruleDaylight ? rule.daylight ?? rule.standard : rule.standard
  }
}

extension TimeZoneRule {
  /// The segment that holds a second, cut at `start`, from where the rule holds.
  func segment(at second: Int64, from start: Int64) -> ZoneSegment {
    guard let daylight else {
      return ZoneSegment(start: start, end: ZoneSegment.maximum, offset: standard.offset, type: ZoneSegment.ruleStandard)
    }
    // A change can lie up to a week outside of its year; so the years before and after are looked at, too.
    let bounded = min(max(second, ZoneSegment.minimum / 4), ZoneSegment.maximum / 4)
    let year = CivilDate(days: Int(bounded >= 0 ? bounded / 86_400 : (bounded - 86_399) / 86_400)).year
    var latest = (second: Int64.min, isDaylight: false)
    var following = ZoneSegment.maximum
    for candidate in (year - 1)...(year + 1) {
      let summer = self.start.second(in: candidate) - Int64(standard.offset)
      let winter = end.second(in: candidate) - Int64(daylight.offset)
      // At equal seconds the start wins: so is summer time written that lasts all year (RFC 9636, 3.3.1).
      if winter > second { following = min(following, winter) } else if winter >= latest.second { latest = (winter, false) }
      if summer > second { following = min(following, summer) } else if summer >= latest.second { latest = (summer, true) }
    }
    return ZoneSegment(
      start: max(latest.second, start), end: following, offset: latest.isDaylight ? daylight.offset : standard.offset,
      type: latest.isDaylight ? ZoneSegment.ruleDaylight : ZoneSegment.ruleStandard)
  }
}

extension TimeZoneChange {
  /// Seconds since 1970 on the local clock.
  func second(in year: Int) -> Int64 {
    let days: Int
    switch day {
    case .withoutLeapDay(let number):
      days = CivilDate(year: year, month: 1, day: 1).days + Int(number) - 1 + (isLeap(year) && number >= 60 ? 1 : 0)
    case .ofYear(let number):
      days = CivilDate(year: year, month: 1, day: 1).days + Int(number)
    case .weekday(let month, let week, let wanted):
      let first = CivilDate(year: year, month: Int(month), day: 1).days
      // 0 is Sunday here, Monday there.
      var ahead = (Int(wanted) + 13 - weekday(ofDay: first)) % 7 + (Int(week) - 1) * 7
      if ahead >= daysInMonth(Int(month), of: year) { ahead -= 7 }
      days = first + ahead
    }
    return Int64(days) * 86_400 + Int64(time)
  }
}

/// The minute of the day, 0 to 1439, on the clocks of a zone.
public func minuteOfDay(_ time: WallTime, in zone: TimeZone) -> UInt16 {
  let seconds = floorSeconds(time.microseconds)
  let local = seconds + zone.segment(at: seconds).offset
  return UInt16((local % 86_400 + 86_400) % 86_400 / 60)
}
