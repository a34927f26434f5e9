#if !EMBEDDED
import Model

/// The trace of one run: its hash over everything, and the last entries in full.
public struct Journal {
  struct Entry {
    var at: Int64
    var what: StaticString
    var first: Int64
    var second: Int64
    var text: Bytes
  }

  static let kept = 512
  private var ring: [Entry] = []
  private var position = 0
  public private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  public private(set) var count = 0
  /// Prints every entry as it comes (`--trace`).
  public var isLoud = false

  mutating func add(at time: Int64, _ what: StaticString, _ first: Int64, _ second: Int64, _ text: Bytes) {
    count += 1
    mix(UInt64(bitPattern: time))
    mix(UInt64(bitPattern: first))
    mix(UInt64(bitPattern: second))
    what.withUTF8Buffer { for byte in $0 { mix(UInt64(byte)) } }
    for byte in text { mix(UInt64(byte)) }
    let entry = Entry(at: time, what: what, first: first, second: second, text: text)
    if isLoud { print(Journal.line(entry)) }
    if ring.count < Journal.kept {
      ring.append(entry)
    } else {
      ring[position] = entry
      position = (position + 1) % Journal.kept
    }
  }

  private mutating func mix(_ value: UInt64) {
    // FNV-1a's step, a word at a time.
    hash = (hash ^ value) &* 0x100_0000_01b3
  }

  private static func line(_ entry: Entry) -> String {
    let micro = entry.at / 1000
    var digits = String(micro % 1_000_000)
    while digits.count < 6 { digits = "0" + digits }
    var line = "\(micro / 1_000_000).\(digits)  \(entry.what)"
    if entry.first != 0 || entry.second != 0 { line += " \(entry.first)" }
    if entry.second != 0 { line += " \(entry.second)" }
    if !entry.text.isEmpty { line += "  \(entry.text.shown)" }
    return line
  }

  /// The last `count` entries, the oldest first.
  public func last(_ count: Int) -> [String] {
    let ordered = ring[position...] + ring[..<position]
    return ordered.suffix(count).map(Journal.line)
  }
}
#endif
