import Model
import Supervision
import UnitFile

/// What the process's face decides before the first turn.
public struct SupervisorConfiguration: Sendable {
  public var manager = ManagerOptions()
  /// Folders, unit files and unit names of the command line.
  public var paths: [Bytes] = []
  /// apus's own environment as found.
  public var environment: [Bytes] = []
  public var ownUID: UInt32 = 0
  public var ownGID: UInt32 = 0
  /// `--control-group`
  public var controlGroupID: UInt32? = nil
  /// `--group`: signals for COMMAND go to its process group.
  public var forwardsToGroup = false
  /// In systemd's spelling, for `%a`.
  public var architecture: StaticString = "x86-64"
  public init() {}
}

/// The loop: collects what the kernel has, hands it to the manager in one fixed order, and performs what that decides.
///
/// A turn waits once. Collection: reap first, and for each reaped pid drain its exec pipe, so that a status can never be
/// handled before the report that belongs to it. Handling: answers to the last turn's effects, exec reports, exits,
/// deadlines, signals, control. Effects are performed as soon as the event that caused them is handled; what fails comes
/// back as an event of the next turn. Every loop has a bound; what is left over makes the next wait a mere look.
public struct Supervisor<K: Kernel> {
  /// Children reaped, signals read, and requests handled in one turn.
  static var reapLimit: Int { 1024 }
  static var signalLimit: Int { 64 }
  /// Children that have not executed yet (DESIGN section 5); more wait their turn.
  static var spawnLimit: Int { 64 }
  /// Of these, so many that main processes cannot take: a service that hangs before exec must not keep others from stopping.
  static var reservedSpawns: Int { 8 }
  /// Deadlines handled in one turn.
  static var deadlineLimit: Int { 128 }
  /// Files are read in slices of so long.
  static var loadSlice: TimeSpan { TimeSpan(milliseconds: 2) }

  public var kernel: K
  public private(set) var manager: Manager
  let configuration: SupervisorConfiguration
  private let preparation: SpawnPreparation
  private var deadlines = DeadlineHeap()
  private var children = ChildTable()
  private var sweeper = Sweeper()
  private var control: ControlServer
  private var loader: Loader? = nil
  private var loadQueue: [LoadPurpose] = []
  private var spawnQueue: [SpawnRequest] = []
  /// Answers to effects, for the next turn.
  private var pending: [Event] = []
  private var requests: [(RequestID, Request)] = []
  private var ready: [Readiness] = []
  private var effects: [Effect] = []
  private var mayHaveMoreToReap = false
  #if PLANTED
  private var lastReaped: Int32 = 0
  #endif
  /// Requests whose exec report has not come, for its failure's sentence.
  private var spawned: [ProcessKey: SpawnRequest] = [:]
  private var now: Now
  /// The pid of COMMAND, for forwarding.
  private var command: ProcessKey? = nil
  /// Set when nothing comes any more.
  public private(set) var exitStatus: UInt8? = nil
  #if !hasFeature(Embedded)
  package var observer: TurnObserver? = nil
  #endif

  public init(_ kernel: consuming K, _ configuration: SupervisorConfiguration) {
    var kernel = kernel
    now = kernel.now()
    var options = configuration.manager
    options.startedAt = now.instant
    if options.seed == 0 { options.seed = kernel.random() | 1 }
    manager = Manager(options, now: now)
    control = ControlServer(ownUID: configuration.ownUID, groupID: configuration.controlGroupID)
    preparation = SpawnPreparation(
      environment: configuration.environment, ownUID: configuration.ownUID, ownGID: configuration.ownGID)
    self.configuration = configuration
    self.kernel = kernel
  }

  /// Boots and turns until the end; the exit status.
  public mutating func run(_ loaded: LoadedUnits) -> UInt8 {
    boot(loaded)
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
    if !pending.isEmpty || !requests.isEmpty || loader != nil || !loadQueue.isEmpty || mayHaveMoreToReap { return .zero }
    if canSpawn { return .zero }
    return min(deadlines.next, min(sweeper.wake, control.wake))
  }

  /// One turn: wait, collect, handle, perform (DESIGN section 5).
  private var canSpawn: Bool {
    if children.unreported < Self.spawnLimit - Self.reservedSpawns { return !spawnQueue.isEmpty }
    if children.unreported >= Self.spawnLimit { return false }
    for request in spawnQueue where request.key.role != .main { return true }
    return false
  }

