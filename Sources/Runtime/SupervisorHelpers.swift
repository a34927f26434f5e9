import Model
import Supervision

// What may block is done by helpers: conditions on paths, and the removal of what a run leaves behind.

extension Supervisor {
  mutating func check(_ request: CheckRequest) {
    switch ConditionChecker(host: HostConditions(configuration)).begin(request, &kernel) {
    case .done(let outcome): pending.append(.checked(request.unit, number: request.number, outcome))
    case .helper(let pendingCheck, let arguments): start(.check(pendingCheck), [Bytes("conditions")] + arguments)
    }
  }

  mutating func clean(_ invocation: Invocation, _ paths: [Bytes]) {
    if paths.isEmpty { pending.append(.cleaned(invocation)) } else { start(.clean(invocation), [Bytes("remove")] + paths) }
  }

  mutating func start(_ task: HelperTable.Task, _ arguments: [Bytes]) {
    helpers.waiting.append(HelperTable.Waiting(task: task, arguments: arguments))
  }

  /// Starts those that wait, and gives up those that take too long.
  mutating func continueHelpers() {
    continueStamps()
    while beforeExec < Self.spawnLimit, let next = helpers.next(now: now.instant) {
      switch kernel.spawn(preparation.helperPlan(next.task, next.arguments)) {
      case .started(let pid):
        helpers.started(pid, next.task, now: now.instant)
        mainPIDs.helpers.append(pid)
      case .failed(let errno):
        if !helpers.failed(next, now: now.instant) { finish(next.task, .failure("fork: " + errorText(errno))) }
      }
    }
    while let late = helpers.overdue(now: now.instant) {
      _ = kernel.signalChild(late.pid, .kill)
      finish(late.task, .failure(Bytes("it took too long")))
    }
  }

  /// A child that belongs to no unit ended; false: it is no helper.
  mutating func helperEnded(_ pid: Int32, _ status: ExitStatus) -> Bool {
    guard let helper = helpers.ended(pid) else { return false }
    mainPIDs.helpers.removeAll { $0 == pid }
    // Gives its place in the kernel free.
    if !helper.isReported { _ = kernel.execReport(pid) }
    var output = Bytes()
    if case .stamps = helper.task { output = kernel.takeOutput(pid) }
    if !helper.isGivenUp { finish(helper.task, .ended(status), output) }
    return true
  }

  /// The exec-status pipe of a child that is no unit's.
  mutating func collectHelperReport(_ pid: Int32) {
    // What failed is told by its exit status.
    if helpers.isUnreported(pid), kernel.execReport(pid) != .pending { helpers.markReported(pid) }
  }

  private enum HelperEnd {
    case ended(ExitStatus)
    case failure(Bytes)
  }

  private mutating func finish(_ task: HelperTable.Task, _ end: HelperEnd, _ output: Bytes = []) {
    switch task {
    case .stamps(let batch):
      var reason: Bytes? = nil
      if case .failure(let text) = end { reason = text }
      stampsEnded(batch, output, failure: reason)
    case .check(let check):
      let outcome: CheckOutcome =
        switch end {
        case .ended(let status): ConditionChecker.outcome(check, status)
        case .failure(let reason): .failed("cannot look at the paths of its conditions: " + reason)
        }
      pending.append(.checked(check.request.unit, number: check.request.number, outcome))
    case .clean(let invocation):
      // What could not be removed the helper itself has said.
      if case .failure(let reason) = end { say(.warning, "cannot remove what a service leaves behind: " + reason) }
      pending.append(.cleaned(invocation))
    case .prepare:
      switch end {
      case .ended(.exited(0)): hostIsPrepared(nil)
      case .ended(let status): hostIsPrepared(status.description)
      case .failure(let reason): hostIsPrepared(reason)
      }
    }
  }
}

extension SpawnPreparation {
  /// apus itself, as a helper with apus's own rights and stderr, that belongs to no unit.
  func helperPlan(_ task: HelperTable.Task, _ arguments: [Bytes]) -> SpawnPlan {
    let plan = SpawnPlan(
      key: ProcessKey(Invocation(unit: .helper, number: 0), .condition, serial: 0), candidates: [Bytes("/proc/self/exe")],
      arguments: [Bytes("apus-helper")] + arguments, environment: [Bytes("PATH=") + SpawnPreparation.defaultPath])
    plan.isHelper = true
    plan.stdout = .null
    if case .stamps = task { plan.readyDescriptor = SpawnPlan.outputDescriptor }
    return plan
  }
}
