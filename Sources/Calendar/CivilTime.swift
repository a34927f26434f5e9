/// Dates of the proleptic Gregorian calendar as days since 1970-01-01. Exact for years within ±20,000; callers keep below that.
struct CivilDate: Equatable {
  var year: Int
  /// 1 to 12.
  var month: Int
  /// 1 to 31.
  var day: Int

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The date of a day. Years are counted from March, so that the leap day is the last of its year.
  init(days: Int) {
    let shifted = days &+ 719_468 &+ 146_097 &* 60
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let marchMonth = (5 &* dayOfYear &+ 2) / 153
    day = dayOfYear &- (153 &* marchMonth &+ 2) / 5 &+ 1
    month = marchMonth < 10 ? marchMonth &+ 3 : marchMonth &- 9
    year = yearOfEra &+ (era &- 60) &* 400 &+ (month <= 2 ? 1 : 0)
  }

  /// Days since 1970-01-01.
  var days: Int {
    let marchYear = (month <= 2 ? year &- 1 : year) &+ 24_000
    let marchMonth = month > 2 ? month &- 3 : month &+ 9
    let dayOfYear = (153 &* marchMonth &+ 2) / 5 &+ day &- 1
    return 365 &* marchYear &+ marchYear / 4 &- marchYear / 100 &+ marchYear / 400 &+ dayOfYear &- 719_468 &- 146_097 &* 60
  }
}

/// 0 is Monday.
func weekday(ofDay days: Int) -> Int {
  (days &+ 3 &+ 7 &* 2_000_000) % 7
}

func isLeap(_ year: Int) -> Bool {
  year & 3 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Month from 1.
func daysInMonth(_ month: Int, of year: Int) -> Int {
  if month == 2 { return isLeap(year) ? 29 : 28 }
  return 30 &+ ((month &+ month >> 3) & 1)
}

let microsecondsPerSecond: Int64 = 1_000_000
let microsecondsPerMinute: Int64 = 60_000_000
let microsecondsPerHour: Int64 = 3_600_000_000
let microsecondsPerDay: Int64 = 86_400_000_000
