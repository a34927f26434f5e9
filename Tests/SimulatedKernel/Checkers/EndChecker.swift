#if !EMBEDDED
import Model
import Supervision

/// The end: a stop ends in time, nobody but bystanders outlives it, and the exit status is what DESIGN section 7 says.
final class EndChecker: Checker {
  override var name: StaticString { "end" }
  private enum Reason { case signal, request(UInt8?), action, nothingLeft, command }
  private var stopBegan: (at: Int64, turn: Int)? = nil
  private var reason: Reason? = nil
  private var commandEnded: ExitStatus? = nil
  private var commandFailure: ExecFailure? = nil
  private var hadCommand = false
  private var killsBefore = 0
  private var ordered = 0
  /// Far more than any stop may take: six timeouts of a few seconds, D states, hanging execs.
  static let longestNanoseconds: Int64 = 1_500_000_000_000
  static let mostTurns = 30_000

  override func before(_ event: Event, _ manager: Manager) {
    guard stopBegan == nil else { return }
    switch event {
    case .signal: reason = .signal
    case .request(_, .exit(let status)): reason = .request(status)
    default: reason = nil
    }
  }

  override func after(_ moment: Moment) {
    switch moment.event {
    case .exited(let key, let status) where key.invocation.unit == .command: commandEnded = status
    case .execFailed(let key, let failure) where key.invocation.unit == .command: commandFailure = failure
    default: break
    }
    if stopBegan == nil, moment.manager.isPhaseStopping {
      stopBegan = (moment.now.instant.nanoseconds, world.turns)
      killsBefore = world.killsSent
    }
    // A kill at a timeout counts though nobody may have been left to be reached.
    if stopBegan != nil {
      for case .kill(let order) in moment.effects where isFinal(order, moment.manager) { ordered += 1 }
      for case .message(_, let text) in moment.effects where text.starts(with: "killing everything") { ordered += 1 }
    }
  }

  private func isFinal(_ order: KillOrder, _ manager: Manager) -> Bool {
    order.signal == .kill || order.signal == manager.settings(Int(order.invocation.unit.index))?.finalKillSignal
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    guard let stopBegan else { return }
    let span = now.instant.nanoseconds - stopBegan.at
    if span > EndChecker.longestNanoseconds || world.turns - stopBegan.turn > EndChecker.mostTurns {
      fail("the stop has taken \(span / 1_000_000) ms and \(world.turns - stopBegan.turn) turns")
    }
  }

  override func left(status: UInt8, _ manager: Manager) {
    if let failure = commandFailure {
      expect(status, failure.stage.rawValue, "COMMAND could not be executed")
    } else if let ended = commandEnded {
      expect(status, ended.shellStatus, "COMMAND ended")
    } else {
      switch reason {
      case .signal: expectStop(status, 0)
      case .request(let wanted): expectStop(status, wanted ?? 0)
      case .action, .nothingLeft, .command, nil: break
      }
    }
    let left = world.survivors
    if left > 0 { fail("\(left) processes outlive apus, and nobody sent them SIGKILL") }
  }

  private func expect(_ status: UInt8, _ wanted: UInt8, _ why: String) {
    if status != wanted { fail("\(why): exit status \(status), expected \(wanted)") }
  }

  private func expectStop(_ status: UInt8, _ wanted: UInt8) {
    let killed = world.killsSent > killsBefore || ordered > 0
    if status != wanted, !(status == 1 && killed) { fail("asked to stop: exit status \(status), expected \(wanted)") }
  }
}
#endif
