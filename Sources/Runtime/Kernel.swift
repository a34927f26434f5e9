import Model

/// Everything apus asks of the operating system. `LinuxKernel` does it; `SimulatedKernel` plays it with faults.
/// No call waits but `wait`. New outside behaviour enters here, and its faults enter the simulator in the same change.
public protocol Kernel {
  // MARK: Clocks and the one blocking call

  /// Both clocks, read together.
  mutating func now() -> Now
  /// Blocks until `deadline` on the monotonic clock (`.never`: without end; a past one: only looks) or until something
  /// is ready, and appends what is ready, at most 64 items a call. A signal or a dead child is `.signals`.
  mutating func wait(until deadline: Instant, into ready: inout [Readiness])
  /// From now on `wait` also ends at that time of the wall clock (`.wallClock`), and when that clock is stepped
  /// (`.clockStepped`); `.never`: only for steps; nil: neither. Told before each `wait`.
  mutating func watchWall(_ at: WallTime?)

  // MARK: Children

  /// Makes one child; never waits for it. The kernel keeps what the plan borrowed until the report has come.
  mutating func spawn(_ plan: SpawnPlan) -> SpawnOutcome
  /// One step of `waitid(P_ALL, WEXITED|WSTOPPED|WNOHANG)`; nil when nobody is left to collect. From here on the pid
  /// may belong to somebody else.
  mutating func reap() -> ReapedChild?
  /// What the exec-status pipe of a child says; `.pending` while it is open and empty. After any other answer the
  /// pipe is closed and forgotten. Works after the child was reaped.
  mutating func execReport(_ pid: Int32) -> ExecReport
  /// The next signal from the signalfd, SIGCHLD left out.
  mutating func nextSignal() -> ReceivedSignal?
  /// To a child of ours that was not reaped (its pid is still its own), or a process of `watchProcess`. False: it could not
  /// be sent.
  mutating func signalChild(_ pid: Int32, _ signal: Signal) -> Bool
  /// To the process group that such a child leads.
  mutating func signalGroup(ofChild pid: Int32, _ signal: Signal) -> Bool
  /// What a helper that was reaped wrote to the descriptor of `SpawnPlan.readyDescriptor`, at most 4 KiB; then it is forgotten.
  mutating func takeOutput(_ pid: Int32) -> Bytes

  // MARK: Containment

  /// How processes of a unit with these settings are known.
  func containment(ofOwnRTTime: Bool) -> Containment
  /// Appends who belongs to one of `wanted` right now, zombies left out, each once, as far as `cursor` and a slice of
  /// 2 ms allow; true when the pass is complete and `cursor` starts anew. `roots` are the live children of apus that it
  /// knows, with their invocations.
  mutating func scan(_ wanted: [Invocation], roots: [KnownChild], cursor: inout ScanCursor, into members: inout [Member]) -> Bool
  /// Sends through a pidfd that was opened before membership was read again; false when it is not that member any more.
  mutating func signalMember(_ member: Member, _ signal: Signal) -> Bool
  /// `cgroup.kill`; false where the invocation has no cgroup.
  mutating func killWhole(_ invocation: Invocation) -> Bool
  /// To the invocation's own process group (its main process's), if it still has one; harmless otherwise.
  mutating func killProcessGroup(_ invocation: Invocation, _ signal: Signal)
  /// Whether any live process of `invocation` exists besides zombies; `roots` as in `scan`. Cheap: never a walk of all /proc
  /// where that can be avoided.
  mutating func isEmpty(_ invocation: Invocation, roots: [KnownChild]) -> Bool
  /// Nothing asks about the invocation any more.
  mutating func forget(_ invocation: Invocation)
  /// To all but ourselves: as PID 1 `kill(-1)`; else to every process with our tag and every child of ours.
  mutating func signalAll(_ signal: Signal)
  /// Whether `signalAll` would still reach a live process.
  mutating func anyoneLeft() -> Bool

  // MARK: Processes that apus did not fork as such

