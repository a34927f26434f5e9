import Model

// What clients ask (DESIGN section 8). Every path answers exactly once: here, or by the job's end, or by the load's.

extension Manager {
  /// `isDemanded`: the unit that it names was looked for on disk already.
  mutating func handle(_ id: RequestID, _ request: Request, isDemanded: Bool = false) {
    if !isDemanded, let name = unitName(of: request), find(name) == nil, phase == .booting || phase == .running {
      return out.append(.load(.demand(id, request, unit: name)))
    }
    switch request {
    case .units: replyUnits(id) { _ in true }
    case .timers: replyUnits(id) { $0.timer != nil }
    case .sockets: replyUnits(id) { $0.unit.name.type == .socket }
    case .paths: replyUnits(id) { $0.unit.name.type == .path }
    case .unit(let name):
      guard let unit = find(name) else { return notFound(id, name) }
      out.append(.reply(id, .unit(report(unit, isWhole: true))))
    case .job(let type, let name, let mode, let wait): job(id, type, name, mode, wait: wait)
    case .kill(let name, let signal, let whom): kill(id, name, signal, whom)
    case .resetFailed(let name):
      guard let unit = find(name) else { return notFound(id, name) }
      resetFailed(unit)
      out.append(.reply(id, .done))
    case .apply(let planOnly):
      if refuseWhileStopping(id) { return }
      out.append(.load(planOnly ? .plan(id) : .apply(id)))
    case .daemonReload:
      if refuseWhileStopping(id) { return }
      out.append(.load(.daemonReload(id)))
    case .exit(let status):
      if phase == .booting || phase == .running { beginStop(.request(status: status), atOnce: false) }
      out.append(.reply(id, .done))
    }
  }

  private mutating func replyUnits(_ id: RequestID, _ isWanted: (UnitRecord) -> Bool) {
    var reports: [UnitReport] = []
    for index in records.indices where isShown(index) && isWanted(records[index]) { reports.append(report(UnitID(index))) }
    out.append(.reply(id, .units(reports)))
  }

  private func unitName(of request: Request) -> Bytes? {
    switch request {
    case .unit(let name), .job(_, let name, _, _), .kill(let name, _, _), .resetFailed(let name): name
    case .units, .timers, .sockets, .paths, .apply, .daemonReload, .exit: nil
    }
  }

  func isShown(_ index: Int) -> Bool { byName[records[index].name] == index }

  private mutating func notFound(_ id: RequestID, _ name: Bytes) {
    out.append(.reply(id, .failed(.notFound, message: "Unit " + name + " not found.", diagnostics: [])))
  }

  private mutating func refuseWhileStopping(_ id: RequestID) -> Bool {
    if phase == .booting || phase == .running { return false }
    out.append(.reply(id, .failed(.shuttingDown, message: Bytes("apus is stopping"), diagnostics: [])))
    return true
  }

  private mutating func job(_ id: RequestID, _ type: JobType, _ name: Bytes, _ mode: JobMode, wait: Bool) {
    guard let unit = find(name) else { return notFound(id, name) }
    if type != .stop && refuseWhileStopping(id) { return }
    if type != .stop, let refusal = fileRefuses(unit, type) { return out.append(.reply(id, refusal)) }
    guard let effective = collapsed(type, unit) else {
      return out.append(.reply(id, .job(JobReport(id: 0, unit: name, type: type, result: .done))))
    }
    if isRefusedByHand(unit, effective) {
      let text = "Operation refused, unit " + name + " may be requested by dependency only (RefuseManualStart=, RefuseManualStop=)"
      return out.append(.reply(id, .failed(.denied, message: text, diagnostics: [])))
    }
    if effective == .reload && !hasReload(unit) && self[unit].unit.loadState == .loaded {
      let text = "Job type reload is not applicable for unit " + name + ": it has no ExecReload="
      return out.append(.reply(id, .failed(.notApplicable, message: text, diagnostics: [])))
    }
    switch enqueue(unit, effective, mode: mode, waiter: wait ? id : nil, isManual: true) {
    case .failure(let error):
      let text = "cannot " + Bytes(type.name) + " " + name + ": " + (error.unit == unit ? [] : self[error.unit].name + ": ") + error.message
      out.append(.reply(id, .failed(error.kind, message: text, diagnostics: [])))
    case .success(let number):
      if type == .stop {
        // The name means all of its runs.
        for run in parallelRuns(of: unit) where !self[run].isDown { enqueue(run, .stop, isManual: true) }
        sayScheduleGoesOn(unit)
      }
      if !wait { out.append(.reply(id, .job(JobReport(id: number, unit: name, type: type, result: nil)))) }
    }
  }

