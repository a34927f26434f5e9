import Model

// What the cells of a start do. Names and order are systemd's (units.md c.3, c.4).

extension ServiceMachine {
  /// Conditions, then ExecStartPre=, then the service itself.
  func begin(_ cause: StartCause, _ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    switch cause {
    case .request(let environment):
      #if PLANTED
      if plantedBug != 27 { restarts = 0 }
      #else
      restarts = 0
      #endif
      backoff.reset()
      startEnvironment = environment
    case .autoRestart:
      restarts = restarts == .max ? restarts : restarts + 1
    }
    let asksFirst = leftBehind != 0 && mindsLeftovers(context.settings)
    if invocation != 0 && !(asksFirst && invocation == leftBehind) {
      context.effects.append(.forget(Invocation(unit: context.id, number: invocation)))
      // Nobody can tell any more who is left of it.
      if invocation == leftBehind { leftBehind = 0 }
    }
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
    search = MainSearch()
    said = NotifyBook()
    probing = ProbeBook()
    reloadAskedAt = .zero
    restartsAnyway = false
    countsLeftovers = asksFirst
    if asksFirst {
      set(.condition, &context)
      arm(context.settings.timeoutStart, &context)
      return context.effects.append(.countLeft(Invocation(unit: context.id, number: leftBehind)))
    }
    enterCondition(&context)
  }

  func enterCondition(_ context: inout ServiceContext) {
    if context.settings.condition.isEmpty { return enterStartPre(&context) }
    set(.condition, &context)
    runControl(.condition, context.settings.timeoutStart, &context)
  }

  /// `SendSIGKILL=no` is for services that must not run twice, as databases: no start beside what a run before has left
  /// (units.md c.6).
  func mindsLeftovers(_ settings: ServiceSettings) -> Bool {
    !settings.sendSIGKILL && (settings.killMode == .controlGroup || settings.killMode == .mixed)
  }

  func refuseBesideLeftovers(_ context: inout ServiceContext) {
    context.message(.error, "not started: processes of an earlier run are left, and SendSIGKILL=no (end them first)")
    stick(.resources)
    finishDead(&context)
  }

  func enterStartPre(_ context: inout ServiceContext) {
    if context.settings.startPre.isEmpty { return enterStart(&context) }
    set(.startPre, &context)
    runControl(.startPre, context.settings.timeoutStart, &context)
  }

  /// A service without ExecStart= is started by having nothing to start.
  func enterStart(_ context: inout ServiceContext) {
    if context.settings.isSocket {
      set(.start, &context)
      arm(context.settings.timeoutStart, &context)
      return context.notices.append(.opens)
    }
    guard let command = context.settings.start.first else { return enterStartPost(&context) }
    set(.start, &context)
    mainIndex = 0
    switch context.settings.type {
    case .idle: arm(ServiceMachine.idleTimeout, &context)
    case .forking:
      armStart(&context)
      spawnParent(command, &context)
    case .simple, .exec, .oneshot, .notify, .notifyReload, .dbus:
      armStart(&context)
      spawnMain(command, &context)
    }
  }

  /// How long Type=idle is held back at most (units.md c.3).
  static let idleTimeout = TimeSpan(seconds: 5)

  /// A type that is started as soon as it is forked has no start timeout, unless a probe has a say (units.md c.3).
  private func armStart(_ context: inout ServiceContext) {
    switch context.settings.type {
    case .simple, .dbus, .idle: arm(context.settings.ready == nil ? .infinity : context.settings.timeoutStart, &context)
    case .exec, .oneshot, .notify, .notifyReload, .forking: arm(context.settings.timeoutStart, &context)
    }
  }

  /// Type=idle, and no process yet.
  func isHeldBack(_ settings: ServiceSettings) -> Bool {
    settings.type == .idle && state == .start && main == nil && !search.isKnown
  }

  /// Started as soon as the command is executed.
  func isMadeByExec(_ settings: ServiceSettings) -> Bool {
    #if PLANTED
    if plantedBug == 36 && settings.type.isNotify { return true }
    #endif
    return settings.type == .exec
  }

  func releaseIdle(_ context: inout ServiceContext) {
    // Its stop waits for others; what it needed may be down by now.
    if context.stopIsPending { return arm(ServiceMachine.idleTimeout, &context) }
    guard let command = context.settings.start.first else { return enterStartPost(&context) }
    armStart(&context)
    spawnMain(command, &context)
  }

  /// The process that the start makes is made: the type's own sign of success, but for readiness.
  func startIsMade(_ context: inout ServiceContext) {
    if context.settings.ready == nil || probing.isReady { return enterStartPost(&context) }
    beginReadyProbes(&context)
    if main == nil { watchUntilEmpty(&context) }
  }

  /// A descriptor can say so before the parent of Type=forking has ended, or its PID file is there.
  func readinessCame(_ context: inout ServiceContext) {
    probing.isReady = true
    if control == nil && search.awaits == nil { enterStartPost(&context) }
  }

