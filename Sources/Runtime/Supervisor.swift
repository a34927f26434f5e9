import Model
import Supervision
import UnitFile

/// The loop: collects what the kernel has, hands it to the manager in one fixed order, and performs what that decides.
///
/// A turn waits once. Collection: reap first, and for each reaped pid drain its exec pipe and its unit's notify socket, so
/// that a status can never be handled before the report and the messages that belong to it. Handling: answers to the last
/// turn's effects, exec reports, messages, exits, deadlines, signals, answers of this turn, traffic, its answers, control,
/// new children and their answers. Effects are performed as soon as the event that caused them is handled; what fails comes
/// back as an event, an answer. Every loop has a bound; what is left over makes the next wait a mere look.
public struct Supervisor<K: Kernel> {
  /// Children reaped, signals read, and requests handled in one turn.
  static var reapLimit: Int { 1024 }
  static var signalLimit: Int { 64 }
  /// Looks at answers after the first one of a turn; a chain of more goes on in the next.
  static var answerRounds: Int { 4 }
  /// Children that have not executed yet (DESIGN section 5); more wait their turn.
  static var spawnLimit: Int { 64 }
  /// Of these, so many that main processes cannot take: a service that hangs before exec must not keep others from stopping.
  static var reservedSpawns: Int { 8 }
  /// Deadlines handled in one turn.
  static var deadlineLimit: Int { 128 }
  /// Files are read in slices of so long.
  static var loadSlice: TimeSpan { TimeSpan(milliseconds: 2) }
  /// The final sweep, which would kill their helper, waits at most so long for stamps.
  static var stampGrace: TimeSpan { TimeSpan(seconds: 2) }

  public var kernel: K
  public private(set) var manager: Manager
  let configuration: SupervisorConfiguration
  let preparation: SpawnPreparation
  var deadlines = DeadlineHeap()
  var wallClock = WallClock()
  var stamps = StampQueue()
  /// The final sweep is to come, by then at the latest.
  var sweepBy: Instant? = nil
  let children = ChildTable()
  var sweeper = Sweeper()
  var control: ControlServer
  var loader: Loader? = nil
  /// A helper prepares the host for the first of the queue.
  var isPreparingHost = false
  /// It has, and the load is to follow.
  var isHostPrepared = false
  var loadQueue: [LoadPurpose] = []
  var spawnQueue: [SpawnRequest] = []
  /// A child found no descriptors. It is tried again when something has happened, which may have freed some, or after
  /// `descriptorsWait`; as long as it waits, nothing is accepted.
  var lacksDescriptors = false
  static var descriptorsWait: TimeSpan { TimeSpan(seconds: 1) }
  /// When a command had to wait for that last, and how long it is one story.
  var lackSeenAt = Instant.zero
  static var lackAge: TimeSpan { TimeSpan(seconds: 10) }
  /// Answers to effects, for the next time that they are handled.
  var pending: [Event] = []
  var requests: [(RequestID, Request)] = []
  var ready: [Readiness] = []
  var effects: [Effect] = []
  var mayHaveMoreToReap = false
  /// The kernel's reader of signals may hold some that it has read ahead, of which nothing wakes anybody.
  var mayHaveMoreSignals = false
  #if PLANTED
  var lastReaped: Int32 = 0
  #endif
  /// Whose messages the units' notify sockets are for.
  var notifiers = Table<UnitID, Notifier>()
  /// Children with `ReadyFd=` that have not said ready yet.
  var readyKeys = Table<Int32, ProcessKey>()
  var watchedDescriptors = Table<DescriptorID, UnitID>()
  var listeners = Table<DescriptorID, WatchedListener>()
  /// Turns so far.
  var turns: UInt64 = 0
  /// Of `.path` units that are watched: the run.
  var watchedPaths = Table<UnitID, UInt32>()
  var mainPIDs = MainPIDFinder()
  var helpers = HelperTable()
  /// Of runs that the kernel killed processes of: as many as were told already.
  var outOfMemoryKills = Table<Invocation, UInt64>()
  var now: Now
  /// The pid of COMMAND, for forwarding.
  var command: ProcessKey? = nil
  /// Set when nothing comes any more.
  public internal(set) var exitStatus: UInt8? = nil
  #if !hasFeature(Embedded)
  package var observer: TurnObserver? = nil
  #endif

  public init(_ kernel: consuming K, _ configuration: SupervisorConfiguration) {
    var kernel = kernel
    now = kernel.now()
    var options = configuration.manager
    options.startedAt = now.instant
    if options.seed == 0 { options.seed = kernel.random() | 1 }
    Self.seedTimers(&options, &kernel)
    manager = Manager(options, now: now)
    _ = wallClock.step(now)
    control = ControlServer(ownUID: configuration.ownUID, groupID: configuration.controlGroupID)
    preparation = SpawnPreparation(
      environment: configuration.environment, ownUID: configuration.ownUID, ownGID: configuration.ownGID)
    self.configuration = configuration
    self.kernel = kernel
  }

