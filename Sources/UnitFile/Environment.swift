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
  var result: [Bytes] = []
  for assignment in base { set(assignment, in: &result) }
  for assignment in overlay { set(assignment, in: &result) }
  return result
}

private func set(_ assignment: Bytes, in environment: inout [Bytes]) {
  guard let equals = assignment.firstIndex(of: 61) else { return }
  let name = Bytes(assignment[..<equals])
  for index in environment.indices where environment[index].isAssignment(of: name) {
    environment[index] = assignment
    return
  }
  environment.append(assignment)
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
