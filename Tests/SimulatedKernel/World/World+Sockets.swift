#if !EMBEDDED
import Model
import Runtime

// What `.socket` units listen on: who comes there, when, and who takes it.

/// What one `Listen…=` line has opened.
struct VirtualListener {
  var id: DescriptorID
  var kind: ListenKind
  /// As the unit says it: nobody else may have it.
  var text: Bytes
  /// What waits there, the oldest first.
  var queue: [SocketAddress] = []
  var room: Int
  /// Connections that a service has taken: their numbers, and who has them.
  var taken: [(number: UInt64, serial: UInt64)] = []
  var watch: Watch? = nil
  /// A regular file: always ready, so that epoll refuses it.
  var isUnwatchable = false
  var isBroken = false
  var hadTraffic = false
  /// Between two arrivals, milliseconds.
  var pace: ClosedRange<Int64>
  /// Since when somebody is connected without a pause; nil: nobody is.
  var busySince: Int64? = nil
  var countedAt: Int64 = 0

  struct Watch {
    var unit: UnitID
    var accepts: Bool
    /// Nothing was told yet of a watch that tells once.
    var isArmed = true
  }

  var hasConnections: Bool { kind == .stream || kind == .sequentialPacket }
  /// Established ones, those that wait to be accepted among them.
  var connections: Int { hasConnections ? queue.count + taken.count : 0 }
  var isReady: Bool {
    guard let watch, watch.isArmed else { return false }
    return !queue.isEmpty || isBroken
  }
}

extension World {
  /// Who waits at one listener at most, whatever its backlog.
  static let queueMax = 100

  func listenerIndex(_ id: DescriptorID) -> Int? { listeners.firstIndex { $0.id == id } }

  private func hold() -> DescriptorID {
    nextDescriptor += 1
    let id = DescriptorID(nextDescriptor)
    heldDescriptors.append(id)
    return id
  }

  // MARK: Opening and closing

  func open(_ plan: ListenPlan, _ warnings: inout [Bytes]) -> ListenOutcome {
    let settings = plan.settings
    var opened: [DescriptorID] = []
    for (index, line) in settings.listeners.enumerated() {
      if listeners.contains(where: { $0.text == line.text && $0.kind == line.kind }) {
        violate("descriptor", "\(line.text.shown) is opened again, and was not closed".bytes)
      }
      if strikes("a listener cannot be opened", perMille: faults.listenFails * (index == 0 ? 1 : 4)) {
        for id in opened { release(id) }
        note("listen-fails", Int64(index), 0, line.text)
        return .failed("cannot listen on " + line.text + ": address in use", mayPass: random.chance(perMille: 500))
      }
      opened.append(open(line, backlog: settings.backlog))
    }
    if !settings.options.isEmpty, strikes("an option is refused", perMille: faults.optionRefused) {
      warnings.append("an option is ignored: operation not permitted".bytes)
    }
    return .open(opened)
  }

  private func open(_ line: Listener, backlog: UInt32) -> DescriptorID {
    let id = hold()
    let paces: [ClosedRange<Int64>] = [3000...30_000, 400...9000, 40...2000, 2...200]
    var listener = VirtualListener(
      id: id, kind: line.kind, text: line.text, room: max(1, min(Int(clamping: backlog), World.queueMax)),
      pace: paces[random.weighted([30, 35, 25, 10])])
    listener.isUnwatchable = line.kind == .special && random.chance(perMille: 400)
    listeners.append(listener)
    note("listens", Int64(id.number), 0, line.text)
    later(.traffic(id), ms: random.within(listener.pace))
    return id
  }

  /// The descriptor is closed: whoever waits is sent away.
  func closed(_ id: DescriptorID) {
    connections.removeAll { $0 == id }
    guard let index = listenerIndex(id) else { return }
    if listeners[index].watch?.isArmed == true { violate("descriptor", "listener \(id.number) is closed while it is watched".bytes) }
    listeners.remove(at: index)
  }

  // MARK: Traffic

