#if !EMBEDDED
import Model
import Supervision

/// What somebody says who may not speak for the service changes nothing: NotifyAccess= (units.md c.7) judged by who the world
/// knows the sender to be, not by what apus found out.
final class NotifyChecker: Checker {
  override var name: StaticString { "notify" }
  /// NOTIFYACCESS= of the present run.
  private var overrides: [Int: (run: UInt32, access: NotifyAccess)] = [:]
  /// Runs in which it is not sure which NotifyAccess= holds.
  private var unsure: [Int: UInt32] = [:]

  override func after(_ moment: Moment) {
    guard case .notified(let unit, let message, let sender, let descriptors) = moment.event else { return }
    let index = Int(unit.index)
    guard index < moment.old.count, let settings = moment.manager.settings(index) else { return }
    let old = moment.old[index]
    let (tag, isLive) = deliveredBy(unit, sender.pid)
    guard unsure[index] != old.invocation || old.invocation == 0 else { return }
    var access = settings.notifyAccess
    if let own = overrides[index], own.run == old.invocation { access = own.access }
    guard let isBelieved = believes(access, sender, tag, isLive, old, unit) else {
      if message.notifyAccess != nil { unsure[index] = old.invocation }
      return
    }
    if isBelieved {
      if let access = message.notifyAccess, !old.state.isGone, old.state != .cleaning { overrides[index] = (old.invocation, access) }
      return
    }
    if moment.new[index] != old {
      fail(
        "process \(sender.pid) may not speak for \(moment.name(index).shown) (NotifyAccess=\(access.name)), and moved it to \(moment.new[index].state.name)"
      )
    }
    for id in descriptors.map(\.id) where !moment.closes(id) {
      fail("process \(sender.pid) may not speak for \(moment.name(index).shown), and descriptor \(id.number) of it was kept")
    }
  }

  private func deliveredBy(_ unit: UnitID, _ pid: Int32) -> (tag: Invocation?, isLive: Bool) {
    while let entry = world.delivered.first(where: { $0.unit == unit }) {
      let position = world.delivered.firstIndex { $0.unit == unit } ?? 0
      world.delivered.remove(at: position)
      guard entry.pid == pid else { continue }
      // A datagram that is only a barrier is no event, so that its entry may be left of an earlier process with this pid.
      let isReused = world.delivered.contains { $0.unit == unit && $0.pid == pid && $0.tag != entry.tag }
      return isReused ? (nil, false) : (entry.tag, entry.isLive)
    }
    return (nil, false)
  }

  /// nil: what is right cannot be told (a sender that is gone by now).
  private func believes(
    _ access: NotifyAccess, _ sender: NotifySender, _ tag: Invocation?, _ isLive: Bool, _ old: UnitGlance, _ unit: UnitID
  ) -> Bool? {
    let isMain = sender.pid > 0 && old.mainKey != nil && sender.pid == old.mainPID
    let isControl = sender.pid > 0 && old.controlKey != nil && sender.pid == old.controlPID
    switch access {
    case .none: return false
    case .main: return isMain || (isControl && old.controlKey?.role == .main && old.mainKey == nil)
    case .exec: return isMain || isControl
    case .all:
      if isMain || isControl { return true }
      if sender.pid == World.strangerPID { return false }
      guard isLive, let tag else { return nil }
      if tag == Invocation(unit: unit, number: old.invocation) { return true }
      return false
    }
  }
}

extension Moment {
  func closes(_ id: DescriptorID) -> Bool {
    for case .closeDescriptors(let ids) in effects where ids.contains(id) { return true }
    return false
  }
}

/// A service leaves its start only by what its type, or its Ready…=, says that readiness is (units.md c.3).
final class ReadinessChecker: Checker {
  override var name: StaticString { "readiness" }
  private struct Signs {
    var run: UInt32 = 0
    var isSpawned = false
    var isExecuted = false
    var hasEnded = false
    var hasSaidReady = false
    var probeSaidYes = false
    var wroteLine = false
  }
  private var signs: [Int: Signs] = [:]

