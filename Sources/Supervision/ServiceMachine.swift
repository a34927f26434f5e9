import Model

/// One service: inputs in, effects out (units.md c.1–c.6). The prose of the states stands in ServiceState.swift.
///
/// `handle` first books what arrived (who ended and how), then makes one step of the table below. The table is grouped
/// by state, names what it ignores, and has no `default`: a new state or step stops the build at every cell.
/// Helpers (ServiceSteps.swift) say what they do and never branch on the state.
public struct ServiceMachine: Equatable, Sendable {
  /// A process that was asked for and has not ended. `pid` is 0 until it is spawned.
  public struct LiveProcess: Equatable, Sendable {
    public var key: ProcessKey
    public var pid: Int32 = 0
    public var startedAt: WallTime
    public var executed = false
    public var execError: Bytes = []
  }

  public internal(set) var state = ServiceState.dead
  public internal(set) var result = ServiceResult.success
  public internal(set) var main: LiveProcess? = nil
  public internal(set) var control: LiveProcess? = nil
  /// The run that is under way, or the last one; 0 before the first.
  public internal(set) var invocation: UInt32 = 0
  public internal(set) var lastMainExit: ExitReport? = nil
  /// Of any role: what `status` names first.
  public internal(set) var lastExit: ExitReport? = nil
  /// NRestarts: automatic restarts since the last manual start.
  public internal(set) var restarts: UInt32 = 0
  public internal(set) var backoff = Backoff()
  /// When the pending restart is due, and its delay; only in auto-restart.
  public internal(set) var restartAt = Instant.never
  public internal(set) var restartDelay = TimeSpan.zero
  /// The end that set `result`: what came after it is consequence.
  public internal(set) var culprit: ExitReport? = nil
  /// Why the last spawn was not made.
  public internal(set) var lastError: Bytes = []
  /// Since when the service was ready, until it ended.
  var runningSince: Instant? = nil
  /// How long the last run was healthy; nil if it never got there.
  var uptime: TimeSpan? = nil
  /// A stop was asked for: no automatic restart (systemd's forbid_restart).
  var stoppedByRequest = false
  /// Nobody of the invocation is left, and nobody was spawned since that was seen.
  var isVerifiedEmpty = true
  /// The kill whose answer decides how to go on.
  var awaitedKill: UInt32? = nil
  var killNumber: UInt32 = 0
  /// Terminating passes in a row that found members and reached none of them.
  var timesAsked = 0
  static let timesAskedMax = 2
  var spawnSerial: UInt32 = 0
  /// Index of the running command in its list.
  var mainIndex = 0
  var controlIndex = 0
  /// What the start brought: TRIGGER_UNIT and its kin.
  var startEnvironment: [Bytes] = []
  /// In a stop: its first timeout has run out, so whoever is killed from here on was late.
  var isLate = false

  public init() {}

  /// Books `input`, then steps. Inputs of another invocation never get here: the manager drops them.
  public mutating func handle(_ input: ServiceInput, _ context: inout ServiceContext) {
    switch input {
    case .start(let cause): step(.start(cause), &context)
    case .stop:
      stoppedByRequest = true
      step(.stop, &context)
    case .reload: step(.reload, &context)
    case .stateDeadline: step(.stateDeadline, &context)
    case .runtimeDeadline: step(.runtimeDeadline, &context)
    case .restartDeadline: step(.restartDeadline, &context)
    case .emptied:
      guard main == nil, control == nil else { return }
      isVerifiedEmpty = true
      step(.emptied, &context)
    case .signalled(let order, let count, let anyLeft):
      guard order == awaitedKill else { return }
      awaitedKill = nil
      if count == 0 && !anyLeft && main == nil && control == nil { isVerifiedEmpty = true }
      guard main == nil, control == nil, count == 0 else { return }
      if anyLeft && timesAsked < ServiceMachine.timesAskedMax && KillPhase(state) == .terminate {
        // Members that fork and end before their signal hand it on to nobody: they are asked again before they are killed.
        timesAsked += 1
        return enterSignal(state, .success, &context)
      }
      timesAsked = 0
      step(.nobodySignalled, &context)
    case .spawned(let key, let pid):
      if main?.key == key {
        main?.pid = pid
        step(.mainSpawned, &context)
      } else if control?.key == key {
        control?.pid = pid
      }
    case .spawnFailed(let key, let failure):
      lastError = failure.message
      if main?.key == key {
        main = nil
        step(.mainSpawnFailed, &context)
      } else if control?.key == key {
        control = nil
        step(.controlSpawnFailed, &context)
      }
    case .executed(let key):
      if main?.key == key {
        main?.executed = true
        step(.mainExecuted, &context)
      } else if control?.key == key {
        control?.executed = true
      }
    case .execFailed(let key, let failure):
      if main?.key == key { main?.execError = failure.message }
      if control?.key == key { control?.execError = failure.message }
      context.message(.error, "cannot start: " + failure.message)
    case .exited(let key, let status):
      if let process = main, process.key == key {
        mainExited(process, status, &context)
      } else if let process = control, process.key == key {
        controlExited(process, status, &context)
      }
    }
  }

