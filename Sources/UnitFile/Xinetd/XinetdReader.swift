import Model

/// A word of a configuration, and where it stands.
public struct XinetdWord: Equatable, Sendable {
  public var text: Bytes
  public var file: Bytes
  /// From 1; 0: the file as a whole.
  public var line: Int
  public init(text: Bytes, file: Bytes, line: Int) {
    self.text = text
    self.file = file
    self.line = line
  }
}

/// One line of an entry: `only_from += 10.0.0.0`.
struct XinetdLine {
  var key: XinetdKey
  /// The attribute's name, for its place.
  var word: XinetdWord
  /// `=`, `+` or `-`.
  var operation: UInt8
  var values: [XinetdWord]
}

/// `service NAME { … }`, or `defaults { … }`.
struct XinetdEntry {
  var name: XinetdWord
  var isDefaults = false
  /// Something in it could not be read: it is not translated.
  var isBroken = false
  var lines: [XinetdLine] = []
}

/// Reads configurations of xinetd (xinetd.conf(5)): one line after another, words between blanks, no quoting.
public struct XinetdReader {
  /// Bytes of one line: xinetd's own bound.
  static let lineMax = 16 << 10
  /// Findings: what is beyond is left unsaid, and counts as an error.
  static let findingsMax = 1000
  /// Entries: what is beyond is an error.
  static let entriesMax = 4096

  public private(set) var diagnostics: [Diagnostic] = []
  private(set) var entries: [XinetdEntry] = []
  private var entry: XinetdEntry? = nil
  private var awaitsBrace = false
  private var includes: [(word: XinetdWord, isFolder: Bool)] = []
  private var file = Bytes()
  private var line = 0

  public init() {}

  /// Reads one file; the files and folders that it includes, to be read next.
  public mutating func read(_ contents: Bytes, file: Bytes) -> [(word: XinetdWord, isFolder: Bool)] {
    self.file = file
    line = 0
    includes = []
    for text in contents.pieces(separatedBy: 10, keepEmpty: true) {
      line += 1
      if text.count > XinetdReader.lineMax || text.contains(0) {
        fault("the line is longer than 16 KiB, or has a NUL byte")
        continue
      }
      let words = text.map { $0.isBlank ? 32 : $0 }.pieces(separatedBy: 32)
      if let first = words.first, first.first != 35 { readLine(text.trimmed, words) }
    }
    if entry != nil {
      fault("the entry does not end", hint: "a line with } alone is missing")
      close()
    }
    return includes
  }

  /// Something about a configuration as a whole: a file that cannot be read.
  public mutating func report(_ severity: Severity, _ word: XinetdWord, _ message: Bytes, hint: Bytes = []) {
    if diagnostics.count < XinetdReader.findingsMax {
      diagnostics.append(Diagnostic(severity, file: word.file, line: word.line, message: message, hint: hint))
    }
  }

  private mutating func fault(_ message: StaticString, hint: StaticString = "") { fault(Bytes(message), hint: Bytes(hint)) }
  private mutating func fault(_ message: Bytes, hint: Bytes = []) {
    report(.error, place(), message, hint: hint)
    entry?.isBroken = true
  }

  private func place(_ text: Bytes = []) -> XinetdWord { XinetdWord(text: text, file: file, line: line) }

  private mutating func close() {
    awaitsBrace = false
    guard let done = entry else { return }
    entry = nil
    if entries.count < XinetdReader.entriesMax { entries.append(done) } else { fault("these are more than 4096 entries") }
  }

  private mutating func readLine(_ text: Bytes, _ words: [Bytes]) {
    if entry == nil {
      open(words)
    } else if awaitsBrace {
      awaitsBrace = false
      if text == "{" { return }
      fault("a { is missing", hint: "it stands alone on the line behind the entry's name")
      if words[0] == "service" || words[0] == "defaults" {
        close()
        open(words)
      }
    } else if text == "}" {
      close()
    } else {
      readAttribute(text)
    }
  }

  private mutating func open(_ words: [Bytes]) {
    let known: [Bytes] = [Bytes("service"), Bytes("defaults"), Bytes("include"), Bytes("includedir")]
    switch words[0] {
    case "service", "include", "includedir":
      guard words.count > 1 else { return fault("the name is missing behind " + words[0]) }
      if words[0] != "service" {
        includes.append((place(words[1]), words[0] == "includedir"))
        return
      }
      entry = XinetdEntry(name: place(words[1]))
    case "defaults": entry = XinetdEntry(name: place(words[0]), isDefaults: true)
    default: return fault("'" + words[0] + "' begins no entry", hint: didYouMean(words[0], among: known))
    }
    awaitsBrace = true
    guard words.last == [123] else { return }
    awaitsBrace = false
    fault("the { does not stand on a line of its own", hint: "xinetd does not read such an entry")
  }

  private mutating func readAttribute(_ text: Bytes) {
    guard var entry else { return }
    let name = Bytes(text.prefix { !$0.isBlank && $0 != 61 && $0 != 43 && $0 != 45 })
    var rest = Bytes(text.dropFirst(name.count)).trimmed
    var operation: UInt8 = 61
    if let first = rest.first, first == 43 || first == 45 {
      operation = first
      rest.removeFirst()
    }
    guard rest.first == 61 else { return fault("an operator is missing behind '" + name + "'", hint: Bytes("NAME = VALUE...")) }
    rest.removeFirst()
    guard let key = XinetdKey(name: name) else {
      let known = XinetdKey.allCases.filter { entry.isDefaults ? $0.isForDefaults : $0.isForServices }.map { $0.name }
      return fault("there is no attribute '" + name + "'", hint: didYouMean(name, among: known))
    }
    if !entry.isDefaults, !key.isForServices { return fault("'" + name + "' stands in defaults only") }
    if entry.isDefaults, !key.isForDefaults {
      return report(.warning, place(), "'" + name + "' has no effect in defaults: xinetd does not read it there")
    }
    let values = rest.map { $0.isBlank ? 32 : $0 }.pieces(separatedBy: 32).map { place($0) }
    if !key.isSet {
      if operation != 61 { return fault("'" + name + "' takes no += and -=") }
      if entry.lines.contains(where: { $0.key == key }) {
        return report(.warning, place(), "'" + name + "' is set already: xinetd does not read this line")
      }
      if let count = key.valueCount, count != values.count {
        return fault(Model.text("'\(name)' takes \(count) values, not \(values.count)"))
      }
      if values.isEmpty { return fault("'" + name + "' has no value") }
    }
    entry.lines.append(XinetdLine(key: key, word: place(name), operation: operation, values: values))
    self.entry = entry
  }
}
