#if !EMBEDDED
import Model
import Runtime

/// The virtual world: clocks, process table, files, clients, and the one seed that chooses what happens. `SimulatedKernel`
/// is apus's window on it; the scenario and the checkers look at it from outside.
///
/// Time jumps only inside `wait`; within a turn it creeps. At every call of the kernel the world may move first, so that
/// processes act between any two of apus's calls.
public final class World {
  var random: SeededRandom
  public internal(set) var faults: Faults
  public var journal = Journal()

  // Clocks
  /// Monotonic, nanoseconds.
  public internal(set) var clock: Int64 = 5_000_000_000
  /// What the wall clock was stepped by, microseconds.
  public internal(set) var wallStep: Int64 = 0
  static let wallBase: Int64 = 1_795_000_000_000_000
  var agenda = Agenda()
  /// What apus watches on the wall clock, stamps, and zones.
  public var wall = VirtualWall()

  // Processes
  /// Sorted by pid.
  var table: [VirtualProcess] = []
  var bySerial: [UInt64: VirtualProcess] = [:]
  var nextSerial: UInt64 = 1
  let ownPID: Int32
  public let isInit: Bool
  public internal(set) var containmentMode: Containment
  let pidMax: Int32
  var nextPID: Int32
  /// Freed pids, the latest last.
  var freed: [Int32] = []
  var pipes: [ExecPipe] = []
  public internal(set) var burials: [Burial] = []
  /// Every process that apus made, by its key.
  var births: [ProcessKey: Int32] = [:]
  /// Processes that SIGKILL reached.
  public internal(set) var killsSent = 0
  /// Leaders of the main processes' groups.
  var mainGroups: [Invocation: Int32] = [:]
  var emptied: [Invocation] = []
  var forgotten: Set<Invocation> = []
  /// All children of fork bombs in this run; bounded, so that a run ends.
  var bombBirths = 0
  static let maximumBombBirths = 600
  var forkOutageUntil: Int64 = 0
  /// Children made by apus, all told.
  public internal(set) var spawned = 0
  /// How many processes of a service were alive at most, for the coverage report.
  public internal(set) var mostAlive = 0

  // What services say
  var sockets: [VirtualSocket] = []
  var nextDescriptor: UInt32 = 0
  /// Descriptors that apus was given and has not closed.
  public internal(set) var heldDescriptors: [DescriptorID] = []
  var openFiles: [OpenFile] = []
  var watchedDescriptors: [DescriptorID] = []
  var hungUp: [DescriptorID] = []
  var watchedPaths: [(unit: UnitID, path: Bytes)] = []
  var changedPaths: [UnitID] = []
  var watchedProcesses: [(pid: Int32, serial: UInt64)] = []
  var endedProcesses: [Int32] = []
  /// Told in this turn.
  var toldEnds: [Int32] = []
  var readyPipes: [ReadyPipe] = []

  // What sockets and paths wait for
  var listeners: [VirtualListener] = []
  /// Accepted by apus, and not closed.
  var connections: [DescriptorID] = []
  var nextConnection: UInt64 = 0
  /// No connection can be accepted until then.
  var shortUntil: Int64 = 0
  var pathWatches: [VirtualPathWatch] = []
  var pathsWithEvent: [UnitID] = []

  /// By want of memory, of each run: the kernel's own counter.
  var outOfMemoryKills: [Invocation: UInt64] = [:]
  /// Children of apus among them, and in which turn.
  var memoryVictims: [(key: ProcessKey, turn: Int)] = []
  /// Datagrams that apus has taken, by unit: who sent each, and whether that one was still alive.
  var delivered: [(unit: UnitID, pid: Int32, tag: Invocation?, isLive: Bool)] = []
  /// What was said of whom a PID file belongs to.
  var trustTold: [(path: Bytes, trust: PIDFileTrust)] = []
  /// Rare things that happened in this life, each once.
  public internal(set) var occasions: [StaticString] = []

  // Signals of apus
  var childSignal = false
  var signals: [ReceivedSignal] = []

  // Files
  public var files = VirtualFiles()
  /// Off while apus starts: a file that cannot be read then ends the run at once.
  public var readFaultsAreOn = false

  // Clients
  var clients: [VirtualClient] = []
  var nextClient: UInt32 = 0
  /// Connected, not yet accepted.
  var backlog: [UInt32] = []
  /// Told when a connection is over, from whichever side.
  public var onClientEnd: ((VirtualClient) -> Void)? = nil

  // Messages
  public internal(set) var said: [Bytes] = []
  public internal(set) var notified: [Bytes] = []

  // Turns
  /// Calls of `wait` so far.
  public internal(set) var turns = 0
  /// Calls of any kind since the last `wait`.
  var callsThisTurn = 0
  /// Those but `now` and `wait`.
  var workThisTurn = 0
  public internal(set) var lastWake = Wake()
  /// When apus woke from its last long oversleep: clients may have run into their limits meanwhile.
  var lastLongSleep: Int64 = 0
  /// Nothing would ever happen again: no deadline, no entry on the agenda.
  public internal(set) var isStuck = false
  /// Told when an intervention is due.
  public var onIntervention: (() -> Void)? = nil
  /// The first broken rule, by checker.
  public internal(set) var violation: Violation? = nil
  /// Checkers that are switched off.
  public var silenced: Set<String> = []
  /// Ends a turn that never ends (apus's loop cannot be left from a kernel call).
  public var onEndlessTurn: ((Violation) -> Never)? = nil

