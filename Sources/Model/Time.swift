/// A point on the monotonic clock (CLOCK_MONOTONIC), nanoseconds. Never mixed with `WallTime`.
public struct Instant: Equatable, Hashable, Comparable, Sendable {
  public var nanoseconds: Int64
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = Instant(nanoseconds: 0)
  /// Later than every other.
  public static let never = Instant(nanoseconds: .max)

  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Saturates at `.never`; an infinite span gives `.never`.
  public static func + (left: Instant, right: TimeSpan) -> Instant {
    if right.isInfinite { return .never }
    let (product, overflow) = right.microseconds.multipliedReportingOverflow(by: 1000)
    if overflow || product > UInt64(Int64.max) { return .never }
    let (sum, carry) = left.nanoseconds.addingReportingOverflow(Int64(product))
    return carry ? .never : Instant(nanoseconds: sum)
  }

  /// The span from `earlier` to here, rounded down to microseconds; zero if `earlier` is later.
  public func since(_ earlier: Instant) -> TimeSpan {
    if self == .never { return .infinity }
    let difference = nanoseconds - earlier.nanoseconds
    return TimeSpan(microseconds: difference > 0 ? UInt64(difference) / 1000 : 0)
  }
}

/// A point on the realtime clock (CLOCK_REALTIME), microseconds since 1970. For people and calendars only.
public struct WallTime: Equatable, Comparable, Sendable {
  public var microseconds: Int64
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Later than every other.
  public static let never = WallTime(microseconds: .max)

  /// Saturates at `.never`; an infinite span gives `.never`.
  public static func + (left: WallTime, right: TimeSpan) -> WallTime {
    if right.microseconds > UInt64(Int64.max) { return .never }
    let (sum, overflow) = left.microseconds.addingReportingOverflow(Int64(right.microseconds))
    return overflow ? .never : WallTime(microseconds: sum)
  }

  /// Saturates at the other end of the clock.
  public static func - (left: WallTime, right: TimeSpan) -> WallTime {
    if right.microseconds > UInt64(Int64.max) { return WallTime(microseconds: .min) }
    let (difference, overflow) = left.microseconds.subtractingReportingOverflow(Int64(right.microseconds))
    return WallTime(microseconds: overflow ? .min : difference)
  }

  /// The span from `earlier` to here; zero if `earlier` is later.
  public func since(_ earlier: WallTime) -> TimeSpan {
    let (difference, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
    if overflow { return microseconds > earlier.microseconds ? .infinity : .zero }
    return TimeSpan(microseconds: difference > 0 ? UInt64(difference) : 0)
  }

  public static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }
}

/// Both clocks, read once a turn.
public struct Now: Equatable, Sendable {
  public var instant: Instant
  public var wall: WallTime
  public init(instant: Instant, wall: WallTime) {
    self.instant = instant
    self.wall = wall
  }
}

/// A length of time in microseconds, as unit files write it (units.md b.9); `infinity` is its own value.
public struct TimeSpan: Equatable, Hashable, Comparable, Sendable {
  public var microseconds: UInt64
  public init(microseconds: UInt64) { self.microseconds = microseconds }
  public init(milliseconds: UInt64) { microseconds = milliseconds * 1000 }
  public init(seconds: UInt64) { microseconds = seconds * 1_000_000 }

  public static let zero = TimeSpan(microseconds: 0)
  public static let infinity = TimeSpan(microseconds: .max)
  public var isInfinite: Bool { microseconds == .max }

  /// Twice as long, and not longer than `limit`: the next pause of whatever is tried ever more seldom.
  public func doubled(atMost limit: TimeSpan) -> TimeSpan {
    microseconds > limit.microseconds / 2 ? limit : TimeSpan(microseconds: microseconds * 2)
  }

  public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.microseconds < right.microseconds }
}
