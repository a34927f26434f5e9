import Model

// What to write instead: most mistakes come from crontab's habits.

enum CalendarHints {
  /// `Fri..Tue` → `write Mon,Tue,Fri..Sun`.
  static func weekdays(from: Int, to: Int) -> Bytes {
    func short(_ day: Int) -> Bytes { Bytes(Bytes(weekdayName(day)).prefix(3)) }
    let low = to == 0 ? short(0) : short(0) + ".." + short(to)
    let high = from == 6 ? short(6) : short(from) + ".." + short(6)
    return "write " + low + "," + high
  }

  /// `fromEnd`: how many days from the month's end are allowed, 0 for other fields.
  static func range(_ field: CalendarField, _ fromEnd: Int32) -> Bytes {
    if fromEnd > 0 { return text("days from the end of the month are 1 to \(fromEnd) here") }
    return switch field {
    case .year: Bytes("years are 1970 to 2199")
    case .month: Bytes("months are 1 to 12")
    case .day: Bytes("days are 1 to 31")
    case .hour: Bytes("hours are 0 to 23")
    case .minute: Bytes("minutes are 0 to 59")
    case .second: Bytes("seconds are 0 to 59.999999")
    }
  }

  /// The error with a hint, if the whole expression shows what was meant.
  static func improve(_ error: ScheduleError, _ text: Bytes) -> ScheduleError {
    var error = error
    if !error.hint.isEmpty { return error }
    if isCrontabLike(text) {
      return ScheduleError(.looksLikeCrontab, column: 1, hint: Bytes("crontab expressions go into Schedule= of [X-Apus]"))
    }
    if let hint = starStep(error, text) {
      error.hint = hint
      return error
    }
    let here = error.column - 1
    switch error.kind {
    case .trailingBlank: error.hint = Bytes("remove it, or write a time zone behind it")
    case .unexpected where here < text.count && (text[here] == 84 || text[here] == 116):
      error.hint = Bytes("date and time are separated by a blank")
    case .unexpected, .missingNumber, .unknownWord:
      if here == 0, text.first == 32 {
        error.hint = Bytes("remove the blank in front")
      } else if here == text.count {
        error.hint = Bytes("something is missing at the end; a time is HH:MM, a date MM-DD or YYYY-MM-DD")
      }
    default: break
    }
    return error
  }

  /// `*/5`: here a step needs a start.
  private static func starStep(_ error: ScheduleError, _ text: Bytes) -> Bytes? {
    let slash = error.column - 1
    guard slash > 0, slash < text.count, text[slash] == 47, text[slash - 1] == 42 else { return nil }
    var out = Bytes("write ")
    if slash == 1, !text.contains(58), !text.contains(45) { out += "*:" } else { out += text[..<(slash - 1)] }
    // Days and months begin with 1.
    var end = slash
    while end < text.count, text[end] == 47 || text[end] == 44 || text[end].isDigit { end += 1 }
    out.append(isDash(text, slash - 2) || isDash(text, end) ? 49 : 48)
    return out + Bytes(text[slash...])
  }

  private static func isDash(_ text: Bytes, _ at: Int) -> Bool {
    at >= 0 && at < text.count && (text[at] == 45 || text[at] == 126)
  }

  /// Five words that only crontabs are written with.
  private static func isCrontabLike(_ text: Bytes) -> Bool {
    let words = text.pieces(separatedBy: 32)
    guard words.count == 5 else { return false }
    for word in words {
      for byte in word where !byte.isDigit && !byte.isASCIILetter && byte != 42 && byte != 44 && byte != 45 && byte != 47 { return false }
    }
    return true
  }
}
