import Model

// The table: what every step means in every state (units.md c.1–c.7). Grouped by state; what a state ignores is named, and
// there is no `default`, so that a new state or step stops the build at every cell. Long for that reason. Helpers say what
// they do and never branch on the state.

extension ServiceMachine {
  func step(_ step: Step, _ context: inout ServiceContext) {
    #if !hasFeature(Embedded)
    visitedCell?(context.settings.type, state, step)
    #endif
    switch state {
    case .dead, .failed:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited,
        .controlSpawnFailed, .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading,
        .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .oomKilled, .nobodySignalled, .emptied, .cleaned,
        .stateDeadline, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .condition:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .leftoversCounted(any: true): refuseBesideLeftovers(&context)
      case .leftoversCounted(any: false): enterCondition(&context)
      case .controlExited(.success): enterStartPre(&context)
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterDead(.resources, &context)
      case .oomKilled: oomInCommand(&context)
      case .stateDeadline: startTimedOut(&context)
      case .start, .reload, .idle, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .nobodySignalled,
        .emptied, .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .startPre:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(.success): enterStart(&context)
      case .controlExited(let result): enterSignal(afterStartPre(context.settings), result, &context)
      case .controlSpawnFailed: enterSignal(afterStartPre(context.settings), .resources, &context)
      case .oomKilled: oomInCommand(&context)
      case .stateDeadline: startTimedOut(by: afterStartPre(context.settings), &context)
      case .start, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited,
        .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed,
        .unhealthy, .nobodySignalled, .emptied, .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .start:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .idle: if isHeldBack(context.settings) { releaseIdle(&context) }
      case .mainSpawned: if context.settings.type.isMadeBySpawn { startIsMade(&context) }
      case .mainExecuted: if isMadeByExec(context.settings) { startIsMade(&context) }
      case .mainSpawnFailed, .controlSpawnFailed: enterSignal(.stopSigterm, .resources, &context)
      case .mainExited(.success): mainEndedInStart(&context)
      case .mainExited(let result): enterSignal(.stopSigterm, result, &context)
      // Only Type=forking has a control process here: ExecStart= itself.
      case .controlExited(.success): parentEnded(&context)
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .mainPIDFound, .mainPIDUnknown: startIsMade(&context)
      case .notifiedReady: if context.settings.type.isNotify { enterStartPost(&context) }
      case .probedReady: if !context.settings.type.isNotify { readinessCame(&context) }
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .oomKilled: oomInCommand(&context)
      case .emptied: startHasNobody(&context)
      case .stateDeadline: if isHeldBack(context.settings) { releaseIdle(&context) } else { startTimedOut(&context) }
      case .listeners(.success): enterStartPost(&context)
      case .listeners(let result): enterStop(result, &context)
      case .start, .reload, .leftoversCounted, .notifiedReloading, .notifiedStopping, .unhealthy, .nobodySignalled, .cleaned,
        .runtimeDeadline, .restartDeadline:
        break
      }

    case .startPost:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(.success): startPostEnded(&context)
      case .controlExited(let result): startPostFailed(result, &context)
      case .controlSpawnFailed: enterStop(.resources, &context)
      // The command may still want to end by itself: its end decides (systemd waits for it too).
      case .mainExited(let result): if control == nil { enterStop(result, &context) }
      case .mainPIDFound, .mainPIDUnknown: enterRunning(.success, &context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .oomKilled: oomInCommand(&context)
      case .emptied: if search.awaits == .pidFile { enterStop(.protocol, &context) }
      case .stateDeadline: startTimedOut(&context)
      case .listeners(let result): if result != .success { enterSignal(.stopSigterm, result, &context) }
      case .start, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .notifiedReady,
        .notifiedReloading, .notifiedStopping, .probedReady, .unhealthy, .nobodySignalled, .cleaned, .runtimeDeadline,
        .restartDeadline:
        break
      }

    case .running:
      switch step {
      case .stop: beginStop(&context)
      case .reload: enterReload(&context)
      case .mainExited(let result):
        if context.settings.exitType == .cgroup && !isVerifiedEmpty && result == .success {
          watchUntilEmpty(&context)
        } else {
          enterRunning(result, &context)
        }
      // It reloads by itself.
      case .notifiedReloading: enterReloadNotify(&context)
      case .notifiedStopping: stopByNotify(&context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .unhealthy: enterStop(.watchdog, &context)
      case .oomKilled: oomWhileUp(&context)
      case .emptied: enterRunning(.success, &context)
      case .runtimeDeadline: enterStop(.timeout, &context)
      case .start, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .probedReady, .nobodySignalled, .cleaned,
        .stateDeadline, .restartDeadline, .listeners:
        break
      }

    case .exited:
      switch step {
      case .stop: beginStop(&context)
      case .reload: enterReload(&context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .oomKilled: oomWhileUp(&context)
      case .listeners(let result): if result != .success { enterStop(result, &context) }
      case .start, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady,
        .unhealthy, .nobodySignalled, .emptied, .cleaned, .stateDeadline, .runtimeDeadline, .restartDeadline:
        break
      }

    case .reload:
      switch step {
      case .stop: enterSignal(.stopSigterm, .success, &context)
      case .controlExited(let result): reloadCommandEnded(result, &context)
      case .controlSpawnFailed: reloadCommandEnded(.resources, &context)
      // The reload command decides when it ends; without one there is nothing to wait for.
      case .mainExited(let result): if control == nil { enterStop(result, &context) }
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .unhealthy: enterSignal(.stopSigterm, .watchdog, &context)
      case .oomKilled: oomInCommand(&context)
      case .stateDeadline: reloadTimedOut(&context)
      case .start, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainPIDFound,
        .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .nobodySignalled, .emptied,
        .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .reloadSignal:
      switch step {
      case .stop: stopInReload(&context)
      case .mainExited(let result): enterStop(result, &context)
      // One that was sent before the signal came speaks of another reload.
      case .notifiedReloading(isAnswer: true): enterReloadNotify(&context)
      case .notifiedReloading(isAnswer: false): break
      case .notifiedStopping: stopByNotify(&context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .unhealthy: enterStop(.watchdog, &context)
      case .oomKilled: oomWhileUp(&context)
      case .emptied: enterStop(.success, &context)
      case .stateDeadline: reloadTimedOut(&context)
      case .start, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .probedReady, .nobodySignalled, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .reloadNotify:
      switch step {
      case .stop: stopInReload(&context)
      case .mainExited(let result): enterStop(result, &context)
      case .notifiedReady: reloadEnded(reloadResult, &context)
      case .notifiedStopping: stopByNotify(&context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .unhealthy: enterStop(.watchdog, &context)
      case .oomKilled: oomWhileUp(&context)
      case .emptied: enterStop(.success, &context)
      case .stateDeadline: reloadTimedOut(&context)
      case .start, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReloading, .probedReady, .nobodySignalled, .cleaned, .runtimeDeadline,
        .restartDeadline, .listeners:
        break
      }

    case .drain:
      switch step {
      case .mainExited(let result): endedInDrain(result, &context)
      case .notifiedStopping: stopByNotify(&context)
      case .oomKilled: oomWhileUp(&context)
      case .emptied, .stateDeadline: enterStop(.success, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted,
        .controlSpawnFailed, .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading, .probedReady,
        .watchdogMissed, .unhealthy, .nobodySignalled, .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .stop:
      switch step {
      case .controlExited(let result): enterSignal(.stopSigterm, result, &context)
      case .controlSpawnFailed: enterSignal(.stopSigterm, .resources, &context)
      case .watchdogMissed: enterSignal(.stopWatchdog, .watchdog, &context)
      case .oomKilled: oomInCommand(&context)
      case .stateDeadline: stopTimedOut(first: .stopWatchdog, term: .stopSigterm, kill: .stopSigkill, &context)
      // ExecStop= goes on: its end decides.
      case .mainExited: break
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainPIDFound,
        .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .unhealthy, .nobodySignalled,
        .emptied, .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .stopWatchdog:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .oomKilled: oomInStop(.stopSigkill, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterStopPost(.success, &context) } else { killOrMoveOn(.stopSigkill, &context) }
      case .emptied: enterStopPost(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.stopSigkill, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .stopSigterm:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .oomKilled: oomInStop(.stopSigkill, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterStopPost(.success, &context) } else { killOrMoveOn(.stopSigkill, &context) }
      case .emptied: enterStopPost(.success, &context)
      case .stateDeadline:
        late(&context)
        if context.settings.timeoutStopFailureMode == .abort {
          enterSignal(.stopWatchdog, .timeout, &context)
        } else {
          killOrMoveOn(.stopSigkill, &context)
        }
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .stopSigkill:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveStopSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveStopSignal(.resources, &context)
      case .oomKilled: stick(.oomKill)
      case .nobodySignalled, .emptied: enterStopPost(.success, &context)
      case .stateDeadline: stillNotGone(.stopSigkill, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .stopPost:
      switch step {
      case .controlExited(let result): enterSignal(.finalSigterm, result, &context)
      case .controlSpawnFailed: enterSignal(.finalSigterm, .resources, &context)
      case .oomKilled: oomInStop(.finalSigkill, &context)
      case .stateDeadline: stopTimedOut(first: .finalWatchdog, term: .finalSigterm, kill: .finalSigkill, &context)
      // A main process that outlived its stop (KillMode=none) ends beside ExecStopPost=, whose end decides.
      case .mainExited: break
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainPIDFound,
        .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy,
        .nobodySignalled, .emptied, .cleaned, .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .finalWatchdog:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .oomKilled: oomInStop(.finalSigkill, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterDead(.success, &context) } else { killOrMoveOn(.finalSigkill, &context) }
      case .emptied: enterDead(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.finalSigkill, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .finalSigterm:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .oomKilled: oomInStop(.finalSigkill, &context)
      case .nobodySignalled: if isVerifiedEmpty { enterDead(.success, &context) } else { killOrMoveOn(.finalSigkill, &context) }
      case .emptied: enterDead(.success, &context)
      case .stateDeadline:
        late(&context)
        killOrMoveOn(.finalSigkill, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .finalSigkill:
      switch step {
      case .mainExited(let result), .controlExited(let result): leaveFinalSignal(result, &context)
      case .mainSpawnFailed, .controlSpawnFailed: leaveFinalSignal(.resources, &context)
      case .oomKilled: stick(.oomKill)
      case .nobodySignalled, .emptied: enterDead(.success, &context)
      case .stateDeadline: stillNotGone(.finalSigkill, &context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainExecuted, .mainPIDFound, .mainPIDUnknown,
        .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .cleaned,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .cleaning:
      switch step {
      case .cleaned: finishDead(&context)
      case .start, .stop, .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited,
        .controlSpawnFailed, .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading,
        .notifiedStopping, .probedReady, .watchdogMissed, .unhealthy, .oomKilled, .nobodySignalled, .emptied, .stateDeadline,
        .runtimeDeadline, .restartDeadline, .listeners:
        break
      }

    case .autoRestart:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop: cancelRestart(&context)
      case .restartDeadline:
        set(.autoRestartQueued, &context)
        context.notices.append(.restartDue)
      case .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady,
        .watchdogMissed, .unhealthy, .oomKilled, .nobodySignalled, .emptied, .cleaned, .stateDeadline, .runtimeDeadline, .listeners:
        break
      }

    case .autoRestartQueued:
      switch step {
      case .start(let cause): begin(cause, &context)
      case .stop: cancelRestart(&context)
      case .reload, .idle, .leftoversCounted, .mainSpawned, .mainSpawnFailed, .mainExecuted, .mainExited, .controlSpawnFailed,
        .controlExited, .mainPIDFound, .mainPIDUnknown, .notifiedReady, .notifiedReloading, .notifiedStopping, .probedReady,
        .watchdogMissed, .unhealthy, .oomKilled, .nobodySignalled, .emptied, .cleaned, .stateDeadline, .runtimeDeadline,
        .restartDeadline, .listeners:
        break
      }
    }
  }
}

extension ServiceType {
  /// Started as soon as the main process is forked. Type=dbus waits for no bus name: there is no bus (units.md c.3).
  var isMadeBySpawn: Bool {
    switch self {
    case .simple, .dbus, .idle: true
    case .exec, .oneshot, .forking, .notify, .notifyReload: false
    }
  }

  /// READY=1 ends the start.
  var isNotify: Bool {
    switch self {
    case .notify, .notifyReload: true
    case .simple, .exec, .oneshot, .forking, .dbus, .idle: false
    }
  }
}
