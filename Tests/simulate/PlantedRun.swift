#if !EMBEDDED
import Foundation
import SimulatedKernel

/// Every planted bug must be caught by some seed, and with its checkers switched off the same seeds must let it escape.
struct PlantedRun {
  let command: Command
  /// A bug that needs more seeds than this is not caught.
  static let seedsMax = 400
  /// At least so many seeds run blind, so that "escapes" means something.
  static let seedsBlind = 20

  func run() -> Int32 {
    guard plant(0) else {
      print(
        "simulate: this build has no planted bugs (swift run -c release --traits Planted --scratch-path .build-planted simulate --planted all)"
      )
      return 64
    }
    var failed = 0
    for bug in PlantedBug.all {
      let verdict = judge(bug)
      print("bug \(bug.number) (\(bug.name)): \(verdict.text)")
      if !verdict.isGood { failed += 1 }
    }
    print("\(PlantedBug.all.count) planted bugs, \(failed) not caught as they should be")
    return failed == 0 ? 0 : 1
  }

  private func judge(_ bug: PlantedBug) -> (isGood: Bool, text: String) {
    var seeing = command
    seeing.planted = "\(bug.number)"
    seeing.seeds = PlantedRun.seedsMax
    let hunt = Farm(command: seeing)
    hunt.stopsAtFailure = true
    hunt.isQuiet = true
    _ = hunt.run()
    guard let failure = hunt.failures.min(by: { $0.seed < $1.seed }) else { return (false, "NOT CAUGHT in \(seeing.seeds) seeds") }
    var text = "caught by \(failure.checker), seed \(failure.seed)"
    if !bug.checkers.contains(failure.checker) { return (false, text + ", EXPECTED \(bug.checkers.joined(separator: " or "))") }

    var blind = seeing
    blind.seeds = max(PlantedRun.seedsBlind, Int(failure.seed - seeing.first) + 1)
    blind.silenced.formUnion(bug.checkers)
    let escape = Farm(command: blind)
    escape.isQuiet = true
    _ = escape.run()
    if let other = escape.failures.first {
      return (false, text + "; WITHOUT \(bug.checkers.joined(separator: ", ")) caught by \(other.checker), seed \(other.seed)")
    }
    text += "; escapes \(blind.seeds) seeds without \(bug.checkers.joined(separator: ", "))"
    return (true, text)
  }
}
#endif