  /// Somebody comes, or many at once.
  func arrive(_ id: DescriptorID) {
    guard let index = listenerIndex(id) else { return }
    var count = 1
    if random.chance(perMille: 40) {
      count = 5 + random.below(80)
      happened("a flood of connections")
    }
    for _ in 0..<count {
      if listeners[index].queue.count >= listeners[index].room {
        // The network tries again; here what comes next is as good.
        happened("a queue of connections is full")
        break
      }
      listeners[index].queue.append(somebody(listeners[index]))
    }
    if !listeners[index].isUnwatchable, strikes("a listener breaks", perMille: faults.listenerBreaks) { listeners[index].isBroken = true }
    listeners[index].hadTraffic = true
    noteBusy(index)
    note("arrives", Int64(id.number), Int64(listeners[index].queue.count))
    for process in table where process.state == .running && process.listeners.contains(id) {
      if let pace = process.program.serveMs { later(.process(process.serial, .serve), ms: random.within(pace)) }
    }
    later(.traffic(id), ms: random.within(listeners[index].pace))
  }

  private func somebody(_ listener: VirtualListener) -> SocketAddress {
    if listener.text.first == 47 || listener.text.first == 64 {
      return .process(pid: random.chance(perMille: 100) ? 0 : 100 + Int32(random.below(4000)), uid: [0, 33, 1000][random.below(3)])
    }
    let port = UInt16(1024 + random.below(60_000))
    switch random.below(10) {
    case 0: return .ip(IPAddress(high: 0x2001_0db8_0000_0000, low: UInt64(random.below(3))), port: port)
    case 1: return .vsock(cid: UInt32(3 + random.below(2)), port: UInt32(port))
    case 2: return random.chance(perMille: 200) ? .unknown : .ip(IPAddress(high: 0, low: 1), port: port)
    default: return .ip(IPAddress(v4: 0x0a00_0001 + UInt32(random.below(4))), port: port)
    }
  }

  private func noteBusy(_ index: Int) {
    if listeners[index].connections == 0 {
      listeners[index].busySince = nil
    } else if listeners[index].busySince == nil {
      listeners[index].busySince = clock
    }
  }

  /// A service takes what waits at the listeners that it was given.
  func serve(_ process: VirtualProcess) {
    for id in process.listeners {
      guard let index = listenerIndex(id) else { continue }
      let count = listeners[index].queue.count
      listeners[index].queue = []
      guard listeners[index].hasConnections else { continue }
      for _ in 0..<count {
        nextConnection += 1
        listeners[index].taken.append((nextConnection, process.serial))
        later(.connectionEnds(id, nextConnection), ms: random.chance(perMille: 800) ? random.within(0...300) : random.within(300...30_000))
      }
      noteBusy(index)
      if count > 0 { note("serves", Int64(process.pid), Int64(count)) }
    }
  }

  func connectionEnds(_ id: DescriptorID, _ number: UInt64) {
    guard let index = listenerIndex(id) else { return }
    listeners[index].taken.removeAll { $0.number == number }
    noteBusy(index)
  }

  /// A process is gone, and its connections with it.
  func dropConnections(of process: VirtualProcess) {
    for id in process.listeners {
      guard let index = listenerIndex(id) else { continue }
      listeners[index].taken.removeAll { $0.serial == process.serial }
      noteBusy(index)
    }
  }

  // MARK: What apus does with them

