#if !EMBEDDED
import Model
import Runtime
import Supervision

/// Every process that ended is told to the run and role it belonged to, with its own status, once, after its exec status.
final class AttributionChecker: Checker {
  override var name: StaticString { "attribution" }
  /// Burials already looked at.
  private var seen = 0
  /// Collected by apus, not yet told to the manager, and since which turn.
  private var untold: [(key: ProcessKey, status: ExitStatus)] = []
  /// Children of apus that it came to follow under another key (MAINPID= of its own child).
  private var renamed: [(old: ProcessKey, new: ProcessKey)] = []
  private var execTold: Set<ProcessKey> = []
  /// Main processes that apus did not make, by the key that it follows them under.
  private var toldSerials: Set<UInt64> = []
  private var adopted: [(key: ProcessKey, pid: Int32, serial: UInt64)] = []
  /// How orphans ended that apus collected before it followed them.
  private var orphanEnds: [(pid: Int32, status: ExitStatus)] = []
  private var hasLeft = false

  override func left(status: UInt8, _ manager: Manager) { hasLeft = true }

  private func collect() {
    while seen < world.burials.count {
      let burial = world.burials[seen]
      seen += 1
      if let key = burial.key {
        // A helper's end is the loop's own business.
        if key.invocation.unit == .helper { continue }
        untold.append((key, burial.status))
      } else if let index = adopted.firstIndex(where: { $0.serial == burial.serial }), !toldSerials.contains(burial.serial) {
        untold.append((adopted[index].key, burial.status))
      }
      // Of a process that several runs follow each is told.
      orphanEnds.append((burial.pid, burial.status))
      if orphanEnds.count > 64 { orphanEnds.removeFirst(32) }
    }
  }

  override func after(_ moment: Moment) {
    collect()
    for case .adopt(let key, let pid) in moment.effects {
      // One that is gone already has no entry: its end is told at once.
      adopted.append((key, pid, world.serial(ofPID: pid)))
      execTold.insert(key)
      if let old = world.ownChildKey(pid), old.invocation == key.invocation { renamed.append((old, key)) }
    }
    switch moment.event {
    case .spawned(let key, 0):
      // A kill came before the spawn: the command never was, and its end is told all the same.
      if world.births[key] != nil { fail("\(key.text) was spawned, told was that it never was") }
      untold.append((key, .killed(.terminate)))
      execTold.insert(key)
    case .spawned(let key, let pid):
      if world.births[key] != pid { fail("spawned \(key.text) as pid \(pid), the world knows \(world.births[key] ?? 0)") }
    case .spawnFailed(let key, _):
      if let pid = world.births[key] { fail("spawnFailed of \(key.text), which is pid \(pid)") }
    case .executed(let key), .execFailed(let key, _):
      if !execTold.insert(key).inserted { fail("exec status of \(key.text) told twice") }
    case .exited(let key, let status):
      let former = renamed.first { $0.new == key }?.old
      guard let index = untold.firstIndex(where: { $0.key == key || $0.key == former }) else {
        // Of one that is no child only the end is known, not the status.
        if let followed = adopted.first(where: { $0.key == key }) {
          if world.serial(ofPID: followed.pid) == followed.serial, followed.serial != 0, world.isLive(followed.pid) {
            fail("exit of \(key.text) told, but pid \(followed.pid) lives")
          }
          let wasCollected = orphanEnds.contains { $0.pid == followed.pid && $0.status == status }
          if status != .exited(0), !wasCollected { fail("exit of \(key.text), which is no child, told with \(status.shellStatus)") }
          // It may be handed to apus as an orphan later: told it was.
          toldSerials.insert(followed.serial)
          return
        }
        fail("exit of \(key.text) told, which nobody collected")
        return
      }
      if untold[index].status != status, world.births[key] != nil {
        fail("\(key.text) ended with \(untold[index].status.shellStatus), told was \(status.shellStatus)")
      }
      untold.remove(at: index)
      if !execTold.contains(key) { fail("exit of \(key.text) handled before its exec status") }
      execTold.remove(key)
    default: break
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    collect()
    if !hasLeft, let entry = untold.first { fail("the end of \(entry.key.text) was collected and not told in its turn") }
  }
}

/// An event of an old run changes nothing.
final class StaleChecker: Checker {
  override var name: StaticString { "stale" }

  override func after(_ moment: Moment) {
    guard let invocation = moment.event?.invocation, invocation.unit.index >= 0 else { return }
    let index = Int(invocation.unit.index)
    // Who is left of the run before decides whether the next may start (SendSIGKILL=no).
    if case .left = moment.event, moment.old[index].state == .condition { return }
    guard index < moment.old.count, moment.old[index].invocation != invocation.number, moment.changed.contains(index) else { return }
    // A start that waits for what a run before has left.
    if case .left = moment.event, moment.old[index].waitsWithoutProcess { return }
    fail("an event of run \(invocation.number) changed \(moment.name(index).shown), whose run is \(moment.old[index].invocation)")
  }
}

/// A unit that is said to be down has no process left (KillMode=control-group and mixed).
final class EmptyChecker: Checker {
  override var name: StaticString { "verified-empty" }
  /// Units whose kill settings changed in mid-run: nothing is expected of that run.
  private var changedRuns: Set<UInt32> = []
  private var modes: [(invocation: UInt32, mode: KillMode, sendsKill: Bool)] = []

