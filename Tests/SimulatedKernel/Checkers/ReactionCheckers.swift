#if !EMBEDDED
import Model
import Supervision

/// Lasting states: a unit that is bound, unneeded or upheld is where it should be when an event is over, or on its way there
/// (units.md e.1), unless that came too often and is looked at again later.
final class LastingChecker: Checker {
  override var name: StaticString { "lasting" }
  private var graph = UnitGraph()
  private var looksAgain: Set<Int> = []
  private var gaveUp: Set<Int> = []
  /// A reload alone moves nobody: until they change, units stay as they are under their new definitions.
  private var isOld: Set<Int> = []

  override func after(_ moment: Moment) {
    graph.follow(moment)
    for effect in moment.effects {
      switch effect {
      case .arm(let deadline, _) where deadline.key.kind == .reaction: looksAgain.insert(Int(deadline.key.unit.index))
      case .disarm(let key) where key.kind == .reaction: looksAgain.remove(Int(key.unit.index))
      default: break
      }
    }
    if case .deadline(let deadline) = moment.event, deadline.key.kind == .reaction {
      let isArmedAnew = moment.effects.contains {
        if case .arm(let new, _) = $0 { return new.key == deadline.key }
        return false
      }
      if !isArmedAnew { looksAgain.remove(Int(deadline.key.unit.index)) }
    }
    if moment.manager.isPhaseStopping { return }
    // What a load brings is looked at when something happens next.
    if case .loaded = moment.event {
      isOld = Set(moment.new.indices)
      return
    }
    for index in moment.changed where moment.before(index)?.state != moment.new[index].state { isOld.remove(index) }
    for index in moment.new.indices where !graph.bindsTo[index].isEmpty || !graph.upheldBy[index].isEmpty || isUnneededKind(index, moment) {
      guard !isOld.contains(index), moment.new[index].jobType == nil, !looksAgain.contains(index), !moment.new[index].isRemoved,
        moment.new[index].parallelOf < 0
      else {
        continue
      }
      judgeBond(index, moment)
      judgeNeed(index, moment)
      judgeUpheld(index, moment)
    }
  }

  private func isUnneededKind(_ index: Int, _ moment: Moment) -> Bool { moment.manager.unit(index).stopWhenUnneeded }

  private func judgeBond(_ index: Int, _ moment: Moment) {
    let new = moment.new[index]
    guard new.isUp else { return }
    for other in graph.bindsTo[index] where !moment.manager.unit(other).isBuiltIn {
      let theirs = moment.new[other]
      let old = moment.before(other)
      if theirs.isDown, theirs.jobType == nil {
        fail(
          "\(moment.name(index).shown) is \(new.active.name), and \(moment.name(other).shown), which it is bound to, \(theirs.active.name)")
      }
      // One that crashed will come back; whoever is bound to it goes down all the same.
      guard theirs.isInBackoff || theirs.active == .deactivating, let old, old.jobType == nil, theirs.jobType == nil, old.isUp,
        let mine = moment.before(index), mine.isUp
      else { continue }
      if mine.invocation == new.invocation {
        fail("\(moment.name(other).shown) crashed, and \(moment.name(index).shown), which is bound to it, stays \(new.active.name)")
      }
    }
  }

  private func judgeNeed(_ index: Int, _ moment: Moment) {
    guard moment.manager.unit(index).stopWhenUnneeded, moment.new[index].active == .active else { return }
    for other in graph.neededBy[index] where moment.new[other].jobType != nil || !moment.new[other].isDown { return }
    fail("\(moment.name(index).shown) stays active, and nobody needs it any more")
  }

  private func judgeUpheld(_ index: Int, _ moment: Moment) {
    if moment.says("cannot start " + moment.name(index).shown) { gaveUp.insert(index) }
    guard moment.new[index].isDown, !gaveUp.contains(index) else { return }
    for other in graph.upheldBy[index] where moment.new[other].jobType == nil && moment.new[other].isUp {
      fail("\(moment.name(index).shown) stays \(moment.new[index].active.name), and \(moment.name(other).shown) upholds it")
    }
  }
}

/// Handlers of OnFailure= and OnSuccess= are started once for every end that calls for them, and for nothing else. Looked at
/// for units that nobody else starts by himself.
final class HandlerChecker: Checker {
  override var name: StaticString { "handlers" }
  private var graph = UnitGraph()
  private var handlers: [Int] = []

  override func after(_ moment: Moment) {
    graph.follow(moment)
    switch moment.event {
    case nil, .loaded: handlers = UnitGenerator.handlers.compactMap { moment.manager.indexOfUnit(named: Bytes($0.utf8)) }
    case .request: return
    default: break
    }
    if moment.event == nil || moment.manager.isPhaseStopping { return }
    if case .loaded = moment.event { return }
    for handler in handlers where graph.neededBy[handler].isEmpty { judge(handler, moment) }
  }

  private func judge(_ handler: Int, _ moment: Moment) {
    var starts = 0
    for news in moment.manager.jobNews where Int(news.unit.index) == handler && news.type == .start {
      switch news.kind {
      case .queued, .merged: starts += 1
      case .begun, .becameStart, .ended: break
      }
    }
    if moment.new[handler].jobIsAutoRestart { return }
    var (certain, possible) = (0, 0)
    for index in moment.changed {
      guard let old = moment.before(index) else { continue }
      let new = moment.new[index]
      // It may have ended and begun anew in the same moment.
      let isAnew = old.invocation != new.invocation
      if graph.onFailure[index].contains(handler), old.active != .failed, new.active == .failed || isAnew {
        possible += 1
        if new.active == .failed, !isAnew { certain += 1 }
      }
      if graph.onSuccess[index].contains(handler), old.active != .inactive, new.active == .inactive || isAnew { possible += 1 }
    }
    for news in moment.manager.jobNews where graph.onFailure[Int(news.unit.index)].contains(handler) {
      if news.kind == .ended(.timeout) || news.kind == .ended(.dependency) { possible += 1 }
    }
    // One that came and went in the same moment.
    for news in moment.manager.jobNews where news.kind == .begun {
      let unit = Int(news.unit.index)
      if graph.onFailure[unit].contains(handler) { possible += 1 }
      if graph.onSuccess[unit].contains(handler) { possible += 1 }
    }
    if starts > possible { fail("\(moment.name(handler).shown) was started \(starts) times, and \(possible) ends called for it") }
    let isRefused = moment.says("not started, it ended too often") || moment.says("cannot start " + moment.name(handler).shown)
    // A restart that waits or runs takes the start in.
    let isTakenIn =
      moment.before(handler)?.jobID == moment.new[handler].jobID && [.start, .restart, .tryRestart].contains(moment.new[handler].jobType)
    if starts < certain, !isRefused, !isTakenIn {
      fail("\(moment.name(handler).shown) was started \(starts) times, and \(certain) failures called for it")
    }
  }
}
#endif
