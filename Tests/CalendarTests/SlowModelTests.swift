import Calendar
import Foundation
import Model
import Testing

/// SplitMix64: the same numbers everywhere.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// An expression as a person reads it: lists of values, asked one by one. It shares no line with the engine.
struct PlainExpression {
  struct Item {
    var start: Int
    var stop: Int?
    var step: Int?
    var text: String { "\(start)" + (stop.map { "..\($0)" } ?? "") + (step.map { "/\($0)" } ?? "") }
    func contains(_ value: Int, max: Int) -> Bool {
      if stop == nil && step == nil { return value == start }
      return value >= start && value <= (stop ?? max) && (value - start) % (step ?? 1) == 0
    }
  }

  var months: [Item] = []
  var days: [Item] = []
  var fromEnd = false
  /// 0 is Monday.
  var weekdays: Set<Int> = []
  var hours: [Item] = []
  var minutes: [Item] = []

  init(_ random: inout SeededGenerator) {
    func items(_ range: ClosedRange<Int>, star: Int) -> [Item] {
      if Int.random(in: 0..<10, using: &random) < star { return [] }
      return (0..<Int.random(in: 1...3, using: &random)).map { _ in
        let start = Int.random(in: range, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where start < range.upperBound:
          return Item(start: start, stop: Int.random(in: (start + 1)...range.upperBound, using: &random))
        case 1 where start < range.upperBound:
          return Item(start: start, step: Int.random(in: 1...(range.upperBound - start), using: &random))
        case 2 where start < range.upperBound:
          let stop = Int.random(in: (start + 1)...range.upperBound, using: &random)
          return Item(start: start, stop: stop, step: Int.random(in: 1...(stop - start), using: &random))
        default: return Item(start: start)
        }
      }
    }
    months = items(1...12, star: 8)
    fromEnd = Int.random(in: 0..<5, using: &random) == 0
    // Lists from the end are refused above 22 in their third item, as systemd does.
    days = items(1...(fromEnd ? 22 : 31), star: 7)
    if days.isEmpty { fromEnd = false }
    if fromEnd { for index in days.indices where days[index].stop == nil { days[index].step = nil } }
    if Int.random(in: 0..<3, using: &random) == 0 {
      for day in 0..<7 where Bool.random(using: &random) { weekdays.insert(day) }
    }
    hours = items(0...23, star: 4)
    minutes = items(0...59, star: 2)
  }

  var text: String {
    func chain(_ items: [Item]) -> String { items.isEmpty ? "*" : items.map(\.text).joined(separator: ",") }
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    let week = weekdays.isEmpty ? "" : weekdays.sorted().map { names[$0] }.joined(separator: ",") + " "
    return week + "*-\(chain(months))\(fromEnd ? "~" : "-")\(chain(days)) \(chain(hours)):\(chain(minutes))"
  }

  /// Whether the wall shows a match; minutes since 1970.
  func matches(_ civil: Int) -> Bool {
    var parts = tm()
    var seconds = time_t(civil * 60)
    gmtime_r(&seconds, &parts)
    func has(_ items: [Item], _ value: Int32, _ max: Int) -> Bool { items.isEmpty || items.contains { $0.contains(Int(value), max: max) } }
    guard has(minutes, parts.tm_min, 59), has(hours, parts.tm_hour, 23), has(months, parts.tm_mon + 1, 12) else { return false }
    if !weekdays.isEmpty, !weekdays.contains((Int(parts.tm_wday) + 6) % 7) { return false }
    var day = parts.tm_mday
    if fromEnd {
      // The month's length: the day before the first of the next.
      var next = parts
      next.tm_mon += 1
      next.tm_mday = 0
      var last = timegm(&next)
      var end = tm()
      gmtime_r(&last, &end)
      day = end.tm_mday - day + 1
    }
    return has(days, day, 31)
  }

  var allHours: Bool { (0..<24).allSatisfy { hour in hours.isEmpty || hours.contains { $0.contains(hour, max: 23) } } }
}

