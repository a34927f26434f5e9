import Model

/// What becomes of a line that systemd would ignore with a warning (DESIGN section 2).
public enum Strictness: Sendable {
  /// An error: files and folders on the command line, `/etc/apus`.
  case strict
  /// A warning, as in systemd: systemd's own folders.
  case lenient
}

/// One file as read: a unit's main file, or a drop-in of it.
public final class UnitSource: Sendable {
  public let path: Bytes
  /// The name under which the unit is wanted: of an instance its own, though the file is the template's.
  public let name: UnitName
  /// nil when reading failed.
  public let contents: Bytes?
  /// Why reading failed, with the remedy, for people.
  public let readError: Bytes
  public let strictness: Strictness
  /// A link to /dev/null: the unit is masked on purpose.
  public let isMask: Bool
  /// The unit is an entry of a crontab, which takes the place of `contents`.
  let job: CrontabJob?

  public init(
    path: Bytes, name: UnitName, contents: Bytes?, readError: Bytes = [], strictness: Strictness, isMask: Bool = false
  ) {
    self.path = path
    self.name = name
    self.contents = contents
    self.readError = readError
    self.strictness = strictness
    self.isMask = isMask
    job = nil
  }

  /// A job of a crontab.
  public init(job: CrontabJob) {
    path = job.path
    name = job.name
    contents = []
    readError = []
    strictness = .strict
    isMask = false
    self.job = job
  }
}

/// What the folders of the unit path say about a unit beside its files (units.md b.8). A reference, as the files.
public final class UnitLinks: @unchecked Sendable {
  /// Further names of the unit.
  public var aliases: [UnitName] = []
  /// Names of the links in its `.wants/`, `.requires/` and `.upholds/` folders: they become dependencies.
  public var wants: [UnitName] = []
  public var requires: [UnitName] = []
  public var upholds: [UnitName] = []
  public var origin = UnitOrigin.commandLine

  public init(origin: UnitOrigin = .commandLine) { self.origin = origin }
}

/// One name in a unit's files, and where it stands. A class, as the next one: they are handed about, and never change.
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

/// A time zone that a unit names, and where; whether there is such a zone is found out by who loads it.
public struct ZoneReference: Sendable {
  public let name: Bytes
  /// Of the file.
  public let path: Bytes
  public let strictness: Strictness
  public let line: Int
  public let column: Int
  /// Behind a calendar expression, where abbreviations are refused.
  public var isSuffix = false
}

/// One unit from its parsed files, and what was found on the way.
public final class ParsedUnit: Sendable {
  /// With every default that needs no other unit.
  public let unit: Unit
  public let diagnostics: [Diagnostic]
  /// Where the unit names others, for what `assemble` has to say.
  let references: [Reference]
  public let zones: [ZoneReference]
  /// As written, specifiers and all.
  let description: Bytes
  /// Where a service has keys that need a socket: StandardInput=socket and its kin, IdleStopSec=.
  let socketStream: Position?
  let idleStop: Position?
  /// Of each file, in the order in which `Position.file` counts.
  let files: [(path: Bytes, strictness: Strictness)]

  init(
    unit: Unit, diagnostics: [Diagnostic], references: [Reference], zones: [ZoneReference] = [],
    description: Bytes = [], socketStream: Position? = nil, idleStop: Position? = nil,
    files: [(path: Bytes, strictness: Strictness)]
  ) {
    self.unit = unit
    self.diagnostics = diagnostics
    self.references = references
    self.zones = zones
    self.description = description
    self.socketStream = socketStream
    self.idleStop = idleStop
    self.files = files
  }

  /// The file that a position is in: its path, and how strictly it is read.
  func file(of position: Position) -> (path: Bytes, strictness: Strictness) {
    position.file < files.count ? files[position.file] : (unit.fragmentPath, .strict)
  }
}

/// Reads a unit's main file and its drop-ins in the order in which they are to be applied: every directive, every default
/// that needs no other unit (units.md b and c.2, DESIGN section 2).
public func parseUnit(
  _ source: UnitSource, dropIns: [UnitSource] = [], links: UnitLinks = UnitLinks(), host: HostFacts
) -> ParsedUnit {
  let parser = UnitParser(source, dropIns: dropIns, links: links, host: host)
  parser.run()
  return ParsedUnit(
    unit: parser.unit, diagnostics: parser.diagnostics, references: parser.references, zones: parser.zones,
    description: parser.written.description, socketStream: parser.written.socketStream, idleStop: parser.written.idleStop,
    files: parser.sources.map { ($0.path, $0.strictness) })
}

/// A unit of the host side that apus itself knows, with what folders of the unit path add to it (units.md a.3); nil if the
/// name is none. Targets are real units, all others are stubs that are always active.
public func builtInUnit(_ name: UnitName, links: UnitLinks = UnitLinks(origin: .builtIn)) -> ParsedUnit? {
  guard BuiltInNames.contains(name) else { return nil }
  let unit = BuiltInNames.unit(name)
  unit.aliases = links.aliases
  var references: [Reference] = []
  unit.addLinks(links, to: &references)
  return ParsedUnit(unit: unit, diagnostics: [], references: references, files: [])
}

extension Unit {
  /// The names that `.wants/` and its kin hold become dependencies.
  func addLinks(_ links: UnitLinks, to references: inout [Reference]) {
    for kind in [ReferenceKind.wants, .requires, .upholds] {
      let names = kind == .wants ? links.wants : kind == .requires ? links.requires : links.upholds
      if names.isEmpty { continue }
      // Collected apart, with a table: thousands of links are one pass, not one search and one copy each.
      var list = dependencies[kind]
      var seen = NameTable()
      for name in list { seen.insert(name.bytes) }
      for name in names {
        if seen.insert(name.bytes) { list.append(name) }
        references.append(Reference(kind: kind, name: name, position: Position(line: 0, column: 0)))
      }
      dependencies[kind] = list
    }
  }
}