  /// A cell's input after booking.
  public enum Step: Equatable, Sendable {
    case start(StartCause), stop, reload
    case mainSpawned, mainSpawnFailed, mainExecuted
    /// The last command of the main list ended, or one that failed.
    case mainExited(ServiceResult)
    case controlSpawnFailed
    /// The last command of the control list ended, or one that failed.
    case controlExited(ServiceResult)
    /// The kill found nobody to wait for.
    case nobodySignalled
    /// Main and control are gone, and nobody of the invocation is left.
    case emptied
    case stateDeadline, runtimeDeadline, restartDeadline
  }

  mutating func step(_ step: Step, _ context: inout ServiceContext) {
    #if !hasFeature(Embedded)
    visitedCell?(context.settings.type, state, step)
    #endif
    switch state {
    case .dead, .failed:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed, .controlExited,
        .nobodySignalled, .emptied, .stateDeadline, .runtimeDeadline, .restartDeadline:
        break
      }

    case .condition:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(.success): enterStartPre(&context)
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterDead(.resources, &context)
      case .stateDeadline: startTimedOut(&context)
      case .start, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .nobodySignalled, .emptied,
        .runtimeDeadline, .restartDeadline:
        break
      }

    case .startPre:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(.success): enterStart(&context)
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterSignal(.stopSigterm, .resources, &context)
      case .stateDeadline: startTimedOut(&context)
      case .start, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .nobodySignalled, .emptied,
        .runtimeDeadline, .restartDeadline:
        break
      }

    case .start:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .mainSpawned: if context.settings.type == .simple { enterStartPost(&context) }
      case .mainExecuted: if context.settings.type == .exec { enterStartPost(&context) }
      case .mainSpawnFailed: enterSignal(.stopSigterm, .resources, &context)
      case .mainExited(.success):
        if context.settings.type == .oneshot { enterStartPost(&context) } else { enterRunning(.success, &context) }
      case .mainExited(let result): enterSignal(.stopSigterm, result, &context)
      case .stateDeadline: startTimedOut(&context)
      case .start, .reload, .controlSpawnFailed, .controlExited, .nobodySignalled, .emptied, .runtimeDeadline, .restartDeadline:
        break
      }

    case .startPost:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(.success): enterRunning(.success, &context)
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterStop(.resources, &context)
      // The command may still want to end by itself: its end decides (systemd waits for it too).
      case .mainExited(let result): if control == nil { enterStop(result, &context) }
      case .stateDeadline: startTimedOut(&context)
      case .start, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .nobodySignalled, .emptied, .runtimeDeadline,
        .restartDeadline:
        break
      }

    case .running:
      switch step {
      case .stop: enterStop(.success, &context)
      case .reload: enterReload(&context)
      case .mainExited(let result):
        if context.settings.exitType == .cgroup && !isVerifiedEmpty && result == .success {
          watchUntilEmpty(&context)
        } else {
          enterRunning(result, &context)
        }
      case .emptied: enterRunning(.success, &context)
      case .runtimeDeadline: enterStop(.timeout, &context)
      case .start, .mainSpawned, .mainSpawnFailed, .mainExecuted, .controlSpawnFailed, .controlExited, .nobodySignalled,
        .stateDeadline, .restartDeadline:
        break
      }

    case .exited:
      switch step {
      case .stop: enterStop(.success, &context)
      case .reload: enterReload(&context)
      case .start, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed, .controlExited,
        .nobodySignalled, .emptied, .stateDeadline, .runtimeDeadline, .restartDeadline:
        break
      }

    case .reload:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(let result): reloadEnded(result, &context)
      case .controlSpawnFailed: reloadEnded(.resources, &context)
      case .stateDeadline: reloadTimedOut(&context)
      // The reload command decides when it ends; without one there is nothing to wait for.
      case .mainExited(let result): if control == nil { enterStop(result, &context) }
      case .start, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .nobodySignalled, .emptied, .runtimeDeadline,
        .restartDeadline:
        break
      }

    case .stop:
      switch step {
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterSignal(.stopSigterm, .resources, &context)
      case .stateDeadline: stopTimedOut(first: .stopWatchdog, term: .stopSigterm, kill: .stopSigkill, &context)
      // ExecStop= goes on: its end decides.
      case .mainExited: break
      case .start, .stop, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .nobodySignalled, .emptied, .runtimeDeadline,
        .restartDeadline:
        break
      }

    case .stopWatchdog:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterStopPost(.success, &context) } else { killOrMoveOn(.stopSigkill, &context) }
      case .emptied: enterStopPost(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.stopSigkill, &context)
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .stopSigterm:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterStopPost(.success, &context) } else { killOrMoveOn(.stopSigkill, &context) }
      case .emptied: enterStopPost(.success, &context)
      case .stateDeadline:
        late(&context)
        if context.settings.timeoutStopFailureMode == .abort {
          enterSignal(.stopWatchdog, .timeout, &context)
        } else {
          killOrMoveOn(.stopSigkill, &context)
        }
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .stopSigkill:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .nobodySignalled, .emptied: enterStopPost(.success, &context)
      case .stateDeadline: stillNotGone(.stopSigkill, &context)
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .stopPost:
      switch step {
      case .controlExited(let result): enterSignal(.finalSigterm, result, &context)
      case .controlSpawnFailed: enterSignal(.finalSigterm, .resources, &context)
      case .stateDeadline: stopTimedOut(first: .finalWatchdog, term: .finalSigterm, kill: .finalSigkill, &context)
      // A main process that outlived its stop (KillMode=none) ends beside ExecStopPost=, whose end decides.
      case .mainExited: break
      case .start, .stop, .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .nobodySignalled, .emptied, .runtimeDeadline,
        .restartDeadline:
        break
      }

    case .finalWatchdog:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterDead(.success, &context) } else { killOrMoveOn(.finalSigkill, &context) }
      case .emptied: enterDead(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.finalSigkill, &context)
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .finalSigterm:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterDead(.success, &context) } else { killOrMoveOn(.finalSigkill, &context) }
      case .emptied: enterDead(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.finalSigkill, &context)
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .finalSigkill:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .nobodySignalled, .emptied: enterDead(.success, &context)
      case .stateDeadline: stillNotGone(.finalSigkill, &context)
      case .start, .stop, .reload, .mainSpawned, .mainExecuted, .runtimeDeadline, .restartDeadline: break
      }

    case .autoRestart:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop: cancelRestart(&context)
      case .restartDeadline:
        set(.autoRestartQueued, &context)
        context.notices.append(.restartDue)
      case .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed, .controlExited,
        .nobodySignalled, .emptied, .stateDeadline, .runtimeDeadline:
        break
      }

    case .autoRestartQueued:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop: cancelRestart(&context)
      case .reload, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed, .controlExited,
        .nobodySignalled, .emptied, .stateDeadline, .runtimeDeadline, .restartDeadline:
        break
      }
    }
  }
}
