import CLinux
import Model
import Runtime

/// The kernel that is one. Everything apus does to the world goes through here; the loop above decides what.
///
/// One epoll holds the signalfd, the crash bell, one timerfd, the exec-status pipes, the control listener and its
/// clients, one inotify for `cgroup.events` and one for paths, the units' notify sockets, pidfds of main processes that are
/// no children, and stderr while messages wait for it. Nothing here waits but `wait`.
public final class LinuxKernel: Kernel {
  /// Children between clone and exec at once; the loop lets more wait their turn (DESIGN section 5).
  static let slotsMax = 64
  static let stackSize: UInt64 = 16_384
  /// How many stacks stay between bursts.
  static let slotsKept = 4
  /// Children without an exec-status pipe, before their exec, at once: half of the places.
  static let quietMax = 32

  let inherited: InheritedState
  let options: KernelOptions
  let epoll: Int32
  let timer: Int32
  let signals: Int32
  let inotify: Int32
  let pid: Int32

  // Waiting
  var events = [apus_ready](repeating: apus_ready(data: 0, events: 0), count: 64)
  /// The time as it was last seen: it is later.
  var seenNow = Instant.zero
  /// What the timerfd is armed for; `.never`: disarmed.
  var armedFor = Instant.never
  /// The timerfd of the wall clock, made when it is first wanted, and what it is armed for.
  var wallTimer: Int32 = -1
  var wallArmedFor: WallTime? = nil
  /// Something of the kernel's own that is to be tried again then: a listener without descriptors, a writer without memory.
  var retryAt = Instant.never
  /// Folders were read, which only loading does: `wait` gives back the memory that took, half a second later. So it does
  /// with the stacks of a burst of children.
  var mayTrim = false
  static let trimDelay = TimeSpan(milliseconds: 500)
  var trimAt = Instant.never
  /// Above every descriptor apus has made: where a child without close_range stops closing.
  var descriptorBound: Int32 = 3

  // Children
  var slots: [Slot] = []
  var freeSlots: [Int] = []
  /// The slot of a child whose exec-status pipe is open.
  var slotOfPid = Table<Int32, Int>()
  /// Our own children that were not reaped.
  var children = Table<Int32, Invocation>()
  /// waitid said that there is no child at all, and none was made since.
  var isChildless = false
  /// Children without an exec-status pipe that have not executed yet as far as is known, and when to look at them next
  /// if nothing happens until then.
  var quiet: [Int32] = []
  var quietLookAt = Instant.zero
  /// Until the next such look; longer each time that it finds nobody, and short again with a new child.
  var quietPause = LinuxKernel.quietPauseMin
  static let quietPauseMin = TimeSpan(milliseconds: 500)
  static let quietPauseMax = TimeSpan(seconds: 60)
  /// Whether the kernel clears the word of a quiet child, as Linux does; nil: not known yet.
  var clearsWord: Bool? = nil
  /// Signals whose disposition is not the default, bit n-1 for signal n: nobody changes one after the first acts.
  let changedDispositions: UInt64
  var sharesMemory: Bool
  /// apus itself, for helpers: works without /proc later, and after a uid change. -1 where there was no /proc at the start.
  let executable: Int32
  var clone3Works = true
  /// A uid change in shared memory would leave a door open or let a core dump take apus along; such children are forked.
  let forksForUser: Bool
  var inheritedDescriptors: [Int32]
  /// The COMMAND whose exec decides when apus lets the inherited descriptors go.
  var commandPid: Int32 = 0

  // Containment
  var records = Table<Invocation, InvocationRecord>()
  var invocationOfNumber = Table<UInt32, Invocation>()
  var invocationOfID = NameTable()
  /// Sessions our children lead or led, by their number.
  var invocationOfSession = Table<Int32, Invocation>()
  /// Whose an adopted orphan is: it stays our child until we reap it, so that it is asked once.
  var orphans = Table<Int32, Invocation?>()
  /// The pass in progress or last done: when each process seen started.
  var seen = Table<Int32, UInt64>()
  var mode: ContainmentMode
  var tag: TagBase
  let proc: ProcFS
  var cgroups: Cgroups?

  // Messages
  var ring = MessageRing()
  public internal(set) var droppedMessages: UInt64 = 0
  /// How many of them a line has told.
  var saidDropped: UInt64 = 0
  var notifySocket: Int32 = -1
  /// Datagrams that wait for room; more than these are dropped.
  var unsentNotes: [Bytes] = []
  static let notesMax = 16

