/// What a clock on the wall shows in one part of a zone's history.
public struct LocalTimeType: Equatable, Sendable {
  /// Seconds east of UTC.
  public var offset: Int32
  /// Summer time.
  public var isDaylight: Bool
  /// `CET`, `+03`.
  public var abbreviation: Bytes

  public init(offset: Int32, isDaylight: Bool, abbreviation: Bytes) {
    self.offset = offset
    self.isDaylight = isDaylight
    self.abbreviation = abbreviation
  }
}

/// A day of the year on which a POSIX rule changes the offset, and when on that day (POSIX, "TZ").
public struct TimeZoneChange: Equatable, Sendable {
  /// How a rule names its day.
  public enum Day: Equatable, Sendable {
    /// `Jn`, 1 to 365: 29 February is never counted.
    case withoutLeapDay(Int32)
    /// `n`, 0 to 365: 29 February is counted.
    case ofYear(Int32)
    /// `Mm.w.d`: the w-th weekday d (0 is Sunday) of month m; 5 is the last.
    case weekday(month: Int32, week: Int32, weekday: Int32)
  }

  /// The day, each year.
  public var day: Day
  /// Seconds after local midnight, from -167 to 167 hours.
  public var time: Int32

  public init(day: Day, time: Int32) {
    self.day = day
    self.time = time
  }
}

/// A POSIX TZ string, or the footer of a TZif file: standard time and, with rules, summer time.
public struct TimeZoneRule: Equatable, Sendable {
  /// Outside of summer time, or always.
  public var standard: LocalTimeType
  /// Nil where it never changes.
  public var daylight: LocalTimeType?
  /// To summer time, read on the clock of standard time.
  public var start: TimeZoneChange
  /// Back, read on the clock of summer time.
  public var end: TimeZoneChange

  public init(standard: LocalTimeType, daylight: LocalTimeType?, start: TimeZoneChange, end: TimeZoneChange) {
    self.standard = standard
    self.daylight = daylight
    self.start = start
    self.end = end
  }
}

/// A time zone: its transitions (of a TZif file), and a rule for the time after the last of them. Never changes.
public final class TimeZone: Equatable, Sendable {
  /// UTC seconds, rising.
  public let transitions: [Int64]
  /// For each transition the index in `types` of what holds from there on.
  public let typeIndexes: [UInt8]
  /// At least one; the first holds before the first transition.
  public let types: [LocalTimeType]
  /// For the time after the last transition; nil if its type holds for ever.
  public let rule: TimeZoneRule?
  /// The largest offset of all types, in seconds.
  public let offsetMaximum: Int32

  public init(transitions: [Int64], typeIndexes: [UInt8], types: [LocalTimeType], rule: TimeZoneRule?) {
    self.transitions = transitions
    self.typeIndexes = typeIndexes
    self.types = types
    self.rule = rule
    var maximum = types.first?.offset ?? 0
    for type in types { maximum = max(maximum, type.offset) }
    if let rule { maximum = max(maximum, rule.standard.offset, rule.daylight?.offset ?? rule.standard.offset) }
    offsetMaximum = maximum
  }

  /// The zone that needs no file.
  public static let utc = TimeZone(
    transitions: [], typeIndexes: [], types: [LocalTimeType(offset: 0, isDaylight: false, abbreviation: Bytes("UTC"))], rule: nil)

  /// Whether both show the same at every time, as far as their files say so alike.
  public static func == (left: TimeZone, right: TimeZone) -> Bool {
    left === right
      || (left.transitions == right.transitions && left.typeIndexes == right.typeIndexes && left.types == right.types
        && left.rule == right.rule)
  }
}
