import Model

// How a start begins: its conditions and asserts first, then what it is bound to, then its start limit (units.md e.1).

extension Manager {
  mutating func begin(_ unit: UnitID) {
    // A service that comes back by itself does so as it was, where its file is masked or broken by now.
    let record = self[unit]
    if record.isDown || record.pending?.loadState == .loaded { takePending(unit) }
    if record.unit.loadState != .loaded {
      let text = refusal(record)
      message(.error, "cannot start " + record.name + ": " + text)
      return finish(unit, .failed, text)
    }
    record.upholding.due = nil
    let definition = record.unit
    if definition.conditions.isEmpty && definition.asserts.isEmpty {
      book(unit, .met)
      return proceed(unit)
    }
    record.job?.isRunning = true
    nextCheck = nextCheck == .max ? 1 : nextCheck + 1
    record.checkNumber = nextCheck
    out.append(
      .check(
        CheckRequest(
          unit: unit, number: nextCheck, unitName: record.name, conditions: definition.conditions, asserts: definition.asserts)))
  }

  /// The answer; one to a start that is not wanted any more has an old number.
  mutating func checked(_ unit: UnitID, _ number: UInt32, _ outcome: CheckOutcome) {
    guard valid(unit), number != 0, self[unit].checkNumber == number, self[unit].job?.isRunning == true else { return }
    let record = self[unit]
    record.checkNumber = 0
    book(unit, outcome)
    switch outcome {
    case .met: proceed(unit)
    case .conditionFailed(let condition): skip(unit, condition)
    case .assertFailed(let condition):
      giveUpStart(unit, .assert, "Assert" + Bytes(condition.kind.name) + "=" + condition.text + " does not hold")
    case .failed(let reason):
      message(.error, "cannot start " + record.name + ": its conditions could not be looked at: " + reason)
      finish(unit, .failed, "its conditions could not be looked at: " + reason)
    }
  }

  private mutating func book(_ unit: UnitID, _ outcome: CheckOutcome) {
    let record = self[unit]
    record.failedCheck = nil
    switch outcome {
    case .met:
      record.conditionResult = true
      record.assertResult = true
    case .conditionFailed(let condition):
      record.conditionResult = false
      record.failedCheck = condition
    case .assertFailed(let condition):
      record.conditionResult = true
      record.assertResult = false
      record.failedCheck = condition
    case .failed: return
    }
    record.conditionAt = now.wall
    if case .conditionFailed = outcome { return }
    record.assertAt = now.wall
  }

  /// The start is skipped; who requires it goes on, who is bound to it does not. It does not count for the start limit.
  private mutating func skip(_ unit: UnitID, _ condition: Condition) {
    #if PLANTED
    if plantedBug == 34 { return proceed(unit) }
    #endif
    let text = "Condition" + Bytes(condition.kind.name) + "=" + condition.text + " does not hold"
    let record = self[unit]
    message(.notice, record.name + ": not started, " + text)
    finish(unit, .skipped, text)
    leaveBackoff(unit)
    if record.isDown && record.job == nil { runCameToNothing(unit) }
  }

  private mutating func giveUpStart(_ unit: UnitID, _ result: JobResult, _ text: Bytes) {
    let record = self[unit]
    message(.error, "cannot start " + record.name + ": " + text)
    finish(unit, result, text)
    leaveBackoff(unit)
    if record.isDown && record.job == nil { runCameToNothing(unit) }
  }

  /// With a start that is not to be ends the restart that it may have been: the unit is down then.
  private mutating func leaveBackoff(_ unit: UnitID) {
    let record = self[unit]
    if record.isInBackoff && record.job == nil { feed(unit, .stop) }
  }

