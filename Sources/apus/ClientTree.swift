import Model
import Wire

// `list-dependencies`, `is-system-running`, `reload-or-restart`.
extension Client {
  /// Deeper than this nobody looks, and no loop gets.
  private static var depthMax: Int { 64 }

  func listDependencies() -> Int32 {
    var keys: [StaticString] = ["Requires", "Requisite", "BindsTo", "Wants", "Upholds"]
    if values.has(.after) { keys = ["After"] }
    if values.has(.before) { keys = ["Before"] }
    if values.has(.reverse) { keys = ["RequiredBy", "RequisiteOf", "BoundBy", "WantedBy", "UpheldBy"] }
    var tree = DependencyTree(keys: keys, unfoldsAll: values.has(.all), isPlain: values.has(.plain))
    let unit = operands.first.map(fullUnitName) ?? Bytes("default.target")
    switch ask(.get, unitPath(unit)) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 && !answer.isNotFound { return refuse("show " + unit, answer) }
      tree.out = (answer.isNotFound ? unit : answer.json.text("Id")) + "\n"
      unfold(answer.json, &tree, path: [unit], prefix: [])
    }
    return isQuiet ? Status.success : say(tree.out)
  }

  private func unfold(_ unit: JSONValue, _ tree: inout DependencyTree, path: [Bytes], prefix: Bytes) {
    var names: [Bytes] = []
    for key in tree.keys {
      let listed = unit[key]?.elements.compactMap { $0.text } ?? unit["Properties"]?.text(key).pieces(separatedBy: 32) ?? []
      for name in listed where !names.contains(name) {
        let place = names.firstIndex { DependencyTree.precedes(name, $0) } ?? names.count
        names.insert(name, at: place)
      }
    }
    for (index, name) in names.enumerated() where tree.left > 0 {
      tree.left -= 1
      let isLast = index + 1 == names.count
      var child = JSONValue.null
      if case .success(let answer) = ask(.get, unitPath(name)), answer.status < 300 { child = answer.json }
      let mark: StaticString = isRunning(child) ? "●" : child.says("ActiveState", "failed") ? "×" : "○"
      if tree.isPlain {
        tree.out += "  " + name + "\n"
      } else {
        tree.out += text("\(mark) \(prefix)\(isLast ? Bytes("└─") : Bytes("├─"))\(name)\n")
      }
      guard tree.unfoldsAll || name.ends(with: ".target"), path.count < Client.depthMax, !path.contains(name) else { continue }
      if tree.isSeen(name) { continue }
      unfold(child, &tree, path: path + [name], prefix: prefix + Bytes(isLast ? "  " : "│ "))
    }
  }

  /// `running`, `degraded` with a failed unit, `starting` while jobs are queued, `offline` without an apus.
  func isSystemRunning() -> Int32 {
    var state: StaticString = "offline"
    if case .success(let answer) = ask(.get, Bytes("/v1/units")), answer.status < 300 {
      let units = answer.json.elements("Units")
      state = "running"
      if units.contains(where: { $0["Job"] != nil }) { state = "starting" }
      if units.contains(where: { $0.says("ActiveState", "failed") }) { state = "degraded" }
    }
    let status = Bytes(state) == "running" ? Status.success : Status.failure
    return isQuiet ? status : say(Bytes(state) + "\n", status: status)
  }

  /// Reload where that is applicable, else restart (or nothing, where it does not run).
  func reloadOrRestart() throws(ArgumentError) -> Int32 {
    var status = Status.success
    for operand in operands {
      var canReload = false
      if case .success(let answer) = ask(.get, unitPath(fullUnitName(operand))), isRunning(answer.json) {
        canReload = answer.json["Properties"]?.says("CanReload", "yes") == true || answer.json["Properties"]?["ExecReload"] != nil
      }
      guard let action = VerbSpec.named(Bytes(canReload ? "reload" : face == .reloadOrRestart ? "restart" : "try-restart")) else {
        continue
      }
      var other = self
      other.verb = action
      other.face = action.face
      other.operands = [operand]
      let result = try other.runJobs()
      if status == Status.success { status = result }
    }
    return status
  }
}

private struct DependencyTree {
  let keys: [StaticString]
  let unfoldsAll: Bool
  let isPlain: Bool
  var out = Bytes()
  /// Lines that may still come: a tree of many cross links would be endless.
  var left = 4096
  private var seen: [Bytes] = []

  init(keys: [StaticString], unfoldsAll: Bool, isPlain: Bool) {
    self.keys = keys
    self.unfoldsAll = unfoldsAll
    self.isPlain = isPlain
  }

  /// A list has everything once; a tree as often as it is there.
  mutating func isSeen(_ name: Bytes) -> Bool {
    if !isPlain { return false }
    if seen.contains(name) { return true }
    seen.append(name)
    return false
  }

  /// Targets last, as systemctl has them.
  static func precedes(_ left: Bytes, _ right: Bytes) -> Bool {
    let isTarget = left.ends(with: ".target")
    if isTarget != right.ends(with: ".target") { return !isTarget }
    return left.lexicographicallyPrecedes(right)
  }
}
