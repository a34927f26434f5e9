import CLinux
import Model
import Runtime

/// glob(3) without the C library's (which brings user databases and locales along): `*`, `?`, `[a-z]`, `[!a]`, `\x`;
/// no wildcard matches a leading dot or a slash.
enum Glob {
  /// More matches than this are left out.
  static let matchesMax = 4096

  /// The existing paths that an absolute pattern names, sorted by bytes; with `countsLinks` also links to nowhere.
  static func expand(_ pattern: Bytes, countsLinks: Bool = false) -> [Bytes] {
    guard pattern.first == 47 else { return [] }
    var found: [Bytes] = [[]]
    for part in pattern.pieces(separatedBy: 47) {
      var next: [Bytes] = []
      for base in found {
        if !hasWildcard(part) {
          next.append(base + "/" + unescaped(part))
        } else if case .entries(let names) = FolderReader.list(base.isEmpty ? Bytes("/") : base) {
          for name in names where matches(name, part) { next.append(base + "/" + name) }
        }
      }
      found = Array(next.prefix(matchesMax))
    }
    var status = apus_status()
    found = found.filter { path in
      if path.isEmpty { return false }
      return countsLinks ? apus_status_at(-100, path.terminated, &status) >= 0 : apus_path_kind(path.terminated) >= 0
    }
    return found.sorted { $0.lexicographicallyPrecedes($1) }
  }

  static func hasWildcard(_ part: Bytes) -> Bool {
    var isEscaped = false
    for byte in part {
      if !isEscaped && (byte == 42 || byte == 63 || byte == 91) { return true }
      isEscaped = !isEscaped && byte == 92
    }
    return false
  }

  private static func unescaped(_ part: Bytes) -> Bytes {
    var result = Bytes()
    var isEscaped = false
    for byte in part {
      if byte == 92 && !isEscaped {
        isEscaped = true
      } else {
        result.append(byte)
        isEscaped = false
      }
    }
    return result
  }

  /// One name against one part of a pattern; a `*` backtracks to the last one only, so that the cost is name × pattern.
  static func matches(_ name: Bytes, _ pattern: Bytes) -> Bool {
    if name.first == 46 && pattern.first != 46 && !(pattern.count > 1 && pattern[0] == 92 && pattern[1] == 46) { return false }
    var position = 0
    var index = 0
    var star: (pattern: Int, name: Int)? = nil
    while position < name.count {
      if index < pattern.count, pattern[index] == 42 {
        index += 1
        star = (index, position)
      } else if let next = step(name[position], pattern, index) {
        index = next
        position += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        index = last.pattern
        position = last.name + 1
      } else {
        return false
      }
    }
    while index < pattern.count, pattern[index] == 42 { index += 1 }
    return index == pattern.count
  }

  /// Where the pattern goes on after it matched one byte; nil if it does not.
  private static func step(_ byte: UInt8, _ pattern: Bytes, _ index: Int) -> Int? {
    guard index < pattern.count else { return nil }
    switch pattern[index] {
    case 63: return index + 1
    case 92 where index + 1 < pattern.count: return pattern[index + 1] == byte ? index + 2 : nil
    case 91:
      if let (isMember, end) = set(byte, pattern, index) { return isMember ? end : nil }
      return byte == 91 ? index + 1 : nil
    default: return pattern[index] == byte ? index + 1 : nil
    }
  }

  /// `[…]` at `index`: whether it has the byte, and where it ends; nil if it does not end.
  private static func set(_ byte: UInt8, _ pattern: Bytes, _ index: Int) -> (Bool, Int)? {
    var next = index + 1
    let isNegated = next < pattern.count && (pattern[next] == 33 || pattern[next] == 94)
    if isNegated { next += 1 }
    var isMember = false
    let first = next
    while next < pattern.count {
      if pattern[next] == 93 && next > first { return (isMember != isNegated, next + 1) }
      if pattern[next] == 92 && next + 1 < pattern.count { next += 1 }
      let low = pattern[next]
      var high = low
      if next + 2 < pattern.count, pattern[next + 1] == 45, pattern[next + 2] != 93 {
        high = pattern[next + 2]
        next += 2
      }
      if low <= byte && byte <= high { isMember = true }
      next += 1
    }
    return nil
  }
}