  /// Boots. Without units, they are read in the loop, when the host is prepared.
  public mutating func start(_ loaded: LoadedUnits?) {
    if let loaded { boot(loaded) } else { loadQueue.append(.boot) }
  }

  /// Turns until the end; the exit status.
  public mutating func run() -> UInt8 {
    while true {
      if let status = exitStatus { return status }
      turn()
    }
  }

  /// Hands the loaded units to the manager and does what it says.
  public mutating func boot(_ loaded: LoadedUnits) {
    now = kernel.now()
    manager.boot(loaded, now: now, effects: &effects)
    #if !hasFeature(Embedded)
    observer?.after(nil, effects, manager, now)
    #endif
    performAll()
  }

  // MARK: A turn

  /// When the next turn must come even if nothing happens.
  var nextWake: Instant {
    if !pending.isEmpty || !requests.isEmpty || loader != nil || mayHaveMoreToReap || mayHaveMoreSignals { return .zero }
    if !loadQueue.isEmpty && !isPreparingHost { return .zero }
    if canSpawn || stamps.areWaiting || (sweepBy != nil && stamps.isIdle) { return .zero }
    var helpersWake = min(helpers.wake(isRoom: beforeExec < Self.spawnLimit), sweepBy ?? .never)
    if lacksDescriptors && !spawnQueue.isEmpty { helpersWake = min(helpersWake, now.instant + Self.descriptorsWait) }
    return min(min(deadlines.next, min(mainPIDs.wake, helpersWake)), min(sweeper.wake, control.wake))
  }

  /// Waits once, then collects and handles what came, in the order of the type's comment.
  public mutating func turn() {
    ready.empty(keepingAtMost: 64)
    kernel.watchWall(wallClock.watched)
    kernel.wait(until: nextWake, into: &ready)
    now = kernel.now()
    turns &+= 1

    var came = Collection()
    collect(&came)
    lacksDescriptors = false
    tellClockAndZone()

    handleAnswers()
    #if PLANTED
    if plantedBug == 2 { (came.reports, came.exits) = (came.exits, came.reports) }
    #endif
    for event in came.reports { handle(event) }
    handle(came.notes)
    for event in came.exits { handle(event) }
    // What is armed for the past by a deadline's own handling must not keep the turn from its end.
    for _ in 0..<Self.deadlineLimit {
      guard exitStatus == nil, let deadline = deadlines.popDue(now.instant) else { break }
      handle(.deadline(deadline))
    }
    for _ in 0..<Self.deadlineLimit {
      guard exitStatus == nil, let deadline = wallClock.popDue(now.wall) else { break }
      handle(.deadline(deadline))
    }
    for event in came.signals { handle(event) }
    // What is answered by now needs no further turn: who has left makes room before others are let in, and a connection's
    // service is made and started in the turn that accepts it.
    handleEarlyAnswers()
    for event in came.traffic { handle(event) }
    handleEarlyAnswers()
    serveClients()
    continueLoading()
    continueSpawning()
    handleEarlyAnswers()
    continueHelpers()
    beginFinalSweep()
    sweeper.step(now: now.instant, children, &kernel, &pending)
    mainPIDs.step(now: now.instant, children, &kernel, &pending)
    if exitStatus != nil { control.closeAll(&kernel) }
  }

  private mutating func handleEarlyAnswers() {
    for _ in 0..<Self.answerRounds where !pending.isEmpty && exitStatus == nil { handleAnswers() }
  }

  private mutating func handleAnswers() {
    let answers = pending
    pending.empty(keepingAtMost: 64)
    for event in answers { handle(event) }
  }

  /// What a turn has collected, each kind in the order of its coming.
  struct Collection {
    var reports: [Event] = []
    var notes: [Note] = []
    var exits: [Event] = []
    var signals: [Event] = []
    var traffic: [Event] = []
  }

  mutating func collect(_ came: inout Collection) {
    var isMembership = false
    var hasSignals = false
    for item in ready {
      switch item {
      case .execReport(let pid): collectReport(pid, &came.reports)
      case .membership: isMembership = true
      case .signals: hasSignals = true
      case .notify(let unit): drainNotify(unit, limit: Self.notifyLimit, &came.notes)
      case .readyReport(let pid): collectReady(pid, &came.notes)
      case .descriptorHungUp(let id): hungUp(id, &came.notes)
      case .pathChanged(.zone): wallClock.zoneMayHaveChanged = true
      case .clockStepped: wallClock.isStepped = true
      case .pathChanged(let unit): mainPIDs.pathChanged(unit, children, &kernel, &pending)
      case .processEnded(let pid):
        // Nobody tells how a process ended that is no child.
        while let key = children.takeFollowed(pid) { came.exits.append(.exited(key, .exited(0))) }
      case .traffic(let unit, let id): collectTraffic(unit, id, &came.traffic)
      case .pathHit(let unit, let index, let match):
        if let run = watchedPaths[unit] { came.traffic.append(.pathHit(unit, run: run, index: index, match: match)) }
      case .listener, .readable, .writable, .wallClock: break
      }
    }
    if hasSignals || mayHaveMoreToReap || mayHaveMoreSignals {
      #if PLANTED
      if plantedBug == 13 { reapAll(&came) }
      #endif
      // The doorbell first: a child that dies between the last reap and the reading of its SIGCHLD would be lost.
      while came.signals.count < Self.signalLimit, let signal = kernel.nextSignal() { came.signals.append(.signal(signal)) }
      mayHaveMoreSignals = came.signals.count == Self.signalLimit
      #if PLANTED
      if plantedBug == 13 { return }
      #endif
      reapAll(&came)
    }
    if isMembership { sweeper.somethingDied(now: now.instant) }
  }

