import Model

// Schedules: what comes due starts its unit, by its overlap policy (DESIGN section 2).

extension Manager {
  /// `Overlap=parallel`: at most so many runs at a time; the next one is skipped.
  public static let parallelRunsMax = 16

  var timerClock: TimerClock {
    TimerClock(
      now, startedAt: options.startedAt, zones: zones, hostSeed: options.hostSeed, machineSeed: options.machineSeed)
  }

  mutating func activateTimer(_ id: UnitID) {
    let record = self[id]
    guard let schedule = record.schedule else { return }
    if record.timer == nil { record.timer = TimerMachine(seed: record.name.seed) }
    let readsStamp = schedule.isPersistent && schedule.hasCalendar
    record.timer?.activate(schedule, timerClock, awaitsStamp: readsStamp, atStart: phase == .booting)
    if readsStamp { out.append(.readStamp(id, name: record.name)) }
    armTimer(id)
    if schedule.hasCalendar && !readsStamp { sayIfOver(id) }
  }

  private mutating func sayIfOver(_ id: UnitID) {
    let record = self[id]
    guard let timer = record.timer, timer.calendarFireAt == nil, timer.fireAt == nil else { return }
    message(.warning, record.name + ": all times of its schedule are past, it will not elapse")
  }

  mutating func deactivateTimer(_ id: UnitID) {
    self[id].timer?.deactivate()
    out.append(.disarm(DeadlineKey(unit: id, kind: .timer)))
    out.append(.disarm(DeadlineKey(unit: id, kind: .calendar)))
  }

  /// Arms what the machine says, or nothing. Who wants to hear of steps of the clock has a deadline that never comes: as long
  /// as there is one on the wall clock, steps are told.
  mutating func armTimer(_ id: UnitID) {
    if let at = self[id].timer?.fireAt, at != .never {
      out.append(.arm(Deadline(id, .timer), at: at))
    } else {
      out.append(.disarm(DeadlineKey(unit: id, kind: .timer)))
    }
    armCalendar(id)
  }

  private mutating func armCalendar(_ id: UnitID) {
    let record = self[id]
    guard let timer = record.timer, let schedule = record.schedule else { return }
    let listens = timer.isActive && (schedule.onClockChange || schedule.onTimezoneChange)
    let at = timer.calendarFireAt ?? (listens ? .never : nil)
    if at == timer.calendarArmedFor { return }
    record.timer?.calendarArmedFor = at
    if let at {
      out.append(.armWall(Deadline(id, .calendar), at: at))
    } else {
      out.append(.disarm(DeadlineKey(unit: id, kind: .calendar)))
    }
  }

  mutating func timerElapsed(_ id: UnitID, isCalendar: Bool) {
    guard valid(id), let schedule = self[id].schedule, phase == .booting || phase == .running else { return }
    let record = self[id]
    let elapsed: TimerMachine.Elapsed?
    if isCalendar {
      record.timer?.calendarArmedFor = nil
      elapsed = record.timer?.elapseCalendar(schedule, timerClock)
    } else {
      elapsed = record.timer?.elapse(schedule, timerClock)
    }
    armTimer(id)
    guard let elapsed else { return }
    sayMissed(id, elapsed)
    if !elapsed.isTooLate { trigger(id, schedule, slot: elapsed.slot, isCalendar: isCalendar) }
    endIfElapsed(id, schedule)
  }

  private mutating func sayMissed(_ id: UnitID, _ elapsed: TimerMachine.Elapsed) {
    if elapsed.missed == 0 { return }
    if let target = triggered(by: id) { noteUnrun(target, elapsed.first, .missed, slots: elapsed.missed) }
    var line = self[id].name + ": " + Bytes(decimal: elapsed.missed)
    line += elapsed.missed == 1 ? Bytes(" slot") : Bytes(" slots")
    line += elapsed.isTooLate ? Bytes(" not run, older than StartingDeadlineSec=") : Bytes(" skipped, passed before apus was awake")
    message(.warning, line)
  }

  // MARK: Clocks and zones

