import Model

/// One request's set of jobs, built and checked before anything is queued (units.md e.3). It knows no units, only jobs and
/// which of them came because of which.
struct Transaction: Sendable {
  struct Item: Sendable {
    var unit: UnitID
    var type: JobType
    var isAnchor = false
    /// The anchor fails without it; what does not matter is dropped to break a cycle or a conflict.
    var matters = false
    var isGone = false
    /// The job because of which it was added first, -1 for an anchor; and whether that one does without it.
    var parent: Int
    var isOptional: Bool
    /// The next job of the same unit, -1 at the end.
    var next = -1
    /// Links by which others asked for it, and by which it asks for others.
    var askedBy: [Int] = []
    var asksFor: [Int] = []
  }

  struct Link: Sendable {
    var subject: Int
    var object: Int
    var matters: Bool
    /// A stop because of Conflicts=.
    var conflicts: Bool
    var isGone = false
  }

  private(set) var items: [Item] = []
  private var links: [Link] = []
  /// The newest job of a unit; the others follow by `next`.
  private var first = Table<Int32, Int>()

  /// Adds a job, or only a link where the unit has one of that type. `isNew`: what it pulls in is to be added too.
  mutating func add(
    _ unit: UnitID, _ type: JobType, by subject: Int, matters: Bool, conflicts: Bool = false, isOptional: Bool = false
  ) -> (index: Int, isNew: Bool) {
    var index = first[unit.index] ?? -1
    while index >= 0 && items[index].type != type { index = items[index].next }
    let isNew = index < 0
    if isNew {
      index = items.count
      items.append(Item(unit: unit, type: type, parent: subject, isOptional: isOptional, next: first[unit.index] ?? -1))
      first[unit.index] = index
    }
    if subject < 0 {
      items[index].isAnchor = true
    } else {
      items[index].askedBy.append(links.count)
      items[subject].asksFor.append(links.count)
      links.append(Link(subject: subject, object: index, matters: matters, conflicts: conflicts))
    }
    return (index, isNew)
  }

  /// The first job that is left of a unit.
  func job(of unit: UnitID) -> Int? {
    let index = first[unit.index] ?? -1
    return index < 0 ? nil : index
  }

  /// Marks what the anchors fail without, themselves included.
  mutating func markWhatMatters() {
    var worklist = items.indices.filter { items[$0].isAnchor && !items[$0].isGone }
    for index in worklist { items[index].matters = true }
    while let index = worklist.popLast() {
      for link in items[index].asksFor where links[link].matters && !links[link].isGone && !items[links[link].object].matters {
        items[links[link].object].matters = true
        worklist.append(links[link].object)
      }
    }
  }

  /// Takes a job away, and with `cascade` every job that cannot do without it.
  mutating func delete(_ index: Int, cascade: Bool) {
    var worklist = [index]
    while let index = worklist.popLast() {
      if items[index].isGone { continue }
      items[index].isGone = true
      unchain(index)
      for link in items[index].asksFor { links[link].isGone = true }
      for link in items[index].askedBy where !links[link].isGone {
        links[link].isGone = true
        if cascade && links[link].matters { worklist.append(links[link].subject) }
      }
    }
  }

  /// All jobs of a unit but those that matter.
  mutating func deleteAll(of unit: UnitID) {
    for index in items.indices where items[index].unit == unit && !items[index].matters { delete(index, cascade: true) }
  }

  private mutating func unchain(_ index: Int) {
    let unit = items[index].unit.index
    if first[unit] == index {
      first[unit] = items[index].next
      return
    }
    var previous = first[unit] ?? -1
    while previous >= 0 {
      if items[previous].next == index {
        items[previous].next = items[index].next
        return
      }
      previous = items[previous].next
    }
  }

  /// Drops what no anchor leads to any more.
  mutating func collectGarbage() {
    var isReached = [Bool](repeating: false, count: items.count)
    var worklist = items.indices.filter { items[$0].isAnchor && !items[$0].isGone }
    for index in worklist { isReached[index] = true }
    while let index = worklist.popLast() {
      for link in items[index].asksFor where !links[link].isGone && !isReached[links[link].object] {
        isReached[links[link].object] = true
        worklist.append(links[link].object)
      }
    }
    for index in items.indices where !isReached[index] && !items[index].isGone { delete(index, cascade: false) }
  }

  /// Of two jobs of one unit that conflict, one goes: the one that does not matter; if neither does, the stop, unless it is
  /// there because of a Conflicts=. False: both matter.
  mutating func deleteOneOfConflict(of head: Int) -> Bool {
    var a = head
    while a >= 0 {
      var b = items[a].next
      while b >= 0 {
        if JobMerge.merge(items[a].type, items[b].type) == nil {
          if items[a].matters && items[b].matters { return false }
          delete(items[a].matters ? b : items[b].matters ? a : weaker(a, b), cascade: true)
          return true
        }
        b = items[b].next
      }
      a = items[a].next
    }
    return false
  }

  private func weaker(_ a: Int, _ b: Int) -> Int {
    if items[a].type == .stop { return isConflictedBy(a) ? b : a }
    if items[b].type == .stop { return isConflictedBy(b) ? a : b }
    return a
  }

  private func isConflictedBy(_ index: Int) -> Bool {
    for link in items[index].askedBy where links[link].conflicts && !links[link].isGone { return true }
    return false
  }

  /// What all jobs of a unit become together; nil: two of them conflict.
  func merged(_ head: Int) -> (type: JobType, isAnchor: Bool)? {
    var type = items[head].type
    var isAnchor = items[head].isAnchor
    var index = items[head].next
    while index >= 0 {
      guard let both = JobMerge.merge(type, items[index].type) else { return nil }
      type = both
      isAnchor = isAnchor || items[index].isAnchor
      index = items[index].next
    }
    return (type, isAnchor)
  }
}

/// Why a transaction was refused.
struct TransactionError: Error, Equatable {
  var unit: UnitID
  var kind: RequestError
  var message: Bytes
  init(_ unit: UnitID, _ message: Bytes, _ kind: RequestError = .refused) {
    self.unit = unit
    self.message = message
    self.kind = kind
  }
}
