import Model

/// fnmatch(3) with no flags: `*`, `?`, `[a-z]`, `[!a]`, `\x`; a slash and a leading dot are bytes as others.
public func matchesPattern(_ name: Bytes, _ pattern: Bytes) -> Bool {
  var position = 0
  var index = 0
  // Only the last star is gone back to, so that the cost is name × pattern.
  var star: (pattern: Int, name: Int)? = nil
  while position < name.count {
    if index < pattern.count, pattern[index] == 42 {
      index += 1
      star = (index, position)
    } else if let next = patternStep(name[position], pattern, index) {
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
private func patternStep(_ byte: UInt8, _ pattern: Bytes, _ index: Int) -> Int? {
  guard index < pattern.count else { return nil }
  switch pattern[index] {
  case 63: return index + 1
  case 92 where index + 1 < pattern.count: return pattern[index + 1] == byte ? index + 2 : nil
  case 91:
    if let (isMember, end) = patternSet(byte, pattern, index) { return isMember ? end : nil }
    return byte == 91 ? index + 1 : nil
  default: return pattern[index] == byte ? index + 1 : nil
  }
}

/// `[…]` at `index`: whether it has the byte, and where it ends; nil if it does not end.
private func patternSet(_ byte: UInt8, _ pattern: Bytes, _ index: Int) -> (Bool, Int)? {
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
