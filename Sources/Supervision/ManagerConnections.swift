import Calendar
import Model

// Accept=yes: who may in, and an instance of the template for each connection (units.md d.1, d.4).

extension Manager {
  mutating func close(_ connection: AcceptedConnection) { out.append(.closeDescriptors([connection.id])) }

  mutating func accepted(_ id: UnitID, _ connection: AcceptedConnection) {
    guard valid(id), let book = self[id].socket, let settings = socketSettings(id), self[id].service.state == .exited,
      phase == .booting || phase == .running
    else { return close(connection) }
    book.nextPause = .zero
    if !settings.banner.isEmpty { out.append(.sendFile(connection.id, path: settings.banner)) }
    if !settings.lets(in: connection.peer) { return refuse(id, connection, settings, "AccessAllow=, AccessDeny=") }
    if !settings.isOpen(at: minuteOfDay(now.wall, in: zones.local)) { return refuse(id, connection, settings, "AccessTimes=") }
    let source = book.source(connection.peer)
    if let why = overLimit(settings, book, source) { return refuse(id, connection, settings, why) }
    if let limit = settings.sourceLimit, !limit.isOff {
      // Who would have to wait takes no token where no more may wait.
      let isFull = book.held.count >= SocketBook.heldMax || book.sources[source].held >= SocketBook.heldPerSourceMax
      guard let due = book.takeToken(source, limit, now.instant, mayWait: !isFull) else {
        return refuse(id, connection, settings, "SourceLimitBurst=, and too many wait already")
      }
      if due > now.instant { return hold(id, connection, book, until: due) }
    }
    // Accepted in the turn in which a limit made the socket pause: it waits as those do who were not accepted yet.
    if let until = book.pausedUntil, book.held.count < SocketBook.heldMax { return hold(id, connection, book, until: until) }
    serve(id, connection, settings, book)
  }

  private mutating func hold(_ id: UnitID, _ connection: AcceptedConnection, _ book: SocketBook, until due: Instant) {
    book.sources[book.source(connection.peer)].held += 1
    book.held.append(HeldConnection(connection: connection, due: due))
    armRearm(id)
  }

  private func overLimit(_ settings: SocketSettings, _ book: SocketBook, _ source: Int) -> StaticString? {
    #if PLANTED
    if plantedBug == 45, book.connections == settings.maxConnections { return nil }
    #endif
    if book.connections >= settings.maxConnections { return "MaxConnections=" }
    if settings.maxConnectionsPerSource > 0, book.sources[source].live >= settings.maxConnectionsPerSource {
      return "MaxConnectionsPerSource="
    }
    return nil
  }

  /// Accepted and closed at once: the peer sees an end of file.
  private mutating func refuse(_ id: UnitID, _ connection: AcceptedConnection, _ settings: SocketSettings, _ why: StaticString) {
    let record = self[id]
    guard let book = record.socket else { return }
    if !settings.bannerFail.isEmpty { out.append(.sendFile(connection.id, path: settings.bannerFail)) }
    // What the peer has sent by now and nobody read would make the close a reset, which takes the banner back, too.
    out.append(.flushListener(connection.id))
    close(connection)
    book.refused &+= 1
    book.forgetIdleSources(now.instant)
    guard book.lines.allow(RateLimit(interval: TimeSpan(seconds: 10), burst: SocketBook.linesMax), now: now.instant) else {
      book.unsaid &+= 1
      return
    }
    var line = record.name + ": connection from " + connection.peer.text + " refused (" + Bytes(why) + ")"
    if book.unsaid > 0 { line += ", and " + Bytes(decimal: book.unsaid) + " others before it" }
    book.unsaid = 0
    message(.warning, line)
  }

  /// Those whose turn has come, in the order of their coming.
  mutating func serveHeld(_ id: UnitID) {
    guard let book = self[id].socket, let settings = socketSettings(id) else { return }
    let due = book.held.filter { $0.due <= now.instant }
    if due.isEmpty { return }
    book.held.removeAll { $0.due <= now.instant }
    for item in due {
      book.drop(held: item.connection.peer)
      if let until = book.pausedUntil {
        // One of them hit the limit again.
        hold(id, item.connection, book, until: until)
      } else if let why = overLimit(settings, book, book.source(item.connection.peer)) {
        refuse(id, item.connection, settings, why)
      } else {
        serve(id, item.connection, settings, book)
      }
    }
  }

  private mutating func serve(_ id: UnitID, _ connection: AcceptedConnection, _ settings: SocketSettings, _ book: SocketBook) {
    if !book.triggers.allow(settings.triggerLimit, now: now.instant) {
      triggeredTooOften(id, settings)
      // With RearmSec= it is the last one before the pause; else the socket is closed by now, and so is this.
      if settings.rearm == nil { return close(connection) }
    }
    guard let name = instanceName(settings.service, book.accepted, connection) else {
      return refuse(id, connection, settings, "its instance has a name of more than 255 bytes")
    }
    if !settings.bannerSuccess.isEmpty { out.append(.sendFile(connection.id, path: settings.bannerSuccess)) }
    book.accepted &+= 1
    book.connections += 1
    book.sources[book.source(connection.peer)].live += 1
    book.unnamed.append((name.bytes, connection))
    out.append(.instantiate(id, template: settings.service, name: name))
  }

