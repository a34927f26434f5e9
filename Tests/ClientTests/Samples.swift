import Model

/// What the table server knows.
enum Samples {
  static let wall = WallTime(microseconds: 1_709_210_096_000_000)

  static var web: UnitReport {
    let report = UnitReport(name: bytes("web.service"), type: .service)
    report.description = bytes("The web server")
    report.fragmentPath = bytes("/etc/apus/web.service")
    report.activeState = .active
    report.subState = StaticStringBox("running")
    report.result = .success
    // Nobody has this PID: the highest is 2^22.
    report.mainPID = 4_194_305
    report.invocationID = bytes("0123456789abcdef0123456789abcdef")
    report.lastExit = ExitReport(role: .main, pid: 41, status: .killed(.kill), execError: [], startedAt: wall, endedAt: wall)
    report.restarts = 1
    report.restart = .always
    report.stateChangedAt = wall
    report.activeEnteredAt = wall
    report.containment = .tag
    report.after = [bytes("db.service"), bytes("net.target")]
    report.triggeredBy = [bytes("web.socket"), bytes("web.path")]
    report.properties = [bytes("KillMode=mixed"), bytes("ExecStart=/bin/a"), bytes("ExecStart=/bin/b")]
    return report
  }

  static var flaky: UnitReport {
    let report = UnitReport(name: bytes("flaky.service"), type: .service)
    report.description = bytes("flaky.service")
    report.fragmentPath = bytes("/etc/apus/flaky.service")
    report.activeState = .activating
    report.subState = StaticStringBox("auto-restart")
    report.result = .exitCode
    report.lastExit = ExitReport(
      role: .main, pid: 42, status: .exited(203), execError: bytes("no such file or directory"), startedAt: wall, endedAt: wall)
    report.restarts = 4
    report.restart = .onFailure
    report.restartSource = .unit
    report.nextRestart = wall
    report.nextRestartLeft = TimeSpan(milliseconds: 850)
    report.restartDelay = TimeSpan(milliseconds: 900)
    report.why = bytes("waits for its restart")
    report.job = JobReport(id: 7, unit: bytes("flaky.service"), type: .restart, result: nil)
    report.stateChangedAt = wall
    return report
  }

  static var broken: UnitReport {
    let report = UnitReport(name: bytes("broken.service"), type: .service)
    report.loadState = .badSetting
    report.loadError = bytes("Type=simple without ExecStart=")
    report.fragmentPath = bytes("/etc/apus/broken.service")
    return report
  }

  static var done: UnitReport {
    let report = UnitReport(name: bytes("done.service"), type: .service)
    report.description = bytes("Ran once")
    report.result = .success
    report.restart = .no
    report.inactiveEnteredAt = wall
    return report
  }

  static var dead: UnitReport {
    let report = UnitReport(name: bytes("dead.service"), type: .service)
    report.description = bytes("Died")
    report.activeState = .failed
    report.subState = StaticStringBox("failed")
    report.result = .timeout
    report.lastExit = ExitReport(role: .startPre, pid: 9, status: .exited(1), execError: [], startedAt: wall, endedAt: wall)
    report.inactiveEnteredAt = wall
    report.why = bytes("ExecStartPre= took longer than TimeoutStartSec=")
    return report
  }

  static var tick: UnitReport {
    let report = UnitReport(name: bytes("tick.timer"), type: .timer)
    report.activeState = .active
    report.subState = StaticStringBox("waiting")
    var timer = TimerReport(triggers: bytes("tick.service"))
    timer.expressions = [bytes("OnBootSec=1min"), bytes("OnUnitActiveSec=5s")]
    timer.nextElapse = wall
    timer.left = TimeSpan(seconds: 4)
    timer.lastTrigger = wall
    timer.overlap = .queue
    timer.runs = 12
    timer.skipped = 3
    report.timer = timer
    report.triggers = [bytes("tick.service")]
    return report
  }

  static var job: UnitReport {
    let report = UnitReport(name: bytes("job.service"), type: .service)
    var timer = TimerReport(triggers: bytes("job.service"))
    timer.expressions = [bytes("every 5s")]
    report.timer = timer
    return report
  }

