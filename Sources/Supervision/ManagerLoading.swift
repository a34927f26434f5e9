import Model

extension Manager {
  /// Units from the unit path that are known: a reload reads them anew, though nothing of the boot may name them.
  public var namesOfUnitPath: [Bytes] {
    var names: [Bytes] = []
    for index in records.indices where isShown(index) && records[index].unit.origin == .unitPath && !records[index].isMade {
      names.append(records[index].name)
    }
    return names
  }

  /// The unit of that number.
  public func name(of id: UnitID) -> UnitName? { records.indices.contains(Int(id.index)) ? self[id].unit.name : nil }
}
