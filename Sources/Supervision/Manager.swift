import Model

/// What the command line decides for the manager.
public struct ManagerOptions: Sendable {
  /// The upper half of every INVOCATION_ID.
  public var seed: UInt64 = 0
  /// `--stay`: do not leave for lack of work.
  public var stay = false
  public var failFast = false
  /// `--stop-timeout`
  public var stopTimeout = TimeSpan.infinity
  /// The container's main process; empty: none.
  public var command: [Bytes] = []
  /// `-- COMMAND` alone: signals are forwarded, nothing is said.
  public var isWrapper = false
  /// The one unit that boot starts, `default.target` for `apus` alone; empty: everything that starts by itself. With it
  /// apus does not leave for lack of work.
  public var bootTarget: Bytes = []
  /// When apus started.
  public var startedAt = Instant.zero
  /// For the jitter of timers: of /etc/machine-id and the host's name; and of the first of them that there is.
  public var hostSeed: UInt64 = 0
  public var machineSeed: UInt64 = 0
  public init() {}
}

/// All units, their jobs, and the life of apus itself: events in, effects out, no clock and no system call.
///
/// One event is handled to its end before the next: `handle` dispatches, the machines decide, and `settle` runs what
/// became runnable until nothing changes. Nothing here recurses from one unit into another.
public struct Manager {
  public let options: ManagerOptions
  var records: [UnitRecord] = []
  var byName = NameTable()
  /// Further names in `byName`, of units that have one of their own.
  var aliases: [Bytes] = []
  /// Units whose job waits for its turn, in the order the jobs were queued.
  var waiting: [UnitID] = []
  /// What the event under way still has to bring about, and the units that are to be looked at.
  var followUps: [FollowUp] = []
  var marked: [UnitID] = []
  /// Services of Type=idle that wait until no other job is left.
  var heldBack: [UnitID] = []
  /// Why the transaction that is being planned cannot be.
  var cycleError: TransactionError? = nil
  /// What was said of unit files since they were last read as a whole.
  var told = NameTable()
  static let toldMax = 1024
  /// The number of the last question about conditions.
  var nextCheck: UInt32 = 0
  var mayRun = false
  var nextInvocation: UInt32 = 1
  var nextJob: UInt32 = 1
  var command = CommandState()
  var phase = Phase.booting
  var stop = StopState()
  /// The units are there; until then apus only prepares its host, and can be stopped.
  var hasBooted = false
  /// Jobs of the boot that have not ended.
  var bootJobsLeft = 0
  /// How often all edges were made anew.
  var linkRound: UInt32 = 0
  /// Something ended since the last look for "nothing left".
  var mayHaveEnded = true
  /// For calendar expressions.
  var zones = TimeZones()
  /// Of sockets with Accept=yes, from the last load that was applied.
  public internal(set) var templates: [UnitTemplate] = []
  /// That stamps cannot be kept was said.
  var saidStamps = false
  #if !hasFeature(Embedded)
  /// What became of jobs in the event under way; for the simulator's checkers.
  package var jobNews: [JobNews] = []
  #endif
  /// Of the event under way.
  var now: Now
  /// Effects of the event under way.
  var out: [Effect] = []

  /// Where apus as a whole stands, from boot to its end.
  public enum Phase: Equatable, Sendable {
    case booting, running, stopping, sweeping, left
  }

  public init(_ options: ManagerOptions, now: Now) {
    self.options = options
    self.now = now
  }

  /// The first start: everything that starts by itself, as one transaction.
  public mutating func boot(_ loaded: LoadedUnits, now: Now, effects: inout [Effect]) {
    self.now = now
    forgetJobNews()
    hasBooted = true
    register(loaded)
    bootUnits()
    settle()
    effects += out
    out.empty(keepingAtMost: 64)
  }

  private mutating func bootUnits() {
    if options.bootTarget.isEmpty { return startAll(records.indices.filter { records[$0].isStarting }.map { UnitID($0) }) }
    guard let target = find(options.bootTarget) else {
      return message(.error, "cannot boot: Unit " + options.bootTarget + " not found.")
    }
    startAll([target])
  }

  /// The only door in: one event, and what is to be done about it appended to `effects`.
  public mutating func handle(_ event: Event, now: Now, effects: inout [Effect]) {
    self.now = now
    forgetJobNews()
    if phase != .left {
      dispatch(event)
      settle()
    } else if case .request(let id, _) = event {
      out.append(.reply(id, .failed(.shuttingDown, message: Bytes("apus is leaving"), diagnostics: [])))
    }
    effects += out
    out.empty(keepingAtMost: 64)
  }

