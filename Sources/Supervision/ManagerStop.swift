import Model

/// Why apus is to end; the rows of DESIGN section 7 beside COMMAND's own.
enum StopReason: Equatable, Sendable {
  case signal(Signal)
  case hangup
  /// `apus exit [STATUS]`
  case request(status: UInt8?)
  case action(unit: UnitID, cause: ActionCause, status: UInt8)
  case failFast(unit: UnitID)
  case nothingLeft(failed: UnitID?)
  case commandEnded
}

/// Which key of a unit ends apus.
enum ActionCause: Equatable, Sendable {
  case success, failure, startLimit, jobTimeout, health
  var key: StaticString {
    switch self {
    case .success: "SuccessAction="
    case .failure: "FailureAction="
    case .startLimit: "StartLimitAction="
    case .jobTimeout: "JobTimeoutAction="
    case .health: "HealthAction="
    }
  }
}

/// How far the end has got.
struct StopState: Equatable, Sendable {
  var reason: StopReason? = nil
  /// Timeouts are 1 s at most.
  var isHurried = false
  var isKilled = false
  /// For the three signals: when the last one that counted came.
  var lastSignalAt: Instant? = nil
  var signalCount = 0
  var someoneWasKilled = false
  var unitsAreStopping = false
}

// The end of apus: COMMAND first, then the units in reverse order, then the sweep (DESIGN sections 5 and 7).

extension Manager {
  /// Stop signals less than this apart count once: wrappers relay Ctrl-C twice.
  static let signalPause = TimeSpan(milliseconds: 500)
  /// After so long one line says who is still stopping.
  static let lateLineAfter = TimeSpan(seconds: 5)

  mutating func beginStop(_ reason: StopReason, atOnce: Bool) {
    guard phase == .booting || phase == .running else { return }
    stop.reason = reason
    phase = .stopping
    mayRun = true
    if !options.isWrapper { out.append(.notify(Bytes("STOPPING=1\n"))) }
    followUps = []
    for index in records.indices {
      let id = UnitID(index)
      if records[index].timer != nil { deactivateTimer(id) }
      if records[index].socket != nil { unwatch(id) }
      deactivatePath(id)
    }
    if !options.stopTimeout.isInfinite {
      out.append(.arm(Deadline(.command, .stopLimit), at: now.instant + options.stopTimeout))
    }
    out.append(.arm(Deadline(.command, .stopLine), at: now.instant + Manager.lateLineAfter))
    if atOnce {
      phase = .sweeping
      out.append(.finalSweep)
    }
  }

  /// One look after every event: is there a next step towards the end, or is nothing left to do?
  mutating func checkLife() {
    switch phase {
    case .booting:
      if hasBooted && bootJobsLeft == 0 && !mayRun { bootEnded() }
    case .running:
      if mayHaveEnded && !mayRun { checkNothingLeft() }
    case .stopping: continueStop()
    case .sweeping, .left: break
    }
  }

  private mutating func bootEnded() {
    phase = .running
    // A wrapped command speaks for itself, by the NOTIFY_SOCKET that it inherits.
    if !options.isWrapper { out.append(.notify(Bytes("READY=1\nSTATUS=running\n"))) }
    startCommand()
    mayHaveEnded = true
    checkNothingLeft()
  }

  private mutating func checkNothingLeft() {
    mayHaveEnded = false
    if options.stay || !options.bootTarget.isEmpty || command.isAlive || !options.command.isEmpty { return }
    var failed: UnitID? = nil
    for index in records.indices {
      let record = records[index]
      // A unit whose file is gone and that is down is nobody any more.
      if byName[record.name] != index && record.job == nil && record.isDown { continue }
      if record.job != nil || record.stoppedByClient { return }
      if record.timer?.isArmed == true { return }
      if record.path != nil && record.isOn { return }
      switch record.service.state {
      case .exited: if record.socket != nil { return }
      case .dead: break
      case .failed: if failed == nil { failed = UnitID(index) }
      case .condition, .startPre, .start, .startPost, .running, .reload, .reloadSignal, .reloadNotify, .drain, .stop, .stopWatchdog,
        .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .autoRestart,
        .autoRestartQueued:
        return
      }
      if failed == nil && record.unit.loadState != .loaded && record.isStarting { failed = UnitID(index) }
    }
    beginStop(.nothingLeft(failed: failed), atOnce: false)
  }

  private mutating func continueStop() {
    if command.isAlive {
      stopCommand()
      return
    }
    if !stop.unitsAreStopping {
      stop.unitsAreStopping = true
      stopAllUnits()
      return
    }
    for record in records where record.job != nil || !(record.isDown || record.isStub) { return }
    if mayRun { return }
    phase = .sweeping
    if options.isWrapper { leave() } else { out.append(.finalSweep) }
  }

