import Model

/// A socket-activated service that is stopped when nobody needs it (`IdleStopSec=`).
struct IdleBook: Sendable {
  /// When a connection was seen last.
  var lastBusy: Instant
}

// Scale to zero: the connections of a service are counted at most ten times in its span; its sockets stay, and the next
// connection starts it again. A connection that comes while it stops waits in the listener's queue.

extension Manager {
  /// Between two looks at least so long.
  static let idleStepMin = TimeSpan(milliseconds: 50)

  /// A state of a service.
  mutating func idlePassed(_ id: UnitID, _ state: ServiceState) {
    let record = self[id]
    guard let span = record.serviceSettings?.idleStop, !span.isInfinite, !record.sockets.isEmpty else {
      return endIdle(id)
    }
    switch state {
    case .running, .exited:
      if record.idle == nil { askConnections(id) }
      if record.idle == nil { record.idle = IdleBook(lastBusy: now.instant) }
    case .reload, .reloadSignal, .reloadNotify: break
    case .dead, .condition, .startPre, .start, .startPost, .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost,
      .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      endIdle(id)
    }
  }

  /// Its settings or sockets are new, or a job has ended that may have been its stop: who runs on is counted.
  mutating func lookAtIdle(_ id: UnitID) {
    let record = self[id]
    guard record.idle == nil, record.job == nil, phase == .booting || phase == .running else { return }
    let state = record.service.state
    if state == .running || state == .exited { idlePassed(id, state) }
  }

  private mutating func endIdle(_ id: UnitID) {
    let record = self[id]
    guard record.idle != nil else { return }
    record.idle = nil
    out.append(.disarm(DeadlineKey(unit: id, kind: .idle)))
  }

  private mutating func askConnections(_ id: UnitID) {
    let descriptors = activation(of: id).map { $0.id }
    if descriptors.isEmpty { return armIdle(id) }
    out.append(.countConnections(id, run: self[id].service.invocation, descriptors))
  }

  private mutating func armIdle(_ id: UnitID) {
    let record = self[id]
    guard let span = record.serviceSettings?.idleStop, !span.isInfinite else { return }
    let step = max(TimeSpan(microseconds: span.microseconds / 10), Manager.idleStepMin)
    out.append(.arm(Deadline(id, .idle, invocation: record.service.invocation), at: now.instant + step))
  }

  mutating func idleDeadline(_ deadline: Deadline) {
    let id = deadline.key.unit
    guard valid(id), self[id].idle != nil, self[id].service.invocation == deadline.invocation else { return }
    askConnections(id)
  }

  mutating func connectionsCounted(_ id: UnitID, run: UInt32, _ count: UInt32?, hadTraffic: Bool) {
    guard valid(id), let book = self[id].idle, self[id].service.invocation == run, let span = self[id].serviceSettings?.idleStop else {
      return
    }
    let record = self[id]
    if span.isInfinite { return endIdle(id) }
    guard let count else {
      // Not asked again in this run.
      let why: StaticString = ": IdleStopSec= has no effect, connections cannot be counted here (no sock_diag, no /proc/net)"
      return message(.warning, record.name + why)
    }
    // Somebody stops or restarts it anyway, or it reloads.
    #if PLANTED
    let isBusy = count > 0 && plantedBug != 48 || hadTraffic || record.job != nil
    #else
    let isBusy = count > 0 || hadTraffic || record.job != nil
    #endif
    if isBusy { record.idle?.lastBusy = now.instant }
    guard !isBusy, now.instant.since(book.lastBusy) >= span else { return armIdle(id) }
    guard phase == .booting || phase == .running else { return }
    message(.notice, record.name + ": no connection for " + shortSpan(span) + ", stopped until the next one")
    endIdle(id)
    _ = enqueue(id, .stop)
  }
}
