/// What reading every unit file gave: the door between the parsers and the manager.
public struct LoadedUnits: Equatable, Sendable {
  public var units: [Unit]
  public var diagnostics: [Diagnostic]
  /// Those that start by themselves (DESIGN section 1, "What starts").
  public var starting: [UnitName]
  /// Only what one request asked for, and what that pulls in (`LoadPurpose.demand`): what is missing was not looked for, so
  /// nothing that is known already changes or goes. The unit asked for is missing when there is no such unit.
  public var isPartial: Bool
  /// Of sockets with Accept=yes.
  public var templates: [UnitTemplate] = []
  /// When reading began.
  public var readAt: WallTime? = nil
  /// Those that the units' schedules name, and the local one; nil: no schedule needs any.
  public var zones: TimeZones? = nil
  public init(units: [Unit], diagnostics: [Diagnostic], starting: [UnitName], isPartial: Bool = false) {
    self.units = units
    self.diagnostics = diagnostics
    self.starting = starting
    self.isPartial = isPartial
  }
  public var hasErrors: Bool {
    for diagnostic in diagnostics where diagnostic.severity == .error { return true }
    return false
  }
}

/// Why files are read again, and whom to answer.
public indirect enum LoadPurpose: Equatable, Sendable {
  /// The first one of an apus that prepares its host before it (units.md a.3); the loop hands it on as the boot itself.
  case boot
  /// SIGHUP.
  case applyBySignal
  case apply(RequestID)
  case plan(RequestID)
  case daemonReload(RequestID)
  /// A client names a unit that is not loaded: it is looked for in the unit path, and the request is then done.
  case demand(RequestID, Request, unit: Bytes)

  public var isBoot: Bool {
    if case .boot = self { return true }
    return false
  }
}
