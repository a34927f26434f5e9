import Model

/// Where the main process of a run is known from.
struct MainSearch: Equatable, Sendable {
  /// apus forked it, or it was found: nil in `main` then means that it has ended. Else nobody knows who it is.
  var isKnown = false
  /// The answer that the start waits for.
  var awaits: MainPIDSource? = nil
  /// It is asked for once: what is not there now comes later.
  var looksOnce = false
  /// A MAINPID= is being verified.
  var isVerifying = false
  /// The main process ended while another may be about to take its place.
  var heldExit: HeldExit? = nil
  /// The last refusal that was said: a PID file that stays wrong is not complained about again and again.
  var refusal: Bytes = []

  struct HeldExit: Equatable, Sendable {
    var process: ServiceMachine.LiveProcess
    var status: ExitStatus
  }
}

// Main processes that apus did not fork itself: PID files, guesses, MAINPID= (units.md c.3, c.7).

extension ServiceMachine {
  /// Looks for the PID file until it names somebody, or nobody is left who could write it, or the start times out.
  func awaitPIDFile(_ context: inout ServiceContext) {
    search.awaits = .pidFile
    let run = Invocation(unit: context.id, number: invocation)
    context.effects.append(.findMainPID(run, .file(context.settings.pidFile), waits: true))
    if main == nil { watchUntilEmpty(&context) }
  }

  func awaitGuess(_ context: inout ServiceContext) {
    search.awaits = .guess
    context.effects.append(.findMainPID(Invocation(unit: context.id, number: invocation), .guess, waits: false))
  }

  /// One look into the PID file: the service may have changed its main process.
  func rereadPIDFile(_ context: inout ServiceContext) {
    if context.settings.pidFile.isEmpty || search.awaits == .pidFile { return }
    let run = Invocation(unit: context.id, number: invocation)
    context.effects.append(.findMainPID(run, .file(context.settings.pidFile), waits: false))
  }

  func stopSearching(_ context: inout ServiceContext) {
    if search.awaits == .pidFile {
      context.effects.append(.stopFindingMainPID(Invocation(unit: context.id, number: invocation)))
    }
    search.awaits = nil
    search.looksOnce = false
  }

  /// A main process ends. Where a MAINPID= is being verified, or a PID file may name its successor (a daemon that executes
  /// itself anew under another PID), the end waits for that answer.
  func mainEnded(_ process: LiveProcess, _ status: ExitStatus, _ context: inout ServiceContext) {
    let mayMove = context.settings.type != .oneshot && state.letsMainMove
    if mayMove && search.isVerifying {
      main = nil
      search.heldExit = .init(process: process, status: status)
    } else if mayMove && !context.settings.pidFile.isEmpty && search.awaits == nil {
      main = nil
      search.heldExit = .init(process: process, status: status)
      rereadPIDFile(&context)
    } else {
      mainExited(process, status, &context)
    }
  }

  func mainPIDAnswered(_ source: MainPIDSource, _ outcome: MainPIDOutcome, _ context: inout ServiceContext) {
    if source == .notify { search.isVerifying = false }
    let found = isNewMain(outcome) && state.letsMainMove
    if found, case .found(let pid) = outcome { adopt(pid, &context) }
    // Asked because the main process ended: the file still names the dead one, which is no news.
    let isLastLook = source == .pidFile && search.heldExit != nil
    if case .refused(let reason) = outcome, reason != search.refusal, state.letsMainMove, !isLastLook {
      search.refusal = reason
      context.message(.warning, "main PID refused: " + reason)
    }
    if source == .notify { actOnHeldMessage(&context) }
    if let held = search.heldExit, !search.isVerifying {
      search.heldExit = nil
      if main == nil { return mainExited(held.process, held.status, &context) }
    }
    guard search.awaits == source else { return }
    switch outcome {
    case .found:
      stopSearching(&context)
      step(.mainPIDFound, &context)
    case .absent, .refused:
      // The file may still come, or come right.
      if source == .pidFile && !search.looksOnce { return }
      search.awaits = nil
      search.looksOnce = false
      step(.mainPIDUnknown, &context)
    }
  }

  private func isNewMain(_ outcome: MainPIDOutcome) -> Bool {
    guard case .found(let pid) = outcome else { return false }
    return pid > 1 && pid != main?.pid && pid != search.heldExit?.process.pid
  }

  /// From here on that process is the main one. The one before, if it lives, is a member like any other.
  private func adopt(_ pid: Int32, _ context: inout ServiceContext) {
    let key = nextKey(.main, context)
    main = LiveProcess(key: key, pid: pid, startedAt: context.now.wall)
    search.isKnown = true
    search.refusal = []
    isVerifiedEmpty = false
    context.effects.append(.adopt(key, pid: pid))
  }
}

extension ServiceMachine {
  /// For the simulator's checkers: no process is under way, and something else is.
  var waitsWithoutProcess: Bool {
    countsLeftovers || search.awaits != nil || search.heldExit != nil || (state == .start && !search.isKnown)
  }
}

extension ServiceState {
  /// Another process may become the main one. Not in a stop: whoever is left there is stopped as a member.
  var letsMainMove: Bool {
    switch self {
    case .start, .startPost, .running, .reload, .reloadSignal, .reloadNotify: true
    case .dead, .condition, .startPre, .exited, .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost,
      .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      false
    }
  }
}