  // sd_notify, main PIDs, descriptors held for services
  var notifyFolder: NotifyFolder? = nil
  /// By the unit's index.
  var unitSockets = Table<Int32, UnitSocket>()
  var heldDescriptors = HeldDescriptors()
  /// The last connection got one of the last descriptors.
  var descriptorsAreShort = false
  /// The bound of accepted connections' numbers as it was last asked for; 0: never. Below it nobody asks again until
  /// an accept fails, which shows that the limit was lowered since.
  var acceptBoundSeen: Int32 = 0
  var watchedProcesses = Table<Int32, WatchedProcess>()
  var pathWatches = PathWatches()
  /// The read end of `ReadyFd=`'s pipe, by the child's pid.
  var readyPipes = Table<Int32, Int32>()

  // Control
  var listener: Int32 = -1
  var listenerIsArmed = false
  var spareDescriptor: Int32 = -1
  var clients = Table<UInt32, Client>()
  var nextClient: UInt32 = 1

  var terminal = Terminal()
  var randomState: UInt64 = 0

  public let isInit: Bool

  /// After `FirstActs.perform()`, once.
  public init(inherited: InheritedState, options: KernelOptions) throws(KernelFailure) {
    self.inherited = inherited
    self.options = options
    inheritedDescriptors = inherited.descriptors
    pid = apus_getpid()
    isInit = pid == 1
    var changed: UInt64 = 0
    for signal in 1...Signal.highest where apus_disposition(signal) > 0 { changed |= FirstActs.bit(Signal(signal)) }
    changedDispositions = changed
    sharesMemory = !options.forksOnly
    forksForUser = LinuxKernel.sharedUserChangeIsUnsafe()
    executable = apus_open_executable(Bytes("/proc/self/exe").terminated)
    epoll = apus_epoll_create()
    timer = apus_timer_create()
    signals = apus_signal_descriptor(~apus_crash_signals())
    inotify = apus_inotify_create()
    if epoll < 0 || timer < 0 || signals < 0 {
      throw KernelFailure(message: Bytes("cannot make an epoll, a timerfd and a signalfd: ") + errorText(-min(epoll, timer, signals)))
    }
    proc = ProcFS(pid: pid)
    tag = TagBase(seed: 0)
    mode = .group
    watch(signals, APUS_READABLE, .signals)
    watch(inherited.crashBell, APUS_READABLE, .signals)
    watch(timer, APUS_READABLE, .timer)
    _ = noted(executable)
    if inotify >= 0 { watch(inotify, APUS_READABLE, .membership) }
    spareDescriptor = apus_open_file(Bytes("/").terminated)
    tag = TagBase(seed: random())
    try chooseContainment()
    if options.dieWithParent { dieWithParent() }
    if !options.notifySocket.isEmpty { notifySocket = apus_connect_datagram(options.notifySocket, UInt64(options.notifySocket.count)) }
  }

  /// fs.suid_dumpable decides what a uid change does to shared memory: 0 makes it non-dumpable, 1 leaves it traceable, 2
  /// lets it dump core, which before Linux 5.16 killed everybody who shares it.
  private static func sharedUserChangeIsUnsafe() -> Bool {
    guard let text = FolderReader.readPseudo(Bytes("/proc/sys/fs/suid_dumpable"))?.trimmed else { return true }
    switch text {
    case "0": return false
    case "2": return apus_kernel_version() < 5016
    default: return true
    }
  }

  private func dieWithParent() {
    _ = apus_set_parent_death_signal(Signal.terminate.number)
    // It may have ended before that was set.
    if apus_getppid() != inherited.parent { _ = apus_kill(pid, Signal.terminate.number) }
  }

  /// Both clocks.
  public func now() -> Now {
    seenNow = Instant(nanoseconds: apus_monotonic())
    return Now(instant: seenNow, wall: WallTime(microseconds: apus_realtime()))
  }

  /// From the kernel; before it has any, or without the call, from clocks and pid.
  public func random() -> UInt64 {
    var value: UInt64 = 0
    if apus_random(&value) == 1 { return value }
    randomState = randomState &+ 0x9E37_79B9_7F4A_7C15 &+ UInt64(bitPattern: apus_monotonic() ^ apus_realtime() << 20)
    value = (randomState ^ UInt64(UInt32(bitPattern: pid))) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// Notes a new descriptor.
  func noted(_ descriptor: Int32) -> Int32 {
    if descriptor >= descriptorBound { descriptorBound = descriptor + 1 }
    return descriptor
  }
}