  /// Waits once, then collects and handles what came, in the order of the type's comment.
  public mutating func turn() {
    ready.removeAll(keepingCapacity: true)
    kernel.wait(until: nextWake, into: &ready)
    now = kernel.now()

    var reports: [Event] = []
    var exits: [Event] = []
    var signals: [Event] = []
    collect(&reports, &exits, &signals)

    let answers = pending
    pending.removeAll(keepingCapacity: true)
    for event in answers { handle(event) }
    #if PLANTED
    if plantedBug == 2 { (reports, exits) = (exits, reports) }
    #endif
    for event in reports { handle(event) }
    for event in exits { handle(event) }
    // What is armed for the past by a deadline's own handling must not keep the turn from its end.
    for _ in 0..<Self.deadlineLimit {
      guard exitStatus == nil, let deadline = deadlines.popDue(now.instant) else { break }
      handle(.deadline(deadline))
    }
    for event in signals { handle(event) }
    serveClients()
    continueLoading()
    continueSpawning()
    sweeper.step(now: now.instant, children, &kernel, &pending)
    if exitStatus != nil { control.closeAll(&kernel) }
  }

  private mutating func collect(_ reports: inout [Event], _ exits: inout [Event], _ signals: inout [Event]) {
    var isMembership = false
    for item in ready {
      switch item {
      case .execReport(let pid): collectReport(pid, &reports)
      case .membership: isMembership = true
      case .signals, .listener, .readable, .writable, .notify, .pathChanged, .processEnded, .readyReport, .descriptorHungUp: break
      }
    }
    if ready.contains(.signals) || mayHaveMoreToReap {
      #if PLANTED
      if plantedBug == 13 { reapAll(&reports, &exits) }
      #endif
      // The doorbell first: a child that dies between the last reap and the reading of its SIGCHLD would be lost.
      for _ in 0..<Self.signalLimit {
        guard let signal = kernel.nextSignal() else { break }
        signals.append(.signal(signal))
      }
      #if PLANTED
      if plantedBug == 13 { return }
      #endif
      reapAll(&reports, &exits)
    }
    if isMembership { sweeper.somethingDied(now: now.instant) }
  }

  private mutating func reapAll(_ reports: inout [Event], _ exits: inout [Event]) {
    var count = 0
    while count < Self.reapLimit, let child = kernel.reap() {
      count += 1
      guard let known = children.find(child.pid) else { continue }
      switch child.kind {
      case .stopped(let signal): exits.append(.stopped(known.key, signal))
      case .ended(let status):
        if !known.isReported { collectReport(child.pid, &reports, isLast: true) }
        children.remove(child.pid)
        #if PLANTED
        let isLost = plantedBug == 12 && child.pid == lastReaped
        lastReaped = child.pid
        if isLost { continue }
        #endif
        exits.append(.exited(known.key, status))
      }
    }
    mayHaveMoreToReap = count == Self.reapLimit
    if count > 0 { sweeper.somethingDied(now: now.instant) }
  }

  private mutating func collectReport(_ pid: Int32, _ reports: inout [Event], isLast: Bool = false) {
    guard let child = children.find(pid), !child.isReported else { return }
    switch kernel.execReport(pid) {
    case .pending: if !isLast { return }
    case .executed: reports.append(.executed(child.key))
    case .failed(let stage, let errno, let detail):
      reports.append(.execFailed(child.key, execFailure(spawned[child.key], stage, errno, detail, ownUID: configuration.ownUID)))
    }
    children.markReported(pid)
    spawned[child.key] = nil
  }

