import Calendar
import Foundation
import Model
import Testing

struct CalendarVector: Decodable {
  var expr: String
  var tz: String?
  var base: Int64?
  var normalized: String?
  var next: [Int64]?
  var end: Bool?
  var recommended: [Int64]?
  var expected: [Int64]?
  var error: Bool?

  var isError: Bool { error == true }
  var slots: [Int64] { recommended ?? expected ?? next ?? [] }
}

/// `count` slots, and whether nothing follows them.
func walk(_ spec: CalendarSpec, _ zone: Model.TimeZone, from base: Int64, count: Int) -> (slots: [Int64], ends: Bool) {
  var slots: [Int64] = []
  var at = WallTime(microseconds: base)
  while slots.count < count {
    guard let next = spec.next(after: at, in: zone) else { return (slots, true) }
    guard next > at else {
      Issue.record("not later: \(next) after \(at)")
      return (slots, false)
    }
    slots.append(next.microseconds)
    at = next
  }
  return (slots, spec.next(after: at, in: zone) == nil)
}

@Suite struct CalendarVectorTests {
  @Test(arguments: ["calendar", "calendar-systemd-bugs"])
  func expressionsAreReadPrintedAndDueAsTheVectorsSay(_ name: String) throws {
    let all: [CalendarVector] = vectors(name)
    #expect(all.count == (name == "calendar" ? 2089 : 38))
    var walked = 0
    for vector in all {
      let text = Bytes(vector.expr.utf8)
      let label: Comment = "\(vector.expr) in \(vector.tz ?? "-") after \(vector.base ?? 0)"
      guard let spec = try? CalendarParser.parse(text) else {
        #expect(vector.isError, label)
        continue
      }
      if vector.isError {
        // What reads well but for its zone.
        #expect(CalendarParser.writtenZone(text).map { !Zones.isInstalled($0) } ?? false, label)
        continue
      }
      #expect(spec.normalized.shown == vector.normalized, label)
      let again = try CalendarParser.parse(spec.normalized)
      #expect(again.normalized == spec.normalized && again.sets == spec.sets, label)
      guard let base = vector.base, let zone = Zones.named(spec.zone?.shown ?? vector.tz ?? "UTC") else { continue }
      walked += 1
      let (slots, ends) = walk(spec, zone, from: base, count: max(vector.slots.count, 1))
      #expect(slots == vector.slots, label)
      if vector.slots.count < 5 { #expect(ends, label) }
    }
    if Zones.areInstalled {
      #expect(walked == all.count(where: { !$0.isError }))
    } else {
      print("no tzdata: walked \(walked) of \(all.count)")
    }
  }
}