  /// 0, or the errno.
  func watchTraffic(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Int32 {
    guard let index = listenerIndex(id) else {
      violate("descriptor", "listener \(id.number) is watched, but not there".bytes)
      return Errno.EBADF
    }
    if listeners[index].isUnwatchable {
      happened("a listener cannot be watched")
      return Errno.EPERM
    }
    if strikes("a listener cannot be watched for now", perMille: faults.watchFails) { return random.pick([Errno.ENOSPC, Errno.ENOMEM]) }
    listeners[index].watch = VirtualListener.Watch(unit: unit, accepts: accepts)
    note("watches", Int64(unit.index), Int64(id.number))
    return 0
  }

  func unwatchTraffic(_ id: DescriptorID) {
    guard let index = listenerIndex(id) else { return violate("descriptor", "listener \(id.number) is unwatched, but not there".bytes) }
    listeners[index].watch = nil
  }

  func acceptNext(_ id: DescriptorID) -> AcceptOutcome {
    guard let index = listenerIndex(id) else {
      violate("descriptor", "listener \(id.number) is accepted from, but not there".bytes)
      return .nothing
    }
    if listeners[index].isBroken { return .failed(errno: Errno.EINVAL) }
    if strikes("a rule forbids a connection", perMille: faults.acceptForbidden) { return .failed(errno: Errno.EPERM) }
    if strikes("no descriptor is left for a connection", perMille: faults.descriptorsShort) {
      shortUntil = clock + random.within(1_000_000...(random.chance(perMille: 300) ? 30_000_000_000 : 1_000_000_000))
    }
    if clock < shortUntil { return .failed(errno: random.pick([23, 24])) }
    while !listeners[index].queue.isEmpty, strikes("a connection is gone before it is accepted", perMille: faults.connectionGone) {
      listeners[index].queue.removeFirst()
    }
    defer { noteBusy(index) }
    if listeners[index].queue.isEmpty { return .nothing }
    let peer = listeners[index].queue.removeFirst()
    let connection = hold()
    connections.append(connection)
    note("accepts", Int64(id.number), Int64(connection.number), peer.text)
    let local: SocketAddress =
      switch peer {
      case .ip(let address, _): .ip(IPAddress(high: address.high, low: address.isV4 ? 0xffff_7f00_0001 : 1), port: 80)
      case .vsock: .vsock(cid: 2, port: 80)
      case .process, .unknown: .unknown
      }
    return .connection(AcceptedConnection(id: connection, local: local, peer: peer))
  }

  func flush(_ id: DescriptorID) {
    if connections.contains(id) { return }
    guard let index = listenerIndex(id) else { return violate("descriptor", "listener \(id.number) is flushed, but not there".bytes) }
    listeners[index].queue = []
    noteBusy(index)
    note("flushes", Int64(id.number))
  }

  func count(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) {
    var count = 0
    var hadTraffic = false
    for id in ids {
      guard let index = listenerIndex(id) else {
        violate("descriptor", "connections of listener \(id.number) are counted, which is not there".bytes)
        continue
      }
      count += listeners[index].connections
      hadTraffic = hadTraffic || listeners[index].hadTraffic
      listeners[index].hadTraffic = false
      listeners[index].countedAt = clock
    }
    if strikes("connections cannot be counted", perMille: faults.cannotCount) { return (nil, false) }
    return (UInt32(count), hadTraffic)
  }

  // MARK: Readiness

  func socketReadiness() -> [Readiness] {
    var found: [Readiness] = []
    for listener in listeners where listener.isReady { if let watch = listener.watch { found.append(.traffic(watch.unit, listener.id)) } }
    for watch in pathWatches { for hit in watch.hits { found.append(.pathHit(watch.unit, hit)) } }
    return found
  }

  /// What tells once has told.
  func delivered(_ items: ArraySlice<Readiness>) {
    for item in items {
      switch item {
      case .traffic(_, let id):
        guard let index = listenerIndex(id), listeners[index].watch?.accepts == false else { continue }
        listeners[index].watch?.isArmed = false
      case .pathHit(let unit, let hit, _): pathIsTold(unit, hit)
      default: break
      }
    }
  }
}

extension SimulatedKernel {
  public mutating func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome {
    world.enter()
    return world.open(plan, &warnings)
  }

  public mutating func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Int32 {
    world.enter()
    return world.watchTraffic(unit, id, accepts: accepts)
  }

  public mutating func unwatchListener(_ id: DescriptorID) {
    world.enter()
    world.unwatchTraffic(id)
  }

  public mutating func acceptConnection(_ id: DescriptorID) -> AcceptOutcome {
    world.enter()
    return world.acceptNext(id)
  }

  public mutating func flushListener(_ id: DescriptorID) {
    world.enter()
    world.flush(id)
  }

  public mutating func removeNode(_ path: Bytes) {
    world.enter()
    world.note("removes-node", 0, 0, path)
  }

  public mutating func sendFile(_ id: DescriptorID, path: Bytes) {
    world.enter()
    if !world.connections.contains(id) { world.violate("descriptor", "a banner goes to descriptor \(id.number), which is not there".bytes) }
  }

  public mutating func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) {
    world.enter()
    return world.count(ids)
  }
}
#endif
