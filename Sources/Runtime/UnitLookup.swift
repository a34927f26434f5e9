import Model
import UnitFile

/// What a name leads to.
public enum FoundUnit: Equatable, Sendable {
  /// `id` is the unit's own name: of an alias the name that it leads to, of an instance without a file of its own the
  /// instance's.
  case file(id: UnitName, path: Bytes, folder: Int)
  case masked(id: UnitName, path: Bytes, folder: Int)
  /// No file; `id` is where links lead (`default.target` to `multi-user.target`, which may be built in).
  case absent(id: UnitName)

  public var id: UnitName {
    switch self {
    case .file(let id, _, _), .masked(let id, _, _), .absent(let id): id
    }
  }
}

extension UnitIndex {
  /// The unit that a name means: its file, or its template's (units.md b.8).
  public func find(_ name: UnitName) -> FoundUnit {
    var id = name
    for _ in 0..<UnitIndex.hopsMax {
      guard let entry = entry(id) ?? id.template.flatMap({ self.entry($0) }) else { return .absent(id: id) }
      switch entry.target {
      case .file: return .file(id: id, path: path(entry), folder: entry.folder)
      case .mask: return .masked(id: id, path: path(entry), folder: entry.folder)
      case .alias(let target):
        // What leads to a template leads to the same instance of it.
        if target.isTemplate, let instance = id.instance, !instance.isEmpty {
          id = target.with(instance: instance) ?? target
        } else {
          id = target
        }
      }
    }
    return .absent(id: name)
  }

  /// Further names of a unit, in the order in which they are found: links to it, to its template, and links to those.
  public func aliases(of id: UnitName) -> [UnitName] {
    var names = [id]
    var next = 0
    while next < names.count, names.count < UnitIndex.hopsMax {
      let name = names[next]
      next += 1
      for entry in links(to: name) { add(entry.name, to: &names) }
      guard let template = name.template, let instance = name.instance else { continue }
      for entry in links(to: template) {
        if entry.name.isTemplate {
          // Unless that instance has a file or link of its own, which leads elsewhere.
          if let alias = entry.name.with(instance: instance), find(alias).id == find(id).id { add(alias, to: &names) }
        } else if entry.name.instance == instance {
          add(entry.name, to: &names)
        }
      }
    }
    return Array(names.dropFirst())
  }

  private func add(_ name: UnitName, to names: inout [UnitName]) {
    if !names.contains(name) { names.append(name) }
  }

  // MARK: Folders of a unit

  /// The folders `NAME.d/` (or `.wants/` …) of a unit's names from high to low, in systemd's order: the unit's own name
  /// before its aliases; for each name folder by folder, in each the name, its template, and what both begin with up to a
  /// dash; at last `service.d`.
  func subfolders(_ suffix: StaticString, of names: [UnitName]) -> [(path: Bytes, folder: Int)] {
    var found: [(path: Bytes, folder: Int)] = []
    for name in names {
      let family = UnitIndex.family(name).map { $0 + suffix }
      let having = family.map { folders(having: $0) }
      if having.allSatisfy({ $0.isEmpty }) { continue }
      for folder in folders.indices {
        for (index, list) in having.enumerated() where list.contains(folder) {
          let path = folders[folder].path + "/" + family[index]
          if !found.contains(where: { $0.path == path }) { found.append((path, folder)) }
        }
      }
    }
    if let type = names.first?.type {
      let name = Bytes(type.name) + suffix
      for folder in folders(having: name) { found.append((folders[folder].path + "/" + name, folder)) }
    }
    return found
  }

  /// `foo-bar@x.service`, `foo-bar@.service`, `foo-.service`, `foo-@x.service`, `foo-@.service`; a template's beginning is a
  /// plain name.
  static func family(_ name: UnitName) -> [Bytes] {
    var out = [name.bytes]
    if let template = name.template { out += family(template) }
    let prefix = name.prefix
    let head = prefix.last == 45 ? prefix.dropLast() : prefix[...]
    let rest = Bytes(name.bytes.dropFirst(name.isTemplate ? prefix.count + 1 : prefix.count))
    if let dash = head.lastIndex(of: 45), dash > 0, let shorter = UnitName(Bytes(prefix[...dash]) + rest) {
      out += family(shorter)
    }
    return out
  }
}
