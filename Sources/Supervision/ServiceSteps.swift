import Model

// What the cells of ServiceMachine's table do. Names and order are systemd's (units.md c.4, c.6).

extension ServiceMachine {
  // MARK: Start

  /// Conditions, then ExecStartPre=, then the service itself.
  mutating func begin(_ cause: StartCause, _ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    switch cause {
    case .request(let environment):
      restarts = 0
      backoff.reset()
      startEnvironment = environment
    case .autoRestart:
      restarts = restarts == .max ? restarts : restarts + 1
    }
    if invocation != 0 { context.effects.append(.forget(Invocation(unit: context.id, number: invocation))) }
    invocation = context.nextInvocation
    result = .success
    lastMainExit = nil
    lastExit = nil
    culprit = nil
    lastError = []
    main = nil
    control = nil
    runningSince = nil
    uptime = nil
    stoppedByRequest = false
    isVerifiedEmpty = true
    awaitedKill = nil
    isLate = false
    restartAt = .never
    if context.settings.condition.isEmpty {
      enterStartPre(&context)
    } else {
      set(.condition, &context)
      runControl(.condition, context.settings.timeoutStart, &context)
    }
  }

  mutating func enterStartPre(_ context: inout ServiceContext) {
    if context.settings.startPre.isEmpty { return enterStart(&context) }
    set(.startPre, &context)
    runControl(.startPre, context.settings.timeoutStart, &context)
  }

  /// A service without ExecStart= is started by having nothing to start.
  mutating func enterStart(_ context: inout ServiceContext) {
    guard let command = context.settings.start.first else { return enterStartPost(&context) }
    set(.start, &context)
    // Type=simple has no start timeout: it is started as soon as it is forked (units.md c.3).
    arm(context.settings.type == .simple ? .infinity : context.settings.timeoutStart, &context)
    mainIndex = 0
    spawnMain(command, &context)
  }

  mutating func enterStartPost(_ context: inout ServiceContext) {
    if context.settings.startPost.isEmpty { return enterRunning(.success, &context) }
    if context.settings.type != .oneshot { markReady(&context) }
    set(.startPost, &context)
    runControl(.startPost, context.settings.timeoutStart, &context)
  }

  /// Where a started service belongs: running, exited, or, when nothing of it runs, its stop.
  mutating func enterRunning(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    if result != .success { return enterSignal(.stopSigterm, found, &context) }
    let mainIsAlive = main != nil || (context.settings.exitType == .cgroup && !isVerifiedEmpty)
    if mainIsAlive {
      markReady(&context)
      set(.running, &context)
      disarmState(&context)
      // ExitType=cgroup: the main process ended during ExecStartPost= or a reload.
      if main == nil { watchUntilEmpty(&context) }
      if !context.settings.runtimeMax.isInfinite, let runningSince {
        let limit = runningSince + context.settings.runtimeMax + runtimeExtra(context)
        context.effects.append(.arm(Deadline(context.id, .runtime, invocation: invocation), at: limit))
      }
    } else if context.settings.remainAfterExit {
      markReady(&context)
      set(.exited, &context)
      disarmState(&context)
    } else {
      enterStop(.success, &context)
    }
  }

  /// `RuntimeRandomizedExtraSec=`: drawn once a run.
  private func runtimeExtra(_ context: ServiceContext) -> TimeSpan {
    let range = context.settings.runtimeRandomizedExtra
    if range == .zero || range.isInfinite { return .zero }
    return TimeSpan(microseconds: TimerMachine.mix(context.invocationSeed ^ UInt64(invocation)) % range.microseconds)
  }

  /// ExitType=cgroup: the main process has ended, others go on.
  mutating func watchUntilEmpty(_ context: inout ServiceContext) {
    context.effects.append(.watchEmpty(Invocation(unit: context.id, number: invocation)))
  }

  mutating func startTimedOut(_ context: inout ServiceContext) {
    context.message(.warning, "start timed out, stopping it")
    isLate = true
    switch context.settings.timeoutStartFailureMode {
    case .terminate: enterSignal(.stopSigterm, .timeout, &context)
    case .abort: enterSignal(.stopWatchdog, .timeout, &context)
    case .kill:
      stick(.timeout)
      killOrMoveOn(.stopSigkill, &context)
    }
  }

  // MARK: Reload

