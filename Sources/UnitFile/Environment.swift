import Model

/// The value of a variable in `NAME=value` pairs; the last one counts. nil if it is not set.
public func environmentValue(_ name: Bytes, in environment: [Bytes]) -> Bytes? {
  for assignment in environment.reversed() where assignment.isAssignment(of: name) {
    return Bytes(assignment[(name.count + 1)...])
  }
  return nil
}

/// `overlay` upon `base`: a later assignment replaces an earlier one in its place, new ones follow in order (units.md b.5).
public func mergeEnvironment(_ base: [Bytes], _ overlay: [Bytes]) -> [Bytes] {
  let all = base + overlay
  let names = all.map { Bytes($0.prefix { $0 != 61 }) }
  let order = sortedPositions(all.count) { precedes(names[$0], names[$1]) || (names[$0] == names[$1] && $0 < $1) }
  // At its name's first position stands the last value.
  var merged: [Bytes?] = Array(repeating: nil, count: all.count)
  var first = 0
  for (index, position) in order.enumerated() {
    if index == 0 || names[order[index - 1]] != names[position] { first = position }
    if names[position].count < all[position].count { merged[first] = all[position] }
  }
  return merged.compactMap { $0 }
}

/// Without what `UnsetEnvironment=` names: `NAME` removes the variable, `NAME=value` only if it has that value.
public func removeEnvironment(_ base: [Bytes], _ unset: [Bytes]) -> [Bytes] {
  base.filter { assignment in
    !unset.contains { $0 == assignment || (!$0.contains(61) && assignment.isAssignment(of: $0)) }
  }
}

extension Array where Element == UInt8 {
  /// Whether it is `name=…`.
  func isAssignment(of name: Bytes) -> Bool {
    guard count > name.count, self[name.count] == 61 else { return false }
    for index in 0..<name.count where self[index] != name[index] { return false }
    return true
  }
}
