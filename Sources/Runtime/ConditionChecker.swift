import Model
import Supervision

/// Looks at the conditions and asserts of one start (units.md e.1): all plain ones must hold, and one of the `|` ones if
/// there are any; asserts likewise, once the conditions are met. Those that look at a path are a helper's, since a path may
/// hang; the others are answered at once.
struct ConditionChecker {
  /// What is still to be found out by a helper.
  struct Pending: Equatable {
    var request: CheckRequest
    /// What each of the helper's arguments stands for.
    var asked: [Asked]
    /// An assert that looks at no path and does not hold: it counts if the conditions are met.
    var failedAssert: Condition?
  }
  struct Asked: Equatable {
    var condition: Condition
    var isAssert: Bool
  }
  enum Step: Equatable {
    case done(CheckOutcome)
    /// `apus-helper conditions ARGUMENT…`
    case helper(Pending, arguments: [Bytes])
  }

  /// The helper answers with the place of its first argument that does not hold, from 1 on; its exit statuses from 200 on
  /// mean that it did not run.
  static let askedMax = 190

  let host: HostConditions

  func begin(_ request: CheckRequest, _ kernel: inout some Kernel) -> Step {
    var asked: [Asked] = []
    if let failed = sift(request.conditions, isAssert: false, &asked, &kernel) { return .done(.conditionFailed(failed)) }
    let hasPaths = !asked.isEmpty
    let failedAssert = sift(request.asserts, isAssert: true, &asked, &kernel)
    if asked.isEmpty || (failedAssert != nil && !hasPaths) { return .done(failedAssert.map { .assertFailed($0) } ?? .met) }
    if asked.count > ConditionChecker.askedMax { return .done(.failed(Bytes("it has more than 190 conditions on paths"))) }
    return .helper(
      Pending(request: request, asked: asked, failedAssert: failedAssert), arguments: asked.map { ConditionChecker.argument($0) })
  }

  /// The first condition that fails the list already; what is left for a helper goes to `asked`.
  private func sift(
    _ conditions: [Condition], isAssert: Bool, _ asked: inout [Asked], _ kernel: inout some Kernel
  ) -> Condition? {
    var firstTrigger: Condition? = nil
    var isTriggered = false
    var triggersOnPaths: [Asked] = []
    for condition in conditions {
      if condition.isTrigger && firstTrigger == nil { firstTrigger = condition }
      if condition.kind.looksAtPath {
        let question = Asked(condition: condition, isAssert: isAssert)
        if condition.isTrigger { triggersOnPaths.append(question) } else { asked.append(question) }
        continue
      }
      let holds = host.holds(condition, &kernel).map { $0 != condition.isNegated } ?? false
      if condition.isTrigger { isTriggered = isTriggered || holds } else if !holds { return condition }
    }
    guard let firstTrigger, !isTriggered else { return nil }
    if triggersOnPaths.isEmpty { return firstTrigger }
    asked += triggersOnPaths
    return nil
  }

  /// `c` or `a`, `|`, name, `=`, `!`, path.
  static func argument(_ asked: Asked) -> Bytes {
    let condition = asked.condition
    var result = asked.isAssert ? Bytes("a") : Bytes("c")
    if condition.isTrigger { result += "|" }
    result += Bytes(condition.kind.name) + "="
    if condition.isNegated { result += "!" }
    return result + condition.parameter
  }

  /// What a helper's end means.
  static func outcome(_ pending: Pending, _ status: ExitStatus) -> CheckOutcome {
    guard case .exited(let code) = status else { return .failed(Bytes("the helper that looks at paths was killed")) }
    if code == 0 { return pending.failedAssert.map { .assertFailed($0) } ?? .met }
    guard code <= pending.asked.count else { return .failed(text("the helper that looks at paths failed with status \(code)")) }
    let failed = pending.asked[Int(code) - 1]
    return failed.isAssert ? .assertFailed(failed.condition) : .conditionFailed(failed.condition)
  }
}
