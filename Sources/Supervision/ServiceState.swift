import Model

/// The states of a service: systemd's, by systemd's names (units.md c.1). In words:
///
/// A start walks `condition` → `startPre` → `start` → (`startPost`) → `running`, or `exited` for a service that has
/// nothing to run any more but stays active (`RemainAfterExit=`). A step without commands is passed through. In
/// `condition`, `startPre` and `startPost` a *control* process runs; in `start` the *main* process is being made (simple),
/// executed (exec) or run to its end (oneshot). `reload` is `running` with a control process beside the main one.
///
/// A stop walks `stop` (ExecStop=) → `stopSigterm` → `stopSigkill` → `stopPost` (ExecStopPost=) → `finalSigterm` →
/// `finalSigkill` → `dead` or `failed`. The first half ends when main and control process are gone; the second half ends
/// when *every* process of the invocation is gone, which is what makes a stop whole. `stopWatchdog` and `finalWatchdog`
/// are the variants whose first signal is WatchdogSignal= (`Timeout…FailureMode=abort`).
///
/// From `dead` or `failed` a restart goes through `autoRestart` (the backoff) and `autoRestartQueued` (its job waits for
/// its turn). Both are "activating" to everybody else: a service that will come back is not gone.
///
/// Two processes at most are ours to follow, `main` and `control`; everything else of the invocation is only counted.
public enum ServiceState: UInt8, CaseIterable, Sendable {
  case dead, condition, startPre, start, startPost, running, exited, reload, stop, stopWatchdog, stopSigterm, stopSigkill,
    stopPost, finalWatchdog, finalSigterm, finalSigkill, failed, autoRestart, autoRestartQueued

  /// systemd's SubState.
  public var name: StaticString {
    switch self {
    case .dead: "dead"
    case .condition: "condition"
    case .startPre: "start-pre"
    case .start: "start"
    case .startPost: "start-post"
    case .running: "running"
    case .exited: "exited"
    case .reload: "reload"
    case .stop: "stop"
    case .stopWatchdog: "stop-watchdog"
    case .stopSigterm: "stop-sigterm"
    case .stopSigkill: "stop-sigkill"
    case .stopPost: "stop-post"
    case .finalWatchdog: "final-watchdog"
    case .finalSigterm: "final-sigterm"
    case .finalSigkill: "final-sigkill"
    case .failed: "failed"
    case .autoRestart: "auto-restart"
    case .autoRestartQueued: "auto-restart-queued"
    }
  }

  public var active: ActiveState {
    switch self {
    case .dead: .inactive
    case .condition, .startPre, .start, .startPost, .autoRestart, .autoRestartQueued: .activating
    case .running, .exited: .active
    case .reload: .reloading
    case .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill:
      .deactivating
    case .failed: .failed
    }
  }
}

/// What can happen to a service. Processes come by role: `main` for Role.main, else `control`.
public enum ServiceInput: Equatable, Sendable {
  case start(StartCause)
  case stop
  case reload
  case spawned(ProcessKey, pid: Int32)
  case spawnFailed(ProcessKey, SpawnFailure)
  case executed(ProcessKey)
  case execFailed(ProcessKey, ExecFailure)
  case exited(ProcessKey, ExitStatus)
  case signalled(order: UInt32, count: Int, anyLeft: Bool)
  case emptied
  case stateDeadline
  case runtimeDeadline
  case restartDeadline
}

/// Why a start happens.
public enum StartCause: Equatable, Sendable {
  /// A client, boot, a dependency, a timer: the counters start anew. `environment`: TRIGGER_UNIT and its kin.
  case request(environment: [Bytes])
  case autoRestart
}

/// What a step of the machine tells the manager beside its effects, in order.
public enum ServiceNotice: Equatable, Sendable {
  /// Every state passed through, momentary ones included (`failed` before `autoRestart`).
  case passed(ServiceState)
  /// The backoff is over: queue the restart's job.
  case restartDue
  /// A process had to be killed because a stop's timeout ran out.
  case killedAtTimeout
  /// ExecReload= ended; its job ends with it.
  case reloadEnded(success: Bool)
}
