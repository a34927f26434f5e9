import Model

/// All units of a configuration with what was found in their files.
public struct Catalogue: Equatable, Sendable {
  /// In the order of their sources; the built-in ones that are referenced stand at the end.
  public var units: [Unit] = []
  public var diagnostics: [Diagnostic] = []
  /// Of sockets with Accept=yes.
  public var templates: [UnitTemplate] = []
  /// Names of `units` that start by themselves.
  var starting: [UnitName] = []

  public init() {}

  /// Whether the configuration as a whole is refused.
  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Names of `catalogue.units` that start from a folder or file on the command line (DESIGN "What starts"): all but
/// templates and those that another unit names, which start when they are pulled in or triggered.
public func startingUnits(_ catalogue: Catalogue) -> [UnitName] { catalogue.starting }

/// Puts parsed files together and does what needs more than one of them: names given twice, aliases, `Restart=`'s default,
/// names that are nowhere, names of the host side, default and implicit dependencies, ordering cycles, conflicts.
///
/// `templates`: those whose instances connections get.
public func assemble(_ parsed: [ParsedUnit], templates: [TemplateFiles] = []) -> Catalogue {
  var assembler = Assembler()
  assembler.collect(parsed, templates.map { $0.trial })
  assembler.resolveAliases()
  assembler.setRestartDefaults()
  assembler.checkReferences()
  assembler.checkTemplates(templates)
  assembler.checkSockets()
  assembler.findStarting()
  assembler.checkConflicts()
  assembler.addDefaultDependencies()
  assembler.reportCycles()
  assembler.takeTrials(templates)
  return assembler.catalogue
}

struct Assembler {
  var catalogue = Catalogue()
  /// Each unit's file, built-in units excepted; otherwise the same positions as in `catalogue.units`.
  var files: [ParsedUnit] = []
  var index = NameIndex([], owners: [])
  /// From there on `files` are instances that nobody asked for yet: they start nowhere, and name nobody.
  var firstTrial = 0
  /// References to each unit, as positions of the units that name it.
  var namedBy: [[(kind: ReferenceKind, by: Int)]] = []

  /// The first of several files of one name counts, as in the unit path.
  mutating func collect(_ parsed: [ParsedUnit], _ trials: [ParsedUnit]) {
    let all = NameIndex(parsed.map { $0.unit.name.bytes }, owners: Array(parsed.indices))
    for (position, file) in parsed.enumerated() {
      if let first = all.position(of: file.unit.name), first != position {
        let other = parsed[first].unit.fragmentPath
        if other != file.unit.fragmentPath {
          catalogue.diagnostics.append(
            Diagnostic(.notice, file: file.unit.fragmentPath, message: "hidden by " + other + ", which has the same name"))
        }
        continue
      }
      files.append(file)
      catalogue.units.append(file.unit)
      catalogue.diagnostics += file.diagnostics
    }
    firstTrial = files.count
    for trial in trials where trial.unit.loadState == .loaded {
      files.append(trial)
      catalogue.units.append(trial.unit)
    }
    index = NameIndex(catalogue.units)
    namedBy = Array(repeating: [], count: files.count)
    for position in 0..<firstTrial where !catalogue.units[position].name.isTemplate {
      for reference in files[position].references {
        guard let target = index.position(of: reference.name), target != position else { continue }
        namedBy[target].append((reference.kind, position))
      }
    }
  }

  /// `always` for what a supervisor is for, `no` for what somebody else starts (DESIGN section 2).
  mutating func setRestartDefaults() {
    for position in firstTrial..<files.count { catalogue.units[position].neverRestartsByDefault() }
    for position in 0..<firstTrial {
      guard case .service(let service) = catalogue.units[position].kind, service.restartSource == .default else { continue }
      let unit = catalogue.units[position]
      let isTriggered = namedBy[position].contains {
        switch $0.kind {
        case .trigger, .onFailure, .onSuccess: true
        case .after, .before, .wants, .requires, .requisite, .bindsTo, .partOf, .upholds, .conflicts, .propagatesReloadTo,
          .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom:
          false
        }
      }
      let restarts =
        service.type != .oneshot && !service.remainAfterExit && unit.successAction == .none && unit.failureAction == .none
        && service.schedule.triggers.isEmpty && !isTriggered && !hasTrigger(ofSameName: unit.name)
      service.restart = restarts ? .always : .no
      catalogue.units[position].kind = .service(service)
    }
  }

  /// Whether a timer, socket or path of equal name is loaded.
  private func hasTrigger(ofSameName name: UnitName) -> Bool {
    let triggers: [UnitType] = [.timer, .socket, .path]
    return triggers.contains { type in
      guard type != name.type, let other = name.with(type: type), let position = index.position(of: other) else { return false }
      // With Unit= or Service= it triggers that unit only.
      return catalogue.units[position].kind.triggered.map { $0 == name } ?? (name.type == .service)
    }
  }

