import Model

// The end of a run, and what comes after it: cleaning, the backoff, apus's own end.

extension ServiceMachine {
  func enterDead(_ found: ServiceResult, _ context: inout ServiceContext) {
    stick(found)
    endUptime(context.now)
    disarmState(&context)
    awaitedKill = nil
    let run = Invocation(unit: context.id, number: invocation)
    if !isVerifiedEmpty {
      leftBehind = invocation
      context.effects.append(.countLeft(run))
    }
    main = nil
    control = nil
    if let held = search.heldExit { lastMainExit = book(held.process, held.status, context) }
    search.heldExit = nil
    close(said.held?.descriptors ?? [], &context)
    said.held = nil
    sayStrangers(&context)
    let paths = toBeRemoved(context)
    if paths.isEmpty { return finishDead(&context) }
    set(.cleaning, &context)
    context.effects.append(.clean(run, paths: paths))
  }

  /// Runtime directories, unless they are to be preserved, and the PID file (units.md c.3, c.9).
  private func toBeRemoved(_ context: ServiceContext) -> [Bytes] {
    var paths: [Bytes] = []
    let keeps: Bool =
      switch context.settings.exec.runtimeDirectoryPreserve {
      case .no: false
      case .restart: willRestart(context) || context.restartIsPending
      case .yes: true
      }
    #if PLANTED
    if plantedBug == 32 { return [] }
    #endif
    if !keeps {
      for kind in context.settings.exec.directories where kind.kind == .runtime {
        for directory in kind.directories {
          let root = Bytes(kind.kind.root) + "/"
          paths.append(root + directory.name)
          if !directory.symlink.isEmpty { paths.append(root + directory.symlink) }
        }
      }
    }
    if !context.settings.pidFile.isEmpty { paths.append("file:" + context.settings.pidFile) }
    return paths
  }

  private func willRestart(_ context: ServiceContext) -> Bool {
    if context.stopIsPending || context.isShuttingDown { return false }
    if restartsAnyway && !stoppedByRequest { return true }
    return RestartDecision.shouldRestart(
      context.settings, result: result, mainStatus: exitForRestart, stoppedByRequest: stoppedByRequest)
  }

  /// The end of a run: down, or into the backoff.
  func finishDead(_ context: inout ServiceContext) {
    disarmState(&context)
    let ended: ServiceState = result == .success || result == .execCondition ? .dead : .failed
    let restart = willRestart(context)
    releaseStore(restarts: restart || context.restartIsPending, &context)
    if !restart { return set(ended, &context) }
    if context.settings.restartMode == .normal { set(ended, &context) }
    restartDelay = backoff.next(context.settings.backoff, uptime: uptime)
    restartAt = context.now.instant + restartDelay
    set(.autoRestart, &context)
    context.effects.append(.arm(Deadline(context.id, .restart, invocation: invocation), at: restartAt))
  }

  /// The restart's job came to nothing: another backoff. At least 100 ms even with `RestartSec=0`, since nothing was run
  /// that could have taken time.
  public func retryRestart(_ context: inout ServiceContext) {
    restartDelay = max(backoff.next(context.settings.backoff, uptime: nil), TimeSpan(milliseconds: 100))
    restartAt = context.now.instant + restartDelay
    set(.autoRestart, &context)
    context.effects.append(.arm(Deadline(context.id, .restart, invocation: invocation), at: restartAt))
  }

  /// The start limit is reached: no start, no further restart (units.md c.5).
  public func refuseStart(_ context: inout ServiceContext) {
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .restart)))
    context.message(.error, "start limit reached, not starting it (reset-failed, or wait)")
    stick(.startLimitHit)
    // NRestarts counts the restart that the limit refuses (asked of systemd 252).
    if state == .autoRestartQueued { restarts = restarts == .max ? restarts : restarts + 1 }
    restartAt = .never
    releaseStore(restarts: false, &context)
    set(.failed, &context)
  }

  /// apus hurries: the timeout of a stop that is under way shrinks too.
  public func hurry(_ context: inout ServiceContext) {
    if state.active == .deactivating { arm(context.settings.timeoutStop, &context) }
  }

  /// A third stop signal: SIGKILL now, whatever the stop was waiting for.
  public func killNow(_ context: inout ServiceContext) {
    isLate = true
    switch state {
    case .dead, .failed, .cleaning: break
    case .autoRestart, .autoRestartQueued: cancelRestart(&context)
    case .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill: enterSignal(.finalSigkill, .timeout, &context)
    case .condition, .startPre, .start, .startPost, .running, .exited, .reload, .reloadSignal, .reloadNotify, .drain, .stop,
      .stopWatchdog, .stopSigterm, .stopSigkill:
      enterSignal(.stopSigkill, .timeout, &context)
    }
  }

  /// `reset-failed`.
  public func resetFailed(_ context: inout ServiceContext) {
    restarts = 0
    backoff.reset()
    guard state == .failed else { return }
    result = .success
    set(.dead, &context)
  }
}