  /// Whether `pid` lives, is a child of apus, and belongs to the invocation. A child can be signalled by
  /// `signalChild` from then on.
  mutating func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation
  /// The live members of an invocation that are direct children of apus.
  mutating func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32]
  /// Reports `.processEnded` when a process that is no child of apus ends, and lets `signalChild` reach it until then;
  /// false: it is gone already.
  mutating func watchProcess(_ pid: Int32) -> Bool
  /// How many processes of the invocation the kernel killed for want of memory; 0 where that is not counted (no cgroup).
  mutating func outOfMemoryKills(_ invocation: Invocation) -> UInt64

  // MARK: sd_notify, PID files, descriptors held for services

  /// The path of the unit's notify socket, made at the first call.
  mutating func openNotifySocket(_ unit: UnitID) -> NotifySocketOutcome
  mutating func closeNotifySocket(_ unit: UnitID)
  /// The next datagram; nil when there is none. Descriptors that came with it are held until `closeDescriptor`.
  mutating func receiveNotify(_ unit: UnitID) -> ReceivedDatagram?
  /// A PID file's contents, with what decides whether it may be believed (units.md c.3).
  mutating func readPIDFile(_ path: Bytes) -> PIDFileContents
  /// Reports `.pathChanged` when something changes at that path, its folder's coming included; false: it cannot be watched.
  mutating func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool
  mutating func unwatchPath(_ unit: UnitID)
  mutating func closeDescriptor(_ id: DescriptorID)
  /// Whether both stand for the same open file, as dup(2) makes them; false where that cannot be told.
  mutating func isSameFile(_ one: DescriptorID, _ other: DescriptorID) -> Bool
  /// Reports `.descriptorHungUp` when its other end goes; false: it has none.
  mutating func watchDescriptor(_ id: DescriptorID) -> Bool
  /// What the pipe of `ReadyFd=` of a child says; after any answer but `.pending` it is closed and forgotten.
  mutating func readyReport(_ pid: Int32) -> ReadyReport

  // MARK: Sockets of units, and paths they wait for

  /// Opens all listeners of a plan, in order; at the first that fails those before it are closed again (their file nodes
  /// stay). Options that cannot be set are in `warnings`.
  mutating func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome
  /// Reports `.traffic` for it: with `accepts` as long as something waits, else once. 0, or the errno: EPERM where there is
  /// nothing to wait for (a regular file is always ready), ENOSPC and ENOMEM, which may pass.
  mutating func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Int32
  mutating func unwatchListener(_ id: DescriptorID)
  /// The next connection, close-on-exec, its peer known.
  mutating func acceptConnection(_ id: DescriptorID) -> AcceptOutcome
  /// Drops what waits at a listener, or was sent on a connection, at most 4096 items.
  mutating func flushListener(_ id: DescriptorID)
  /// Removes a socket, a FIFO or a link, or, if there is no slash before its name, a message queue; nothing else.
  mutating func removeNode(_ path: Bytes)
  /// At most 4 KiB of a file, without waiting for either end.
  mutating func sendFile(_ id: DescriptorID, path: Bytes)
  /// Established connections to these listeners, by sock_diag; nil: that is not to be had here. `hadTraffic`: some waited at
  /// one of them since the last call for it.
  mutating func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool)
  /// Watches paths for a unit in the place of those before; what holds already is reported by `.pathHit` of the next `wait` if
  /// `looks`. nil: done; else why not.
  mutating func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes?
  mutating func unwatchPaths(_ unit: UnitID)

  // MARK: Files (small regular ones only)

  /// Opens O_NONBLOCK, refuses what is no regular file or larger than `limit`.
  mutating func readFile(_ path: Bytes, limit: Int) -> FileContents
  /// The names in a folder, sorted by bytes, without `.` and `..`.
  mutating func listFolder(_ path: Bytes) -> FolderContents
  /// What a symbolic link holds; nil: it is none, or cannot be read.
  mutating func readLink(_ path: Bytes) -> Bytes?
  /// When the contents of a file or folder changed last, or the link to it; nil: it is not there.
  mutating func changedAt(_ path: Bytes) -> WallTime?
  /// What a glob(3) pattern names, sorted; no match: empty.
  mutating func glob(_ pattern: Bytes) -> [Bytes]

  // MARK: Messages

  /// Appends to the ring of 256 KiB that is written to stderr without ever blocking; overflow is dropped and counted. What may
  /// wait can be written some ms later, with what comes until then.
  mutating func say(_ bytes: Bytes, mayWait: Bool)
  /// Messages dropped so far.
  var droppedMessages: UInt64 { get }
  /// One datagram to apus's own NOTIFY_SOCKET; nothing without one.
  mutating func notify(_ text: Bytes)

  // MARK: Control connections

  /// The next connection with its credentials; nil when there is none.
  mutating func accept() -> AcceptedClient?
  mutating func receive(_ client: ClientID, limit: Int) -> ReceiveOutcome
  /// How many bytes were taken (0: the socket is full); nil: the client is gone. While bytes are unsent, `wait`
  /// reports `.writable` for a client that `wantsWritable` names.
  mutating func send(_ client: ClientID, _ bytes: ArraySlice<UInt8>) -> Int?
  mutating func setWantsWritable(_ client: ClientID, _ wanted: Bool)
  /// Stops or resumes reporting `.readable` (a client whose answers it does not read is not read).
  mutating func setWantsReadable(_ client: ClientID, _ wanted: Bool)
  mutating func close(_ client: ClientID)

  // MARK: COMMAND's terminal

  /// COMMAND was stopped: `suspendSelf` stops apus too (a wrapper under a shell) and hands the terminal over again when
  /// continued; else COMMAND's group is continued at once.
  mutating func commandStopped(_ pid: Int32, _ signal: Signal, suspendSelf: Bool)
  mutating func takeTerminalBack()

  /// Whether apus is PID 1 of its namespace.
  var isInit: Bool { get }
  /// A number that differs from run to run: the seed of jitter and of invocation ids.
  mutating func random() -> UInt64
}

