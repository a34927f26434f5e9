import Model

/// Why one unit names another: the fifteen dependencies of units.md e.1, and a timer's unit.
enum ReferenceKind: UInt8, CaseIterable, Sendable {
  case after, before, wants, requires, requisite, bindsTo, partOf, upholds, conflicts, onFailure, onSuccess
  case propagatesReloadTo, reloadPropagatedFrom, propagatesStopTo, stopPropagatedFrom
  case trigger

  /// Names a unit that starts only when it is pulled in or triggered (DESIGN "What starts").
  var pullsIn: Bool {
    switch self {
    case .wants, .requires, .bindsTo, .upholds, .onFailure, .onSuccess, .trigger: true
    case .after, .before, .requisite, .partOf, .conflicts, .propagatesReloadTo, .reloadPropagatedFrom, .propagatesStopTo,
      .stopPropagatedFrom:
      false
    }
  }

  /// A start of the one fails when the other does not exist.
  var needsUnit: Bool { self == .requires || self == .requisite || self == .bindsTo || self == .trigger }
}

extension Dependencies {
  /// The names of one kind; of `trigger` none: that edge is in the timer's own settings.
  subscript(kind: ReferenceKind) -> [UnitName] {
    get {
      switch kind {
      case .after: after
      case .before: before
      case .wants: wants
      case .requires: requires
      case .requisite: requisite
      case .bindsTo: bindsTo
      case .partOf: partOf
      case .upholds: upholds
      case .conflicts: conflicts
      case .onFailure: onFailure
      case .onSuccess: onSuccess
      case .propagatesReloadTo: propagatesReloadTo
      case .reloadPropagatedFrom: reloadPropagatedFrom
      case .propagatesStopTo: propagatesStopTo
      case .stopPropagatedFrom: stopPropagatedFrom
      case .trigger: []
      }
    }
    set {
      switch kind {
      case .after: after = newValue
      case .before: before = newValue
      case .wants: wants = newValue
      case .requires: requires = newValue
      case .requisite: requisite = newValue
      case .bindsTo: bindsTo = newValue
      case .partOf: partOf = newValue
      case .upholds: upholds = newValue
      case .conflicts: conflicts = newValue
      case .onFailure: onFailure = newValue
      case .onSuccess: onSuccess = newValue
      case .propagatesReloadTo: propagatesReloadTo = newValue
      case .reloadPropagatedFrom: reloadPropagatedFrom = newValue
      case .propagatesStopTo: propagatesStopTo = newValue
      case .stopPropagatedFrom: stopPropagatedFrom = newValue
      case .trigger: break
      }
    }
  }

  /// Adds a name once.
  mutating func add(_ name: UnitName, _ kind: ReferenceKind) {
    if !self[kind].contains(name) { self[kind].append(name) }
  }
}