  /// Of the wall clock: what slept through its slots runs once, what already ran does not run again.
  mutating func clockStepped(by microseconds: Int64) {
    let span = TimeSpan(microseconds: microseconds.magnitude)
    if span >= TimeSpan(seconds: 1) {
      message(.notice, "the clock was put " + (microseconds < 0 ? Bytes("back") : Bytes("forward")) + " by " + shortSpan(span))
    }
    recomputeCalendars(isZone: false)
  }

  /// Of /etc/localtime.
  mutating func zoneChanged(_ zone: TimeZone) {
    if zones.local == zone { return }
    zones.local = zone
    // At the first load nothing goes by it yet.
    guard records.contains(where: { $0.timer?.isActive == true }) else { return }
    message(.notice, Bytes("the local time zone has changed"))
    recomputeCalendars(isZone: true)
  }

  /// For another local zone, or else for a step of the clock.
  private mutating func recomputeCalendars(isZone: Bool) {
    for index in records.indices where records[index].timer?.isActive == true {
      let id = UnitID(index)
      guard let schedule = self[id].schedule else { continue }
      self[id].timer?.clockChanged(schedule, timerClock)
      // After a step of the clock the kernel's timer is set anew in any case.
      armCalendar(id)
      let isTriggered = isZone ? schedule.onTimezoneChange : schedule.onClockChange
      if isTriggered, phase == .booting || phase == .running { trigger(id, schedule, slot: now.wall, isCalendar: true) }
    }
  }

  // MARK: Stamps

  mutating func stampAnswered(_ id: UnitID, _ outcome: StampOutcome) {
    guard valid(id) else { return }
    if case .failed(let reason) = outcome, !saidStamps {
      saidStamps = true
      message(.warning, "cannot keep stamps in " + Bytes(Stamps.folder) + ": " + reason + "; Persistent= catches up nothing over a restart")
    }
    guard let schedule = self[id].schedule, self[id].timer?.awaitsStamp == true else { return }
    var stamp: WallTime? = nil
    if case .at(let time) = outcome {
      if time > now.wall {
        message(.warning, self[id].name + ": its stamp is from the future, it is ignored")
      } else {
        stamp = time
      }
    }
    self[id].timer?.stampRead(stamp, schedule, timerClock)
    armTimer(id)
    sayIfOver(id)
  }

  private mutating func writeStamp(_ id: UnitID) {
    let record = self[id]
    guard let schedule = record.schedule, schedule.isPersistent, schedule.hasCalendar else { return }
    out.append(.writeStamp(id, name: record.name, at: now.wall))
  }

  /// RemainAfterElapse=no: a timer whose triggers have all come due once is over.
  private mutating func endIfElapsed(_ id: UnitID, _ schedule: ScheduleSettings) {
    let record = self[id]
    guard case .timer(let settings) = record.unit.kind, !settings.remainAfterElapse else { return }
    guard let timer = record.timer, timer.fireAt == nil, timer.calendarFireAt == nil, !timer.isQueued else { return }
    // A calendar may come to its end, too.
    if schedule.triggers.contains(where: { $0.isRepeating && !$0.isCalendar }) { return }
    if schedule.onClockChange || schedule.onTimezoneChange { return }
    deactivateTimer(id)
    setOn(id, false)
  }

  /// The unit that a timer starts: itself for Schedule=.
  func triggered(by id: UnitID) -> UnitID? {
    if case .timer(let settings) = self[id].unit.kind { return find(settings.unit.bytes) }
    return id
  }

  private mutating func trigger(_ id: UnitID, _ schedule: ScheduleSettings, slot: WallTime, isCalendar: Bool) {
    let record = self[id]
    guard let target = triggered(by: id) else {
      message(.error, record.name + ": its unit is not loaded")
      record.timer?.countSkip()
      return
    }
    if isFree(target) {
      record.timer?.triggeredSlot = slot
      return startRun(id, target)
    }
    switch schedule.overlap {
    case .skip: skip(id, target, slot)
    case .queue where schedule.deferReactivation && isCalendar || record.timer?.isQueued == true: skip(id, target, slot)
    case .queue:
      record.timer?.triggeredSlot = slot
      record.timer?.isQueued = true
    case .replace where self[target].isBeingReplaced: skip(id, target, slot)
    case .replace:
      record.timer?.triggeredSlot = slot
      let environment = triggerEnvironment(id)
      switch enqueue(target, .restart, environment: environment) {
      case .success: began(id, target, replaces: true)
      case .failure(let error):
        message(.error, record.name + ": cannot restart " + self[error.unit].name + ": " + error.message)
        skip(id, target, slot)
      }
    case .parallel:
      guard let run = freeParallelRun(of: target) else { return skip(id, target, slot) }
      record.timer?.triggeredSlot = slot
      startRun(id, run)
    }
  }

