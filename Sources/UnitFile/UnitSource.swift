import Model

/// What becomes of a line that systemd would ignore with a warning (DESIGN section 2).
public enum Strictness: Sendable {
  /// An error: files and folders on the command line, `/etc/apus`.
  case strict
  /// A warning, as in systemd: systemd's own folders.
  case lenient
}

/// One unit file as read.
public struct UnitSource: Sendable {
  public var path: Bytes
  public var name: UnitName
  /// nil when reading failed.
  public var contents: Bytes?
  /// Why reading failed, with the remedy, for people.
  public var readError: Bytes
  public var strictness: Strictness

  public init(path: Bytes, name: UnitName, contents: Bytes?, readError: Bytes = [], strictness: Strictness) {
    self.path = path
    self.name = name
    self.contents = contents
    self.readError = readError
    self.strictness = strictness
  }
}

/// Why one unit names another.
enum ReferenceKind: UInt8, Sendable {
  case after, before, wants, requires, bindsTo, upholds, onFailure, onSuccess, conflicts, trigger

  /// Names a unit that starts only when it is pulled in or triggered (DESIGN "What starts").
  var pullsIn: Bool {
    switch self {
    case .wants, .requires, .bindsTo, .upholds, .onFailure, .onSuccess, .trigger: true
    case .after, .before, .conflicts: false
    }
  }
}

/// One name in a unit file, and where it stands. A class, as the next one: they are handed about, and never change.
final class Reference: Sendable {
  let kind: ReferenceKind
  let name: UnitName
  let position: Position

  init(kind: ReferenceKind, name: UnitName, position: Position) {
    self.kind = kind
    self.name = name
    self.position = position
  }
}

/// One parsed file: the unit, and what was found on the way.
public final class ParsedUnit: Sendable {
  /// With every default that needs no other unit.
  public let unit: Unit
  public let diagnostics: [Diagnostic]
  /// Where the unit names others, for what `assemble` has to say.
  let references: [Reference]
  let strictness: Strictness

  init(unit: Unit, diagnostics: [Diagnostic], references: [Reference], strictness: Strictness) {
    self.unit = unit
    self.diagnostics = diagnostics
    self.references = references
    self.strictness = strictness
  }
}

/// Reads one unit file: every directive, every default that needs no other unit (units.md b and c.2, DESIGN section 2).
public func parseUnit(_ source: UnitSource, host: HostFacts) -> ParsedUnit {
  let parser = UnitParser(source, host: host)
  parser.run()
  return ParsedUnit(
    unit: parser.unit, diagnostics: parser.diagnostics, references: parser.references, strictness: source.strictness)
}
