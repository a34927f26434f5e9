import Model

/// A word of a configuration, and where it stands.
public final class XinetdWord: Sendable {
  public let text: Bytes
  public let file: Bytes
  /// From 1; 0: the file as a whole.
  public let line: Int
  public init(text: Bytes, file: Bytes, line: Int) {
    self.text = text
    self.file = file
    self.line = line
  }

  /// What is said about it.
  func finding(_ severity: Severity, _ message: Bytes, hint: Bytes = []) -> Diagnostic {
    Diagnostic(severity, file: file, line: line, message: message, hint: hint)
  }
}

/// The words of a line.
func xinetdWords(_ text: Bytes) -> [Bytes] {
  var line = Bytes()
  for byte in text { line.append(byte.isBlank ? 32 : byte) }
  return line.pieces(separatedBy: 32)
}

/// A file or a folder that is to be read.
public final class XinetdSource: Sendable {
  /// Its path.
  public let word: XinetdWord
  public let isFolder: Bool
  public init(_ word: XinetdWord, isFolder: Bool) {
    self.word = word
    self.isFolder = isFolder
  }
}

/// One line of an entry: `only_from += 10.0.0.0`.
final class XinetdLine {
  let key: XinetdKey
  /// The attribute's name, for its place.
  let word: XinetdWord
  /// `=`, `+` or `-`.
  let operation: UInt8
  let values: [XinetdWord]
  init(_ key: XinetdKey, _ word: XinetdWord, _ operation: UInt8, _ values: [XinetdWord]) {
    self.key = key
    self.word = word
    self.operation = operation
    self.values = values
  }
}

/// `service NAME { … }`, or `defaults { … }`.
final class XinetdEntry {
  let name: XinetdWord
  let isDefaults: Bool
  /// Something in it could not be read: it is not translated.
  var isBroken = false
  var lines: [XinetdLine] = []
  init(_ name: XinetdWord, isDefaults: Bool) {
    self.name = name
    self.isDefaults = isDefaults
  }
}

/// Reads configurations of xinetd (xinetd.conf(5)): one line after another, words between blanks, no quoting.
public final class XinetdReader {
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
  private var includes: [XinetdSource] = []
  private var file = Bytes()
  private var line = 0

  public init() {}

  /// Reads one file; the files and folders that it includes, to be read next.
  public func read(_ contents: Bytes, file: Bytes) -> [XinetdSource] {
    self.file = file
    line = 0
    includes = []
    for text in contents.pieces(separatedBy: 10, keepEmpty: true) {
      line += 1
      if text.count > XinetdReader.lineMax || text.contains(0) {
        fault("the line is longer than 16 KiB, or has a NUL byte")
        continue
      }
      let words = xinetdWords(text)
      if let first = words.first, first.first != 35 { readLine(text.trimmed, words) }
    }
    if entry != nil {
      fault("the entry does not end", hint: Bytes("a line with } alone is missing"))
      close()
    }
    return includes
  }

  /// Something about a configuration as a whole: a file that cannot be read.
  public func report(_ severity: Severity, _ word: XinetdWord, _ message: Bytes, hint: Bytes = []) {
    if diagnostics.count < XinetdReader.findingsMax { diagnostics.append(word.finding(severity, message, hint: hint)) }
  }

  /// The entry is not translated. A `%` of the pattern is `name`.
  private func fault(_ pattern: StaticString, _ name: Bytes = [], hint: Bytes = []) {
    report(.error, place([]), filled(pattern, name), hint: hint)
    entry?.isBroken = true
  }

  /// The line is not read, and nothing is lost by it.
  private func skip(_ pattern: StaticString, _ name: Bytes) { report(.warning, place([]), filled(pattern, name)) }

  private func place(_ text: Bytes) -> XinetdWord { XinetdWord(text: text, file: file, line: line) }

  private func close() {
    awaitsBrace = false
    guard let done = entry else { return }
    entry = nil
    if entries.count < XinetdReader.entriesMax { entries.append(done) } else { fault("these are more than 4096 entries") }
  }

  private func readLine(_ text: Bytes, _ words: [Bytes]) {
    guard let entry else { return open(words) }
    if awaitsBrace {
      awaitsBrace = false
      if text == "{" { return }
      fault("a { is missing", hint: Bytes("it stands alone on the line behind the entry's name"))
      if words[0] == "service" || words[0] == "defaults" {
        close()
        open(words)
      }
    } else if text == "}" {
      close()
    } else {
      readAttribute(text, entry)
    }
  }

  private func open(_ words: [Bytes]) {
    let first = words[0]
    let known = Bytes("service defaults include includedir").pieces(separatedBy: 32)
    guard let kind = known.firstIndex(of: first) else {
      return fault("'%' begins no entry", first, hint: didYouMean(first, among: known))
    }
    let isDefaults = kind == 1
    if !isDefaults, words.count == 1 { return fault("the name is missing behind %", first) }
    let name = place(words[isDefaults ? 0 : 1])
    if words.count > (isDefaults ? 1 : 2), words[isDefaults ? 1 : 2] != [123] {
      skip("'%' is one word too many", words[isDefaults ? 1 : 2])
    }
    if kind > 1 { return includes.append(XinetdSource(name, isFolder: kind == 3)) }
    entry = XinetdEntry(name, isDefaults: isDefaults)
    awaitsBrace = true
    guard words.last == [123] else { return }
    awaitsBrace = false
    fault("the { does not stand on a line of its own", hint: Bytes("xinetd does not read such an entry"))
  }

  private func readAttribute(_ text: Bytes, _ entry: XinetdEntry) {
    var name = Bytes()
    for byte in text {
      if byte.isBlank || byte == 61 || byte == 43 || byte == 45 { break }
      name.append(byte)
    }
    var rest = Bytes(text.dropFirst(name.count)).trimmed
    var operation: UInt8 = 61
    if let first = rest.first, first == 43 || first == 45 {
      operation = first
      rest.removeFirst()
    }
    guard rest.first == 61 else { return fault("an operator is missing behind '%'", name, hint: Bytes("NAME = VALUE...")) }
    rest.removeFirst()
    guard let key = XinetdKey(name: name) else {
      var known: [Bytes] = []
      for key in XinetdKey.allCases where entry.isDefaults ? key.isForDefaults : key.isForServices { known.append(key.name) }
      return fault("there is no attribute '%'", name, hint: didYouMean(name, among: known))
    }
    if !entry.isDefaults, !key.isForServices { return fault("'%' stands in defaults only", name) }
    if entry.isDefaults, !key.isForDefaults { return skip("'%' has no effect in defaults: xinetd does not read it there", name) }
    var values: [XinetdWord] = []
    for word in xinetdWords(rest) { values.append(place(word)) }
    if !key.isSet {
      if operation != 61 { return fault("'%' takes no += and -=", name) }
      for line in entry.lines where line.key == key {
        return skip("'%' is set already: xinetd does not read this line", name)
      }
      if let count = key.valueCount, count != values.count {
        return fault("%", Model.text("'\(name)' takes \(count) values, not \(values.count)"))
      }
      if values.isEmpty { return fault("'%' has no value", name) }
    }
    entry.lines.append(XinetdLine(key, place(name), operation, values))
  }
}
