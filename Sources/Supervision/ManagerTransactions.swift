import Model

/// One job of a transaction that is ready to be queued.
struct PlannedJob: Equatable, Sendable {
  var unit: UnitID
  var type: JobType
  var isAnchor: Bool
}

/// What a transaction is asked for.
struct TransactionRequest {
  var anchors: [(unit: UnitID, type: JobType)]
  var mode = JobMode.replace
  /// An automatic restart, which takes along who requires the unit (units.md c.5).
  var isAutoRestart = false
}

// Building transactions: systemd's steps in systemd's order (units.md e.3).

extension Manager {
  /// The jobs of a request, conflicts and cycles resolved. With several anchors (boot, apply) it is as if one target wanted
  /// all of them: none matters to another, and one that cannot be is said and left out.
  mutating func plan(_ request: TransactionRequest) -> Result<[PlannedJob], TransactionError> {
    var transaction = Transaction()
    if let error = build(request, &transaction) { return .failure(error) }
    if request.anchors.count == 1 { transaction.markWhatMatters() }
    if request.mode == .fail { minimizeImpact(&transaction) }
    dropRedundant(&transaction)
    repeat { transaction.collectGarbage() } while breakOneCycle(&transaction, request.mode)
    if let error = cycleError {
      cycleError = nil
      return .failure(error)
    }
    if let error = resolveConflicts(&transaction) { return .failure(error) }
    dropRedundant(&transaction)
    return finished(transaction, request.mode)
  }

  // MARK: What belongs to it

  private mutating func build(_ request: TransactionRequest, _ transaction: inout Transaction) -> TransactionError? {
    var failedAnchors: [Int] = []
    var next = 0
    for anchor in request.anchors {
      switch obstacle(anchor.unit, anchor.type) {
      case .none: _ = transaction.add(anchor.unit, anchor.type, by: -1, matters: true)
      case .notApplicable(let error), .refused(let error):
        if request.anchors.count == 1 { return error }
        sayRefused(error.unit, error)
      }
    }
    let ignoresDependencies = request.mode == .ignoreDependencies
    while next < transaction.items.count && !ignoresDependencies {
      let item = transaction.items[next]
      if let error = pullIn(next, item, request, &transaction), let anchor = anchorThatFails(next, transaction) {
        if request.anchors.count == 1 { return error }
        sayRefused(transaction.items[anchor].unit, error)
        failedAnchors.append(anchor)
      }
      next += 1
    }
    for anchor in failedAnchors { transaction.delete(anchor, cascade: true) }
    return nil
  }

  mutating func sayRefused(_ unit: UnitID, _ error: TransactionError) {
    message(.error, "cannot start " + self[unit].name + ": " + error.message)
  }

  /// Up the way by which a job came, to the anchor that cannot do without it; nil when somebody on the way can.
  private func anchorThatFails(_ index: Int, _ transaction: Transaction) -> Int? {
    var index = index
    while transaction.items[index].parent >= 0 {
      if transaction.items[index].isOptional { return nil }
      index = transaction.items[index].parent
    }
    return index
  }

  private enum Obstacle {
    case none
    /// The job makes no sense for the unit: nobody minds but who asked for just that.
    case notApplicable(TransactionError)
    case refused(TransactionError)
  }

  /// Why a job cannot be at all (systemd's load state and applicability checks).
  private func obstacle(_ unit: UnitID, _ type: JobType) -> Obstacle {
    let record = self[unit]
    if type == .stop {
      if record.isStub { return .notApplicable(TransactionError(unit, Bytes("it is built in and always active"), .notApplicable)) }
      return .none
    }
    if isForgotten(unit) { return .refused(notFound(record.name, unit)) }
    if record.unit.loadState != .loaded {
      if record.unit.loadState == .notFound { return .refused(notFound(record.name, unit)) }
      return .refused(TransactionError(unit, refusal(record)))
    }
    if type == .reload && !hasReload(unit) {
      return .notApplicable(TransactionError(unit, Bytes("it has no ExecReload="), .notApplicable))
    }
    return .none
  }

  private func notFound(_ name: Bytes, _ by: UnitID) -> TransactionError {
    TransactionError(by, "Unit " + name + " not found.", .notFound)
  }

  /// Its file is gone, and its name is free.
  func isForgotten(_ unit: UnitID) -> Bool {
    byName[self[unit].name] != Int(unit.index) && !self[unit].isMade
  }

