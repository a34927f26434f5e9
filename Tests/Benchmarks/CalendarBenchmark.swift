#if !EMBEDDED
import Calendar
import Foundation
import Model

/// Nanoseconds per call: the best of several rounds, which is the one that was disturbed least.
func nanoseconds(_ calls: Int, _ body: () -> Int64) -> Double {
  var best = Double.infinity
  var sink: Int64 = 0
  for _ in 0..<5 {
    let start = DispatchTime.now().uptimeNanoseconds
    for _ in 0..<calls { sink &+= body() }
    best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) / Double(calls))
  }
  // What is never read would not be computed.
  if sink == 42 { print("") }
  return best
}

/// A reference of the same run: 64 steps of a multiplicative hash, each needing the one before.
func referenceLoop() -> Double {
  var state: UInt64 = 1
  return nanoseconds(100_000) {
    for _ in 0..<64 { state = (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9 }
    return Int64(truncatingIfNeeded: state)
  }
}

private struct Fixture: Decodable {
  var expr: String?
  var cron: String?
  var tz: String?
  var base: Int64?
  var error: Bool?
}

private struct Sample {
  var text: String
  var cost: Double
}

/// Next elapse over the fixtures of Tests/CalendarTests, by class of expression.
func benchmarkCalendar() {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("CalendarTests/Fixtures")
  var zones: [String: Model.TimeZone] = ["UTC": .utc]
  func zone(_ name: String) -> Model.TimeZone? {
    if zones[name] == nil, let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/" + name) {
      zones[name] = try? TimeZoneParser.parse(tzif: Bytes(data))
    }
    return zones[name] ?? (try? TimeZoneParser.parse(posix: Bytes(name.utf8)))
  }

  var classes: [String: [Sample]] = [:]
  var skipped = 0
  for name in ["calendar", "cron"] {
    guard let text = try? String(contentsOf: folder.appendingPathComponent(name + ".jsonl"), encoding: .utf8) else { continue }
    for line in text.split(separator: "\n") {
      guard let fixture = try? JSONDecoder().decode(Fixture.self, from: Data(line.utf8)), fixture.error != true, let base = fixture.base
      else { continue }
      let parsed =
        fixture.cron.map { try? CrontabParser.parse(Bytes($0.utf8)) } ?? fixture.expr.map { try? CalendarParser.parse(Bytes($0.utf8)) }
      guard let spec = parsed ?? nil, let zone = zone(spec.zone?.shown ?? fixture.tz ?? "UTC") else {
        skipped += 1
        continue
      }
      let start = WallTime(microseconds: fixture.cron == nil ? base : base * 1_000_000)
      let next = spec.next(after: start, in: zone)
      let cost = nanoseconds(300) { spec.next(after: start, in: zone)?.microseconds ?? 0 }
      let far = next.map { $0.microseconds - start.microseconds > 366 * 86_400_000_000 } ?? false
      let kind = next == nil ? "never again" : far ? "more than a year off" : fixture.cron != nil ? "crontab" : "calendar"
      classes[kind, default: []].append(Sample(text: "\(fixture.expr ?? fixture.cron ?? "") in \(fixture.tz ?? "UTC")", cost: cost))
    }
  }
  for text in ["*-02-30", "*-2,4,6,9,11-31", "Mon *-02-29", "Fri 2024-02-29", "*-*-* *:*:*", "daily", "Fri *-*-13"] {
    for name in ["UTC", "Europe/Berlin"] {
      guard let spec = try? CalendarParser.parse(Bytes(text.utf8)), let zone = zone(name) else { continue }
      let cost = nanoseconds(2000) { spec.next(after: WallTime(microseconds: 0), in: zone)?.microseconds ?? 0 }
      classes["from 1970 on", default: []].append(Sample(text: "\(text) in \(name)", cost: cost))
    }
  }

  let reference = referenceLoop()
  print("next elapse, ns per call (ratio to a reference loop of \(Int(reference)) ns)")
  for (kind, samples) in classes.sorted(by: { $0.key < $1.key }) {
    let sorted = samples.sorted { $0.cost < $1.cost }
    let median = sorted[sorted.count / 2].cost
    let worst = sorted[sorted.count - 1]
    print(
      String(
        format: "  %-22@ %5d expressions   median %6.0f (%5.2f)   worst %6.0f (%5.2f)  %@", kind as NSString, samples.count, median,
        median / reference, worst.cost, worst.cost / reference, worst.text as NSString))
  }
  if skipped > 0 { print("  \(skipped) expressions left out: their zones are not installed (tzdata)") }
}
#endif