  /// `NAME@NR-LOCAL:PORT-REMOTE:PORT.service`, `NAME@NR-PID-UID.service`.
  private func instanceName(_ template: UnitName, _ number: UInt64, _ connection: AcceptedConnection) -> UnitName? {
    var name = Bytes(template.bytes.prefix { $0 != 64 }) + "@" + Bytes(decimal: number)
    switch connection.peer {
    case .ip, .vsock: name += "-" + inName(connection.local) + "-" + inName(connection.peer)
    case .process(let pid, let uid): name += "-" + Bytes(decimal: pid) + "-" + Bytes(decimal: uid)
    case .unknown: break
    }
    return UnitName(name + ".service")
  }

  /// Without brackets, as in systemd's names.
  private func inName(_ address: SocketAddress) -> Bytes {
    switch address {
    case .ip(let address, let port): address.text + ":" + Bytes(decimal: port)
    case .vsock(let cid, let port): Bytes(decimal: cid) + ":" + Bytes(decimal: port)
    case .process, .unknown: []
    }
  }

  // MARK: Instances

  mutating func instantiated(_ id: UnitID, name: UnitName, _ unit: Unit?) {
    guard valid(id), let book = self[id].socket, let index = book.unnamed.firstIndex(where: { $0.name == name.bytes }) else { return }
    let connection = book.unnamed.remove(at: index).connection
    guard let unit, unit.loadState == .loaded, let settings = socketSettings(id), phase == .booting || phase == .running else {
      close(connection)
      return connectionEnded(id, connection.peer)
    }
    let slot = instanceSlot(of: id, book, unit)
    let name = settings.descriptorName.isEmpty ? Bytes("connection") : settings.descriptorName
    self[slot].connection = ServedConnection(id: connection.id, name: name, peer: connection.peer, since: now.instant)
    var environment: [Bytes] = []
    if case .ip(let address, let port) = connection.peer {
      environment = ["REMOTE_ADDR=" + address.text, "REMOTE_PORT=" + Bytes(decimal: port)]
    }
    if case .failure(let error) = enqueue(slot, .start, environment: environment) {
      message(.error, self[id].name + ": cannot start " + self[error.unit].name + ": " + error.message)
      forget(slot)
    }
  }

  /// A record for an instance: one of an ended instance, or a new one. So there are as many as there were at once.
  private mutating func instanceSlot(of socket: UnitID, _ book: SocketBook, _ unit: Unit) -> UnitID {
    let record = UnitRecord(unit: unit)
    record.instanceOf = socket
    // It is forgotten as soon as it is down.
    record.isRemoved = true
    let slot = book.freeInstances.popLast() ?? UnitID(records.count)
    let index = Int(slot.index)
    if index < records.count {
      let old = records[index]
      if old.linkRound == linkRound && old.unit.dependencies == unit.dependencies {
        record.edges = old.edges
        record.missingRequirement = old.missingRequirement
        record.isWatched = old.isWatched
        record.linkRound = linkRound
      } else {
        unlink(index)
      }
      records[index] = record
    } else {
      records.append(record)
    }
    byName[record.name] = index
    if record.linkRound != linkRound { linkNew(index) }
    return slot
  }

  /// The main process has it by now: apus's own would keep the peer from seeing its end.
  mutating func connectionIsHanded(_ id: UnitID, _ key: ProcessKey) {
    let record = self[id]
    guard let connection = record.connection, let descriptor = connection.id, key.role == .main,
      let settings = record.serviceSettings, settings.start.count == 1, settings.restart == .no
    else { return }
    record.connection?.id = nil
    out.append(.closeDescriptors([descriptor]))
  }

  /// An instance is forgotten: its connection is over.
  mutating func releaseInstance(_ id: UnitID, of socket: UnitID) {
    let record = self[id]
    guard let connection = record.connection else { return }
    record.connection = nil
    #if PLANTED
    let isKept = plantedBug == 44
    #else
    let isKept = false
    #endif
    if let descriptor = connection.id, !isKept { out.append(.closeDescriptors([descriptor])) }
    var line = record.name + ": connection from " + connection.peer.text + " ended after "
    line += shortSpan(now.instant.since(connection.since)) + " ("
    line += (record.service.result == .success ? exitText(id) : reason(id)) + ")"
    message(.info, line)
    self[socket].socket?.freeInstances.append(id)
    connectionEnded(socket, connection.peer)
  }

  private func exitText(_ id: UnitID) -> Bytes {
    self[id].service.lastMainExit.map { $0.status.description } ?? Bytes(self[id].service.result.name)
  }

  private mutating func connectionEnded(_ id: UnitID, _ peer: SocketAddress) {
    guard let book = self[id].socket else { return }
    book.drop(served: peer)
    book.forgetIdleSources(now.instant)
    // What was waited for may be a descriptor, and one is free now.
    if book.pausesForDescriptors, book.pausedUntil != nil {
      book.pausedUntil = nil
      armRearm(id)
    }
    lookAtSocket(id)
  }
}