  override func before(_ event: Event, _ manager: Manager) {
    func note(_ invocation: Invocation, _ change: (inout Signs) -> Void) {
      let index = Int(invocation.unit.index)
      guard index >= 0, invocation.number >= signs[index]?.run ?? 0 else { return }
      if signs[index]?.run != invocation.number { signs[index] = Signs(run: invocation.number) }
      change(&signs[index]!)
    }
    switch event {
    case .spawned(let key, _) where key.role == .main: note(key.invocation) { $0.isSpawned = true }
    case .executed(let key) where key.role == .main: note(key.invocation) { $0.isExecuted = true }
    case .exited(let key, _) where key.role == .main: note(key.invocation) { $0.hasEnded = true }
    case .exited(let key, .exited(0)) where key.role == .probe: note(key.invocation) { $0.probeSaidYes = true }
    case .readyLine(let key, true): note(key.invocation) { $0.wroteLine = true }
    case .notified(let unit, let message, _, _) where message.isReady && unit.index >= 0 && Int(unit.index) < manager.unitCount:
      note(Invocation(unit: unit, number: manager.glance(Int(unit.index)).invocation)) { $0.hasSaidReady = true }
    default: break
    }
  }

  override func after(_ moment: Moment) {
    for index in moment.changed {
      guard let old = moment.before(index), old.state == .start else { continue }
      let new = moment.new[index]
      guard new.invocation == old.invocation, isBeyondStart(new.state), let settings = moment.manager.settings(index) else { continue }
      let seen = signs[index].flatMap { $0.run == new.invocation ? $0 : nil } ?? Signs()
      if let lack = lack(settings, seen) { fail("\(moment.name(index).shown) went from start to \(new.state.name), but \(lack)") }
    }
  }

  private func isBeyondStart(_ state: ServiceState) -> Bool {
    switch state {
    case .startPost, .running, .exited, .reload, .reloadSignal, .reloadNotify, .drain: true
    default: false
    }
  }

  private func lack(_ settings: ServiceSettings, _ seen: Signs) -> String? {
    if settings.start.isEmpty { return nil }
    switch settings.type {
    case .notify, .notifyReload: if !seen.hasSaidReady { return "nobody said READY=1" }
    case .oneshot, .forking: if !seen.hasEnded { return "its command has not ended" }
    case .exec: if !seen.isExecuted && !seen.hasEnded && settings.ready == nil { return "it was not executed" }
    case .simple, .dbus, .idle: if !seen.isSpawned { return "it was not spawned" }
    }
    if settings.type == .notify || settings.type == .notifyReload { return nil }
    switch settings.ready?.target {
    case .descriptor: return seen.wroteLine ? nil : "no line came on its ReadyFd="
    case .tcp, .http, .exec: return seen.probeSaidYes ? nil : "no probe said yes"
    case nil: return nil
    }
  }
}

/// The watchdog counts from readiness to the stop, and a missed one has its consequence (units.md c.7).
final class WatchdogChecker: Checker {
  override var name: StaticString { "watchdog" }
  private var armed: Set<Int> = []

  override func before(_ event: Event, _ manager: Manager) {
    if case .deadline(let deadline) = event, deadline.key.kind == .watchdog { armed.remove(Int(deadline.key.unit.index)) }
  }

  override func after(_ moment: Moment) {
    var concerned = moment.changed
    for effect in moment.effects {
      switch effect {
      case .arm(let deadline, let at) where deadline.key.kind == .watchdog:
        if at == .never { armed.remove(Int(deadline.key.unit.index)) } else { armed.insert(Int(deadline.key.unit.index)) }
        concerned.append(Int(deadline.key.unit.index))
      case .disarm(let key) where key.kind == .watchdog: armed.remove(Int(key.unit.index))
      default: break
      }
    }
    for index in concerned where index < moment.new.count {
      let new = moment.new[index]
      guard let settings = moment.manager.settings(index) else { continue }
      if armed.contains(index), !counts(new.state) {
        fail("\(moment.name(index).shown) is in \(new.state.name), and its watchdog is armed")
      }
      guard new.state == .running, !armed.contains(index), !settings.watchdog.isInfinite, settings.watchdog != .zero else { continue }
      // One that was `exited` runs again while a reload has left somebody behind (ExitType=cgroup): not watched, as in systemd.
      // Nor one whose main process ended before it was up (an exec that fails, and may: `-`).
      let hasNobody = settings.exitType == .cgroup && new.mainKey == nil
      if settings.type != .oneshot, !new.hasPending, !settings.start.isEmpty, !settings.remainAfterExit, !hasNobody {
        fail("\(moment.name(index).shown) runs, and its watchdog is not armed")
      }
    }
    guard case .deadline(let deadline) = moment.event, deadline.key.kind == .watchdog else { return }
    let index = Int(deadline.key.unit.index)
    if deadline.invocation == moment.new[index].invocation, counts(moment.new[index].state) {
      fail("\(moment.name(index).shown) missed its watchdog, and is still \(moment.new[index].state.name)")
    }
  }

