import Model
import Supervision
import Wire

// What services say to apus: sd_notify, the pipe of ReadyFd=, and the descriptors that they store.

/// Whose messages a unit's notify socket is for.
struct Notifier {
  /// The present run.
  var invocation: Invocation
  var unitName: Bytes
  /// Who the service runs as.
  var uid: UInt32
  /// A dropped datagram was told: a service that sends such a one sends many.
  var hasComplained = false
}

/// Something that was received, with what is to be closed when it has been handled.
struct Note {
  var event: Event? = nil
  var closes: [DescriptorID] = []
}

extension Supervisor {
  /// Datagrams of one unit in one turn: a service that floods must not starve the loop.
  static var notifyLimit: Int { 64 }
  /// When a process of it has ended, everything that it may have sent before is read; the kernel queues 512 at most.
  static var lastNotifyLimit: Int { 1024 }

  /// What waits in the notify socket of a unit.
  mutating func drainNotify(_ unit: UnitID, limit: Int, _ notes: inout [Note]) {
    for _ in 0..<limit {
      guard let datagram = kernel.receiveNotify(unit) else { return }
      if let notifier = notifiers[unit] {
        note(datagram, unit, notifier, &notes)
      } else {
        // The socket is there, but nothing of the unit was ever spawned with it (the fork failed): what is left unread there
        // would wake the loop for ever.
        notes.append(Note(closes: datagram.descriptors))
      }
    }
  }

  private mutating func note(_ datagram: ReceivedDatagram, _ unit: UnitID, _ notifier: Notifier, _ notes: inout [Note]) {
    guard !datagram.isTruncated, let message = parseNotify(datagram.bytes) else {
      notes.append(Note(closes: datagram.descriptors))
      complain(unit, notifier, datagram)
      return
    }
    // A barrier says nothing: that its descriptor is closed says that all before it was handled.
    if message.isBarrier {
      notes.append(Note(closes: datagram.descriptors))
      return
    }
    // The socket stays that of the last run until the next one has a process.
    let run = isMember(datagram, notifier) ? notifier.invocation.number : nil
    let sender = NotifySender(pid: datagram.pid, uid: datagram.uid, run: run)
    let stored = message.storesDescriptors ? datagram.descriptors : []
    notes.append(
      Note(
        event: .notified(unit, message, sender, descriptors: stored.map { OfferedDescriptor($0) }),
        closes: message.storesDescriptors ? [] : datagram.descriptors))
  }

  private mutating func isMember(_ datagram: ReceivedDatagram, _ notifier: Notifier) -> Bool {
    // 0: from outside of the PID namespace.
    guard datagram.pid > 0 else { return false }
    #if PLANTED
    if plantedBug == 23 && datagram.uid == notifier.uid { return true }
    #endif
    if let child = children.find(datagram.pid) { return child.key.invocation == notifier.invocation }
    switch kernel.relation(of: datagram.pid, to: notifier.invocation, roots: children.known) {
    case .member: return true
    case .gone, .unreaped: return datagram.uid == notifier.uid || datagram.uid == 0
    case .stranger, .supervisor: return false
    }
  }

  private mutating func complain(_ unit: UnitID, _ notifier: Notifier, _ datagram: ReceivedDatagram) {
    if notifier.hasComplained { return }
    notifiers[unit]?.hasComplained = true
    let why: StaticString =
      datagram.isTruncated ? "it is longer than 4096 bytes, or has more descriptors than can be held" : "there is a NUL in it"
    say(.warning, text("\(notifier.unitName): dropped a datagram of sd_notify from process \(datagram.pid): \(why)"))
  }

  /// Hands what was received in, in order.
  mutating func handle(_ notes: [Note]) {
    for note in notes {
      if let event = note.event { handle(compared(event)) }
      for id in note.closes { kernel.closeDescriptor(id) }
    }
  }

  /// FDSTORE=1 of what is held already is known only when the message's turn has come: those before it may store too.
  private mutating func compared(_ event: Event) -> Event {
    guard case .notified(let unit, let message, let sender, var descriptors) = event, !descriptors.isEmpty else { return event }
    var known = manager.keptDescriptors(of: unit)
    for index in descriptors.indices {
      let id = descriptors[index].id
      descriptors[index].sameAs = known.first { kernel.isSameFile($0, id) }
      if descriptors[index].sameAs == nil { known.append(id) }
    }
    return .notified(unit, message, sender, descriptors: descriptors)
  }

  // MARK: The socket

  /// A command that knows the socket was spawned.
  mutating func noteNotifier(_ request: SpawnRequest, _ plan: SpawnPlan) {
    let invocation = request.key.invocation
    let uid = plan.uid ?? configuration.ownUID
    if notifiers[invocation.unit]?.invocation != invocation {
      notifiers[invocation.unit] = Notifier(invocation: invocation, unitName: request.unitName, uid: uid)
    } else if request.key.role == .main {
      notifiers[invocation.unit]?.uid = uid
    }
  }

  mutating func closeNotify(_ unit: UnitID) {
    notifiers[unit] = nil
    kernel.closeNotifySocket(unit)
  }

  // MARK: ReadyFd=

  /// What the pipe of a child says.
  mutating func collectReady(_ pid: Int32, _ notes: inout [Note]) {
    switch kernel.readyReport(pid) {
    case .pending: return
    case .ready: if let key = readyKeys[pid] { notes.append(Note(event: .readyLine(key, true))) }
    case .closed: if let key = readyKeys[pid] { notes.append(Note(event: .readyLine(key, false))) }
    }
    readyKeys[pid] = nil
  }

  // MARK: Stored descriptors

  mutating func close(_ ids: [DescriptorID]) {
    // A start of the same turn that still waits for its process gets what is left.
    for index in spawnQueue.indices where !spawnQueue[index].descriptors.isEmpty {
      spawnQueue[index].descriptors.removeAll { ids.contains($0.id) }
    }
    for id in ids {
      watchedDescriptors[id] = nil
      kernel.closeDescriptor(id)
    }
  }

  /// What has no other end (a regular file) is stored unwatched, as in systemd.
  mutating func watch(_ id: DescriptorID, of unit: UnitID) {
    if kernel.watchDescriptor(id) { watchedDescriptors[id] = unit }
  }

  mutating func hungUp(_ id: DescriptorID, _ notes: inout [Note]) {
    if let unit = watchedDescriptors.removeValue(forKey: id) { notes.append(Note(event: .descriptorHungUp(unit, id))) }
  }
}
