import Model
import Supervision

// Commands become children here, as many at a time as the kernel has places for.

extension Supervisor {
  /// Children that have not executed yet, helpers among them: each holds a place of the kernel's.
  var beforeExec: Int { children.unreported + helpers.unreported }

  /// Whether a queued command has a place now.
  var canSpawn: Bool {
    if lacksDescriptors { return false }
    if beforeExec < Self.spawnLimit - Self.reservedSpawns { return !spawnQueue.isEmpty }
    for request in spawnQueue where request.key.role != .main { return true }
    return false
  }

  /// A kill that reaches a command which was not spawned yet: it never is, and its end is what the signal would have done.
  mutating func cancelQueued(_ order: KillOrder) {
    guard !spawnQueue.isEmpty else { return }
    spawnQueue = spawnQueue.filter { request in
      guard request.key.invocation == order.invocation else { return true }
      guard order.names(request.key.role) else { return true }
      pending += [.spawned(request.key, pid: 0), .exited(request.key, .killed(order.signal))]
      return false
    }
  }

  /// COMMAND was not spawned yet: a signal that would end it does.
  mutating func forwardToQueued(_ signal: Signal) {
    guard signal == .terminate || signal == .interrupt || signal == .quit || signal == .kill,
      let index = spawnQueue.firstIndex(where: { $0.inheritsEverything })
    else { return }
    let key = spawnQueue.remove(at: index).key
    pending += [.spawned(key, pid: 0), .exited(key, .killed(signal))]
  }

  mutating func continueSpawning() {
    guard !spawnQueue.isEmpty else { return }
    var waiting: [SpawnRequest] = []
    for request in spawnQueue {
      let limit = request.key.role == .main ? Self.spawnLimit - Self.reservedSpawns : Self.spawnLimit
      if lacksDescriptors || beforeExec >= limit || !spawn(request) { waiting.append(request) }
    }
    spawnQueue = waiting
  }

  /// False: there is no descriptor for it. Each child takes some, before its exec and until its end.
  private mutating func spawn(_ request: SpawnRequest) -> Bool {
    sweeper.settle(request.key.invocation, now: now.instant, children, &kernel, &pending)
    switch preparation.plan(request, &kernel) {
    case .failure(let failure): pending.append(.spawnFailed(request.key, failure))
    case .success(let plan):
      switch kernel.spawn(plan) {
      case .started(let pid):
        children.add(pid, request)
        if request.inheritsEverything { command = request.key }
        if request.notifies { noteNotifier(request, plan) }
        if request.readyDescriptor != nil { readyKeys[pid] = request.key }
        pending.append(.spawned(request.key, pid: pid))
      case .failed(let errno):
        if errno == Errno.EMFILE || errno == Errno.ENFILE, children.count > 0 {
          lacksDescriptors = true
          sayLack(request, errno)
          return false
        }
        pending.append(.spawnFailed(request.key, SpawnFailure(errno: errno, message: text("fork: \(errorText(errno))"))))
      }
    }
    return true
  }

  /// Once, until no command has waited for a while.
  private mutating func sayLack(_ request: SpawnRequest, _ errno: Int32) {
    if lackSeenAt == .zero || now.instant.since(lackSeenAt) >= Self.lackAge {
      say(.warning, filled("%: cannot start a command: %; it waits until others have ended", request.unitName, errorText(errno)))
    }
    lackSeenAt = now.instant
  }
}
