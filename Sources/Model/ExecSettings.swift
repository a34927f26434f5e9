/// What a `StandardInput=`, `StandardOutput=` or `StandardError=` names.
public enum StandardStream: Equatable, Sendable {
  /// Nothing written: input null, output `journal`, error as output.
  case unset
  case null
  case inherit
  /// `inherit` until the logger exists.
  case journal
  /// Opened for reading (input), or writing from offset 0 without truncating (output).
  case file(Bytes)
  case append(Bytes)
  case truncate(Bytes)
  /// `tty`, `tty-force`, `tty-fail` of `TTYPath=`.
  case tty(TerminalMode)
  /// `StandardInputText=`, `StandardInputData=`: read from memory (input only).
  case data
  /// The one socket that started it: the inetd mode (units.md d.1).
  case socket
  /// `fd:NAME`: the passed descriptor of that name; empty: `stdin`, `stdout`, `stderr`.
  case descriptor(Bytes)
}

/// How a terminal is taken as controlling terminal.
public enum TerminalMode: UInt8, Sendable { case wait, force, fail }

/// A resource limit; `UInt64.max` is infinity.
public struct ResourceLimit: Equatable, Sendable {
  public var soft: UInt64
  public var hard: UInt64
  public init(soft: UInt64, hard: UInt64) {
    self.soft = soft
    self.hard = hard
  }
}

/// The sixteen limits, in the kernel's numbering (x86_64, aarch64).
public enum Resource: UInt8, CaseIterable, Sendable {
  case cpu, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice, rtprio, rttime

  /// The key: `LimitNOFILE`.
  public var key: StaticString {
    switch self {
    case .cpu: "LimitCPU"
    case .fsize: "LimitFSIZE"
    case .data: "LimitDATA"
    case .stack: "LimitSTACK"
    case .core: "LimitCORE"
    case .rss: "LimitRSS"
    case .nproc: "LimitNPROC"
    case .nofile: "LimitNOFILE"
    case .memlock: "LimitMEMLOCK"
    case .as: "LimitAS"
    case .locks: "LimitLOCKS"
    case .sigpending: "LimitSIGPENDING"
    case .msgqueue: "LimitMSGQUEUE"
    case .nice: "LimitNICE"
    case .rtprio: "LimitRTPRIO"
    case .rttime: "LimitRTTIME"
    }
  }
}

/// One `Limit…=` key.
public struct LimitSetting: Equatable, Sendable {
  public var resource: Resource
  public var limit: ResourceLimit
  public init(resource: Resource, limit: ResourceLimit) {
    self.resource = resource
    self.limit = limit
  }
}

/// `EnvironmentFile=`: a path or glob pattern, absolute.
public struct EnvironmentFile: Equatable, Sendable {
  public var path: Bytes
  /// `-`: a missing file is ignored.
  public var optional: Bool
  public init(path: Bytes, optional: Bool) {
    self.path = path
    self.optional = optional
  }
}

/// The world a command runs in (units.md c.8–c.11).
///
/// A reference, as `ServiceSettings`, and never changed once its unit is read: services and requests share it.
public final class ExecSettings: Equatable, @unchecked Sendable {
  /// Nothing written; of all that say nothing.
  public static let standard = ExecSettings()

  /// Name or number; empty: apus's own.
  public var user: Bytes = []
  public var group: Bytes = []
  public var supplementaryGroups: [Bytes] = []
  /// Empty: `/`. `~`: the user's home.
  public var workingDirectory: Bytes = []
  /// `-` prefix: a missing folder is ignored.
  public var workingDirectoryOptional = false
  public var umask: UInt32 = 0o022
  public var nice: Int32? = nil
  public var oomScoreAdjust: Int32? = nil
  public var limits: [LimitSetting] = []
  public var ignoreSIGPIPE = true
  /// `NAME=value` each, in order; later wins.
  public var environment: [Bytes] = []
  public var environmentFiles: [EnvironmentFile] = []
  public var passEnvironment: [Bytes] = []
  /// `NAME` or `NAME=value`.
  public var unsetEnvironment: [Bytes] = []
  public var standardInput = StandardStream.unset
  public var standardOutput = StandardStream.unset
  public var standardError = StandardStream.unset
  /// What `StandardInputText=` and `StandardInputData=` make together.
  public var standardInputData: Bytes = []
  public var terminal = TerminalSettings()
  public var directories: [DirectorySettings] = []
  public var runtimeDirectoryPreserve = Preservation.no
  public var privileges = PrivilegeSettings()
  public var scheduling = SchedulingSettings()
  /// `Personality=`, in the kernel's number.
  public var personality: UInt32? = nil
  public var coredumpFilter: UInt32? = nil
  /// An unused uid of 61184–65519 under the unit's name (units.md c.10); no namespace.
  public var dynamicUser = false
  /// `ExecSearchPath=`: where bare names are looked for instead of PATH.
  public var execSearchPath: [Bytes] = []
  /// `SetLoginEnvironment=yes`: USER, HOME, LOGNAME and SHELL without `User=` too.
  public var setLoginEnvironment = false
  /// `RootDirectory=` by chroot alone.
  public var rootDirectory: Bytes = []
  public init() {}

  /// Every setting.
  public static func == (one: ExecSettings, other: ExecSettings) -> Bool {
    if one === other { return true }
    guard one.workingDirectoryOptional == other.workingDirectoryOptional, one.umask == other.umask else { return false }
    guard one.nice == other.nice, one.oomScoreAdjust == other.oomScoreAdjust, one.limits == other.limits else { return false }
    guard one.ignoreSIGPIPE == other.ignoreSIGPIPE, one.environmentFiles == other.environmentFiles else { return false }
    guard one.runtimeDirectoryPreserve == other.runtimeDirectoryPreserve, one.directories == other.directories else { return false }
    guard one.personality == other.personality, one.coredumpFilter == other.coredumpFilter else { return false }
    guard one.dynamicUser == other.dynamicUser, one.setLoginEnvironment == other.setLoginEnvironment else { return false }
    guard one.texts == other.texts, one.streams == other.streams, one.terminal == other.terminal else { return false }
    return one.privileges == other.privileges && one.scheduling == other.scheduling
  }

  // What is of one type is compared at once (`Unit.texts`).
  private var texts: [[Bytes]] {
    [
      [user, group, workingDirectory, standardInputData, rootDirectory], supplementaryGroups, environment, passEnvironment,
      unsetEnvironment, execSearchPath,
    ]
  }
  private var streams: [StandardStream] { [standardInput, standardOutput, standardError] }

  /// The inetd mode: one of the three descriptors is the socket that started it.
  public var usesSocket: Bool { standardInput == .socket || standardOutput == .socket || standardError == .socket }
}
