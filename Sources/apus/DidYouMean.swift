import Model

/// The known words closest to a mistyped one, at most three; empty when none is close.
func closest(to typed: Bytes, among words: [Bytes]) -> [Bytes] {
  var best: [Bytes] = []
  var bestDistance = min(2, (typed.count + 1) / 3)
  for word in words {
    let isBeginning = typed.count >= 3 && word.starts(with: typed)
    let distance = isBeginning ? 1 : editDistance(typed, word, bound: bestDistance)
    if distance > bestDistance { continue }
    if distance < bestDistance { best = [] }
    bestDistance = distance
    best.append(word)
  }
  return Bytes.firstThree(best)
}

extension Bytes {
  fileprivate static func firstThree(_ words: [Bytes]) -> [Bytes] { Array<Bytes>(words.prefix(3)) }
}

/// Insertions, deletions, changes and swaps of neighbours between two words; `bound` + 1 if it is more than that.
private func editDistance(_ left: Bytes, _ right: Bytes, bound: Int) -> Int {
  if abs(left.count - right.count) > bound || left.count > 64 { return bound + 1 }
  var before = [Int](repeating: 0, count: right.count + 1)
  var previous = before
  for column in 0...right.count { previous[column] = column }
  for row in 0..<left.count {
    var current = [Int](repeating: row + 1, count: right.count + 1)
    for column in 0..<right.count {
      let change = previous[column] + (left[row] == right[column] ? 0 : 1)
      current[column + 1] = min(change, previous[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        current[column + 1] = min(current[column + 1], before[column - 1] + 1)
      }
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}

/// ` (did you mean 'start' or 'status'?)`, or nothing.
func suggestion(_ typed: Bytes, among words: [Bytes]) -> Bytes {
  let found = closest(to: typed, among: words)
  if found.isEmpty { return [] }
  var out = Bytes(" (did you mean ")
  for (index, word) in found.enumerated() {
    if index > 0 { out += index + 1 == found.count ? " or " : ", " }
    out += "'" + word + "'"
  }
  return out + "?)"
}
