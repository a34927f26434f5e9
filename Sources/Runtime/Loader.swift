import Model
import Supervision
import UnitFile

/// Finds and reads units, slice by slice: those that the command line names, or that one request asks for, and from the
/// unit path what those pull in.
///
/// Phases: the arguments become folders, crontabs and names; the crontabs are read; the folders are listed once
/// (`UnitIndex`); then each name is looked up, its files are read and parsed, and the names in it join the queue; then the
/// zones are read, and everything is put together. Of the unit path only what is pulled in is read.
final class Loader {
  static let fileLimit = 1 << 20
  /// Units that are read; more are left out, with an error.
  static let unitsMax = 16_384

  let purpose: LoadPurpose
  let host: HostFacts
  private var arguments: [Bytes]
  private let unitPath: Bytes?
  private var folders: [UnitFolder] = []
  private let crontabs: CrontabLoader
  var index = UnitIndex([])
  private var phase = Phase.arguments
  /// Names to be looked up, each once.
  private var queue: [UnitName] = []
  private var next = 0
  private var seen = NameTable()
  private var isRead = NameTable()
  private var parsed: [ParsedUnit] = []
  /// Templates of sockets with Accept=yes: their names, and those that are read.
  private var templateNames: [UnitName] = []
  private var nextTemplate = 0
  private var templates: [TemplateFiles] = []
  var diagnostics: [Diagnostic] = []
  /// UNIT arguments, the default target, what a request asks for: they start, whatever names them.
  private var requested: [UnitName] = []
  /// The units' own names, of `requested` and of the command line's folders.
  private var starting = NameTable()
  /// Names that may be gone since: they are read if they are there.
  private let known: [Bytes]
  /// The unit path itself is booted: `sysinit.target` and `basic.target` pull in what is linked into them.
  private var bootsUnitPath: Bool

  private(set) var readAt: WallTime? = nil

  private enum Phase { case arguments, crontabs, folders, units, zones }
  var zones: TimeZones? = nil
  /// Position in `parsed`.
  private var nextZones = 0
  let environment: [Bytes]
  /// `TZ` or /etc/localtime names no zone.
  var unknownLocal: UnknownLocalZone? = nil
  /// Units whose zone is unknown: the position of why they cannot be used.
  var withoutZone = NameTable()
  var zoneErrors: [Bytes] = []

  /// Boot, or `apus check`: what the command line names has to be there. Later it may have been masked or removed, which is
  /// no reason to refuse what else changed.
  private let isFirst: Bool

  /// `known`: units from the unit path that are loaded already; they are read anew though nothing pulls them in.
  init(_ purpose: LoadPurpose, _ configuration: SupervisorConfiguration, known: [Bytes], host: HostFacts, isFirst: Bool = false) {
    self.isFirst = isFirst
    self.purpose = purpose
    self.host = host
    self.known = known
    arguments = configuration.paths
    unitPath = configuration.unitPath
    environment = configuration.environment
    bootsUnitPath = configuration.bootsDefaultTarget
    crontabs = CrontabLoader(haveUsers: configuration.crontabsHaveUsers, seed: host.hostname)
  }

  private var isDemand: Bool {
    if case .demand = purpose { return true }
    return false
  }

  /// One small piece of work; the units when nothing is left.
  func step(_ kernel: inout some Kernel) -> LoadedUnits? {
    switch phase {
    case .arguments:
      if readAt == nil { readAt = kernel.now().wall }
      if !arguments.isEmpty {
        open(arguments.removeFirst(), &kernel)
      } else {
        phase = .crontabs
      }
    case .crontabs:
      if crontabs.step(&kernel) {
        diagnostics += crontabs.diagnostics
        index = UnitIndex(folders + UnitPath.folders(unitPath, &kernel))
        phase = .folders
      }
    case .folders:
      if index.step(&kernel) {
        enqueueAll()
        phase = .units
      }
    case .units:
      if next < queue.count {
        load(queue[next], &kernel)
        next += 1
      } else if nextTemplate < templateNames.count {
        nextTemplate += 1
        if let template = readTemplate(templateNames[nextTemplate - 1], &kernel) {
          templates.append(template)
          enqueueNames(of: template.trial.unit)
        }
      } else {
        phase = .zones
      }
    case .zones:
      guard nextZones < parsed.count else { return finish() }
      findZones(parsed[nextZones], &kernel)
      nextZones += 1
    }
    return nil
  }

  // MARK: Arguments

