import Model

/// One request's set of jobs, built and checked before anything is queued (units.md e.3).
struct Transaction: Sendable {
  struct Item: Equatable, Sendable {
    var unit: UnitID
    var type: JobType
    /// The anchor fails without it; what does not matter is dropped to break a cycle or a conflict.
    var matters: Bool
    var isAnchor: Bool
  }

  private(set) var items: [Item] = []
  private var position: [Int32: Int] = [:]
  var failure: Bytes = []

  /// Adds a job, merging it with one of the same unit. False: nothing new, so its own dependencies were followed before.
  mutating func add(_ unit: UnitID, _ type: JobType, matters: Bool, isAnchor: Bool = false) -> Bool {
    guard let index = position[unit.index] else {
      position[unit.index] = items.count
      items.append(Item(unit: unit, type: type, matters: matters, isAnchor: isAnchor))
      return true
    }
    let old = items[index]
    if let merged = JobMerge.merge(old.type, type) {
      items[index].type = merged
      items[index].matters = old.matters || matters
      items[index].isAnchor = old.isAnchor || isAnchor
      return merged != old.type || (matters && !old.matters)
    }
    // Start against stop: the one that does not matter gives way.
    if !matters { return false }
    if !old.matters {
      items[index] = Item(unit: unit, type: type, matters: true, isAnchor: isAnchor)
      return true
    }
    failure = Bytes("it would have to be started and stopped at once")
    return false
  }

  mutating func remove(_ unit: UnitID) {
    guard let index = position[unit.index] else { return }
    items.remove(at: index)
    position[unit.index] = nil
    for later in index..<items.count { position[items[later].unit.index] = later }
  }

  func index(of unit: UnitID) -> Int? { position[unit.index] }
}

extension Manager {
  /// Builds the transaction of some anchors. nil: refused, with the reason.
  /// `restartsDependents`: an automatic restart, which takes along who requires the unit (units.md c.5).
  func plan(
    _ anchors: [(unit: UnitID, type: JobType)], restartsDependents: Bool = false
  ) -> Result<Transaction, TransactionError> {
    var transaction = Transaction()
    var worklist: [Transaction.Item] = []
    func want(_ unit: UnitID, _ type: JobType, _ matters: Bool, anchor: Bool = false) {
      if transaction.add(unit, type, matters: matters, isAnchor: anchor) {
        worklist.append(Transaction.Item(unit: unit, type: type, matters: matters, isAnchor: anchor))
      }
    }
    for anchor in anchors { want(anchor.unit, anchor.type, anchors.count == 1, anchor: true) }
    var next = 0
    while next < worklist.count {
      let item = worklist[next]
      next += 1
      let record = self[item.unit]
      let starts = item.type == .start || item.type == .restart || item.type == .reloadOrStart
      if starts {
        if record.unit.loadState != .loaded {
          if item.isAnchor || item.matters { return .failure(TransactionError(item.unit, refusal(record))) }
          transaction.remove(item.unit)
          continue
        }
        if !record.missingRequirement.isEmpty && (item.isAnchor || item.matters) {
          return .failure(TransactionError(item.unit, "it requires " + record.missingRequirement + ", which is not found"))
        }
        for unit in record.requires { want(unit, .start, item.matters || item.isAnchor) }
        for unit in record.wants where self[unit].unit.loadState == .loaded { want(unit, .start, false) }
      }
      if item.type == .stop || item.type == .restart || item.type == .tryRestart || (restartsDependents && item.isAnchor) {
        for unit in record.requiredBy {
          let follow: JobType = item.type == .stop ? .stop : .tryRestart
          if !self[unit].isDown || self[unit].job != nil { want(unit, follow, item.matters || item.isAnchor) }
        }
      }
      if !transaction.failure.isEmpty { return .failure(TransactionError(item.unit, transaction.failure)) }
    }
    return .success(transaction)
  }

  func refusal(_ record: UnitRecord) -> Bytes {
    record.unit.loadError.isEmpty ? Bytes(record.unit.loadState.name) : record.unit.loadError
  }

  /// Breaks ordering cycles: of each, a job that does not matter to the anchor goes, with a line that names the cycle.
  /// A cycle of jobs that all matter refuses the transaction.
  mutating func breakCycles(_ transaction: inout Transaction) -> TransactionError? {
    while let cycle = findCycle(transaction) {
      var names = Bytes()
      for unit in cycle { names += self[unit].name + " -> " }
      names += self[cycle[0]].name
      var victim: UnitID? = nil
      for unit in cycle.reversed() {
        if let index = transaction.index(of: unit), !transaction.items[index].matters { victim = unit }
        if victim != nil { break }
      }
      guard let victim else { return TransactionError(cycle[0], "ordering cycle: " + names) }
      message(.warning, "ordering cycle " + names + ": not starting " + self[victim].name + " to break it")
      transaction.remove(victim)
    }
    return nil
  }

  /// Units of one cycle of waits among the transaction's jobs; nil when there is none. Jobs are taken away in the order
  /// they could run (Kahn); who is left when nobody can run waits in a circle, or behind one.
  private func findCycle(_ transaction: Transaction) -> [UnitID]? {
    let items = transaction.items
    var pending = [Int](repeating: 0, count: items.count)
    var waiters = [[Int]](repeating: [], count: items.count)
    for (index, item) in items.enumerated() {
      for other in waitsFor(item, transaction) {
        pending[index] += 1
        waiters[other].append(index)
      }
    }
    var ready = items.indices.filter { pending[$0] == 0 }
    var done = 0
    while done < ready.count {
      for index in waiters[ready[done]] {
        pending[index] -= 1
        if pending[index] == 0 { ready.append(index) }
      }
      done += 1
    }
    guard done < items.count, let start = items.indices.first(where: { pending[$0] > 0 }) else { return nil }
    var path: [Int] = []
    var place = [Int](repeating: -1, count: items.count)
    var current = start
    while place[current] < 0 {
      place[current] = path.count
      path.append(current)
      guard let next = waitsFor(items[current], transaction).first(where: { pending[$0] > 0 }) else { return nil }
      current = next
    }
    return path[place[current]...].map { items[$0].unit }
  }

  private func waitsFor(_ item: Transaction.Item, _ transaction: Transaction) -> [Int] {
    var result: [Int] = []
    for unit in self[item.unit].after {
      if let other = transaction.index(of: unit), JobMerge.waits(item.type, forJob: transaction.items[other].type, after: true) {
        result.append(other)
      }
    }
    for unit in self[item.unit].before {
      if let other = transaction.index(of: unit), JobMerge.waits(item.type, forJob: transaction.items[other].type, after: false) {
        result.append(other)
      }
    }
    return result
  }
}

/// Why a transaction was refused.
struct TransactionError: Error, Equatable {
  var unit: UnitID
  var message: Bytes
  init(_ unit: UnitID, _ message: Bytes) {
    self.unit = unit
    self.message = message
  }
}
