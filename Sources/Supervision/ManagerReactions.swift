import Model

/// What is done later in the same event, when its jobs have run: so no unit's step recurses into another's.
enum FollowUp: Equatable, Sendable {
  /// OnFailure= or OnSuccess= of a unit that ended.
  case handlers(of: UnitID, Relation)
  /// It is bound to `cause`, or PropagatesStopTo= says so, and that one ended by itself.
  case stop(UnitID, cause: UnitID)
  /// It went down with `cause`, which is going to be restarted.
  case revive(UnitID, cause: UnitID)
}

// What units do on account of others' states (units.md e.1): some act on an event, some on a lasting state.

extension Manager {
  /// systemd's bound on what it does with one unit by itself, against two units that fight.
  static let reactionLimit: StartLimit = {
    var limit = StartLimit()
    limit.interval = TimeSpan(seconds: 10)
    limit.burst = 16
    return limit
  }()

  mutating func react(_ unit: UnitID, from old: ActiveState, to new: ActiveState, isUnexpected: Bool, isFinal: Bool) {
    let wasUp = old == .active || old == .reloading || old == .activating
    let goesDown = new == .deactivating || new == .inactive || new == .failed
    if isUnexpected && wasUp && goesDown { takeDown(unit) }
    if isFinal { triggerHandlers(unit, from: old, to: new) }
    if new != old && new != .deactivating && new != .activating { markNeighbours(unit) }
    guard isFinal else { return }
    let record = self[unit]
    if record.service.state == .autoRestart { reviveTakenDown(unit) }
    if new == .inactive || new == .failed { record.takenDown = [] }
  }

  private mutating func takeDown(_ unit: UnitID) {
    #if PLANTED
    if plantedBug == 19 { return }
    #endif
    let record = self[unit]
    for relation in Relation.stoppedByItsEnd {
      for other in record.edges[relation] where !self[other].isDown && self[other].activeState != .deactivating {
        if relation == .boundBy { record.takenDown.append(other) }
        followUps.append(.stop(other, cause: unit))
      }
    }
  }

  private mutating func reviveTakenDown(_ unit: UnitID) {
    let record = self[unit]
    for other in record.takenDown { followUps.append(.revive(other, cause: unit)) }
    record.takenDown = []
  }

  private mutating func triggerHandlers(_ unit: UnitID, from old: ActiveState, to new: ActiveState) {
    #if PLANTED
    if plantedBug == 20 && new == .failed && old != .failed { followUps.append(.handlers(of: unit, .onFailure)) }
    #endif
    if new == .failed && old != .failed { followUps.append(.handlers(of: unit, .onFailure)) }
    if new == .inactive && old != .failed && old != .inactive { followUps.append(.handlers(of: unit, .onSuccess)) }
  }

  /// Units whose place depends on the state of this one are looked at when the event's jobs have run.
  mutating func markNeighbours(_ unit: UnitID) {
    mark(unit)
    let record = self[unit]
    for other in record.edges[.boundBy] { mark(other) }
    for relation in Relation.neededByIt { for other in record.edges[relation] { mark(other) } }
  }

  private mutating func mark(_ unit: UnitID) {
    let record = self[unit]
    guard record.isWatched, !record.isMarked else { return }
    record.isMarked = true
    marked.append(unit)
  }

  /// Everything that waited for the event's jobs.
  mutating func followUp() {
    while !followUps.isEmpty || !marked.isEmpty {
      let steps = followUps
      let units = marked
      followUps = []
      marked = []
      for step in steps { if phase == .booting || phase == .running { perform(step) } }
      for unit in units {
        self[unit].isMarked = false
        if phase == .booting || phase == .running { look(at: unit) }
      }
    }
  }

  private mutating func perform(_ step: FollowUp) {
    switch step {
    case .handlers(let unit, let relation): startHandlers(unit, relation)
    case .stop(let unit, let cause):
      guard !self[unit].isDown, self[unit].activeState != .deactivating, self[unit].job?.type != .stop else { return }
      message(.notice, self[unit].name + ": stopped, because " + self[cause].name + " ended")
      _ = enqueue(unit, .stop)
    case .revive(let unit, let cause):
      guard self[cause].isInBackoff, !self[unit].stoppedByClient, !isForgotten(unit), !self[unit].isRemoved else { return }
      if let job = self[unit].job, job.type != .stop || job.isManual || !job.waiters.isEmpty { return }
      guard case .failure(let error) = enqueue(unit, .start) else { return }
      message(.error, "cannot start " + self[unit].name + " again: " + error.message)
    }
  }

