import Model

/// What a service said of itself by sd_notify in its present run, or the last one.
public struct NotifyBook: Equatable, Sendable {
  /// READY=1, RELOADING=1, STOPPING=1: the last of them, also where the state could not follow it yet.
  enum Phase: Equatable, Sendable { case nothing, ready, reloading, stopping }

  /// STATUS=
  public internal(set) var statusText: Bytes = []
  /// ERRNO=; 0: none.
  public internal(set) var statusErrno: Int32 = 0
  /// BUSERROR=
  public internal(set) var busError: Bytes = []
  /// Messages of senders that are not believed.
  public internal(set) var strangers: UInt32 = 0
  var phase = Phase.nothing
  /// NOTIFYACCESS=
  var access: NotifyAccess? = nil
  /// WATCHDOG_USEC=
  var watchdog: TimeSpan? = nil
  /// The rest of a message whose MAINPID= is being verified: READY=1 must not come before the process it speaks of.
  var held: HeldMessage? = nil

  struct HeldMessage: Equatable, Sendable {
    var message: NotifyMessage
    var descriptors: [OfferedDescriptor]
  }
}

// sd_notify (units.md c.7).

extension ServiceMachine {
  func notifyAccess(_ settings: ServiceSettings) -> NotifyAccess { said.access ?? settings.notifyAccess }

  /// Main and control process are known by their PID; that somebody else belongs to the run is the sender's to show.
  func believes(_ sender: NotifySender, _ settings: ServiceSettings) -> Bool {
    let isMain = sender.pid > 0 && sender.pid == main?.pid
    let isControl = sender.pid > 0 && sender.pid == control?.pid
    #if PLANTED
    if plantedBug == 22 { return true }
    #endif
    switch notifyAccess(settings) {
    case .none: return false
    // With Type=forking ExecStart= is a control process, and main all the same as long as nobody else is.
    case .main: return isMain || (isControl && control?.key.role == .main && main == nil)
    case .exec: return isMain || isControl
    case .all: return isMain || isControl || sender.run == invocation
    }
  }

  func notified(
    _ message: NotifyMessage, _ sender: NotifySender, _ descriptors: [OfferedDescriptor], _ context: inout ServiceContext
  ) {
    // BARRIER=1 asks for nothing but that its descriptor is closed when all before it is read.
    if message.isBarrier || state.isOver { return close(descriptors, &context) }
    guard believes(sender, context.settings) else {
      close(descriptors, &context)
      return countStranger(sender, &context)
    }
    // Two messages are never held: the order of what a service says is kept.
    actOnHeldMessage(&context)
    if let pid = message.mainPID, pid != main?.pid, state.letsMainMove {
      search.isVerifying = true
      said.held = .init(message: message, descriptors: descriptors)
      let query = MainPIDQuery.verify(pid: pid, byRoot: sender.uid == 0)
      context.effects.append(.findMainPID(Invocation(unit: context.id, number: invocation), query, waits: false))
    } else {
      act(on: message, descriptors, &context)
    }
  }

  func actOnHeldMessage(_ context: inout ServiceContext) {
    guard let held = said.held else { return }
    said.held = nil
    act(on: held.message, held.descriptors, &context)
  }

