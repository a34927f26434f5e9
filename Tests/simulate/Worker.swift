import Foundation
import SimulatedKernel

/// One process of several: runs its share of the seeds and tells each on a line, so that the parent knows which seed a crash
/// belongs to.
struct Worker {
  let command: Command
  let index: Int
  let count: Int

  func run() -> Int32 {
    setvbuf(stdout, nil, _IOLBF, 0)
    var failed = false
    for (position, seed) in command.allSeeds.enumerated() where position % count == index {
      print("begin \(seed)")
      let outcome = command.simulation(seed).run()
      if let violation = outcome.violation {
        failed = true
        print("fail \(seed) \(violation.checker)")
        print(Report.failure(outcome, violation, command: command))
        print("done")
      } else {
        print("end \(seed) \(outcome.turns) \(outcome.events) \(outcome.spawned) \(outcome.virtualSeconds)")
      }
    }
    if command.showsCoverage { for line in Coverage.lines() { print("cell \(line)") } }
    return failed ? 1 : 0
  }
}
