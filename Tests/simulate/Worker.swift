#if !EMBEDDED
import Foundation
import SimulatedKernel

/// One process of several: runs its share of the seeds and tells each on a line, so that the parent knows which seed a crash
/// belongs to.
struct Worker {
  let command: Command
  let index: Int
  let count: Int

  func run() -> Int32 {
    var failed = false
    if command.showsCoverage { Coverage.record() }
    for (position, seed) in command.allSeeds.enumerated() where position % count == index {
      say("begin \(seed)")
      let outcome = command.simulation(seed).run()
      if command.showsCoverage { for occasion in outcome.occasions { Coverage.note(occasion) } }
      if let violation = outcome.violation {
        failed = true
        say("fail \(seed) \(violation.checker)")
        say(Report.failure(outcome, violation, command: command))
        say("done")
      } else {
        say("end \(seed) \(outcome.turns) \(outcome.events) \(outcome.spawned) \(outcome.virtualSeconds)")
      }
    }
    if command.showsCoverage { for line in Coverage.lines() { say("cell \(line)") } }
    return failed ? 1 : 0
  }

  /// At once: `print` keeps back what goes into a pipe.
  private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
#endif
