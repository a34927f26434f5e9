import Model
import UnitFile

// Files beside a unit's main one: links, and templates.

extension Loader {
  /// What is linked into a unit's `.wants/`, `.requires/` and `.upholds/`, and its further names. The name of the link is
  /// the dependency; where it leads does not matter, unless it is /dev/null, which takes a link of the same name away.
  func links(of id: UnitName, _ origin: UnitOrigin, _ kernel: inout some Kernel) -> UnitLinks {
    let links = UnitLinks(origin: origin)
    links.aliases = index.aliases(of: id)
    links.wants = linked(".wants", to: id, &kernel)
    links.requires = linked(".requires", to: id, &kernel)
    links.upholds = linked(".upholds", to: id, &kernel)
    return links
  }

  private func linked(_ suffix: StaticString, to id: UnitName, _ kernel: inout some Kernel) -> [UnitName] {
    var names: [UnitName] = []
    // A folder may have thousands of links: a search through `names` for each would hold up PID 1 for seconds.
    var seen = NameTable()
    for file in index.files(suffix, of: id, &kernel) {
      guard var name = UnitName(file.name), let target = kernel.readLink(file.path), target != "/dev/null" else { continue }
      // Of a template it is the instance with the unit's own instance name, or with its name.
      if name.isTemplate { name = name.with(instance: id.instance ?? id.prefix) ?? name }
      if seen.insert(name.bytes) { names.append(name) }
    }
    return names
  }

  /// What instances of a template are made of; nil where there is no such file.
  func readTemplate(_ name: UnitName, _ kernel: inout some Kernel) -> TemplateFiles? {
    guard case .file(let id, let path, let folder) = index.find(name) else { return nil }
    let place = index.folders[folder]
    let source = readUnitFile(path, id, place.strictness, &kernel)
    if source.contents == nil { return nil }
    return TemplateFiles(
      name: name, source, dropIns: readDropIns(of: id, index, &kernel), links: links(of: id, place.origin, &kernel), host: host)
  }
}
