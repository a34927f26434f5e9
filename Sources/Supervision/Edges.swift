import Model

/// How one unit stands to another (units.md e.1). Every one has its inverse, so that both ends know of each edge.
enum Relation: UInt8, CaseIterable, Sendable {
  case after, before, requires, requiredBy, requisite, requisiteOf, wants, wantedBy, bindsTo, boundBy, partOf, consistsOf, upholds,
    upheldBy, conflicts, conflictedBy, onFailure, onFailureOf, onSuccess, onSuccessOf, propagatesReloadTo, reloadPropagatedFrom,
    propagatesStopTo, stopPropagatedFrom

  /// How the other end stands to it: the next one, as they are in pairs.
  var inverse: Relation { Relation.allCases[Int(rawValue ^ 1)] }

  /// What a unit's words become.
  init?(_ kind: ReferenceKind) {
    switch kind {
    case .after: self = .after
    case .before: self = .before
    case .wants: self = .wants
    case .requires: self = .requires
    case .requisite: self = .requisite
    case .bindsTo: self = .bindsTo
    case .partOf: self = .partOf
    case .upholds: self = .upholds
    case .conflicts: self = .conflicts
    case .onFailure: self = .onFailure
    case .onSuccess: self = .onSuccess
    case .propagatesReloadTo: self = .propagatesReloadTo
    case .reloadPropagatedFrom: self = .reloadPropagatedFrom
    case .propagatesStopTo: self = .propagatesStopTo
    case .stopPropagatedFrom: self = .stopPropagatedFrom
    case .trigger: return nil
    }
  }

  /// Its start fails where there is no such unit.
  var isNeeded: Bool { self == .requires || self == .requisite || self == .bindsTo }

  /// systemd's property.
  var name: StaticString {
    switch self {
    case .after: "After"
    case .before: "Before"
    case .requires: "Requires"
    case .requiredBy: "RequiredBy"
    case .requisite: "Requisite"
    case .requisiteOf: "RequisiteOf"
    case .wants: "Wants"
    case .wantedBy: "WantedBy"
    case .bindsTo: "BindsTo"
    case .boundBy: "BoundBy"
    case .partOf: "PartOf"
    case .consistsOf: "ConsistsOf"
    case .upholds: "Upholds"
    case .upheldBy: "UpheldBy"
    case .conflicts: "Conflicts"
    case .conflictedBy: "ConflictedBy"
    case .onFailure: "OnFailure"
    case .onFailureOf: "OnFailureOf"
    case .onSuccess: "OnSuccess"
    case .onSuccessOf: "OnSuccessOf"
    case .propagatesReloadTo: "PropagatesReloadTo"
    case .reloadPropagatedFrom: "ReloadPropagatedFrom"
    case .propagatesStopTo: "PropagatesStopTo"
    case .stopPropagatedFrom: "StopPropagatedFrom"
    }
  }
}

/// Everybody a unit has to do with, by relation; absent units left out, nobody twice.
struct Edges: Sendable {
  private var lists = [[UnitID]](repeating: [], count: Relation.allCases.count)

  subscript(_ relation: Relation) -> [UnitID] {
    get { lists[Int(relation.rawValue)] }
    _modify { yield &lists[Int(relation.rawValue)] }
  }
}

// Relations that act together (systemd's dependency atoms).
extension Relation {
  /// Its start pulls them in, and fails without them.
  static let pulledInBy: [Relation] = [.requires, .bindsTo]
  /// Its start pulls them in, and does not care.
  static let pulledInIgnored: [Relation] = [.wants, .upholds]
  /// They go down when it is stopped by request.
  static let stoppedWith: [Relation] = [.requiredBy, .requisiteOf, .boundBy, .consistsOf, .propagatesStopTo]
  /// They are restarted when it is.
  static let restartedWith: [Relation] = [.requiredBy, .requisiteOf, .boundBy, .consistsOf]
  /// Their start fails when its start does.
  static let failWith: [Relation] = [.requiredBy, .requisiteOf, .boundBy]
  /// They go down when it goes down by itself.
  static let stoppedByItsEnd: [Relation] = [.boundBy, .propagatesStopTo]
  /// As long as one of them is about, StopWhenUnneeded= does not act.
  static let needIt: [Relation] = [.requiredBy, .requisiteOf, .wantedBy, .boundBy, .upheldBy]
  /// Whom it needs, so that its end may leave them unneeded.
  static let neededByIt: [Relation] = [.requires, .requisite, .wants, .bindsTo, .upholds]
}

