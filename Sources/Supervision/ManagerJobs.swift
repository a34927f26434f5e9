import Model

// Queueing and beginning jobs (units.md e.3). How they end: ManagerJobEnds.swift.

extension Manager {
  /// Plans, checks and queues one request. `waiter` is answered when the anchor's job has ended.
  @discardableResult
  mutating func enqueue(
    _ unit: UnitID, _ type: JobType, mode: JobMode = .replace, waiter: RequestID? = nil, environment: [Bytes] = [],
    isAutoRestart: Bool = false, isManual: Bool = false
  ) -> Result<UInt32, TransactionError> {
    let planned: [PlannedJob]
    switch plan(TransactionRequest(anchors: [(unit, type)], mode: mode, isAutoRestart: isAutoRestart)) {
    case .success(let jobs): planned = jobs
    case .failure(let error): return .failure(error)
    }
    var anchorJob: UInt32 = 0
    for item in planned {
      var job = newJob(item)
      job.ignoresOrder = mode == .ignoreDependencies
      if item.isAnchor {
        if let waiter { job.waiters = [waiter] }
        job.environment = environment
        job.isAutoRestart = isAutoRestart
        job.isManual = isManual
      }
      let id = install(item.unit, job)
      if item.isAnchor { anchorJob = id }
    }
    return .success(anchorJob)
  }

  private mutating func newJob(_ item: PlannedJob) -> Job {
    var job = Job(id: nextJob, type: item.type)
    job.isBoot = phase == .booting
    job.isPulled = !item.isAnchor
    nextJob = nextJob &+ 1
    return job
  }

