import Model

/// How often a unit was started because another one upholds it, and when it will be again.
struct Upholding: Equatable, Sendable {
  /// The last start, or what it is to be.
  var last: Instant? = nil
  var backoff = Backoff()
  /// The next start that waits for its delay.
  var due: Instant? = nil
}

/// Everything the manager knows of one unit. Slots are never reused, so a UnitID never comes to mean another unit.
/// A class with one owner, the manager's array: it is large, and what only looks at it must not copy it.
final class UnitRecord {
  var unit: Unit
  /// The unit's name; `NAME#N` for a parallel run.
  var name: Bytes
  /// When its files were read.
  var readAt: WallTime? = nil
  /// A new definition with changed exec keys: takes the place of `unit` when the unit is down.
  var pending: Unit? = nil
  var hasPending: Bool { pending != nil }
  var service = ServiceMachine()
  /// Of a `.timer`, or of a service with Schedule=.
  var timer: TimerMachine? = nil
  /// Of a `.socket`, once it was started.
  var socket: SocketBook? = nil
  /// Of a `.path`, once it was started.
  var path: PathBook? = nil
  /// A service that IdleStopSec= watches.
  var idle: IdleBook? = nil
  /// The socket unit for one of whose connections this is an instance, and that connection.
  var instanceOf: UnitID? = nil
  var connection: ServedConnection? = nil
  /// The last runs that a timer or Schedule= began, the latest last; at most `RunRecord.kept`.
  var history: [RunRecord] = []
  /// Targets and timers: started.
  var isOn = false
  var job: Job? = nil
  var limiter = StartLimiter()
  /// The last start was refused by it.
  var isStartLimitHit = false
  /// Its file is gone: it is forgotten as soon as it is down.
  var isRemoved = false
  /// Starts by itself (DESIGN section 1).
  var isStarting = false
  /// The invocation that boot started: a command that cannot be executed in it is a failed boot (--fail-fast), though for
  /// Type=simple its start job has succeeded by then.
  var bootInvocation: UInt32 = 0
  /// A client stopped it: apus does not leave for lack of work.
  var stoppedByClient = false
  /// The unit this is a parallel run of.
  var parallelOf: UnitID? = nil

  /// Resolved, both directions; absent units left out.
  var edges = Edges()
  /// In which linking `edges` were made.
  var linkRound: UInt32 = 0
  /// Timers and paths whose Unit= it is.
  var timers: [UnitID] = []
  var paths: [UnitID] = []
  /// Sockets whose descriptors it gets.
  var sockets: [UnitID] = []
  /// A Requires=, BindsTo= or Requisite= that names nothing: starting it fails.
  var missingRequirement: Bytes = []
  /// It has edges that act on lasting states (BindsTo=, UpheldBy=, StopWhenUnneeded=), so it is looked at when one of the
  /// other ends changes.
  var isWatched = false
  /// It is in the manager's list of those.
  var isMarked = false
  /// What apus does with it on its own account, because of others: systemd's bound of 16 in 10 s.
  var reactions = StartLimiter()
  /// Starts on account of Upholds=.
  var upholding = Upholding()
  /// The active state that was told last.
  var toldState = ActiveState.inactive
  /// Bound units that its end took down: they come back with its automatic restart.
  var takenDown: [UnitID] = []
  /// The question about conditions whose answer is waited for; 0: none.
  var checkNumber: UInt32 = 0
  /// What came of the last one, for `show`.
  var conditionResult: Bool? = nil
  var assertResult: Bool? = nil
  var conditionAt: WallTime? = nil
  var assertAt: WallTime? = nil
  /// The condition or assert that did not hold.
  var failedCheck: Condition? = nil

  var stateChangedAt: WallTime? = nil
  var activeEnteredAt: WallTime? = nil
  var activeExitedAt: WallTime? = nil
  var inactiveEnteredAt: WallTime? = nil
  /// On which clock the present run began; for "still runs since".
  var startedAt: Instant? = nil

  init(unit: Unit) {
    self.unit = unit
    name = unit.name.bytes
  }

  /// What became of its file, which the definition in force need not show: one that runs goes on as it was where its file
  /// is gone, masked or broken by now. Of the unit path only: elsewhere a file that is gone stops its unit.
  var shownLoadState: LoadState {
    if unit.origin != .unitPath { return unit.loadState }
    return isRemoved ? .notFound : pending?.loadState ?? unit.loadState
  }