  /// Nothing speaks against it any more.
  private mutating func proceed(_ unit: UnitID) {
    let record = self[unit]
    guard let job = record.job else { return }
    // Bound to it and ordered after it: it must be up by now, whatever became of its job (systemd's unit_verify_deps).
    for other in record.edges[.bindsTo] where !self[other].isSatisfied && record.edges[.after].contains(other) {
      let text = "it is bound to " + self[other].name + ", which is not active"
      message(.error, "cannot start " + record.name + ": " + text)
      return finish(unit, .dependency, text)
    }
    guard record.serviceSettings != nil else {
      if isTimer(unit) { activateTimer(unit) }
      setOn(unit, true)
      if pathSettings(unit) != nil { activatePath(unit) }
      return
    }
    if let why = socketObstacle(unit) {
      message(.error, "cannot start " + record.name + ": " + why)
      return finish(unit, .failed, why)
    }
    record.job?.isRunning = true
    record.stoppedByClient = false
    if job.isBoot { record.bootInvocation = nextInvocation }
    var limit = record.unit.startLimit
    // What serves one connection is not started again and again when that has ended: systemd's default.
    if record.instanceOf != nil && limit.burst == nil { limit.burst = 5 }
    if !record.limiter.allow(limit, now: now.instant) { return refuseStart(unit) }
    record.isStartLimitHit = false
    noteAttempt(unit)
    if job.type == .start && job.isAutoRestart {
      feed(unit, .start(.autoRestart))
    } else {
      feed(unit, .start(.request(environment: job.environment + monitorEnvironment(unit))))
    }
  }

  private mutating func refuseStart(_ unit: UnitID) {
    guard var context = serviceContext(unit) else { return }
    noteRefusal(unit)
    let record = self[unit]
    record.isStartLimitHit = true
    record.service.refuseStart(&context)
    absorb(unit, context)
    act(unit, record.unit.startLimitAction, .startLimit)
  }

  /// Of a handler that exactly one unit names in OnFailure= or OnSuccess=: how that one ended (units.md c.8).
  private func monitorEnvironment(_ unit: UnitID) -> [Bytes] {
    let record = self[unit]
    var sources = record.edges[.onFailureOf]
    for other in record.edges[.onSuccessOf] where !sources.contains(other) { sources.append(other) }
    guard sources.count == 1, case .service = self[sources[0]].unit.kind else { return [] }
    let service = self[sources[0]].service
    var result = ["MONITOR_UNIT=" + self[sources[0]].name, "MONITOR_SERVICE_RESULT=" + Bytes(service.result.name)]
    if let exit = service.lastMainExit {
      result.append("MONITOR_EXIT_CODE=" + Bytes(exit.status.codeName))
      result.append("MONITOR_EXIT_STATUS=" + exit.status.statusText)
    }
    if service.invocation != 0 {
      result.append("MONITOR_INVOCATION_ID=" + invocationID(seed: options.seed, number: service.invocation))
    }
    return result
  }

  /// Type=idle: who is held back begins when no jobs but those of idle services are left.
  mutating func releaseIdle() {
    if heldBack.isEmpty { return }
    heldBack = heldBack.filter { isHeldBack($0) }
    if heldBack.isEmpty { return }
    for record in records where record.job != nil && record.serviceSettings?.type != .idle { return }
    let units = heldBack
    heldBack = []
    for unit in units { feed(unit, .idle) }
  }

  private func isHeldBack(_ unit: UnitID) -> Bool { self[unit].serviceSettings.map { self[unit].service.isHeldBack($0) } ?? false }

  // MARK: Units without processes

  /// Targets and timers are up or down in one step.
  mutating func setOn(_ unit: UnitID, _ isOn: Bool) {
    // A path that is given up has failed.
    let record = self[unit]
    let state: ActiveState = isOn ? .active : record.path?.failure != nil ? .failed : .inactive
    if record.isOn == isOn { return stateChanged(unit, to: state, isFinal: true) }
    record.isOn = isOn
    record.stateChangedAt = now.wall
    if isOn {
      record.activeEnteredAt = now.wall
    } else {
      record.activeExitedAt = now.wall
      record.inactiveEnteredAt = now.wall
    }
    mayHaveEnded = true
    stateChanged(unit, to: state, isFinal: true)
  }
}
