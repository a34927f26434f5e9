import Model

extension Assembler {
  /// At this many cycles the rest is left unsaid: whoever mends these sees the others next.
  private static let maximumCycles = 16

  /// Ordering cycles: each is named once. The jobs of a cycle are broken up by the transaction (units.md e.3), which is
  /// possible unless all its units require each other.
  func reportCycles() {
    let edges = orderingEdges()
    var reported = 0
    // Of each unit the next edge to be followed; -1: not seen yet.
    var next = [Int](repeating: -1, count: edges.count)
    var isOnPath = [Bool](repeating: false, count: edges.count)
    for start in 0..<edges.count where next[start] < 0 {
      var path = [start]
      next[start] = 0
      isOnPath[start] = true
      while let last = path.last {
        let edge = next[last]
        guard edge < edges[last].count else {
          isOnPath[last] = false
          path.removeLast()
          continue
        }
        next[last] = edge + 1
        let target = edges[last][edge]
        if next[target] < 0 {
          next[target] = 0
          isOnPath[target] = true
          path.append(target)
        } else if isOnPath[target], reported < Assembler.maximumCycles {
          reported += 1
          var cycle: [Int] = []
          for unit in path where unit == target || !cycle.isEmpty { cycle.append(unit) }
          report(cycle: cycle)
        }
      }
    }
  }

  /// For each unit of a file, the units it waits for.
  private func orderingEdges() -> [[Int]] {
    var edges: [[Int]] = Array(repeating: [], count: files.count)
    for position in files.indices where isRunnable(position) {
      for kind in [ReferenceKind.after, .before] {
        for name in units[position].dependencies[kind] {
          guard let target = index.position(of: name), target < files.count, target != position, isRunnable(target) else { continue }
          let (waiting, other) = kind == .after ? (position, target) : (target, position)
          if !edges[waiting].contains(other) { edges[waiting].append(other) }
        }
      }
    }
    return edges
  }

  private func isRunnable(_ position: Int) -> Bool { units[position].loadState == .loaded && !units[position].name.isTemplate }

  private func report(cycle: [Int]) {
    var isBreakable = false
    var message = Bytes("ordering cycle: ")
    for unit in cycle {
      for other in cycle where !isBreakable && other != unit && !requires(unit, other) { isBreakable = true }
      message += units[unit].name.bytes
      message += " after "
    }
    message += units[cycle[0]].name.bytes
    var location = Position(line: 0, column: 0)
    let next = units[cycle.count > 1 ? cycle[1] : cycle[0]].name
    let file = files[cycle[0]]
    for reference in file.references where reference.kind == .after && reference.name == next { location = reference.position }
    say(
      file, location, message,
      hint: Bytes(isBreakable ? "one of them will not wait, or not start" : "all require each other: take one After= or Before= away"),
      isWarning: isBreakable)
  }

  /// Whether starting one unit must start the other, directly or through others.
  private func requires(_ unit: Int, _ other: Int) -> Bool {
    var seen = [unit]
    var at = 0
    while at < seen.count {
      let dependencies = units[seen[at]].dependencies
      for name in dependencies[.requires] + dependencies[.bindsTo] {
        guard let target = index.position(of: name), target < files.count else { continue }
        if target == other { return true }
        if !seen.contains(target) { seen.append(target) }
      }
      at += 1
    }
    return false
  }
}
