// What a command's process gets beside user, streams and environment (units.md c.9–c.11).

/// The five kinds of managed directory, in the order in which they are made.
public enum DirectoryKind: UInt8, CaseIterable, Sendable {
  case runtime, state, cache, logs, configuration

  /// `RuntimeDirectory`
  public var key: StaticString {
    switch self {
    case .runtime: "RuntimeDirectory"
    case .state: "StateDirectory"
    case .cache: "CacheDirectory"
    case .logs: "LogsDirectory"
    case .configuration: "ConfigurationDirectory"
    }
  }

  /// The variable with the absolute paths, `:` between them.
  public var variable: StaticString {
    switch self {
    case .runtime: "RUNTIME_DIRECTORY"
    case .state: "STATE_DIRECTORY"
    case .cache: "CACHE_DIRECTORY"
    case .logs: "LOGS_DIRECTORY"
    case .configuration: "CONFIGURATION_DIRECTORY"
    }
  }

  /// `/run`
  public var root: StaticString {
    switch self {
    case .runtime: "/run"
    case .state: "/var/lib"
    case .cache: "/var/cache"
    case .logs: "/var/log"
    case .configuration: "/etc"
    }
  }
}

/// One name of `RuntimeDirectory=` and its kin: relative, normalised, without `..`.
public struct ManagedDirectory: Equatable, Sendable {
  public var name: Bytes
  /// `NAME:SYMLINK`: relative too; empty: none.
  public var symlink: Bytes
  public init(name: Bytes, symlink: Bytes = []) {
    self.name = name
    self.symlink = symlink
  }
}

/// All directories of one kind.
public struct DirectorySettings: Equatable, Sendable {
  public var kind: DirectoryKind
  public var directories: [ManagedDirectory] = []
  public var mode: UInt32 = 0o755
  public init(kind: DirectoryKind) { self.kind = kind }
}

/// `RuntimeDirectoryPreserve=`, `FileDescriptorStorePreserve=`: no, yes, or over restarts.
public enum Preservation: UInt8, CaseIterable, Sendable {
  case no, restart, yes
  public var name: StaticString {
    switch self {
    case .no: "no"
    case .restart: "restart"
    case .yes: "yes"
    }
  }
}

/// A set of Linux capabilities by number, 0 to 63.
public struct CapabilitySet: Equatable, Sendable {
  public var bits: UInt64
  public init(bits: UInt64) { self.bits = bits }
  public static let empty = CapabilitySet(bits: 0)
  public static let all = CapabilitySet(bits: .max)
}

/// `CPUSchedulingPolicy=`, in the kernel's numbers.
public enum SchedulingPolicy: UInt8, CaseIterable, Sendable {
  case other = 0
  case fifo = 1
  case roundRobin = 2
  case batch = 3
  case idle = 5
  public var name: StaticString {
    switch self {
    case .other: "other"
    case .fifo: "fifo"
    case .roundRobin: "rr"
    case .batch: "batch"
    case .idle: "idle"
    }
  }
}

/// CPU scheduling, affinity, I/O priority and timer slack; nil: as inherited.
public struct SchedulingSettings: Equatable, Sendable {
  public var policy: SchedulingPolicy? = nil
  public var priority: Int32 = 0
  public var resetOnFork = false
  /// `CPUAffinity=`: numbers of CPUs, ascending; empty: as inherited.
  public var affinity: [UInt32] = []
  /// `IOSchedulingClass=`: 0 none, 1 realtime, 2 best-effort, 3 idle.
  public var ioClass: UInt8? = nil
  /// `IOSchedulingPriority=`: 0 to 7.
  public var ioPriority: UInt8? = nil
  /// Nanoseconds.
  public var timerSlack: UInt64? = nil
  public init() {}
}

/// Privileges (units.md c.11). nil: as inherited.
public struct PrivilegeSettings: Equatable, Sendable {
  public var boundingSet: CapabilitySet? = nil
  public var ambientSet: CapabilitySet? = nil
  public var noNewPrivileges = false
  /// `SecureBits=`, in the kernel's bits; 0: none.
  public var secureBits: UInt32 = 0
  public init() {}
}

/// `TTYPath=` and its kin.
public struct TerminalSettings: Equatable, Sendable {
  /// Empty: /dev/console.
  public var path: Bytes = []
  public var reset = false
  public var hangup = false
  public var disallocate = false
  public var rows: UInt32? = nil
  public var columns: UInt32? = nil
  public init() {}
}
