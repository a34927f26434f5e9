import Model

// Sockets: they are opened in the middle of their start, watched while they listen, and start their service when something
// comes (units.md d.1). Their processes and states are the service machine's. Connections: ManagerConnections.swift.

extension Manager {
  func socketSettings(_ id: UnitID) -> SocketSettings? {
    if case .socket(let settings) = self[id].unit.kind { return settings }
    return nil
  }

  /// Whether a socket may be started at all; else why not (systemd refuses these two).
  func socketObstacle(_ id: UnitID) -> Bytes? {
    guard let settings = socketSettings(id), !settings.accepts else { return nil }
    guard let service = find(settings.service.bytes), self[service].unit.loadState == .loaded else {
      return "its service " + settings.service.bytes + " is not loaded"
    }
    return self[service].canBegin ? nil : settings.service.bytes + " is active already, it would not get the socket"
  }

  mutating func sayListening(_ id: UnitID) {
    guard let settings = socketSettings(id) else { return }
    message(.notice, self[id].name + ": listening on " + joined(settings.listen.listeners.map { $0.text }))
  }

  // MARK: Opening and closing

  /// The start has come to it.
  mutating func openListeners(_ id: UnitID) {
    guard let settings = socketSettings(id) else { return }
    let record = self[id]
    if record.socket == nil { record.socket = SocketBook() }
    let request = ListenRequest(
      unit: id, run: record.service.invocation, unitName: record.name, settings: settings.listen)
    out.append(.listen(request))
  }

  mutating func listening(_ id: UnitID, run: UInt32, _ outcome: ListenOutcome) {
    guard valid(id), let book = self[id].socket, self[id].service.invocation == run, self[id].service.state == .start else {
      if case .open(let ids) = outcome { out.append(.closeDescriptors(ids)) }
      return
    }
    switch outcome {
    case .open(let ids):
      book.descriptors = ids
      feed(id, .listeners(.success))
    case .failed(let why, let mayPass):
      message(.error, self[id].name + ": " + why)
      // Its start fails, so nobody waits for it; it comes back in its backoff, which no setting of a socket can ask for.
      self[id].service.restartsAnyway = mayPass
      feed(id, .listeners(.resources))
    }
  }

  /// Every state that a socket passes.
  mutating func socketPassed(_ id: UnitID, _ state: ServiceState) {
    guard let book = self[id].socket else { return }
    switch state {
    case .exited:
      book.isRunning = false
      book.pausedUntil = nil
      book.nextPause = .zero
      book.failPause = .zero
      lookAtSocket(id)
    case .start, .startPost, .stop, .stopSigterm, .stopSigkill, .stopWatchdog: unwatch(id)
    // The first command may get what was listened on.
    case .stopPost: if passesToExec(id) { unwatch(id) } else { closeListeners(id) }
    case .dead, .condition, .startPre, .running, .reload, .reloadSignal, .reloadNotify, .drain, .finalWatchdog,
      .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      closeListeners(id)
    }
  }

  private func passesToExec(_ id: UnitID) -> Bool { socketSettings(id).map { $0.passesToExec } ?? false }

  /// ExecStopPost= has its own copies by now.
  mutating func listenersAreHanded(_ id: UnitID, _ key: ProcessKey) {
    if key.role == .stopPost && self[id].service.state == .stopPost { closeListeners(id) }
  }

  private mutating func closeListeners(_ id: UnitID) {
    guard let book = self[id].socket else { return }
    unwatch(id)
    #if PLANTED
    if plantedBug == 47 { book.held = [] }
    #endif
    for held in book.held {
      close(held.connection)
      book.drop(held: held.connection.peer)
    }
    for waiting in book.unnamed {
      close(waiting.connection)
      book.drop(served: waiting.connection.peer)
    }
    book.held = []
    book.unnamed = []
    if book.descriptors.isEmpty { return }
    out.append(.closeDescriptors(book.descriptors))
    book.descriptors = []
    book.unwatchable = []
    book.failing = []
    book.isRunning = false
    guard let settings = socketSettings(id), settings.removeOnStop else { return }
    out.append(.removeNodes(settings.listen.nodes + settings.listen.symlinks + settings.listen.queues))
  }

  /// The socket's file is gone.
  mutating func forgetSocket(_ id: UnitID) {
    closeListeners(id)
    out.append(.disarm(DeadlineKey(unit: id, kind: .rearm)))
  }

  // MARK: Watching

