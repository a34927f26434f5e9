import Model

// Queueing, running and ending jobs (units.md e.3).

extension Manager {
  /// Plans, checks and queues one request. `waiter` is answered when the anchor's job has ended.
  @discardableResult
  mutating func enqueue(
    _ unit: UnitID, _ type: JobType, mode: JobMode = .replace, waiter: RequestID? = nil, environment: [Bytes] = [],
    isAutoRestart: Bool = false, isManual: Bool = false
  ) -> Result<UInt32, TransactionError> {
    var transaction: Transaction
    switch plan([(unit, type)], restartsDependents: isAutoRestart) {
    case .success(let planned): transaction = planned
    case .failure(let error): return .failure(error)
    }
    if let error = breakCycles(&transaction) { return .failure(error) }
    if mode == .fail {
      for item in transaction.items {
        if let job = self[item.unit].job, JobMerge.merge(job.type, item.type) == nil {
          return .failure(TransactionError(item.unit, Bytes("it has a conflicting job")))
        }
      }
    }
    var anchorJob: UInt32 = 0
    for item in transaction.items {
      let isAnchor = item.unit == unit
      var job = Job(id: nextJob, type: item.type)
      job.isBoot = phase == .booting
      nextJob = nextJob &+ 1
      if isAnchor {
        if let waiter { job.waiters = [waiter] }
        job.environment = environment
        job.isAutoRestart = isAutoRestart
        job.isManual = isManual
      }
      let id = install(item.unit, job)
      if isAnchor { anchorJob = id }
    }
    return .success(anchorJob)
  }

  /// Boot and apply: several anchors, none of which matters to another.
  mutating func startAll(_ units: [UnitID]) {
    var anchors: [(unit: UnitID, type: JobType)] = []
    for unit in units {
      let isScheduled = unitIsScheduled(self[unit].pending ?? self[unit].unit)
      if isScheduled || isTimer(unit) {
        // A schedule starts its clockwork, not its service.
        if isScheduled { activateTimer(unit) } else { anchors.append((unit, .start)) }
      } else if self[unit].unit.loadState != .loaded {
        message(.error, "cannot start " + self[unit].name + ": " + refusal(self[unit]))
      } else {
        anchors.append((unit, .start))
      }
    }
    if anchors.isEmpty { return }
    switch plan(anchors) {
    case .success(var transaction):
      if let error = breakCycles(&transaction) {
        message(.error, "cannot start " + self[error.unit].name + ": " + error.message)
        for anchor in anchors { startAlone(anchor.unit) }
        return
      }
      for item in transaction.items {
        var job = Job(id: nextJob, type: item.type)
        job.isBoot = phase == .booting
        install(item.unit, job)
        nextJob = nextJob &+ 1
      }
    case .failure(let error):
      // One unit that cannot start must not keep the others down: each on its own.
      message(.error, "cannot start " + self[error.unit].name + ": " + error.message)
      for anchor in anchors where anchor.unit != error.unit { startAlone(anchor.unit) }
    }
  }

  private mutating func startAlone(_ unit: UnitID) {
    guard case .failure(let error) = enqueue(unit, .start) else { return }
    message(.error, "cannot start " + self[unit].name + ": " + (error.unit == unit ? [] : self[error.unit].name + ": ") + error.message)
  }

  func isTimer(_ id: UnitID) -> Bool {
    if case .timer = self[id].unit.kind { return true }
    return false
  }

  /// Puts a job on its unit: merged with what is there, or in its place. Returns the id that answers for it.
  @discardableResult
  private mutating func install(_ unit: UnitID, _ new: Job) -> UInt32 {
    var job = new
    if let old = self[unit].job {
      if let merged = JobMerge.merge(old.type, job.type), !(old.isRunning && (merged != old.type || merged == .reload)) {
        self[unit].job?.type = merged
        self[unit].job?.waiters += job.waiters
        if self[unit].job?.environment.isEmpty == true { self[unit].job?.environment = job.environment }
        if job.isManual { self[unit].job?.isManual = true }
        // Somebody else wants it too: no automatic restart any more, the counters start anew.
        #if PLANTED
        if plantedBug == 16 { job.isAutoRestart = true }
        #endif
        if !job.isAutoRestart && !old.isRunning { self[unit].job?.isAutoRestart = false }
        mayRun = true
        return old.id
      }
      if let merged = JobMerge.merge(old.type, job.type) {
        // A running start that becomes a restart begins anew, with everybody who waited; so does a reload, which may have
        // read what was there before.
        job.type = merged
        job.waiters = old.waiters + job.waiters
        job.isBoot = old.isBoot || job.isBoot
        bootJobsLeft += (job.isBoot ? 1 : 0) - (old.isBoot ? 1 : 0)
        dequeue(unit)
        self[unit].job = job
        waiting.append(unit)
        mayRun = true
        return job.id
      } else {
        finish(unit, .canceled, Bytes("replaced by a ") + Bytes(job.type.name) + " job")
      }
    }
    if job.isBoot { bootJobsLeft += 1 }
    self[unit].job = job
    waiting.append(unit)
    mayRun = true
    return job.id
  }

