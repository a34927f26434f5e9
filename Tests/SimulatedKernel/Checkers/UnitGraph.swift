#if !EMBEDDED
import Model
import Supervision

/// Who has to do with whom, read anew from the units' own words: none of the manager's resolved edges, so that a mistake in
/// them shows.
struct UnitGraph {
  /// Per unit: those it is ordered after, by its own After= or their Before=.
  private(set) var after: [[Int]] = []
  /// The inverse.
  private(set) var before: [[Int]] = []
  private(set) var requires: [[Int]] = []
  private(set) var bindsTo: [[Int]] = []
  private(set) var upheldBy: [[Int]] = []
  /// Requires=, Requisite=, Wants=, BindsTo=, Upholds= of others that name it.
  private(set) var neededBy: [[Int]] = []
  private(set) var onFailure: [[Int]] = []
  private(set) var onSuccess: [[Int]] = []

  /// New edges come with a load, or with a unit that is made in between (a parallel run).
  mutating func follow(_ moment: Moment) {
    switch moment.event {
    case nil, .loaded: rebuild(moment.manager)
    default:
      while after.count < moment.new.count {
        grow()
        link(after.count - 1, moment.manager)
      }
      // An instance may have the record of a former one, and its template may have changed since.
      if case .instantiated(_, let name, _) = moment.event, let index = moment.manager.indexOfUnit(named: name.bytes) {
        unlink(index)
        link(index, moment.manager)
      }
    }
  }

  private mutating func unlink(_ index: Int) {
    for other in after[index] { before[other].removeAll { $0 == index } }
    for other in before[index] { after[other].removeAll { $0 == index } }
    after[index] = []
    before[index] = []
    for other in neededBy.indices { neededBy[other].removeAll { $0 == index } }
  }

  private mutating func grow() {
    after.append([])
    before.append([])
    requires.append([])
    bindsTo.append([])
    upheldBy.append([])
    neededBy.append([])
    onFailure.append([])
    onSuccess.append([])
  }

  private mutating func rebuild(_ manager: Manager) {
    self = UnitGraph()
    while after.count < manager.unitCount { grow() }
    for index in 0..<manager.unitCount { link(index, manager) }
  }

  private mutating func link(_ index: Int, _ manager: Manager) {
    func indices(_ names: [UnitName], besides own: Int) -> [Int] {
      names.compactMap { manager.indexOfUnit(named: $0.bytes) }.filter { $0 != own }
    }
    if manager.indexOfUnit(named: manager.name(index)) == index {
      // A parallel run stands to others as the unit it is a run of does, by what was loaded last: its own definition is that
      // of its last run.
      let base = Int(manager.glance(index).parallelOf)
      let definer = base >= 0 ? base : index
      let names = (manager.pendingUnit(definer) ?? manager.unit(definer)).dependencies
      for other in indices(names[.after], besides: index) {
        after[index].append(other)
        before[other].append(index)
      }
      for other in indices(names[.before], besides: index) {
        before[index].append(other)
        after[other].append(index)
      }
      requires[index] = indices(names[.requires], besides: index)
      bindsTo[index] = indices(names[.bindsTo], besides: index)
      for other in indices(names[.upholds], besides: index) { upheldBy[other].append(index) }
      for other in indices(names[.requires] + names[.requisite] + names[.wants] + names[.bindsTo] + names[.upholds], besides: index) {
        neededBy[other].append(index)
      }
      onFailure[index] = indices(names[.onFailure], besides: index)
      onSuccess[index] = indices(names[.onSuccess], besides: index)
    }
  }
}

extension Moment {
  /// A message of this moment has these words.
  func says(_ words: String) -> Bool {
    let wanted = Bytes(words.utf8)
    for case .message(_, let text) in effects where text.has(wanted) { return true }
    return false
  }
}

extension Bytes {
  func has(_ words: Bytes) -> Bool {
    guard count >= words.count else { return false }
    for start in 0...(count - words.count) where self[start..<(start + words.count)].elementsEqual(words) { return true }
    return false
  }
}

extension UnitGlance {
  var isUp: Bool { active == .active || active == .reloading }
  var isDown: Bool { active == .inactive || active == .failed }
  var isInBackoff: Bool { state == .autoRestart || state == .autoRestartQueued }
}

extension JobType {
  var isStop: Bool { self == .stop || self == .restart || self == .tryRestart }
  var isStart: Bool { self == .start || self == .reloadOrStart || self == .verifyActive }
}
#endif