  static var perConnection: UnitReport {
    let report = UnitReport(name: bytes("echo.socket"), type: .socket)
    report.activeState = .active
    report.subState = StaticStringBox("listening")
    report.result = .success
    var socket = SocketReport()
    socket.listen = [bytes("[::]:7 (Stream)"), bytes("/run/echo (SequentialPacket)")]
    socket.accepts = true
    socket.connections = 2
    socket.accepted = 5
    socket.refused = 1
    socket.held = 3
    report.socket = socket
    report.triggers = [bytes("echo@3-::1:7-::1:4000.service"), bytes("echo@4-42-0.service")]
    report.properties = [bytes("MaxConnections=64")]
    return report
  }

  static var onDemand: UnitReport {
    let report = UnitReport(name: bytes("web.socket"), type: .socket)
    report.activeState = .active
    report.subState = StaticStringBox("running")
    var socket = SocketReport()
    socket.listen = [bytes("127.0.0.1:80 (Stream)")]
    report.socket = socket
    report.triggers = [bytes("web.service")]
    return report
  }

  static var spool: UnitReport {
    let report = UnitReport(name: bytes("spool.path"), type: .path)
    report.activeState = .active
    report.subState = StaticStringBox("waiting")
    report.paths = [bytes("/var/spool/in (DirectoryNotEmpty)"), bytes("/etc/a b (PathChanged)")]
    report.triggers = [bytes("job.service")]
    return report
  }

  static var offSocket: UnitReport {
    let report = UnitReport(name: bytes("off.socket"), type: .socket)
    var socket = SocketReport()
    socket.listen = [bytes("@off (Datagram)")]
    report.socket = socket
    report.triggers = [bytes("off.service")]
    return report
  }

  static let all = [web, flaky, broken, done, dead, tick, job, perConnection, onDemand, spool, offSocket]

  static let diagnostics = [
    Diagnostic(
      .error, file: bytes("/u/a.service"), line: 3, column: 9, message: bytes("unknown key RestartSecs="),
      hint: bytes("did you mean RestartSec=?")),
    Diagnostic(.warning, file: bytes("/u/b.service"), message: bytes("empty file")),
  ]

  /// The table: units by name, jobs by what their unit is.
  static func answer(_ request: Request) -> Reply {
    switch request {
    case .units: return .units(all)
    case .timers: return .units(all.filter { $0.timer != nil })
    case .sockets: return .units(all.filter { $0.type == .socket })
    case .paths: return .units(all.filter { $0.type == .path })
    case .unit(let name): return find(name).map { .unit($0) } ?? notFound(name)
    case .job(let type, let name, let mode, let wait):
      guard let unit = find(name) else { return notFound(name) }
      if mode == .fail { return .failed(.refused, message: bytes("cannot start it: another job is queued"), diagnostics: []) }
      if type == .reload { return .failed(.notApplicable, message: bytes("it has no ExecReload="), diagnostics: []) }
      if unit.loadState != .loaded { return .failed(.refused, message: unit.loadError, diagnostics: []) }
      if !wait { return .job(JobReport(id: 5, unit: name, type: type, result: nil)) }
      if unit.activeState == .failed {
        return .job(JobReport(id: 5, unit: name, type: type, result: .failed, message: bytes("ExecStart: status=203/EXEC")))
      }
      return .job(JobReport(id: 5, unit: name, type: type, result: .done))
    case .kill(let name, _, let whom):
      if find(name) == nil { return notFound(name) }
      return whom == .control ? .failed(.notApplicable, message: bytes("no control process"), diagnostics: []) : .done
    case .resetFailed(let name): return find(name) == nil ? notFound(name) : .done
    case .apply(let planOnly):
      let items = PlanAction.allCases.map { PlanItem(unit: bytes("\($0.name).service"), action: $0, reason: bytes("because")) }
      return .plan(PlanReport(applied: !planOnly, items: items, diagnostics: [diagnostics[1]]))
    case .daemonReload: return .done
    case .exit: return .done
    }
  }

  private static func find(_ name: Bytes) -> UnitReport? { all.first { $0.name == name } }
  private static func notFound(_ name: Bytes) -> Reply {
    .failed(.notFound, message: bytes("Unit ") + name + bytes(" not found."), diagnostics: [])
  }
}
