import Model

// The last runs of a job: of a service with Schedule=, or that a timer starts.

extension Manager {
  /// A run begins for a slot. One whose automatic restart still waits has ended with what it last came to. With `replaces` it
  /// waits for the end of the run before, whose result is not known yet.
  mutating func noteRun(_ unit: UnitID, _ slot: WallTime, replaces: Bool) {
    var run = RunRecord(slot: slot, result: replaces ? .waiting : .running)
    run.unit = unit
    let record = self[unit]
    if !replaces {
      endRun(unit, .ended(record.service.result))
      run.startedAt = now.wall
    }
    append(run, to: record.parallelOf ?? unit)
  }

  /// The service starts: what was noted for it begins.
  mutating func noteAttempt(_ unit: UnitID) {
    replacementBegins(unit)
    let owner = self[unit].parallelOf ?? unit
    if let index = running(unit) { self[owner].history[index].attempts = 1 }
  }

  /// The start limit refuses a start: of a new run, which has no attempt then, or of another attempt.
  mutating func noteRefusal(_ unit: UnitID) {
    let record = self[unit]
    if record.job?.isAutoRestart == true { return endRun(unit, .ended(record.service.result)) }
    replacementBegins(unit)
    endRun(unit, .ended(.startLimitHit))
  }

  private mutating func replacementBegins(_ unit: UnitID) {
    guard let index = replacement(unit) else { return }
    let record = self[unit]
    record.history[index].result = .running
    record.history[index].startedAt = now.wall
  }

  /// Nothing will come of the run that waited for another one's end, unless its job is there.
  mutating func cancelReplacement(_ unit: UnitID) {
    let record = self[unit]
    if let type = record.job?.type, type == .restart || type == .start { return }
    if let index = replacement(unit) { record.history[index].result = .canceled }
  }

  /// Parallel runs replace none, so it is the unit's own.
  private func replacement(_ unit: UnitID) -> Int? { self[unit].history.lastIndex { $0.result == .waiting } }

  private func running(_ unit: UnitID) -> Int? {
    self[self[unit].parallelOf ?? unit].history.lastIndex { $0.result == .running && $0.unit == unit }
  }

  /// Slots that were not run; a row of them is one record.
  mutating func noteUnrun(_ unit: UnitID, _ slot: WallTime, _ result: RunResult, slots: UInt64) {
    let owner = self[unit].parallelOf ?? unit
    if let last = self[owner].history.last, last.result == result {
      self[owner].history[self[owner].history.count - 1].slots &+= slots
      return
    }
    var run = RunRecord(slot: slot, result: result)
    run.slots = slots
    append(run, to: owner)
  }

  /// The run of `unit` that is under way, if there is one, is over. Automatic restarts belong to it.
  mutating func endRun(_ unit: UnitID, _ result: RunResult) {
    let record = self[unit]
    let owner = record.parallelOf ?? unit
    guard let index = running(unit) else { return }
    self[owner].history[index].result = result
    if self[owner].history[index].attempts > 0 { self[owner].history[index].attempts = record.service.restarts &+ 1 }
    self[owner].history[index].endedAt = now.wall
  }

  /// For reports: with the attempts so far of those that are under way.
  func history(_ unit: UnitID) -> [RunRecord] {
    var runs = self[unit].history
    for index in runs.indices where runs[index].result == .running && runs[index].attempts > 0 {
      runs[index].attempts = self[runs[index].unit].service.restarts &+ 1
    }
    return runs
  }

  private mutating func append(_ run: RunRecord, to unit: UnitID) {
    let record = self[unit]
    if record.history.count >= RunRecord.kept { record.history.removeFirst() }
    record.history.append(run)
  }
}
