import Foundation
import Testing

@testable import SimulatedKernel

/// A sample of the seeds that CI runs by the thousand, and those that once found something.
@Suite struct SeedTests {
  static func check(_ seed: UInt64, turns: Int = 2000) -> Outcome {
    var simulation = Simulation(seed: seed)
    simulation.turns = turns
    let outcome = simulation.run()
    if let violation = outcome.violation {
      let last = outcome.trace.suffix(40).joined(separator: "\n")
      Issue.record(
        "seed \(seed): \(violation.checker): \(violation.detail)\n\(last)\nreplay: swift run -c release simulate --seed \(seed) --turns \(turns)"
      )
    }
    return outcome
  }

  @Test(arguments: (UInt64(5001)...5040).map { $0 })
  func aSeedPasses(seed: UInt64) {
    let outcome = Self.check(seed, turns: 700)
    #expect(outcome.turns >= 700 || outcome.violation != nil)
  }

  /// What each of them found, in the version of the simulator that found it; they are whole runs, at their full length.
  static let named: [(story: String, seed: UInt64)] = [
    ("SIGCHLD was read after the dead had been reaped, and one was lost", 20),
    ("an automatic restart whose job failed by a dependency was never tried again", 5),
    ("slots that passed while apus was asleep were not counted", 1),
    ("the next ExecStop= was begun in a stop that had timed out", 498),
    ("a kill that reached nobody was taken for an empty unit", 37),
    ("the final sweep gave up before its first SIGKILL, because apus had been frozen", 10),
    ("a reload command that was killed at its timeout was left behind", 243),
    ("a job that became a daemon went on by its old schedule", 192),
    ("an automatic restart that met a request kept its counters", 7),
    ("deadlines of one turn that armed each other for now kept the turn from its end", 114),
  ]

  @Test(arguments: named.map(\.seed))
  func aSeedThatFoundSomethingPasses(seed: UInt64) {
    _ = Self.check(seed)
  }

  @Test func sameSeedSameTrace() {
    let first = Self.check(77, turns: 600)
    let second = Self.check(77, turns: 600)
    let other = Self.check(78, turns: 600)
    #expect(first.hash == second.hash)
    #expect(first.turns == second.turns)
    #expect(first.hash != other.hash)
  }

  /// A run is what the brief of a run says: units, turns, virtual time, and interventions enough to matter.
  @Test func aSeedIsARealRun() {
    let outcome = Self.check(4)
    #expect(outcome.turns >= 2000)
    #expect(outcome.spawned >= 50)
    #expect(outcome.events >= 1000)
    #expect(outcome.virtualSeconds >= 10)
  }

  /// A checker that is switched off says nothing, and one that does not exist is refused by its name.
  @Test func checkersHaveNames() {
    #expect(Set(Inspector.names).count == Inspector.names.count)
    for bug in PlantedBug.all {
      for name in bug.checkers { #expect(Inspector.names.contains(name), "bug \(bug.number) names \(name)") }
    }
  }
}
