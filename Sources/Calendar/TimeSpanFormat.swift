import Model

/// A time span as systemd prints it: `1d 2h 3min 4s`, `5.500000s`, `0`, `infinity` (scheduling.md 1.6).
public func formatTimeSpan(_ span: TimeSpan) -> Bytes {
  if span.isInfinite { return Bytes("infinity") }
  if span == .zero { return Bytes("0") }
  var out = Bytes()
  var rest = span.microseconds
  for unit in 0..<9 {
    let (size, digits, suffix) = timeSpanUnit(unit)
    if rest < size { continue }
    let whole = rest / size
    let part = rest % size
    if !out.isEmpty { out.append(32) }
    out.append(decimal: whole)
    if part > 0, digits > 0, rest < 60_000_000 {
      // Below a minute systemd writes the rest behind a point, with all its digits.
      let decimals = Bytes(decimal: part)
      out.append(46)
      out.append(contentsOf: Bytes(repeating: 48, count: digits - decimals.count))
      out.append(contentsOf: decimals)
      out.append(suffix)
      return out
    }
    out.append(suffix)
    rest = part
    if rest == 0 { break }
  }
  return out
}

/// Size in microseconds, decimals it can show, suffix; from the longest.
private func timeSpanUnit(_ index: Int) -> (size: UInt64, digits: Int, suffix: StaticString) {
  switch index {
  case 0: (31_557_600_000_000, 0, "y")
  case 1: (2_629_800_000_000, 0, "month")
  case 2: (604_800_000_000, 0, "w")
  case 3: (86_400_000_000, 0, "d")
  case 4: (3_600_000_000, 0, "h")
  case 5: (60_000_000, 0, "min")
  case 6: (1_000_000, 6, "s")
  case 7: (1000, 3, "ms")
  default: (1, 0, "us")
  }
}
