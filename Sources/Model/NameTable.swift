/// A dictionary from names (any bytes) to numbers. Nobody goes through it.
///
/// The standard library's is made anew for every pair of types, a kilobyte and a half each time in the static release. This
/// one is a crit-bit tree: each node names the first bit in which the names below it differ, so that a look-up looks at one
/// bit a node and then compares one name. No choice of names makes it slow, as one can a table of hashes without a secret.
public struct NameTable: Sendable {
  /// Leaves, in no order: a name each, and its value. Of one that is free: nothing, and the next that is free.
  private var names: [Bytes] = []
  private var values: [Int] = []
  /// [0] leads to the tree. Then nodes of three: the bit's position, and where names lead that have 0 or 1 there. A node is
  /// its index in here, a leaf the complement of its own. Of a node that is free: the next that is.
  private var links: [Int] = []
  private var freeLeaf = -1
  private var freeNode = -1
  public private(set) var count = 0

  public init() {}

  /// As a dictionary's.
  public subscript(name: Bytes) -> Int? {
    get {
      if count == 0 { return nil }
      let leaf = ~links[descend(name).last]
      return names[leaf] == name ? values[leaf] : nil
    }
    set {
      if let newValue { put(name, newValue) } else { remove(name) }
    }
  }

  /// As a set's: whether it was not there before.
  @discardableResult
  public mutating func insert(_ name: Bytes) -> Bool { put(name, 0) }

  /// Whether it has the name.
  public func contains(_ name: Bytes) -> Bool { self[name] != nil }

  /// Each byte counts as nine bits, of which the first says that there is one: a name differs from its own beginning.
  private static func bit(_ name: Bytes, _ position: Int) -> Int {
    let index = position / 9
    if index >= name.count { return 0 }
    return (0x100 | Int(name[index])) >> (8 - position % 9) & 1
  }

  /// The position of the first bit in which two names differ.
  private static func difference(_ a: Bytes, _ b: Bytes) -> Int {
    var index = 0
    while index < a.count, index < b.count, a[index] == b[index] { index += 1 }
    if index == a.count || index == b.count { return index * 9 }
    return index * 9 + 1 + (a[index] ^ b[index]).leadingZeroBitCount
  }

  /// The link to the leaf that alone may have the name, and the link to that one's node.
  private func descend(_ name: Bytes) -> (last: Int, before: Int) {
    var last = 0
    var before = 0
    while links[last] >= 0 {
      before = last
      last = links[last] + 1 + NameTable.bit(name, links[links[last]])
    }
    return (last, before)
  }

  /// Whether it is new.
  @discardableResult
  @inline(never)
  private mutating func put(_ name: Bytes, _ value: Int) -> Bool {
    if count == 0 {
      names = [name]
      values = [value]
      links = [~0]
      count = 1
      return true
    }
    let nearest = ~links[descend(name).last]
    if names[nearest] == name {
      values[nearest] = value
      return false
    }
    let position = NameTable.difference(names[nearest], name)
    var link = 0
    while links[link] >= 0, links[links[link]] < position { link = links[link] + 1 + NameTable.bit(name, links[links[link]]) }
    let node = takeNode()
    let side = NameTable.bit(name, position)
    links[node] = position
    links[node + 1 + side] = ~takeLeaf(name, value)
    links[node + 2 - side] = links[link]
    links[link] = node
    count += 1
    return true
  }

  private mutating func takeNode() -> Int {
    let node = freeNode
    if node >= 0 {
      freeNode = links[node]
      return node
    }
    links += [0, 0, 0]
    return links.count - 3
  }

  private mutating func takeLeaf(_ name: Bytes, _ value: Int) -> Int {
    let leaf = freeLeaf
    if leaf >= 0 {
      freeLeaf = values[leaf]
      names[leaf] = name
      values[leaf] = value
      return leaf
    }
    names.append(name)
    values.append(value)
    return names.count - 1
  }

  @inline(never)
  private mutating func remove(_ name: Bytes) {
    if count == 0 { return }
    let (last, before) = descend(name)
    let leaf = ~links[last]
    if names[leaf] != name { return }
    if count == 1 {
      self = NameTable()
      return
    }
    count -= 1
    // What the node's other link leads to takes its place.
    let node = links[before]
    links[before] = links[2 * node + 3 - last]
    links[node] = freeNode
    freeNode = node
    names[leaf] = []
    values[leaf] = freeLeaf
    freeLeaf = leaf
  }
}
