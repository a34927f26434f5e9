import Model

/// The files of a template that a socket with Accept=yes needs, kept for its instances.
public final class TemplateFiles: Sendable {
  public let name: UnitName
  private let source: UnitSource
  private let dropIns: [UnitSource]
  private let links: UnitLinks
  private let host: HostFacts
  /// An instance as it might be: what it needs must be loaded, and what is wrong with it is said before anybody connects.
  public let trial: ParsedUnit

  public init(name: UnitName, _ source: UnitSource, dropIns: [UnitSource], links: UnitLinks, host: HostFacts) {
    self.name = name
    self.source = source
    self.dropIns = dropIns
    self.host = host
    self.links = UnitLinks(origin: links.origin)
    self.links.wants = links.wants
    self.links.requires = links.requires
    self.links.upholds = links.upholds
    trial = TemplateFiles.parse(TemplateFiles.example(name, "0-127.0.0.1:1-127.0.0.1:1"), source, dropIns, self.links, host)
  }

  private static func example(_ name: UnitName, _ instance: StaticString) -> UnitName { name.with(instance: Bytes(instance)) ?? name }

  private static func parse(
    _ name: UnitName, _ source: UnitSource, _ dropIns: [UnitSource], _ links: UnitLinks, _ host: HostFacts
  ) -> ParsedUnit {
    let source = UnitSource(
      path: source.path, name: name, contents: source.contents, readError: source.readError, strictness: source.strictness,
      isMask: source.isMask)
    return parseUnit(source, dropIns: dropIns, links: links, host: host)
  }

  /// `assembled`: the trial, with what other units add to it.
  func template(assembled: Unit) -> UnitTemplate {
    // Names of no connection's instance; two that differ in every part.
    let other = TemplateFiles.parse(TemplateFiles.example(name, "1-2-3"), source, dropIns, links, host)
    let same = other.unit
    let description = same.description == trial.unit.description ? [] : trial.description
    same.name = trial.unit.name
    same.description = trial.unit.description
    // All but the description is the same in every instance: nothing is parsed for a connection.
    let isGeneral = same == trial.unit
    var added: [(kind: ReferenceKind, name: UnitName)] = []
    for kind in ReferenceKind.allCases {
      let own = trial.unit.dependencies[kind]
      for name in assembled.dependencies[kind] where !own.contains(name) { added.append((kind, name)) }
    }
    let edges = added
    return UnitTemplate(name: name, example: assembled) { [self] name, socket in
      let unit: Unit
      if isGeneral {
        unit = assembled.copy()
        unit.name = name
        if !description.isEmpty {
          let context = SpecifierContext(name: name, path: source.path, host: host)
          do throws(SpecifierError) { unit.description = try context.expand(description) } catch { unit.description = [] }
        }
      } else {
        unit = TemplateFiles.parse(name, source, dropIns, links, host).unit
        if unit.loadState != .loaded { return .failed(unit.loadError) }
        for edge in edges { unit.dependencies.add(edge.name, edge.kind) }
        unit.neverRestartsByDefault()
      }
      unit.dependencies.add(socket, .after)
      return .made(unit)
    }
  }
}

extension Unit {
  /// A connection's service ends with it (DESIGN section 2).
  func neverRestartsByDefault() {
    guard case .service(let service) = kind, service.restartSource == .default, service.restart != .no else { return }
    service.restart = .no
  }
}

extension Assembler {
  /// A socket whose template cannot be used cannot be started; what is wrong with the template only as an instance is said.
  func checkTemplates(_ templates: [TemplateFiles]) {
    for template in templates where template.trial.unit.loadState != .loaded {
      guard let position = index.position(of: template.name), position < firstTrial, units[position].loadState == .loaded else { continue }
      let said = files[position].diagnostics
      for diagnostic in template.trial.diagnostics where !said.contains(diagnostic) { catalogue.diagnostics.append(diagnostic) }
    }
    for position in files.indices {
      let unit = units[position]
      guard case .socket(let socket) = unit.kind, socket.accepts, unit.loadState == .loaded, let found = index.position(of: socket.service)
      else { continue }
      var template = units[found]
      if template.loadState == .loaded {
        for files in templates where files.name == socket.service {
          template = files.trial.unit
          break
        }
      }
      if template.loadState == .loaded { continue }
      unit.loadState = .badSetting
      unit.loadError = text("its template \(socket.service.bytes) cannot be used: \(template.loadError)")
      // Whatever else is wrong was said where it is.
      if template.loadState == .masked, files[position].files.first?.strictness == .strict {
        say(files[position], Position(line: 0, column: 0), unit.loadError, hint: Bytes("or write [Socket] Accept=no"))
      }
    }
  }

  /// The trials leave the catalogue; the templates go with it.
  func takeTrials(_ templates: [TemplateFiles]) {
    for template in templates where template.trial.unit.loadState == .loaded {
      guard let position = index.position(of: template.trial.unit.name), position >= firstTrial else { continue }
      catalogue.templates.append(template.template(assembled: units[position]))
    }
    // What apus itself brings stands behind them.
    for position in 0..<units.count where position < firstTrial || position >= files.count { catalogue.units.append(units[position]) }
  }
}
