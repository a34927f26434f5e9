import Model

/// Finds units by name: positions in the array of units, sorted by name.
struct NameIndex {
  private var sorted: [(name: Bytes, position: Int)] = []

  init(_ units: [Unit]) {
    for (position, unit) in units.enumerated() { sorted.append((unit.name.bytes, position)) }
    sorted.sort { NameIndex.precedes($0.name, $1.name) || ($0.name == $1.name && $0.position < $1.position) }
  }

  /// The first unit of that name.
  func position(of name: UnitName) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if NameIndex.precedes(sorted[middle].name, name.bytes) { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low].name == name.bytes ? sorted[low].position : nil
  }

  private static func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
    left.lexicographicallyPrecedes(right)
  }
}
