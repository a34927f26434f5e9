import Model

/// One pass over the files of one unit. The extensions in `Parse….swift` hold the handlers of the directive table.
/// A class, because copying that many settings costs the static binary 6 KB.
final class UnitParser {
  /// The main file, then the drop-ins in the order in which they are applied.
  let sources: [UnitSource]
  let links: UnitLinks
  let context: SpecifierContext
  /// Which of `sources` is being read; 0 after them.
  var current = 0
  /// The main file.
  var source: UnitSource { sources[0] }

  let unit: Unit
  let service = ServiceSettings()
  /// Of `service`.
  let exec = ExecSettings()
  var timer: TimerSettings
  let socket: SocketSettings
  var path: PathSettings
  /// Of `socket`.
  let listen = ListenSettings()
  var diagnostics: [Diagnostic] = []
  var references: [Reference] = []
  /// Time zones that expressions and Timezone= name.
  var zones: [ZoneReference] = []

  // The assignment at hand.
  var line = LogicalLine(text: [], position: Position(line: 1, column: 1))
  var key = Bytes()
  var value = Bytes()
  /// Offset of `value` in `line.text`.
  var valueOffset = 0

  /// Where keys stood whose checks or defaults need the whole file.
  let written = WrittenKeys()
  var probes = ProbeKeys()
  /// Of each kind, in the order of `DirectoryKind`.
  var directories = DirectoryKind.allCases.map { DirectorySettings(kind: $0) }
  private var noticed: [Bytes] = []
  /// Warnings and errors so far.
  var findings = 0

  init(_ source: UnitSource, dropIns: [UnitSource], links: UnitLinks, host: HostFacts) {
    sources = [source] + dropIns
    self.links = links
    context = SpecifierContext(name: source.name, path: source.path, host: host)
    timer = TimerSettings(unit: source.name.with(type: .service) ?? source.name)
    socket = SocketSettings(service: source.name.with(type: .service) ?? source.name)
    path = PathSettings(unit: socket.service)
    unit = Unit(name: source.name, kind: .other)
    unit.fragmentPath = source.path
    unit.aliases = links.aliases
    unit.origin = links.origin
  }

  func run() {
    guard let contents = source.contents else {
      fail(ignoredSeverity, state: .error, message: "cannot load the unit: " + source.readError)
      return
    }
    switch source.name.type {
    case .service, .timer, .target, .socket, .path: break
    case .mount, .automount, .swap, .slice, .scope, .device:
      // A mask says that nothing is wanted of it.
      if contents.isEmpty || source.isMask { return mask() }
      fail(
        ignoredSeverity, state: .error, message: "cannot load a " + Bytes(source.name.type.name) + " unit",
        hint: "apus runs services, sockets, paths, timers and targets")
      return
    }
    if let job = source.job {
      apply(job)
      readDropIns()
    } else if contents.isEmpty || source.isMask {
      mask()
    } else {
      readLines(contents)
      if unit.loadState != .error { readDropIns() }
    }
    unit.addLinks(links, to: &references)
    if unit.loadState != .error { finish() }
    sayUnenforced()
    switch source.name.type {
    case .service:
      finishExec()
      unit.kind = .service(service)
    case .timer: unit.kind = .timer(timer)
    case .target: unit.kind = .target
    case .socket:
      finishExec()
      service.type = .oneshot
      service.remainAfterExit = true
      service.isSocket = true
      socket.process = service
      socket.listen = listen
      unit.kind = .socket(socket)
    case .path: unit.kind = .path(path)
    case .mount, .automount, .swap, .slice, .scope, .device: break
    }
  }

  /// What says nothing shares one.
  private func finishExec() {
    if exec != ExecSettings.standard { service.exec = exec }
  }

  private func mask() {
    unit.loadState = .masked
    unit.loadError = Bytes(source.isMask ? "the unit is masked" : "the unit file is empty: the unit is masked")
    if source.strictness == .strict, !source.isMask {
      report(.error, message: Bytes("the unit file is empty"), hint: Bytes("write a unit into it, or remove it"))
    }
  }

  /// A drop-in that cannot be read as a whole does not refuse the unit, as in systemd; an empty one says nothing.
  private func readDropIns() {
    for index in 1..<sources.count {
      current = index
      unit.dropInPaths.append(sources[index].path)
      if let contents = sources[index].contents {
        readLines(contents)
      } else {
        report(ignoredSeverity, message: "cannot load the drop-in: " + sources[index].readError)
      }
    }
    current = 0
  }

  /// The file at hand cannot be read any further.
  private func breakOff(at position: Position, _ message: StaticString, hint: StaticString = "") {
    if current == 0 {
      fail(ignoredSeverity, state: .error, at: position, message: message, hint: hint)
    } else {
      report(ignoredSeverity, at: position, message: Bytes(message), hint: Bytes(hint))
    }
  }

