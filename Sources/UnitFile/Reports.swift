import Model

/// Where keys stood that later checks and defaults ask for; nil: not written.
final class WrittenKeys {
  /// The value.
  var description = Bytes()
  var type: Position?
  var busName: Position?
  var restart: Position?
  var restartSteps: Position?
  var restartMaxDelay: Position?
  var timeoutStart: Position?
  var runtimeMax: Position?
  /// The last of Overlap= and its kin.
  var scheduleCompanion: Position?
  /// Calendar expressions that no time matches.
  var neverElapses: [(at: Position, text: Bytes)] = []
  /// Of the second command.
  var secondExecStart: Position?
  var remainAfterExit: Position?
  var jobRunningTimeout = false
  var oomPolicy = false
  /// Of a template: a value that only an instance can tell the sense of.
  var undecided = false
  var permissionsStartOnly = false
  var rootDirectoryStartOnly = false
  /// Of StandardInput=socket and its kin.
  var socketStream: Position?
  var idleStop: Position?
  /// The last of AccessAllow= and its kin.
  var access: Position?
  var makesDirectory = false
  var pathUnit: Position?
  var socketService: Position?
  /// Of each listener, in order; the texts are not used.
  var listeners: [(at: Position, text: Bytes)] = []
  /// `Service=` was there and could not be used: then the default is not meant, either.
  var socketServiceIsBad = false
  /// TriggerLimit…=, PollLimit…=, SourceLimit…=, each half nil where it is not written.
  var trigger = WrittenLimit()
  var poll = WrittenLimit()
  var sourceLimit = WrittenLimit()
  var timerUnit: Position?
  /// `Unit=` was there and could not be used: then the default is not meant, either.
  var timerUnitIsBad = false
}

/// The halves of a rate limit as far as they are written.
struct WrittenLimit {
  var interval: TimeSpan?
  var burst: UInt32?
}

extension UnitParser {
  /// Findings of one file; the rest is left unsaid: whoever mends these sees the others next.
  static let maximumDiagnostics = 100
  /// Words of one line, and entries of one list: beyond any use, and short enough to be compared with each other.
  static let maximumWords = 4096

  /// Of what systemd would ignore with a warning.
  var ignoredSeverity: Severity { ignoredSeverity(in: current) }

  /// The same for what stands in that one of the files, for checks that need all of them.
  func ignoredSeverity(in file: Int) -> Severity {
    switch sources[file].strictness {
    case .strict: .error
    case .lenient: .warning
    }
  }

  /// Where the value at hand begins.
  var valuePosition: Position { line.position(of: valueOffset) }

  func report(_ severity: Severity, at position: Position? = nil, message: Bytes, hint: Bytes = []) {
    // Notices come once a key, so the table bounds them.
    if severity != .notice { findings += 1 }
    if severity != .notice, findings > UnitParser.maximumDiagnostics {
      if findings > UnitParser.maximumDiagnostics + 1 { return }
      diagnostics.append(Diagnostic(ignoredSeverity, file: sources[current].path, message: Bytes("there is more: mend these first")))
      return
    }
    diagnostics.append(
      Diagnostic(
        severity, file: sources[position?.file ?? current].path, line: position?.line ?? 0, column: position?.column ?? 0, message: message,
        hint: hint))
  }

  func say(_ severity: Severity, _ message: StaticString, at position: Position?, hint: StaticString = "") {
    report(severity, at: position, message: Bytes(message), hint: Bytes(hint))
  }

  /// Of what stands there systemd would ignore something with a warning.
  func ignore(_ message: StaticString, at position: Position?, hint: StaticString = "") {
    say(ignoredSeverity(in: position?.file ?? 0), message, at: position, hint: hint)
  }

  /// In a template `%i` and its kin are empty: what follows from that is no mistake.
  private var isUndecided: Bool {
    guard source.name.isTemplate else { return false }
    for index in value.indices.dropLast() where value[index] == 37 {
      let letter = value[index + 1]
      if letter == UInt8(ascii: "i") || letter == UInt8(ascii: "I") || letter == UInt8(ascii: "f") { return true }
    }
    return false
  }

