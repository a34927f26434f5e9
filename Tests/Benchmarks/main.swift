#if !EMBEDDED
import Calendar
import Foundation
import Model

// What the pure engines cost: `swift run -c release benchmarks calendar`. Absolute times belong to the machine they were taken
// on; the ratio to the reference loop of the same run does not.

let modes: [(name: String, run: () -> Void)] = [
  ("calendar", benchmarkCalendar), ("timers", benchmarkTimers), ("instances", benchmarkInstances),
]
let wanted = CommandLine.arguments.dropFirst()
for mode in modes where wanted.isEmpty || wanted.contains(mode.name) { mode.run() }
for name in wanted where !modes.contains(where: { $0.name == name }) {
  FileHandle.standardError.write(Data("benchmarks: no such mode: \(name)\n".utf8))
  exit(64)
}
#endif
