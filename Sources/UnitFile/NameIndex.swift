import Model

/// Finds units by name: positions in the array of units, sorted by name.
struct NameIndex {
  private let names: [Bytes]
  /// Of each name, the position of its unit.
  private let owners: [Int]
  private let sorted: [Int]

  /// Units by all their names; a unit's own name goes before another's alias.
  init(_ units: [Unit]) {
    var names: [Bytes] = []
    var owners: [Int] = []
    for position in 0..<units.count {
      names.append(units[position].name.bytes)
      owners.append(position)
    }
    for position in 0..<units.count {
      for alias in units[position].aliases {
        names.append(alias.bytes)
        owners.append(position)
      }
    }
    self.init(names, owners: owners)
  }

  @inline(never)
  init(_ names: [Bytes], owners: [Int]) {
    self.names = names
    self.owners = owners
    sorted = sortedPositions(names.count) { precedes(names[$0], names[$1]) || (names[$0] == names[$1] && $0 < $1) }
  }

  /// The first unit of that name.
  func position(of name: UnitName) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if precedes(names[sorted[middle]], name.bytes) { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && names[sorted[low]] == name.bytes ? owners[sorted[low]] : nil
  }
}

/// Byte order, a prefix before what continues it.
@inline(never)
func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
  let shared = min(left.count, right.count)
  for index in 0..<shared where left[index] != right[index] { return left[index] < right[index] }
  return left.count < right.count
}

/// 0 to `count` in an order, by a heap: the library's sort costs the static binary 8 KB for each type sorted.
func sortedPositions(_ count: Int, by precedes: (Int, Int) -> Bool) -> [Int] {
  var heap = Array(0..<count)
  func sink(_ start: Int, below end: Int) {
    var parent = start
    while 2 * parent + 1 < end {
      var child = 2 * parent + 1
      if child + 1 < end, precedes(heap[child], heap[child + 1]) { child += 1 }
      if !precedes(heap[parent], heap[child]) { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
  for start in stride(from: count / 2 - 1, through: 0, by: -1) { sink(start, below: count) }
  for end in stride(from: count - 1, to: 0, by: -1) {
    heap.swapAt(0, end)
    sink(0, below: end)
  }
  return heap
}
