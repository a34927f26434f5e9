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
  if base.count + overlay.count > 256 { return mergeMany(base + overlay) }
  var result: [Bytes] = []
  result.reserveCapacity(base.count + overlay.count)
  for assignment in base { set(assignment, in: &result) }
  for assignment in overlay { set(assignment, in: &result) }
  return result
}

/// The same where `environment` has each name once, as what came of a merge has: only the new ones are looked for. A spawn
/// lays over half a dozen times, and merging anew each time was a third of PID 1's own processor time for a short command.
public func overlayEnvironment(_ environment: inout [Bytes], _ overlay: [Bytes]) {
  if overlay.isEmpty { return }
  if environment.count + overlay.count > 256 {
    environment = mergeMany(environment + overlay)
    return
  }
  for assignment in overlay { set(assignment, in: &environment) }
}

private func set(_ assignment: Bytes, in environment: inout [Bytes]) {
  guard let equals = assignment.firstIndex(of: 61) else { return }
  for index in environment.indices where environment[index].hasName(of: assignment, length: equals) {
    environment[index] = assignment
    return
  }
  environment.append(assignment)
}

/// The same by sorting: a file may bring 100,000 names, which cannot all be compared with each other.
private func mergeMany(_ all: [Bytes]) -> [Bytes] {
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
  func isAssignment(of name: Bytes) -> Bool { hasName(of: name, length: name.count) }

  /// Whether it is `name=…` with the name that `other` begins with.
  func hasName(of other: Bytes, length: Int) -> Bool {
    guard count > length, self[length] == 61 else { return false }
    for index in 0..<length where self[index] != other[index] { return false }
    return true
  }
}
