/// A key that is a number at heart.
public protocol TableKey {
  /// Different keys have different numbers.
  var tableNumber: UInt64 { get }
}

extension Int32: TableKey { public var tableNumber: UInt64 { UInt64(UInt32(bitPattern: self)) } }
extension UInt32: TableKey { public var tableNumber: UInt64 { UInt64(self) } }
extension UnitID: TableKey { public var tableNumber: UInt64 { index.tableNumber } }
extension DescriptorID: TableKey { public var tableNumber: UInt64 { UInt64(number) } }
extension Invocation: TableKey { public var tableNumber: UInt64 { unit.tableNumber << 32 | UInt64(number) } }

/// Which position a number has: the part of every `Table` that is the same for all. The standard library's dictionary is made
/// anew for every pair of types, a kilobyte and a half each time in the static release.
public struct NumberIndex: Sendable {
  /// By position.
  public private(set) var numbers: [UInt64] = []
  /// Position + 1, 0: free; a power of two of them, probed in a row, at most three quarters in use.
  private var slots: [UInt32] = []

  public init() {}

  private func home(_ number: UInt64) -> Int {
    Int(truncatingIfNeeded: (number &* 0x9E37_79B9_7F4A_7C15) >> 32) & (slots.count - 1)
  }

  /// The slot that says where `number` is, or the free one where it would be said.
  private func slot(_ number: UInt64) -> Int {
    var slot = home(number)
    while slots[slot] != 0, numbers[Int(slots[slot]) - 1] != number { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  /// Its position.
  @inline(never)
  public func find(_ number: UInt64) -> Int? {
    if numbers.isEmpty { return nil }
    let found = slots[slot(number)]
    return found == 0 ? nil : Int(found) - 1
  }

  /// Takes in a number that is not there, at the last position.
  @inline(never)
  public mutating func insert(_ number: UInt64) {
    if (numbers.count + 1) * 4 > slots.count * 3 { grow() }
    slots[slot(number)] = UInt32(truncatingIfNeeded: numbers.count + 1)
    numbers.append(number)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: max(8, slots.count * 2))
    for (position, number) in numbers.enumerated() { slots[slot(number)] = UInt32(truncatingIfNeeded: position + 1) }
  }

  /// Empties it, and keeps its room.
  public mutating func removeAll() {
    numbers.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = 0 }
  }

  /// Takes a number out; the last one takes its position.
  @inline(never)
  public mutating func remove(at position: Int) {
    var free = slot(numbers[position])
    let last = numbers.count - 1
    if position != last {
      slots[slot(numbers[last])] = UInt32(truncatingIfNeeded: position + 1)
      numbers[position] = numbers[last]
    }
    numbers.removeLast()
    slots[free] = 0
    // Who was put further on because of it moves back.
    var next = (free + 1) & (slots.count - 1)
    while slots[next] != 0 {
      let wanted = home(numbers[Int(slots[next]) - 1])
      if (next - wanted) & (slots.count - 1) >= (next - free) & (slots.count - 1) {
        slots[free] = slots[next]
        slots[next] = 0
        free = next
      }
      next = (next + 1) & (slots.count - 1)
    }
  }
}

/// A dictionary by numbers (`NumberIndex` says why). Nobody goes through its values.
public struct Table<Key: TableKey, Value> {
  private var index = NumberIndex()
  /// By position, none of them nil but while one is changed.
  private var values: [Value?] = []

  public init() {}

  public var count: Int { values.count }
  public var isEmpty: Bool { values.isEmpty }
  /// The keys' numbers, in no order.
  public var numbers: [UInt64] { index.numbers }

  /// As a dictionary's.
  public subscript(_ key: Key) -> Value? {
    get {
      guard let position = index.find(key.tableNumber) else { return nil }
      return values[position]
    }
    set {
      if let position = index.find(key.tableNumber) {
        values[position] = newValue
        if newValue == nil { remove(position) }
      } else if newValue != nil {
        index.insert(key.tableNumber)
        values.append(newValue)
      }
    }
    _modify {
      if let position = index.find(key.tableNumber) {
        yield &values[position]
        if values[position] == nil { remove(position) }
      } else {
        var value: Value? = nil
        yield &value
        if value != nil {
          index.insert(key.tableNumber)
          values.append(value)
        }
      }
    }
  }

  /// Takes the value out.
  @discardableResult
  public mutating func removeValue(forKey key: Key) -> Value? {
    guard let position = index.find(key.tableNumber) else { return nil }
    let value = values[position]
    remove(position)
    return value
  }

  /// Puts the value in, and gives back what it replaced.
  @discardableResult
  public mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
    let old = self[key]
    self[key] = .some(value)
    return old
  }

  /// Empties it, and keeps its room for what is put in next.
  public mutating func removeAll() {
    index.removeAll()
    values.removeAll(keepingCapacity: true)
  }

  private mutating func remove(_ position: Int) {
    index.remove(at: position)
    values[position] = values[values.count - 1]
    values.removeLast()
  }
}

extension Table where Key == Int32 {
  /// In a fixed order, for whoever has to go through all.
  public var sortedKeys: [Int32] { sortedNumbers(numbers.map { Int32(truncatingIfNeeded: $0) }) }
}

extension Table: Sendable where Value: Sendable {}
