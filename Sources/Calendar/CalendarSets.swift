import Model

// From the items of a chain to sets of bits.

extension CalendarField {
  /// What a value may be (scheduling.md 1.5); seconds in microseconds.
  var range: ClosedRange<Int32> {
    switch self {
    case .year: 1970...2199
    case .month: 1...12
    case .day: 1...31
    case .hour: 0...23
    case .minute: 0...59
    case .second: 0...59_999_999
    }
  }
}

extension CalendarSets {
  /// The set of one chain that is normalised, valid and not `*`.
  mutating func set(_ field: CalendarField, _ items: [CalendarItem], fromEnd: Bool) {
    if field == .second {
      setSeconds(items)
      return
    }
    var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for item in items {
      let first = field.range.lowerBound
      // Days from the end count down: the n-th last, and from there on to the last of the month.
      let descends = field == .day && fromEnd && item.stop < 0
      let last = item.stop >= 0 ? item.stop : item.step == 0 ? item.start : descends ? first : field.range.upperBound
      var value = item.start
      while descends ? value >= last : value <= last {
        let bit = field == .day && fromEnd ? 31 - value : value - first
        switch bit >> 6 {
        case 0: bits.0 |= 1 << UInt64(bit & 63)
        case 1: bits.1 |= 1 << UInt64(bit & 63)
        case 2: bits.2 |= 1 << UInt64(bit & 63)
        default: bits.3 |= 1 << UInt64(bit & 63)
        }
        if item.step == 0 { break }
        value += descends ? -item.step : item.step
      }
    }
    switch field {
    case .year: years = bits
    case .month: months = UInt16(truncatingIfNeeded: bits.0)
    case .day: days = UInt32(truncatingIfNeeded: bits.0)
    case .hour: hours = UInt32(truncatingIfNeeded: bits.0)
    case .minute: minutes = bits.0
    case .second: break
    }
  }

  private mutating func setSeconds(_ items: [CalendarItem]) {
    let second = Int32(microsecondsPerSecond)
    seconds = 0
    for item in items {
      if item.start % second != 0 || item.step % second != 0 {
        seconds = 0
        fractions = items
        return
      }
      var value = item.start
      repeat {
        seconds |= 1 << UInt64(value / second)
        value += item.step
      } while item.step > 0 && value <= item.last
    }
  }
}

extension CalendarItem {
  /// The last value of an item of the seconds, in microseconds.
  var last: Int32 { stop >= 0 ? stop : step == 0 ? start : CalendarField.second.range.upperBound }
}
