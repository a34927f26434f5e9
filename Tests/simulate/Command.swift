#if !EMBEDDED
import Foundation
import SimulatedKernel

/// The command line of the simulator.
struct Command {
  var seeds = 2000
  var first: UInt64 = 1
  var single: UInt64? = nil
  var commit: String? = nil
  var turns = 2000
  var planted: String? = nil
  var silenced: Set<String> = []
  var isLoud = false
  var showsCoverage = false
  var workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
  /// This process is one of several: it runs every n-th seed.
  var share: (index: Int, count: Int)? = nil
  private var problem: String? = nil

  static let usage = """
    usage: simulate [--seeds N] [--first S] [--commit HASH] [--turns T] [--workers N] [--without-checker NAME] [--coverage]
           simulate --seed S [--turns T] [--trace] [--planted K] [--without-checker NAME]
           simulate --planted all      (built with --traits Planted)
    """

  init(_ arguments: [String]) {
    var rest = arguments.dropFirst()
    func next(_ option: String) -> String? {
      if rest.isEmpty { problem = "\(option) wants a value" }
      return rest.popFirst()
    }
    while let option = rest.popFirst() {
      switch option {
      case "--seeds": seeds = next(option).flatMap { Int($0) } ?? seeds
      case "--first": first = next(option).flatMap { UInt64($0) } ?? first
      case "--seed": single = next(option).flatMap { UInt64($0) }
      case "--commit": commit = next(option)
      case "--turns": turns = next(option).flatMap { Int($0) } ?? turns
      case "--planted": planted = next(option)
      case "--without-checker": if let name = next(option) { silenced.insert(name) }
      case "--workers": workers = next(option).flatMap { Int($0) } ?? workers
      case "--trace": isLoud = true
      case "--coverage": showsCoverage = true
      case "--share":
        let parts = (next(option) ?? "0/1").split(separator: "/").compactMap { Int($0) }
        share = (parts.first ?? 0, parts.last ?? 1)
      default: problem = "unknown option \(option)"
      }
    }
    for name in silenced.sorted() where !Inspector.names.contains(name) {
      problem = "no checker is called \(name); there are \(Inspector.names.joined(separator: ", "))"
    }
  }

  func run() -> Int32 {
    if let problem {
      print("simulate: \(problem)\n\(Command.usage)")
      return 64
    }
    if planted == "all" { return PlantedRun(command: self).run() }
    if let planted {
      guard let number = Int(planted), plant(number) else {
        print("simulate: no planted bug \(planted) in this build (swift run --traits Planted)")
        return 64
      }
    }
    if let single { return runOne(single) }
    if let share { return Worker(command: self, index: share.index, count: share.count).run() }
    return Farm(command: self).run()
  }

  func simulation(_ seed: UInt64) -> Simulation {
    var simulation = Simulation(seed: seed)
    simulation.turns = turns
    simulation.silenced = silenced
    simulation.isLoud = isLoud
    return simulation
  }

  /// The seeds of this run, the commit's among them.
  var allSeeds: [UInt64] {
    var all = (0..<seeds).map { first &+ UInt64($0) }
    if let commit { all.insert(Command.seed(ofCommit: commit), at: 0) }
    return all
  }

  /// A commit's hash as a seed: FNV-1a of its text.
  static func seed(ofCommit hash: String) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in hash.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return value
  }

  /// The one command that runs a seed again.
  func replay(_ seed: UInt64) -> String {
    var line = "swift run -c release"
    if planted != nil { line += " --traits Planted --scratch-path .build-planted" }
    line += " simulate --seed \(seed)"
    if turns != 2000 { line += " --turns \(turns)" }
    if let planted { line += " --planted \(planted)" }
    for name in silenced.sorted() { line += " --without-checker \(name)" }
    return line
  }

  private func runOne(_ seed: UInt64) -> Int32 {
    let outcome = simulation(seed).run()
    if let violation = outcome.violation {
      print(Report.failure(outcome, violation, command: self))
      return 1
    }
    print(
      "seed \(seed): \(outcome.turns) turns, \(outcome.events) events, \(outcome.spawned) processes, \(outcome.lives) lives, "
        + "\(outcome.virtualSeconds) virtual seconds, trace \(String(outcome.hash, radix: 16))")
    return 0
  }
}

enum Report {
  static func failure(_ outcome: Outcome, _ violation: Violation, command: Command) -> String {
    let events = outcome.trace.suffix(40).map { "    " + $0 }.joined(separator: "\n")
    return """
      FAILED seed \(outcome.seed), turn \(outcome.turns): \(violation.checker): \(violation.detail)
      \(events)
        replay: \(command.replay(outcome.seed))
      """
  }
}
#endif