  private func open(_ path: Bytes, _ kernel: inout some Kernel) {
    switch kernel.listFolder(path) {
    case .entries where UnitPath.simplified(path) == "/etc/cron.d":
      fail(path, Bytes("it is a folder of crontabs, not of unit files"), hint: Bytes("name the files: /etc/cron.d/*"))
    case .entries: folders.append(UnitFolder(path, .strict, .commandLine))
    case .failed(let errno) where errno == Errno.ENOTDIR: openFile(path)
    case .failed(let errno) where errno == Errno.ENOENT && !path.contains(47): openUnit(path)
    case .failed(let errno):
      fail(
        path, "cannot read it: " + errorText(errno), hint: errno == Errno.ENOENT ? Bytes("name a folder of unit files or a unit file") : [])
    }
  }

  private func openFile(_ path: Bytes) {
    let slash = path.lastIndex(of: 47)
    let name = Bytes(path[((slash ?? -1) + 1)...])
    guard UnitName(name) != nil else { return crontabs.add(path) }
    let folder = slash.map { $0 == 0 ? Bytes("/") : Bytes(path[..<$0]) } ?? Bytes(".")
    folders.append(UnitFolder(folder, .strict, .commandLine, only: name))
  }

  private func openUnit(_ word: Bytes) {
    bootsUnitPath = true
    guard let unit = UnitName(word) ?? UnitName(word + ".service") else {
      return fail(word, Bytes("it is neither a file or folder nor a unit name"), hint: Bytes("write ./NAME for a path"))
    }
    if unit.isTemplate {
      let example = unit.bytes.firstIndex(of: 64).map { Bytes(unit.bytes[...$0]) + "NAME" + Bytes(unit.bytes[($0 + 1)...]) } ?? []
      return fail(word, text("unit name \(unit.bytes) is missing the instance name"), hint: "write " + example)
    }
    requested.append(unit)
  }

  private func fail(_ file: Bytes, _ message: Bytes, hint: Bytes = []) {
    diagnostics.append(Diagnostic(.error, file: file, message: message, hint: hint))
  }

  // MARK: Names

  private func enqueueAll() {
    diagnostics += index.diagnostics
    if case .demand(_, _, let word) = purpose {
      // What the command line's own units do is known already; the request is about one name.
      diagnostics = []
      requested = []
      if let unit = UnitName(word), !unit.isTemplate { requested.append(unit) }
    } else {
      for entry in index.entries where index.folders[entry.folder].origin == .commandLine {
        if !entry.name.isTemplate { starting.insert(index.find(entry.name).id.bytes) }
        enqueue(entry.name)
      }
      for job in crontabs.jobs {
        starting.insert(job.name.bytes)
        enqueue(job.name)
      }
      if arguments.isEmpty && folders.isEmpty && crontabs.isEmpty && requested.isEmpty && diagnostics.isEmpty && bootsUnitPath {
        requested += defaultTarget()
      }
      for name in known { if let unit = UnitName(name) { enqueue(unit) } }
    }
    for unit in requested {
      starting.insert(index.find(unit).id.bytes)
      enqueue(unit)
    }
  }

  /// `default.target`, wherever a link of that name leads; without one, `multi-user.target`.
  private func defaultTarget() -> [UnitName] {
    if let name = UnitName(Bytes("default.target")), index.entry(name) != nil { return [index.find(name).id] }
    return [UnitName(Bytes("multi-user.target"))].compactMap { $0 }
  }

  private func enqueue(_ name: UnitName) {
    if seen.insert(name.bytes) { queue.append(name) }
  }

  // MARK: Units

