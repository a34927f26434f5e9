#if !EMBEDDED
import Model
import Supervision

/// A run that began its main process ends with its ExecStopPost=, whatever ended it (units.md c.4).
final class StopPostChecker: Checker {
  override var name: StaticString { "stop-post" }
  private var owing: [Int: UInt32] = [:]

  override func after(_ moment: Moment) {
    for case .spawn(let request) in moment.effects where request.key.invocation.unit.index >= 0 {
      let index = Int(request.key.invocation.unit.index)
      switch request.key.role {
      case .main: if moment.manager.settings(index)?.stopPost.isEmpty == false { owing[index] = request.key.invocation.number }
      case .stopPost: owing[index] = nil
      default: break
      }
    }
    for index in moment.changed {
      guard let run = owing[index], let old = moment.before(index), old.invocation == run, !old.state.isGone else { continue }
      let new = moment.new[index]
      guard new.state.isGone || new.invocation != run else { continue }
      owing[index] = nil
      fail("\(moment.name(index).shown) run \(run) is over (\(new.result.name)), and its ExecStopPost= was not run")
    }
  }
}

/// A service that is drained gets its signal only when DrainSec= is over, or when it ends by itself (DESIGN section 2).
final class DrainChecker: Checker {
  override var name: StaticString { "drain" }
  private var since: [Int: Instant] = [:]

  override func after(_ moment: Moment) {
    for index in moment.changed {
      let new = moment.new[index]
      guard let old = moment.before(index), let settings = moment.manager.settings(index) else { continue }
      if new.state == .drain, old.state != .drain { since[index] = moment.now.instant }
      if settings.drain == .zero || old.invocation != new.invocation || old.hasPending != new.hasPending { continue }
      if stopsByJob(index, old, moment), old.mainKey != nil, old.mainKey == new.mainKey, isDrained(old.state), new.state != .drain {
        // Whoever is taken down by its watchdog, its health or for want of memory is not drained, stop job or not.
        if !isHurried(moment), !moment.says(moment.name(index).shown + ": unhealthy:"), new.state != old.state, new.state != .stopWatchdog,
          new.state != .stopPost
        {
          fail("\(moment.name(index).shown) was \(old.state.name), is to be stopped, and went to \(new.state.name) without DrainSec=")
        }
      }
      guard old.state == .drain, new.state != .drain, let began = since[index] else { continue }
      since[index] = nil
      guard case .deadline = moment.event, !moment.manager.isPhaseStopping else { continue }
      if moment.now.instant.since(began) < settings.drain {
        fail("\(moment.name(index).shown) left its drain after \(moment.now.instant.since(began).microseconds) us")
      }
    }
  }

  private func isDrained(_ state: ServiceState) -> Bool {
    state == .running || state == .reloadSignal || state == .reloadNotify
  }

  private func stopsByJob(_ index: Int, _ old: UnitGlance, _ moment: Moment) -> Bool {
    moment.manager.jobNews.contains { Int($0.unit.index) == index && $0.kind == .begun && $0.type.isStop }
  }

  private func isHurried(_ moment: Moment) -> Bool { moment.says("killing everything") || moment.says("second stop signal") }
}

/// What a run leaves behind by rule is removed before its unit is down: runtime directories and the PID file (units.md c.9).
final class CleanChecker: Checker {
  override var name: StaticString { "clean" }
  private struct Debt {
    var run: UInt32
    var paths: [Bytes]
    var isCleaned = false
  }
  private var debts: [Int: Debt] = [:]

  override func before(_ event: Event, _ manager: Manager) {
    guard case .cleaned(let invocation) = event, debts[Int(invocation.unit.index)]?.run == invocation.number else { return }
    debts[Int(invocation.unit.index)]?.isCleaned = true
  }

  override func after(_ moment: Moment) {
    for effect in moment.effects {
      switch effect {
      case .spawn(let request) where request.key.role == .main && request.key.invocation.unit.index >= 0:
        owe(request.key.invocation, moment)
      case .clean(let invocation, let paths):
        if debts[Int(invocation.unit.index)]?.run == invocation.number {
          debts[Int(invocation.unit.index)]?.paths.removeAll { paths.contains($0) }
        }
      default: break
      }
    }
    for index in moment.changed {
      guard let debt = debts[index], let old = moment.before(index), old.invocation == debt.run, !old.state.isGone else { continue }
      let new = moment.new[index]
      guard new.state.isGone || new.invocation != debt.run else { continue }
      debts[index] = nil
      if let path = debt.paths.first { fail("\(moment.name(index).shown) is down, and \(path.shown) was not removed") }
      if !debt.isCleaned { fail("\(moment.name(index).shown) is down before it was cleaned") }
    }
  }

