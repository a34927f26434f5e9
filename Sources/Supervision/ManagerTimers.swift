import Model

// Schedules: what comes due starts its unit, by its overlap policy (DESIGN section 2).

extension Manager {
  /// `Overlap=parallel`: at most so many runs at a time; the next one is skipped.
  public static let parallelRunsMax = 16

  mutating func activateTimer(_ id: UnitID) {
    guard let schedule = self[id].schedule else { return }
    let (now, started) = (self.now, options.startedAt)
    if self[id].timer == nil {
      let seed = options.seed ^ hash(self[id].name)
      self[id].timer = TimerMachine(seed: seed)
    }
    self[id].timer?.activate(schedule, now: now.instant, startedAt: started)
    armTimer(id)
  }

  mutating func deactivateTimer(_ id: UnitID) {
    self[id].timer?.deactivate()
    out.append(.disarm(DeadlineKey(unit: id, kind: .timer)))
  }

  /// Arms what the machine says, or nothing.
  mutating func armTimer(_ id: UnitID) {
    if let at = self[id].timer?.fireAt, at != .never {
      out.append(.arm(Deadline(id, .timer), at: at))
    } else {
      out.append(.disarm(DeadlineKey(unit: id, kind: .timer)))
    }
  }

  mutating func timerElapsed(_ id: UnitID) {
    guard valid(id), let schedule = self[id].schedule, phase == .booting || phase == .running else { return }
    let (now, started) = (self.now, options.startedAt)
    let isDue = self[id].timer?.elapse(schedule, now: now.instant, startedAt: started) ?? false
    armTimer(id)
    guard isDue else { return }
    if let missed = self[id].timer?.missed, missed > 0 {
      message(.warning, self[id].name + ": " + Bytes(decimal: missed) + " slots skipped, they passed before apus was awake")
    }
    trigger(id, schedule)
    endIfElapsed(id, schedule)
  }

  /// RemainAfterElapse=no: a timer whose triggers have all come due once is over.
  private mutating func endIfElapsed(_ id: UnitID, _ schedule: ScheduleSettings) {
    guard case .timer(let settings) = self[id].unit.kind, !settings.remainAfterElapse else { return }
    guard self[id].timer?.fireAt == nil, self[id].timer?.isQueued != true else { return }
    if schedule.triggers.contains(where: { $0.isRepeating }) { return }
    deactivateTimer(id)
    setOn(id, false)
  }

  /// The unit that a timer starts: itself for Schedule=.
  func triggered(by id: UnitID) -> UnitID? {
    if case .timer(let settings) = self[id].unit.kind { return find(settings.unit.bytes) }
    return id
  }

  private mutating func trigger(_ id: UnitID, _ schedule: ScheduleSettings) {
    guard let target = triggered(by: id) else {
      message(.error, self[id].name + ": its unit is not loaded")
      return
    }
    let wall = now.wall
    let isBusy = !self[target].canBegin || self[target].job != nil
    if !isBusy { return startRun(id, target) }
    switch schedule.overlap {
    case .skip: skip(id, target)
    case .queue: if self[id].timer?.isQueued == true { skip(id, target) } else { self[id].timer?.isQueued = true }
    case .replace:
      if case .success = enqueue(target, .restart, environment: triggerEnvironment(id)) { self[id].timer?.countRun(now: wall) }
    case .parallel:
      if let run = freeParallelRun(of: target) { startRun(id, run) } else { skip(id, target) }
    }
  }

  private mutating func startRun(_ id: UnitID, _ target: UnitID) {
    let wall = now.wall
    let skippedBefore = self[id].timer?.skippedInRow ?? 0
    if skippedBefore > 1 {
      message(.notice, self[id].name + ": runs again after " + Bytes(decimal: skippedBefore) + " skipped slots")
    }
    self[id].timer?.countRun(now: wall)
    if case .failure(let error) = enqueue(target, .start, environment: triggerEnvironment(id)) {
      message(.error, self[id].name + ": cannot start " + self[error.unit].name + ": " + error.message)
      if self[target].isDown { runCameToNothing(target) }
    }
  }