  private mutating func startHandlers(_ unit: UnitID, _ relation: Relation) {
    let record = self[unit]
    let handlers = record.edges[relation]
    if handlers.isEmpty { return }
    guard record.reactions.allow(Manager.reactionLimit, now: now.instant) else {
      return message(.error, record.name + ": " + Bytes(relation.name) + "= not started, it ended too often in a short time")
    }
    for handler in handlers {
      let mode: JobMode = relation == .onSuccess ? .fail : .replace
      guard case .failure(let error) = enqueue(handler, .start, mode: mode) else { continue }
      message(.error, record.name + ": cannot start " + self[handler].name + " of " + Bytes(relation.name) + "=: " + error.message)
    }
  }

  // MARK: Lasting states

  /// One unit that is bound, upheld, or to be stopped when unneeded: is it where it should be?
  private mutating func look(at unit: UnitID) {
    let record = self[unit]
    guard record.job == nil, !isForgotten(unit) else { return }
    if let cause = missingBond(unit) {
      correct(unit, .stop, "stopped, because it is bound to " + self[cause].name + ", which is not active")
    } else if isUnneeded(unit) {
      correct(unit, .stop, Bytes("stopped, because nobody needs it any more (StopWhenUnneeded=)"))
    } else if let upholder = upholder(unit) {
      uphold(unit, by: upholder)
    } else {
      record.upholding.due = nil
    }
  }

  private mutating func correct(_ unit: UnitID, _ type: JobType, _ why: Bytes) {
    let record = self[unit]
    guard record.reactions.allow(Manager.reactionLimit, now: now.instant) else {
      message(.warning, record.name + ": to be " + why + "; that came too often, the next try is in 10s")
      return out.append(.arm(Deadline(unit, .reaction), at: now.instant + TimeSpan(seconds: 10)))
    }
    message(.notice, record.name + ": " + why)
    if case .failure(let error) = enqueue(unit, type, mode: type == .start ? .fail : .replace) {
      message(.error, "cannot " + Bytes(type.name) + " " + record.name + ": " + error.message)
    }
  }

  /// The first start comes at once, as in systemd. systemd ends a row of them by its start limit, which apus has not unless
  /// the unit sets it: here the later ones come after the delays of the unit's own backoff.
  private mutating func uphold(_ unit: UnitID, by upholder: UnitID) {
    let why = Bytes("started, because ") + self[upholder].name + " upholds it"
    let record = self[unit]
    guard let due = record.upholding.due else {
      let delay = record.nextUpholdDelay(now.instant)
      if delay == .zero { return correct(unit, .start, why) }
      record.upholding.due = now.instant + delay
      if record.upholding.backoff.step == 1 {
        message(
          .warning,
          text(
            "\(record.name): \(self[upholder].name) upholds it, but it does not stay up: started again after its restart delay, now \(shortSpan(delay))"
          ))
      }
      return out.append(.arm(Deadline(unit, .reaction), at: now.instant + delay))
    }
    if now.instant < due { return out.append(.arm(Deadline(unit, .reaction), at: due)) }
    record.upholding.due = nil
    if case .failure(let error) = enqueue(unit, .start, mode: .fail) {
      message(.error, "cannot start " + record.name + ": " + error.message)
    }
  }

  /// The bound's time is over.
  mutating func lookAgain(_ unit: UnitID) {
    guard valid(unit) else { return }
    mark(unit)
  }

  private func missingBond(_ unit: UnitID) -> UnitID? {
    let record = self[unit]
    guard record.isUp else { return nil }
    for other in record.edges[.bindsTo] where self[other].job == nil && self[other].isDown && !self[other].unit.isBuiltIn {
      return other
    }
    return nil
  }

  private func isUnneeded(_ unit: UnitID) -> Bool {
    let record = self[unit]
    guard record.unit.stopWhenUnneeded, record.activeState == .active, !record.isStub else { return false }
    #if PLANTED
    if plantedBug == 21 { return false }
    #endif
    for relation in Relation.needIt {
      for other in record.edges[relation] where self[other].job != nil || !self[other].isDown { return false }
    }
    return true
  }

  /// Who is up and wants it up too.
  private func upholder(_ unit: UnitID) -> UnitID? {
    let record = self[unit]
    guard record.isDown else { return nil }
    for other in record.edges[.upheldBy] where self[other].job == nil && self[other].isUp { return other }
    return nil
  }
}
