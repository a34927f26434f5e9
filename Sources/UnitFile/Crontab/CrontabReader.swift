import Calendar
import Model

/// What is wrong with a line of a crontab, where in it, and the remedy.
struct CrontabProblem: Error {
  var offset: Int
  var message: Bytes
  var hint: Bytes

  init(_ offset: Int, _ message: StaticString, hint: StaticString = "") {
    self.init(offset, Bytes(message), hint: Bytes(hint))
  }

  init(_ offset: Int, _ message: Bytes, hint: Bytes) {
    self.offset = offset
    self.message = message
    self.hint = hint
  }
}

/// Reads a crontab line by line (crontab(5); scheduling.md 3.1). Environment lines hold for the entries below them. Any bad
/// line is an error, which refuses the whole configuration: a crontab is never half in force.
public final class CrontabReader {
  /// Bytes of one line.
  static let lineMax = 16 << 10
  /// Variables that hold at a time.
  static let variablesMax = 1000
  /// Findings of one file, and errors of one: the rest is left unsaid.
  static let findingsMax = 100

  /// The entries so far.
  public private(set) var jobs: [CrontabJob] = []
  /// What was found.
  public private(set) var diagnostics: [Diagnostic] = []
  /// The names given so far, over all crontabs.
  public private(set) var names: CrontabNames
  let hasUsers: Bool
  private let path: Bytes
  private let contents: Bytes
  private let seed: Bytes
  private var offset = 0
  private var line = 0
  private var errors = 0
  private var world = CrontabWorld()

  /// `hasUsers`: a sixth field names the user. `names`: of the crontabs read before. `seed`: of this host, for `~`.
  public init(_ contents: Bytes, path: Bytes, hasUsers: Bool, names: CrontabNames, seed: Bytes) {
    self.contents = contents
    self.path = path
    self.hasUsers = hasUsers
    self.names = names
    self.seed = seed
    if contents.starts(with: "\u{FEFF}") { offset = 3 }
  }

  /// The next line; false when none is left.
  public func step() -> Bool {
    guard offset < contents.count else { return false }
    line += 1
    let start = offset
    while offset < contents.count, contents[offset] != 10 { offset += 1 }
    var end = offset
    let isEnded = offset < contents.count
    offset += 1
    if end > start, contents[end - 1] == 13 { end -= 1 }
    do throws(CrontabProblem) {
      if end - start > CrontabReader.lineMax { throw CrontabProblem(0, "the line is longer than 16 KiB") }
      let text = Bytes(contents[start..<end])
      if let zero = text.firstIndex(of: 0) { throw CrontabProblem(zero, "a NUL byte", hint: "crontabs are text") }
      guard let first = text.firstIndex(where: { !$0.isBlank }), text[first] != 35 else { return true }
      try read(text, from: first)
      // Files out of a YAML block often lack it; cron would pass over the line, which nobody means.
      if !isEnded { report(.warning, text.count, Bytes("the last line has no newline"), hint: Bytes("cron would ignore the line")) }
    } catch {
      report(.error, error.offset, error.message, hint: error.hint)
      errors += 1
      if errors == CrontabReader.findingsMax {
        report(.error, 0, Bytes("there may be more: mend these first"))
        offset = contents.count
      }
    }
    return true
  }

  /// The line of a unit's entry, from 1; nil: there is none. With and without user fields: a name is of one of the two.
  public static func line(of unit: Bytes, in contents: Bytes) -> Int? {
    for hasUsers in [false, true] {
      let reader = CrontabReader(contents, path: [], hasUsers: hasUsers, names: CrontabNames(), seed: [])
      while reader.step() {}
      if let job = reader.jobs.first(where: { $0.name.bytes == unit }) { return job.position.line }
      // `-2`: equal entries are counted over all crontabs; here any of them will do.
      if let job = reader.jobs.first(where: { unit.starts(with: $0.name.prefix + "-") }) { return job.position.line }
    }
    return nil
  }

  private func report(_ severity: Severity, _ offset: Int, _ message: Bytes, hint: Bytes = []) {
    if severity != .error, diagnostics.count >= CrontabReader.findingsMax { return }
    diagnostics.append(Diagnostic(severity, file: path, line: line, column: offset + 1, message: message, hint: hint))
  }

  private func read(_ text: Bytes, from first: Int) throws(CrontabProblem) {
    if text[first] == 91 {
      throw CrontabProblem(first, "a section of a unit file in a crontab", hint: "a unit file's name ends in .service, .timer or .target")
    }
    if try readVariable(text, from: first) { return }
    var entry = CrontabEntry(text, from: first)
    var schedule: CalendarSpec?
    if entry.expression != "@reboot" {
      do throws(ScheduleError) {
        // `~` is drawn by host and line: the same at every reading.
        schedule = try CrontabParser.parse(entry.fields, seed: (seed + text).seed).with(zone: world.zone?.name)
      } catch {
        let message = "cannot use \"" + entry.fields.quotable + "\": " + error.name
        throw CrontabProblem(entry.offset + error.column - 1, message, hint: error.hint)
      }
    }
    try entry.readRest(hasUser: hasUsers)
    let key = entry.expression + [0] + entry.user + [0] + entry.command + [0] + (entry.input ?? [])
    warn(of: entry)
    guard let name = names.add(entry.word, key.seed) else {
      throw CrontabProblem(first, "there are more than 4096 entries", hint: "share them out between several apus")
    }
    jobs.append(
      CrontabJob(
        name: name, path: path, position: Position(line: line, column: entry.offset + 1), schedule: schedule, entry: entry, world: world))
  }