  private func owe(_ invocation: Invocation, _ moment: Moment) {
    let index = Int(invocation.unit.index)
    guard let settings = moment.manager.settings(index) else { return }
    var paths: [Bytes] = []
    if settings.exec.runtimeDirectoryPreserve == .no {
      for kind in settings.exec.directories where kind.kind == .runtime {
        for directory in kind.directories { paths.append("/run/".bytes + directory.name) }
      }
    }
    if !settings.pidFile.isEmpty { paths.append("file:".bytes + settings.pidFile) }
    if paths.isEmpty || debts[index]?.run == invocation.number { return }
    debts[index] = Debt(run: invocation.number, paths: paths)
  }
}

/// A start whose conditions or asserts do not hold is none, and none begins before they were looked at (units.md e.1).
final class StartConditionChecker: Checker {
  override var name: StaticString { "condition" }
  private var areMet: Set<Int> = []
  private var lastRun: [Int: UInt32] = [:]

  override func before(_ event: Event, _ manager: Manager) {
    if case .checked(let unit, _, .met) = event { areMet.insert(Int(unit.index)) }
  }

  override func after(_ moment: Moment) {
    if case .checked(let unit, _, let outcome) = moment.event, outcome != .met {
      let index = Int(unit.index)
      if let old = moment.before(index), old.invocation != moment.new[index].invocation {
        fail("\(moment.name(index).shown) began a run, though its conditions do not hold")
      }
    }
    for case .spawn(let request) in moment.effects where request.key.invocation.unit.index >= 0 && request.key.role != .probe {
      let index = Int(request.key.invocation.unit.index)
      guard lastRun[index] != request.key.invocation.number else { continue }
      lastRun[index] = request.key.invocation.number
      // A socket may have no command before its ExecStop=, and have got its conditions since it began.
      if request.key.role == .stop || request.key.role == .stopPost { continue }
      let unit = moment.manager.unit(index)
      guard !unit.conditions.isEmpty || !unit.asserts.isEmpty else { continue }
      if areMet.remove(index) == nil { fail("\(moment.name(index).shown) began a run before its conditions were looked at") }
      for condition in unit.conditions where condition.kind == .environment && condition.parameter == Bytes("NOWHERE_SET".utf8) {
        if !condition.isNegated && !condition.isTrigger {
          fail("\(moment.name(index).shown) began a run, though \(condition.text.shown) is set nowhere")
        }
      }
    }
    for case .check(let request) in moment.effects { areMet.remove(Int(request.unit.index)) }
  }
}

/// Want of memory has its own result, and its consequence is what OOMPolicy= says (units.md c.5, c.6).
final class OutOfMemoryChecker: Checker {
  override var name: StaticString { "oom" }
  /// Runs of which it was told, and in which turn last.
  private var told: [Invocation: Int] = [:]

  override func after(_ moment: Moment) {
    switch moment.event {
    case .outOfMemory(let key):
      told[key.invocation] = world.turns
      if world.outOfMemoryKills[key.invocation] ?? 0 == 0 { fail("\(key.text): told of want of memory, and there was none") }
      judgePolicy(key, moment)
    case .exited(let key, .killed(.kill)):
      guard let victim = world.memoryVictims.first(where: { $0.key == key }) else { return }
      if told[key.invocation] ?? -1 < victim.turn { fail("\(key.text) was killed for want of memory, and that was not told") }
    default: break
    }
  }

  private func judgePolicy(_ key: ProcessKey, _ moment: Moment) {
    let index = Int(key.invocation.unit.index)
    guard index >= 0, let settings = moment.manager.settings(index), let old = moment.before(index) else { return }
    let new = moment.new[index]
    guard old.invocation == key.invocation.number else { return }
    // With its run's end a new definition took effect, which says nothing of that run.
    if old.hasPending, !new.hasPending { return }
    // A SIGKILL is under way already: the result is all that is left to change.
    let isKilling = old.state == .stopSigkill || old.state == .finalSigkill
    if settings.oomPolicy == .continue {
      if new.state != old.state {
        fail("\(moment.name(index).shown) has OOMPolicy=continue, and went from \(old.state.name) to \(new.state.name)")
      }
      return
    }
    if old.state.isGone || old.state == .cleaning { return }
    if old.result == .success, new.result != .oomKill, new.invocation == old.invocation {
      fail("\(moment.name(index).shown) was short of memory in \(old.state.name), and its result is \(new.result.name)")
    }
    if !isKilling, new.state == old.state { fail("\(moment.name(index).shown) was short of memory, and stays in \(new.state.name)") }
    if settings.oomPolicy == .kill, [.condition, .startPre, .start, .startPost, .running, .exited].contains(old.state),
      settings.killMode != KillMode.none, new.state != .stopSigkill
    {
      fail("\(moment.name(index).shown) has OOMPolicy=kill, and went to \(new.state.name)")
    }
  }
}
#endif
