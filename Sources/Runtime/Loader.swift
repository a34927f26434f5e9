import Model
import Supervision
import UnitFile

/// Reads every unit file that the command line names, slice by slice, and what those pull in from `/etc/apus`.
///
/// PATH is a folder of unit files, or a unit file; a word without `/` that names nothing on disk is a UNIT of the unit
/// path (DESIGN section 1). Of a folder, files whose names end in no unit suffix are none of ours and are passed over.
struct Loader {
  static let unitPath = Bytes("/etc/apus")
  static let fileLimit = 1 << 20
  /// Names that are pulled in from the unit path, over all rounds.
  static let pullLimit = 4096

  let purpose: LoadPurpose
  private let host: HostFacts
  private var paths: [Bytes]
  private var sources: [(path: Bytes, name: UnitName)] = []
  private var next = 0
  private var parsed: [ParsedUnit] = []
  private var diagnostics: [Diagnostic] = []
  /// UNIT arguments: they start, whatever names them.
  private var requested: [UnitName] = []
  /// Units that came from the unit path: they start only when pulled in or asked for.
  private var pulled: [UnitName] = []
  private var seen: [Bytes: Bool] = [:]

  init(_ purpose: LoadPurpose, paths: [Bytes], host: HostFacts) {
    self.purpose = purpose
    self.paths = paths
    self.host = host
  }

  /// One small piece of work; the units when nothing is left.
  mutating func step(_ kernel: inout some Kernel) -> LoadedUnits? {
    if !paths.isEmpty {
      open(paths.removeFirst(), &kernel)
      return nil
    }
    if next < sources.count {
      read(sources[next], &kernel)
      next += 1
      return nil
    }
    if pullIn(&kernel) { return nil }
    return finish()
  }

  // MARK: Paths

  private mutating func open(_ path: Bytes, _ kernel: inout some Kernel) {
    switch kernel.listFolder(path) {
    case .entries(let names): openFolder(path, names)
    case .failed(let errno) where errno == Errno.ENOTDIR: openFile(path)
    case .failed(let errno) where errno == Errno.ENOENT && !path.contains(47): openUnit(path, &kernel)
    case .failed(let errno):
      fail(
        path, "cannot read it: " + errorText(errno), hint: errno == Errno.ENOENT ? Bytes("name a folder of unit files or a unit file") : [])
    }
  }

  private mutating func openFolder(_ folder: Bytes, _ names: [Bytes]) {
    let prefix = folder.last == 47 ? folder : folder + "/"
    for name in names {
      if let unit = UnitName(name) {
        add(prefix + name, unit)
      } else if name.ends(with: ".d"), UnitName(Bytes(name.dropLast(2))) != nil {
        diagnostics.append(
          Diagnostic(
            .warning, file: prefix + name, message: Bytes("drop-in folders are not honoured yet"),
            hint: Bytes("put the settings into the unit file itself")))
      } else if Loader.looksLikeUnit(name) {
        fail(
          prefix + name, text("\(name) is no unit name"), hint: Bytes("letters, digits and :_.-\\@ before the suffix, 255 bytes at most"))
      }
    }
  }

  /// A suffix of ours on a name that is none: a mistake, not somebody else's file.
  private static func looksLikeUnit(_ name: Bytes) -> Bool {
    name.first != 46 && (name.ends(with: ".service") || name.ends(with: ".timer") || name.ends(with: ".target"))
  }

  private mutating func openFile(_ path: Bytes) {
    let name = Bytes(path[((path.lastIndex(of: 47) ?? -1) + 1)...])
    guard let unit = UnitName(name) else {
      fail(path, text("\(name) is no unit name"), hint: Bytes("a unit file's name ends in .service, .timer or .target"))
      return
    }
    add(path, unit)
  }

  private mutating func openUnit(_ word: Bytes, _ kernel: inout some Kernel) {
    guard let unit = UnitName(word) ?? UnitName(word + ".service") else {
      fail(word, Bytes("it is neither a file or folder nor a unit name"), hint: Bytes("write ./NAME for a path"))
      return
    }
    requested.append(unit)
    if seen[unit.bytes] != true { _ = addFromUnitPath(unit, mustExist: true, &kernel) }
  }

  private mutating func add(_ path: Bytes, _ unit: UnitName) {
    // The first of a name hides the others, as in the unit path.
    if seen[unit.bytes] == true { return }
    seen[unit.bytes] = true
    sources.append((path, unit))
  }

  private mutating func addFromUnitPath(_ unit: UnitName, mustExist: Bool, _ kernel: inout some Kernel) -> Bool {
    let path = text("\(Loader.unitPath)/\(unit.bytes)")
    if case .failed(let errno) = kernel.readFile(path, limit: Loader.fileLimit), errno == Errno.ENOENT || errno == Errno.ENOTDIR {
      if mustExist { fail(unit.bytes, text("unit \(unit.bytes) not found in \(Loader.unitPath)"), hint: Bytes("write ./NAME for a path")) }
      return false
    }
    pulled.append(unit)
    add(path, unit)
    return true
  }

  private mutating func fail(_ file: Bytes, _ message: Bytes, hint: Bytes = []) {
    diagnostics.append(Diagnostic(.error, file: file, message: message, hint: hint))
  }

  // MARK: Files

  private mutating func read(_ source: (path: Bytes, name: UnitName), _ kernel: inout some Kernel) {
    var contents: Bytes? = nil
    var problem = Bytes()
    switch kernel.readFile(source.path, limit: Loader.fileLimit) {
    case .contents(let bytes): contents = bytes
    case .failed(let errno): problem = "cannot read it: " + errorText(errno)
    case .notRegular(let kind): problem = text("it is \(kind.name), not a regular file")
    case .tooLarge: problem = Bytes("it is larger than 1 MiB")
    }
    let unit = UnitSource(path: source.path, name: source.name, contents: contents, readError: problem, strictness: .strict)
    parsed.append(parseUnit(unit, host: host))
  }

  /// Names that loaded units want, require or trigger, and that are not loaded: looked for in the unit path.
  private mutating func pullIn(_ kernel: inout some Kernel) -> Bool {
    var isNew = false
    for file in parsed where seen.count < Loader.pullLimit {
      var names = file.unit.dependencies.wants + file.unit.dependencies.requires
      if case .timer(let settings) = file.unit.kind { names.append(settings.unit) }
      for name in names where seen[name.bytes] == nil {
        seen[name.bytes] = false
        if addFromUnitPath(name, mustExist: false, &kernel) { isNew = true }
      }
    }
    return isNew
  }

  private func finish() -> LoadedUnits {
    let catalogue = assemble(parsed)
    var starting = startingUnits(catalogue).filter { !pulled.contains($0) }
    for unit in requested where !starting.contains(unit) { starting.append(unit) }
    return LoadedUnits(units: catalogue.units, diagnostics: diagnostics + catalogue.diagnostics, starting: starting)
  }
}

/// Reads and checks everything at once: `apus check`, and boot, when nobody waits for PID 1 yet.
public func loadUnits(_ paths: [Bytes], _ configuration: SupervisorConfiguration, _ kernel: inout some Kernel) -> LoadedUnits {
  var loader = Loader(.applyBySignal, paths: paths, host: HostFactsReader.read(configuration, &kernel))
  while true {
    if let loaded = loader.step(&kernel) { return loaded }
  }
}