  /// Of what has processes: a service, or a socket with its commands.
  var serviceSettings: ServiceSettings? {
    switch unit.kind {
    case .service(let settings): settings
    case .socket(let settings): settings.process
    case .timer, .path, .target, .other: nil
    }
  }

  /// Made by apus itself, without a file of its own name: a parallel run, or an instance for a connection.
  var isMade: Bool { parallelOf != nil || instanceOf != nil }

  /// The triggers: a timer's own, or the service's Schedule=.
  var schedule: ScheduleSettings? { parallelOf == nil ? unit.schedule : nil }

  /// A parallel run is one run of it.
  var isScheduledService: Bool { parallelOf == nil && unit.isScheduledService }
  /// By the definition that its next run has.
  var willBeScheduled: Bool { parallelOf == nil && (pending?.isScheduledService ?? unit.isScheduledService) }

  var activeState: ActiveState {
    if isStub { return .active }
    switch unit.kind {
    case .service, .socket: return service.state.active
    case .path: return isOn ? .active : path?.failure != nil ? .failed : .inactive
    case .timer, .target, .other: return isOn ? .active : .inactive
    }
  }

  var subState: StaticString {
    if isStub { return "active" }
    switch unit.kind {
    case .service: return service.state.name
    case .socket: return socketState
    case .path: return !isOn ? path?.failure != nil ? "failed" : "dead" : path?.isRunning == true ? "running" : "waiting"
    case .target: return isOn ? "active" : "dead"
    case .other: return "dead"
    case .timer:
      guard isOn, let timer else { return "dead" }
      return timer.fireAt != nil || timer.calendarFireAt != nil || timer.awaitsStamp ? "waiting" : timer.isQueued ? "running" : "elapsed"
    }
  }

  /// systemd's names of a socket's states.
  private var socketState: StaticString {
    switch service.state {
    case .exited: socket?.isRunning == true ? "running" : "listening"
    case .start: "start-chown"
    case .stop: "stop-pre"
    case .stopSigterm, .stopWatchdog: "stop-pre-sigterm"
    case .stopSigkill: "stop-pre-sigkill"
    case .dead, .condition, .startPre, .startPost, .running, .reload, .reloadSignal, .reloadNotify, .drain, .stopPost,
      .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      service.state.name
    }
  }

  /// A name of the host side that is always there. Targets are not: they are started when they are pulled in, so that what is
  /// ordered by them is.
  var isStub: Bool {
    if case .target = unit.kind { return false }
    return unit.isBuiltIn
  }

  var isUp: Bool { activeState == .active || activeState == .reloading }

  /// Enough for Requisite= and BindsTo=: a target of the host is, whether or not anything pulled it in.
  var isSatisfied: Bool { unit.isBuiltIn || isUp }

  /// Started as soon as its main process is forked.
  var isStartedByFork: Bool {
    guard let settings = serviceSettings else { return false }
    return settings.type == .simple && settings.ready == nil && settings.startPost.isEmpty
  }

  /// Neither up nor on its way: a start begins at once.
  var isDown: Bool { activeState == .inactive || activeState == .failed }

  /// After how long Upholds= starts it again, which counts as done: zero at first and after a healthy uptime; later the
  /// delays of the unit's backoff, and at least 100 ms, since it may not even have been able to run.
  func nextUpholdDelay(_ now: Instant) -> TimeSpan {
    let settings = serviceSettings?.backoff ?? BackoffSettings()
    let healthy = settings.resetAfter ?? Backoff.effective(settings).cap
    // What has no main process was up since its last start at most.
    let uptime = serviceSettings == nil ? upholding.last.map { now.since($0) } : service.uptime
    guard upholding.last != nil, uptime.map({ $0 < max(healthy, TimeSpan(seconds: 1)) }) ?? true else {
      upholding = Upholding(last: now)
      return .zero
    }
    let delay = max(upholding.backoff.next(settings, uptime: nil), TimeSpan(milliseconds: 100))
    upholding.last = now + delay
    return delay
  }

  /// A start can begin: down, or waiting in its backoff.
  var canBegin: Bool { isDown || isInBackoff }
  /// A new run is on its way already, or somebody stops this one: whoever would replace it comes too late.
  var isBeingReplaced: Bool {
    guard let job else { return false }
    return job.type == .restart || job.type == .stop || (job.type == .start && !job.isRunning)
  }
  var isInBackoff: Bool { service.state == .autoRestart || service.state == .autoRestartQueued }
}
