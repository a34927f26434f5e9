/// Names one question that came through the control socket; every one is answered exactly once.
public struct RequestID: Equatable, Hashable, Sendable {
  public var number: UInt64
  public init(_ number: UInt64) { self.number = number }
}

/// Which processes of a unit `kill` means (systemctl's `--kill-whom`).
public enum KillWhom: UInt8, CaseIterable, Sendable {
  case all, main, control
  public var name: StaticString {
    switch self {
    case .all: "all"
    case .main: "main"
    case .control: "control"
    }
  }
}

/// What a client asks (DESIGN section 8). Arguments come from path and query; there is no body.
public indirect enum Request: Equatable, Sendable {
  /// `GET /v1/units`
  case units
  /// `GET /v1/units/NAME`
  case unit(Bytes)
  /// `GET /v1/timers`
  case timers
  /// `GET /v1/sockets`
  case sockets
  /// `GET /v1/paths`
  case paths
  /// `POST /v1/units/NAME/start|stop|restart|try-restart|reload`, `?mode=`, `?wait=1` (answer when the job has ended)
  case job(JobType, unit: Bytes, mode: JobMode, wait: Bool)
  /// `POST /v1/units/NAME/kill?signal=TERM&whom=all`
  case kill(unit: Bytes, signal: Signal, whom: KillWhom)
  /// `POST /v1/units/NAME/reset-failed`
  case resetFailed(unit: Bytes)
  /// `POST /v1/apply?plan=1`
  case apply(planOnly: Bool)
  /// `POST /v1/daemon-reload`
  case daemonReload
  /// `POST /v1/exit?status=N`
  case exit(status: UInt8?)
}

/// Why a request was not done; `httpStatus` and the client's exit status follow from it.
public enum RequestError: UInt8, CaseIterable, Sendable {
  /// The unit is not known: systemctl exits 5.
  case notFound
  /// The unit is masked, or its settings are bad: 1.
  case refused
  /// Not for a client (`RefuseManualStart=`, `RefuseManualStop=`), or `--job-mode=fail` met a job that contradicts: 4.
  case denied
  /// Reload of a unit without ExecReload, or that does not run: 3.
  case notApplicable
  /// The job ended otherwise than `done`: 1.
  case jobFailed
  /// Apply found errors; nothing was changed.
  case badConfiguration
  /// apus is stopping.
  case shuttingDown
  /// The path, method or a parameter is none of ours.
  case badRequest
  /// The bound on waiting requests is reached.
  case busy

  public var name: StaticString {
    switch self {
    case .notFound: "not-found"
    case .refused: "refused"
    case .denied: "denied"
    case .notApplicable: "not-applicable"
    case .jobFailed: "job-failed"
    case .badConfiguration: "bad-configuration"
    case .shuttingDown: "shutting-down"
    case .badRequest: "bad-request"
    case .busy: "busy"
    }
  }

  public var httpStatus: Int {
    switch self {
    case .notFound: 404
    case .refused: 409
    case .denied: 403
    case .notApplicable: 409
    case .jobFailed: 424
    case .badConfiguration: 422
    case .shuttingDown: 503
    case .badRequest: 400
    case .busy: 503
    }
  }
}

/// The one answer to a `Request`.
public indirect enum Reply: Equatable, Sendable {
  case units([UnitReport])
  case unit(UnitReport)
  /// A queued job (without wait), or how it ended (with).
  case job(JobReport)
  /// Done, nothing to tell.
  case done
  case plan(PlanReport)
  case failed(RequestError, message: Bytes, diagnostics: [Diagnostic])
}

/// A job of the queue, and how it ended (units.md e.3).
public struct JobReport: Equatable, Sendable {
  public var id: UInt32
  public var unit: Bytes
  public var type: JobType
  /// nil while it is queued or runs.
  public var result: JobResult?
  /// Why, for a job that did not end in `done`: `ExecStart: status=203/EXEC: no such file`.
  public var message: Bytes
  public init(id: UInt32, unit: Bytes, type: JobType, result: JobResult?, message: Bytes = []) {
    self.id = id
    self.unit = unit
    self.type = type
    self.result = result
    self.message = message
  }
}

/// What apply does, or would do, with one unit.
public enum PlanAction: UInt8, CaseIterable, Sendable {
  case start, stop, restart, update, nothing
  public var name: StaticString {
    switch self {
    case .start: "start"
    case .stop: "stop"
    case .restart: "restart"
    case .update: "update"
    case .nothing: "nothing"
    }
  }
}

/// What a plan has in store for one unit, and why.
public struct PlanItem: Equatable, Sendable {
  public var unit: Bytes
  public var action: PlanAction
  /// `ExecStart= changed`, `new file`, `file removed`.
  public var reason: Bytes
  public init(unit: Bytes, action: PlanAction, reason: Bytes) {
    self.unit = unit
    self.action = action
    self.reason = reason
  }
}

/// What an apply does, or with `--plan` would do (DESIGN section 9).
public struct PlanReport: Equatable, Sendable {
  public var applied: Bool
  public var items: [PlanItem]
  /// Warnings and notices; errors come as `.failed(.badConfiguration)`.
  public var diagnostics: [Diagnostic]
  public init(applied: Bool, items: [PlanItem], diagnostics: [Diagnostic]) {
    self.applied = applied
    self.items = items
    self.diagnostics = diagnostics
  }
}