  /// Where a socket that is up belongs: it listens itself, or its service has what it listens on.
  mutating func lookAtSocket(_ id: UnitID) {
    let record = self[id]
    guard let book = record.socket, let settings = socketSettings(id), record.service.state == .exited else { return }
    guard phase == .booting || phase == .running else { return unwatch(id) }
    if !settings.accepts {
      guard let service = find(settings.service.bytes) else { return }
      // What it is to become decides, when that is done.
      if self[service].job != nil || !self[service].canBegin {
        if !self[service].canBegin { book.isRunning = true }
        return unwatch(id)
      }
      if book.isRunning && settings.flushPending { for descriptor in book.descriptors { out.append(.flushListener(descriptor)) } }
      book.isRunning = false
    }
    if book.pausedUntil != nil { return unwatch(id) }
    for descriptor in book.descriptors where !book.watched.contains(descriptor) && !book.isBeyondWatching(descriptor) {
      book.watched.append(descriptor)
      out.append(.watchListener(id, descriptor, accepts: settings.accepts))
    }
  }

  mutating func unwatch(_ id: UnitID) {
    guard let book = self[id].socket else { return }
    for descriptor in book.watched { out.append(.unwatchListener(descriptor)) }
    book.watched = []
  }

  /// A service changed its state, or its job ended.
  mutating func socketsSee(_ service: UnitID) {
    let record = self[service]
    #if PLANTED
    if plantedBug == 43 && record.job == nil { return }
    #endif
    lookAtIdle(service)
    for id in record.sockets {
      guard let book = self[id].socket, let settings = socketSettings(id), self[id].service.state == .exited, !settings.accepts,
        find(settings.service.bytes) == service
      else { continue }
      if book.isRunning, record.isStartLimitHit {
        message(.error, self[id].name + ": " + record.name + " is started too often, the socket is given up")
        feed(id, .listeners(.serviceStartLimitHit))
      } else {
        lookAtSocket(id)
      }
    }
  }

  // MARK: Traffic

  mutating func traffic(_ id: UnitID, _ descriptor: DescriptorID) {
    guard valid(id), let book = self[id].socket, let settings = socketSettings(id), let index = book.watched.firstIndex(of: descriptor)
    else { return }
    let record = self[id]
    book.watched.remove(at: index)
    book.nextPause = .zero
    guard record.service.state == .exited, phase == .booting || phase == .running else { return }
    if !book.polls.allow(settings.pollLimit, now: now.instant) { return polledTooOften(id, settings, book) }
    activate(id, settings, book)
  }

  private mutating func activate(_ id: UnitID, _ settings: SocketSettings, _ book: SocketBook) {
    guard let service = find(settings.service.bytes) else { return feed(id, .listeners(.resources)) }
    if self[service].job?.type == .stop {
      // Nobody would take it. When that job has ended, it is watched again.
      for descriptor in book.descriptors { out.append(.flushListener(descriptor)) }
      return
    }
    if !book.triggers.allow(settings.triggerLimit, now: now.instant) { return triggeredTooOften(id, settings) }
    unwatch(id)
    book.isRunning = true
    guard self[service].canBegin, case .failure(let error) = enqueue(service, .start) else { return }
    message(.error, self[id].name + ": cannot start " + self[error.unit].name + ": " + error.message)
    feed(id, .listeners(.resources))
  }

  /// The service ends, and what it was started for is there still, or again. One that fails each time is started ever more
  /// seldom: there is no start limit unless a unit sets one.
  private mutating func polledTooOften(_ id: UnitID, _ settings: SocketSettings, _ book: SocketBook) {
    let interval = settings.pollLimit.interval
    let fails = find(settings.service.bytes).map { self[$0].service.result != .success } ?? false
    // The pause itself, and as long again, in which it was started as often as it may.
    let window = max(book.pollPause.doubled(atMost: .infinity), TimeSpan(seconds: 10))
    let isAgain = fails && book.pollPause != .zero && now.instant.since(book.pollPausedAt) < window
    book.pollPause = isAgain ? max(book.pollPause.doubled(atMost: SocketBook.pollPauseMax), interval) : interval
    book.pollPausedAt = now.instant
    let why: StaticString = fails ? "which fails each time, " : ""
    message(
      .warning,
      filled(
        "%: wakes % too often (PollLimitBurst=), %paused for %",
        with: [self[id].name, settings.service.bytes, Bytes(why), shortSpan(book.pollPause)]))
    pause(id, book.pollPause)
  }

  /// A trigger limit is hit: RearmSec= makes it a pause, in which what comes waits in the queue; else it is the end.
  mutating func triggeredTooOften(_ id: UnitID, _ settings: SocketSettings) {
    let record = self[id]
    if let rearm = settings.rearm {
      message(.warning, record.name + ": triggered too often (TriggerLimitBurst=), paused for " + shortSpan(rearm))
      return pause(id, rearm)
    }
    message(.error, record.name + ": triggered too often (TriggerLimitBurst=), the socket is given up; RearmSec= would pause it instead")
    feed(id, .listeners(.triggerLimitHit))
  }

  private mutating func pause(_ id: UnitID, _ span: TimeSpan) {
    guard let book = self[id].socket else { return }
    book.pausedUntil = now.instant + span
    book.pausesForDescriptors = false
    unwatch(id)
    armRearm(id)
  }