/// What `wait` found.
public enum Readiness: Equatable, Sendable {
  /// The signalfd: signals, SIGCHLD among them.
  case signals
  /// The exec-status pipe of this child.
  case execReport(Int32)
  case listener
  case readable(ClientID)
  case writable(ClientID)
  /// `cgroup.events` of somebody changed.
  case membership
  /// A datagram waits in this unit's notify socket.
  case notify(UnitID)
  /// Something changed at the path that is watched for this unit.
  case pathChanged(UnitID)
  /// A watched process that is no child ended.
  case processEnded(Int32)
  /// The pipe of `ReadyFd=` of this child.
  case readyReport(Int32)
  case descriptorHungUp(DescriptorID)
  /// Something waits at a unit's listener; or that is broken, which accepting or serving it shows.
  case traffic(UnitID, DescriptorID)
  /// What a `.path` waits for: index into its specs; of a pattern, the path that matches it.
  case pathHit(UnitID, Int, match: Bytes = [])
  /// The time of `watchWall` has come.
  case wallClock
  case clockStepped
}

/// What a `.socket` listens on, resolved.
public struct ListenPlan: Equatable, Sendable {
  public var settings: ListenSettings
  /// Whose its file nodes become; nil: as they are made.
  public var uid: UInt32?
  public var gid: UInt32?
  public init(settings: ListenSettings, uid: UInt32?, gid: UInt32?) {
    self.settings = settings
    self.uid = uid
    self.gid = gid
  }
}

/// What accepting gave.
public enum AcceptOutcome: Equatable, Sendable {
  case connection(AcceptedConnection)
  case nothing
  /// EMFILE and its kin: nothing was lost, it waits in the queue. Others: the listener itself is broken.
  case failed(errno: Int32)
}

/// What a process is to an invocation. `isChild`: apus reaps it.
public enum ProcessRelation: Equatable, Sendable {
  case gone
  /// It ended, and apus will reap it.
  case unreaped
  /// apus itself, or PID 1: nobody's main process.
  case supervisor
  /// It lives and belongs to somebody else, or to nobody.
  case stranger(isChild: Bool)
  case member(isChild: Bool)
}

/// One datagram of a notify socket.
public struct ReceivedDatagram: Equatable, Sendable {
  /// At most 4096 bytes; of a longer one nothing: it is dropped, and said.
  public var bytes: Bytes
  public var pid: Int32
  public var uid: UInt32
  public var descriptors: [DescriptorID]
  /// It was longer than the bound, or had more descriptors than are taken.
  public var isTruncated: Bool
  public init(bytes: Bytes, pid: Int32, uid: UInt32, descriptors: [DescriptorID] = [], isTruncated: Bool = false) {
    self.bytes = bytes
    self.pid = pid
    self.uid = uid
    self.descriptors = descriptors
    self.isTruncated = isTruncated
  }
}