@Suite struct SlowModelTests {
  /// A zone and a minute shortly before one of its changes.
  static let places: [(zone: String, around: Int64)] = [
    ("Europe/Berlin", 1_711_846_800), ("Europe/Berlin", 1_729_990_800), ("America/New_York", 1_710_054_000),
    ("America/New_York", 1_730_613_600),
    ("Australia/Lord_Howe", 1_712_415_600), ("Australia/Lord_Howe", 1_728_142_200), ("America/Sao_Paulo", 1_541_300_400),
    ("America/Sao_Paulo", 1_550_368_800), ("Antarctica/Troll", 1_711_846_800), ("Antarctica/Troll", 1_729_990_800),
    ("Asia/Kathmandu", 504_901_800), ("Pacific/Apia", 1_325_239_200), ("Europe/Dublin", 1_729_990_800),
    ("Africa/Casablanca", 1_710_036_000),
    ("America/Havana", 1_710_046_800), ("Asia/Seoul", 579_027_600), ("America/St_Johns", 1_143_948_660), ("Europe/Berlin", 3_445_376_400),
    ("America/New_York", 4_076_100_000),
  ]

  /// Minute by minute: a schedule is due when the wall first reaches a match, or has passed one over; with all 24 hours
  /// whenever the wall shows a match. Offsets come from Foundation's own tables.
  @Test(.enabled(if: Zones.areInstalled, "no tzdata"))
  func nextIsWhatAWatcherOfTheClockWouldSay() throws {
    var random = SeededGenerator(state: 4)
    var compared = 0
    for place in Self.places {
      let zone = try #require(Zones.named(place.zone))
      guard let foundation = Foundation.TimeZone(identifier: place.zone) else {
        Issue.record("Foundation does not know \(place.zone)")
        continue
      }
      let start = Int(place.around) / 60 - 1900
      let offsets = (0..<4000).map { foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start + $0) * 60)) / 60 }
      for _ in 0..<20 {
        let expression = PlainExpression(&random)
        guard let spec = try? CalendarParser.parse(Bytes(expression.text.utf8)) else {
          Issue.record("not read: \(expression.text)")
          continue
        }
        var wanted: [Int64] = []
        var shown = start - 1 + offsets[0]
        for minute in 0..<offsets.count {
          let civil = start + minute + offsets[minute]
          let isDue =
            expression.allHours ? expression.matches(civil) : shown < civil && ((shown + 1)...civil).contains(where: expression.matches)
          if isDue, minute > 0 { wanted.append(Int64(start + minute) * 60_000_000) }
          shown = max(shown, civil)
        }
        var found: [Int64] = []
        var at = WallTime(microseconds: Int64(start) * 60_000_000)
        while let next = spec.next(after: at, in: zone), next.microseconds < Int64(start + offsets.count) * 60_000_000 {
          found.append(next.microseconds)
          at = next
        }
        compared += wanted.count
        if found != wanted {
          let difference = Set(found).symmetricDifference(wanted).min() ?? 0
          Issue.record("\(expression.text) in \(place.zone) around \(place.around): first difference at \(difference)")
        }
      }
    }
    #expect(compared > 25_000)
  }

  /// Day by day over years, in UTC.
  @Test func datesAreWhatACalendarOnTheWallSays() throws {
    var random = SeededGenerator(state: 5)
    for _ in 0..<150 {
      let expression = PlainExpression(&random)
      let spec = try CalendarParser.parse(Bytes(expression.text.utf8))
      let base = Int64.random(in: 0..<4_000_000_000, using: &random)
      let day = Int(base / 86_400)
      var wanted: Int64?
      search: for later in day..<(day + 1500) {
        // Skip days without a match at once: by the date alone.
        var dateOnly = expression
        dateOnly.hours = []
        dateOnly.minutes = []
        guard dateOnly.matches(later * 1440) else { continue }
        for minute in (later * 1440)..<(later * 1440 + 1440) where Int64(minute) * 60 > base && expression.matches(minute) {
          wanted = Int64(minute) * 60_000_000
          break search
        }
      }
      let found = spec.next(after: WallTime(microseconds: base * 1_000_000), in: .utc)?.microseconds
      if let wanted {
        #expect(found == wanted, "\(expression.text) after \(base)")
      } else {
        #expect(found.map { $0 >= Int64(day + 1500) * 86_400_000_000 } ?? true, "\(expression.text) after \(base)")
      }
    }
  }
}
