import Model
import UnitFile

/// The known words closest to a mistyped one, at most three; empty when none is close.
func closest(to typed: Bytes, among words: [Bytes]) -> [Bytes] {
  var best: [Bytes] = []
  var bestDistance = min(2, (typed.count + 1) / 3)
  for word in words {
    let isBeginning = typed.count >= 3 && word.starts(with: typed)
    let distance = isBeginning ? 1 : editDistance(typed, word, limit: bestDistance + 1)
    if distance > bestDistance { continue }
    if distance < bestDistance { best = [] }
    bestDistance = distance
    best.append(word)
  }
  while best.count > 3 { best.removeLast() }
  return best
}

/// ` (did you mean 'start' or 'status'?)`, or nothing.
func suggestion(_ typed: Bytes, among words: [Bytes]) -> Bytes {
  let found = closest(to: typed, among: words)
  if found.isEmpty { return [] }
  var out = filled("'%'", found[0])
  for index in 1..<found.count {
    out = filled(index + 1 == found.count ? "% or '%'" : "%, '%'", out, found[index])
  }
  return filled(" (did you mean %?)", out)
}