/// What came of opening a unit's notify socket.
public enum NotifySocketOutcome: Equatable, Sendable {
  case open(path: Bytes)
  /// There is no place for one: which were tried, and why not.
  case refused(Bytes)
}

/// Whether a PID file may name a process outside of its unit (units.md c.3).
public enum PIDFileTrust: UInt8, Equatable, Sendable {
  /// Root or apus's own user owns it.
  case owned
  /// Somebody else owns it.
  case foreign
  /// A link or folder on its way belongs to somebody who could have led apus anywhere with it.
  case unsafePath
}

/// What reading a PID file gave.
public enum PIDFileContents: Equatable, Sendable {
  case pid(Int32, PIDFileTrust)
  /// There is none, or nothing is in it yet.
  case absent
  /// It cannot be read, or is no number: the reason.
  case refused(Bytes)
}

/// What the pipe of `ReadyFd=` said.
public enum ReadyReport: Equatable, Sendable { case pending, ready, closed }

/// A control connection; numbers are not reused.
public struct ClientID: Equatable, Hashable, Sendable {
  public var number: UInt32
  public init(_ number: UInt32) { self.number = number }
}

/// A new control connection, and whose it is.
public struct AcceptedClient: Equatable, Sendable {
  public var id: ClientID
  /// From SO_PEERCRED.
  public var uid: UInt32
  public var gid: UInt32
  public init(id: ClientID, uid: UInt32, gid: UInt32) {
    self.id = id
    self.uid = uid
    self.gid = gid
  }
}

/// What reading from a control connection gave.
public enum ReceiveOutcome: Equatable, Sendable {
  case bytes(Bytes)
  case nothingYet
  case closed
}

/// What came of making a child.
public enum SpawnOutcome: Equatable, Sendable {
  case started(pid: Int32)
  /// errno of clone or of what it needs (pipe, stack).
  case failed(errno: Int32)
}

/// What a child's exec-status pipe said.
public enum ExecReport: Equatable, Sendable {
  case pending
  /// The pipe ended without a word: `execve` succeeded (or the child was killed before it).
  case executed
  /// A stage failed. `detail` says which of several things: an index into the plan's limits, groups, path candidates.
  case failed(stage: ExecStage, errno: Int32, detail: Int32)
}

/// `waitid` told of this child.
public struct ReapedChild: Equatable, Sendable {
  /// Whether it ended, or was only stopped.
  public enum Kind: Equatable, Sendable {
    case ended(ExitStatus)
    case stopped(Signal)
  }
  public var pid: Int32
  public var kind: Kind
  public init(pid: Int32, kind: Kind) {
    self.pid = pid
    self.kind = kind
  }
}

/// A live child that apus made, and whose it is.
public struct KnownChild: Equatable, Sendable {
  public var pid: Int32
  public var invocation: Invocation
  public init(pid: Int32, invocation: Invocation) {
    self.pid = pid
    self.invocation = invocation
  }
}

/// A process seen to belong to an invocation.
public struct Member: Equatable, Hashable, Sendable {
  public var pid: Int32
  public var invocation: Invocation
  public init(pid: Int32, invocation: Invocation) {
    self.pid = pid
    self.invocation = invocation
  }
}

/// Where a sliced pass over /proc stands; starts anew by itself.
public struct ScanCursor: Equatable, Sendable {
  public var position: Int = 0
  /// What is still to be looked at in this pass.
  public var queue: [Member] = []
  public init() {}
}

/// What reading a small regular file gave.
public enum FileContents: Equatable, Sendable {
  case contents(Bytes)
  case failed(errno: Int32)
  case notRegular(FileKind)
  case tooLarge
}

/// What stood where a regular file should.
public enum FileKind: UInt8, Equatable, Sendable {
  case folder, fifo, socket, device
  public var name: StaticString {
    switch self {
    case .folder: "a folder"
    case .fifo: "a FIFO"
    case .socket: "a socket"
    case .device: "a device"
    }
  }
}

/// What listing a folder gave.
public enum FolderContents: Equatable, Sendable {
  case entries([Bytes])
  case failed(errno: Int32)
}
