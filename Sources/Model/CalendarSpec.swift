/// One item of a chain of a calendar expression: `start`, `start..stop`, `start/step`, `start..stop/step`. Seconds count in
/// microseconds, everything else in its own unit.
public struct CalendarItem: Equatable, Sendable {
  /// The first value that matches.
  public var start: Int32
  /// -1 if the item has no end of its own.
  public var stop: Int32
  /// 0 if nothing is repeated.
  public var step: Int32

  public init(start: Int32, stop: Int32 = -1, step: Int32 = 0) {
    self.start = start
    self.stop = stop
    self.step = step
  }
}

/// The chains of a calendar expression, in the order of print.
public enum CalendarField: UInt8, CaseIterable, Sendable {
  case year, month, day, hour, minute, second
}

/// The sets that a schedule matches, one bit a value.
public struct CalendarSets: Equatable, Sendable {
  /// Bit y - 1970 of 230.
  public var years: (UInt64, UInt64, UInt64, UInt64) = (.max, .max, .max, (1 << 38) - 1)
  /// Bit m - 1.
  public var months: UInt16 = 0xFFF
  /// Bit d - 1; or bit 31 - k for the k-th last day of the month (`daysFromEnd`).
  public var days: UInt32 = 0x7FFF_FFFF
  /// `days` count from the month's end.
  public var daysFromEnd = false
  /// Bit 0 is Monday.
  public var weekdays: UInt8 = 0x7F
  /// Vixie's rule for crontabs where both days are restricted: the day of the month or the weekday must match.
  public var eitherDay = false
  /// Bit h.
  public var hours: UInt32 = 0xFF_FFFF
  /// Bit m.
  public var minutes: UInt64 = (1 << 60) - 1
  /// Whole seconds; not looked at if `fractions` has items.
  public var seconds: UInt64 = 1
  /// All items of the seconds, in microseconds, if one of them is no whole second.
  public var fractions: [CalendarItem] = []
  public init() {}

  /// Whether both match the same times.
  public static func == (left: CalendarSets, right: CalendarSets) -> Bool {
    left.years == right.years && left.months == right.months && left.days == right.days
      && left.daysFromEnd == right.daysFromEnd && left.weekdays == right.weekdays && left.eitherDay == right.eitherDay
      && left.hours == right.hours && left.minutes == right.minutes && left.seconds == right.seconds
      && left.fractions == right.fractions
  }
}

/// A compiled schedule: a calendar expression (systemd.time(7)) or the five fields of a crontab line. What parses, prints and
/// computes it lives in Calendar.
public final class CalendarSpec: Equatable, Sendable {
  /// What must match.
  public let sets: CalendarSets
  /// The zone that the expression itself names: an IANA name or `UTC`; nil for the default.
  public let zone: Bytes?
  /// The items as normalised, for print: of all chains one behind the other. Empty for a crontab expression.
  public let items: [CalendarItem]
  /// How many of the items belong to each field, a byte for each in the order of `CalendarField`, from the lowest; 0 is `*`.
  public let counts: UInt64
  /// Whether it was written as a crontab expression, which has no normal form.
  public let isCrontab: Bool

  public init(sets: CalendarSets, zone: Bytes?, items: [CalendarItem] = [], counts: UInt64 = 0, isCrontab: Bool = false) {
    self.sets = sets
    self.zone = zone
    self.items = items
    self.counts = counts
    self.isCrontab = isCrontab
  }

  /// The same schedule in another zone (`CRON_TZ=`).
  public func with(zone: Bytes?) -> CalendarSpec {
    CalendarSpec(sets: sets, zone: zone, items: items, counts: counts, isCrontab: isCrontab)
  }

  /// Whether both match the same instants, are written alike, and name the same zone.
  public static func == (left: CalendarSpec, right: CalendarSpec) -> Bool {
    left.sets == right.sets && left.zone == right.zone && left.items == right.items && left.counts == right.counts
      && left.isCrontab == right.isCrontab
  }
}