  mutating func enterReload(_ context: inout ServiceContext) {
    set(.reload, &context)
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .runtime)))
    runControl(.reload, context.settings.timeoutStart, &context)
  }

  /// A reload that failed leaves the service running (units.md c.4).
  mutating func reloadEnded(_ found: ServiceResult, _ context: inout ServiceContext) {
    context.notices.append(.reloadEnded(success: found == .success))
    if found != .success { context.message(.warning, "reload failed: " + Bytes(found.name)) }
    disarmState(&context)
    if main == nil && lastMainExit != nil && !context.settings.remainAfterExit {
      enterRunning(mainResult(context.settings), &context)
    } else {
      enterRunning(.success, &context)
    }
  }

  mutating func reloadTimedOut(_ context: inout ServiceContext) {
    if let process = control {
      context.message(.warning, "reload timed out, killing its command")
      let order = nextKillOrder(process.key.invocation, .kill, main: false, control: true, others: false, &context)
      context.effects.append(.kill(order))
      control = nil
    }
    reloadEnded(.timeout, &context)
  }

  // MARK: Stop

  // A stop before the service was up goes straight to the signals: ExecStop= is not run (units.md c.4).

  mutating func cancelRestart(_ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    restartAt = .never
    set(.dead, &context)
  }

  mutating func enterStop(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    endUptime(context.now)
    if context.settings.stop.isEmpty { return enterSignal(.stopSigterm, .success, &context) }
    set(.stop, &context)
    runControl(.stop, context.settings.timeoutStop, &context)
  }

  mutating func enterStopPost(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    if context.settings.stopPost.isEmpty { return enterSignal(.finalSigterm, .success, &context) }
    set(.stopPost, &context)
    runControl(.stopPost, context.settings.timeoutStop, &context)
  }

  /// One of the six signal states: sends its signal and waits for who got it; with nobody there it goes on at once.
  mutating func enterSignal(_ next: ServiceState, _ found: ServiceResult, _ context: inout ServiceContext) {
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
      Invocation(unit: context.id, number: invocation), signal, main: main != nil, control: control != nil, others: others, &context)
    awaitedKill = order.number
    if phase.isKill && isLate && !(main == nil && control == nil && isVerifiedEmpty) { context.notices.append(.killedAtTimeout) }
    context.effects.append(.kill(order))
  }

  /// Main or control is gone; the other one, if it lives, is waited for (systemd waits for both, not for the rest).
  mutating func leaveStopSignal(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    if main == nil && control == nil { enterStopPost(found, &context) }
  }

  /// In the second half everybody must be gone: when main and control are, what is left is asked again.
  mutating func leaveFinalSignal(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    guard main == nil, control == nil else { return }
    if context.settings.killMode == .process || context.settings.killMode == .none { return enterDead(found, &context) }
    watchUntilEmpty(&context)
  }

  /// SIGKILL where the unit allows it, else on without it.
  mutating func killOrMoveOn(_ kill: ServiceState, _ context: inout ServiceContext) {
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

  mutating func stopTimedOut(
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
  mutating func late(_ context: inout ServiceContext) {
    context.message(.warning, "stop timed out in " + Bytes(state.name))
    stick(.timeout)
    isLate = true
  }

  /// SIGKILL was sent and its timeout is over. systemd calls the service stopped; apus says so and stays, because a
  /// live process that is called stopped gets a twin. Only a shutdown leaves it behind.
  mutating func stillNotGone(_ again: ServiceState, _ context: inout ServiceContext) {
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

  mutating func enterDead(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    endUptime(context.now)
    disarmState(&context)
    awaitedKill = nil
    let run = Invocation(unit: context.id, number: invocation)
    if !isVerifiedEmpty { context.effects.append(.countLeft(run)) }
    main = nil
    control = nil
    let ended: ServiceState = result == .success || result == .execCondition ? .dead : .failed
    let restart =
      !context.stopIsPending && !context.isShuttingDown
      && RestartDecision.shouldRestart(
        context.settings, result: result, mainStatus: exitForRestart, stoppedByRequest: stoppedByRequest)
    if !restart {
      set(ended, &context)
      return
    }
    if context.settings.restartMode == .normal { set(ended, &context) }
    restartDelay = backoff.next(context.settings.backoff, uptime: uptime)
    restartAt = context.now.instant + restartDelay
    set(.autoRestart, &context)
    context.effects.append(.arm(Deadline(context.id, .restart, invocation: invocation), at: restartAt))
  }

  /// The restart's job came to nothing: another backoff. At least 100 ms even with `RestartSec=0`, since nothing was run
  /// that could have taken time.
  public mutating func retryRestart(_ context: inout ServiceContext) {
    restartDelay = max(backoff.next(context.settings.backoff, uptime: nil), TimeSpan(milliseconds: 100))
    restartAt = context.now.instant + restartDelay
    set(.autoRestart, &context)
    context.effects.append(.arm(Deadline(context.id, .restart, invocation: invocation), at: restartAt))
  }

  /// The start limit is reached: no start, no further restart (units.md c.5).
  public mutating func refuseStart(_ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    context.message(.error, "start limit reached, not starting it (reset-failed, or wait)")
    stick(.startLimitHit)
    restartAt = .never
    set(.failed, &context)
  }

  /// apus hurries: the timeout of a stop that is under way shrinks too.
  public mutating func hurry(_ context: inout ServiceContext) {
    if state.active == .deactivating { arm(context.settings.timeoutStop, &context) }
  }

  /// A third stop signal: SIGKILL now, whatever the stop was waiting for.
  public mutating func killNow(_ context: inout ServiceContext) {
    isLate = true
    switch state {
    case .dead, .failed: break
    case .autoRestart, .autoRestartQueued: cancelRestart(&context)
    case .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill: enterSignal(.finalSigkill, .timeout, &context)
    case .condition, .startPre, .start, .startPost, .running, .exited, .reload, .stop, .stopWatchdog, .stopSigterm,
      .stopSigkill:
      enterSignal(.stopSigkill, .timeout, &context)
    }
  }

  /// `reset-failed`.
  public mutating func resetFailed(_ context: inout ServiceContext) {
    restarts = 0
    backoff.reset()
    guard state == .failed else { return }
    result = .success
    set(.dead, &context)
  }
}
