import Model

// How jobs end, and what a unit's new state means for its job (units.md e.3).

extension Manager {
  mutating func reloadEnded(_ unit: UnitID, _ success: Bool) {
    // A further reload may have waited for this one.
    mayRun = true
    guard let job = self[unit].job, job.isRunning, job.type == .reload || job.type == .reloadOrStart else { return }
    finish(unit, success ? .done : .failed, success ? [] : Bytes("ExecReload= failed"))
  }

  /// Every state that a unit passes, momentary ones included, comes here once. `isFinal`: it stays there for now.
  mutating func stateChanged(_ unit: UnitID, to state: ActiveState, isFinal: Bool) {
    let record = self[unit]
    let old = record.toldState
    record.toldState = state
    let isUnexpected = jobSees(unit, state)
    react(unit, from: old, to: state, isUnexpected: isUnexpected, isFinal: isFinal)
    if isFinal { triggersSee(unit) }
  }

  /// Ends the unit's job if the new state is what it was for, or what it was not for (systemd's unit_process_job). True: no
  /// job explains the state.
  private mutating func jobSees(_ unit: UnitID, _ state: ActiveState) -> Bool {
    let record = self[unit]
    guard let job = record.job else {
      // Others may wait for the end of its backoff.
      if !waiting.isEmpty && state != .activating { mayRun = true }
      return true
    }
    switch job.type {
    case .start, .verifyActive, .reloadOrStart:
      guard job.isRunning else {
        // With RestartMode=direct the end shows only as a backoff.
        if state != .deactivating { mayRun = true }
        return false
      }
      switch state {
      case .active, .reloading: finish(unit, .done)
      case .inactive:
        let skipped = record.service.result == .execCondition
        finish(unit, skipped ? .skipped : .done, skipped ? Bytes("ExecCondition= said no") : [])
        return true
      case .failed:
        finish(unit, .failed, reason(unit))
        return true
      case .activating: break
      case .deactivating: return true
      }
      return false
    case .stop:
      if state == .inactive || state == .failed { finish(unit, .done) }
      return false
    case .restart, .tryRestart:
      if state == .inactive || state == .failed { if job.isRunning { becomeStart(unit) } else { mayRun = true } }
      return false
    case .reload:
      guard job.isRunning else {
        mayRun = true
        return true
      }
      if state == .active || state == .reloading || state == .activating { return false }
      finish(unit, .failed, Bytes("it stopped meanwhile"))
      return true
    }
  }

  /// Ends a job: every waiter is answered, who waited for it may run, and a start that came to nothing fails who requires it.
  mutating func finish(_ unit: UnitID, _ result: JobResult, _ message: Bytes = []) {
    let record = self[unit]
    guard let job = record.job else { return }
    close(unit, job, result, message)
    failDependents(unit, job.type, result)
    if record.isRemoved && record.isDown { forget(unit) }
  }

  /// What waits for the unit's end listens again.
  private mutating func triggersSee(_ unit: UnitID) {
    let record = self[unit]
    if !record.sockets.isEmpty { socketsSee(unit) }
    if !record.paths.isEmpty { pathsSee(unit) }
  }

  /// Takes the job off its unit and answers for it.
  private mutating func close(_ unit: UnitID, _ job: Job, _ result: JobResult, _ message: Bytes) {
    let record = self[unit]
    record.job = nil
    tell(unit, job.id, job.type, .ended(result))
    record.checkNumber = 0
    dequeue(unit)
    mayRun = true
    mayHaveEnded = true
    if job.timeoutAt != .never { out.append(.disarm(DeadlineKey(unit: unit, kind: .job))) }
    if job.isBoot { bootJobsLeft -= 1 }
    let type: JobType = job.wasRestart ? .restart : job.type
    #if PLANTED
    if plantedBug == 6, let waiter = job.waiters.first { out.append(.reply(waiter, .done)) }
    #endif
    if !job.isRunning && result != .done && record.isDown { runCameToNothing(unit) }
    for waiter in job.waiters {
      out.append(.reply(waiter, .job(JobReport(id: job.id, unit: record.name, type: type, result: result, message: message))))
    }
    markNeighbours(unit)
    triggersSee(unit)
    let isStart = job.type == .start || job.type == .verifyActive || job.type == .reloadOrStart
    if isStart && job.isBoot && options.failFast && failed(result) { beginStop(.failFast(unit: unit), atOnce: false) }
    if result == .timeout || result == .dependency { followUps.append(.handlers(of: unit, .onFailure)) }
    // A job that came to nothing may have been, or have kept from queueing, that of an automatic restart.
    if failed(result) && result != .assert { retryRestart(unit) }
  }

  private func failed(_ result: JobResult) -> Bool {
    switch result {
    case .failed, .dependency, .timeout, .assert, .invalid: true
    case .done, .canceled, .skipped, .once: false
    }
  }

  /// Starts of what requires `unit`, and of who requires those, end with it. A unit that failed and is in its backoff fails
  /// nobody: it comes back, and is waited for.
  private mutating func failDependents(_ unit: UnitID, _ type: JobType, _ result: JobResult) {
    guard type == .start || type == .verifyActive || type == .reloadOrStart else { return }
    #if PLANTED
    if plantedBug == 18 && result == .failed { return }
    #endif
    var relations: [Relation] = []
    // With an assert that does not hold its automatic restart is over, too.
    let record = self[unit]
    let comesBack = record.isInBackoff && result != .assert && result != .skipped
    if failed(result) {
      if !comesBack { relations = Relation.failWith }
    } else if type == .verifyActive {
      if result == .skipped { relations = Relation.failWith }
    } else if result != .canceled && !record.isUp && !comesBack {
      // Done, and yet not active (a oneshot, a condition): not enough for Requisite=.
      relations = [.requisiteOf]
    }
    var worklist: [UnitID] = []
    failStarts(of: unit, relations, &worklist)
    while let next = worklist.popLast() {
      if !self[next].isInBackoff { failStarts(of: next, Relation.failWith, &worklist) }
      // As in `finish`: of a connection's instance nothing is left, and its peer sees the end.
      if self[next].isRemoved && self[next].isDown { forget(next) }
    }
  }

  private mutating func failStarts(of cause: UnitID, _ relations: [Relation], _ worklist: inout [UnitID]) {
    let record = self[cause]
    for relation in relations {
      for unit in record.edges[relation] {
        guard let job = self[unit].job, job.type == .start || job.type == .verifyActive else { continue }
        // As good as started: for systemd, whose fork is done at once, its job is over by now.
        if job.isRunning && self[unit].service.state == .start && self[unit].isStartedByFork { continue }
        let why = "it requires " + record.name + (record.service.state == .failed ? ", which failed" : ", which is not active")
        message(.error, "cannot start " + self[unit].name + ": " + why)
        close(unit, job, .dependency, why)
        worklist.append(unit)
      }
    }
  }

  // MARK: Time

  /// JobTimeoutSec= or JobRunningTimeoutSec= is over: the job ends, the unit goes on with whatever it does.
  mutating func jobTimedOut(_ deadline: Deadline) {
    let unit = deadline.key.unit
    guard valid(unit), let job = self[unit].job, job.id == deadline.invocation else { return }
    // A stop of apus itself waits for all: without its job a target would stay up, and apus with it.
    if job.type == .stop && isPhaseStopping { return }
    message(.error, self[unit].name + ": its " + Bytes(job.type.name) + " job timed out")
    finish(unit, .timeout, Bytes("the job timed out"))
    act(unit, self[unit].unit.jobTimeoutAction, .jobTimeout)
  }
}