  private func load(_ name: UnitName, _ kernel: inout some Kernel) {
    if let job = crontabs.job(name) { return loadJob(UnitSource(job: job), &kernel) }
    let found = index.find(name)
    let id = found.id
    guard isRead.insert(id.bytes) else { return }
    guard parsed.count < Loader.unitsMax else {
      if parsed.count == Loader.unitsMax { fail(id.bytes, Bytes("cannot load it: too many units")) }
      return
    }
    let isWanted = requested.contains(name)
    switch found {
    case .file(_, let path, let folder):
      // What the systemd package installs for the host's sake runs nowhere but on a host (units.md a.3).
      if index.folders[folder].strictness == .lenient, isStub(id), !isSomebodysOwn(path, id) {
        sayNotRead(path, id)
        return add(builtInUnit(id, links: links(of: id, .builtIn, &kernel)))
      }
      if id.type == .target, isPlain(id), index.folders[folder].strictness == .lenient { return addTarget(id, &kernel) }
      let place = index.folders[folder]
      let source = readUnitFile(path, id, place.strictness, &kernel)
      if source.contents == nil, place.strictness == .lenient, !exists(path, &kernel) { return notFound(id, isWanted) }
      add(parseUnit(source, dropIns: readDropIns(of: id, index, &kernel), links: links(of: id, place.origin, &kernel), host: host))
    case .masked(_, let path, let folder):
      let place = index.folders[folder]
      let source = UnitSource(path: path, name: id, contents: [], strictness: place.strictness, isMask: true)
      let links = UnitLinks(origin: place.origin)
      links.aliases = index.aliases(of: id)
      add(parseUnit(source, links: links, host: host))
      if isWanted && isFirst {
        fail(path, text("unit \(id.bytes) is masked"), hint: Bytes("apus unmask, or remove the link to /dev/null"))
      }
    case .absent:
      if isStub(id) { return add(builtInUnit(id, links: links(of: id, .builtIn, &kernel))) }
      if id.type == .target, BuiltInTargets.text(id) != nil { return addTarget(id, &kernel) }
      notFound(id, isWanted)
    }
  }

  /// What an administrator puts under a name of the host is no package's, and meant to run (`systemd-mine.service`).
  private func isSomebodysOwn(_ path: Bytes, _ id: UnitName) -> Bool {
    let folders: [StaticString] = ["/etc/", "/usr/local/", "/run/systemd/system/"]
    return (id.type == .service || id.type == .timer) && folders.contains { path.starts(with: Bytes($0)) }
  }

  /// A mount or a slice of somebody's own, which nobody would expect to do nothing.
  private func sayNotRead(_ path: Bytes, _ id: UnitName) {
    if path.starts(with: Bytes("/usr/lib/systemd/")) || path.starts(with: Bytes("/lib/systemd/")) { return }
    let message = text("not read: \(id.bytes) is a name of the host, always satisfied")
    diagnostics.append(Diagnostic(.warning, file: path, message: message))
  }

  private func loadJob(_ source: UnitSource, _ kernel: inout some Kernel) {
    isRead.insert(source.name.bytes)
    add(
      parseUnit(
        source, dropIns: readDropIns(of: source.name, index, &kernel), links: links(of: source.name, .commandLine, &kernel), host: host))
  }

  private func notFound(_ id: UnitName, _ isWanted: Bool) {
    if isWanted && isFirst { fail(id.bytes, text("unit \(id.bytes) not found in the unit path"), hint: Bytes("write ./NAME for a path")) }
  }

  private func exists(_ path: Bytes, _ kernel: inout some Kernel) -> Bool {
    if case .failed(let errno) = kernel.readFile(path, limit: 0), errno == Errno.ENOENT { return false }
    return true
  }

  /// A name of the host side that is no target.
  private func isStub(_ id: UnitName) -> Bool { id.type != .target && BuiltInNames.contains(id) }

  /// Whether a target stands for nothing but itself: a folder on the command line does not boot the machine's own
  /// `sysinit.target`, which every service requires by default.
  private func isPlain(_ id: UnitName) -> Bool { !bootsUnitPath && (id.bytes == "sysinit.target" || id.bytes == "basic.target") }

  private func addTarget(_ id: UnitName, _ kernel: inout some Kernel) {
    let text = isPlain(id) ? BuiltInTargets.plain : BuiltInTargets.text(id) ?? BuiltInTargets.plain
    let source = UnitSource(path: [], name: id, contents: text, strictness: .lenient)
    let isPlain = isPlain(id)
    add(
      parseUnit(
        source, dropIns: isPlain ? [] : readDropIns(of: id, index, &kernel),
        links: isPlain ? UnitLinks(origin: .builtIn) : links(of: id, .builtIn, &kernel), host: host))
  }

  private func add(_ file: ParsedUnit?) {
    guard let file else { return }
    parsed.append(file)
    let unit = file.unit
    if unit.name.isTemplate || unit.loadState != .loaded { return }
    enqueueNames(of: unit)
  }

