import Model

// When a schedule is due next.
//
// Civil time (what a clock on the wall shows) is searched with bit sets and integers only; then it is put into the zone's
// segments, in each of which civil time runs as UTC does. No step guesses at summer time, and nothing loops but over months.
//
// Where the clock is put forward or back, policy R holds:
// - all 24 hours match (`*:0/15`, `hourly`): every instant that reads so counts, so such jobs never pause and never rush;
// - otherwise each civil time counts once, when it is first reached: not again when the clock is put back over it, and at
//   the end of the gap if the clock was put forward over it.

extension CalendarSpec {
  /// The first instant after `base` that matches, strictly later; nil if there is none until the end of 2199.
  public func next(after base: WallTime, in zone: TimeZone) -> WallTime? {
    // Two days before 1970 nothing can match, whatever the zone; two days into 2200 neither.
    let from = max(base.microseconds, -2 * microsecondsPerDay)
    if from > CalendarSpec.end + 2 * microsecondsPerDay { return nil }
    let found = sets.hours == 0xFF_FFFF ? nextOfAll(after: from, zone) : nextOfFirst(after: from, zone)
    return found == .max ? nil : WallTime(microseconds: found)
  }

  /// How many instants match after `base`, up to `through`, that one included; counts no further than `limit`.
  public func countSlots(after base: WallTime, through: WallTime, in zone: TimeZone, limit: Int) -> Int {
    var count = 0
    var at = base
    while count < limit, let slot = next(after: at, in: zone), slot <= through {
      count += 1
      at = slot
    }
    return count
  }

  /// 2200-01-01.
  static let end: Int64 = 7_258_118_400_000_000

  /// Each civil time once, when it is first reached.
  private func nextOfFirst(after base: Int64, _ zone: TimeZone) -> Int64 {
    let here = zone.segment(at: floorSeconds(base))
    // The latest civil time that was already shown.
    var shown = base + here.offset * microsecondsPerSecond
    var before = here
    // Offsets lie within 26 hours of UTC, so a segment that ended 52 hours ago has shown nothing later.
    while before.start > ZoneSegment.minimum, before.start * microsecondsPerSecond > base - 52 * microsecondsPerHour {
      before = zone.segment(at: before.start - 1)
      shown = max(shown, (before.end + before.offset) * microsecondsPerSecond - 1)
    }
    let civil = sets.civilNext(shown + 1)
    if civil == .max { return .max }
    // When a clock first shows that, or anything later.
    let earliest = floorSeconds(civil) - Int64(zone.offsetMaximum)
    var segment = here
    if earliest >= here.end { segment = zone.segment(at: earliest) }
    while civil >= (segment.end + segment.offset) * microsecondsPerSecond, segment.end < ZoneSegment.maximum {
      segment = zone.segment(at: segment.end)
    }
    return max(civil - segment.offset * microsecondsPerSecond, segment.start * microsecondsPerSecond)
  }

  /// Every instant that matches.
  private func nextOfAll(after base: Int64, _ zone: TimeZone) -> Int64 {
    var segment = zone.segment(at: floorSeconds(base + 1))
    var low = base + 1 + segment.offset * microsecondsPerSecond
    var civil = sets.civilNext(low)
    while civil == .max || civil >= (segment.end + segment.offset) * microsecondsPerSecond {
      if segment.end >= ZoneSegment.maximum { return .max }
      var following = zone.segment(at: segment.end)
      var start = (following.start + following.offset) * microsecondsPerSecond
      if start >= low {
        // Nothing matches from `low` to `civil`: segments in between can be passed over.
        if civil == .max { return .max }
        let earliest = floorSeconds(civil) - Int64(zone.offsetMaximum)
        if earliest > following.end {
          following = zone.segment(at: earliest)
          start = (following.start + following.offset) * microsecondsPerSecond
        }
      }
      segment = following
      if start < low || start > civil {
        low = start
        civil = sets.civilNext(low)
      }
    }
    return civil - segment.offset * microsecondsPerSecond
  }
}

/// Microseconds to seconds, rounded down.
func floorSeconds(_ microseconds: Int64) -> Int64 {
  let seconds = microseconds / microsecondsPerSecond
  return microseconds % microsecondsPerSecond < 0 ? seconds - 1 : seconds
}
