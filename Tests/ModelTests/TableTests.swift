import Model
import Testing

/// The table by numbers beside the standard library's dictionary, and the sort beside its sort.
@Suite struct TableTests {
  private struct Dice {
    var state: UInt64
    mutating func roll(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
  }

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
