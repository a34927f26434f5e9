#if !EMBEDDED
import Model
import Supervision

/// Apply and daemon-reload are all or nothing, and whom they do not concern does not notice.
final class ApplyChecker: Checker {
  override var name: StaticString { "apply" }
  private var unitsBefore: [Unit] = []
  private var pendingBefore: [Unit?] = []

  override func before(_ event: Event, _ manager: Manager) {
    guard case .loaded = event else { return }
    unitsBefore = (0..<manager.unitCount).map { manager.unit($0) }
    pendingBefore = (0..<manager.unitCount).map { manager.pendingUnit($0) }
  }

  override func after(_ moment: Moment) {
    guard case .loaded(let purpose, let loaded) = moment.event else { return }
    // What one request named is added; nothing is said about anybody else, and the request is done at once.
    if case .demand = purpose { return }
    let isPlan =
      switch purpose {
      case .plan: true
      case .boot, .applyBySignal, .apply, .daemonReload, .demand: false
      }
    if loaded.hasErrors || isPlan || moment.manager.isPhaseStopping {
      judgeUntouched(moment, loaded.hasErrors ? "refused apply" : "plan")
    } else {
      judgeComplete(loaded, moment)
      judgeBystanders(purpose, loaded, moment)
    }
  }

  private func judgeUntouched(_ moment: Moment, _ what: String) {
    if let index = moment.changed.first { fail("a \(what) changed \(moment.name(index).shown)") }
    if moment.new.count != unitsBefore.count { fail("a \(what) added units") }
    for index in unitsBefore.indices
    where moment.manager.unit(index) != unitsBefore[index] || moment.manager.pendingUnit(index) != pendingBefore[index] {
      fail("a \(what) changed the definition of \(moment.name(index).shown)")
    }
    for effect in moment.effects {
      switch effect {
      case .spawn, .kill, .arm, .disarm, .forget, .leave: fail("a \(what) had an effect")
      default: break
      }
    }
  }

  /// Every file that was read is in force, or waits for its unit to be down; every other is on its way out.
  private func judgeComplete(_ loaded: LoadedUnits, _ moment: Moment) {
    var names: Set<Bytes> = []
    for unit in loaded.units {
      names.insert(unit.name.bytes)
      guard let index = moment.manager.indexOfUnit(named: unit.name.bytes) else {
        fail("after apply \(unit.name.bytes.shown) is missing")
        continue
      }
      if moment.manager.unit(index) != unit, moment.manager.pendingUnit(index) != unit {
        fail("after apply \(unit.name.bytes.shown) has another definition")
      }
    }
    for index in moment.new.indices where moment.new[index].parallelOf < 0 && !names.contains(moment.name(index)) {
      guard moment.manager.indexOfUnit(named: moment.name(index)) == index, !moment.new[index].isRemoved else { continue }
      if !moment.manager.unit(index).isBuiltIn { fail("after apply \(moment.name(index).shown) is still there") }
    }
  }

  /// A unit that was up, did not change and requires nobody who did keeps its run.
  private func judgeBystanders(_ purpose: LoadPurpose, _ loaded: LoadedUnits, _ moment: Moment) {
    var isReload = false
    if case .daemonReload = purpose { isReload = true }
    let concerned = isReload ? [] : concernedNames(loaded, moment)
    // A job that waited may begin because what it waited for is gone.
    for index in moment.old.indices where !moment.old[index].state.isGone && moment.old[index].jobType == nil {
      if !isReload, concerned.contains(moment.name(index)) { continue }
      let old = moment.old[index]
      let new = moment.new[index]
      if new.invocation != old.invocation || new.state != old.state || new.mainPID != old.mainPID || new.jobID != old.jobID {
        fail("\(moment.name(index).shown) did not change, yet apply moved it from \(old.state.name) to \(new.state.name)")
      }
    }
    if isReload {
      for effect in moment.effects {
        if case .spawn(let request) = effect, !hadJob(request.key.invocation.unit, moment) { fail("daemon-reload started something") }
        if case .kill = effect { fail("daemon-reload killed something") }
      }
    }
  }

  private func hadJob(_ unit: UnitID, _ moment: Moment) -> Bool {
    Int(unit.index) < moment.old.count && moment.old[Int(unit.index)].jobType != nil
  }

  /// Units that changed, came or went, those that require one of them, those that one of them pulls in, and the parallel runs
  /// of them.
  private func concernedNames(_ loaded: LoadedUnits, _ moment: Moment) -> Set<Bytes> {
    var concerned: Set<Bytes> = []
    var present: Set<Bytes> = []
    for unit in loaded.units {
      present.insert(unit.name.bytes)
      let index = moment.manager.indexOfUnit(named: unit.name.bytes)
      // One that a reload has brought, and nobody has started yet, is the apply's to start.
      let isStarted = moment.says("apply: start " + unit.name.bytes.shown)
      if let index, index < unitsBefore.count, unitsBefore[index] == unit, pendingBefore[index] == nil, !isStarted { continue }
      concerned.insert(unit.name.bytes)
    }
    for unit in unitsBefore where !present.contains(unit.name.bytes) { concerned.insert(unit.name.bytes) }
    var grows = true
    while grows {
      let size = concerned.count
      for unit in loaded.units + unitsBefore {
        let edges = unit.dependencies
        var pulled =
          edges[.requires] + edges[.wants] + edges[.requisite] + edges[.bindsTo] + edges[.partOf] + edges[.upholds] + edges[.conflicts]
        // What listens anew is passed anew.
        if case .socket(let settings) = unit.kind { pulled.append(settings.service) }
        pulled += edges[.onFailure] + edges[.onSuccess] + edges[.propagatesStopTo] + edges[.stopPropagatedFrom]
        if pulled.contains(where: { concerned.contains($0.bytes) }) { concerned.insert(unit.name.bytes) }
        if concerned.contains(unit.name.bytes) { for name in pulled { concerned.insert(name.bytes) } }
      }
      grows = concerned.count > size
    }
    for index in moment.old.indices where moment.old[index].parallelOf >= 0 {
      if concerned.contains(moment.manager.name(Int(moment.old[index].parallelOf))) { concerned.insert(moment.name(index)) }
    }
    return concerned
  }
}
#endif