  private mutating func dequeue(_ unit: UnitID) {
    if let index = waiting.firstIndex(of: unit) { waiting.remove(at: index) }
  }

  /// One pass over the waiting jobs: what need not wait begins.
  mutating func runJobs() {
    let candidates = waiting
    var allWait = !candidates.isEmpty
    for unit in candidates {
      guard let job = self[unit].job, !job.isRunning, blocker(of: unit, job) == nil else { continue }
      allWait = false
      run(unit, job)
    }
    // Only jobs that neither began nor ended still wait.
    waiting = waiting.filter { self[$0].job.map { !$0.isRunning } ?? false }
    if allWait { breakDeadlock() }
  }

  /// A unit whose job goes first.
  private func blocker(of unit: UnitID, _ job: Job) -> UnitID? {
    for other in self[unit].after {
      if let theirs = self[other].job, other != unit, JobMerge.waits(job.type, forJob: theirs.type, after: true) { return other }
    }
    for other in self[unit].before {
      if let theirs = self[other].job, other != unit, JobMerge.waits(job.type, forJob: theirs.type, after: false) { return other }
    }
    return nil
  }

  /// Transactions know no cycles, but jobs of several can wait for each other. When every job waits and none runs, no event
  /// would ever come: one job of the circle goes first.
  private mutating func breakDeadlock() {
    for record in records where record.job?.isRunning == true { return }
    var seen: [UnitID] = []
    var next = waiting.first
    while let unit = next, let job = self[unit].job, !seen.contains(unit) {
      seen.append(unit)
      next = blocker(of: unit, job)
    }
    guard let unit = next, let job = self[unit].job else { return }
    message(.warning, self[unit].name + ": its " + Bytes(job.type.name) + " job waits in an ordering cycle, it goes first")
    run(unit, job)
    waiting = waiting.filter { self[$0].job.map { !$0.isRunning } ?? false }
  }

  private mutating func run(_ unit: UnitID, _ job: Job) {
    switch job.type {
    case .start, .verifyActive, .reloadOrStart: runStart(unit, job)
    case .stop: runStop(unit)
    case .restart: if self[unit].isDown { becomeStart(unit) } else { runStop(unit) }
    case .tryRestart: if self[unit].isDown { finish(unit, .done) } else { runStop(unit) }
    case .reload: runReload(unit)
    }
  }

  private mutating func runStart(_ unit: UnitID, _ job: Job) {
    switch self[unit].activeState {
    case .active, .reloading:
      if job.type == .reloadOrStart && canReload(unit) { return runReload(unit) }
      finish(unit, .done)
    case .deactivating: break
    case .activating where !self[unit].isInBackoff: self[unit].job?.isRunning = true
    case .inactive, .failed, .activating:
      if job.type == .verifyActive {
        finish(unit, .failed, Bytes("it is not active"))
        return retryRestart(unit)
      }
      if phase == .stopping || phase == .sweeping { return finish(unit, .canceled, Bytes("apus is stopping")) }
      begin(unit, job)
    }
  }

  private mutating func begin(_ unit: UnitID, _ job: Job) {
    takePending(unit)
    guard case .service = self[unit].unit.kind else {
      self[unit].isOn = true
      self[unit].stateChangedAt = now.wall
      self[unit].activeEnteredAt = now.wall
      if isTimer(unit) { activateTimer(unit) }
      return finish(unit, .done)
    }
    self[unit].job?.isRunning = true
    self[unit].stoppedByClient = false
    if job.isBoot { self[unit].bootInvocation = nextInvocation }
    if !self[unit].limiter.allow(self[unit].unit.startLimit, now: now.instant) {
      guard var context = serviceContext(unit) else { return }
      self[unit].service.refuseStart(&context)
      return absorb(unit, context)
    }
    if case .start = job.type, job.isAutoRestart {
      feed(unit, .start(.autoRestart))
    } else {
      feed(unit, .start(.request(environment: job.environment)))
    }
  }

  private mutating func runStop(_ unit: UnitID) {
    if self[unit].isDown { return finish(unit, .done) }
    guard let job = self[unit].job else { return }
    self[unit].job?.isRunning = true
    if job.type == .stop && job.isManual { self[unit].stoppedByClient = true }
    if case .service = self[unit].unit.kind { return feed(unit, .stop) }
    self[unit].isOn = false
    self[unit].stateChangedAt = now.wall
    if isTimer(unit) { deactivateTimer(unit) }
    if self[unit].isRemoved { forget(unit) }
    stateChanged(unit, to: .inactive)
  }

  func canReload(_ unit: UnitID) -> Bool {
    guard let settings = self[unit].serviceSettings else { return false }
    let state = self[unit].service.state
    return (!settings.reload.isEmpty || settings.type == .notifyReload) && (state == .running || state == .exited)
  }