  mutating func reapAll(_ came: inout Collection) {
    var count = 0
    while count < Self.reapLimit, let child = kernel.reap() {
      count += 1
      guard let known = children.find(child.pid) else {
        if case .ended(let status) = child.kind, !helperEnded(child.pid, status) { mainPIDs.ended(child.pid, status) }
        continue
      }
      switch child.kind {
      case .stopped(let signal): came.exits.append(.stopped(known.key, signal))
      case .ended(let status):
        if !known.isReported { collectReport(child.pid, &came.reports, isLast: true) }
        collectLastWords(child.pid, known.key, status, &came)
        children.remove(child.pid)
        #if PLANTED
        let isLost = plantedBug == 12 && child.pid == lastReaped
        lastReaped = child.pid
        if isLost { continue }
        #endif
        came.exits.append(.exited(known.key, status))
      }
    }
    mayHaveMoreToReap = count == Self.reapLimit
    if count > 0 { sweeper.somethingDied(now: now.instant) }
  }

  /// What a child may have said before it ended, and what the kernel says of its end.
  private mutating func collectLastWords(_ pid: Int32, _ key: ProcessKey, _ status: ExitStatus, _ came: inout Collection) {
    if readyKeys[pid] != nil { collectReady(pid, &came.notes) }
    if notifiers[key.invocation.unit] != nil { drainNotify(key.invocation.unit, limit: Self.lastNotifyLimit, &came.notes) }
    if status == .killed(.kill), ranOutOfMemory(key.invocation) { came.exits.append(.outOfMemory(key)) }
  }

  /// Whether the kernel's counter has grown: a later SIGKILL from somebody else is no want of memory.
  private mutating func ranOutOfMemory(_ invocation: Invocation) -> Bool {
    #if PLANTED
    if plantedBug == 35 { return false }
    #endif
    let kills = kernel.outOfMemoryKills(invocation)
    if kills <= outOfMemoryKills[invocation] ?? 0 { return false }
    outOfMemoryKills[invocation] = kills
    return true
  }

  mutating func collectReport(_ pid: Int32, _ reports: inout [Event], isLast: Bool = false) {
    guard let child = children.find(pid) else { return collectHelperReport(pid) }
    if child.isReported { return }
    switch kernel.execReport(pid) {
    case .pending: if !isLast { return }
    case .executed: reports.append(.executed(child.key))
    case .failed(let stage, let errno, let detail):
      reports.append(.execFailed(child.key, execFailure(child.request.value, stage, errno, detail, ownUID: configuration.ownUID)))
    }
    children.markReported(pid)
  }

  mutating func handle(_ event: Event) {
    guard exitStatus == nil else { return }
    #if !hasFeature(Embedded)
    observer?.before(event, manager)
    #endif
    manager.handle(event, now: now, effects: &effects)
    #if !hasFeature(Embedded)
    observer?.after(event, effects, manager, now)
    #endif
    performAll()
  }

  mutating func serveClients() {
    for item in ready {
      switch item {
      case .listener: control.accept(now: now.instant, &kernel)
      case .readable(let id): control.readable(id, now: now.instant, &kernel, &requests)
      case .writable(let id): control.writable(id, now: now.instant, &kernel, &requests)
      case .signals, .execReport, .membership, .notify, .pathChanged, .processEnded, .readyReport, .descriptorHungUp, .wallClock,
        .clockStepped, .traffic, .pathHit:
        break
      }
    }
    if control.wake <= now.instant { control.dropIdle(now: now.instant, &kernel) }
    // Answers may take further requests of the same client: those are the next turn's.
    let taken = requests
    requests.empty(keepingAtMost: 64)
    for (id, request) in taken { handle(.request(id, request)) }
  }

  // MARK: Loading

  mutating func continueLoading() {
    if loader == nil, let purpose = loadQueue.first {
      if preparesHost(for: purpose) { return }
      isHostPrepared = false
      loader = Loader(
        loadQueue.removeFirst(), configuration, known: manager.namesOfUnitPath, host: HostFactsReader.read(configuration, &kernel))
    }
    guard loader != nil else { return }
    let end = now.instant + Self.loadSlice
    repeat {
      if let purpose = loader?.purpose, let loaded = loader?.step(&kernel) {
        loader = nil
        if purpose.isBoot { return finishBoot(loaded) }
        handle(.loaded(purpose, loaded))
        return
      }
    } while kernel.now().instant < end
  }
}
