import Model

/// Why a calendar or crontab expression, a timestamp or a zone could not be read, and where.
public struct ScheduleError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Kind: UInt8, Sendable {
    case empty, unexpected, unknownWord, missingNumber, numberTooLarge, outOfRange, badRange, badStep, stepTooLarge, tooManyItems
    case trailingBlank, looksLikeCrontab, badFieldCount, weekdayRange, zoneAbbreviation, zoneName, unknownZone, badTimestamp, wrongWeekday
  }

  /// What is wrong.
  public var kind: Kind
  /// Of the offending byte, from 1.
  public var column: Int
  /// What to write instead; empty if there is nothing to say.
  public var hint: Bytes

  public init(_ kind: Kind, column: Int, hint: Bytes = []) {
    self.kind = kind
    self.column = column
    self.hint = hint
  }

  /// For a zone that cannot be found: it names the zone, and what to install.
  public init(unknownZone zone: Bytes, column: Int) {
    let isAbbreviation = zone.count < 6 && zone.allSatisfy { $0 >= 65 && $0 <= 90 }
    self.init(
      isAbbreviation ? .zoneAbbreviation : .unknownZone, column: column,
      hint: isAbbreviation
        ? "write a name such as Europe/Berlin for " + zone
        : zone + " (install the package tzdata, or write a name such as Europe/Berlin)")
  }

  /// For people.
  public var name: StaticString {
    switch kind {
    case .empty: "a schedule is missing"
    case .unexpected: "this cannot stand here"
    case .unknownWord: "no such word"
    case .missingNumber: "a number is missing"
    case .numberTooLarge: "too large a number"
    case .outOfRange: "out of range"
    case .badRange: "a range must rise"
    case .badStep: "a step of 0"
    case .stepTooLarge: "the step is larger than what is left of its range"
    case .tooManyItems: "more than 241 items"
    case .trailingBlank: "a blank behind the time"
    case .looksLikeCrontab: "this is a crontab expression, not a calendar expression"
    case .badFieldCount: "a crontab expression has five fields"
    case .weekdayRange: "a range of weekdays must rise from Monday to Sunday"
    case .zoneAbbreviation: "an abbreviation is no time zone"
    case .zoneName: "not the name of a time zone"
    case .unknownZone: "no such time zone here"
    case .badTimestamp: "not a point in time"
    case .wrongWeekday: "the date is another weekday"
    }
  }

  /// The message with its hint: `out of range: write *:0/5`.
  public var text: Bytes {
    hint.isEmpty ? Bytes(name) : Bytes(name) + ": " + hint
  }
}