  private mutating func runReload(_ unit: UnitID) {
    // Behind a reload that is under way: that one may have read the old configuration.
    if self[unit].service.state.active == .reloading { return }
    guard canReload(unit) else {
      finish(unit, .failed, Bytes("it cannot be reloaded"))
      // It may have kept an automatic restart from queueing its own job.
      return retryRestart(unit)
    }
    self[unit].job?.isRunning = true
    feed(unit, .reload)
  }

  /// A restart's stop phase is over.
  private mutating func becomeStart(_ unit: UnitID) {
    self[unit].job?.type = .start
    self[unit].job?.wasRestart = true
    self[unit].job?.isRunning = false
    if !waiting.contains(unit) { waiting.append(unit) }
    mayRun = true
  }

  mutating func queueAutoRestart(_ unit: UnitID) {
    if phase == .stopping || phase == .sweeping { return }
    if self[unit].job != nil { return }
    if case .failure = enqueue(unit, .start, isAutoRestart: true) { retryRestart(unit) }
  }

  /// The job of an automatic restart ended without a start (what it requires failed): the next try comes after a backoff.
  private mutating func retryRestart(_ unit: UnitID) {
    #if PLANTED
    if plantedBug == 15 { return }
    #endif
    guard self[unit].service.state == .autoRestartQueued, phase == .booting || phase == .running else { return }
    guard var context = serviceContext(unit) else { return }
    self[unit].service.retryRestart(&context)
    absorb(unit, context)
  }

  mutating func reloadEnded(_ unit: UnitID, _ success: Bool) {
    // A further reload may have waited for this one.
    mayRun = true
    guard let job = self[unit].job, job.isRunning, job.type == .reload || job.type == .reloadOrStart else { return }
    finish(unit, success ? .done : .failed, success ? [] : Bytes("ExecReload= failed"))
  }

  /// What a unit's new state means for its job (systemd's unit_notify).
  mutating func stateChanged(_ unit: UnitID, to state: ActiveState) {
    guard let job = self[unit].job else { return }
    switch job.type {
    case .start, .verifyActive, .reloadOrStart:
      guard job.isRunning else {
        // With RestartMode=direct the end shows only as a backoff.
        if state == .inactive || state == .failed || self[unit].isInBackoff { mayRun = true }
        return
      }
      switch state {
      case .active, .reloading: finish(unit, .done)
      case .inactive:
        let skipped = self[unit].service.result == .execCondition
        finish(unit, skipped ? .skipped : .done, skipped ? Bytes("ExecCondition= said no") : [])
      case .failed: finish(unit, .failed, reason(unit))
      case .activating, .deactivating: break
      }
    case .stop:
      if state == .inactive || state == .failed { finish(unit, .done) }
    case .restart, .tryRestart:
      if job.isRunning && (state == .inactive || state == .failed) { becomeStart(unit) }
    case .reload:
      guard job.isRunning else {
        mayRun = true
        return
      }
      if state != .active && state != .reloading { finish(unit, .failed, Bytes("it stopped meanwhile")) }
    }
  }

  /// Ends a job: every waiter is answered, who waited for it may run, and a failed start fails who requires it.
  mutating func finish(_ unit: UnitID, _ result: JobResult, _ message: Bytes = []) {
    guard let job = self[unit].job else { return }
    close(unit, job, result, message)
    let isStart = job.type == .start || job.type == .verifyActive || job.type == .reloadOrStart
    if isStart && (result == .failed || result == .dependency || result == .timeout) {
      if options.failFast && job.isBoot { beginStop(.failFast(unit: unit), atOnce: false) }
      failDependents(unit)
    }
    if self[unit].isRemoved && self[unit].isDown { forget(unit) }
  }

  /// Takes the job off its unit and answers for it.
  private mutating func close(_ unit: UnitID, _ job: Job, _ result: JobResult, _ message: Bytes) {
    self[unit].job = nil
    dequeue(unit)
    mayRun = true
    mayHaveEnded = true
    if job.isBoot { bootJobsLeft -= 1 }
    let type: JobType = job.wasRestart ? .restart : job.type
    #if PLANTED
    if plantedBug == 6, let waiter = job.waiters.first { out.append(.reply(waiter, .done)) }
    #endif
    if !job.isRunning && result != .done && self[unit].isDown { runCameToNothing(unit) }
    for waiter in job.waiters {
      out.append(.reply(waiter, .job(JobReport(id: job.id, unit: self[unit].name, type: type, result: result, message: message))))
    }
  }

  /// Jobs that wait to start what requires `failed`, and who requires those.
  private mutating func failDependents(_ failed: UnitID) {
    var worklist = [failed]
    var next = 0
    while next < worklist.count {
      let cause = worklist[next]
      next += 1
      for unit in self[cause].requiredBy {
        guard let job = self[unit].job, job.type == .start || job.type == .verifyActive, !job.isRunning else { continue }
        let why = "it requires " + self[cause].name + ", which failed"
        message(.error, "cannot start " + self[unit].name + ": " + why)
        close(unit, job, .dependency, why)
        retryRestart(unit)
        worklist.append(unit)
      }
    }
  }
}
