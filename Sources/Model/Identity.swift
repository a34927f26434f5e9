/// The index of a unit in the manager's one array. Never reused while apus runs.
public struct UnitID: Equatable, Hashable, Comparable, Sendable {
  public var index: Int32
  public init(_ index: Int) { self.index = Int32(truncatingIfNeeded: index) }
  public static func < (left: UnitID, right: UnitID) -> Bool { left.index < right.index }
  /// The container's main process of `run … -- COMMAND`, which is no unit.
  public static let command = UnitID(-1)
  /// apus's own helper processes, which belong to no unit.
  public static let helper = UnitID(-2)
  /// Who watches /etc/localtime: apus itself.
  public static let zone = UnitID(-3)
}

/// One run of one unit. What can arrive late carries it; what arrives with an old number is dropped.
public struct Invocation: Equatable, Hashable, Sendable {
  public var unit: UnitID
  /// Unique in this apus, from 1, at most 2^30: it is also the containment tag (DESIGN section 5 b).
  public var number: UInt32
  public init(unit: UnitID, number: UInt32) {
    self.unit = unit
    self.number = number
  }

  /// For a `NameTable`.
  public var packed: Int { Int(truncatingIfNeeded: tableNumber) }
  public init(packed: Int) {
    unit = UnitID(packed >> 32)
    number = UInt32(truncatingIfNeeded: packed)
  }
}

/// What a process is for, in one invocation.
public enum Role: UInt8, CaseIterable, Sendable {
  case condition, startPre, main, startPost, reload, stop, stopPost, probe

  public var name: StaticString {
    switch self {
    case .condition: "ExecCondition"
    case .startPre: "ExecStartPre"
    case .main: "ExecStart"
    case .startPost: "ExecStartPost"
    case .reload: "ExecReload"
    case .stop: "ExecStop"
    case .stopPost: "ExecStopPost"
    case .probe: "probe"
    }
  }
}

/// One forked process: its invocation, its role, and which command of the role's list it runs.
/// `serial` tells two processes of the same role of one invocation apart (several ExecStartPre=, retries).
public struct ProcessKey: Equatable, Hashable, Sendable {
  public var invocation: Invocation
  public var role: Role
  public var serial: UInt32
  public init(_ invocation: Invocation, _ role: Role, serial: UInt32) {
    self.invocation = invocation
    self.role = role
    self.serial = serial
  }
}
