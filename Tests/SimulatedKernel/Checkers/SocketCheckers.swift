#if !EMBEDDED
import Model
import Supervision

/// Every descriptor of a socket has one owner from its opening to its one closing: a listener its socket, a connection the
/// socket while it waits, then its instance.
final class SocketLeakChecker: Checker {
  override var name: StaticString { "socket-leak" }
  private var unowned: [DescriptorID: Int] = [:]
  /// Turns in which something may be under way from the kernel to the manager.
  static let turnsOfGrace = 3

  override func turnEnded(_ manager: Manager, _ now: Now) {
    var owner: [DescriptorID: Int] = [:]
    func own(_ id: DescriptorID, _ index: Int) {
      if let other = owner[id] {
        fail("descriptor \(id.number) belongs to \(manager.name(index).shown) and to \(manager.name(other).shown)")
      }
      owner[id] = index
    }
    for index in 0..<manager.unitCount {
      if let glance = manager.socketGlance(index) {
        for id in glance.descriptors + glance.held + glance.waiting { own(id, index) }
      }
      if let id = manager.connection(index)?.id { own(id, index) }
    }
    let open = world.listeners.map(\.id) + world.connections
    for (id, index) in owner where !open.contains(id) {
      return fail("\(manager.name(index).shown) has descriptor \(id.number), which is closed")
    }
    unowned = unowned.filter { open.contains($0.key) && owner[$0.key] == nil }
    for id in open where owner[id] == nil {
      unowned[id, default: 0] += 1
      if unowned[id, default: 0] > SocketLeakChecker.turnsOfGrace { return fail("descriptor \(id.number) is open, and nobody's") }
    }
  }
}

/// What comes to a socket that listens is seen: each of its listeners is watched, or its service is up or about to be, or it
/// pauses and will look again.
final class SocketTrafficChecker: Checker {
  override var name: StaticString { "socket-lost" }
  private var armed: Set<Int> = []
  private var deafSince: [Int: Int] = [:]

  override func after(_ moment: Moment) {
    if case .deadline(let deadline) = moment.event, deadline.key.kind == .rearm { armed.remove(Int(deadline.key.unit.index)) }
    for effect in moment.effects {
      switch effect {
      case .arm(let deadline, _) where deadline.key.kind == .rearm: armed.insert(Int(deadline.key.unit.index))
      case .disarm(let key) where key.kind == .rearm: armed.remove(Int(key.unit.index))
      default: break
      }
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    if manager.isPhaseStopping { return }
    for index in 0..<manager.unitCount {
      guard let why = deafness(index, manager) else {
        deafSince[index] = nil
        continue
      }
      let since = deafSince[index] ?? world.turns
      deafSince[index] = since
      if world.turns - since > SocketLeakChecker.turnsOfGrace { return fail("\(manager.name(index).shown) \(why)") }
    }
  }

  /// Why it would not see what comes; nil: it would, or need not.
  private func deafness(_ index: Int, _ manager: Manager) -> String? {
    guard let glance = manager.socketGlance(index), case .socket(let settings) = manager.unit(index).kind else { return nil }
    if !glance.held.isEmpty, !armed.contains(index) { return "holds connections back, and nothing is armed" }
    guard manager.glance(index).state == .exited else { return nil }
    if glance.descriptors.isEmpty { return "listens, and nothing is open" }
    if glance.isPaused { return armed.contains(index) ? nil : "pauses, and nothing is armed" }
    if !settings.accepts {
      guard let service = manager.indexOfUnit(named: settings.service.bytes) else { return nil }
      let other = manager.glance(service)
      if other.jobType != nil || !(other.isDown || other.isInBackoff) { return nil }
    }
    if !glance.failing.isEmpty, !armed.contains(index) { return "has a listener that failed, and nothing is armed" }
    for id in glance.descriptors where !glance.failing.contains(id) {
      guard let listener = world.listeners.first(where: { $0.id == id }), !listener.isUnwatchable else { continue }
      if listener.watch?.isArmed != true {
        return "listens, and \(listener.text.shown) is not watched (\(listener.queue.count) wait there)"
      }
    }
    return nil
  }
}

/// `MaxConnections=`, `MaxConnectionsPerSource=`; and what is counted is what there is.
final class SocketLimitChecker: Checker {
  override var name: StaticString { "socket-limit" }

