/// `Type=` (units.md c.3). `dbus` is as `simple`: a container has no bus.
public enum ServiceType: UInt8, CaseIterable, Sendable {
  case simple, exec, oneshot, forking, notify, notifyReload, dbus, idle

  public var name: StaticString {
    switch self {
    case .simple: "simple"
    case .exec: "exec"
    case .oneshot: "oneshot"
    case .forking: "forking"
    case .notify: "notify"
    case .notifyReload: "notify-reload"
    case .dbus: "dbus"
    case .idle: "idle"
    }
  }
}

/// `Restart=` (units.md c.5).
public enum RestartPolicy: UInt8, CaseIterable, Sendable {
  case no, always, onSuccess, onFailure, onAbnormal, onAbort, onWatchdog

  public var name: StaticString {
    switch self {
    case .no: "no"
    case .always: "always"
    case .onSuccess: "on-success"
    case .onFailure: "on-failure"
    case .onAbnormal: "on-abnormal"
    case .onAbort: "on-abort"
    case .onWatchdog: "on-watchdog"
    }
  }
}

/// `RestartMode=`.
public enum RestartMode: UInt8, CaseIterable, Sendable {
  case normal, direct
  public var name: StaticString {
    switch self {
    case .normal: "normal"
    case .direct: "direct"
    }
  }
}

/// `KillMode=` (units.md c.6).
public enum KillMode: UInt8, CaseIterable, Sendable {
  case controlGroup, mixed, process, none
  public var name: StaticString {
    switch self {
    case .controlGroup: "control-group"
    case .mixed: "mixed"
    case .process: "process"
    case .none: "none"
    }
  }
}

/// `TimeoutStartFailureMode=`, `TimeoutStopFailureMode=`.
public enum TimeoutFailureMode: UInt8, CaseIterable, Sendable {
  case terminate, abort, kill
  public var name: StaticString {
    switch self {
    case .terminate: "terminate"
    case .abort: "abort"
    case .kill: "kill"
    }
  }
}

/// `OOMPolicy=`: what an OOM kill of one process of the unit means.
public enum OOMPolicy: UInt8, CaseIterable, Sendable {
  case `continue`, stop, kill
  public var name: StaticString {
    switch self {
    case .continue: "continue"
    case .stop: "stop"
    case .kill: "kill"
    }
  }
}

/// `ExitType=`: whose end is the service's end.
public enum ExitType: UInt8, CaseIterable, Sendable {
  case main, cgroup
  public var name: StaticString {
    switch self {
    case .main: "main"
    case .cgroup: "cgroup"
    }
  }
}

/// A set of exit statuses and signals: `SuccessExitStatus=`, `RestartPreventExitStatus=`, `RestartForceExitStatus=`.
public struct ExitStatusSet: Equatable, Sendable {
  public var codes: [UInt8] = []
  public var signals: [Signal] = []
  public init() {}
  public var isEmpty: Bool { codes.isEmpty && signals.isEmpty }
  /// Whether a process that ended so is meant.
  public func contains(_ status: ExitStatus) -> Bool {
    switch status {
    case .exited(let code): codes.contains(code)
    case .killed(let signal), .dumped(let signal): signals.contains(signal)
    }
  }
}

/// One command of an `Exec…=` line, specifiers expanded, `$` not yet (units.md b.4).
public struct ExecCommand: Equatable, Sendable {
  /// Absolute and simplified, or a bare name to be looked up in PATH.
  public var path: Bytes
  /// With argv[0] as written, or as `@` says.
  public var arguments: [Bytes]
  /// `-`
  public var ignoreFailure = false
  /// `:`
  public var noExpansion = false
  /// `+`
  public var fullPrivileges = false
  /// `!`
  public var noSetuid = false
  /// `!!`
  public var ambientMagic = false
  /// `RootDirectoryStartOnly=yes`, of every command but ExecStart=: no chroot.
  public var outsideRootDirectory = false

  public init(path: Bytes, arguments: [Bytes]) {
    self.path = path
    self.arguments = arguments
  }
}

/// Everything of `[Service]`, and of `[X-Apus]` for a service, but the process's world (`ExecSettings`).
///
/// A reference, since it is large and looked at in every step of its unit; it is never changed once its unit is put together.
public final class ServiceSettings: Equatable, @unchecked Sendable {
  public var type = ServiceType.simple
  public var exitType = ExitType.main
  public var remainAfterExit = false

  public var condition: [ExecCommand] = []
  public var startPre: [ExecCommand] = []
  public var start: [ExecCommand] = []
  public var startPost: [ExecCommand] = []
  public var reload: [ExecCommand] = []
  public var stop: [ExecCommand] = []
  public var stopPost: [ExecCommand] = []

  public var restart = RestartPolicy.no
  public var restartSource = SettingSource.default
  public var restartMode = RestartMode.normal
  public var backoff = BackoffSettings()
  public var restartPreventExitStatus = ExitStatusSet()
  public var restartForceExitStatus = ExitStatusSet()
  public var successExitStatus = ExitStatusSet()