  /// Counted always, said once a row.
  private mutating func skip(_ id: UnitID, _ target: UnitID) {
    #if PLANTED
    if plantedBug == 11 { return }
    #endif
    self[id].timer?.countSkip()
    guard self[id].timer?.skippedInRow == 1 else { return }
    var text = self[id].name + ": slot skipped, " + self[target].name + " still runs"
    if let main = self[target].service.main, main.pid != 0 { text += " (pid " + Bytes(decimal: main.pid) }
    if let began = self[target].startedAt {
      text += (self[target].service.main?.pid ?? 0) != 0 ? ", since " : " (since "
      text += shortSpan(now.instant.since(began)) + ")"
    } else if (self[target].service.main?.pid ?? 0) != 0 {
      text += ")"
    }
    message(.warning, text)
  }

  private func triggerEnvironment(_ id: UnitID) -> [Bytes] {
    [
      "TRIGGER_UNIT=" + self[id].name,
      "TRIGGER_TIMER_REALTIME_USEC=" + Bytes(decimal: now.wall.microseconds),
      "TRIGGER_TIMER_MONOTONIC_USEC=" + Bytes(decimal: now.instant.nanoseconds / 1000),
    ]
  }

  // MARK: The unit's runs, as its timers see them

  /// Whoever starts `unit`: its timers, and its own schedule.
  private func timers(of unit: UnitID) -> [UnitID] {
    let base = self[unit].parallelOf ?? unit
    return self[base].isScheduledService ? self[base].timers + [base] : self[base].timers
  }

  mutating func runBegan(_ unit: UnitID) {
    let (now, started) = (self.now, options.startedAt)
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      self[id].timer?.unitStarted(schedule, now: now, startedAt: started)
      armTimer(id)
    }
  }

  mutating func timersSeeEnd(_ unit: UnitID) {
    let (now, started) = (self.now, options.startedAt)
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      self[id].timer?.unitEnded(schedule, now: now.instant, startedAt: started)
      armTimer(id)
      if self[id].timer?.isQueued == true && phase != .stopping && phase != .sweeping {
        self[id].timer?.isQueued = false
        if let target = triggered(by: id) { startRun(id, target) }
      }
    }
  }

  /// A start that was refused, or whose job failed before it began: for a delay trigger that is its run's end, since no
  /// other will come. A slot that was queued behind it is skipped with it.
  mutating func runCameToNothing(_ unit: UnitID) {
    let (now, started) = (self.now, options.startedAt)
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      if self[id].timer?.isQueued == true {
        self[id].timer?.isQueued = false
        self[id].timer?.countSkip()
      }
      self[id].timer?.unitEnded(schedule, now: now.instant, startedAt: started)
      armTimer(id)
    }
  }

  // MARK: Parallel runs

  /// NAME#N that is not in use, made if need be; nil when all are.
  private mutating func freeParallelRun(of base: UnitID) -> UnitID? {
    var count = 1
    for index in records.indices where records[index].parallelOf == base {
      count += 1
      if records[index].canBegin && records[index].job == nil {
        let unit = parallelUnit(of: base)
        records[index].unit = unit
        return UnitID(index)
      }
    }
    if count >= Manager.parallelRunsMax { return nil }
    let record = UnitRecord(unit: parallelUnit(of: base))
    record.name = self[base].name + "#" + Bytes(decimal: count)
    record.parallelOf = base
    byName[record.name] = records.count
    records.append(record)
    linkNew(records.count - 1)
    return UnitID(records.count - 1)
  }

  /// The same service without a schedule of its own.
  private func parallelUnit(of base: UnitID) -> Unit {
    var unit = self[base].unit
    if case .service(var settings) = unit.kind {
      settings.schedule = ScheduleSettings()
      unit.kind = .service(settings)
    }
    return unit
  }

  /// FNV-1a of a name: one seed a timer.
  private func hash(_ name: Bytes) -> UInt64 {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return value
  }
}