  /// Stop jobs for everything that is up; start jobs that wait are canceled by them.
  private mutating func stopAllUnits() {
    for index in records.indices {
      let id = UnitID(index)
      if records[index].isStub { continue }
      if let job = records[index].job, job.type != .stop { finish(id, .canceled, Bytes("apus is stopping")) }
      if !records[index].isDown && records[index].job == nil { queueStop(id) }
    }
    mayRun = true
  }

  // MARK: Signals while stopping

  /// A further stop signal: the second hurries, the third kills.
  mutating func stopAgain() {
    if let last = stop.lastSignalAt, now.instant.since(last) < Manager.signalPause { return }
    stop.lastSignalAt = now.instant
    stop.signalCount += 1
    if stop.signalCount == 2 { hurry() }
    if stop.signalCount >= 3 { killEverything() }
  }

  private mutating func hurry() {
    message(.warning, Bytes("second stop signal: timeouts shrink to 1s"))
    stop.isHurried = true
    armCommandLimit()
    for index in records.indices {
      let id = UnitID(index)
      guard var context = serviceContext(id) else { continue }
      self[id].service.hurry(&context)
      absorb(id, context)
    }
  }

  mutating func killEverything() {
    if stop.isKilled { return }
    message(.warning, Bytes("killing everything that is left"))
    stop.isKilled = true
    stop.isHurried = true
    stop.someoneWasKilled = true
    if command.isAlive { out.append(.forward(.kill)) }
    for index in records.indices {
      let id = UnitID(index)
      guard var context = serviceContext(id) else { continue }
      self[id].service.killNow(&context)
      absorb(id, context)
    }
  }

  mutating func stopLimitReached() {
    guard phase == .stopping else { return }
    message(.warning, "--stop-timeout=" + shortSpan(options.stopTimeout) + " is over")
    killEverything()
  }

  mutating func sayWhoIsLate() {
    guard phase == .stopping else { return }
    var text = Bytes("still stopping:")
    if command.isAlive { text += " COMMAND (limit " + shortSpan(Manager.commandStopTimeout) + ")" }
    for record in records where record.service.state.active == .deactivating {
      text += " " + record.name + " (limit " + shortSpan(record.serviceSettings?.timeoutStop ?? .infinity) + ")"
    }
    message(.warning, text)
  }

  // MARK: The end

  mutating func swept(forced: Bool) {
    guard phase == .sweeping else { return }
    if forced { stop.someoneWasKilled = true }
    leave()
  }

  mutating func leave() {
    phase = .left
    // An end at once (exit-force) waits for no job; whoever waits for one is told so.
    for index in records.indices where records[index].job != nil { finish(UnitID(index), .canceled, Bytes("apus is leaving")) }
    let (status, why) = outcome()
    out.append(.takeTerminalBack)
    if !options.isWrapper || command.failure != nil {
      out.append(.message(status == 0 ? .notice : .error, "exit " + Bytes(decimal: status) + ": " + why))
    }
    out.append(.leave(status: status))
  }

  /// The exit contract, rows from the top (DESIGN section 7).
  private func outcome() -> (UInt8, Bytes) {
    if let failure = command.failure {
      let status: UInt8 = failure.stage == .commandNotFound ? 127 : failure.stage == .commandNotExecutable ? 126 : failure.stage.rawValue
      return (status, "COMMAND could not be executed: " + failure.message)
    }
    if let ended = command.ended {
      return (ended.shellStatus, "COMMAND " + Bytes(options.command.first ?? []) + " ended, " + ended.description)
    }
    guard let reason = stop.reason else { return (70, Bytes("apus itself failed: no reason to leave")) }
    switch reason {
    case .action(let unit, let cause, let status):
      return (status, self[unit].name + ": " + Bytes(cause.key) + " (" + self.reason(unit) + ")")
    case .failFast(let unit):
      let service = self[unit].service
      let status = (service.culprit ?? service.lastMainExit ?? service.lastExit)?.status.shellStatus ?? 1
      return (status == 0 ? 1 : status, "--fail-fast: " + self[unit].name + " failed at boot (" + self.reason(unit) + ")")
    case .nothingLeft(let failed):
      guard let failed else { return (0, Bytes("nothing left to do, all succeeded")) }
      return (1, "nothing left to do, " + self[failed].name + " failed (" + self.reason(failed) + ")")
    case .signal(let signal): return stopped("asked to stop by SIG" + signal.name, 0)
    case .hangup: return stopped(Bytes("the terminal hung up"), 0)
    case .request(let status): return stopped(Bytes("asked to exit"), status ?? 0)
    case .commandEnded: return (70, Bytes("apus itself failed: COMMAND has no status"))
    }
  }

  private func stopped(_ why: Bytes, _ status: UInt8) -> (UInt8, Bytes) {
    if !stop.someoneWasKilled { return (status, why) }
    for record in records where record.service.result == .timeout {
      return (1, why + ", and " + record.name + " had to be killed at its timeout")
    }
    return (1, why + ", and something had to be killed")
  }
}
