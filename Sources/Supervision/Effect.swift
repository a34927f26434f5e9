import Model

/// The only door out of Supervision: what is to be done. What fails comes back as an `Event` of the next turn.
public indirect enum Effect: Equatable, Sendable {
  /// Answered by `.spawned` or `.spawnFailed`.
  case spawn(SpawnRequest)
  /// Answered by `.signalled` with its number, then by `.emptied` if `others` and anybody was left.
  case kill(KillOrder)
  /// Answered by `.emptied`, at once if nobody is left.
  case watchEmpty(Invocation)
  /// Answered by `.left`.
  case countLeft(Invocation)
  /// The invocation is over: nobody asks about it any more (its cgroup may go when it is empty).
  case forget(Invocation)
  /// The conditions and asserts of a start that is about to begin; answered by `.checked` with the same number.
  case check(CheckRequest)
  /// Removes what a run leaves behind, trees included, and never follows a link; of a path behind `file:` only what is no
  /// folder. Answered by `.cleaned`.
  case clean(Invocation, paths: [Bytes])
  /// Looks for a main PID that apus did not fork; answered by `.mainPID`. With `waits` (PID file only) it is looked for
  /// again whenever something changes there, until `.stopFindingMainPID`.
  case findMainPID(Invocation, MainPIDQuery, waits: Bool)
  case stopFindingMainPID(Invocation)
  /// From here on that process is followed under this key: `.exited` comes when it ends. One that is no child of apus has
  /// no status: it comes as `.exited(0)`.
  case adopt(ProcessKey, pid: Int32)
  /// Descriptors of a datagram or of the store that nobody wants any more.
  case closeDescriptors([DescriptorID])
  /// Report when the other end of a stored descriptor goes (`.descriptorHungUp`).
  case watchDescriptor(UnitID, DescriptorID)
  /// The unit's notify socket is not needed any more (the unit is forgotten).
  case closeNotify(UnitID)
  /// Replaces an earlier deadline of the same key.
  case arm(Deadline, at: Instant)
  /// On the wall clock; while one is armed, be it for `.never`, steps of the clock are told (`.clockStepped`).
  case armWall(Deadline, at: WallTime)
  case disarm(DeadlineKey)
  /// Persistent=: when did the unit's timer last run? Without a stamp one is made. Answered by `.stamp`.
  case readStamp(UnitID, name: Bytes)
  case writeStamp(UnitID, name: Bytes, at: WallTime)
  /// Opens what a `.socket` listens on; answered by `.listening`.
  case listen(ListenRequest)
  /// From now on traffic is told, until `.unwatchListener`; `accepts`: as connections.
  case watchListener(UnitID, DescriptorID, accepts: Bool)
  case unwatchListener(DescriptorID)
  /// What waits there is read, or accepted and closed (FlushPending=); of a connection that is refused, what was sent.
  case flushListener(DescriptorID)
  /// Names of file nodes and links to them go, and message queues (their names have no slash before them); what is no socket,
  /// FIFO, link or queue stays.
  case removeNodes([Bytes])
  /// A file of at most 4 KiB goes to a peer, as far as that takes it without waiting.
  case sendFile(DescriptorID, path: Bytes)
  /// Established connections of these listeners, and whether there was any traffic since the last question; answered by
  /// `.connections`.
  case countConnections(UnitID, run: UInt32, [DescriptorID])
  /// An instance of the template that this socket unit's connections get, by name; answered by `.instantiated`.
  case instantiate(UnitID, template: UnitName, name: UnitName)
  /// Watches what a `.path` waits for, in the place of what was watched for it before. With `looks`, what holds already is told
  /// at once. Answered by `.pathHit` again and again, or by `.pathsFailed`.
  case watchPaths(UnitID, run: UInt32, [PathSpec], makesDirectory: UInt32?, looks: Bool)
  case unwatchPaths(UnitID)
  /// The one answer to a request.
  case reply(RequestID, Reply)
  /// One line of apus's own, without newline.
  case message(Severity, Bytes)
  /// Lines for stderr as they are (the status table of SIGUSR1).
  case table(Bytes)
  /// Read all files; answered by `.loaded`.
  case load(LoadPurpose)
  /// To apus's own NOTIFY_SOCKET, `READY=1\n…`.
  case notify(Bytes)
  /// To COMMAND's process, or with `--group` to its group.
  case forward(Signal)
  /// COMMAND was stopped: continue it (with services or as PID 1), or stop with it (a plain wrapper under a shell).
  case commandStopped(Signal)
  /// COMMAND ended: terminal settings and foreground come back to apus.
  case takeTerminalBack
  /// Answered by `.swept`.
  case finalSweep
  /// Nothing comes after it.
  case leave(status: UInt8)
}