/// In which list a unit was seen last.
private struct EdgeMarks {
  var rounds: [UInt32]
  var round: UInt32 = 0
  init(units: Int) { rounds = [UInt32](repeating: 0, count: units) }
}

extension Manager {
  /// Resolves every edge and every alias anew, both ways. Linear in the number of names: duplicates are found by one mark
  /// a unit, not by searching.
  mutating func link() {
    linkRound &+= 1
    for record in records {
      record.edges = Edges()
      record.timers = []
      record.paths = []
      record.sockets = []
      record.missingRequirement = []
    }
    linkAliases()
    for index in records.indices where byName[records[index].name] == index {
      linkUnit(index)
      records[index].linkRound = linkRound
    }
    var marks = EdgeMarks(units: records.count)
    for record in records { settleEdges(record, &marks) }
  }

  /// The edges of one unit that is made between two loads (a parallel run): its own words; nobody names it.
  mutating func linkNew(_ index: Int) {
    linkUnit(index)
    records[index].linkRound = linkRound
    var marks = EdgeMarks(units: records.count)
    settleEdges(records[index], &marks)
  }

  /// Takes a unit out of the lists of those that its edges lead to: another one gets its slot (a template with `Requires=%i`).
  func unlink(_ index: Int) {
    for relation in Relation.allCases {
      for other in records[index].edges[relation] { self[other].edges[relation.inverse].removeAll { $0 == UnitID(index) } }
    }
  }

  /// Each edge once; and whether somebody has to look after the unit's being up or down.
  private func settleEdges(_ record: UnitRecord, _ marks: inout EdgeMarks) {
    for relation in Relation.allCases where record.edges[relation].count > 1 {
      marks.round += 1
      record.edges[relation].removeAll { other in
        let isKnown = marks.rounds[Int(other.index)] == marks.round
        marks.rounds[Int(other.index)] = marks.round
        return isKnown
      }
    }
    let named = definer(of: record)
    let isUnneededKind = named.unit.stopWhenUnneeded || named.pending?.stopWhenUnneeded == true
    record.isWatched = isUnneededKind || !record.edges[.bindsTo].isEmpty || !record.edges[.upheldBy].isEmpty
  }

  /// Further names of units; a name that is a unit of its own stays that.
  private mutating func linkAliases() {
    for name in aliases where byName[name].map({ records[$0].name != name }) ?? false { byName[name] = nil }
    aliases = []
    for index in records.indices where byName[records[index].name] == index {
      for alias in (records[index].pending ?? records[index].unit).aliases where byName[alias.bytes] == nil {
        byName[alias.bytes] = index
        aliases.append(alias.bytes)
      }
    }
  }

  /// Whose words a unit's edges are made of: a parallel run's are those of the unit it is a run of, as loaded last. Its own
  /// definition is that of its last run, and gives way to the new one at the next, when nothing is linked.
  private func definer(of record: UnitRecord) -> UnitRecord { record.parallelOf.map { self[$0] } ?? record }

  private mutating func linkUnit(_ index: Int) {
    let named = definer(of: records[index])
    let unit = named.pending ?? named.unit
    for kind in ReferenceKind.allCases {
      if let relation = Relation(kind) { connect(index, unit.dependencies[kind], relation) }
    }
    linkTriggers(index, unit)
  }

  /// Who is started by whom, beside its edges.
  private func linkTriggers(_ index: Int, _ unit: Unit) {
    switch unit.kind {
    case .timer(let settings): if let other = byName[settings.unit.bytes] { records[other].timers.append(UnitID(index)) }
    case .path(let settings): if let other = byName[settings.unit.bytes] { records[other].paths.append(UnitID(index)) }
    case .socket(let settings):
      if !settings.accepts, let other = byName[settings.service.bytes] { addSocket(index, to: other) }
    case .service(let settings): for name in settings.sockets { if let socket = byName[name.bytes] { addSocket(socket, to: index) } }
    case .target, .other: break
    }
  }

  private func addSocket(_ socket: Int, to service: Int) {
    if !records[service].sockets.contains(UnitID(socket)) { records[service].sockets.append(UnitID(socket)) }
  }

  private func connect(_ index: Int, _ names: [UnitName], _ relation: Relation) {
    for name in names {
      guard let other = byName[name.bytes] else {
        if relation.isNeeded && records[index].missingRequirement.isEmpty { records[index].missingRequirement = name.bytes }
        continue
      }
      if other == index { continue }
      records[index].edges[relation].append(UnitID(other))
      records[other].edges[relation.inverse].append(UnitID(index))
    }
  }
}