  /// What is right, and may mean something else to whoever wrote it.
  private func warn(of entry: CrontabEntry) {
    let fields = entry.expression.pieces(separatedBy: 32)
    // Vixie's rule: a star at the beginning, whatever comes behind it, makes it "and"; others look for a star alone.
    if fields.count == 5, fields[2] != "*", fields[4] != "*", fields[2].first == 42 || fields[4].first == 42 {
      report(
        .warning, entry.offset, Bytes("the day of the month and the weekday must both match, since one begins with *"),
        hint: Bytes("cron's rule; for either of them write two lines"))
    }
    if !hasUsers, entry.command.starts(with: "root ") {
      report(
        .warning, entry.commandOffset, Bytes("the command is \"root\": only system crontabs name a user"),
        hint: Bytes("--crontab-user-field, if this is one"))
    }
  }

  // MARK: Variables

  /// False if the line is none: `NAME = value`, in matching quotes or without.
  private func readVariable(_ text: Bytes, from first: Int) throws(CrontabProblem) -> Bool {
    let isQuoted = text[first] == 34 || text[first] == 39
    var at = first + (isQuoted ? 1 : 0)
    while at < text.count, isQuoted ? text[at] != text[first] : text[at] != 61 && !text[at].isBlank { at += 1 }
    let name = Bytes(text[(first + (isQuoted ? 1 : 0))..<at])
    if isQuoted { at += 1 }
    while at < text.count, text[at].isBlank { at += 1 }
    guard at < text.count, text[at] == 61 else { return false }
    guard let letter = name.first, !letter.isDigit, name.allSatisfy({ $0.isASCIILetter || $0.isDigit || $0 == 95 }) else {
      // Fields may have no equals sign either, but then that is said better.
      if let byte = name.first, !isQuoted, byte.isDigit || byte == 42 || byte == 64 || byte == 45 || byte == 126 { return false }
      throw CrontabProblem(first, "no name of a variable: " + name.quotable, hint: Bytes("letters, digits and _"))
    }
    at += 1
    while at < text.count, text[at].isBlank { at += 1 }
    var end = text.count
    while end > at, text[end - 1].isBlank { end -= 1 }
    var value = Bytes(text[at..<end])
    if let quote = value.first, quote == 34 || quote == 39 {
      guard value.count > 1, value.dropFirst().firstIndex(of: quote) == value.count - 1 else {
        throw CrontabProblem(at, "the quote is not closed, or something follows it", hint: "quotes go around the whole value")
      }
      value = Bytes(value[1..<(value.count - 1)])
    }
    try set(name, value, at)
    return true
  }

  private func set(_ name: Bytes, _ value: Bytes, _ offset: Int) throws(CrontabProblem) {
    switch name {
    case "SHELL":
      if !value.isEmpty, value.first != 47 || !value.isAbsolutePath { throw CrontabProblem(offset, "SHELL= is no absolute path") }
      world.shell = value.isEmpty ? Bytes("/bin/sh") : value
      // It is always in the environment.
      return
    case "HOME":
      if !value.isEmpty, !value.isAbsolutePath { throw CrontabProblem(offset, "HOME= is no absolute path") }
      world.home = value
    case "LOGNAME":
      report(.warning, offset, Bytes("LOGNAME= is ignored, as by cron: it is the name of the user"))
      return
    case "CRON_TZ":
      if !value.isEmpty, value != "UTC", !TimeZoneParser.isName(value) {
        throw CrontabProblem(offset, "CRON_TZ= is no name of a time zone", hint: "write a name such as Europe/Berlin, or UTC")
      }
      let zone = ZoneReference(name: value, path: path, strictness: .strict, line: line, column: offset + 1)
      world.zone = value.isEmpty ? nil : zone
    case "RANDOM_DELAY":
      guard let minutes = value.isEmpty ? 0 : value.unsignedDecimal, minutes <= 24 * 60 else {
        throw CrontabProblem(offset, "RANDOM_DELAY= is no number of minutes", hint: "0 to 1440")
      }
      world.randomDelay = TimeSpan(seconds: minutes * 60)
    case "MAILTO" where !value.isEmpty:
      report(.notice, offset, Bytes("MAILTO=: no mail is sent; what jobs say goes where apus's own output goes"))
    default: break
    }
    world.set(name, value)
    if world.environment.count > CrontabReader.variablesMax { throw CrontabProblem(offset, "there are more than 1000 variables") }
  }
}

/// Names for entries: each once, over all crontabs of an apus.
public struct CrontabNames: Sendable {
  /// Entries of all crontabs together.
  static let entriesMax = 4096
  private var counts = NameTable()
  private var total = 0

  public init() {}

  /// `crontab-backup-9f3a61c2.service`, and `…-2` for the second of two equal entries; nil when there are too many.
  mutating func add(_ word: Bytes, _ hash: UInt64) -> UnitName? {
    if total == CrontabNames.entriesMax { return nil }
    total += 1
    let base = "crontab-" + word + "-" + Bytes(hex: (hash ^ hash >> 32) & 0xFFFF_FFFF, width: 8)
    let count = (counts[base] ?? 0) + 1
    counts[base] = count
    return UnitName(base + (count > 1 ? "-" + Bytes(decimal: count) : []) + ".service")
  }
}
