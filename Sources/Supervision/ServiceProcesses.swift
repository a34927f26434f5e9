import Model

/// The three kinds of signal state.
enum KillPhase {
  case terminate, abort, kill

  init(_ state: ServiceState) {
    switch state {
    case .stopWatchdog, .finalWatchdog: self = .abort
    case .stopSigkill, .finalSigkill: self = .kill
    case .dead, .condition, .startPre, .start, .startPost, .running, .exited, .reload, .reloadSignal, .reloadNotify, .drain,
      .stop, .stopSigterm, .stopPost, .finalSigterm, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      self = .terminate
    }
  }

  var isKill: Bool { self == .kill }
  var isAbort: Bool { self == .abort }
}

// Spawning, booking of ends, and the small state that the steps share.

extension ServiceMachine {
  func set(_ next: ServiceState, _ context: inout ServiceContext) {
    state = next
    if next != .running {
      runtimeDeadlineAt = .never
      context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .runtime)))
    }
    #if PLANTED
    let isLeftArmed = plantedBug == 24
    #else
    let isLeftArmed = false
    #endif
    if !next.isWatched && !isLeftArmed { disarmWatchdog(&context) }
    if !next.isProbed { stopProbing(&context) }
    if search.awaits != nil { stopSearching(&context) }
    context.notices.append(.passed(next))
  }

  /// The first failure names the run (units.md c.1).
  func stick(_ found: ServiceResult) {
    if result == .success { result = found }
  }

  func markReady(_ context: inout ServiceContext) {
    if runningSince == nil { runningSince = context.now.instant }
  }

  func endUptime(_ now: Now) {
    if let since = runningSince, uptime == nil { uptime = now.instant.since(since) }
  }

  func arm(_ timeout: TimeSpan, _ context: inout ServiceContext) {
    let timeout = min(timeout, context.timeoutLimit)
    if timeout.isInfinite { return disarmState(&context) }
    stateDeadlineAt = context.now.instant + timeout
    context.effects.append(.arm(Deadline(context.id, .state, invocation: invocation), at: stateDeadlineAt))
  }

  func disarmState(_ context: inout ServiceContext) {
    stateDeadlineAt = .never
    context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .state)))
  }

  func nextKillOrder(
    _ invocation: Invocation, _ signal: Signal, main: Bool, control: Bool, others: Bool, _ context: inout ServiceContext
  ) -> KillOrder {
    killNumber &+= 1
    return KillOrder(
      invocation, number: killNumber, signal: signal, main: main, control: control, others: others,
      hangup: context.settings.sendSIGHUP && signal != .kill, continue: signal != .kill)
  }

  // MARK: Spawning

  func spawnMain(_ command: ExecCommand, _ context: inout ServiceContext) {
    let key = nextKey(.main, context)
    main = LiveProcess(key: key, startedAt: context.now.wall)
    search.isKnown = true
    spawn(key, command, &context)
  }

  /// Type=forking: ExecStart= is a control process, the main one is yet to be found.
  func spawnParent(_ command: ExecCommand, _ context: inout ServiceContext) {
    let key = nextKey(.main, context)
    controlIndex = 0
    control = LiveProcess(key: key, startedAt: context.now.wall)
    spawn(key, command, &context)
  }

  /// The first command of a role's list; the rest follow by `controlExited`.
  func runControl(_ role: Role, _ timeout: TimeSpan, _ context: inout ServiceContext) {
    arm(timeout, &context)
    controlIndex = 0
    spawnControl(role, &context)
  }

  func spawnControl(_ role: Role, _ context: inout ServiceContext) {
    let list = context.settings.commands(role)
    guard controlIndex < list.count else { invariant("a control command beyond its list") }
    let key = nextKey(role, context)
    control = LiveProcess(key: key, startedAt: context.now.wall)
    spawn(key, list[controlIndex], &context)
  }

  func nextKey(_ role: Role, _ context: ServiceContext) -> ProcessKey {
    spawnSerial &+= 1
    return ProcessKey(Invocation(unit: context.id, number: invocation), role, serial: spawnSerial)
  }

  func spawn(_ key: ProcessKey, _ command: ExecCommand, _ context: inout ServiceContext) {
    isVerifiedEmpty = false
    var request = spawnRequest(key, command, context.settings.exec, context)
    let access = notifyAccess(context.settings)
    if key.role == .main {
      request.waitsForExec = isMadeByExec(context.settings)
      request.notifies = access != .none
      request.descriptors = context.activation + store
      request.nonBlocking = context.settings.nonBlocking
      request.watchdog = context.settings.watchdog
      if case .descriptor(let number) = context.settings.ready?.target { request.readyDescriptor = number }
    } else {
      request.notifies = access == .exec || access == .all
      if context.settings.isSocket || context.settings.exec.usesSocket { request.descriptors = context.activation }
    }
    request.isInetd = context.settings.exec.usesSocket
    context.effects.append(.spawn(request))
  }

  func spawnRequest(
    _ key: ProcessKey, _ command: ExecCommand, _ exec: ExecSettings, _ context: ServiceContext
  ) -> SpawnRequest {
    var request = SpawnRequest(
      key: key, unitName: context.name, command: command, exec: exec, environment: environment(of: key.role, context))
    request.waitsForExec = false
    return request
  }

  /// What the role adds to the environment (units.md c.8).
  func environment(of role: Role, _ context: ServiceContext) -> [Bytes] {
    var result = ["INVOCATION_ID=" + invocationID(seed: context.invocationSeed, number: invocation)]
    result += startEnvironment
    if startEnvironment.first?.starts(with: "TRIGGER_UNIT=") == true { result.append("TRIGGER_ATTEMPT=" + Bytes(decimal: restarts &+ 1)) }
    if role == .startPost || role == .reload || role == .stop || role == .probe, let main, main.pid != 0 {
      result.append("MAINPID=" + Bytes(decimal: main.pid))
    }
    if !context.settings.pidFile.isEmpty { result.append("PIDFILE=" + context.settings.pidFile) }
    if context.settings.fileDescriptorStoreMax > 0 {
      result.append("FDSTORE=" + Bytes(decimal: context.settings.fileDescriptorStoreMax))
    }
    if role == .stop || role == .stopPost {
      result.append("SERVICE_RESULT=" + Bytes(self.result.name))
      if main == nil, let exit = lastMainExit {
        result.append("EXIT_CODE=" + Bytes(exit.status.codeName))
        result.append("EXIT_STATUS=" + exit.status.statusText)
      }
    }
    return result
  }

  // MARK: Ends

  func mainExited(_ process: LiveProcess, _ status: ExitStatus, _ context: inout ServiceContext) {
    let list = context.settings.start
    let command = mainIndex < list.count ? list[mainIndex] : nil
    let report = book(process, status, context)
    lastMainExit = report
    main = nil
    var found = CleanExit.result(status, isDaemon: context.settings.type != .oneshot, success: context.settings.successExitStatus)
    if command?.ignoreFailure == true { found = .success }
    sayEnd(report, found, &context)
    blame(report, found)
    stick(found)
    if found == .success && state == .start && context.settings.type == .oneshot && mainIndex + 1 < list.count {
      mainIndex += 1
      return spawnMain(list[mainIndex], &context)
    }
    step(.mainExited(found), &context)
  }

  func controlExited(_ process: LiveProcess, _ status: ExitStatus, _ context: inout ServiceContext) {
    let role = process.key.role
    let list = context.settings.commands(role)
    let report = book(process, status, context)
    control = nil
    // The parent of Type=forking is a daemon's process, for which SIGTERM is a clean end (asked of systemd 252).
    var found = CleanExit.result(status, isDaemon: role == .main, success: context.settings.successExitStatus)
    // ExecCondition=: 1..254 skips the unit, 255 and signals fail it (units.md c.4).
    if role == .condition, case .exited(let code) = status, found == .exitCode, code < 255 { found = .execCondition }
    if controlIndex < list.count && list[controlIndex].ignoreFailure { found = .success }
    sayEnd(report, found, &context)
    if role != .reload { blame(report, found) }
    // A list goes on only in its own state: what a stop has overtaken is not continued.
    #if PLANTED
    let isOvertaken = role == .main || (plantedBug != 14 && state != role.controlState)
    #else
    let isOvertaken = role == .main || state != role.controlState
    #endif
    if found == .success && controlIndex + 1 < list.count && !isOvertaken {
      controlIndex += 1
      return spawnControl(role, &context)
    }
    step(.controlExited(found), &context)
  }

  private func blame(_ report: ExitReport, _ found: ServiceResult) {
    if result == .success && found != .success { culprit = report }
  }

  func book(_ process: LiveProcess, _ status: ExitStatus, _ context: ServiceContext) -> ExitReport {
    let report = ExitReport(
      role: process.key.role, pid: process.pid, status: status, execError: process.execError, startedAt: process.startedAt,
      endedAt: context.now.wall)
    lastExit = report
    return report
  }

  func sayEnd(_ report: ExitReport, _ found: ServiceResult, _ context: inout ServiceContext) {
    if found == .success { return }
    context.message(
      found == .execCondition ? .notice : .warning,
      Bytes(report.role.name) + "= process " + Bytes(decimal: report.pid) + " ended, " + report.status.description)
  }

  /// What Restart{Prevent,Force}ExitStatus= look at: how the main process ended, in this run.
  var exitForRestart: ExitStatus? { lastMainExit?.status }

  /// The result of the main process's end, with `-` and SuccessExitStatus= taken into account.
  func mainResult(_ settings: ServiceSettings) -> ServiceResult {
    guard let exit = lastMainExit else { return .success }
    if settings.start.last?.ignoreFailure == true { return .success }
    return CleanExit.result(exit.status, isDaemon: settings.type != .oneshot, success: settings.successExitStatus)
  }
}

extension Role {
  /// The state in which commands of a control role run.
  var controlState: ServiceState? {
    switch self {
    case .condition: .condition
    case .startPre: .startPre
    case .startPost: .startPost
    case .reload: .reload
    case .stop: .stop
    case .stopPost: .stopPost
    case .main, .probe: nil
    }
  }
}

extension ServiceSettings {
  /// The list of a control role.
  public func commands(_ role: Role) -> [ExecCommand] {
    switch role {
    case .condition: condition
    case .startPre: startPre
    case .main: start
    case .startPost: startPost
    case .reload: reload
    case .stop: stop
    case .stopPost: stopPost
    case .probe: []
    }
  }
}

/// INVOCATION_ID: 32 hexadecimal digits, the run of apus and the invocation's number in it.
public func invocationID(seed: UInt64, number: UInt32) -> Bytes {
  Bytes(hex: seed, width: 16) + Bytes(hex: UInt64(number), width: 16)
}
