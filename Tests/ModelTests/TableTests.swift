import Model
import Testing

private struct Dice {
  var state: UInt64
  mutating func roll(_ bound: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % bound
  }
}

/// The table by numbers beside the standard library's dictionary, and the sort beside its sort.
@Suite struct TableTests {
  @Test(arguments: 1...40) func isADictionary(seed: UInt64) {
    var dice = Dice(state: seed)
    var table = Table<Int32, [Int]>()
    var dictionary: [Int32: [Int]] = [:]
    let keys = [4, 40, 4000][Int(seed % 3)]
    for step in 0..<3000 {
      let key = Int32(dice.roll(UInt64(keys))) - 3
      switch dice.roll(6) {
      case 0: #expect(table.removeValue(forKey: key) == dictionary.removeValue(forKey: key))
      case 1:
        table[key] = nil
        dictionary[key] = nil
      case 2:
        table[key]?.append(step)
        dictionary[key]?.append(step)
      case 3: #expect(table.updateValue([step], forKey: key) == dictionary.updateValue([step], forKey: key))
      default:
        table[key] = [step]
        dictionary[key] = [step]
      }
      #expect(table[key] == dictionary[key])
      #expect(table.count == dictionary.count)
    }
    for key in -3..<Int32(keys) { #expect(table[key] == dictionary[key]) }
    #expect(Set(table.numbers) == Set(dictionary.keys.map { $0.tableNumber }))
    table.removeAll()
    #expect(table.isEmpty && table[0] == nil)
    for key in 0..<Int32(keys) { table[key] = [Int(key)] }
    #expect((0..<Int32(keys)).allSatisfy { table[$0] == [Int($0)] } && table.sortedKeys == Array(0..<Int32(keys)))
  }

  @Test func anOptionalMayBeAValue() {
    var table = Table<Int32, Int?>()
    table.updateValue(nil, forKey: 7)
    #expect(table.count == 1)
    #expect(table[7] == .some(nil))
    table[7] = .some(.some(3))
    #expect(table[7] == .some(3))
    table[7] = nil
    #expect(table.isEmpty)
  }

  @Test(arguments: [0, 1, 2, 3, 7, 64, 1000]) func sorts(count: Int) {
    var dice = Dice(state: UInt64(count))
    let list = (0..<count).map { _ in Int32(dice.roll(50)) - 25 }
    #expect(sortedNumbers(list) == list.sorted())
    let order = sortedOrder(count) { list[$0] < list[$1] }
    let stable = list.indices.sorted { list[$0] == list[$1] ? $0 < $1 : list[$0] < list[$1] }
    #expect(order == stable, "equal ones as they were")
    let words = list.map { Bytes("\($0)".utf8) }
    #expect(sortedByBytes(words) == words.sorted { $0.lexicographicallyPrecedes($1) })
  }
}

/// The table by names beside the standard library's dictionary.
@Suite struct NameTableTests {
  /// Names that begin alike, that are the beginning of others, of no bytes, of zeros, and of all bits.
  private static func name(_ dice: inout Dice, _ size: UInt64) -> Bytes {
    let letters: [UInt8] = [0, 1, 97, 98, 127, 128, 255]
    let count = dice.roll(size)
    return (0..<count).map { _ in letters[Int(dice.roll(UInt64(letters.count)))] }
  }

  @Test(arguments: 1...60) func isADictionary(seed: UInt64) {
    var dice = Dice(state: seed)
    var table = NameTable()
    var dictionary: [Bytes: Int] = [:]
    var used: [Bytes] = []
    let size: UInt64 = [3, 4, 6, 40][Int(seed % 4)]
    for step in 0..<4000 {
      let name = !used.isEmpty && dice.roll(3) == 0 ? used[Int(dice.roll(UInt64(used.count)))] : NameTableTests.name(&dice, size)
      used.append(name)
      // Now more are put in, now more are taken out, until none is left.
      switch dice.roll(step / 500 % 2 == 0 ? 9 : 3) {
      case 0, 1:
        table[name] = nil
        dictionary[name] = nil
      case 2: #expect(table[name] == dictionary[name])
      case 3:
        #expect(table.insert(name) == (dictionary[name] == nil))
        dictionary[name] = 0
      default:
        table[name] = step - 100
        dictionary[name] = step - 100
      }
      #expect(table[name] == dictionary[name] && table.contains(name) == (dictionary[name] != nil))
      #expect(table.count == dictionary.count)
    }
    for (name, value) in dictionary { #expect(table[name] == value) }
    for name in dictionary.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      table[name] = nil
      #expect(table[name] == nil)
    }
    #expect(table.count == 0 && table[[]] == nil)
  }

  @Test func copiesAreOnTheirOwn() {
    var table = NameTable()
    for number in 0..<100 { table[Bytes(decimal: number)] = number }
    var copy = table
    for number in 0..<100 { copy[Bytes(decimal: number)] = number % 2 == 0 ? nil : -number }
    #expect((0..<100).allSatisfy { table[Bytes(decimal: $0)] == $0 })
    #expect((0..<100).allSatisfy { copy[Bytes(decimal: $0)] == ($0 % 2 == 0 ? nil : -$0) } && copy.count == 50)
  }

  /// What is taken out gives its room back: names that come and go for years.
  @Test func keepsNoRoomForWhatIsGone() {
    var table = NameTable()
    for number in 0..<200_000 {
      table[Bytes(decimal: number)] = number
      if number >= 10 { table[Bytes(decimal: number - 10)] = nil }
    }
    #expect(table.count == 10 && MemoryLayout<NameTable>.size == 48)
    #expect(Mirror(reflecting: table).children.compactMap { ($0.value as? [Int])?.count ?? ($0.value as? [Bytes])?.count }.max() ?? 0 <= 40)
  }
}
