import Model

/// A unit file that a translation made.
public final class XinetdUnitFile: Sendable {
  /// Without its folder.
  public let name: Bytes
  public let contents: Bytes
  init(_ name: Bytes, _ contents: Bytes) {
    self.name = name
    self.contents = contents
  }
}

/// Unit files made of a configuration of xinetd.
public final class XinetdTranslation {
  public private(set) var files: [XinetdUnitFile] = []
  /// Those of the reading, then those of the services, in order.
  public private(set) var diagnostics: [Diagnostic]
  /// Stems of names that are given.
  private var stems: [Bytes] = []
  /// Name and protocol of each service so far: twice the same is one too many.
  private var taken: [Bytes] = []
  private let defaults = XinetdSettings()
  /// What is said of these is said once, and not for each service.
  private var linesOfDefaults: [XinetdWord] = []
  private let services: Bytes
  private let relay: Bytes

  /// `services`: what /etc/services says. `relay`: the program that `redirect` becomes a command of. `all`: disabled services, too.
  public init(_ reader: XinetdReader, services: Bytes, relay: Bytes, all: Bool) {
    diagnostics = reader.diagnostics
    self.services = services
    self.relay = relay
    translate(reader.entries, all)
  }

  private func translate(_ entries: [XinetdEntry], _ all: Bool) {
    for entry in entries where entry.isDefaults {
      // A limit that was mistyped here would open every service.
      if entry.isBroken { return note(.error, entry.name, "no service is translated, because defaults are not understood") }
      for line in entry.lines {
        defaults.add(line, accumulates: true)
        linesOfDefaults.append(line.word)
      }
    }
    for entry in entries where !entry.isDefaults {
      if entry.isBroken {
        note(.error, entry.name, "service % is not translated", entry.name.text)
      } else {
        translate(entry, all)
      }
    }
  }

  /// A `%` of the pattern is `id`.
  private func note(_ severity: Severity, _ word: XinetdWord, _ pattern: StaticString, _ id: Bytes = [], hint: StaticString = "") {
    diagnostics.append(word.finding(severity, filled(pattern, id), hint: Bytes(hint)))
  }

  private func translate(_ entry: XinetdEntry, _ all: Bool) {
    let settings = XinetdSettings(entry, over: defaults)
    let id = settings.first(.id)?.text ?? entry.name.text
    let isOff =
      settings.has(.disable, Bytes("yes")) || defaults.has(.disabled, id) || (defaults.has(.enabled) && !defaults.has(.enabled, id))
    if isOff, !all { return note(.notice, entry.name, "service % is disabled and left out", id, hint: "--all writes it, too") }
    let service = XinetdService(settings, name: entry.name, services: services, relay: relay)
    service.translate()
    for finding in service.diagnostics where !isSaid(finding) { diagnostics.append(finding) }
    if service.isBroken { return note(.error, entry.name, "service % is not translated", id) }
    // As many services as protocols share a name in xinetd's own examples.
    let stem = stems.contains(id) ? id + "-" + service.protocolName : id
    let key = id + " " + service.protocolName
    guard !stems.contains(stem), !taken.contains(key), let mangled = mangleUnitName(stem + ".socket"), let socket = UnitName(mangled),
      socket.type == .socket, socket.instance == nil, let target = socket.with(type: .service)
    else {
      return note(.error, entry.name, "'%' is no name for a unit, or another service has it", id, hint: "set id")
    }
    let name = Bytes(target.bytes.dropLast(8)) + (service.waits ? ".service" : "@.service")
    let first = XinetdUnitFile(socket.bytes, service.socketFile(id))
    let second = XinetdUnitFile(name, service.serviceFile(id))
    guard isReadable(first, entry.name), isReadable(second, entry.name) else {
      return note(.error, entry.name, "service % is not translated", id)
    }
    stems.append(stem)
    taken.append(key)
    files.append(first)
    files.append(second)
  }

  private func isSaid(_ finding: Diagnostic) -> Bool {
    for word in linesOfDefaults where word.line == finding.line && word.file == finding.file { return diagnostics.contains(finding) }
    return false
  }

  /// What is written is read as it will be: a value that no unit takes is said here, and not by `apus check`.
  private func isReadable(_ file: XinetdUnitFile, _ place: XinetdWord) -> Bool {
    guard let name = UnitName(file.name) else { return false }
    let source = UnitSource(path: file.name, name: name, contents: file.contents, strictness: .strict)
    for finding in parseUnit(source, host: HostFacts()).diagnostics where finding.severity == .error {
      note(.error, place, "%", finding.message)
      return false
    }
    return true
  }
}

/// The attributes of one entry, by key.
final class XinetdSettings {
  private var values = [[XinetdWord]](repeating: [], count: XinetdKey.allCases.count)
  /// Where each was set last.
  private(set) var places = [XinetdWord?](repeating: nil, count: XinetdKey.allCases.count)
  /// The places of the defaults.
  private var inherited: [XinetdWord?] = []

  init() {}

  /// A service's own, over the defaults: a set that it does not assign begins with theirs.
  init(_ entry: XinetdEntry, over defaults: XinetdSettings) {
    values = defaults.values
    places = defaults.places
    inherited = places
    for line in entry.lines { add(line, accumulates: false) }
  }

  /// In defaults, `=` means `+=`.
  func add(_ line: XinetdLine, accumulates: Bool) {
    let index = Int(line.key.rawValue)
    places[index] = line.word
    var list: [XinetdWord] = []
    if line.operation != 61 || (accumulates && line.key.isSet) { list = values[index] }
    if line.operation == 45 {
      var left: [XinetdWord] = []
      for word in list where !XinetdSettings.has(line.values, word.text, line.key) { left.append(word) }
      list = left
    } else {
      list += line.values
    }
    values[index] = list
  }

  /// Whether one of the words is this text, or the same addresses.
  private static func has(_ words: [XinetdWord], _ text: Bytes, _ key: XinetdKey) -> Bool {
    for word in words {
      if word.text == text { return true }
      if key.isAddress, let ranges = xinetdRanges(text), ranges == xinetdRanges(word.text) { return true }
    }
    return false
  }

  /// Whether the service says something of it itself.
  func isOwn(_ key: XinetdKey) -> Bool { places[Int(key.rawValue)] !== inherited[Int(key.rawValue)] }
  func has(_ key: XinetdKey) -> Bool { places[Int(key.rawValue)] != nil }
  func list(_ key: XinetdKey) -> [XinetdWord] { values[Int(key.rawValue)] }
  func first(_ key: XinetdKey) -> XinetdWord? { list(key).first }

  /// Whether it has this word.
  func has(_ key: XinetdKey, _ word: Bytes) -> Bool {
    for held in list(key) where held.text == word { return true }
    return false
  }
}
