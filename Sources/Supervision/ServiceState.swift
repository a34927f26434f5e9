import Model

/// The states of a service: systemd's, by systemd's names (units.md c.1). In words:
///
/// A start walks `condition` → `startPre` → `start` → (`startPost`) → `running`, or `exited` for a service that has
/// nothing to run any more but stays active (`RemainAfterExit=`). A step without commands is passed through. In
/// `condition`, `startPre` and `startPost` a *control* process runs; in `start` the *main* process is being made (simple,
/// and idle, which is held back until no job is left), executed (exec), waited for until it says READY=1 (notify) or a probe
/// says it (`Ready…=`), run to its end (oneshot), or looked for: with forking the command itself is a control process, and
/// the daemon that it leaves behind becomes main by its PID file, by a guess, or stays unknown. `condition` is also where a
/// start waits for the answer whether somebody of a run before is left, where that forbids it (`SendSIGKILL=no`).
///
/// `reload` is `running` with a control process beside the main one. `reloadSignal` waits for the RELOADING=1 that answers
/// ReloadSignal= (notify-reload); `reloadNotify` waits for READY=1 after it, also where a service reloads by itself.
///
/// `drain` (`DrainSec=`) is apus's own: the service runs on, but is not ready for anybody any more; its stop follows.
///
/// A stop walks `stop` (ExecStop=) → `stopSigterm` → `stopSigkill` → `stopPost` (ExecStopPost=) → `finalSigterm` →
/// `finalSigkill` → `dead` or `failed`. The first half ends when main and control process are gone; the second half ends
/// when *every* process of the invocation is gone, which is what makes a stop whole. `stopWatchdog` and `finalWatchdog`
/// are the variants whose first signal is WatchdogSignal= (`Timeout…FailureMode=abort`, and a missed watchdog). `stopSigterm`
/// is also where a service that says STOPPING=1 is waited for, without a signal. What a run leaves behind by rule (its runtime
/// directories, its PID file) is removed in `cleaning`, between the last process and `dead`, so that a stop that is done is
/// done.
///
/// From `dead` or `failed` a restart goes through `autoRestart` (the backoff) and `autoRestartQueued` (its job waits for
/// its turn). Both are "activating" to everybody else: a service that will come back is not gone.
///
/// Two processes at most are ours to follow, `main` and `control`; everything else of the invocation is only counted.
public enum ServiceState: UInt8, CaseIterable, Sendable {
  case dead, condition, startPre, start, startPost, running, exited, reload, reloadSignal, reloadNotify, drain, stop,
    stopWatchdog, stopSigterm, stopSigkill, stopPost, finalWatchdog, finalSigterm, finalSigkill, cleaning, failed, autoRestart,
    autoRestartQueued

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
    case .reloadSignal: "reload-signal"
    case .reloadNotify: "reload-notify"
    case .drain: "drain"
    case .stop: "stop"
    case .stopWatchdog: "stop-watchdog"
    case .stopSigterm: "stop-sigterm"
    case .stopSigkill: "stop-sigkill"
    case .stopPost: "stop-post"
    case .finalWatchdog: "final-watchdog"
    case .finalSigterm: "final-sigterm"
    case .finalSigkill: "final-sigkill"
    case .cleaning: "cleaning"
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
    case .reload, .reloadSignal, .reloadNotify: .reloading
    case .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill,
      .cleaning:
      .deactivating
    case .failed: .failed
    }
  }
}