  private mutating func dispatch(_ event: Event) {
    switch event {
    case .spawned(let key, let pid): process(key, .spawned(key, pid: pid))
    case .spawnFailed(let key, let failure): process(key, .spawnFailed(key, failure))
    case .executed(let key): process(key, .executed(key))
    case .execFailed(let key, let failure): process(key, .execFailed(key, failure))
    case .exited(let key, let status): process(key, .exited(key, status))
    case .stopped(let key, let signal):
      if key.invocation.unit == .command { out.append(.commandStopped(signal)) }
    case .signalled(let invocation, let order, let count, let anyLeft):
      input(invocation, .signalled(order: order, count: count, anyLeft: anyLeft))
    case .emptied(let invocation): input(invocation, .emptied)
    case .left(let invocation, let count):
      sayLeftovers(invocation, count)
      if valid(invocation.unit) { feed(invocation.unit, .left(invocation: invocation.number, count: count)) }
    case .deadline(let deadline): handle(deadline)
    case .signal(let received): handle(received)
    case .request(let id, let request): handle(id, request)
    case .loaded(let purpose, let loaded): handle(purpose, loaded)
    case .swept(let forced): swept(forced: forced)
    case .clockStepped(let span): clockStepped(by: span)
    case .zoneChanged(let zone): zoneChanged(zone)
    case .stamp(let unit, let outcome): stampAnswered(unit, outcome)
    case .cleaned(let invocation): input(invocation, .cleaned)
    case .notified(let unit, let message, let sender, let descriptors): notified(unit, message, sender, descriptors)
    case .mainPID(let invocation, let source, let outcome): input(invocation, .mainPID(source, outcome))
    case .readyLine(let key, let isReady): input(key.invocation, .readyLine(key, isReady))
    case .descriptorHungUp(let unit, let id): if valid(unit) { feed(unit, .descriptorHungUp(id)) }
    case .outOfMemory(let key): input(key.invocation, .oomKilled)
    case .listening(let unit, let run, let outcome): listening(unit, run: run, outcome)
    case .traffic(let unit, let descriptor): traffic(unit, descriptor)
    case .accepted(let unit, let connection): accepted(unit, connection)
    case .listenerFailed(let unit, let descriptor, let errno, let isWatch):
      listenerFailed(unit, descriptor, errno: errno, isWatch: isWatch)
    case .connections(let unit, let run, let count, let hadTraffic): connectionsCounted(unit, run: run, count, hadTraffic: hadTraffic)
    case .instantiated(let unit, let name, let made): instantiated(unit, name: name, made)
    case .pathHit(let unit, let run, let index, let match): pathHit(unit, run: run, index, match)
    case .pathsFailed(let unit, let run, let why): pathsFailed(unit, run: run, why)
    case .checked(let unit, let number, let outcome): checked(unit, number, outcome)
    }
  }

  private mutating func handle(_ deadline: Deadline) {
    switch deadline.key.kind {
    case .state where deadline.key.unit == .command: commandIsLate()
    case .state: input(Invocation(unit: deadline.key.unit, number: deadline.invocation), .stateDeadline)
    case .runtime: input(Invocation(unit: deadline.key.unit, number: deadline.invocation), .runtimeDeadline)
    case .restart: input(Invocation(unit: deadline.key.unit, number: deadline.invocation), .restartDeadline)
    case .timer: timerElapsed(deadline.key.unit, isCalendar: false)
    case .calendar: timerElapsed(deadline.key.unit, isCalendar: true)
    case .watchdog: input(Invocation(unit: deadline.key.unit, number: deadline.invocation), .watchdogDeadline)
    case .probe: input(Invocation(unit: deadline.key.unit, number: deadline.invocation), .probeDeadline)
    case .job: jobTimedOut(deadline)
    case .reaction: lookAgain(deadline.key.unit)
    case .rearm: rearm(deadline.key.unit)
    case .idle: idleDeadline(deadline)
    case .stopLimit: stopLimitReached()
    case .stopLine: sayWhoIsLate()
    }
  }

  /// Runs jobs until none can, then looks whether apus itself has come to an end.
  mutating func settle() {
    repeat {
      repeat {
        while mayRun {
          mayRun = false
          runJobs()
        }
        followUp()
        if !mayRun { releaseIdle() }
      } while mayRun
      checkLife()
    } while mayRun
  }

  // MARK: Access

  /// A stop was begun; nothing is started any more.
  package var isPhaseStopping: Bool { phase == .stopping || phase == .sweeping || phase == .left }

  func valid(_ id: UnitID) -> Bool { id.index >= 0 && Int(id.index) < records.count }

  subscript(_ id: UnitID) -> UnitRecord { records[Int(id.index)] }

  func find(_ name: Bytes) -> UnitID? { byName[name].map { UnitID($0) } }

  mutating func message(_ severity: Severity, _ text: Bytes) {
    if !options.isWrapper { out.append(.message(severity, text)) }
  }
}
