import Model

extension Assembler {
  /// At this many cycles the rest is left unsaid: whoever mends these sees the others next.
  private static let maximumCycles = 16

  /// Ordering cycles: each is named once. The jobs of a cycle are broken up by the transaction (units.md e.3), which is
  /// possible unless all its units require each other.
  mutating func reportCycles() {
    let edges = orderingEdges()
    var reported = 0
    // 0: not seen, 1: on the path, 2: done.
    var colour = Array(repeating: 0, count: edges.count)
    for start in edges.indices where colour[start] == 0 {
      var path: [(unit: Int, nextEdge: Int)] = [(start, 0)]
      colour[start] = 1
      while let last = path.last {
        guard last.nextEdge < edges[last.unit].count else {
          colour[last.unit] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].nextEdge += 1
        let target = edges[last.unit][last.nextEdge]
        if colour[target] == 0 {
          colour[target] = 1
          path.append((target, 0))
        } else if colour[target] == 1, reported < Assembler.maximumCycles,
          let first = path.firstIndex(where: { $0.unit == target })
        {
          reported += 1
          report(cycle: path[first...].map { $0.unit })
        }
      }
    }
  }

  /// For each unit of a file, the units it waits for.
  private func orderingEdges() -> [[Int]] {
    var edges: [[Int]] = Array(repeating: [], count: files.count)
    for position in files.indices where isRunnable(position) {
      for name in catalogue.units[position].dependencies.after {
        if let target = index.position(of: name), target < files.count, target != position, isRunnable(target),
          !edges[position].contains(target)
        {
          edges[position].append(target)
        }
      }
      for name in catalogue.units[position].dependencies.before {
        if let target = index.position(of: name), target < files.count, target != position, isRunnable(target),
          !edges[target].contains(position)
        {
          edges[target].append(position)
        }
      }
    }
    return edges
  }

  private func isRunnable(_ position: Int) -> Bool {
    catalogue.units[position].loadState == .loaded && !catalogue.units[position].name.isTemplate
  }

  private mutating func report(cycle: [Int]) {
    let breakable = !cycle.allSatisfy { unit in cycle.allSatisfy { unit == $0 || requires(unit, $0) } }
    var message = Bytes("ordering cycle: ")
    for unit in cycle {
      message += catalogue.units[unit].name.bytes
      message += " after "
    }
    message += catalogue.units[cycle[0]].name.bytes
    var location = Position(line: 0, column: 0)
    let next = cycle.count > 1 ? cycle[1] : cycle[0]
    for reference in files[cycle[0]].references
    where reference.kind == .after && reference.name == catalogue.units[next].name {
      location = reference.position
    }
    let file = files[cycle[0]].file(of: location)
    catalogue.diagnostics.append(
      Diagnostic(
        breakable || file.strictness == .lenient ? .warning : .error, file: file.path, line: location.line,
        column: location.column, message: message,
        hint: Bytes(breakable ? "one of them will not wait, or not start" : "all require each other: take one After= or Before= away")))
  }

  /// Whether starting one unit must start the other, directly or through others.
  private func requires(_ unit: Int, _ other: Int) -> Bool {
    var seen = [unit]
    var at = 0
    while at < seen.count {
      let dependencies = catalogue.units[seen[at]].dependencies
      for name in dependencies.requires + dependencies.bindsTo {
        guard let target = index.position(of: name), target < files.count else { continue }
        if target == other { return true }
        if !seen.contains(target) { seen.append(target) }
      }
      at += 1
    }
    return false
  }
}
