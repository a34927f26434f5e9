/// The edges a unit's own files, and its `.wants/`, `.requires/` and `.upholds/` folders, name (units.md e.1). Default and
/// implicit ones (e.2) are put in when the units are put together, so that the manager knows only one kind.
public struct Dependencies: Equatable, Sendable {
  public var after: [UnitName] = []
  public var before: [UnitName] = []
  public var wants: [UnitName] = []
  public var requires: [UnitName] = []
  public var requisite: [UnitName] = []
  public var bindsTo: [UnitName] = []
  public var partOf: [UnitName] = []
  public var upholds: [UnitName] = []
  public var conflicts: [UnitName] = []
  public var onFailure: [UnitName] = []
  public var onSuccess: [UnitName] = []
  public var propagatesReloadTo: [UnitName] = []
  public var reloadPropagatedFrom: [UnitName] = []
  public var propagatesStopTo: [UnitName] = []
  public var stopPropagatedFrom: [UnitName] = []
  public init() {}
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
