import Model

/// Everything a child does between clone and exec, resolved: no look-up is left (DESIGN section 5). Of a
/// class, because copies of all that cost the static binary more than a KB.
public final class SpawnPlan {
  public var key: ProcessKey
  /// Tried in order; `execve` of the first that does not fail with ENOENT, ENOTDIR or EACCES decides (a bare name has
  /// one candidate a PATH entry).
  public var candidates: [Bytes]
  public var arguments: [Bytes]
  public var environment: [Bytes]
  /// Empty: stay.
  public var workingDirectory: Bytes = Bytes("/")
  public var workingDirectoryOptional = false
  public var umask: UInt32 = 0o022
  public var nice: Int32? = nil
  public var oomScoreAdjust: Int32? = nil
  public var limits: [LimitSetting] = []
  /// A unit's own `LimitRTTIME=`: the tag must not be set.
  public var hasOwnRTTime = false
  /// nil: apus's own.
  public var uid: UInt32? = nil
  public var gid: UInt32? = nil
  /// nil: apus's own; set whenever uid or gid is.
  public var groups: [UInt32]? = nil
  public var ignoreSIGPIPE = true
  public var stdin = StreamPlan.null
  public var stdout = StreamPlan.inherit
  public var stderr = StreamPlan.inherit
  /// A failure known before the fork that systemd reports from the child (an unknown user: 217): the child reports it
  /// and exits with the stage's status.
  public var presetFailure: PresetFailure? = nil
  /// COMMAND: mask, dispositions, umask, folder, nice, limits, descriptors as apus found them; own process group in the
  /// terminal's foreground; LISTEN_PID is rewritten to the child's pid.
  public var inheritsEverything = false
  /// Not a command but apus's own executable, opened at apus's start: a helper (DESIGN section 5).
  public var isHelper = false
  /// In an argument or the environment: the child puts its own pid there (LISTEN_PID and its kin, and arguments that name
  /// them). Ten bytes that no text has; a pid is never longer.
  public static let pidMark = Bytes(repeating: 1, count: 10)
  /// False: nobody waits for its exec, which may be told when something else happens.
  public var reportsExec = true
  /// Placed at 3, 4, …
  public var descriptors: [DescriptorID] = []
  /// The first of them come from a socket unit: their O_NONBLOCK is set or cleared.
  public var activatedDescriptors = 0
  public var descriptorsNonBlocking = false
  /// `StandardInput=socket` and its kin: `.descriptor` with the number of `descriptors`; not placed, and made to block.
  public var socket: DescriptorID? = nil
  /// `ReadyFd=`: the write end of a new pipe goes there; the kernel watches the other end.
  public var readyDescriptor: Int32? = nil
  /// Where a helper says what its exit status cannot.
  public static let outputDescriptor: Int32 = 3
  public var directories: [DirectoryPlan] = []
  /// Made when all directories are.
  public var links: [LinkPlan] = []
  public var privileges = PrivilegeSettings()
  public var scheduling = SchedulingSettings()
  public var personality: UInt32? = nil
  public var coredumpFilter: UInt32? = nil
  public var rootDirectory: Bytes = []
  /// Of `tty` streams.
  public var terminal: TerminalPlan? = nil

  public init(key: ProcessKey, candidates: [Bytes], arguments: [Bytes], environment: [Bytes]) {
    self.key = key
    self.candidates = candidates
    self.arguments = arguments
    self.environment = environment
  }
}

/// One managed directory to be made and given away (units.md c.9).
public struct DirectoryPlan: Equatable, Sendable {
  public var path: Bytes
  public var mode: UInt32
  /// Whose it becomes, with everything below where it has another owner; nil: it stays as it is made.
  public var uid: UInt32?
  public var gid: UInt32?
  /// What a failure means.
  public var stage: ExecStage
  /// Where it may be instead, and is moved from (`DynamicUser=` came or went); empty: nowhere.
  public var old: Bytes = []
  /// Then a link with this target is at `path`, which goes first; empty: nothing is there.
  public var oldLink: Bytes = []
  /// One that was there already keeps its owner and mode (ConfigurationDirectory=).
  public var keepsExisting = false
  /// Setuid and setgid bits of what is given away go (DynamicUser=).
  public var dropsSetuid = false
  public init(path: Bytes, mode: UInt32, uid: UInt32?, gid: UInt32?, stage: ExecStage) {
    self.path = path
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.stage = stage
  }
}

/// A link to a managed directory.
public struct LinkPlan: Equatable, Sendable {
  public var path: Bytes
  public var target: Bytes
  public var stage: ExecStage
  public init(path: Bytes, target: Bytes, stage: ExecStage) {
    self.path = path
    self.target = target
    self.stage = stage
  }
}

/// The controlling terminal of a service.
public struct TerminalPlan: Equatable, Sendable {
  public var path: Bytes
  public var mode: TerminalMode
  public var settings: TerminalSettings
  public init(path: Bytes, mode: TerminalMode, settings: TerminalSettings) {
    self.path = path
    self.mode = mode
    self.settings = settings
  }
}

/// A failure that is known before the fork and reported by the child.
public struct PresetFailure: Equatable, Sendable {
  public var stage: ExecStage
  public var errno: Int32
  public init(stage: ExecStage, errno: Int32) {
    self.stage = stage
    self.errno = errno
  }
}

/// What becomes of one of the descriptors 0, 1 and 2.
public enum StreamPlan: Equatable, Sendable {
  case null
  /// apus's own descriptor of that number.
  case inherit
  /// stderr only: what stdout is.
  case sameAsStdout
  /// Outputs only: what stdin is.
  case sameAsStdin
  case read(Bytes)
  /// stdin only, for an output to share.
  case readWrite(Bytes)
  /// O_WRONLY|O_CREAT from offset 0, without truncating.
  case write(Bytes)
  case append(Bytes)
  case truncate(Bytes)
  /// The terminal of the plan; as stdin it becomes the controlling one.
  case terminal
  /// Read from memory, from its begin.
  case data(Bytes)
  /// The passed descriptor with that index.
  case descriptor(Int)
}