  private func readLines(_ contents: Bytes) {
    var reader = LineReader(contents, file: current)
    var section = SectionState.none
    reading: while true {
      switch reader.next() {
      case .end: break reading
      case .tooLong(let position):
        breakOff(at: position, "cannot read a line of more than 1 MiB")
        return
      case .line(let next):
        line = next
        guard read(&section) else { return }
      }
    }
    if let position = reader.firstNUL, sources[current].strictness == .strict {
      report(.error, at: position, message: Bytes("a NUL byte ends the line"), hint: Bytes("unit files are text"))
    }
  }

  /// The section that the lines at hand belong to.
  private enum SectionState {
    case none, known(Section)
    /// Unknown, or `X-…` of somebody else: its lines are ignored.
    case foreign
  }

  /// False if the file cannot be read any further.
  private func read(_ section: inout SectionState) -> Bool {
    let text = line.text
    guard let low = text.firstIndex(where: { !$0.isBlank }), let high = text.lastIndex(where: { !$0.isBlank }) else {
      return true
    }
    if let invalid = text.firstInvalidUTF8 {
      breakOff(at: line.position(of: invalid), "the line is no valid UTF-8", hint: "write other bytes as \\xHH in quotes")
      return false
    }
    if text[low] == 91 {
      guard text[high] == 93, high > low else {
        breakOff(at: line.position(of: low), "a section's name must end with ]", hint: "write [Section]")
        return false
      }
      section = openSection(Bytes(text[(low + 1)..<high]), at: low)
      return true
    }
    if case .foreign = section { return true }
    guard let equals = text[low...high].firstIndex(of: 61) else {
      report(
        ignoredSeverity, at: line.position(of: low), message: "the line has no =: " + Bytes(text[low...high]).quotable,
        hint: Bytes("write Key=value, and # before a comment"))
      return true
    }
    key = Bytes(text[low..<equals]).trimmed
    valueOffset = text[(equals + 1)...].firstIndex(where: { !$0.isBlank }) ?? equals + 1
    value = valueOffset <= high ? Bytes(text[valueOffset...high]) : []
    if key.isEmpty {
      report(ignoredSeverity, at: line.position(of: low), message: Bytes("the key before = is missing"))
    } else if case .known(let known) = section {
      assign(in: known, keyOffset: low)
    } else {
      report(
        ignoredSeverity, at: line.position(of: low), message: key.quotable + "= stands before the first section",
        hint: homeHint(of: key))
    }
    return true
  }

  private func openSection(_ name: Bytes, at offset: Int) -> SectionState {
    for section in Section.allCases where name == section.name {
      if section.belongs(to: source.name.type) { return .known(section) }
      let suffix = Bytes(source.name.type.name)
      report(
        ignoredSeverity, at: line.position(of: offset),
        message: "section [" + name + "] does not belong in a ." + suffix + " file",
        hint: section == .timer ? Bytes("in a .service file write [X-Apus] Schedule=, or write a .timer file") : [])
      return .foreign
    }
    if name.starts(with: "X-") {
      // Other programs' sections are none of our business, but a mistyped one of ours is.
      let hint = didYouMean(name, among: [Bytes(Section.apus.name)])
      if !hint.isEmpty {
        report(ignoredSeverity, at: line.position(of: offset), message: "unknown section [" + name + "]", hint: hint)
      }
      return .foreign
    }
    var names: [Bytes] = []
    for section in Section.allCases where section.belongs(to: source.name.type) { names.append(Bytes(section.name)) }
    report(
      ignoredSeverity, at: line.position(of: offset), message: "unknown section [" + name.quotable + "]",
      hint: didYouMean(name, among: names))
    return .foreign
  }

  private func assign(in section: Section, keyOffset: Int) {
    switch KeyMeaning(key, in: section) {
    case .directive(let directive):
      let type = source.name.type
      if section == .apus, (type == .socket) != directive.isOfSocketOnly {
        badValue(key + "= belongs in " + (type == .socket ? Bytes("the service") : Bytes("a .socket file")))
      } else {
        apply(directive)
      }
    case .option(let option): apply(option)
    case .condition(let kind, let isAssert): applyCondition(kind, isAssert: isAssert)
    case .unenforced(let entry): applyUnenforced(entry)
    case .silent: break
    case .later: noticeOnce(at: line.position(of: keyOffset))
    case .unknown:
      if key.starts(with: "X-") { return }
      var hint = didYouMean(key, among: section.keys, suffix: "=")
      let home = homeHint(of: key)
      if !home.isEmpty { hint = home }
      report(
        ignoredSeverity, at: line.position(of: keyOffset),
        message: "unknown key " + key.quotable + "= in section [" + Bytes(section.name) + "]", hint: hint)
    }
  }

  /// Says once per unit that a later release will honour the key at hand.
  func noticeOnce(at position: Position? = nil) {
    if noticed.contains(key) { return }
    noticed.append(key)
    report(.notice, at: position ?? line.position(of: 0), message: key + "= is not honoured yet")
  }

  /// `Restart= belongs in [Service]`, for a key that another section knows.
  private func homeHint(of key: Bytes) -> Bytes {
    for section in Section.allCases where KeyMeaning(key, in: section).isKnown {
      return key + "= belongs in [" + Bytes(section.name) + "]"
    }
    return []
  }
}