  /// Boot and apply: several anchors, none of which matters to another.
  mutating func startAll(_ units: [UnitID]) {
    var anchors: [(unit: UnitID, type: JobType)] = []
    for unit in units {
      // A schedule starts its clockwork, not its service.
      if self[unit].willBeScheduled { activateTimer(unit) } else { anchors.append((unit, .start)) }
    }
    if anchors.isEmpty { return }
    switch plan(TransactionRequest(anchors: anchors)) {
    case .success(let planned): for item in planned { install(item.unit, newJob(item)) }
    case .failure(let error):
      sayRefused(error.unit, error)
      if anchors.count == 1 { return }
      // One unit that cannot start must not keep the others down: each on its own.
      for anchor in anchors { startAlone(anchor.unit) }
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
    let record = self[unit]
    if let old = record.job {
      guard let both = JobMerge.merge(old.type, job.type), let merged = collapsed(both, unit) else {
        finish(unit, .canceled, Bytes("replaced by a ") + Bytes(job.type.name) + " job")
        return install(unit, job)
      }
      if old.isRunning && (merged != old.type || merged == .reload) {
        // A running start that becomes a restart begins anew, with everybody who waited; so does a reload, which may have
        // read what was there before.
        job.type = merged
        job.waiters = old.waiters + job.waiters
        job.isBoot = old.isBoot || job.isBoot
        job.isPulled = old.isPulled && job.isPulled
        job.timeoutAt = min(old.timeoutAt, job.timeoutAt)
        bootJobsLeft += (job.isBoot ? 1 : 0) - (old.isBoot ? 1 : 0)
        tell(unit, old.id, merged, .merged(into: job.id))
        #if PLANTED
        if plantedBug == 29 { finish(unit, .canceled) }
        #endif
        dequeue(unit)
        record.checkNumber = 0
        queue(unit, job)
        return job.id
      }
      mergeWaiting(unit, old, &job, merged)
      tell(unit, job.id, merged, .merged(into: old.id))
      return old.id
    }
    if job.isBoot { bootJobsLeft += 1 }
    queue(unit, job)
    return job.id
  }

  private mutating func mergeWaiting(_ unit: UnitID, _ old: Job, _ job: inout Job, _ merged: JobType) {
    let record = self[unit]
    record.job?.type = merged
    record.job?.waiters += job.waiters
    if record.job?.environment.isEmpty == true { record.job?.environment = job.environment }
    if job.isManual { record.job?.isManual = true }
    if !job.isPulled { record.job?.isPulled = false }
    if !job.ignoresOrder { record.job?.ignoresOrder = false }
    mayRun = true
    if old.isRunning { return }
    if job.isAutoRestart {
      if old.isPulled { record.job?.isAutoRestart = true }
      return
    }
    // Somebody else wants it for its own sake: no automatic restart any more, the counters start anew.
    #if PLANTED
    if plantedBug == 16 { return }
    #endif
    if !job.isPulled { record.job?.isAutoRestart = false }
  }

  private mutating func queue(_ unit: UnitID, _ job: Job) {
    let record = self[unit]
    record.job = job
    tell(unit, job.id, job.type, .queued)
    waiting.append(unit)
    mayRun = true
    limitJob(unit, record.unit.jobTimeout)
  }

  /// At the end everything is stopped: nothing is to be pulled in, and no cycle may refuse it.
  mutating func queueStop(_ unit: UnitID) {
    queue(unit, Job(id: nextJob, type: .stop))
    nextJob = nextJob &+ 1
  }

  /// `JobTimeoutSec=`, and from a job's beginning `JobRunningTimeoutSec=`: the earlier of the two counts.
  private mutating func limitJob(_ unit: UnitID, _ timeout: TimeSpan) {
    let record = self[unit]
    guard let job = record.job, !timeout.isInfinite else { return }
    let at = min(job.timeoutAt, now.instant + timeout)
    record.job?.timeoutAt = at
    out.append(.arm(Deadline(unit, .job, invocation: job.id), at: at))
  }

  mutating func dequeue(_ unit: UnitID) {
    if let index = waiting.firstIndex(of: unit) { waiting.remove(at: index) }
  }

  // MARK: Whose turn it is

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

  /// A unit that goes first: its job does, or it is in its backoff and this one cannot do without it.
  func blocker(of unit: UnitID, _ job: Job) -> UnitID? {
    if job.ignoresOrder { return nil }
    let record = self[unit]
    for other in record.edges[.after] {
      #if PLANTED
      if plantedBug == 17 && self[other].service.state == .start { continue }
      #endif
      if let theirs = self[other].job, JobMerge.waits(job.type, forJob: theirs.type, after: true) { return other }
    }
    for other in record.edges[.before] {
      if let theirs = self[other].job, JobMerge.waits(job.type, forJob: theirs.type, after: false) { return other }
    }
    return job.type == .start ? comingBack(unit) : nil
  }

  /// A unit that `unit` requires, is ordered after, and that failed but will be restarted: the start waits for that one
  /// instead of failing (systemd fails it for good, and the restart does not bring it back).
  func comingBack(_ unit: UnitID) -> UnitID? {
    let record = self[unit]
    for relation in Relation.pulledInBy {
      for other in record.edges[relation] where self[other].isInBackoff && record.edges[.after].contains(other) { return other }
    }
    return nil
  }

  /// Transactions know no cycles, but a circle can close behind them. When every job waits and none runs, no event would ever
  /// come: one job of the circle goes first.
  private mutating func breakDeadlock() {
    for record in records where record.job?.isRunning == true { return }
    for first in waiting {
      var seen: [UnitID] = []
      var next: UnitID? = first
      while let unit = next, let job = self[unit].job, !seen.contains(unit) {
        seen.append(unit)
        next = blocker(of: unit, job)
      }
      // Not a circle: it ends at somebody who waits for his time.
      guard let unit = next, let job = self[unit].job else { continue }
      message(.warning, self[unit].name + ": its " + Bytes(job.type.name) + " job waits in an ordering cycle, it goes first")
      run(unit, job)
      waiting = waiting.filter { self[$0].job.map { !$0.isRunning } ?? false }
      return
    }
  }

  // MARK: Beginning

  private mutating func run(_ unit: UnitID, _ job: Job) {
    tell(unit, job.id, job.type, .begun)
    let record = self[unit]
    switch job.type {
    case .start, .reloadOrStart: runStart(unit, job)
    case .verifyActive: runVerify(unit)
    case .stop: runStop(unit)
    case .restart, .tryRestart: if record.isDown { becomeStart(unit) } else { runStop(unit) }
    case .reload: runReload(unit)
    }
    if record.job?.isRunning == true { limitJob(unit, record.unit.jobRunningTimeout) }
  }

  private mutating func runStart(_ unit: UnitID, _ job: Job) {
    let record = self[unit]
    switch record.activeState {
    case .active, .reloading:
      if job.type == .reloadOrStart && canReload(unit) { return runReload(unit) }
      finish(unit, .done)
    case .deactivating: break
    case .activating where !record.isInBackoff: record.job?.isRunning = true
    // Only wanted by another: the backoff goes on, its end begins this job.
    case .activating where job.isPulled && record.service.state == .autoRestart: break
    case .inactive, .failed, .activating:
      if phase == .stopping || phase == .sweeping { return finish(unit, .canceled, Bytes("apus is stopping")) }
      begin(unit)
    }
  }

  /// Requisite=: the unit must be active already; one that is on its way is waited for.
  private mutating func runVerify(_ unit: UnitID) {
    let record = self[unit]
    if record.isSatisfied { return finish(unit, .done) }
    if record.isDown { finish(unit, .skipped, Bytes("it is not active")) }
  }

  private mutating func runStop(_ unit: UnitID) {
    let record = self[unit]
    if record.isDown { return finish(unit, .done) }
    guard let job = record.job else { return }
    record.job?.isRunning = true
    if job.type == .stop && job.isManual { record.stoppedByClient = true }
    if record.serviceSettings != nil { return feed(unit, .stop) }
    if isTimer(unit) { deactivateTimer(unit) }
    deactivatePath(unit)
    let isRemoved = record.isRemoved
    setOn(unit, false)
    if isRemoved { forget(unit) }
  }

  /// Whether the unit has a way to reload at all.
  func hasReload(_ unit: UnitID) -> Bool {
    guard let settings = self[unit].serviceSettings else { return false }
    return !settings.reload.isEmpty || settings.type == .notifyReload
  }

  func canReload(_ unit: UnitID) -> Bool {
    let state = self[unit].service.state
    return hasReload(unit) && (state == .running || state == .exited)
  }

  private mutating func runReload(_ unit: UnitID) {
    // Behind a reload that is under way: that one may have read the old configuration.
    let record = self[unit]
    if record.activeState == .reloading { return }
    guard canReload(unit) else { return finish(unit, .invalid, Bytes("it cannot be reloaded, it is not running")) }
    record.job?.isRunning = true
    feed(unit, .reload)
  }

  /// A restart's stop phase is over.
  mutating func becomeStart(_ unit: UnitID) {
    let record = self[unit]
    record.job?.type = .start
    if let job = record.job { tell(unit, job.id, .start, .becameStart) }
    record.job?.wasRestart = true
    record.job?.isRunning = false
    // The stop was asked for: what follows is no automatic restart any more, and the counters start anew.
    record.job?.isAutoRestart = false
    if !waiting.contains(unit) { waiting.append(unit) }
    mayRun = true
  }

  /// The backoff is over.
  mutating func queueAutoRestart(_ unit: UnitID) {
    if phase == .stopping || phase == .sweeping { return }
    let record = self[unit]
    if let job = record.job, job.isRunning, job.type == .start || job.type == .reloadOrStart {
      // RestartMode=direct shows no end, so that the job of the start that came to nothing is still there, with everybody who
      // waits for it: it begins anew.
      record.job?.type = .start
      record.job?.isRunning = false
      record.job?.isPulled = false
      record.job?.isAutoRestart = true
      if !waiting.contains(unit) { waiting.append(unit) }
      mayRun = true
      return
    }
    if let job = record.job, job.type != .verifyActive, !(job.type == .start && job.isPulled) { return }
    if case .failure = enqueue(unit, .start, isAutoRestart: true) { retryRestart(unit) }
  }

  /// The job of an automatic restart ended without a start (what it requires failed): the next try comes after a backoff.
  mutating func retryRestart(_ unit: UnitID) {
    #if PLANTED
    if plantedBug == 15 { return }
    #endif
    let record = self[unit]
    guard record.service.state == .autoRestartQueued, phase == .booting || phase == .running else { return }
    guard var context = serviceContext(unit) else { return }
    record.service.retryRestart(&context)
    absorb(unit, context)
  }
}