  /// The assignment at hand is ignored.
  func badValue(_ reason: Bytes, at offset: Int = 0, hint: Bytes = []) {
    if isUndecided {
      written.undecided = true
      return
    }
    var hint = hint
    // Like `Nice=5 # be nice`.
    for index in value.indices.dropFirst() where value[index] == 35 && value[index - 1].isBlank {
      hint = Bytes("a comment needs a line of its own")
    }
    report(
      ignoredSeverity, at: line.position(of: valueOffset + offset),
      message: "cannot use " + key + "=" + value.quotable + ": " + reason, hint: hint)
  }

  func badValue(_ reason: StaticString, at offset: Int = 0, hint: StaticString = "") {
    badValue(Bytes(reason), at: offset, hint: Bytes(hint))
  }

  func badValue(_ reason: StaticString, hint: Bytes) { badValue(Bytes(reason), hint: hint) }

  /// The commonest, said with as few arguments as can be.
  func badValue(_ reason: StaticString) { badValue(Bytes(reason)) }

  /// After `badValue`: the unit as a whole is refused, as systemd does with this key.
  func refuseSilently() {
    if unit.loadState != .loaded || isUndecided { return }
    unit.loadState = .badSetting
    unit.loadError = "cannot use " + key + "=" + value.quotable
  }

  /// One word of a list is ignored.
  func badWord(_ word: Word, _ reason: StaticString, hint: Bytes = []) {
    if isUndecided { return }
    report(
      ignoredSeverity, at: line.position(of: valueOffset + word.offset),
      message: "cannot use \"" + word.text.quotable + "\" in " + key + "=: " + Bytes(reason), hint: hint)
  }

  /// The value means something that this release cannot do: the unit is refused, so that it is never taken for done.
  func notSupported(_ what: Bytes, at position: Position? = nil) {
    fail(
      ignoredSeverity, state: .badSetting, at: position ?? valuePosition, message: what + " is not supported yet",
      hint: "it comes with a later release")
  }

  /// The unit as a whole is refused.
  func fail(
    _ severity: Severity, state: LoadState, at position: Position? = nil, message: Bytes, hint: StaticString = ""
  ) {
    if unit.loadState == .loaded {
      unit.loadState = state
      unit.loadError = message
    }
    report(severity, at: position, message: message, hint: Bytes(hint))
  }

  func fail(
    _ severity: Severity, state: LoadState, at position: Position? = nil, message: StaticString, hint: StaticString = ""
  ) {
    fail(severity, state: state, at: position, message: Bytes(message), hint: hint)
  }

  /// A check of units.md c.2 fails.
  func refuse(_ message: StaticString, at position: Position? = nil, hint: StaticString = "") {
    fail(ignoredSeverity(in: position?.file ?? current), state: .badSetting, at: position, message: Bytes(message), hint: hint)
  }

  /// The value with its specifiers expanded; nil after saying why not.
  func expanded(_ text: Bytes, offset: Int = 0, inUnitName: Bool = false) -> Bytes? {
    do throws(SpecifierError) {
      return try context.expand(text, inUnitName: inUnitName)
    } catch {
      badValue(error.message, at: offset + error.offset, hint: Bytes(error.hint))
      return nil
    }
  }

  /// The words of the value; those before a bad one are kept, the rest of the line is dropped with a word about it.
  func words(_ style: EscapeStyle) -> [Word] {
    var reader = WordReader(value)
    var result: [Word] = []
    do throws(WordError) {
      while let word = try reader.next(style) {
        if result.count == UnitParser.maximumWords {
          badValue("more than 4096 words", at: word.offset)
          return result
        }
        result.append(word)
      }
    } catch {
      switch error {
      case .unclosedQuote(let offset): badValue("the quote is not closed", at: offset)
      case .unknownEscape(let offset):
        badValue("unknown escape", at: offset, hint: "write \\\\ for a backslash")
      }
    }
    return result
  }
}
