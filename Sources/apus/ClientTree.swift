import Model
import Wire

// `list-dependencies`, `is-system-running`, `reload-or-restart`.
extension Client {
  /// Deeper than this nobody looks, and no loop gets.
  private static var depthMax: Int { 64 }

  func listDependencies() throws(ArgumentError) -> Int32 {
    var keys: StaticString = "Requires Requisite BindsTo Wants Upholds"
    if values.has(.after) { keys = "After" }
    if values.has(.before) { keys = "Before" }
    if values.has(.reverse) { keys = "RequiredBy RequisiteOf BoundBy WantedBy UpheldBy" }
    let tree = DependencyTree(keys, unfoldsAll: values.has(.all), isPlain: values.has(.plain))
    let unit = operands.first.map(fullUnitName) ?? Bytes("default.target")
    let answer = try self.unit(unit)
    tree.out = (answer.isNotFound ? unit : answer.json.text("Id")) + "\n"
    unfold(answer.json, tree, path: [unit], prefix: [])
    return isQuiet ? Status.success : say(tree.out)
  }

  private func unfold(_ unit: JSONValue, _ tree: DependencyTree, path: [Bytes], prefix: Bytes) {
    let names = tree.names(unit)
    var index = 0
    while index < names.count, tree.left > 0 {
      let name = names[index]
      index += 1
      tree.left -= 1
      let isLast = index == names.count
      let child = ask(.get, unitPath(name))?.json ?? .null
      if tree.isPlain {
        tree.out += filled("  %\n", name)
      } else {
        let mark: StaticString = isRunning(child) ? "● %" : child.says("ActiveState", "failed") ? "× %" : "○ %"
        tree.out += filled(mark, filled(isLast ? "%└─%\n" : "%├─%\n", prefix, name))
      }
      guard tree.unfoldsAll || name.ends(with: ".target"), path.count < Client.depthMax, !path.contains(name) else { continue }
      if tree.isSeen(name) { continue }
      unfold(child, tree, path: path + [name], prefix: prefix + (isLast ? "  " : "│ "))
    }
  }

  /// `running`, `degraded` with a failed unit, `starting` while jobs are queued, `offline` without an apus.
  func isSystemRunning() -> Int32 {
    var state: StaticString = "offline\n"
    var status = Status.failure
    if let answer = ask(.get, Bytes("/v1/units")) {
      var hasJobs = false
      var hasFailed = false
      for unit in answer.json.elements("Units") {
        if unit["Job"] != nil { hasJobs = true }
        if unit.says("ActiveState", "failed") { hasFailed = true }
      }
      state = hasFailed ? "degraded\n" : hasJobs ? "starting\n" : "running\n"
      if !hasFailed, !hasJobs { status = Status.success }
    }
    return isQuiet ? status : say(Bytes(state), status: status)
  }

  /// Reload where that is applicable, else restart (or nothing, where it does not run).
  func reloadOrRestart() throws(ArgumentError) -> Int32 {
    let other: Face = face == .reloadOrRestart ? .restart : .tryRestart
    var status = Status.success
    for operand in operands {
      var canReload = false
      if let unit = ask(.get, unitPath(fullUnitName(operand)))?.json, isRunning(unit), let properties = unit["Properties"] {
        canReload = properties.says("CanReload", "yes") || properties["ExecReload"] != nil
      }
      become(canReload ? .reload : other, [operand])
      let result = try runJobs()
      if status == Status.success { status = result }
    }
    return status
  }
}

private final class DependencyTree {
  private let keys: [Bytes]
  let unfoldsAll: Bool
  let isPlain: Bool
  var out = Bytes()
  /// Lines that may still come: a tree of many cross links would be endless.
  var left = 4096
  private var seen: [Bytes] = []

  init(_ keys: StaticString, unfoldsAll: Bool, isPlain: Bool) {
    self.keys = Bytes(keys).pieces(separatedBy: 32)
    self.unfoldsAll = unfoldsAll
    self.isPlain = isPlain
  }

  /// What a unit pulls in, in order: from its own keys, or else from its properties.
  func names(_ unit: JSONValue) -> [Bytes] {
    var names: [Bytes] = []
    var missing = keys
    for member in unit.members {
      guard let at = missing.firstIndex(of: member.key) else { continue }
      missing.remove(at: at)
      for element in member.value.elements { insert(element.text ?? [], &names) }
    }
    for member in unit["Properties"]?.members ?? [] where missing.contains(member.key) {
      for name in (member.value.text ?? []).pieces(separatedBy: 32) { insert(name, &names) }
    }
    return names
  }

  private func insert(_ name: Bytes, _ names: inout [Bytes]) {
    if names.contains(name) { return }
    var place = 0
    while place < names.count, !DependencyTree.precedes(name, names[place]) { place += 1 }
    names.insert(name, at: place)
  }

  /// A list has everything once; a tree as often as it is there.
  func isSeen(_ name: Bytes) -> Bool {
    if !isPlain { return false }
    if seen.contains(name) { return true }
    seen.append(name)
    return false
  }

  /// Targets last, as systemctl has them.
  private static func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
    let isTarget = left.ends(with: ".target")
    if isTarget != right.ends(with: ".target") { return !isTarget }
    return left.lexicographicallyPrecedes(right)
  }
}