  /// Adds everything that one job brings with it; an error is one that the job does not survive.
  private func pullIn(
    _ index: Int, _ item: Transaction.Item, _ request: TransactionRequest, _ transaction: inout Transaction
  ) -> TransactionError? {
    let record = self[item.unit]
    var error: TransactionError? = nil
    func want(_ unit: UnitID, _ type: JobType, matters: Bool, conflicts: Bool = false, isOptional: Bool = false) {
      switch obstacle(unit, type) {
      case .none: _ = transaction.add(unit, type, by: index, matters: matters, conflicts: conflicts, isOptional: isOptional)
      case .notApplicable: break
      case .refused(let refused): if !isOptional && error == nil { error = refused }
      }
    }
    if item.type == .start || item.type == .restart {
      if !record.missingRequirement.isEmpty {
        error = TransactionError(
          item.unit, "it requires " + record.missingRequirement + ", which is not found", .notFound)
      }
      for relation in Relation.pulledInBy { for unit in record.edges[relation] { want(unit, .start, matters: true) } }
      for relation in Relation.pulledInIgnored {
        for unit in record.edges[relation] { want(unit, .start, matters: false, isOptional: true) }
      }
      for unit in record.edges[.requisite] { want(unit, .verifyActive, matters: true) }
      for unit in record.edges[.conflicts] { want(unit, .stop, matters: true, conflicts: true) }
      for unit in record.edges[.conflictedBy] { want(unit, .stop, matters: false, isOptional: true) }
    }
    if item.type == .stop {
      for relation in Relation.stoppedWith { for unit in record.edges[relation] { want(unit, .stop, matters: true) } }
    }
    if item.type == .restart || (request.isAutoRestart && item.isAnchor) {
      for relation in Relation.restartedWith {
        for unit in record.edges[relation] where !self[unit].isDown {
          // Who waits in its own backoff comes back by itself; its delay is not cut short by another's crashes.
          if request.isAutoRestart && self[unit].isInBackoff { continue }
          want(unit, .restart, matters: true)
        }
      }
    }
    if item.type == .reload {
      for unit in record.edges[.propagatesReloadTo] where self[unit].activeState == .active || self[unit].activeState == .reloading {
        want(unit, .reload, matters: false, isOptional: true)
      }
    }
    return error
  }

  func refusal(_ record: UnitRecord) -> Bytes {
    record.unit.loadError.isEmpty ? Bytes(record.unit.loadState.name) : record.unit.loadError
  }

  /// What a request of that kind means for the unit as it is now; nil: nothing is to be done.
  func collapsed(_ type: JobType, _ unit: UnitID) -> JobType? {
    switch type {
    case .tryRestart: self[unit].isDown ? nil : .restart
    case .reloadOrStart: self[unit].activeState == .active || self[unit].activeState == .reloading ? .reload : .start
    case .start, .verifyActive, .stop, .reload, .restart: type
    }
  }

  // MARK: What can be left out

  private func isRedundant(_ item: Transaction.Item) -> Bool {
    if let job = self[item.unit].job, JobMerge.merge(item.type, job.type) == nil { return false }
    switch item.type {
    case .start: return self[item.unit].isUp
    case .verifyActive: return self[item.unit].isSatisfied
    case .stop: return self[item.unit].isDown
    case .reload: return self[item.unit].activeState == .reloading
    case .restart, .tryRestart, .reloadOrStart: return false
    }
  }

  /// Units all of whose jobs have nothing to do.
  private func dropRedundant(_ transaction: inout Transaction) {
    for index in transaction.items.indices where !transaction.items[index].isGone {
      // Once a unit, at the head of its chain.
      guard transaction.job(of: transaction.items[index].unit) == index else { continue }
      var isNeeded = false
      var member = index
      while member >= 0 {
        let item = transaction.items[member]
        if item.isAnchor || !isRedundant(item) { isNeeded = true }
        member = item.next
      }
      if isNeeded { continue }
      let unit = transaction.items[index].unit
      while let job = transaction.job(of: unit) { transaction.delete(job, cascade: false) }
    }
  }

  /// Job mode fail: nothing that runs is stopped, and no job reversed, for what does not matter.
  private func minimizeImpact(_ transaction: inout Transaction) {
    for index in transaction.items.indices {
      let item = transaction.items[index]
      if item.isGone || item.matters { continue }
      let stopsSomething = item.type == .stop && !self[item.unit].isDown
      let reverses = self[item.unit].job.map { JobMerge.merge($0.type, item.type) == nil } ?? false
      if stopsSomething || reverses { transaction.delete(index, cascade: true) }
    }
  }

  // MARK: Contradictions

