import Model

// The last runs of a job: of a service with Schedule=, or that a timer starts.

extension Manager {
  /// A run begins for a slot. One whose automatic restart still waits has ended with what it last came to.
  mutating func noteRun(_ unit: UnitID, _ slot: WallTime) {
    endRun(unit, .ended(self[unit].service.result))
    var run = RunRecord(slot: slot, result: .running)
    run.startedAt = now.wall
    run.unit = unit
    append(run, to: self[unit].parallelOf ?? unit)
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
    let owner = self[unit].parallelOf ?? unit
    guard let index = self[owner].history.lastIndex(where: { $0.result == .running && $0.unit == unit }) else { return }
    self[owner].history[index].result = result
    self[owner].history[index].attempts = self[unit].service.restarts &+ 1
    self[owner].history[index].endedAt = now.wall
  }

  /// For reports: with the attempts so far of those that are under way.
  func history(_ unit: UnitID) -> [RunRecord] {
    var runs = self[unit].history
    for index in runs.indices where runs[index].result == .running { runs[index].attempts = self[runs[index].unit].service.restarts &+ 1 }
    return runs
  }

  private mutating func append(_ run: RunRecord, to unit: UnitID) {
    if self[unit].history.count >= RunRecord.kept { self[unit].history.removeFirst() }
    self[unit].history.append(run)
  }
}
