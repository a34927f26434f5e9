import Model

/// One service: inputs in, effects out (units.md c.1–c.7). The prose of the states stands in ServiceState.swift.
///
/// `handle` books what arrived (who ended and how, who said what), then makes one step of the table in ServiceTable.swift.
/// The table is grouped by state, names what it ignores, and has no `default`: a new state or step stops the build at every
/// cell. What its cells do stands in ServiceStart, ServiceReload, ServiceStop and ServiceEnd: they say what they do and never
/// branch on the state.
public final class ServiceMachine: @unchecked Sendable {
  /// A process that was asked for and has not ended. `pid` is 0 until it is spawned.
  public struct LiveProcess: Equatable, Sendable {
    public var key: ProcessKey
    public var pid: Int32 = 0
    public var startedAt: WallTime
    public var execError: Bytes = []
  }

  public internal(set) var state = ServiceState.dead
  public internal(set) var result = ServiceResult.success
  public internal(set) var main: LiveProcess? = nil
  public internal(set) var control: LiveProcess? = nil
  /// The run that is under way, or the last one; 0 before the first.
  public internal(set) var invocation: UInt32 = 0
  public internal(set) var lastMainExit: ExitReport? = nil
  /// Of any role: what `status` names first.
  public internal(set) var lastExit: ExitReport? = nil
  /// NRestarts: automatic restarts since the last manual start.
  public internal(set) var restarts: UInt32 = 0
  public internal(set) var backoff = Backoff()
  /// When the pending restart is due, and its delay; only in auto-restart.
  public internal(set) var restartAt = Instant.never
  public internal(set) var restartDelay = TimeSpan.zero
  /// The end that set `result`: what came after it is consequence.
  public internal(set) var culprit: ExitReport? = nil
  /// Why the last spawn was not made.
  public internal(set) var lastError: Bytes = []
  /// Where the main process is known from, and what is still to be found out about it.
  var search = MainSearch()
  /// What the service said of itself in this run.
  public internal(set) var said = NotifyBook()
  /// Descriptors that the service gave into keeping, oldest first; they outlive runs (`FileDescriptorStorePreserve=`).
  public internal(set) var store: [PassedDescriptor] = []
  var probing = ProbeBook()
  /// Armed deadlines, for EXTEND_TIMEOUT_USEC=; `.never`: not armed.
  var stateDeadlineAt = Instant.never
  var runtimeDeadlineAt = Instant.never
  var watchdogAt = Instant.never
  /// When the reload under way was asked for, and how its command ended.
  var reloadAskedAt = Instant.zero
  var reloadResult = ServiceResult.success
  /// HealthAction=restart, or a socket's address is taken at present: Restart= is not asked.
  var restartsAnyway = false
  /// The last run that left processes behind; 0: none did, or they are gone.
  var leftBehind: UInt32 = 0
  /// A start waits for the answer whether they still live.
  var countsLeftovers = false
  /// Since when the service was ready, until it ended.
  var runningSince: Instant? = nil
  /// How long the last run was healthy; nil if it never got there.
  var uptime: TimeSpan? = nil
  /// A stop was asked for: no automatic restart (systemd's forbid_restart).
  var stoppedByRequest = false
  /// Nobody of the invocation is left, and nobody was spawned since that was seen.
  var isVerifiedEmpty = true
  /// The kill whose answer decides how to go on.
  var awaitedKill: UInt32? = nil
  /// It means everybody of the run, so that its answer tells whether anybody is there.
  var awaitsWhole = false
  var killNumber: UInt32 = 0
  /// Terminating passes in a row that found members and reached none of them.
  var timesAsked = 0
  static let timesAskedMax = 2
  var spawnSerial: UInt32 = 0
  /// Index of the running command in its list.
  var mainIndex = 0
  var controlIndex = 0
  /// What the start brought: TRIGGER_UNIT and its kin.
  var startEnvironment: [Bytes] = []
  /// In a stop: its first timeout has run out, so whoever is killed from here on was late.
  var isLate = false

  public init() {}

  /// Books `input`, then steps. Inputs of another invocation never get here: the manager drops them.
  public func handle(_ input: ServiceInput, _ context: inout ServiceContext) {
    switch input {
    case .start(let cause): step(.start(cause), &context)
    case .stop:
      stoppedByRequest = true
      step(.stop, &context)
    case .reload: step(.reload, &context)
    case .idle: step(.idle, &context)
    case .spawned(let key, let pid): spawned(key, pid, &context)
    case .spawnFailed(let key, let failure): spawnFailed(key, failure, &context)
    case .executed(let key):
      if main?.key == key { step(.mainExecuted, &context) }
    case .execFailed(let key, let failure):
      if main?.key == key { main?.execError = failure.message }
      if control?.key == key { control?.execError = failure.message }
      context.message(.error, "cannot start: " + failure.message)
    case .exited(let key, let status):
      if let process = main, process.key == key {
        mainEnded(process, status, &context)
      } else if let process = control, process.key == key {
        controlExited(process, status, &context)
      } else if probing.process?.key == key {
        probeEnded(status, &context)
      }
    case .signalled(let order, let count, let anyLeft): signalled(order, count, anyLeft, &context)
    case .emptied:
      guard main == nil, control == nil, search.heldExit == nil else { return }
      isVerifiedEmpty = true
      step(.emptied, &context)
    case .left(let number, let count): left(number, count, &context)
    case .cleaned: step(.cleaned, &context)
    case .listeners(let result): step(.listeners(result), &context)
    case .notified(let message, let sender, let descriptors): notified(message, sender, descriptors, &context)
    case .mainPID(let source, let outcome): mainPIDAnswered(source, outcome, &context)
    // Closed without a newline says nothing: the end of the process, or the timeout, decides.
    case .readyLine(let key, let isReady): if isReady && isOfStart(key) { probedReady(&context) }
    case .descriptorHungUp(let id): forgetDescriptor(id, &context)
    case .oomKilled:
      context.message(.warning, "the kernel killed a process of it for want of memory")
      step(.oomKilled, &context)
    case .stateDeadline:
      stateDeadlineAt = .never
      step(.stateDeadline, &context)
    case .runtimeDeadline:
      runtimeDeadlineAt = .never
      step(.runtimeDeadline, &context)
    case .restartDeadline: step(.restartDeadline, &context)
    case .watchdogDeadline:
      guard watchdogAt != .never else { return }
      watchdogAt = .never
      context.message(.error, "watchdog: no WATCHDOG=1 in time")
      step(.watchdogMissed, &context)
    case .probeDeadline: probeDeadline(&context)
    }
  }
}
