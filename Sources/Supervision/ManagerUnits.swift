import Model

// Stepping the machines, and what follows from a step.

extension Manager {
  /// A process event: COMMAND's, or a service's.
  mutating func process(_ key: ProcessKey, _ what: ServiceInput) {
    if key.invocation.unit == .command { commandEvent(what) } else { input(key.invocation, what) }
  }

  /// An input that belongs to one invocation; one of an old invocation is dropped here, by one comparison.
  mutating func input(_ invocation: Invocation, _ what: ServiceInput) {
    #if PLANTED
    if plantedBug == 1, valid(invocation.unit), case .exited(let key, let status) = what, key.role == .main,
      let main = self[invocation.unit].service.main?.key
    {
      return feed(invocation.unit, .exited(main, status))
    }
    #endif
    guard valid(invocation.unit), self[invocation.unit].service.invocation == invocation.number else { return }
    feed(invocation.unit, what)
  }

  /// A datagram for a unit that is no service, or for none, leaves nothing behind.
  mutating func notified(_ unit: UnitID, _ message: NotifyMessage, _ sender: NotifySender, _ descriptors: [OfferedDescriptor]) {
    if valid(unit), self[unit].serviceSettings != nil {
      feed(unit, .notified(message, sender, descriptors: descriptors))
    } else if !descriptors.isEmpty {
      out.append(.closeDescriptors(descriptors.map { $0.id }))
    }
  }

  /// The descriptors that are held for a unit, for whoever compares others with them.
  public func keptDescriptors(of unit: UnitID) -> [DescriptorID] { valid(unit) ? self[unit].service.keptDescriptors : [] }

  /// One step of a service's machine, with everything that it may look at.
  mutating func feed(_ id: UnitID, _ what: ServiceInput) {
    guard var context = serviceContext(id) else { return }
    self[id].service.handle(what, &context)
    absorb(id, context)
    if case .spawned(let key, _) = what {
      connectionIsHanded(id, key)
      listenersAreHanded(id, key)
    }
  }

  func serviceContext(_ id: UnitID) -> ServiceContext? {
    let record = self[id]
    guard let settings = record.serviceSettings else { return nil }
    let job = record.job?.type
    let hasNone = record.sockets.isEmpty && record.connection == nil && record.socket == nil
    return ServiceContext(
      id: id, name: record.name, settings: settings, startLimit: record.unit.startLimit, now: now,
      nextInvocation: nextInvocation, invocationSeed: options.seed, timeoutLimit: stop.isHurried ? TimeSpan(seconds: 1) : .infinity,
      stopIsPending: job == .stop || job == .restart, restartIsPending: job == .restart,
      isShuttingDown: phase == .stopping || phase == .sweeping, activation: hasNone ? [] : activation(of: id))
  }

  /// Takes over what a step decided: effects as they are, notices one after the other.
  mutating func absorb(_ id: UnitID, _ context: ServiceContext) {
    for effect in context.effects {
      if case .message(let severity, let text) = effect { message(severity, text) } else { out.append(effect) }
    }
    let record = self[id]
    if record.service.invocation == nextInvocation { nextInvocation = nextInvocation >= 1 << 30 ? 1 : nextInvocation + 1 }
    for notice in context.notices {
      switch notice {
      case .passed(let state): passed(id, state)
      case .opens: openListeners(id)
      case .restartDue: queueAutoRestart(id)
      case .killedAtTimeout: if phase == .stopping { stop.someoneWasKilled = true }
      case .reloadEnded(let success): reloadEnded(id, success)
      case .unhealthyExit:
        beginStop(.action(unit: id, cause: .health, status: record.unit.failureActionExitStatus ?? 1), atOnce: false)
      }
    }
  }

  private mutating func passed(_ id: UnitID, _ state: ServiceState) {
    let wall = now.wall
    let record = self[id]
    record.stateChangedAt = wall
    mayHaveEnded = true
    if record.socket != nil { socketPassed(id, state) }
    switch state.active {
    case .active: if record.activeEnteredAt == nil { record.activeEnteredAt = wall }
    case .deactivating, .inactive, .failed:
      if record.activeEnteredAt != nil && record.activeExitedAt == nil { record.activeExitedAt = wall }
    case .activating, .reloading: break
    }
    switch state {
    case .condition, .startPre, .start, .startPost:
      if state == .start && record.serviceSettings?.type == .idle { heldBack.append(id) }
      if record.startedAt == nil {
        record.startedAt = now.instant
        record.activeEnteredAt = nil
        record.activeExitedAt = nil
        runBegan(id)
      }
    case .exited where record.socket != nil: sayListening(id)
    case .running, .exited:
      // A service that passes through its whole start in one step never showed a start state.
      if record.startedAt == nil {
        record.startedAt = now.instant
        runBegan(id)
      }
      if record.service.restarts > 0 && state == .running {
        message(.notice, record.name + ": started again (restart " + Bytes(decimal: record.service.restarts) + ")")
      } else if state == .running, record.instanceOf == nil, let job = record.job, job.type != .reload, job.type != .reloadOrStart {
        message(.notice, record.name + ": started")
      }
    case .dead, .failed:
      record.inactiveEnteredAt = wall
      record.startedAt = nil
      if state == .failed && record.service.state == .failed {
        sayFailed(id)
        failFast(id)
      }
    case .autoRestart:
      // Where no process could be made, none ended that would have been told of.
      if record.service.result == .resources { message(.error, text("\(record.name): \(reason(id))")) }
      message(.notice, text("\(record.name): next start in \(shortSpan(record.service.restartDelay))"))
      failFast(id)
    case .autoRestartQueued, .reload, .reloadSignal, .reloadNotify, .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill,
      .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning:
      break
    }
    if record.idle != nil || !record.sockets.isEmpty { idlePassed(id, state) }
    if record.pending != nil && record.service.state == state { takePendingInPlace(id) }
    stateChanged(id, to: state.active, isFinal: record.service.state == state)
    if (state == .dead || state == .failed) && record.service.state == state { runEnded(id) }
  }