  /// `.infinity` where the unit says 0 or infinity, and for a oneshot by default.
  public var timeoutStart = TimeSpan(seconds: 90)
  public var timeoutStop = TimeSpan(seconds: 90)
  /// nil: as `timeoutStop`.
  public var timeoutAbort: TimeSpan? = nil
  public var timeoutStartFailureMode = TimeoutFailureMode.terminate
  public var timeoutStopFailureMode = TimeoutFailureMode.terminate
  public var runtimeMax = TimeSpan.infinity
  /// `RuntimeRandomizedExtraSec=`
  public var runtimeRandomizedExtra = TimeSpan.zero

  public var killMode = KillMode.controlGroup
  public var killSignal = Signal.terminate
  /// nil: as `killSignal`.
  public var restartKillSignal: Signal? = nil
  public var finalKillSignal = Signal.kill
  public var watchdogSignal = Signal.abort
  public var sendSIGKILL = true
  public var sendSIGHUP = false

  /// Absolute; empty: none.
  public var pidFile: Bytes = []
  public var guessMainPID = true
  public var busName: Bytes = []
  /// With its default filled in: main for the notify types, with WatchdogSec= or a descriptor store, else none.
  public var notifyAccess = NotifyAccess.none
  /// `WatchdogSec=`; `.infinity`: off.
  public var watchdog = TimeSpan.infinity
  public var reloadSignal = Signal.hangup
  public var fileDescriptorStoreMax: UInt32 = 0
  /// `restart`, systemd's default: over restarts only.
  public var fileDescriptorStorePreserve = Preservation.restart
  public var oomPolicy = OOMPolicy.stop
  public var nonBlocking = false
  /// `[X-Apus] Ready…=`
  public var ready: ReadySettings? = nil
  /// `[X-Apus] Health…=`
  public var health: HealthSettings? = nil
  /// `[X-Apus] DrainSec=`
  public var drain = TimeSpan.zero

  /// One of its own where the unit says anything.
  public var exec = ExecSettings.standard
  /// The commands of a `.socket`: in the place of a main process it opens what it listens on.
  public var isSocket = false
  /// `Sockets=`: whose descriptors it gets, beside those of sockets that name it.
  public var sockets: [UnitName] = []
  /// `[X-Apus] IdleStopSec=`: stopped when its sockets had no connection for so long; `.infinity`: never.
  public var idleStop = TimeSpan.infinity

  /// `[X-Apus] Schedule=` and its companions: the service is a job. Empty: it is none.
  public var schedule = ScheduleSettings()

  public init() {}
  /// Every setting.
  public static func == (one: ServiceSettings, other: ServiceSettings) -> Bool {
    if one === other { return true }
    guard one.type == other.type, one.exitType == other.exitType, one.remainAfterExit == other.remainAfterExit else { return false }
    guard one.restart == other.restart, one.restartSource == other.restartSource else { return false }
    guard one.restartMode == other.restartMode, one.backoff == other.backoff else { return false }
    guard one.timeoutStart == other.timeoutStart, one.timeoutStop == other.timeoutStop else { return false }
    guard one.timeoutAbort == other.timeoutAbort, one.timeoutStartFailureMode == other.timeoutStartFailureMode else { return false }
    guard one.timeoutStopFailureMode == other.timeoutStopFailureMode, one.runtimeMax == other.runtimeMax else { return false }
    guard one.runtimeRandomizedExtra == other.runtimeRandomizedExtra, one.killMode == other.killMode else { return false }
    guard one.killSignal == other.killSignal, one.restartKillSignal == other.restartKillSignal else { return false }
    guard one.finalKillSignal == other.finalKillSignal, one.watchdogSignal == other.watchdogSignal else { return false }
    guard one.sendSIGKILL == other.sendSIGKILL, one.sendSIGHUP == other.sendSIGHUP else { return false }
    guard one.guessMainPID == other.guessMainPID, one.notifyAccess == other.notifyAccess else { return false }
    guard one.watchdog == other.watchdog, one.reloadSignal == other.reloadSignal else { return false }
    guard one.fileDescriptorStoreMax == other.fileDescriptorStoreMax else { return false }
    guard one.fileDescriptorStorePreserve == other.fileDescriptorStorePreserve else { return false }
    guard one.oomPolicy == other.oomPolicy, one.nonBlocking == other.nonBlocking, one.drain == other.drain else { return false }
    guard one.isSocket == other.isSocket, one.idleStop == other.idleStop, one.texts == other.texts else { return false }
    guard one.commands == other.commands, one.exitStatuses == other.exitStatuses, one.exec == other.exec else { return false }
    guard one.sockets == other.sockets, one.ready == other.ready, one.health == other.health else { return false }
    return one.schedule == other.schedule
  }

  // What is of one type is compared at once (`Unit.texts`).
  private var texts: [Bytes] { [pidFile, busName] }
  private var commands: [[ExecCommand]] { [condition, startPre, start, startPost, reload, stop, stopPost] }
  private var exitStatuses: [ExitStatusSet] { [restartPreventExitStatus, restartForceExitStatus, successExitStatus] }
}

/// The whole restart family (units.md c.5, DESIGN section 2).
public struct BackoffSettings: Equatable, Sendable {
  /// `RestartSec=`, `RestartSteps=`, `RestartMaxDelaySec=` as written; nil where the unit does not.
  public var delay: TimeSpan? = nil
  public var steps: UInt32? = nil
  public var delayMax: TimeSpan? = nil
  /// `[X-Apus] RestartResetSec=`; nil: the backoff's cap.
  public var resetAfter: TimeSpan? = nil
  public init() {}
}