  private func counts(_ state: ServiceState) -> Bool {
    switch state {
    case .startPost, .running, .reload, .reloadSignal, .reloadNotify: true
    default: false
    }
  }
}

/// A main process that apus did not make is one that it may believe in: of the run, or vouched for by root; never apus itself,
/// PID 1 or a control process (units.md c.3).
final class MainPIDChecker: Checker {
  override var name: StaticString { "main-pid" }

  override func after(_ moment: Moment) {
    for case .adopt(let key, let pid) in moment.effects {
      let index = Int(key.invocation.unit.index)
      let name = moment.name(index).shown
      if pid == world.ownPID || pid <= 1 { fail("\(name) took pid \(pid), apus itself, for its main process") }
      if let own = world.ownChildKey(pid), own.invocation == key.invocation, own.role != .main {
        fail("\(name) took its \(own.role.name)= process for its main one")
      }
      guard case .mainPID(_, let source, .found(pid)) = moment.event, let process = world.process(pid) else { continue }
      guard process.tag != key.invocation, let settings = moment.manager.settings(index) else { continue }
      switch source {
      case .pidFile:
        if world.trustTold.last(where: { $0.path == settings.pidFile })?.trust == .owned { continue }
        fail("\(name) took pid \(pid) for its main process, which is none of it, and the PID file is not root's")
      case .guess: fail("\(name) guessed pid \(pid), which is none of it")
      // Every sender of the simulator but the stranger is root.
      case .notify: continue
      }
    }
  }
}

/// Descriptors that a service gave into keeping: as many as it may, and gone when its end says so (units.md c.7).
final class StoreChecker: Checker {
  override var name: StaticString { "store" }
  private var kept: [Int: [DescriptorID]] = [:]

  override func after(_ moment: Moment) {
    var concerned = moment.changed
    if case .notified(let unit, _, _, let descriptors) = moment.event, !descriptors.isEmpty, unit.index >= 0 {
      // One that was sent again is the same.
      let index = Int(unit.index)
      for id in descriptors.map(\.id) where kept[index]?.contains(id) != true { kept[index, default: []].append(id) }
      concerned.append(index)
    }
    for case .closeDescriptors(let ids) in moment.effects {
      for index in kept.keys { kept[index]?.removeAll { ids.contains($0) } }
    }
    for index in concerned where index < moment.new.count {
      guard let held = kept[index], !held.isEmpty, let settings = moment.manager.settings(index) else { continue }
      let new = moment.new[index]
      // What waits for the verification of a MAINPID= beside it is not stored yet.
      if held.count > Int(settings.fileDescriptorStoreMax) + 8 { fail("\(moment.name(index).shown) has \(held.count) descriptors stored") }
      guard new.state == .dead || new.state == .failed, let old = moment.before(index), !old.state.isGone, old.jobType != .restart else {
        continue
      }
      // A restart's next run gets them.
      let isRestart = moment.manager.jobNews.contains { $0.kind == .becameStart && Int($0.unit.index) == index }
      if settings.fileDescriptorStorePreserve != .yes, !old.hasPending, !isRestart {
        fail("\(moment.name(index).shown) is \(new.state.name), and \(held.count) descriptors of it are still held")
      }
    }
  }
}
#endif
