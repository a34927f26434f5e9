import CLinux
import Calendar
import Model
import Runtime

/// Microseconds since 1970.
func wallClock() -> Int64 { control_clock_us(1) }

/// How the client verbs show times: by the clock on the wall where they run, as systemctl does.
final class ShownClock {
  /// Microseconds since 1970, once for all that is shown.
  let now = wallClock()
  private let zone: TimeZone

  /// UTC where nobody can tell the local time: each time says so, and a line on stderr says why, unless `isQuiet`.
  init(_ environment: [Bytes], isQuiet: Bool) {
    do throws(UnknownLocalZone) {
      zone = try ZoneFiles.local(environment)
    } catch {
      zone = .utc
      if !isQuiet { complain("times are shown in UTC: %", error.text) }
    }
  }

  /// `Mon 2026-11-23 08:56:00 CET`.
  func time(_ microseconds: Int64) -> Bytes {
    // 9999-12-31: what is later, or before 1970, is no time that apus could have meant.
    guard microseconds >= 0, microseconds < 253_402_300_800_000_000 else { return Bytes("n/a") }
    return formatTimestamp(WallTime(microseconds: microseconds), in: zone)
  }

  /// `5s ago`, `in 4s`.
  func distance(_ microseconds: Int64) -> Bytes {
    let (difference, overflow) = now.subtractingReportingOverflow(microseconds)
    if overflow { return Bytes("n/a") }
    return filled(difference >= 0 ? "% ago" : "in %", shownSpan(abs(difference)))
  }
}

extension Client {
  /// Silent where it shows no time as text.
  func shownClock() -> ShownClock { ShownClock(environment, isQuiet: isJSON || isQuiet) }
}

/// `850ms`, `5s`, `2min 3s`, `4h 5min`, `2 days`: two places are enough for people.
func shownSpan(_ microseconds: Int64) -> Bytes {
  if microseconds < 1_000_000 { return Bytes(decimal: max(0, microseconds) / 1000) + "ms" }
  let seconds = microseconds / 1_000_000
  func two(_ large: Int64, _ largeUnit: StaticString, _ small: Int64, _ smallUnit: StaticString) -> Bytes {
    let head = Bytes(decimal: large) + largeUnit
    return small == 0 ? head : filled("% %%", head, Bytes(decimal: small), Bytes(smallUnit))
  }
  switch seconds {
  case 0..<60: return two(seconds, "s", 0, "")
  case 60..<3600: return two(seconds / 60, "min", seconds % 60, "s")
  case 3600..<86_400: return two(seconds / 3600, "h", seconds / 60 % 60, "min")
  case 86_400..<172_800: return two(1, " day", seconds / 3600 % 24, "h")
  default: return two(seconds / 86_400, " days", 0, "")
  }
}