/// One command to be run.
public struct SpawnRequest: Equatable, Sendable {
  public var key: ProcessKey
  /// The unit's name (or NAME#N), for messages.
  public var unitName: Bytes
  public var command: ExecCommand
  public var exec: ExecSettings
  /// What the role adds: MAINPID, SERVICE_RESULT, TRIGGER_UNIT …, `NAME=value`.
  public var environment: [Bytes]
  /// COMMAND: everything as apus found it, and the terminal's foreground.
  public var inheritsEverything: Bool
  /// Instead of `command`: apus itself, as a helper with these arguments, with apus's own rights (probes).
  public var helper: [Bytes] = []
  /// The command gets NOTIFY_SOCKET.
  public var notifies = false
  /// Passed from 3 on with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES; empty: none of them is set.
  public var descriptors: [PassedDescriptor] = []
  /// `StandardInput=socket`: the one of `descriptors` that is no stored one becomes stdin, and is not passed.
  public var isInetd = false
  /// `NonBlocking=`, for them.
  public var nonBlocking = false
  /// `WatchdogSec=`: WATCHDOG_USEC and WATCHDOG_PID are set; `.infinity`: they are not.
  public var watchdog = TimeSpan.infinity
  /// `ReadyFd=`: the write end of a pipe at that number.
  public var readyDescriptor: Int32? = nil
  /// Whether something waits for `.executed`. Otherwise it may come late, but never after the end of the process.
  public var waitsForExec = true
  public init(
    key: ProcessKey, unitName: Bytes, command: ExecCommand, exec: ExecSettings, environment: [Bytes],
    inheritsEverything: Bool = false
  ) {
    self.key = key
    self.unitName = unitName
    self.command = command
    self.exec = exec
    self.environment = environment
    self.inheritsEverything = inheritsEverything
  }
}

/// What a `.socket` listens on.
public struct ListenRequest: Equatable, Sendable {
  public var unit: UnitID
  /// Comes back in `.listening`.
  public var run: UInt32
  /// For messages.
  public var unitName: Bytes
  public var settings: ListenSettings
  public init(unit: UnitID, run: UInt32, unitName: Bytes, settings: ListenSettings) {
    self.unit = unit
    self.run = run
    self.unitName = unitName
    self.settings = settings
  }
}

/// What has to hold before a unit is started.
public struct CheckRequest: Equatable, Sendable {
  public var unit: UnitID
  /// Comes back in `.checked`.
  public var number: UInt32
  public var unitName: Bytes
  public var conditions: [Condition]
  public var asserts: [Condition]
  public init(unit: UnitID, number: UInt32, unitName: Bytes, conditions: [Condition], asserts: [Condition]) {
    self.unit = unit
    self.number = number
    self.unitName = unitName
    self.conditions = conditions
    self.asserts = asserts
  }
}

/// How a main PID is looked for (units.md c.3).
public enum MainPIDQuery: Equatable, Sendable {
  case file(Bytes)
  /// The only process of the run that is a direct child of apus.
  case guess
  /// `MAINPID=`: `byRoot`, the sender's uid is 0, so that the process may be outside of the unit.
  case verify(pid: Int32, byRoot: Bool)
}

/// One round of signals to an invocation (units.md c.6).
public struct KillOrder: Equatable, Sendable {
  public var invocation: Invocation
  /// Comes back in `.signalled`; an answer to an older order is dropped.
  public var number: UInt32
  public var signal: Signal
  public var main: Bool
  public var control: Bool
  /// The probe that runs.
  public var probe = false
  /// Every other process of the invocation. With SIGKILL: until nobody is left (the order that converges).
  public var others: Bool
  /// SIGHUP after the signal (`SendSIGHUP=`).
  public var hangup: Bool
  /// SIGCONT after it (all but SIGKILL).
  public var `continue`: Bool
  public init(
    _ invocation: Invocation, number: UInt32, signal: Signal, main: Bool, control: Bool, others: Bool, hangup: Bool = false,
    continue: Bool = true
  ) {
    self.invocation = invocation
    self.number = number
    self.signal = signal
    self.main = main
    self.control = control
    self.others = others
    self.hangup = hangup
    self.continue = `continue`
  }
}