  private func enqueueNames(of unit: Unit) {
    let kinds: [ReferenceKind] = [
      .wants, .requires, .requisite, .bindsTo, .partOf, .upholds, .conflicts, .onFailure, .onSuccess, .after, .before,
      .propagatesReloadTo, .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom,
    ]
    for kind in kinds { for name in unit.dependencies[kind] { enqueue(name) } }
    if let started = unit.kind.triggered {
      // A template is read as itself, for what is wrong with it, and once more for its instances.
      if started.isTemplate, !templateNames.contains(started) { templateNames.append(started) }
      enqueue(started)
    }
    // Whoever is triggered does not restart by default (DESIGN section 2), whether the trigger is wanted now or not.
    if unit.name.type == .service {
      for type in [UnitType.timer, .socket, .path] {
        if let trigger = unit.name.with(type: type), index.entry(trigger) != nil { enqueue(trigger) }
      }
    }
    enqueueImplicit(unit)
  }

  /// Units that every unit of a type depends on by default (units.md e.2): where the unit path is booted they must be there
  /// when everything is put together. A folder on the command line has its own beginning.
  private func enqueueImplicit(_ unit: Unit) {
    guard bootsUnitPath, unit.defaultDependencies, unit.origin != .builtIn else { return }
    var names: [StaticString] = ["shutdown.target"]
    switch unit.name.type {
    case .service: names += ["sysinit.target", "basic.target"]
    case .timer: names += ["sysinit.target", "timers.target", "time-sync.target"]
    case .socket: names += ["sysinit.target", "sockets.target"]
    case .path: names += ["sysinit.target", "paths.target"]
    case .target, .mount, .automount, .swap, .slice, .scope, .device: break
    }
    for name in names { if let name = UnitName(Bytes(name)) { enqueue(name) } }
  }

  /// A broken file in systemd's own folders makes a unit that cannot start, and refuses nothing else (DESIGN section 9),
  /// unless it is the very unit that the command line names.
  private func softened(_ diagnostic: Diagnostic, _ units: [Unit]) -> Diagnostic {
    guard diagnostic.severity == .error, isLenient(diagnostic.file) else { return diagnostic }
    for name in requested where isFirst {
      let id = index.find(name).id
      for unit in units where unit.name == id && unit.loadState != .loaded && unit.fragmentPath == diagnostic.file { return diagnostic }
    }
    return Diagnostic(
      .warning, file: diagnostic.file, line: diagnostic.line, column: diagnostic.column, message: diagnostic.message,
      hint: diagnostic.hint)
  }

  /// In one of systemd's own folders.
  private func isLenient(_ file: Bytes) -> Bool {
    for folder in index.folders where file.starts(with: folder.path + "/") { return folder.strictness == .lenient }
    return false
  }

  /// What the command line names by name and cannot be loaded: a boot without it would not be what was asked for.
  private func sayRefused(_ units: [Unit], _ wanted: [UnitName]) {
    for unit in units where (unit.loadState == .error || unit.loadState == .badSetting) && wanted.contains(unit.name) {
      fail(unit.fragmentPath, text("\(unit.name.bytes) cannot be started: \(unit.loadError)"))
    }
  }

  private func finish() -> LoadedUnits {
    let catalogue = assemble(parsed, templates: templates)
    var units: [Unit] = []
    // A template is no unit.
    for unit in catalogue.units where !unit.name.isTemplate {
      if unit.origin == .builtIn {
        unit.isBuiltIn = true
        unit.fragmentPath = []
      }
      // A schedule in an unknown zone cannot be started.
      if let position = withoutZone[unit.name.bytes] {
        unit.loadState = .badSetting
        unit.loadError = zoneErrors[position]
      }
      units.append(unit)
    }
    var wanted: [UnitName] = []
    for name in requested { wanted.append(index.find(name).id) }
    for diagnostic in catalogue.diagnostics { diagnostics.append(softened(diagnostic, units)) }
    if isFirst && !isDemand { sayRefused(units, wanted) }
    var names: [UnitName] = []
    if !isDemand {
      for name in startingUnits(catalogue) where starting.contains(name.bytes) && !wanted.contains(name) { names.append(name) }
      names += wanted
    }
    var loaded = LoadedUnits(units: units, diagnostics: diagnostics, starting: names, isPartial: isDemand)
    loaded.templates = catalogue.templates
    loaded.readAt = readAt
    loaded.zones = zones
    return loaded
  }
}

/// Reads and checks everything at once: `apus check`, and boot, when nobody waits for PID 1 yet.
public func loadUnits(_ configuration: SupervisorConfiguration, _ kernel: inout some Kernel) -> LoadedUnits {
  let loader = Loader(.applyBySignal, configuration, known: [], host: HostFactsReader.read(configuration, &kernel), isFirst: true)
  while true {
    if let loaded = loader.step(&kernel) { return loaded }
  }
}