  override func after(_ moment: Moment) {
    let unit: UnitID
    switch moment.event {
    case .accepted(let id, let connection):
      unit = id
      judge(Int(unit.index), connection.peer, moment)
    case .deadline(let deadline) where deadline.key.kind == .rearm: unit = deadline.key.unit
    case .instantiated(let id, _, _): unit = id
    default: return
    }
    let index = Int(unit.index)
    guard let glance = moment.manager.socketGlance(index) else { return }
    let count = peers(of: index, moment.manager).count
    if Int(glance.connections) != count { fail("\(moment.name(index).shown) counts \(glance.connections) connections, there are \(count)") }
  }

  private func peers(of index: Int, _ manager: Manager) -> [SocketAddress] {
    var peers = manager.socketGlance(index)?.waitingPeers ?? []
    for other in 0..<manager.unitCount where manager.instanceOf(other) == index {
      if let connection = manager.connection(other) { peers.append(connection.peer) }
    }
    return peers
  }

  private func judge(_ index: Int, _ peer: SocketAddress, _ moment: Moment) {
    guard case .socket(let settings) = moment.manager.unit(index).kind, serves(moment) else { return }
    let all = peers(of: index, moment.manager)
    if all.count > Int(settings.maxConnections) {
      return fail("\(moment.name(index).shown) serves \(all.count) connections, MaxConnections= is \(settings.maxConnections)")
    }
    let most = Int(settings.maxConnectionsPerSource)
    let source = SocketLimitChecker.source(peer)
    let same = all.filter { SocketLimitChecker.source($0) == source }.count
    if most > 0, same > most {
      fail("\(moment.name(index).shown) serves \(same) connections of \(peer.text.shown), MaxConnectionsPerSource= is \(most)")
    }
  }

  private func serves(_ moment: Moment) -> Bool {
    moment.effects.contains { effect in
      if case .instantiate = effect { return true }
      return false
    }
  }

  /// Whom connections are counted by, said a second time.
  private static func source(_ peer: SocketAddress) -> String {
    switch peer {
    case .ip(let address, _): "ip \(address.high) \(address.low)"
    case .vsock(let cid, _): "vsock \(cid)"
    case .process(_, let uid): "uid \(uid)"
    case .unknown: "unknown"
    }
  }
}

/// Instances for connections: forgotten as soon as they are down, and their records used again.
final class InstanceChecker: Checker {
  override var name: StaticString { "instance" }
  /// The most that a socket has had at once.
  private var most: [Int: Int] = [:]
  private var downSince: [Int: Int] = [:]

  override func after(_ moment: Moment) {
    guard case .instantiated(let unit, _, _) = moment.event else { return }
    let socket = Int(unit.index)
    var live = 0
    var records = 0
    for index in 0..<moment.manager.unitCount where moment.manager.instanceOf(index) == socket {
      records += 1
      if moment.manager.connection(index) != nil { live += 1 }
    }
    // One that could not be started is gone by now, and its record free.
    most[socket] = max(most[socket] ?? 1, live)
    if records > most[socket] ?? 0 {
      fail("\(moment.name(socket).shown) has \(records) records, and never had more than \(most[socket] ?? 0)")
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    for index in 0..<manager.unitCount where manager.instanceOf(index) >= 0 {
      let glance = manager.glance(index)
      guard glance.isDown, glance.jobType == nil else {
        downSince[index] = nil
        continue
      }
      guard manager.connection(index) != nil || manager.indexOfUnit(named: manager.name(index)) == index else { continue }
      let since = downSince[index] ?? world.turns
      downSince[index] = since
      if world.turns - since > SocketLeakChecker.turnsOfGrace { return fail("\(manager.name(index).shown) is down, and not forgotten") }
    }
  }
}

/// A path that is active is watched, and looks again when its unit has ended: what holds then starts it.
final class PathChecker: Checker {
  override var name: StaticString { "path" }
  private var run: [Int: UInt32] = [:]
  private var deafSince: [Int: Int] = [:]

