import Model

// Loading, applying and re-reading (DESIGN section 9): all or nothing.

extension Manager {
  /// Makes records for units that are not known yet, and the edges between all.
  mutating func register(_ loaded: LoadedUnits) {
    templates = loaded.templates
    add(loaded)
    markStarting(loaded)
    link()
  }

  private mutating func add(_ loaded: LoadedUnits) {
    takeZones(loaded.zones)
    // A unit of its own goes before a further name of another one.
    for unit in loaded.units {
      if let index = byName[unit.name.bytes], records[index].name != unit.name.bytes { byName[unit.name.bytes] = nil }
    }
    for unit in loaded.units where byName[unit.name.bytes] == nil {
      byName[unit.name.bytes] = records.count
      let record = UnitRecord(unit: unit)
      record.readAt = loaded.readAt
      records.append(record)
    }
  }

  /// A client named a unit that was not loaded: it and what it pulls in are known from here on, and the request is done.
  private mutating func handleDemand(_ id: RequestID, _ request: Request, _ name: Bytes, _ loaded: LoadedUnits) {
    // Much of what the unit pulls in was read before, at boot or for another request.
    for diagnostic in loaded.diagnostics where diagnostic.severity != .notice { sayOnce(diagnostic) }
    if phase == .booting || phase == .running {
      let known = records.count
      for template in loaded.templates where !templates.contains(template) { templates.append(template) }
      add(loaded)
      // It may be another name of a unit that is known.
      for unit in loaded.units where find(name) == nil && unit.aliases.contains(where: { $0.bytes == name }) {
        if let id = find(unit.name.bytes) { self[id].unit.aliases = unit.aliases }
      }
      if records.count > known || find(name) == nil { link() }
    }
    if find(name) == nil && loaded.hasErrors {
      let text = "Unit " + name + " could not be loaded"
      return out.append(.reply(id, .failed(.refused, message: text, diagnostics: loaded.diagnostics)))
    }
    handle(id, request, isDemanded: true)
  }

  /// Names are never taken away: a definition that waits for its unit's end may still go by one.
  private mutating func takeZones(_ found: TimeZones?) {
    guard let found else { return }
    for item in found.named { zones.add(item.name, item.zone) }
    zoneChanged(found.local)
  }

  private mutating func markStarting(_ loaded: LoadedUnits) {
    for index in records.indices { records[index].isStarting = false }
    for name in loaded.starting {
      if let id = find(name.bytes) { self[id].isStarting = true }
    }
  }

  // MARK: The answer to a load

  mutating func handle(_ purpose: LoadPurpose, _ loaded: LoadedUnits) {
    if case .demand(let id, let request, let name) = purpose { return handleDemand(id, request, name, loaded) }
    var reply: RequestID? = nil
    // What a plan found is told to whoever asked for it, and to nobody else.
    var isPlan = false
    switch purpose {
    case .boot, .applyBySignal: break
    case .plan(let id):
      reply = id
      isPlan = true
    case .apply(let id), .daemonReload(let id), .demand(let id, _, _): reply = id
    }
    if loaded.hasErrors || phase == .stopping || phase == .sweeping {
      let isStopping = !loaded.hasErrors
      if !isPlan {
        for diagnostic in loaded.diagnostics where diagnostic.severity == .error { say(diagnostic) }
        message(.error, Bytes(isStopping ? "not reloaded: apus is stopping" : "not reloaded: nothing was changed"))
      }
      if let reply {
        let error: RequestError = isStopping ? .shuttingDown : .badConfiguration
        let text = Bytes(isStopping ? "apus is stopping" : "the configuration has errors; nothing was changed")
        out.append(.reply(reply, .failed(error, message: text, diagnostics: loaded.diagnostics)))
      }
      return
    }
    if !isPlan {
      told = NameTable()
      for diagnostic in loaded.diagnostics where diagnostic.severity == .warning { sayOnce(diagnostic) }
    }
    let items = planItems(loaded)
    let rows = namingServices(items)
    switch purpose {
    case .plan(let id):
      out.append(.reply(id, .plan(PlanReport(applied: false, items: rows, diagnostics: loaded.diagnostics))))
    case .daemonReload(let id):
      replaceDefinitions(loaded)
      out.append(.reply(id, .done))
    case .demand: break
    case .boot, .applyBySignal, .apply:
      out.append(.notify("RELOADING=1\nMONOTONIC_USEC=" + Bytes(decimal: now.instant.nanoseconds / 1000) + "\n"))
      apply(loaded, items, rows)
      out.append(.notify(Bytes("READY=1\n")))
      if let reply { out.append(.reply(reply, .plan(PlanReport(applied: true, items: rows, diagnostics: loaded.diagnostics)))) }
    }
  }

  /// As at boot: `file:line:column: error: …` on a line of its own.
  private mutating func say(_ diagnostic: Diagnostic) { out.append(.table(diagnostic.text + "\n")) }

  /// Once until all is read anew. Beyond the bound all is forgotten, and something is said a second time.
  private mutating func sayOnce(_ diagnostic: Diagnostic) {
    if told.count >= Manager.toldMax { told = NameTable() }
    if told.insert(diagnostic.text) { say(diagnostic) }
  }

  // MARK: Doing it

