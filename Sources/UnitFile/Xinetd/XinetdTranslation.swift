import Model

/// Unit files made of a configuration of xinetd.
public struct XinetdTranslation {
  /// Names of unit files and what is in them.
  public private(set) var files: [(name: Bytes, contents: Bytes)] = []
  /// Those of the reading, then those of the services, in order.
  public private(set) var diagnostics: [Diagnostic]
  /// Names that are given.
  private var names: [Bytes] = []

  /// `services`: what /etc/services says. `relay`: the program that `redirect` becomes a command of. `all`: disabled services, too.
  public init(_ reader: XinetdReader, services: Bytes, relay: Bytes, all: Bool) {
    diagnostics = reader.diagnostics
    var defaults = XinetdSettings()
    for entry in reader.entries where entry.isDefaults {
      // A limit that was mistyped here would open every service.
      if entry.isBroken {
        note(.error, entry.name, Bytes("no service is translated, because defaults are not understood"))
        return
      }
      for line in entry.lines { defaults.add(line, accumulates: true) }
    }
    for entry in reader.entries where !entry.isDefaults {
      if entry.isBroken {
        note(.error, entry.name, "service " + entry.name.text + " is not translated")
        continue
      }
      translate(entry, defaults, services, relay, all)
    }
  }

  private mutating func note(_ severity: Severity, _ word: XinetdWord, _ message: Bytes, hint: Bytes = []) {
    diagnostics.append(Diagnostic(severity, file: word.file, line: word.line, message: message, hint: hint))
  }

  private mutating func translate(
    _ entry: XinetdEntry, _ defaults: XinetdSettings, _ services: Bytes, _ relay: Bytes, _ all: Bool
  ) {
    let settings = XinetdSettings(entry, over: defaults)
    let id = settings.first(.id)?.text ?? entry.name.text
    let isOff =
      settings.has(.disable, "yes") || defaults.list(.disabled).contains { $0.text == id }
      || (defaults.has(.enabled) && !defaults.list(.enabled).contains { $0.text == id })
    if isOff, !all {
      return note(.notice, entry.name, "service " + id + " is disabled and left out", hint: Bytes("--all writes it, too"))
    }
    var service = XinetdService(settings, name: entry.name, services: services, relay: relay)
    service.translate()
    diagnostics += service.diagnostics
    if service.isBroken { return note(.error, entry.name, "service " + id + " is not translated") }
    // As many services as protocols share a name in xinetd's own examples.
    let base = names.contains(id) ? id + "-" + service.protocolName : id
    guard let socket = mangleUnitName(base + ".socket").flatMap({ UnitName($0) }), socket.type == .socket, socket.instance == nil,
      !names.contains(base), let target = socket.with(type: .service)
    else {
      return note(.error, entry.name, "'" + id + "' is no name for a unit, or another service has it", hint: Bytes("set id"))
    }
    names.append(base)
    let stem = Bytes(target.bytes.dropLast(8))
    files.append((socket.bytes, service.socketFile(id)))
    files.append((stem + (service.waits ? ".service" : "@.service"), service.serviceFile(id)))
  }
}

/// The attributes of one entry, by key.
struct XinetdSettings {
  private var values = [[XinetdWord]?](repeating: nil, count: XinetdKey.allCases.count)
  /// Where each was set last.
  private(set) var places = [XinetdWord?](repeating: nil, count: XinetdKey.allCases.count)

  init() {}

  /// A service's own, over the defaults: a set that it does not assign begins with theirs.
  init(_ entry: XinetdEntry, over defaults: XinetdSettings) {
    self = defaults
    for line in entry.lines { add(line, accumulates: false) }
  }

  /// In defaults, `=` means `+=`.
  mutating func add(_ line: XinetdLine, accumulates: Bool) {
    let index = Int(line.key.rawValue)
    places[index] = line.word
    var list = values[index] ?? []
    if line.operation == 61, !(accumulates && line.key.isSet) { list = [] }
    if line.operation == 45 {
      list.removeAll { old in line.values.contains { XinetdSettings.isSame(old.text, $0.text, line.key) } }
    } else {
      list += line.values
    }
    values[index] = list
  }

  private static func isSame(_ left: Bytes, _ right: Bytes, _ key: XinetdKey) -> Bool {
    if left == right { return true }
    guard key.isAddress, let ranges = xinetdRanges(left) else { return false }
    return ranges == xinetdRanges(right)
  }

  func has(_ key: XinetdKey) -> Bool { values[Int(key.rawValue)] != nil }
  func list(_ key: XinetdKey) -> [XinetdWord] { values[Int(key.rawValue)] ?? [] }
  func first(_ key: XinetdKey) -> XinetdWord? { list(key).first }
  func has(_ key: XinetdKey, _ word: StaticString) -> Bool { list(key).contains { $0.text == word } }
}
