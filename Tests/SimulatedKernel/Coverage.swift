#if !EMBEDDED
import Foundation
import Model
import Supervision

/// Which cells of the service machine's table the seeds of this process have visited: type × state × step, named as in the
/// golden file of SupervisionTests.
public enum Coverage {
  private static let stepNames = [
    "start", "auto-restart", "stop", "reload", "main spawned", "main spawn failed", "main executed", "main exited success",
    "main exited exit-code", "control spawn failed", "control exited success", "control exited exit-code",
    "control exited exec-condition", "nobody signalled", "emptied", "state deadline", "runtime deadline", "restart deadline",
    "idle", "leftovers", "no leftovers", "main PID found", "main PID unknown", "READY", "RELOADING", "RELOADING in answer",
    "STOPPING", "probed ready", "watchdog missed", "unhealthy", "oom killed", "cleaned", "listening", "listeners failed",
  ]

  nonisolated(unsafe) private static var visited = [Bool](
    repeating: false, count: ServiceType.allCases.count * ServiceState.allCases.count * stepNames.count)

  nonisolated(unsafe) private static var occasions: Set<String> = []

  /// Something rare that a life has seen.
  public static func note(_ occasion: String) { occasions.insert(occasion) }

  /// What every run of many seeds must have seen beside the table's cells.
  static let wantedOccasions = [
    "out of memory", "a sender or main process is dead and not reaped", "a datagram is too long", "no place for a notify socket",
    "a PID file cannot be believed", "a path cannot be watched", "a helper hangs", "a fork fails", "an exec fails", "an exec hangs",
    "an exec is late", "a death is slow", "a pid is used again", "apus wakes for nothing", "apus oversleeps",
    "a file cannot be read", "a look at all processes is cut", "a client gives a part",
    "a listener cannot be opened", "an option is refused", "a listener cannot be watched", "a listener breaks",
    "a listener cannot be watched for now", "a rule forbids a connection",
    "no descriptor is left for a connection", "a connection is gone before it is accepted", "a flood of connections",
    "a queue of connections is full", "connections cannot be counted", "the paths of a unit cannot be watched",
    "a service is stopped because it is idle",
  ]

  /// From here on every step of a service machine in this process is recorded.
  public static func record() {
    visitedCell = { type, state, step in
      let row = Int(type.rawValue) * ServiceState.allCases.count + Int(state.rawValue)
      visited[row * stepNames.count + number(of: step)] = true
    }
  }

  private static func number(of step: ServiceMachine.Step) -> Int {
    switch step {
    case .start(.request): 0
    case .start(.autoRestart): 1
    case .stop: 2
    case .reload: 3
    case .mainSpawned: 4
    case .mainSpawnFailed: 5
    case .mainExecuted: 6
    case .mainExited(let result): result == .success ? 7 : 8
    case .controlSpawnFailed: 9
    case .controlExited(let result): result == .success ? 10 : result == .execCondition ? 12 : 11
    case .nobodySignalled: 13
    case .emptied: 14
    case .stateDeadline: 15
    case .runtimeDeadline: 16
    case .restartDeadline: 17
    case .idle: 18
    case .leftoversCounted(let any): any ? 19 : 20
    case .mainPIDFound: 21
    case .mainPIDUnknown: 22
    case .notifiedReady: 23
    case .notifiedReloading(let isAnswer): isAnswer ? 25 : 24
    case .notifiedStopping: 26
    case .probedReady: 27
    case .watchdogMissed: 28
    case .unhealthy: 29
    case .oomKilled: 30
    case .cleaned: 31
    case .listeners(let result): result == .success ? 32 : 33
    }
  }

  /// `type, state, step` of each visited cell.
  public static func lines() -> [String] {
    var lines = occasions.sorted()
    for type in ServiceType.allCases {
      for state in ServiceState.allCases {
        let row = Int(type.rawValue) * ServiceState.allCases.count + Int(state.rawValue)
        for (number, name) in stepNames.enumerated() where visited[row * stepNames.count + number] {
          lines.append("\(type.name), \(state.name), \(name)")
        }
      }
    }
    return lines
  }