  /// --fail-fast: a command of boot that was never executed.
  private mutating func failFast(_ id: UnitID) {
    let record = self[id]
    guard options.failFast, record.service.invocation == record.bootInvocation, phase == .booting || phase == .running else { return }
    if record.service.culprit?.execError.isEmpty == false { beginStop(.failFast(unit: id), atOnce: false) }
  }

  private mutating func sayFailed(_ id: UnitID) {
    let record = self[id]
    if record.service.result != .startLimitHit { message(.error, record.name + ": failed (" + reason(id) + ")") }
  }

  /// The last run's end in a few words: `exit-code: ExecStart status=1/FAILURE`.
  func reason(_ id: UnitID) -> Bytes {
    let service = self[id].service
    var text = Bytes(service.result.name)
    // A command of a reload that could not be made is not why the run ended.
    if service.result == .resources, !service.lastError.isEmpty { return text + ": " + service.lastError }
    if let exit = service.culprit ?? service.lastMainExit ?? service.lastExit {
      text += ": "
      text += Bytes(exit.role.name)
      text.append(32)
      text += exit.status.description
      if !exit.execError.isEmpty { text += ": " + exit.execError }
    }
    return text
  }

  /// A run is over for good: pending definitions, removal, actions, and the timers that wait for its end.
  private mutating func runEnded(_ id: UnitID) {
    let record = self[id]
    endRun(id, .ended(record.service.result))
    cancelReplacement(id)
    takePending(id)
    timersSeeEnd(id)
    if record.isRemoved && record.job == nil { forget(id) }
    let failed = record.service.state == .failed
    // A stop that a client asked for is no success of the service, a run that was skipped neither.
    if record.service.stoppedByRequest || record.service.result == .execCondition { return }
    act(id, failed ? record.unit.failureAction : record.unit.successAction, failed ? .failure : .success)
  }

  /// SuccessAction= and its kin: apus ends, with the status that the unit says, or that of its main process.
  mutating func act(_ id: UnitID, _ action: EmergencyAction, _ cause: ActionCause) {
    guard action.effect != .nothing, phase == .booting || phase == .running else { return }
    let record = self[id]
    let status = cause == .success ? record.unit.successActionExitStatus : record.unit.failureActionExitStatus
    let main = record.service.lastMainExit?.status.shellStatus ?? (cause == .success ? 0 : 1)
    beginStop(.action(unit: id, cause: cause, status: status ?? main), atOnce: action.effect == .exitAtOnce)
  }

  mutating func sayLeftovers(_ invocation: Invocation, _ count: Int) {
    guard count > 0, valid(invocation.unit) else { return }
    message(
      .warning, self[invocation.unit].name + ": " + Bytes(decimal: count) + " processes are left running (KillMode= or SendSIGKILL= say so)"
    )
  }

  /// A unit whose file is gone and that is down: its name is free again.
  mutating func forget(_ id: UnitID) {
    let index = Int(id.index)
    let record = self[id]
    if byName[record.name] == index {
      byName[record.name] = nil
      for alias in aliases where byName[alias] == index { byName[alias] = nil }
      aliases.removeAll { byName[$0] == nil }
      let run = record.service.invocation
      if run != 0 {
        out.append(.forget(Invocation(unit: id, number: run)))
        out.append(.closeNotify(id))
        if let stored = record.service.dropStore() { out.append(.closeDescriptors(stored)) }
      }
    }
    record.stoppedByClient = false
    if let socket = record.instanceOf { return releaseInstance(id, of: socket) }
    if record.socket != nil { forgetSocket(id) }
    deactivatePath(id)
    // Its parallel runs go with it.
    for index in records.indices where records[index].parallelOf == id && !records[index].isRemoved {
      records[index].isRemoved = true
      if records[index].isDown && records[index].job == nil { forget(UnitID(index)) }
    }
    out.append(.disarm(DeadlineKey(unit: id, kind: .timer)))
    out.append(.disarm(DeadlineKey(unit: id, kind: .calendar)))
    out.append(.disarm(DeadlineKey(unit: id, kind: .reaction)))
    record.timer = nil
    record.isOn = false
  }
}

/// A span for messages: `100ms`, `2.04s`, `1min 30s` without the fine print of systemd's format.
func shortSpan(_ span: TimeSpan) -> Bytes {
  if span.isInfinite { return Bytes("infinity") }
  let milliseconds = span.microseconds / 1000
  if milliseconds < 1000 { return Bytes(decimal: milliseconds) + "ms" }
  let seconds = milliseconds / 1000
  if seconds >= 60 {
    let rest = seconds % 60
    return Bytes(decimal: seconds / 60) + "min" + (rest > 0 ? " " + Bytes(decimal: rest) + "s" : [])
  }
  let hundredths = milliseconds % 1000 / 10
  if hundredths == 0 { return Bytes(decimal: seconds) + "s" }
  return Bytes(decimal: seconds) + "." + (hundredths < 10 ? Bytes("0") : []) + Bytes(decimal: hundredths) + "s"
}
