/// How one process of a unit ended, for `status` and `show`.
public struct ExitReport: Equatable, Sendable {
  public var role: Role
  public var pid: Int32
  public var status: ExitStatus
  /// `no such file or directory` and the stage, where the command was never executed; else empty.
  public var execError: Bytes
  public var startedAt: WallTime
  public var endedAt: WallTime
  public init(role: Role, pid: Int32, status: ExitStatus, execError: Bytes, startedAt: WallTime, endedAt: WallTime) {
    self.role = role
    self.pid = pid
    self.status = status
    self.execError = execError
    self.startedAt = startedAt
    self.endedAt = endedAt
  }
}

/// A timer's, or a scheduled service's, side of a report.
public struct TimerReport: Equatable, Sendable {
  /// What it starts.
  public var triggers: Bytes
  /// `every 5s`, `OnBootSec=1min`.
  public var expressions: [Bytes] = []
  /// On whichever clock; nil: not armed (elapsed, or waiting for the unit to end).
  public var nextElapse: WallTime? = nil
  /// Of the calendar expressions.
  public var nextElapseRealtime: WallTime? = nil
  /// Until `nextElapse`, by the monotonic clock.
  public var left: TimeSpan? = nil
  public var lastTrigger: WallTime? = nil
  public var overlap = OverlapPolicy.skip
  public var runs: UInt64 = 0
  /// Slots not run, the missed ones among them.
  public var skipped: UInt64 = 0
  /// Slots that passed while apus slept, or that were too old.
  public var missed: UInt64 = 0
  public init(triggers: Bytes) { self.triggers = triggers }
}

/// A socket unit's side of a report.
public struct SocketReport: Equatable, Sendable {
  /// `[::]:80 (Stream)` each, in the order of their lines.
  public var listen: [Bytes] = []
  public var accepts = false
  /// Of Accept=yes: those now open, all that were accepted, and those that were sent away.
  public var connections: UInt32 = 0
  public var accepted: UInt64 = 0
  public var refused: UInt64 = 0
  /// Accepted, and waiting for their turn.
  public var held: UInt32 = 0
  public init() {}
}

/// Everything that `status`, `show`, `list-units` and `list-timers` print of one unit. Names of the JSON's keys are
/// systemd's property names.
public final class UnitReport: Equatable, @unchecked Sendable {
  public var name: Bytes
  public var type: UnitType
  public var description: Bytes = []
  public var loadState = LoadState.loaded
  public var loadError: Bytes = []
  public var fragmentPath: Bytes = []
  /// When its files were read; nil in lists, and where it has none.
  public var readAt: WallTime? = nil
  public var dropInPaths: [Bytes] = []
  public var activeState = ActiveState.inactive
  public var subState: StaticStringBox = .init("dead")
  public var result: ServiceResult? = nil
  public var job: JobReport? = nil
  public var mainPID: Int32 = 0
  public var controlPID: Int32 = 0
  /// 32 hexadecimal digits; empty before the first start.
  public var invocationID: Bytes = []
  public var lastExit: ExitReport? = nil
  public var restarts: UInt32 = 0
  public var restart: RestartPolicy? = nil
  public var restartSource = SettingSource.default
  /// The pending restart, while in auto-restart.
  public var nextRestart: WallTime? = nil
  public var nextRestartLeft: TimeSpan? = nil
  public var restartDelay: TimeSpan? = nil
  /// What it waits for, or why it is where it is, one sentence; empty when there is nothing to explain.
  public var why: Bytes = []
  public var stateChangedAt: WallTime? = nil
  public var activeEnteredAt: WallTime? = nil
  public var activeExitedAt: WallTime? = nil
  public var inactiveEnteredAt: WallTime? = nil
  /// `cgroup`, `tag` or `group`.
  public var containment: Containment? = nil
  public var timer: TimerReport? = nil
  /// Of a job, the latest last.
  public var history: [RunRecord] = []
  public var socket: SocketReport? = nil
  /// Of a path unit: `/run/x (PathExists)` each.
  public var paths: [Bytes] = []
  /// What it starts: of a timer, path or socket; with Accept=yes the instances that there are, in full reports only.
  public var triggers: [Bytes] = []
  /// Timers, paths and sockets that start it; in full reports only.
  public var triggeredBy: [Bytes] = []
  public var after: [Bytes] = []
  public var before: [Bytes] = []
  public var wants: [Bytes] = []
  public var requires: [Bytes] = []
  /// Further properties that only `show` prints, `Key=value` each.
  public var properties: [Bytes] = []
  public init(name: Bytes, type: UnitType) {
    self.name = name
    self.type = type
  }

  /// A report is made for one answer: two are equal only if they are the same.
  public static func == (one: UnitReport, other: UnitReport) -> Bool { one === other }
}

/// A `StaticString` that can be compared.
public struct StaticStringBox: Equatable, Sendable {
  public let value: StaticString
  public init(_ value: StaticString) { self.value = value }
  public static func == (left: StaticStringBox, right: StaticStringBox) -> Bool { Bytes(left.value) == right.value }
}

/// Which processes belong to a service, and by what that is known (DESIGN section 5).
public enum Containment: UInt8, CaseIterable, Sendable {
  case cgroup, tag, group
  public var name: StaticString {
    switch self {
    case .cgroup: "cgroup"
    case .tag: "tag"
    case .group: "group"
    }
  }
}
