import Model

extension ReferenceKind {
  /// Names a unit that starts only when it is pulled in or triggered (DESIGN "What starts").
  var pullsIn: Bool {
    switch self {
    case .wants, .requires, .bindsTo, .upholds, .onFailure, .onSuccess, .trigger: true
    case .after, .before, .requisite, .partOf, .conflicts, .propagatesReloadTo, .reloadPropagatedFrom, .propagatesStopTo,
      .stopPropagatedFrom:
      false
    }
  }

  /// Starts the unit that it names when something happens.
  var starts: Bool { self == .trigger || self == .onFailure || self == .onSuccess }

  /// A start of the one fails when the other does not exist.
  var needsUnit: Bool { self == .requires || self == .requisite || self == .bindsTo || self == .trigger }
}