  public init(seed: UInt64) {
    random = SeededRandom(seed: seed)
    faults = Faults(random: &random)
    isInit = random.chance(perMille: 600)
    ownPID = isInit ? 1 : 700 + Int32(random.below(100))
    containmentMode = [.cgroup, .tag, .group][random.weighted([45, 45, 10])]
    // Small tables wrap soon; 400 is the least that the scenario's processes fit into.
    pidMax = [900, 4000, 32768][random.below(3)]
    nextPID = ownPID + 1
  }

  /// Appends to the trace and its hash.
  func note(_ what: StaticString, _ first: Int64 = 0, _ second: Int64 = 0, _ text: Bytes = []) {
    journal.add(at: clock, what, first, second, text)
  }

  /// Something that a run of many seeds must have seen.
  func happened(_ what: StaticString) {
    if !occasions.contains(where: { "\($0)" == "\(what)" }) { occasions.append(what) }
  }

  /// Whether a fault strikes now.
  func strikes(_ what: StaticString, perMille rate: Int) -> Bool {
    guard random.chance(perMille: rate) else { return false }
    happened(what)
    return true
  }

  /// A rule is broken. Only the first counts: what follows is mostly its consequence.
  public func violate(_ checker: StaticString, _ detail: Bytes) {
    guard violation == nil, !silenced.contains("\(checker)") else { return }
    violation = Violation(checker: "\(checker)", detail: detail.shown)
    note("VIOLATION", 0, 0, Bytes(checker) + ": " + detail)
  }

  // MARK: Time

  static let maximumCallsPerTurn = 400_000

  /// Runs at the start of every call of the kernel.
  func enter(isWork: Bool = true) {
    callsThisTurn += 1
    if isWork { workThisTurn += 1 }
    if callsThisTurn > World.maximumCallsPerTurn {
      violate("endless-turn", "more calls in one turn than \(World.maximumCallsPerTurn)".bytes)
      if let onEndlessTurn, let violation { onEndlessTurn(violation) }
    }
    clock += 1 + random.within(0...3000)
    runDue()
    if random.chance(perMille: faults.hurry), let next = agenda.next, next < clock + 20_000_000 {
      perform(agenda.removeFirst())
    }
  }

  func runDue() {
    while let next = agenda.next, next <= clock { perform(agenda.removeFirst()) }
  }

  func perform(_ act: Act) {
    switch act {
    case .process(let serial, let step):
      if let process = bySerial[serial] { move(process, step) }
    case .client(let id): moveClient(id)
    case .hangUp(let id): hangUp(id)
    case .traffic(let id): arrive(id)
    case .connectionEnds(let id, let number): connectionEnds(id, number)
    case .pathEvent(let unit): pathEvent(unit)
    case .fileGoes(let path): fileGoes(path)
    case .intervention: onIntervention?()
    }
  }

  public func schedule(_ act: ScenarioAct, afterNanoseconds delay: Int64) {
    switch act {
    case .intervention: agenda.add(.intervention, at: clock + delay)
    }
  }

  func later(_ act: Act, ms: Int64) { agenda.add(act, at: clock + ms * 1_000_000 + random.within(0...900_000)) }
  func soon(_ act: Act) { agenda.add(act, at: clock + random.within(0...400_000)) }

  public var now: Now {
    Now(instant: Instant(nanoseconds: clock), wall: WallTime(microseconds: World.wallBase + clock / 1000 + wallStep))
  }

  // MARK: What the scenario does to apus

  public func raise(_ signal: Signal, fromKernel: Bool = false) {
    // A pending standard signal is pending once.
    for pending in signals where pending.signal == signal && signal.number < 32 { return }
    signals.append(ReceivedSignal(signal, fromKernel: fromKernel))
    note("signal-to-apus", Int64(signal.number))
  }

  public func stepWallClock(byMicroseconds step: Int64) {
    wallStep += step
    if wall.watched != nil { wall.isStepTold = false }
    note("clock-step", step)
  }

  public func failForks(forMs span: Int64) {
    forkOutageUntil = clock + span * 1_000_000
    note("fork-outage", span)
  }
}

/// What a scenario may put on the agenda.
public enum ScenarioAct { case intervention }

/// Why `wait` returned last.
public struct Wake: Sendable {
  public var deadline = Instant.never
  public var enteredAt: Int64 = 0
  public var leftAt: Int64 = 0
  public var ready = 0
  public var isSpurious = false
}

/// A broken rule.
public struct Violation: Error, Sendable {
  public var checker: String
  public var detail: String
}

struct ExecPipe {
  var pid: Int32
  var serial: UInt64
  var report: ExecReport
  /// Nobody is woken for it.
  var isQuiet = false
}

extension String {
  var bytes: Bytes { Bytes(utf8) }
}
#endif
