import Model

// What `status`, `show` and the lists tell.

extension Manager {
  /// `isWhole`: for `show` of one unit; lists of all do without the lesser properties.
  func report(_ id: UnitID, isWhole: Bool = false) -> UnitReport {
    let record = self[id]
    var report = UnitReport(name: record.name, type: record.unit.name.type)
    report.description = record.unit.description
    report.loadState = record.shownLoadState
    report.loadError = record.pending?.loadError ?? record.unit.loadError
    report.fragmentPath = record.unit.fragmentPath
    report.activeState = record.activeState
    report.subState = StaticStringBox(record.subState)
    report.stateChangedAt = record.stateChangedAt
    report.activeEnteredAt = record.activeEnteredAt
    report.activeExitedAt = record.activeExitedAt
    report.inactiveEnteredAt = record.inactiveEnteredAt
    if let job = record.job { report.job = JobReport(id: job.id, unit: record.name, type: job.type, result: nil) }
    report.after = names(record.edges[.after])
    report.before = names(record.edges[.before])
    report.wants = names(record.edges[.wants])
    report.requires = names(record.edges[.requires])
    if case .service(let settings) = record.unit.kind { describe(record.service, settings, &report) }
    if isWhole {
      // Of a file that is gone or masked systemd says it once, too: by its load state.
      if !record.unit.isBuiltIn && record.shownLoadState != .notFound { report.readAt = record.readAt }
      report.dropInPaths = record.unit.dropInPaths
      report.properties += unitProperties(id)
      if let settings = record.serviceSettings { report.properties += serviceProperties(settings) }
    }
    if let timer = record.timer, let schedule = record.schedule {
      report.timer = describe(id, timer, schedule)
      if isWhole { report.properties += timerProperties(id, timer, schedule) }
    }
    describeTriggers(id, &report, isWhole: isWhole)
    report.history = history(id)
    report.why = why(id)
    return report
  }

  private func names(_ ids: [UnitID]) -> [Bytes] { ids.map { self[$0].name } }

  private func describe(_ service: ServiceMachine, _ settings: ServiceSettings, _ report: inout UnitReport) {
    report.result = service.result
    report.mainPID = service.main?.pid ?? 0
    report.controlPID = service.control?.pid ?? 0
    if service.invocation != 0 { report.invocationID = invocationID(seed: options.seed, number: service.invocation) }
    report.lastExit = service.lastMainExit ?? service.lastExit
    report.restarts = service.restarts
    report.restart = settings.restart
    report.restartSource = settings.restartSource
    if service.state == .autoRestart {
      let left = service.restartAt.since(now.instant)
      report.nextRestartLeft = left
      report.nextRestart = wall(after: left)
      report.restartDelay = service.restartDelay
    }
    report.properties = properties(service, settings)
  }

  func wall(after span: TimeSpan) -> WallTime? {
    let (sum, overflow) = now.wall.microseconds.addingReportingOverflow(Int64(clamping: span.microseconds))
    return overflow ? nil : WallTime(microseconds: sum)
  }

  /// What only `show` prints; values as systemctl writes them.
  private func properties(_ service: ServiceMachine, _ settings: ServiceSettings) -> [Bytes] {
    var list: [Bytes] = []
    list.append("Type=" + Bytes(settings.type.name))
    list.append("KillMode=" + Bytes(settings.killMode.name))
    list.append("KillSignal=" + Bytes(decimal: settings.killSignal.number))
    list.append(text("RemainAfterExit=\(settings.remainAfterExit ? "yes" : "no")"))
    list.append(span("TimeoutStartUSec", settings.timeoutStart))
    list.append(span("TimeoutStopUSec", settings.timeoutStop))
    list.append(span("RuntimeMaxUSec", settings.runtimeMax))
    let backoff = Backoff.effective(settings.backoff)
    list.append(span("RestartUSec", backoff.delay))
    list.append("RestartSteps=" + Bytes(decimal: backoff.grows ? backoff.steps : 0))
    list.append(span("RestartMaxDelayUSec", backoff.grows ? backoff.delayMax : .infinity))
    list.append(span("RestartResetUSec", settings.backoff.resetAfter ?? backoff.cap))
    list.append("RestartStep=" + Bytes(decimal: service.backoff.step))
    if settings.health != nil { list.append("HealthState=" + Bytes(service.healthState)) }
    list.append("StatusText=" + service.said.statusText)
    list.append("StatusErrno=" + Bytes(decimal: service.said.statusErrno))
    if !service.said.busError.isEmpty { list.append("StatusBusError=" + service.said.busError) }
    list.append("NotifyAccess=" + Bytes(service.notifyAccess(settings).name))
    list.append(span("WatchdogUSec", settings.watchdog))
    if !settings.pidFile.isEmpty { list.append("PIDFile=" + settings.pidFile) }
    list.append("FileDescriptorStoreMax=" + Bytes(decimal: settings.fileDescriptorStoreMax))
    list.append("NFileDescriptorStore=" + Bytes(decimal: service.store.count))
    // With the exit of a main process they are shown by that (`LastExit`). The parent of a forking service is none, though its
    // exit is the last that there is.
    if service.lastMainExit == nil {
      list.append("ExecMainPID=" + Bytes(decimal: service.main?.pid ?? 0))
      list.append(Bytes("ExecMainCode=0"))
      list.append(Bytes("ExecMainStatus=0"))
    }
    return list
  }