  /// `rows`: the same items, as they are said.
  private mutating func apply(_ loaded: LoadedUnits, _ items: [PlanItem], _ rows: [PlanItem]) {
    replaceDefinitions(loaded)
    var starts: [UnitID] = []
    var stops: [UnitID] = []
    for item in rows where item.action != .nothing {
      message(.notice, "apply: " + Bytes(item.action.name) + " " + item.unit + " (" + item.reason + ")")
    }
    for item in items {
      guard let id = find(item.unit) else { continue }
      switch item.action {
      case .nothing: break
      case .update: updateSchedule(id)
      case .start:
        dropSchedule(id)
        starts.append(id)
      case .restart:
        dropSchedule(id)
        restartChanged(id)
      case .stop:
        stopRemoved(id)
        if self[id].job != nil { stops.append(id) }
      }
    }
    // A renamed file is one unit that goes and one that comes, often with the same port: the stops go first.
    for id in starts { for gone in stops where !self[id].edges[.after].contains(gone) { self[id].edges[.after].append(gone) } }
    startAll(starts)
  }

  /// A job that is none any more must not go on by its old schedule until it is down.
  private mutating func dropSchedule(_ id: UnitID) {
    guard !isTimer(id), self[id].timer != nil, !self[id].willBeScheduled else { return }
    deactivateTimer(id)
    self[id].timer = nil
  }

  /// A clockwork that runs takes over a new schedule.
  private mutating func updateTimer(_ id: UnitID, from old: ScheduleSettings?) {
    guard let old, let new = self[id].schedule, self[id].timer?.isActive == true, old != new else { return }
    self[id].timer?.update(from: old, to: new, timerClock)
    armTimer(id)
  }

  /// A new definition takes the place of the old one, which is down. A daemon that became a job begins its clockwork here.
  mutating func takePending(_ id: UnitID) {
    guard let pending = self[id].pending else { return }
    let schedule = self[id].schedule
    self[id].unit = pending
    self[id].pending = nil
    updateTimer(id, from: schedule)
    if self[id].isScheduledService, self[id].isStarting, self[id].timer?.isActive != true, phase == .booting || phase == .running {
      activateTimer(id)
    }
  }

  private mutating func restartChanged(_ id: UnitID) {
    // A daemon that became a job waits for its first slot.
    if !self[id].isScheduledService, self[id].willBeScheduled {
      _ = enqueue(id, .stop)
      return
    }
    if let service = runningService(of: id) { _ = enqueue(service, .restart) }
    if case .failure(let error) = enqueue(id, .restart) {
      message(.error, "cannot restart " + self[id].name + ": " + error.message)
    }
  }

  private mutating func stopRemoved(_ id: UnitID) {
    deactivateTimer(id)
    if self[id].isDown && self[id].job == nil { return forget(id) }
    _ = enqueue(id, .stop)
    for index in records.indices where records[index].parallelOf == id && !records[index].isDown { _ = enqueue(UnitID(index), .stop) }
  }

  /// A schedule that came, went or changed.
  private mutating func updateSchedule(_ id: UnitID) {
    guard self[id].isScheduledService else {
      if self[id].timer != nil && !isTimer(id) {
        deactivateTimer(id)
        self[id].timer = nil
      }
      return
    }
    if self[id].timer?.isActive != true && self[id].isStarting { activateTimer(id) }
  }

  /// Puts the new definitions in: live ones at once, exec ones when the unit is down, and marks what is gone.
  private mutating func replaceDefinitions(_ loaded: LoadedUnits) {
    // First: a schedule that changes its zone is reckoned by it here.
    takeZones(loaded.zones)
    let named = Manager.names(loaded)
    for index in records.indices where isPresent(index) && !named.contains(records[index].name) && !records[index].isMade {
      records[index].isRemoved = true
      if records[index].isDown && records[index].job == nil && records[index].timer?.isActive != true { forget(UnitID(index)) }
    }
    for unit in loaded.units {
      #if PLANTED
      if plantedBug == 5 && unit.name == loaded.units[loaded.units.count / 2].name { break }
      #endif
      guard let id = find(unit.name.bytes) else { continue }
      self[id].isRemoved = false
      self[id].readAt = loaded.readAt
      let old = self[id].unit
      let schedule = self[id].schedule
      let paths = pathSettings(id)
      switch Manager.difference(old, unit).0 {
      case .none, .live:
        self[id].unit = unit
        self[id].pending = nil
      case .exec:
        if self[id].isDown && self[id].job == nil || takesInPlace(id, unit) {
          self[id].unit = unit
          self[id].pending = nil
        } else {
          self[id].pending = unit
        }
      }
      updateTimer(id, from: schedule)
      updatePath(id, from: paths)
    }
    register(loaded)
    for index in records.indices where !records[index].sockets.isEmpty { lookAtIdle(UnitID(index)) }
    mayRun = true
    mayHaveEnded = true
  }

  /// A service of the unit path is never restarted by a reload, so that its present run goes on under the new definition as
  /// in systemd: whatever is run next (ExecReload=, ExecStop= …) is the new one's. Not in the middle of a start or a stop,
  /// and not by a file that cannot be used.
  private func takesInPlace(_ id: UnitID, _ new: Unit) -> Bool {
    guard self[id].unit.origin == .unitPath, new.origin == .unitPath, new.loadState == .loaded else { return false }
    guard case .service = self[id].unit.kind, case .service = new.kind else { return false }
    switch self[id].service.state {
    case .running, .exited, .autoRestart: return true
    case .dead, .condition, .startPre, .start, .startPost, .reload, .reloadSignal, .reloadNotify, .drain, .stop, .stopWatchdog,
      .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestartQueued:
      return false
    }
  }

  /// A start or reload during which the unit's file was read anew is done.
  mutating func takePendingInPlace(_ id: UnitID) {
    if let pending = self[id].pending, takesInPlace(id, pending) { takePending(id) }
  }
}
