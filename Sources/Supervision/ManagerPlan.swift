import Model

// What an apply would do: which definition differs, and how (DESIGN section 9). Doing it: ManagerApply.swift.

/// How a unit's new definition differs from the one in force.
enum Difference: Equatable, Sendable {
  case none
  /// Timeouts, restart policy, schedule, dependencies: takes effect where it stands.
  case live
  /// Command, environment, user …: takes effect with the next start.
  case exec
}

extension Manager {
  /// What apply would do, a row a unit that is not left alone; unchanged ones are rows of `nothing`.
  func planItems(_ loaded: LoadedUnits) -> [PlanItem] {
    var items: [PlanItem] = []
    let named = Manager.names(loaded)
    for unit in loaded.units where !unit.isBuiltIn {
      guard let id = find(unit.name.bytes), !self[id].isRemoved else {
        items.append(PlanItem(unit: unit.name.bytes, action: startsOnApply(unit, loaded) ? .start : .update, reason: Bytes("new file")))
        continue
      }
      if comesByApply(id, unit, loaded) {
        items.append(PlanItem(unit: unit.name.bytes, action: .start, reason: Bytes("new file")))
        continue
      }
      let (difference, reason) = Manager.difference(definitionInForce(id), unit)
      switch difference {
      case .none: items.append(PlanItem(unit: unit.name.bytes, action: .nothing, reason: []))
      case .live: items.append(PlanItem(unit: unit.name.bytes, action: .update, reason: reason))
      case .exec:
        items.append(PlanItem(unit: unit.name.bytes, action: actionForChange(id, unit, loaded), reason: reason))
      }
    }
    for index in records.indices where isPresent(index) && !named.contains(records[index].name) {
      if records[index].unit.isBuiltIn || records[index].isMade { continue }
      let isUp = (!records[index].isDown || records[index].timer?.isActive == true) && records[index].unit.origin == .commandLine
      items.append(PlanItem(unit: records[index].name, action: isUp ? .stop : .update, reason: Bytes("file removed")))
    }
    for template in loaded.templates {
      for old in templates where old == template {
        let (difference, reason) = Manager.difference(old.example, template.example)
        if difference == .none { continue }
        items.append(PlanItem(unit: old.name.bytes, action: .update, reason: reason + "; the next connection has it"))
      }
    }
    return items
  }

  /// A row for each service that a restart of its socket takes along: what is told, beside what is done.
  func namingServices(_ items: [PlanItem]) -> [PlanItem] {
    var rows = items
    for item in items where item.action == .restart {
      guard let id = find(item.unit), let service = runningService(of: id) else { continue }
      let name = self[service].name
      for row in rows.indices where rows[row].unit == name {
        // It may have changed itself, or go for good.
        if rows[row].action != .nothing && rows[row].action != .update { continue }
        rows[row] = PlanItem(unit: name, action: .restart, reason: "its socket " + item.unit + " restarts")
      }
    }
    return rows
  }

  /// A socket cannot be opened anew beside its service: that goes along, and gets what is open then.
  func runningService(of id: UnitID) -> UnitID? {
    guard let service = socketSettings(id).flatMap({ find($0.service.bytes) }), !self[service].isDown else { return nil }
    return service
  }

  static func names(_ loaded: LoadedUnits) -> NameTable {
    var names = NameTable()
    for unit in loaded.units { names.insert(unit.name.bytes) }
    return names
  }

  func isPresent(_ index: Int) -> Bool { byName[records[index].name] == index && !records[index].isRemoved }

  /// A client named it before (`status`, say), so that it is known already, but it has never been one that starts. A schedule
  /// that goes on keeps its grid.
  private func comesByApply(_ id: UnitID, _ unit: Unit, _ loaded: LoadedUnits) -> Bool {
    !self[id].isStarting && self[id].isDown && self[id].job == nil && self[id].service.invocation == 0 && !self[id].isOn
      && self[id].timer?.isActive != true && !isStoppedByClient(id) && startsOnApply(unit, loaded)
  }

  /// Units of the unit path are only read anew (DESIGN section 9).
  private func startsOnApply(_ unit: Unit, _ loaded: LoadedUnits) -> Bool {
    unit.origin == .commandLine && loaded.starting.contains(unit.name)
  }

  /// A job between two runs: a new command takes effect with the next slot, nothing is restarted.
  private func isIdleSchedule(_ id: UnitID) -> Bool { self[id].isScheduledService }

  /// What a unit runs by: what daemon-reload left pending counts only once a restart to it is under way.
  private func definitionInForce(_ id: UnitID) -> Unit {
    let restarts = self[id].job?.type == .restart || self[id].job?.wasRestart == true
    return restarts ? self[id].pending ?? self[id].unit : self[id].unit
  }

  /// A changed command restarts what runs and starts what had ended by itself; what a client stopped stays stopped.
  private func actionForChange(_ id: UnitID, _ unit: Unit, _ loaded: LoadedUnits) -> PlanAction {
    if unit.origin != .commandLine { return .update }
    if isStoppedByClient(id) { return .update }
    if !self[id].isDown { return isIdleSchedule(id) && unit.isScheduledService ? .update : .restart }
    return startsOnApply(unit, loaded) && !unit.isScheduledService ? .start : .update
  }

  private func isStoppedByClient(_ id: UnitID) -> Bool {
    if let job = self[id].job, job.type == .stop, job.isManual { return true }
    return self[id].stoppedByClient && (self[id].isDown || self[id].job?.type == .stop)
  }

  /// Live or exec (DESIGN section 9), and the first thing that differs.
  static func difference(_ old: Unit, _ new: Unit) -> (Difference, Bytes) {
    if old == new { return (.none, []) }
    if case .socket(let before) = old.kind, case .socket(let after) = new.kind {
      let isSame = before.listen == after.listen && before.accepts == after.accepts && before.service == after.service
      return isSame ? (.live, Bytes("settings changed")) : (.exec, Bytes("what it listens on changed"))
    }
    guard case .service(let before) = old.kind, case .service(let after) = new.kind else {
      if case .service = old.kind { return (.exec, Bytes("its kind changed")) }
      return (.live, Bytes("settings changed"))
    }
    if before.start != after.start { return (.exec, Bytes("ExecStart= changed")) }
    if before.startPre != after.startPre || before.condition != after.condition { return (.exec, Bytes("ExecStartPre= changed")) }
    if before.type != after.type || before.remainAfterExit != after.remainAfterExit { return (.exec, Bytes("Type= changed")) }
    if before.pidFile != after.pidFile { return (.exec, Bytes("PIDFile= changed")) }
    if before.nonBlocking != after.nonBlocking || before.busName != after.busName || before.ready != after.ready {
      return (.exec, Bytes("how it is started changed"))
    }
    if before.exec.environment != after.exec.environment { return (.exec, Bytes("Environment= changed")) }
    if before.exec != after.exec { return (.exec, Bytes("process settings changed")) }
    return (.live, Bytes("live settings changed"))
  }
}
