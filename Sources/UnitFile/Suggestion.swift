import Model

/// The word nearest to a mistyped one, if it is near enough to be meant: at most a third of its letters differ.
@inline(never)
func nearest(to word: Bytes, among candidates: [Bytes]) -> Bytes? {
  let typed = word.lowercasedASCII
  // Of one or two letters, any other pair would be near.
  if typed.count < 3 { return candidates.first { $0.lowercasedASCII == typed } }
  var best: Bytes?
  var bestDistance = min(3, max(1, typed.count / 3)) + 1
  for candidate in candidates {
    let distance = editDistance(typed, candidate.lowercasedASCII, limit: bestDistance)
    if distance < bestDistance {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/// Insertions, deletions, changes and swaps of neighbours between two words; `limit` if there are that many or more.
@inline(never)
public func editDistance(_ left: Bytes, _ right: Bytes, limit: Int) -> Int {
  if abs(left.count - right.count) >= limit || left.count > 64 { return limit }
  var beforeLast: [Int] = []
  var last = Array(0...right.count)
  for i in 0..<left.count {
    var row = [i + 1]
    for j in 0..<right.count {
      let change = last[j] + (left[i] == right[j] ? 0 : 1)
      var cost = min(change, last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    beforeLast = last
    last = row
  }
  return min(last[right.count], limit)
}

/// `did you mean WORD?`; empty if nothing is near.
@inline(never)
func didYouMean(_ word: Bytes, among candidates: [Bytes], suffix: StaticString = "") -> Bytes {
  guard let found = nearest(to: word, among: candidates) else { return [] }
  return "did you mean " + found + suffix + "?"
}

extension Section {
  /// All keys of the section, for suggestions.
  var keys: [Bytes] {
    var result: [Bytes] = []
    for row in Directive.rows.words {
      let length = name.utf8CodeUnitCount
      if row.starts(with: name), row.count > length, row[length] == 46 { result.append(Bytes(row[(length + 1)...])) }
    }
    result += KnownKeys.later(self).words
    result += KnownKeys.silent(self).words
    if self == .service || self == .socket {
      for reason in UnenforcedReason.allCases where reason != .packets || self == .socket { result += reason.keys.lettered }
    }
    if self == .socket {
      for option in SocketOption.allCases { result.append(Bytes(option.name)) }
      for directive in Directive.allCases where directive.isOfSockets { result.append(Bytes(directive.row.dropFirst(8))) }
    }
    for directive in Directive.allCases {
      for row in directive.legacyRows.words where self == .path && row.starts(with: "Path.") { result.append(Bytes(row.dropFirst(5))) }
    }
    if self == .unit {
      for kind in ConditionKind.allCases {
        result.append("Condition" + Bytes(kind.name))
        result.append("Assert" + Bytes(kind.name))
      }
    }
    return result
  }
}

extension Array where Element == UInt8 {
  /// As one line of printable text, at most 64 bytes of it: for messages.
  public var quotable: Bytes {
    var out = Bytes()
    let valid = firstInvalidUTF8 == nil
    for byte in self {
      if out.count >= 64 {
        // Never cut a character in two.
        while valid, let last = out.last, last & 0xC0 == 0x80 { out.removeLast() }
        if valid, let last = out.last, last >= 0xC0 { out.removeLast() }
        out += "…"
        break
      }
      if byte < 32 || byte == 127 || (byte >= 128 && !valid) {
        out += "\\x"
        out.append(contentsOf: Bytes(hex: UInt64(byte), width: 2))
      } else {
        out.append(byte)
      }
    }
    return out
  }
}
