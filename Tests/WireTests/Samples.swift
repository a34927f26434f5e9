import Model

/// Reports with every field filled in.
enum Samples {
  static let wall = WallTime(microseconds: 1_795_424_160_000_000)

  static var service: UnitReport {
    let report = UnitReport(name: bytes("web.service"), type: .service)
    report.description = bytes("Web \"server\"\n\u{e9}") + [0xFF]
    report.fragmentPath = bytes("/etc/apus/web.service")
    report.activeState = .activating
    report.subState = StaticStringBox("auto-restart")
    report.result = .exitCode
    report.job = JobReport(id: 7, unit: bytes("web.service"), type: .restart, result: nil)
    report.controlPID = 43
    report.invocationID = bytes("0123456789abcdef0123456789abcdef")
    report.lastExit = ExitReport(
      role: .main, pid: 42, status: .exited(203), execError: bytes("no such file or directory"), startedAt: wall, endedAt: wall)
    report.restarts = 4
    report.restart = .always
    report.nextRestart = wall
    report.nextRestartLeft = TimeSpan(milliseconds: 850)
    report.restartDelay = TimeSpan(milliseconds: 900)
    report.why = bytes("waits for its restart")
    report.stateChangedAt = wall
    report.activeEnteredAt = wall
    report.activeExitedAt = wall
    report.inactiveEnteredAt = wall
    report.containment = .tag
    report.after = [bytes("db.service")]
    report.before = [bytes("proxy.service")]
    report.wants = [bytes("db.service"), bytes("cache.service")]
    report.requires = [bytes("net.target")]
    report.properties = [bytes("KillMode=mixed"), bytes("ExecStart=/bin/a"), bytes("ExecStart=/bin/b"), bytes("Odd"), bytes("Empty=")]
    return report
  }

  static var timer: UnitReport {
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
    return report
  }

  static var socket: UnitReport {
    let report = UnitReport(name: bytes("echo.socket"), type: .socket)
    var socket = SocketReport()
    socket.listen = [bytes("[::]:7 (Stream)")]
    socket.accepts = true
    socket.connections = 2
    socket.accepted = 5
    socket.refused = 1
    report.socket = socket
    report.triggers = [bytes("echo@4-42-0.service")]
    return report
  }

  static var path: UnitReport {
    let report = UnitReport(name: bytes("spool.path"), type: .path)
    report.paths = [bytes("/x (PathExists)")]
    report.triggers = [bytes("spool.service")]
    report.triggeredBy = [bytes("x.timer")]
    return report
  }

  static var missing: UnitReport {
    let report = UnitReport(name: bytes("gone.service"), type: .service)
    report.loadState = .notFound
    report.loadError = bytes("no file of that name")
    return report
  }

  static let diagnostics = [
    Diagnostic(
      .error, file: bytes("/u/a.service"), line: 3, column: 9, message: bytes("unknown key RestartSecs="),
      hint: bytes("did you mean RestartSec=?")),
    Diagnostic(.warning, file: bytes("/u/b.service"), message: bytes("empty file")),
  ]

  /// Every case of `Reply`, with a name.
  static let replies: [(String, Reply)] =
    [
      ("units", .units([service, timer, socket, path, missing])),
      ("no units", .units([])),
      ("unit, full", .unit(service)),
      ("unit, bare", .unit(missing)),
      ("timer", .unit(timer)),
      ("socket", .unit(socket)),
      ("path", .unit(path)),
      ("done", .done),
      (
        "plan",
        .plan(
          PlanReport(
            applied: false, items: PlanAction.allCases.map { PlanItem(unit: bytes("x.service"), action: $0, reason: bytes("why")) },
            diagnostics: diagnostics))
      ),
      ("plan, empty", .plan(PlanReport(applied: true, items: [], diagnostics: []))),
      ("job, queued", .job(JobReport(id: 1, unit: bytes("web.service"), type: .start, result: nil))),
    ]
    + JobResult.allCases.map {
      ("job, \($0.name)", Reply.job(JobReport(id: 2, unit: bytes("web.service"), type: .stop, result: $0, message: bytes("m"))))
    }
    + RequestError.allCases.map {
      ("failed, \($0.name)", Reply.failed($0, message: bytes("message"), diagnostics: $0 == .badConfiguration ? diagnostics : []))
    }
}