  private mutating func handle(_ event: Event) {
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

  private mutating func serveClients() {
    for item in ready {
      switch item {
      case .listener: control.accept(now: now.instant, &kernel)
      case .readable(let id): control.readable(id, now: now.instant, &kernel, &requests)
      case .writable(let id): control.writable(id, now: now.instant, &kernel, &requests)
      case .signals, .execReport, .membership, .notify, .pathChanged, .processEnded, .readyReport, .descriptorHungUp: break
      }
    }
    if control.wake <= now.instant { control.dropIdle(now: now.instant, &kernel) }
    // Answers may take further requests of the same client: those are the next turn's.
    let taken = requests
    requests.removeAll(keepingCapacity: true)
    for (id, request) in taken { handle(.request(id, request)) }
  }

  // MARK: Loading

  private mutating func continueLoading() {
    if loader == nil, !loadQueue.isEmpty {
      loader = Loader(loadQueue.removeFirst(), paths: configuration.paths, host: HostFactsReader.read(configuration, &kernel))
    }
    guard loader != nil else { return }
    let end = now.instant + Self.loadSlice
    repeat {
      if let purpose = loader?.purpose, let loaded = loader?.step(&kernel) {
        loader = nil
        handle(.loaded(purpose, loaded))
        return
      }
    } while kernel.now().instant < end
  }

  // MARK: Effects

  private mutating func performAll() {
    // Performing never handles an event, so the list does not change under the loop.
    for effect in effects { perform(effect) }
    effects.removeAll(keepingCapacity: true)
  }

  private mutating func perform(_ effect: Effect) {
    switch effect {
    case .spawn(let request): spawnQueue.append(request)
    case .kill(let order):
      cancelQueued(order)
      sweeper.kill(order, now: now.instant, children, &kernel, &pending)
    case .watchEmpty(let invocation): sweeper.watchEmpty(invocation, now: now.instant)
    case .countLeft(let invocation): sweeper.countLeft(invocation, children, &kernel, &pending)
    case .forget(let invocation):
      sweeper.forget(invocation)
      kernel.forget(invocation)
    case .arm(let deadline, let at): deadlines.arm(deadline, at: at)
    case .disarm(let key): deadlines.disarm(key)
    case .reply(let id, let reply): control.reply(id, completed(reply), now: now.instant, &kernel, &requests)
    case .message(let severity, let text): say(severity, text)
    case .table(let bytes): kernel.say(bytes)
    // Of SIGHUPs that wait one is enough: it reads what is there when its turn comes.
    case .load(let purpose): if purpose != .applyBySignal || !loadQueue.contains(purpose) { loadQueue.append(purpose) }
    case .notify(let bytes): kernel.notify(bytes)
    case .forward(let signal): forward(signal)
    case .commandStopped(let signal):
      if let command, let pid = children.pid(of: command) {
        // Under a shell a wrapper stops with what it wraps; with services, or as PID 1, nobody would continue it.
        kernel.commandStopped(pid, signal, suspendSelf: configuration.manager.isWrapper && !kernel.isInit)
      }
    case .takeTerminalBack: kernel.takeTerminalBack()
    case .check, .clean, .findMainPID, .stopFindingMainPID, .adopt, .closeDescriptors, .watchDescriptor, .closeNotify: break
    case .finalSweep: sweeper.finalSweep(now: now.instant, &kernel)
    case .leave(let status): exitStatus = status
    }
  }

  private mutating func forward(_ signal: Signal) {
    guard let command, let pid = children.pid(of: command) else { return forwardToQueued(signal) }
    if configuration.forwardsToGroup { _ = kernel.signalGroup(ofChild: pid, signal) } else { _ = kernel.signalChild(pid, signal) }
  }

  /// A report with what only the kernel knows: by what a service's processes are found.
  private func completed(_ reply: Reply) -> Reply {
    func filled(_ report: UnitReport) -> UnitReport {
      guard report.type == .service else { return report }
      var report = report
      report.containment = kernel.containment(ofOwnRTTime: false)
      return report
    }
    switch reply {
    case .unit(let report): return .unit(filled(report))
    case .units(let reports): return .units(reports.map(filled))
    case .job, .done, .plan, .failed: return reply
    }
  }

  private mutating func say(_ severity: Severity, _ text: Bytes) {
    var line = Bytes("apus: ")
    if severity != .notice { line += Bytes(severity.name) + ": " }
    line += text
    line.append(10)
    kernel.say(line)
  }
}

// MARK: - Spawning

extension Supervisor {
  /// A kill that reaches a command which was not spawned yet: it never is, and its end is what the signal would have done.
  private mutating func cancelQueued(_ order: KillOrder) {
    guard !spawnQueue.isEmpty else { return }
    spawnQueue = spawnQueue.filter { request in
      guard request.key.invocation == order.invocation else { return true }
      guard request.key.role == .main ? order.main : order.control else { return true }
      pending += [.spawned(request.key, pid: 0), .exited(request.key, .killed(order.signal))]
      return false
    }
  }

  /// COMMAND was not spawned yet: a signal that would end it does.
  private mutating func forwardToQueued(_ signal: Signal) {
    guard signal == .terminate || signal == .interrupt || signal == .quit || signal == .kill,
      let index = spawnQueue.firstIndex(where: { $0.inheritsEverything })
    else { return }
    let key = spawnQueue.remove(at: index).key
    pending += [.spawned(key, pid: 0), .exited(key, .killed(signal))]
  }

  private mutating func continueSpawning() {
    guard !spawnQueue.isEmpty else { return }
    var waiting: [SpawnRequest] = []
    for request in spawnQueue {
      let limit = request.key.role == .main ? Self.spawnLimit - Self.reservedSpawns : Self.spawnLimit
      if children.unreported < limit { spawn(request) } else { waiting.append(request) }
    }
    spawnQueue = waiting
  }

  private mutating func spawn(_ request: SpawnRequest) {
    switch preparation.plan(request, &kernel) {
    case .failure(let failure): pending.append(.spawnFailed(request.key, failure))
    case .success(let plan):
      switch kernel.spawn(plan) {
      case .started(let pid):
        children.add(pid, request.key)
        if request.inheritsEverything { command = request.key }
        spawned[request.key] = request
        pending.append(.spawned(request.key, pid: pid))
      case .failed(let errno):
        pending.append(.spawnFailed(request.key, SpawnFailure(errno: errno, message: text("fork: \(errorText(errno))"))))
      }
    }
  }
}
