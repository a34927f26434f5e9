import CLinux
import Model

/// Microseconds since 1970.
func wallClock() -> Int64 { control_clock_us(1) }

/// `Mon 2026-11-23 08:56:00 UTC`. Time zones come with the schedules.
func shownTime(_ microseconds: Int64) -> Bytes {
  // 9999-12-31: what is later, or before 1970, is no time that apus could have meant.
  guard microseconds >= 0, microseconds < 253_402_300_800_000_000 else { return Bytes("n/a") }
  let seconds = microseconds / 1_000_000
  let date = civilDate(daysSince1970: seconds / 86_400)
  let weekdays: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  var out = Bytes(weekdays[Int(seconds / 86_400 % 7)]) + " "
  out += padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + " "
  out += padded(seconds / 3600 % 24, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
  return out + " UTC"
}

/// The Gregorian date of a day: whole 400-year cycles, then years that begin in March, so that the leap day is the last.
func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  // From 0000-03-01 to 1970-01-01 there are 719,468 days; a cycle has 146,097.
  let shifted = days + 719_468
  let cycle = shifted / 146_097
  let dayOfCycle = shifted % 146_097
  let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
  let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
  // March to January alternate 31 and 30 days in a pattern of 153 days each five months.
  let monthFromMarch = (5 * dayOfYear + 2) / 153
  let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

/// `850ms`, `5s`, `2min 3s`, `4h 5min`, `2 days`: two places are enough for people.
func shownSpan(_ microseconds: Int64) -> Bytes {
  if microseconds < 1_000_000 { return Bytes(decimal: max(0, microseconds) / 1000) + "ms" }
  let seconds = microseconds / 1_000_000
  func two(_ large: Int64, _ largeUnit: StaticString, _ small: Int64, _ smallUnit: StaticString) -> Bytes {
    let head = Bytes(decimal: large) + Bytes(largeUnit)
    return small == 0 ? head : head + " " + Bytes(decimal: small) + Bytes(smallUnit)
  }
  switch seconds {
  case 0..<60: return two(seconds, "s", 0, "")
  case 60..<3600: return two(seconds / 60, "min", seconds % 60, "s")
  case 3600..<86_400: return two(seconds / 3600, "h", seconds / 60 % 60, "min")
  case 86_400..<172_800: return two(1, " day", seconds / 3600 % 24, "h")
  default: return two(seconds / 86_400, " days", 0, "")
  }
}

/// `5s ago`, `in 4s`.
func shownDistance(_ microseconds: Int64, from now: Int64) -> Bytes {
  let (difference, overflow) = now.subtractingReportingOverflow(microseconds)
  if overflow { return Bytes("n/a") }
  return difference >= 0 ? shownSpan(difference) + " ago" : "in " + shownSpan(0 - difference)
}

private func padded(_ value: Int64, _ width: Int) -> Bytes {
  let digits = Bytes(decimal: value)
  return Bytes(repeating: 48, count: max(0, width - digits.count)) + digits
}
