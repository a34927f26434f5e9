import Model
import UnitFile

/// A file of a unit's `NAME.d/`, or a link of its `NAME.wants/`.
public struct DropIn: Equatable, Sendable {
  public var name: Bytes
  public var path: Bytes
  /// Of the index's folders.
  public var folder: Int
}

extension UnitIndex {
  /// The drop-ins of a unit in the order in which they are applied, those that only hide others (/dev/null) included.
  public func dropIns(of id: UnitName, _ kernel: inout some Kernel) -> [DropIn] {
    files(".d", of: id, &kernel).filter { $0.name.ends(with: ".conf") && $0.name.first != 46 }
  }

  /// What the unit's folders of that kind have, sorted by file name; of equal names the first counts (units.md b.8).
  func files(_ suffix: StaticString, of id: UnitName, _ kernel: inout some Kernel) -> [DropIn] {
    let places = subfolders(suffix, of: [id] + aliases(of: id))
    // One folder is sorted already, and has no name twice: a target may want a thousand units.
    if places.count == 1 {
      return list(places[0].path, &kernel).map { DropIn(name: $0, path: places[0].path + "/" + $0, folder: places[0].folder) }
    }
    var files: [DropIn] = []
    for place in places {
      for name in list(place.path, &kernel) where !files.contains(where: { $0.name == name }) {
        let position = files.firstIndex { name.lexicographicallyPrecedes($0.name) } ?? files.count
        files.insert(DropIn(name: name, path: place.path + "/" + name, folder: place.folder), at: position)
      }
    }
    return files
  }

  /// A subfolder's names; it is listed once.
  public func list(_ path: Bytes, _ kernel: inout some Kernel) -> [Bytes] {
    if let position = listed[path] { return listings[position] }
    var names: [Bytes] = []
    if case .entries(let found) = kernel.listFolder(path) { names = found }
    listed[path] = listings.count
    listings.append(names)
    return names
  }
}