  // MARK: Why

  /// One sentence on what the unit waits for, or why it is as it is.
  private func why(_ id: UnitID) -> Bytes {
    let record = self[id]
    if record.unit.loadState != .loaded { return refusal(record) }
    if let job = record.job, !job.isRunning {
      if let sentence = whyWaiting(id, job) { return sentence }
    } else if record.checkNumber != 0 {
      return Bytes("waits for its conditions to be looked at")
    }
    if let until = record.socket?.pausedUntil ?? record.path?.pausedUntil, until > now.instant {
      return "paused, goes on in " + shortSpan(until.since(now.instant))
    }
    if let until = record.socket?.failingUntil, until > now.instant {
      return "a listener failed, it is tried again in " + shortSpan(until.since(now.instant))
    }
    let service = record.service
    switch service.state {
    case .autoRestart:
      let left = shortSpan(service.restartAt.since(now.instant))
      return text("restart \(service.restarts + 1) in \(left) (backoff \(shortSpan(service.restartDelay))), last: \(reason(id))")
    case .autoRestartQueued: return "restart is queued, last: " + reason(id)
    case .failed: return "failed: " + reason(id)
    case .condition where service.countsLeftovers: return Bytes("looks for what a run before has left")
    case .startPost where service.search.awaits == .pidFile, .start where service.search.awaits == .pidFile:
      return Bytes("waits for the PID file ") + (record.serviceSettings?.pidFile ?? [])
    case .condition, .startPre, .startPost, .reload, .stop, .stopPost:
      guard let control = service.control else { return [] }
      return text("waits for \(control.key.role.name)= (pid \(control.pid))")
    case .start:
      guard let process = service.main ?? service.control else { return Bytes("waits until other jobs are done (Type=idle)") }
      switch record.serviceSettings?.type {
      case .notify, .notifyReload: return text("waits for READY=1 of \(process.pid)")
      case .simple, .exec, .oneshot, .forking, .dbus, .idle, nil: return text("waits for ExecStart= (pid \(process.pid))")
      }
    case .reloadSignal: return Bytes("waits for RELOADING=1")
    case .reloadNotify: return Bytes("waits for READY=1")
    case .drain: return Bytes("drains (DrainSec=)")
    case .cleaning: return Bytes("waits until its runtime directories and PID file are removed")
    case .stopWatchdog, .stopSigterm, .stopSigkill, .finalWatchdog, .finalSigterm, .finalSigkill:
      return Bytes("waits for its processes to end")
    case .dead:
      if record.stoppedByClient { return Bytes("stopped by request") }
      if let failed = record.failedCheck {
        let isAssert = record.conditionResult == true
        return text("not started: \(isAssert ? "Assert" : "Condition")\(failed.kind.name)=\(failed.text) does not hold")
      }
      if service.result == .execCondition { return Bytes("ExecCondition= said no") }
      return []
    case .running where service.probing.isUnhealthy:
      return text("unhealthy: \(service.probing.failures) health probes failed in a row (HealthAction=none)")
    case .running, .exited: return !record.hasPending ? [] : Bytes("its unit file has changed: restart or apply")
    }
  }

  /// What a job that has not begun waits for.
  private func whyWaiting(_ id: UnitID, _ job: Job) -> Bytes? {
    if let other = blocker(of: id, job) {
      if let theirs = self[other].job { return text("\(job.type.name) waits for \(self[other].name) (\(theirs.type.name))") }
      let left = shortSpan(self[other].service.restartAt.since(now.instant))
      return text("\(job.type.name) waits for \(self[other].name), which failed and is restarted in \(left)")
    }
    let record = self[id]
    if record.service.state == .autoRestart { return nil }
    if record.activeState == .deactivating { return text("\(job.type.name) waits for its stop") }
    return nil
  }

  /// The table of SIGUSR1.
  func statusTable() -> Bytes {
    var out = Bytes()
    for index in records.indices where isShown(index) && !records[index].unit.isBuiltIn {
      let record = records[index]
      out += record.name
      var width = record.name.count
      while width < 32 {
        out.append(32)
        width += 1
      }
      out += " "
      out += Bytes(record.activeState.name)
      out += " ("
      out += Bytes(record.subState)
      out += ")"
      if let main = record.service.main { out += " pid " + Bytes(decimal: main.pid) }
      if record.service.restarts > 0 { out += " restarts " + Bytes(decimal: record.service.restarts) }
      let explanation = why(UnitID(index))
      if !explanation.isEmpty { out += ": " + explanation }
      out += "\n"
    }
    return out
  }
}