  /// No descriptor was left for a connection, which waits; or one listener is in trouble: that one alone is tried again, later
  /// each time, and the others go on.
  mutating func listenerFailed(_ id: UnitID, _ descriptor: DescriptorID, errno: Int32, isWatch: Bool) {
    guard valid(id), let book = self[id].socket, let index = book.watched.firstIndex(of: descriptor) else { return }
    book.watched.remove(at: index)
    switch errno {
    case Errno.EPERM where isWatch:
      // A regular file is always ready: there is nothing to wait for.
      book.unwatchable.append(descriptor)
      message(
        .warning,
        filled(
          "%: % cannot be watched: %: it is always ready, nothing starts by it",
          with: [self[id].name, listenerText(id, book, descriptor), errorText(errno)]))
    case Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS:
      if isWatch { return retry(id, book, descriptor, errno, isWatch: true) }
      if book.nextPause == .zero {
        message(.error, self[id].name + ": cannot accept: " + errorText(errno) + "; what comes waits, it is tried again")
        book.nextPause = SocketBook.pauseMin
      }
      pause(id, book.nextPause)
      book.pausesForDescriptors = true
      book.nextPause = book.nextPause.doubled(atMost: SocketBook.pauseMax)
    default: retry(id, book, descriptor, errno, isWatch: isWatch)
    }
  }

  /// Said once for each listener, until all has been well for a while.
  private mutating func retry(_ id: UnitID, _ book: SocketBook, _ descriptor: DescriptorID, _ errno: Int32, isWatch: Bool) {
    if book.failing.isEmpty {
      // It is another story when all has been well for longer than the longest pause.
      if now.instant.since(book.failedAt) >= SocketBook.failStory {
        book.failPause = .zero
        book.saidFailing = []
      }
      book.failPause = max(book.failPause.doubled(atMost: SocketBook.pauseMax), SocketBook.pauseMin)
      book.failedAt = now.instant
    }
    book.failing.append(descriptor)
    armRearm(id)
    if book.saidFailing.contains(descriptor) { return }
    book.saidFailing.append(descriptor)
    let hint: StaticString = !isWatch || errno != Errno.ENOSPC ? "" : " (fs.epoll.max_user_watches)"
    message(
      .error,
      filled(
        "%: cannot % %: %%; it is tried again",
        with: [self[id].name, Bytes(isWatch ? "watch" : "accept at"), listenerText(id, book, descriptor), errorText(errno), Bytes(hint)]))
  }

  /// As its line has it.
  private func listenerText(_ id: UnitID, _ book: SocketBook, _ descriptor: DescriptorID) -> Bytes {
    guard let index = book.descriptors.firstIndex(of: descriptor), let listeners = socketSettings(id)?.listen.listeners,
      index < listeners.count
    else { return Bytes("a listener") }
    return listeners[index].text
  }

  /// The pause is over, a listener is tried again, or the next held connection's turn has come, whichever is first.
  mutating func armRearm(_ id: UnitID) {
    guard let book = self[id].socket else { return }
    var at = min(book.pausedUntil ?? .never, book.failingUntil ?? .never)
    for held in book.held { at = min(at, held.due) }
    if at == .never {
      out.append(.disarm(DeadlineKey(unit: id, kind: .rearm)))
    } else {
      out.append(.arm(Deadline(id, .rearm), at: at))
    }
  }

  mutating func rearm(_ id: UnitID) {
    guard valid(id) else { return }
    guard let book = self[id].socket else { return rearmPath(id) }
    if let until = book.pausedUntil, until <= now.instant { book.pausedUntil = nil }
    if let until = book.failingUntil, until <= now.instant { book.failing = [] }
    serveHeld(id)
    armRearm(id)
    lookAtSocket(id)
  }

  /// What a service gets from its sockets, in the order of units and lines; and a socket's own commands, of what it listens on.
  func activation(of id: UnitID) -> [PassedDescriptor] {
    let record = self[id]
    if let connection = record.connection {
      guard let descriptor = connection.id else { return [] }
      return [PassedDescriptor(id: descriptor, name: connection.name, isStored: false)]
    }
    if record.socket != nil { return passesToExec(id) ? listeners(of: id) : [] }
    var result: [PassedDescriptor] = []
    for socket in record.sockets { if let settings = socketSettings(socket), !settings.accepts { result += listeners(of: socket) } }
    return result
  }

  private func listeners(of id: UnitID) -> [PassedDescriptor] {
    guard let book = self[id].socket, let settings = socketSettings(id) else { return [] }
    var name = settings.descriptorName
    if name.isEmpty { name = settings.accepts ? Bytes("connection") : self[id].name }
    return book.descriptors.map { PassedDescriptor(id: $0, name: name, isStored: false) }
  }
}