  /// In systemd's order. STOPPING=1 wins; a RELOADING=1 beside a READY=1 is a reload that is over already.
  private func act(on message: NotifyMessage, _ descriptors: [OfferedDescriptor], _ context: inout ServiceContext) {
    if message.isStopping {
      said.phase = .stopping
      step(.notifiedStopping, &context)
    } else {
      if message.isReloading {
        said.phase = .reloading
        let isAnswer = message.monotonic.map { $0.microseconds >= microseconds(reloadAskedAt) } ?? false
        if !message.isReady || state == .reloadSignal { step(.notifiedReloading(isAnswer: isAnswer), &context) }
      }
      if message.isReady {
        said.phase = .ready
        step(.notifiedReady, &context)
      }
    }
    if let status = message.status { said.statusText = status }
    if let access = message.notifyAccess { said.access = access }
    if let errno = message.errno { said.statusErrno = errno }
    if let error = message.busError { said.busError = error }
    if let span = message.extendTimeout { extendTimeouts(span, &context) }
    switch message.watchdog {
    case .alive: if state.isWatched { armWatchdog(&context) }
    case .trigger:
      context.message(.error, "watchdog: triggered by the service")
      step(.watchdogMissed, &context)
    case nil: break
    }
    if message.removesDescriptors, let name = message.descriptorName { removeDescriptors(named: name, &context) }
    if message.storesDescriptors { store(descriptors, message, &context) } else { close(descriptors, &context) }
    if let span = message.watchdogSpan {
      said.watchdog = span
      if state.isWatched { armWatchdog(&context) }
    }
  }

  private func microseconds(_ instant: Instant) -> UInt64 { UInt64(clamping: instant.nanoseconds / 1000) }

  /// One warning a run; how many there were is said at its end.
  private func countStranger(_ sender: NotifySender, _ context: inout ServiceContext) {
    said.strangers = said.strangers == .max ? .max : said.strangers + 1
    guard said.strangers == 1 else { return }
    var text = "notification of process " + Bytes(decimal: sender.pid) + " dropped: NotifyAccess="
    text += Bytes(notifyAccess(context.settings).name)
    context.message(.warning, text + " does not let it speak for the service")
  }

  func sayStrangers(_ context: inout ServiceContext) {
    if said.strangers < 2 { return }
    context.message(.notice, Bytes(decimal: said.strangers) + " notifications of processes that may not send them were dropped")
  }

  // MARK: Deadlines

  /// EXTEND_TIMEOUT_USEC=: a deadline that is nearer than that moves there, one that is later stays.
  private func extendTimeouts(_ span: TimeSpan, _ context: inout ServiceContext) {
    let limited = context.now.instant + min(span, context.timeoutLimit)
    if stateDeadlineAt < limited && state != .drain && !isHeldBack(context.settings) {
      stateDeadlineAt = limited
      context.effects.append(.arm(Deadline(context.id, .state, invocation: invocation), at: limited))
    }
    let end = context.now.instant + span
    if runtimeDeadlineAt < end {
      runtimeDeadlineAt = end
      context.effects.append(.arm(Deadline(context.id, .runtime, invocation: invocation), at: end))
    }
    if watchdogAt < end {
      watchdogAt = end
      context.effects.append(.arm(Deadline(context.id, .watchdog, invocation: invocation), at: end))
    }
  }

  /// The watchdog counts anew from here.
  func armWatchdog(_ context: inout ServiceContext) {
    let span = said.watchdog ?? context.settings.watchdog
    if span.isInfinite || span == .zero { return disarmWatchdog(&context) }
    watchdogAt = context.now.instant + span
    context.effects.append(.arm(Deadline(context.id, .watchdog, invocation: invocation), at: watchdogAt))
  }

  func disarmWatchdog(_ context: inout ServiceContext) {
    if watchdogAt == .never { return }
    watchdogAt = .never
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .watchdog)))
  }
}

extension ServiceState {
  /// The watchdog counts: from readiness to the stop.
  var isWatched: Bool {
    switch self {
    case .startPost, .running, .reload, .reloadSignal, .reloadNotify: true
    case .dead, .condition, .startPre, .start, .exited, .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost,
      .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      false
    }
  }

  /// No run is under way: what comes is late.
  var isOver: Bool {
    switch self {
    case .dead, .cleaning, .failed, .autoRestart, .autoRestartQueued: true
    case .condition, .startPre, .start, .startPost, .running, .exited, .reload, .reloadSignal, .reloadNotify, .drain, .stop,
      .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill:
      false
    }
  }
}