  /// Nothing of it runs. A restart that still waits is given up for the new slot: its run starts anew, with attempts of its own.
  private func isFree(_ target: UnitID) -> Bool {
    let record = self[target]
    guard record.canBegin else { return false }
    guard let job = record.job else { return true }
    return record.isInBackoff && job.isAutoRestart && !job.isRunning
  }

  private mutating func startRun(_ id: UnitID, _ target: UnitID) {
    let record = self[id]
    let skippedBefore = record.timer?.skippedInRow ?? 0
    if skippedBefore > 1 {
      message(.notice, record.name + ": runs again after " + Bytes(decimal: skippedBefore) + " skipped slots")
    }
    began(id, target)
    if case .failure(let error) = enqueue(target, .start, environment: triggerEnvironment(id)) {
      message(.error, record.name + ": cannot start " + self[error.unit].name + ": " + error.message)
      if self[target].isDown { runCameToNothing(target) } else { endRun(target, .canceled) }
    }
  }

  private mutating func began(_ id: UnitID, _ target: UnitID, replaces: Bool = false) {
    let record = self[id]
    record.timer?.countRun(now: now)
    noteRun(target, record.timer?.triggeredSlot ?? now.wall, replaces: replaces)
    writeStamp(id)
  }

  /// Counted always, said once a row.
  private mutating func skip(_ id: UnitID, _ target: UnitID, _ slot: WallTime) {
    #if PLANTED
    if plantedBug == 11 { return }
    #endif
    let record = self[id]
    record.timer?.countSkip()
    noteUnrun(target, slot, .skipped, slots: 1)
    guard record.timer?.skippedInRow == 1 else { return }
    var text = record.name + ": slot skipped, " + self[target].name + " still runs"
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
      "TRIGGER_SCHEDULED_USEC=" + Bytes(decimal: (self[id].timer?.triggeredSlot ?? now.wall).microseconds),
    ]
  }

  // MARK: The unit's runs, as its timers see them

  /// Whoever starts `unit`: its timers, and its own schedule.
  private func timers(of unit: UnitID) -> [UnitID] {
    let base = self[unit].parallelOf ?? unit
    return self[base].isScheduledService ? self[base].timers + [base] : self[base].timers
  }

  mutating func runBegan(_ unit: UnitID) {
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      self[id].timer?.unitStarted(schedule, timerClock)
      armTimer(id)
    }
  }

  mutating func timersSeeEnd(_ unit: UnitID) {
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      self[id].timer?.unitEnded(schedule, timerClock)
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
    endRun(unit, .canceled)
    cancelReplacement(unit)
    for id in timers(of: unit) {
      guard let schedule = self[id].schedule, self[id].timer?.isActive == true else { continue }
      if self[id].timer?.isQueued == true {
        self[id].timer?.isQueued = false
        self[id].timer?.countSkip()
        noteUnrun(unit, self[id].timer?.triggeredSlot ?? now.wall, .skipped, slots: 1)
      }
      self[id].timer?.unitEnded(schedule, timerClock)
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
        records[index].unit = self[base].unit
        return UnitID(index)
      }
    }
    if count >= Manager.parallelRunsMax { return nil }
    let record = UnitRecord(unit: self[base].unit)
    record.name = self[base].name + "#" + Bytes(decimal: count)
    record.parallelOf = base
    byName[record.name] = records.count
    records.append(record)
    linkNew(records.count - 1)
    return UnitID(records.count - 1)
  }

}