  private func resolveConflicts(_ transaction: inout Transaction) -> TransactionError? {
    var index = 0
    while index < transaction.items.count {
      defer { index += 1 }
      let item = transaction.items[index]
      guard !item.isGone, transaction.job(of: item.unit) == index, item.next >= 0, transaction.merged(index) == nil else { continue }
      guard transaction.deleteOneOfConflict(of: index) else {
        return TransactionError(item.unit, Bytes("it would have to be started and stopped at once"))
      }
      transaction.collectGarbage()
      index = -1
    }
    return nil
  }

  private func finished(_ transaction: Transaction, _ mode: JobMode) -> Result<[PlannedJob], TransactionError> {
    var jobs: [PlannedJob] = []
    // A unit stands where its first job stands, so that the order of the request is the order of the queue.
    var isDone = [Bool](repeating: false, count: records.count)
    for item in transaction.items where !item.isGone && !isDone[Int(item.unit.index)] {
      isDone[Int(item.unit.index)] = true
      guard let head = transaction.job(of: item.unit), let (merged, isAnchor) = transaction.merged(head),
        let type = collapsed(merged, item.unit)
      else { continue }
      if mode == .fail, let job = self[item.unit].job, JobMerge.merge(job.type, type) == nil {
        let text = self[item.unit].name + " has '" + Bytes(job.type.name) + "' job queued, but '" + Bytes(type.name)
        return .failure(TransactionError(item.unit, text + "' is included in the transaction", .denied))
      }
      jobs.append(PlannedJob(unit: item.unit, type: type, isAnchor: isAnchor))
    }
    return .success(jobs)
  }

  // MARK: Ordering cycles

  /// Looks for an ordering cycle among the transaction's jobs and those that are queued already, and drops the job that
  /// breaks it: walking back from where the circle closed, the first that does not matter. False: there is none, or none
  /// that can be broken (`cycleError`).
  private mutating func breakOneCycle(_ transaction: inout Transaction, _ mode: JobMode) -> Bool {
    if mode == .ignoreDependencies { return false }
    guard let cycle = findCycle(transaction) else { return false }
    var names = Bytes()
    for unit in cycle { names += self[unit].name + " waits for " }
    names += self[cycle[0]].name
    for unit in cycle {
      guard let index = transaction.job(of: unit), !transaction.items[index].matters else { continue }
      let type = Bytes(transaction.items[index].type.name)
      message(.warning, "ordering cycle: " + names + "; the " + type + " of " + self[unit].name + " is dropped to break it")
      transaction.deleteAll(of: unit)
      return true
    }
    cycleError = TransactionError(cycle[0], "ordering cycle, and nothing in it can be left out: " + names)
    return false
  }

  /// The job of a unit, in the transaction or queued already.
  private func typeOfJob(_ unit: UnitID, _ transaction: Transaction) -> JobType? {
    if let index = transaction.job(of: unit) { return transaction.items[index].type }
    if let job = self[unit].job, !job.ignoresOrder { return job.type }
    return nil
  }

  /// A walk along "goes before", depth first; the units of the circle that it closes, each waiting for the next one.
  private func findCycle(_ transaction: Transaction) -> [UnitID]? {
    enum Mark: UInt8 { case new, onPath, done }
    var marks = [Mark](repeating: .new, count: records.count)
    var path: [(unit: UnitID, next: Int)] = []
    for item in transaction.items where !item.isGone && marks[Int(item.unit.index)] == .new {
      marks[Int(item.unit.index)] = .onPath
      path.append((item.unit, 0))
      while let top = path.last {
        guard let later = nextLater(&path[path.count - 1].next, of: top.unit, transaction) else {
          marks[Int(top.unit.index)] = .done
          path.removeLast()
          continue
        }
        switch marks[Int(later.index)] {
        case .done: continue
        case .new:
          marks[Int(later.index)] = .onPath
          path.append((later, 0))
        case .onPath:
          guard let begin = path.lastIndex(where: { $0.unit == later }) else { return nil }
          return path[begin...].reversed().map { $0.unit }
        }
      }
    }
    return nil
  }

  /// The next unit, from `position` on, whose job goes after that of `unit`.
  private func nextLater(_ position: inout Int, of unit: UnitID, _ transaction: Transaction) -> UnitID? {
    guard let type = typeOfJob(unit, transaction) else { return nil }
    let record = self[unit]
    let before = record.edges[.before]
    let after = record.edges[.after]
    while position < before.count + after.count {
      let isBefore = position < before.count
      let other = isBefore ? before[position] : after[position - before.count]
      position += 1
      if let theirs = typeOfJob(other, transaction), JobMerge.waits(theirs, forJob: type, after: isBefore) { return other }
    }
    return nil
  }
}
