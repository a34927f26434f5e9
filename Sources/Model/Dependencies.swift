/// Why one unit names another: the fifteen dependencies of units.md e.1, and a timer's unit.
public enum ReferenceKind: UInt8, CaseIterable, Sendable {
  case after, before, wants, requires, requisite, bindsTo, partOf, upholds, conflicts, onFailure, onSuccess
  case propagatesReloadTo, reloadPropagatedFrom, propagatesStopTo, stopPropagatedFrom
  case trigger
}

/// The edges a unit's own files, and its `.wants/`, `.requires/` and `.upholds/` folders, name (units.md e.1). Default and
/// implicit ones (e.2) are put in when the units are put together, so that the manager knows only one kind.
public struct Dependencies: Equatable, Sendable {
  /// By kind.
  private var lists = [[UnitName]](repeating: [], count: ReferenceKind.allCases.count)

  public init() {}

  /// The names of one kind; of `trigger` none: that edge is in the timer's own settings.
  public subscript(kind: ReferenceKind) -> [UnitName] {
    get { lists[Int(kind.rawValue)] }
    _modify { yield &lists[Int(kind.rawValue)] }
  }

  /// Adds a name once.
  public mutating func add(_ name: UnitName, _ kind: ReferenceKind) {
    if !self[kind].contains(name) { self[kind].append(name) }
  }
}

/// `[Install]`: read by `enable` and its kin only (units.md b.8).
public struct InstallSettings: Equatable, Sendable {
  public var alias: [Bytes] = []
  public var wantedBy: [Bytes] = []
  public var requiredBy: [Bytes] = []
  public var upheldBy: [Bytes] = []
  public var also: [Bytes] = []
  public var defaultInstance: Bytes = []
  public init() {}
}

/// Where a unit's main file lies; it decides how strictly it is read and what apply may do with it (DESIGN sections 2 and 9).
public enum UnitOrigin: UInt8, Sendable {
  /// A folder or file on the command line: apply starts, stops and restarts it.
  case commandLine
  /// The unit path: only read anew.
  case unitPath
  /// No file: a name that apus itself knows.
  case builtIn
}
