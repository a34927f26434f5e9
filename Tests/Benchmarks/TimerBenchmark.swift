#if !EMBEDDED
import Calendar
import Foundation
import Model
import Supervision

// 100,000 timers: what one that is armed costs in memory, and what one fire costs.

private final class Timers {
  static let count = 100_000
  var settings = ScheduleSettings()
  var timers: [TimerMachine] = []
  var clock: TimerClock

  init() throws {
    clock = TimerClock(
      Now(instant: Instant(nanoseconds: 1), wall: WallTime(microseconds: 1_795_835_000_000_000)), startedAt: .zero)
    settings.triggers = [.calendar(try CalendarParser.parse(Bytes("*:0/5".utf8)), text: [])]
    timers.reserveCapacity(Timers.count)
  }
}

/// Resident memory in bytes.
private func resident() -> Int {
  guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
  let fields = text.split(separator: " ")
  return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}

private func seconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

func benchmarkTimers() {
  guard let bench = try? Timers() else { return }
  let before = resident()
  for index in 0..<Timers.count {
    let timer = TimerMachine(seed: UInt64(index))
    timer.activate(bench.settings, bench.clock)
    bench.timers.append(timer)
  }
  print(
    "timers: \(Timers.count) armed, \((resident() - before) / Timers.count) bytes each")
  var fires = 0
  let began = seconds()
  for _ in 0..<10 {
    bench.clock.now.wall = bench.clock.now.wall + TimeSpan(seconds: 300)
    for index in bench.timers.indices where bench.timers[index].elapseCalendar(bench.settings, bench.clock) != nil { fires += 1 }
  }
  let spent = seconds() - began
  print("timers: \(fires) fires, \(Int(spent / Double(max(fires, 1)) * 1e9)) ns each")
}
#endif
