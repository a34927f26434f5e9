import Model

// How a start begins: its conditions and asserts first, then what it is bound to, then its start limit (units.md e.1).

extension Manager {
  mutating func begin(_ unit: UnitID) {
    // A service that comes back by itself does so as it was, where its file is masked or broken by now.
    if self[unit].isDown || self[unit].pending?.loadState == .loaded { takePending(unit) }
    if self[unit].unit.loadState != .loaded {
      let text = refusal(self[unit])
      message(.error, "cannot start " + self[unit].name + ": " + text)
      return finish(unit, .failed, text)
    }
    self[unit].upholding.due = nil
    let definition = self[unit].unit
    if definition.conditions.isEmpty && definition.asserts.isEmpty {
      book(unit, .met)
      return proceed(unit)
    }
    self[unit].job?.isRunning = true
    nextCheck = nextCheck == .max ? 1 : nextCheck + 1
    self[unit].checkNumber = nextCheck
    out.append(
      .check(
        CheckRequest(
          unit: unit, number: nextCheck, unitName: self[unit].name, conditions: definition.conditions, asserts: definition.asserts)))
  }

  /// The answer; one to a start that is not wanted any more has an old number.
  mutating func checked(_ unit: UnitID, _ number: UInt32, _ outcome: CheckOutcome) {
    guard valid(unit), number != 0, self[unit].checkNumber == number, self[unit].job?.isRunning == true else { return }
    self[unit].checkNumber = 0
    book(unit, outcome)
    switch outcome {
    case .met: proceed(unit)
    case .conditionFailed(let condition): skip(unit, condition)
    case .assertFailed(let condition):
      giveUpStart(unit, .assert, "Assert" + Bytes(condition.kind.name) + "=" + condition.text + " does not hold")
    case .failed(let reason):
      message(.error, "cannot start " + self[unit].name + ": its conditions could not be looked at: " + reason)
      finish(unit, .failed, "its conditions could not be looked at: " + reason)
    }
  }

  private mutating func book(_ unit: UnitID, _ outcome: CheckOutcome) {
    self[unit].failedCheck = nil
    switch outcome {
    case .met:
      self[unit].conditionResult = true
      self[unit].assertResult = true
    case .conditionFailed(let condition):
      self[unit].conditionResult = false
      self[unit].failedCheck = condition
    case .assertFailed(let condition):
      self[unit].conditionResult = true
      self[unit].assertResult = false
      self[unit].failedCheck = condition
    case .failed: return
    }
    self[unit].conditionAt = now.wall
    if case .conditionFailed = outcome { return }
    self[unit].assertAt = now.wall
  }

  /// The start is skipped; who requires it goes on, who is bound to it does not. It does not count for the start limit.
  private mutating func skip(_ unit: UnitID, _ condition: Condition) {
    #if PLANTED
    if plantedBug == 34 { return proceed(unit) }
    #endif
    let text = "Condition" + Bytes(condition.kind.name) + "=" + condition.text + " does not hold"
    message(.notice, self[unit].name + ": not started, " + text)
    finish(unit, .skipped, text)
    leaveBackoff(unit)
    if self[unit].isDown && self[unit].job == nil { runCameToNothing(unit) }
  }

  private mutating func giveUpStart(_ unit: UnitID, _ result: JobResult, _ text: Bytes) {
    message(.error, "cannot start " + self[unit].name + ": " + text)
    finish(unit, result, text)
    leaveBackoff(unit)
    if self[unit].isDown && self[unit].job == nil { runCameToNothing(unit) }
  }

  /// With a start that is not to be ends the restart that it may have been: the unit is down then.
  private mutating func leaveBackoff(_ unit: UnitID) {
    if self[unit].isInBackoff && self[unit].job == nil { feed(unit, .stop) }
  }

  /// Nothing speaks against it any more.
  private mutating func proceed(_ unit: UnitID) {
    guard let job = self[unit].job else { return }
    // Bound to it and ordered after it: it must be up by now, whatever became of its job (systemd's unit_verify_deps).
    for other in self[unit].edges[.bindsTo] where !self[other].isSatisfied && self[unit].edges[.after].contains(other) {
      let text = "it is bound to " + self[other].name + ", which is not active"
      message(.error, "cannot start " + self[unit].name + ": " + text)
      return finish(unit, .dependency, text)
    }
    guard self[unit].serviceSettings != nil else {
      if isTimer(unit) { activateTimer(unit) }
      setOn(unit, true)
      if pathSettings(unit) != nil { activatePath(unit) }
      return
    }
    if let why = socketObstacle(unit) {
      message(.error, "cannot start " + self[unit].name + ": " + why)
      return finish(unit, .failed, why)
    }
    self[unit].job?.isRunning = true
    self[unit].stoppedByClient = false
    if job.isBoot { self[unit].bootInvocation = nextInvocation }
    if !self[unit].limiter.allow(self[unit].unit.startLimit, now: now.instant) { return refuseStart(unit) }
    self[unit].isStartLimitHit = false
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
    self[unit].isStartLimitHit = true
    self[unit].service.refuseStart(&context)
    absorb(unit, context)
    act(unit, self[unit].unit.startLimitAction, .startLimit)
  }

  /// Of a handler that exactly one unit names in OnFailure= or OnSuccess=: how that one ended (units.md c.8).
  private func monitorEnvironment(_ unit: UnitID) -> [Bytes] {
    var sources = self[unit].edges[.onFailureOf]
    for other in self[unit].edges[.onSuccessOf] where !sources.contains(other) { sources.append(other) }
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
    let state: ActiveState = isOn ? .active : self[unit].path?.failure != nil ? .failed : .inactive
    if self[unit].isOn == isOn { return stateChanged(unit, to: state, isFinal: true) }
    self[unit].isOn = isOn
    self[unit].stateChangedAt = now.wall
    if isOn {
      self[unit].activeEnteredAt = now.wall
    } else {
      self[unit].activeExitedAt = now.wall
      self[unit].inactiveEnteredAt = now.wall
    }
    mayHaveEnded = true
    stateChanged(unit, to: state, isFinal: true)
  }
}