  override func after(_ moment: Moment) {
    for effect in moment.effects {
      switch effect {
      case .watchPaths(let unit, let number, _, _, _): run[Int(unit.index)] = number
      case .unwatchPaths(let unit): run[Int(unit.index)] = nil
      default: break
      }
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    if manager.isPhaseStopping { return }
    for index in 0..<manager.unitCount {
      guard case .path(let settings) = manager.unit(index).kind, let why = deafness(index, settings, manager, now) else {
        deafSince[index] = nil
        continue
      }
      let since = deafSince[index] ?? world.turns
      deafSince[index] = since
      if world.turns - since > SocketLeakChecker.turnsOfGrace { return fail("\(manager.name(index).shown) \(why)") }
    }
  }

  private func deafness(_ index: Int, _ settings: PathSettings, _ manager: Manager, _ now: Now) -> String? {
    guard let glance = manager.pathGlance(index), manager.glance(index).isOn else { return nil }
    let unit = UnitID(index)
    guard let target = manager.indexOfUnit(named: settings.unit.bytes) else { return nil }
    let other = manager.glance(target)
    if !other.isDown || other.jobType != nil { return nil }
    // After a run that failed it looks again a little later, and not later than it may.
    if let until = glance.pausedUntil, now.instant <= until, until.since(now.instant) <= TimeSpan(seconds: 30) { return nil }
    if glance.isRunning { return "thinks that its unit runs, and that is \(other.state.name)" }
    guard let watch = world.pathWatch(unit), run[index] == glance.run else { return "is active, and nothing is watched" }
    guard watch.hits.isEmpty else { return nil }
    for spec in watch.specs where spec.kind.isLevel && world.holds(spec) {
      return "waits for \(spec.path.shown), which is there, and its unit is down"
    }
    return nil
  }
}

/// `IdleStopSec=` stops nobody who has been busy all the time, and forgets nobody.
final class IdleChecker: Checker {
  override var name: StaticString { "idle-stop" }
  /// Runs whose connections cannot be counted.
  private var uncountable: Set<UInt32> = []
  private var unwatchedSince: [Int: Int] = [:]

  override func turnEnded(_ manager: Manager, _ now: Now) {
    if manager.isPhaseStopping { return }
    for index in 0..<manager.unitCount {
      guard isForgotten(index, manager) else {
        unwatchedSince[index] = nil
        continue
      }
      let since = unwatchedSince[index] ?? world.turns
      unwatchedSince[index] = since
      if world.turns - since > SocketLeakChecker.turnsOfGrace {
        return fail("\(manager.name(index).shown) runs, and nobody counts its connections")
      }
    }
  }

  private func isForgotten(_ index: Int, _ manager: Manager) -> Bool {
    let glance = manager.glance(index)
    guard glance.state == .running || glance.state == .exited, glance.jobType == nil, !manager.watchesIdle(index),
      case .service(let settings) = manager.unit(index).kind, !settings.idleStop.isInfinite, !uncountable.contains(glance.invocation)
    else { return false }
    for socket in 0..<manager.unitCount {
      if case .socket(let other) = manager.unit(socket).kind, !other.accepts, other.service.bytes == manager.name(index) { return true }
    }
    return false
  }

  override func after(_ moment: Moment) {
    guard case .connections(let unit, let run, let count, _) = moment.event else { return }
    if count == nil { uncountable.insert(run) }
    guard moment.says(": no connection for ") else { return }
    let index = Int(unit.index)
    guard let span = moment.manager.settings(index)?.idleStop else { return }
    world.happened("a service is stopped because it is idle")
    for socket in 0..<moment.manager.unitCount {
      guard case .socket(let settings) = moment.manager.unit(socket).kind, settings.service.bytes == moment.name(index) else { continue }
      for id in moment.manager.socketGlance(socket)?.descriptors ?? [] {
        guard let listener = world.listeners.first(where: { $0.id == id }), let since = listener.busySince else { continue }
        // Who comes after the count, while apus sleeps, is not in it.
        let busy = listener.countedAt - since
        if busy >= Int64(span.microseconds) * 1000 {
          fail("\(moment.name(index).shown) is stopped as idle, and was busy for \(busy / 1_000_000) ms")
        }
      }
    }
  }
}
#endif