  /// The main process ended well before the start was over.
  func mainEndedInStart(_ context: inout ServiceContext) {
    switch context.settings.type {
    case .oneshot: enterStartPost(&context)
    case .notify, .notifyReload:
      // Somebody else may still say READY=1; if nobody is left, `emptied` ends it.
      if context.settings.remainAfterExit && notifyAccess(context.settings) != .main { return watchUntilEmpty(&context) }
      enterSignal(.stopSigterm, .protocol, &context)
    case .simple, .exec, .forking, .dbus, .idle:
      if context.settings.ready != nil { return enterSignal(.stopSigterm, .protocol, &context) }
      enterRunning(.success, &context)
    }
  }

  /// Type=forking: ExecStart= has ended well, and the daemon that it left behind is looked for (units.md c.3).
  func parentEnded(_ context: inout ServiceContext) {
    if context.settings.pidFile.isEmpty {
      if main == nil && context.settings.guessMainPID { return awaitGuess(&context) }
      return startIsMade(&context)
    }
    // ExecStartPost= may be who writes it: then it is waited for after that. If it is there, ExecStartPost= is told.
    if context.settings.startPost.isEmpty { return awaitPIDFile(&context) }
    if main != nil { return startIsMade(&context) }
    rereadPIDFile(&context)
    search.awaits = .pidFile
    search.looksOnce = true
  }

  /// Nobody is left who could write the PID file, say READY=1, or answer a probe.
  func startHasNobody(_ context: inout ServiceContext) {
    if search.awaits == .pidFile { context.message(.warning, "nobody is left, and the PID file was never written") }
    enterSignal(.stopSigterm, .protocol, &context)
  }

  func enterStartPost(_ context: inout ServiceContext) {
    if context.settings.type != .oneshot { armWatchdog(&context) }
    if context.settings.startPost.isEmpty { return enterRunning(.success, &context) }
    if context.settings.type != .oneshot { markReady(&context) }
    set(.startPost, &context)
    runControl(.startPost, context.settings.timeoutStart, &context)
  }

  /// Where a failure of ExecStartPre= leads: a socket has opened nothing yet, and its ExecStopPost= is not run (units.md d.1).
  func afterStartPre(_ settings: ServiceSettings) -> ServiceState { settings.isSocket ? .finalSigterm : .stopSigterm }

  /// A socket is closed as by a stop, ExecStopPre= first; a service gets its signal at once (units.md c.4, d.1).
  func startPostFailed(_ found: ServiceResult, _ context: inout ServiceContext) {
    if context.settings.isSocket { enterStop(found, &context) } else { enterSignal(.stopSigterm, found, &context) }
  }

  /// With a PID file the start ends only when it is there, whatever the type (units.md c.3).
  func startPostEnded(_ context: inout ServiceContext) {
    let isForking = context.settings.type == .forking
    if !context.settings.pidFile.isEmpty && !(isForking && main != nil) { return awaitPIDFile(&context) }
    if isForking && !search.isKnown && context.settings.guessMainPID { return awaitGuess(&context) }
    enterRunning(.success, &context)
  }

  /// Where a started service belongs: running, exited, or, when nothing of it runs, its stop.
  func enterRunning(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    if result != .success { return enterSignal(.stopSigterm, found, &context) }
    let isGroup = context.settings.exitType == .cgroup || (context.settings.type == .forking && !search.isKnown)
    if main != nil || search.heldExit != nil || (isGroup && !isVerifiedEmpty) {
      enterUp(&context)
    } else if context.settings.remainAfterExit {
      markReady(&context)
      set(.exited, &context)
      disarmState(&context)
    } else {
      enterStop(.success, &context)
    }
  }

  /// The service runs; or it has said meanwhile that it reloads or stops.
  private func enterUp(_ context: inout ServiceContext) {
    markReady(&context)
    switch said.phase {
    case .reloading: return enterReloadNotify(&context)
    case .stopping: return stopByNotify(&context)
    case .nothing, .ready: break
    }
    set(.running, &context)
    disarmState(&context)
    // Nobody is main: it ended during ExecStartPost= or a reload (ExitType=cgroup), or was never known.
    if main == nil { watchUntilEmpty(&context) }
    beginHealthProbes(&context)
    if !context.settings.runtimeMax.isInfinite, let runningSince {
      runtimeDeadlineAt = runningSince + context.settings.runtimeMax + runtimeExtra(context)
      context.effects.append(.arm(Deadline(context.id, .runtime, invocation: invocation), at: runtimeDeadlineAt))
    }
  }

  /// `RuntimeRandomizedExtraSec=`: drawn once a run.
  private func runtimeExtra(_ context: ServiceContext) -> TimeSpan {
    let range = context.settings.runtimeRandomizedExtra
    if range == .zero || range.isInfinite { return .zero }
    return TimeSpan(microseconds: TimerMachine.mix(context.invocationSeed ^ UInt64(invocation)) % range.microseconds)
  }

  /// ExitType=cgroup: the main process has ended, others go on.
  func watchUntilEmpty(_ context: inout ServiceContext) {
    context.effects.append(.watchEmpty(Invocation(unit: context.id, number: invocation)))
  }

  func startTimedOut(by next: ServiceState = .stopSigterm, _ context: inout ServiceContext) {
    context.message(.warning, "start timed out, stopping it")
    isLate = true
    switch context.settings.timeoutStartFailureMode {
    case .terminate: enterSignal(next, .timeout, &context)
    case .abort: enterSignal(.stopWatchdog, .timeout, &context)
    case .kill:
      stick(.timeout)
      killOrMoveOn(.stopSigkill, &context)
    }
  }
}