  /// Names that must exist and do not; names of the host side become stubs.
  mutating func checkReferences() {
    var stubs: [Unit] = []
    for position in files.indices where !catalogue.units[position].name.isTemplate {
      for reference in files[position].references where index.position(of: reference.name) == nil {
        // Of a trial's own instance nobody can say yet.
        if position >= firstTrial, reference.name.instance == catalogue.units[position].name.instance { continue }
        if BuiltInNames.contains(reference.name) {
          if !stubs.contains(where: { $0.name == reference.name }) { stubs.append(BuiltInNames.unit(reference.name)) }
          continue
        }
        switch reference.kind {
        case .requires, .requisite, .bindsTo: missing(reference, in: position, what: "cannot find the required unit ")
        case .trigger:
          missing(reference, in: position, what: "cannot find the unit to start, ")
          // With systemd it loads, and no start of it succeeds.
          if catalogue.units[position].name.type != .timer, catalogue.units[position].loadState == .loaded {
            catalogue.units[position].loadState = .badSetting
            catalogue.units[position].loadError = "there is no " + reference.name.bytes
          }
        case .after, .before, .wants, .partOf, .upholds, .conflicts, .onFailure, .onSuccess, .propagatesReloadTo,
          .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom:
          break
        }
      }
    }
    catalogue.units += stubs
    index = NameIndex(catalogue.units)
  }

  private mutating func missing(_ reference: Reference, in position: Int, what: StaticString) {
    // A refused file says enough.
    guard catalogue.units[position].loadState == .loaded else { return }
    let suffix = reference.name.type
    let candidates = catalogue.units.filter { $0.name.type == suffix }.map { $0.name.withoutSuffix }
    var hint = Bytes()
    if let name = nearest(to: reference.name.withoutSuffix, among: candidates) {
      hint = "did you mean " + name + "." + Bytes(suffix.name) + "?"
    }
    if let template = reference.name.template, index.position(of: template) != nil {
      hint = "instances of " + template.bytes + " come with a later release"
    }
    if hint.isEmpty {
      hint = Bytes("write that unit, or Wants=")
      if reference.kind == .trigger {
        switch catalogue.units[position].name.type {
        case .socket: hint = Bytes("write that unit, or [Socket] Service=")
        case .path: hint = Bytes("write that unit, or [Path] Unit=")
        default: hint = Bytes("write that unit, or [Timer] Unit=")
        }
        if reference.name.isTemplate { hint = Bytes("each connection gets an instance of it; or write [Socket] Accept=no") }
      }
    }
    let file = files[position].file(of: reference.position)
    catalogue.diagnostics.append(
      Diagnostic(
        file.strictness == .strict ? .error : .warning, file: file.path,
        line: reference.position.line, column: reference.position.column, message: what + reference.name.bytes, hint: hint))
  }

  mutating func findStarting() {
    for position in 0..<firstTrial {
      let unit = catalogue.units[position]
      // A socket that a service only names to get its descriptors (Sockets=) is what starts that service, not the other way.
      let isPulledIn = namedBy[position].contains { $0.kind.pullsIn && !isOfSockets(unit.name, by: $0.by) }
      if unit.origin != .commandLine || unit.isBuiltIn || unit.loadState != .loaded || unit.name.isTemplate || isPulledIn
        || hasTrigger(ofSameName: unit.name)
      {
        continue
      }
      switch unit.kind {
      case .service, .timer, .socket, .path, .target: catalogue.starting.append(unit.name)
      case .other: break
      }
    }
  }

  private func isOfSockets(_ name: UnitName, by position: Int) -> Bool {
    guard name.type == .socket, case .service(let service) = catalogue.units[position].kind else { return false }
    return service.sockets.contains(name)
  }

  /// Two units that both start by themselves cannot conflict; in systemd's own folders nothing starts by itself.
  mutating func checkConflicts() {
    for position in files.indices {
      for reference in files[position].references where reference.kind == .conflicts {
        let file = files[position].file(of: reference.position)
        guard file.strictness == .strict else { continue }
        let name = catalogue.units[position].name
        guard reference.name != name, catalogue.starting.contains(name), catalogue.starting.contains(reference.name) else {
          continue
        }
        catalogue.diagnostics.append(
          Diagnostic(
            .error, file: file.path, line: reference.position.line, column: reference.position.column,
            message: "cannot start both " + name.bytes + " and " + reference.name.bytes + ": they conflict",
            hint: Bytes("give apus only one of them")))
      }
    }
  }
}
