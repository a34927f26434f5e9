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
/// names that are nowhere, names of the host side, default and implicit dependencies, ordering cycles, conflicts. The units are
/// those of the files, which are changed.
///
/// `templates`: those whose instances connections get.
public func assemble(_ parsed: [ParsedUnit], templates: [TemplateFiles] = []) -> Catalogue {
  let assembler = Assembler()
  assembler.collect(parsed, templates)
  assembler.resolveAliases()
  assembler.followReferences()
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

final class Assembler {
  var catalogue = Catalogue()
  /// The catalogue's, until the end.
  var units: [Unit] = []
  /// Each unit's file, built-in units excepted; otherwise the same positions as in `units`.
  var files: [ParsedUnit] = []
  var index = NameIndex([], owners: [])
  /// From there on `files` are instances that nobody asked for yet: they start nowhere, and name nobody.
  var firstTrial = 0
  /// By position: another unit starts it by a reference of its own (`ReferenceKind.starts`), or pulls it in.
  private var isTriggered: [Bool] = []
  private var isPulledIn: [Bool] = []

  /// The first of several files of one name counts, as in the unit path.
  func collect(_ parsed: [ParsedUnit], _ templates: [TemplateFiles]) {
    var names: [Bytes] = []
    for file in parsed { names.append(file.unit.name.bytes) }
    let all = NameIndex(names, owners: Array(0..<names.count))
    for position in 0..<parsed.count {
      let file = parsed[position]
      if let first = all.position(of: file.unit.name), first != position {
        let other = parsed[first].unit.fragmentPath
        if other != file.unit.fragmentPath {
          catalogue.diagnostics.append(
            Diagnostic(.notice, file: file.unit.fragmentPath, message: "hidden by " + other + ", which has the same name"))
        }
        continue
      }
      files.append(file)
      units.append(file.unit)
      catalogue.diagnostics += file.diagnostics
    }
    firstTrial = files.count
    for template in templates where template.trial.unit.loadState == .loaded {
      files.append(template.trial)
      // What the file says is compared with it later.
      units.append(template.trial.unit.copy())
    }
    index = NameIndex(units)
  }

  /// Who is started, and who is pulled in, by another unit of a file.
  func followReferences() {
    isTriggered = [Bool](repeating: false, count: files.count)
    isPulledIn = isTriggered
    for position in 0..<firstTrial where !units[position].name.isTemplate {
      for reference in files[position].references {
        guard let target = index.position(of: reference.name), target != position else { continue }
        if reference.kind.starts { isTriggered[target] = true }
        // A socket that a service only names to get its descriptors (Sockets=) is what starts that service, not the other way.
        if reference.kind.pullsIn, !isOfSockets(units[target].name, by: units[position]) { isPulledIn[target] = true }
      }
    }
  }

  private func isOfSockets(_ name: UnitName, by unit: Unit) -> Bool {
    guard name.type == .socket, case .service(let service) = unit.kind else { return false }
    return service.sockets.contains(name)
  }

  /// `always` for what a supervisor is for, `no` for what somebody else starts (DESIGN section 2).
  func setRestartDefaults() {
    for position in firstTrial..<files.count { units[position].neverRestartsByDefault() }
    for position in 0..<firstTrial {
      let unit = units[position]
      guard case .service(let service) = unit.kind, service.restartSource == .default else { continue }
      let restarts =
        service.type != .oneshot && !service.remainAfterExit && unit.successAction == .none && unit.failureAction == .none
        && !unit.isScheduledService && !isTriggered[position] && !hasTrigger(ofSameName: unit.name)
      service.restart = restarts ? .always : .no
    }
  }

  /// Whether a timer, socket or path of equal name is loaded.
  private func hasTrigger(ofSameName name: UnitName) -> Bool {
    for type in [UnitType.timer, .socket, .path] where type != name.type {
      guard let other = name.with(type: type), let position = index.position(of: other) else { continue }
      // With Unit= or Service= it triggers that unit only.
      if let triggered = units[position].kind.triggered {
        if triggered == name { return true }
      } else if name.type == .service {
        return true
      }
    }
    return false
  }

  /// Names that must exist and do not; names of the host side become stubs.
  func checkReferences() {
    var stubs: [Unit] = []
    for position in files.indices {
      let unit = units[position]
      if unit.name.isTemplate { continue }
      for reference in files[position].references where index.position(of: reference.name) == nil {
        // Of a trial's own instance nobody can say yet.
        if position >= firstTrial, reference.name.instance == unit.name.instance { continue }
        if BuiltInNames.contains(reference.name) {
          if find(reference.name, in: stubs) == nil { stubs.append(BuiltInNames.unit(reference.name)) }
          continue
        }
        switch reference.kind {
        case .requires, .requisite, .bindsTo: missing(reference, in: position, what: "cannot find the required unit ")
        case .trigger:
          missing(reference, in: position, what: "cannot find the unit to start, ")
          // With systemd it loads, and no start of it succeeds.
          if unit.name.type != .timer, unit.loadState == .loaded {
            unit.loadState = .badSetting
            unit.loadError = "there is no " + reference.name.bytes
          }
        case .after, .before, .wants, .partOf, .upholds, .conflicts, .onFailure, .onSuccess, .propagatesReloadTo,
          .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom:
          break
        }
      }
    }
    units += stubs
    index = NameIndex(units)
  }

  private func find(_ name: UnitName, in units: [Unit]) -> Unit? {
    for unit in units where unit.name == name { return unit }
    return nil
  }

  private func missing(_ reference: Reference, in position: Int, what: StaticString) {
    let unit = units[position]
    // A refused file says enough.
    guard unit.loadState == .loaded else { return }
    let name = reference.name
    var candidates: [Bytes] = []
    for other in units where other.name.type == name.type { candidates.append(other.name.withoutSuffix) }
    var hint = Bytes()
    if let near = nearest(to: name.withoutSuffix, among: candidates) {
      hint = "did you mean " + near + "." + Bytes(name.type.name) + "?"
    }
    if let template = name.template, index.position(of: template) != nil {
      hint = "instances of " + template.bytes + " come with a later release"
    }
    if hint.isEmpty {
      var remedy: StaticString = "write that unit, or Wants="
      if reference.kind == .trigger {
        remedy = "write that unit, or [Timer] Unit="
        if unit.name.type == .socket { remedy = "write that unit, or [Socket] Service=" }
        if unit.name.type == .path { remedy = "write that unit, or [Path] Unit=" }
        if name.isTemplate { remedy = "each connection gets an instance of it; or write [Socket] Accept=no" }
      }
      hint = Bytes(remedy)
    }
    say(files[position], reference.position, what + name.bytes, hint: hint)
  }

  /// Something is wrong at a place in a unit's files: an error where the file is read strictly.
  func say(_ file: ParsedUnit, _ place: Position, _ message: Bytes, hint: Bytes, isWarning: Bool = false) {
    let (path, strictness) = file.file(of: place)
    catalogue.diagnostics.append(
      Diagnostic(
        strictness == .strict && !isWarning ? .error : .warning, file: path, line: place.line, column: place.column, message: message,
        hint: hint))
  }

  func findStarting() {
    for position in 0..<firstTrial {
      let unit = units[position]
      if unit.origin != .commandLine || unit.isBuiltIn || unit.loadState != .loaded || unit.name.isTemplate || isPulledIn[position]
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

  /// Two units that both start by themselves cannot conflict; in systemd's own folders nothing starts by itself.
  func checkConflicts() {
    let starting = catalogue.starting
    for position in files.indices {
      let file = files[position]
      let name = units[position].name
      for reference in file.references where reference.kind == .conflicts && reference.name != name {
        guard file.file(of: reference.position).strictness == .strict, starting.contains(name), starting.contains(reference.name) else {
          continue
        }
        say(
          file, reference.position, "cannot start both " + name.bytes + " and " + reference.name.bytes + ": they conflict",
          hint: Bytes("give apus only one of them"))
      }
    }
  }
}