  override func after(_ moment: Moment) {
    for index in moment.changed {
      let new = moment.new[index]
      if let old = moment.before(index), old.invocation != 0, !old.state.isGone,
        new.state.isGone || new.invocation != old.invocation
      {
        judge(index, old.invocation, moment)
      }
      note(index, new.invocation, moment.manager)
    }
    if case .loaded = moment.event {
      for index in moment.new.indices { note(index, moment.new[index].invocation, moment.manager) }
    }
  }

  private func note(_ index: Int, _ invocation: UInt32, _ manager: Manager) {
    guard let settings = manager.settings(index) else { return }
    // FinalKillSignal= may be one that a process ignores.
    let sendsKill = settings.sendSIGKILL && settings.finalKillSignal == .kill
    while modes.count <= index { modes.append((0, .none, true)) }
    if modes[index].invocation == invocation, modes[index].mode != settings.killMode || modes[index].sendsKill != sendsKill {
      changedRuns.insert(invocation)
    }
    modes[index] = (invocation, settings.killMode, sendsKill)
  }

  private func judge(_ index: Int, _ number: UInt32, _ moment: Moment) {
    guard index < modes.count, !changedRuns.contains(number), modes[index].sendsKill else { return }
    guard modes[index].mode == .controlGroup || modes[index].mode == .mixed else { return }
    let invocation = Invocation(unit: UnitID(index), number: number)
    // Who was asleep for longer than the timeout had no time to kill before it was over; the final sweep does it.
    if moment.manager.isPhaseStopping, world.lastLongSleep + 1_000_000_000 > world.clock { return }
    // In a shutdown whoever outlives SIGKILL by a whole timeout is left behind.
    let left = moment.manager.isPhaseStopping ? world.knownWithoutDying(invocation) : world.knownCount(of: invocation)
    if left > 0 {
      fail("\(moment.name(index).shown) run \(number) is \(moment.new[index].state.name) with \(left) processes left")
    }
  }
}

/// No two main processes of one unit live at once, but where the unit leaves its processes behind.
final class TwinChecker: Checker {
  override var name: StaticString { "twin-main" }
  /// Units that once had settings which leave processes behind.
  private var leavers: Set<Int> = []

  override func after(_ moment: Moment) {
    if case .loaded = moment.event { noteLeavers(moment) }
    if moment.event == nil { noteLeavers(moment) }
    guard case .spawned(let key, let pid) = moment.event, key.role == .main, key.invocation.unit.index >= 0, pid != 0 else { return }
    let index = Int(key.invocation.unit.index)
    noteLeaver(index, moment.manager)
    if !leavers.contains(index), let twin = world.liveMain(of: key.invocation.unit, besides: pid) {
      fail("\(moment.name(index).shown) has main process \(pid) beside \(twin)")
    }
  }

  private func noteLeavers(_ moment: Moment) {
    for index in moment.new.indices { noteLeaver(index, moment.manager) }
  }

  private func noteLeaver(_ index: Int, _ manager: Manager) {
    guard let settings = manager.settings(index) else { return }
    if settings.killMode == .none || !settings.sendSIGKILL || settings.finalKillSignal != .kill { leavers.insert(index) }
  }
}

/// A pid that the manager shows is a child of apus that it has not collected.
final class LivePIDChecker: Checker {
  override var name: StaticString { "live-pid" }
  private var since: [ProcessKey: Int] = [:]

  override func turnEnded(_ manager: Manager, _ now: Now) {
    for index in 0..<manager.unitCount {
      let glance = manager.glance(index)
      check(glance.mainKey, glance.mainPID, manager, index)
      check(glance.controlKey, glance.controlPID, manager, index)
    }
  }

  private func check(_ key: ProcessKey?, _ pid: Int32, _ manager: Manager, _ index: Int) {
    guard let key, pid != 0 else { return }
    if world.ownChildKey(pid) == key || (world.births[key] == nil && world.isLive(pid)) {
      since[key] = nil
      return
    }
    // The turn that collected it may end before its event is handled.
    let first = since[key] ?? world.turns
    since[key] = first
    if world.turns - first > 3 { fail("\(manager.name(index).shown) shows \(key.role.name) pid \(pid), which is not its child") }
  }
}

extension Event {
  /// The run that it belongs to, for events that carry one.
  var invocation: Invocation? {
    switch self {
    case .spawned(let key, _), .spawnFailed(let key, _), .executed(let key), .execFailed(let key, _), .exited(let key, _),
      .stopped(let key, _):
      return key.invocation
    case .signalled(let invocation, _, _, _), .emptied(let invocation), .left(let invocation, _): return invocation
    case .deadline(let deadline):
      switch deadline.key.kind {
      case .state, .runtime, .restart, .watchdog, .probe: return Invocation(unit: deadline.key.unit, number: deadline.invocation)
      case .timer, .calendar, .job, .reaction, .rearm, .idle, .stopLimit, .stopLine: return nil
      }
    case .cleaned(let invocation), .mainPID(let invocation, _, _): return invocation
    case .readyLine(let key, _), .outOfMemory(let key): return key.invocation
    case .signal, .request, .loaded, .swept, .checked, .notified, .descriptorHungUp, .clockStepped, .zoneChanged, .stamp, .listening,
      .traffic, .accepted, .listenerFailed, .connections, .instantiated, .pathHit, .pathsFailed:
      return nil
    }
  }
}

extension ProcessKey {
  var text: String { "unit \(invocation.unit.index) run \(invocation.number) \(role.name) #\(serial)" }
}
#endif