  /// Cells that do something when they are tried by force, but that nothing leads to; each with the reason.
  static func unreachable(_ cell: String) -> String? {
    let parts = cell.components(separatedBy: ", ")
    guard parts.count == 3 else { return nil }
    let (type, state, step) = (parts[0], parts[1], parts[2])
    let conditionStates = ["condition", "stop-sigterm", "stop-sigkill", "stop-watchdog"]
    if step == "control exited exec-condition" && !conditionStates.contains(state) {
      return "only ExecCondition= gives that result, in its own state or in a stop that overtook it"
    }
    if step.hasPrefix("listen") && type != "oneshot" { return "only sockets have listeners, which are as a oneshot that remains" }
    if type == "oneshot" && state == "running" { return "a oneshot is done, or exited, when its main process has ended" }
    if state == "reload-signal" && type != "notify-reload" { return "only notify-reload sends a ReloadSignal=" }
    if type == "oneshot" && ["reload-notify", "drain"].contains(state) {
      return "both need a main process, and an active oneshot has none"
    }
    if step == "emptied" && ["drain", "reload-signal"].contains(state) {
      return "both are entered with a main process, whose end leaves them before emptiness is looked at"
    }
    if state == "start" && type != "forking" && (step.hasPrefix("control ") || step.hasPrefix("main PID ")) {
      return "only the command of Type=forking is a control process, and only its daemon is looked for"
    }
    if state == "start-post" && type != "forking" && step == "main PID unknown" { return "only Type=forking guesses" }
    if state == "start" && step == "emptied" && !["forking", "notify", "notify-reload"].contains(type) {
      return "nobody waits for emptiness there: a main process that ends ends the start"
    }
    if step.hasSuffix("spawn failed") && lateStates.contains(state) {
      return "a spawn is answered first thing in the next turn: only a stop that another unit's answer begins comes between"
    }
    if step == "auto-restart" && state != "auto-restart-queued" { return "the job of an automatic restart is queued in its own state" }
    return nil
  }

  private static let lateStates = ["stop-watchdog", "stop-sigkill", "final-watchdog", "final-sigterm", "final-sigkill"]

  /// Cells that a race of microseconds, or a chain of three rare things, leads to: recorded when they are seen, not demanded.
  static func isRare(_ cell: String) -> Bool {
    cell.hasSuffix("stop-watchdog, control exited exec-condition") || cell.hasSuffix("stop-sigkill, control exited exec-condition")
      || cell.contains("final-sigkill, main exited") || cell.hasSuffix("leftovers") || cell.hasSuffix("stop-sigterm, main spawn failed")
      || cell.hasSuffix("stop-sigterm, control spawn failed")
  }

  /// The golden table's cells: those that do something.
  static func wanted() -> [String] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = tests.appendingPathComponent("SupervisionTests/Fixtures/service-machine.golden")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var cells: [String] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let cell = line.components(separatedBy: " -> ").first, let comma = cell.firstIndex(of: ",") else { continue }
      // Columns of one outcome stand together; those with a setting (+) are no types of their own.
      for column in cell[..<comma].split(separator: "|") where !column.contains("+") {
        let types = column == "all" ? ServiceType.allCases.map { "\($0.name)" } : [String(column)]
        cells += types.map { $0 + cell[comma...] }
      }
    }
    return cells
  }

  /// Cells that 3,000 seeds did not reach when this list was last made: most are a type's rare end in a rare state. They are not
  /// demanded, and the list may only become shorter.
  private static func notReached() -> Set<String> {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("NotReached.txt")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return Set(text.split(separator: "\n").map(String.init))
  }

  /// Prints what no seed visited; true if nothing is missing.
  public static func report(_ visited: Set<String>) -> Bool {
    let wanted = wanted()
    if wanted.isEmpty {
      print("coverage: the golden table of SupervisionTests is not there")
      return false
    }
    let rare = notReached()
    let reachable = wanted.filter { unreachable($0) == nil && !isRare($0) && !rare.contains($0) }
    for occasion in wantedOccasions where !visited.contains(occasion) { print("coverage: never happened: \(occasion)") }
    let missing = reachable.filter { !visited.contains($0) }
    let surprising = wanted.filter { unreachable($0) != nil && visited.contains($0) }
    for cell in missing { print("coverage: not visited: \(cell)") }
    for cell in surprising { print("coverage: visited though said to be unreachable: \(cell)") }
    print(
      "coverage: \(reachable.count - missing.count) of \(reachable.count) cells visited; "
        + "\(wanted.count - reachable.count) are not demanded")
    return missing.isEmpty && surprising.isEmpty && wantedOccasions.allSatisfy { visited.contains($0) }
  }
}
#endif
