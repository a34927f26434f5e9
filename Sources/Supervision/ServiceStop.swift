import Model

// What the cells of a stop do. Names and order are systemd's (units.md c.4, c.6).

extension ServiceMachine {
  // A stop before the service was up goes straight to the signals: ExecStop= is not run (units.md c.4).

  func cancelRestart(_ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    restartAt = .never
    releaseStore(restarts: false, &context)
    set(.dead, &context)
  }

  /// A stop by request: first the service turns not-ready for `DrainSec=`, if it has one and anybody to drain.
  func beginStop(_ context: inout ServiceContext) {
    #if PLANTED
    if plantedBug == 26 { return enterStop(.success, &context) }
    #endif
    if context.settings.drain == .zero || main == nil { return enterStop(.success, &context) }
    endUptime(context.now)
    set(.drain, &context)
    arm(context.settings.drain, &context)
  }

  /// ExecStop= is for a service that runs: during a reload the signal comes at once (units.md c.4), unless it is drained.
  func stopInReload(_ context: inout ServiceContext) {
    if context.settings.drain == .zero { enterSignal(.stopSigterm, .success, &context) } else { beginStop(&context) }
  }

  /// The main process ended while it drained.
  func endedInDrain(_ found: ServiceResult, _ context: inout ServiceContext) {
    if found == .success { enterStop(.success, &context) } else { enterSignal(.stopSigterm, found, &context) }
  }

  /// STOPPING=1: as if the signal had been sent already.
  func stopByNotify(_ context: inout ServiceContext) {
    endUptime(context.now)
    set(.stopSigterm, &context)
    awaitedKill = nil
    arm(context.settings.timeoutStop, &context)
    if main == nil { watchUntilEmpty(&context) }
  }

  /// The kernel killed one of its processes for want of memory: `OOMPolicy=` says what that means for the rest.
  func oomInCommand(_ context: inout ServiceContext) {
    switch context.settings.oomPolicy {
    case .continue: break
    case .stop: enterSignal(.stopSigterm, .oomKill, &context)
    case .kill: enterSignal(.stopSigkill, .oomKill, &context)
    }
  }

  func oomWhileUp(_ context: inout ServiceContext) {
    switch context.settings.oomPolicy {
    case .continue: break
    case .stop: enterStop(.oomKill, &context)
    case .kill: enterSignal(.stopSigkill, .oomKill, &context)
    }
  }

  func oomInStop(_ kill: ServiceState, _ context: inout ServiceContext) {
    if context.settings.oomPolicy != .continue { enterSignal(kill, .oomKill, &context) }
  }

  func enterStop(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    endUptime(context.now)
    if context.settings.stop.isEmpty { return enterSignal(.stopSigterm, .success, &context) }
    set(.stop, &context)
    runControl(.stop, context.settings.timeoutStop, &context)
  }

  func enterStopPost(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    #if PLANTED
    if plantedBug == 25 && result == .watchdog { return enterSignal(.finalSigterm, .success, &context) }
    #endif
    if context.settings.stopPost.isEmpty { return enterSignal(.finalSigterm, .success, &context) }
    set(.stopPost, &context)
    runControl(.stopPost, context.settings.timeoutStop, &context)
  }

  /// One of the six signal states: sends its signal and waits for who got it; with nobody there it goes on at once.
  func enterSignal(_ next: ServiceState, _ found: ServiceResult, _ context: inout ServiceContext) {
    #if PLANTED
    if plantedBug == 3 && state == .start && found == .resources { return }
    #endif
    stick(found)
    endUptime(context.now)
    set(next, &context)
    let phase = KillPhase(next)
    let mode = context.settings.killMode
    let others = mode == .controlGroup || (mode == .mixed && phase.isKill)
    awaitedKill = nil
    if mode == .none || (main == nil && control == nil && (!others || isVerifiedEmpty)) {
      disarmState(&context)
      return step(.nobodySignalled, &context)
    }
    arm(phase.isAbort ? context.settings.timeoutAbort ?? context.settings.timeoutStop : context.settings.timeoutStop, &context)
    let signal =
      switch phase {
      case .terminate:
        context.restartIsPending ? context.settings.restartKillSignal ?? context.settings.killSignal : context.settings.killSignal
      case .abort: context.settings.watchdogSignal
      case .kill: context.settings.finalKillSignal
      }
    let order = nextKillOrder(
      Invocation(unit: context.id, number: invocation), signal, main: main != nil || control?.key.role == .main,
      control: control != nil && control?.key.role != .main, others: others, &context)
    awaitedKill = order.number
    awaitsWhole = others
    if phase.isKill && isLate && !(main == nil && control == nil && isVerifiedEmpty) { context.notices.append(.killedAtTimeout) }
    context.effects.append(.kill(order))
  }

  /// Main or control is gone; the other one, if it lives, is waited for (systemd waits for both, not for the rest).
  func leaveStopSignal(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    if main == nil && control == nil { enterStopPost(found, &context) }
  }

  /// In the second half everybody must be gone: when main and control are, what is left is asked again.
  func leaveFinalSignal(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    guard main == nil, control == nil else { return }
    if context.settings.killMode == .process || context.settings.killMode == .none { return enterDead(found, &context) }
    watchUntilEmpty(&context)
  }

  /// SIGKILL where the unit allows it, else on without it.
  func killOrMoveOn(_ kill: ServiceState, _ context: inout ServiceContext) {
    let mode = context.settings.killMode
    if context.settings.sendSIGKILL && mode != .none && (mode != .process || main != nil || control != nil) {
      return enterSignal(kill, isLate ? .timeout : .success, &context)
    }
    if kill == .stopSigkill {
      enterStopPost(isLate ? .timeout : .success, &context)
    } else {
      enterDead(isLate ? .timeout : .success, &context)
    }
  }

  func stopTimedOut(
    first watchdog: ServiceState, term: ServiceState, kill: ServiceState, _ context: inout ServiceContext
  ) {
    late(&context)
    switch context.settings.timeoutStopFailureMode {
    case .terminate: enterSignal(term, .timeout, &context)
    case .abort: enterSignal(watchdog, .timeout, &context)
    case .kill: killOrMoveOn(kill, &context)
    }
  }

  /// A timeout of the stop ran out.
  func late(_ context: inout ServiceContext) {
    context.message(.warning, "stop timed out in " + Bytes(state.name))
    stick(.timeout)
    isLate = true
  }

  /// SIGKILL was sent and its timeout is over. systemd calls the service stopped; apus says so and stays, because a
  /// live process that is called stopped gets a twin. Only a shutdown leaves it behind.
  func stillNotGone(_ again: ServiceState, _ context: inout ServiceContext) {
    if context.isShuttingDown {
      context.message(.error, "processes outlived SIGKILL and are left behind")
      main = nil
      control = nil
      isVerifiedEmpty = true
      if again == .stopSigkill { return enterStopPost(.timeout, &context) }
      return enterDead(.timeout, &context)
    }
    context.message(.error, "processes outlive SIGKILL (uninterruptible); waiting for them")
    isLate = true
    enterSignal(again, .timeout, &context)
  }
}