  /// A unit that runs, and whose file is gone, masked or broken by now (asked of systemd 252).
  private func fileRefuses(_ unit: UnitID, _ type: JobType) -> Reply? {
    let record = self[unit]
    let state = record.shownLoadState
    if state == record.unit.loadState { return nil }
    if state == .notFound { return .failed(.notFound, message: "Unit " + record.name + " not found.", diagnostics: []) }
    if state == .loaded { return nil }
    if state == .masked && type == .tryRestart { return .job(JobReport(id: 0, unit: record.name, type: type, result: .done)) }
    let reason = record.pending?.loadError ?? []
    let text = "cannot " + Bytes(type.name) + " " + record.name + ": " + (reason.isEmpty ? Bytes(state.name) : reason)
    return .failed(.refused, message: text, diagnostics: [])
  }

  private func isRefusedByHand(_ unit: UnitID, _ type: JobType) -> Bool {
    switch type {
    case .start: self[unit].unit.refuseManualStart
    case .stop: self[unit].unit.refuseManualStop
    case .restart, .tryRestart: self[unit].unit.refuseManualStart || self[unit].unit.refuseManualStop
    case .verifyActive, .reload, .reloadOrStart: false
    }
  }

  private func parallelRuns(of unit: UnitID) -> [UnitID] {
    var runs: [UnitID] = []
    for index in records.indices where records[index].parallelOf == unit { runs.append(UnitID(index)) }
    return runs
  }

  /// As systemd says of a service that a timer starts again.
  private mutating func sayScheduleGoesOn(_ unit: UnitID) {
    let record = self[unit]
    guard record.isScheduledService, let left = record.timer?.left(now) else { return }
    message(.notice, text("\(record.name): the run is stopped, its schedule goes on: next in \(shortSpan(left))"))
  }

  private mutating func kill(_ id: RequestID, _ name: Bytes, _ signal: Signal, _ whom: KillWhom) {
    guard let unit = find(name) else { return notFound(id, name) }
    var isReached = false
    for run in [unit] + parallelRuns(of: unit) where kill(run, signal, whom) { isReached = true }
    // Nobody there is as good as everybody signalled (systemd too); a process that was asked for by its role is missed.
    guard isReached || whom == .all else {
      let text = "Unit " + name + " has no " + Bytes(whom.name) + " process to kill"
      return out.append(.reply(id, .failed(.notApplicable, message: text, diagnostics: [])))
    }
    out.append(.reply(id, .done))
  }

  /// False: the unit has no such process.
  private mutating func kill(_ unit: UnitID, _ signal: Signal, _ whom: KillWhom) -> Bool {
    let record = self[unit]
    let service = record.service
    let hasMain = (service.main?.pid ?? 0) != 0
    let hasControl = (service.control?.pid ?? 0) != 0
    guard whom == .main ? hasMain : whom == .control ? hasControl : !record.isDown && service.invocation != 0 else { return false }
    out.append(
      .kill(
        KillOrder(
          Invocation(unit: unit, number: service.invocation), number: 0, signal: signal, main: hasMain && whom != .control,
          control: hasControl && whom != .main, others: whom == .all, continue: false)))
    return true
  }

  private mutating func resetFailed(_ unit: UnitID) {
    let record = self[unit]
    record.isStartLimitHit = false
    record.path?.failure = nil
    record.limiter.reset()
    guard var context = serviceContext(unit) else { return }
    record.service.resetFailed(&context)
    absorb(unit, context)
  }
}
