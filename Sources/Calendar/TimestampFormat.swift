import Model

/// A point in time as systemd prints it: `Sat 2026-11-28 12:00:00 CET`.
public func formatTimestamp(_ time: WallTime, in zone: TimeZone) -> Bytes {
  let second = floorSeconds(time.microseconds)
  let segment = zone.segment(at: second)
  let local = second + segment.offset
  let days = Int(floorDays(local))
  let date = CivilDate(days: days)
  let seconds = Int(local) - days * 86_400
  var out = Bytes(Bytes(weekdayName(weekday(ofDay: days))).prefix(3))
  func add(_ separator: UInt8, _ value: Int, width: Int = 2) {
    out.append(separator)
    out.append(decimal: value, width: width)
  }
  add(32, date.year, width: 4)
  add(45, date.month)
  add(45, date.day)
  add(32, seconds / 3600)
  add(58, seconds / 60 % 60)
  add(58, seconds % 60)
  out.append(32)
  return out + zone.type(of: segment).abbreviation
}

/// The same with the offset, which tells apart what a clock shows twice: `Sat 2026-11-28 12:00:00 +01:00`. A part of a second,
/// in milliseconds, only where there is one.
public func formatTimestampWithOffset(_ time: WallTime, in zone: TimeZone) -> Bytes {
  let segment = zone.segment(at: floorSeconds(time.microseconds))
  var out = Bytes(formatTimestamp(time, in: zone).dropLast(zone.type(of: segment).abbreviation.count + 1))
  let milliseconds = (time.microseconds - floorSeconds(time.microseconds) * microsecondsPerSecond) / 1000
  if milliseconds > 0 {
    out.append(46)
    out.append(decimal: Int(milliseconds), width: 3)
  }
  let minutes = Int(segment.offset.magnitude) / 60
  out += segment.offset < 0 ? Bytes(" -") : Bytes(" +")
  out.append(decimal: minutes / 60, width: 2)
  out.append(58)
  out.append(decimal: minutes % 60, width: 2)
  return out
}

/// How far a point in time is off, as systemd prints it: `2 years 7 months ago`, `1 day 20h left`, `now`.
public func formatRelative(_ time: WallTime, from now: WallTime) -> Bytes {
  let (distance, overflow) = time.microseconds.subtractingReportingOverflow(now.microseconds)
  if overflow { return Bytes("n/a") }
  if distance == 0 { return Bytes("now") }
  let span = Int64(clamping: distance.magnitude)
  let minute: Int64 = 60_000_000
  let hour = 60 * minute
  let day = 24 * hour
  let week = 7 * day
  let month: Int64 = 2_629_800_000_000
  let year: Int64 = 31_557_600_000_000
  var shown = Bytes()
  // From the longest; words have a plural, letters have none.
  if span >= year {
    shown.append(span / year, " year", isWord: true)
    shown.append(span % year / month, " month", isWord: true)
  } else if span >= month {
    shown.append(span / month, " month", isWord: true)
    shown.append(span % month / day, " day", isWord: true)
  } else if span >= week {
    shown.append(span / week, " week", isWord: true)
    shown.append(span % week / day, " day", isWord: true)
  } else if span >= 2 * day {
    shown.append(span / day, " day", isWord: true)
  } else if span >= 25 * hour {
    shown.append(1, " day", isWord: true)
    shown.append((span - day) / hour, "h")
  } else if span >= hour {
    shown.append(span / hour, "h")
    if span < 6 * hour { shown.append(span % hour / minute, "min") }
  } else if span >= minute {
    shown.append(span / minute, "min")
    if span < 5 * minute { shown.append(span % minute / 1_000_000, "s") }
  } else if span >= 1_000_000 {
    shown.append(span / 1_000_000, "s")
  } else if span >= 1000 {
    shown.append(span / 1000, "ms")
  } else {
    shown.append(span, "us")
  }
  return shown + (distance < 0 ? " ago" : " left")
}

extension Array where Element == UInt8 {
  /// A number with its unit, behind a blank if it is not the first.
  @inline(never) fileprivate mutating func append(_ count: Int64, _ unit: StaticString, isWord: Bool = false) {
    if !isEmpty { append(32) }
    append(decimal: count)
    append(unit)
    if isWord, count != 1 { append(115) }
  }
}
