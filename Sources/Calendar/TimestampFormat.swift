import Model

/// A point in time as systemd prints it: `Sat 2026-11-28 12:00:00 CET`.
public func formatTimestamp(_ time: WallTime, in zone: TimeZone) -> Bytes {
  let second = floorSeconds(time.microseconds)
  let segment = zone.segment(at: second)
  let local = second + segment.offset
  let days = Int(floorDays(local))
  let date = CivilDate(days: days)
  let seconds = local - Int64(days) * 86_400
  var out = Bytes(Bytes(weekdayName(weekday(ofDay: days))).prefix(3))
  out.append(32)
  out.append(decimal: date.year, width: 4)
  out.append(45)
  out.append(decimal: date.month, width: 2)
  out.append(45)
  out.append(decimal: date.day, width: 2)
  out.append(32)
  out.append(decimal: seconds / 3600, width: 2)
  out.append(58)
  out.append(decimal: seconds / 60 % 60, width: 2)
  out.append(58)
  out.append(decimal: seconds % 60, width: 2)
  out.append(32)
  return out + zone.type(of: segment).abbreviation
}

/// How far a point in time is off, as systemd prints it: `2 years 7 months ago`, `1 day 20h left`, `now`.
public func formatRelative(_ time: WallTime, from now: WallTime) -> Bytes {
  let (distance, overflow) = time.microseconds.subtractingReportingOverflow(now.microseconds)
  if overflow { return Bytes("n/a") }
  if distance == 0 { return Bytes("now") }
  let span = Int64(clamping: distance.magnitude)
  let day: Int64 = 86_400_000_000
  let month: Int64 = 2_629_800_000_000
  let year: Int64 = 31_557_600_000_000
  func words(_ count: Int64, _ unit: StaticString) -> Bytes { text("\(count) \(unit)") + (count == 1 ? "" : "s") }
  let shown: Bytes
  switch span {
  case year...: shown = words(span / year, "year") + " " + words(span % year / month, "month")
  case month..<year: shown = words(span / month, "month") + " " + words(span % month / day, "day")
  case (7 * day)..<month: shown = words(span / (7 * day), "week") + " " + words(span % (7 * day) / day, "day")
  case (2 * day)..<(7 * day): shown = words(span / day, "day")
  case 90_000_000_000..<(2 * day): shown = text("1 day \((span - day) / 3_600_000_000)h")
  case 21_600_000_000..<90_000_000_000: shown = text("\(span / 3_600_000_000)h")
  case 3_600_000_000..<21_600_000_000: shown = text("\(span / 3_600_000_000)h \(span / 60_000_000 % 60)min")
  case 300_000_000..<3_600_000_000: shown = text("\(span / 60_000_000)min")
  case 60_000_000..<300_000_000: shown = text("\(span / 60_000_000)min \(span / 1_000_000 % 60)s")
  case 1_000_000..<60_000_000: shown = text("\(span / 1_000_000)s")
  case 1000..<1_000_000: shown = text("\(span / 1000)ms")
  default: shown = text("\(span)us")
  }
  return shown + (distance < 0 ? " ago" : " left")
}
