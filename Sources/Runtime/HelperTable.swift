import Model
import Supervision

/// apus's own helper processes: whatever may block is done by a child that is apus itself (DESIGN section 5). They belong
/// to no unit; each has a deadline, after which it is killed and its task has failed.
struct HelperTable {
  indirect enum Task {
    case check(ConditionChecker.Pending)
    case clean(Invocation)
    case prepare(limit: TimeSpan)
    case stamps([StampQueue.Item])
  }
  struct Waiting {
    var task: Task
    /// Behind `apus-helper`.
    var arguments: [Bytes]
    var tries = 0
  }
  struct Running {
    var pid: Int32
    var task: Task
    var deadline: Instant
    /// Its exec-status pipe has spoken.
    var isReported = false
    /// Its task has failed already; it is only to be reaped.
    var isGivenUp = false
  }

  /// At once; more wait their turn.
  static let runningMax = 64
  /// A helper that cannot be forked is tried so often, every `retryPause`.
  static let triesMax = 50
  static let retryPause = TimeSpan(milliseconds: 100)

  /// Each unit has one start and one end at a time, so that no more wait than there are units.
  var waiting: [Waiting] = []
  private(set) var running: [Running] = []
  private var retryAt = Instant.zero

  static func deadline(_ task: Task) -> TimeSpan {
    switch task {
    case .check, .stamps: TimeSpan(seconds: 10)
    case .clean: TimeSpan(seconds: 30)
    case .prepare(let limit): limit
    }
  }

  /// When it wants to be called again; `isRoom`: a child may be made now.
  func wake(isRoom: Bool) -> Instant {
    var wake = Instant.never
    if isRoom && !waiting.isEmpty && running.count < HelperTable.runningMax { wake = retryAt }
    for helper in running where !helper.isGivenUp { wake = min(wake, helper.deadline) }
    return wake
  }

  /// Helpers that have not executed yet.
  var unreported: Int {
    var count = 0
    for helper in running where !helper.isReported { count += 1 }
    return count
  }

  func isUnreported(_ pid: Int32) -> Bool { running.contains { $0.pid == pid && !$0.isReported } }

  mutating func markReported(_ pid: Int32) {
    for index in running.indices where running[index].pid == pid { running[index].isReported = true }
  }

  /// The next one that may run.
  mutating func next(now: Instant) -> Waiting? {
    guard !waiting.isEmpty, running.count < HelperTable.runningMax, retryAt <= now else { return nil }
    return waiting.removeFirst()
  }

  mutating func started(_ pid: Int32, _ task: Task, now: Instant) {
    running.append(Running(pid: pid, task: task, deadline: now + HelperTable.deadline(task)))
  }

  /// It could not be forked: true when it is tried again.
  mutating func failed(_ helper: Waiting, now: Instant) -> Bool {
    var helper = helper
    helper.tries += 1
    guard helper.tries < HelperTable.triesMax else { return false }
    waiting.insert(helper, at: 0)
    retryAt = now + HelperTable.retryPause
    return true
  }

  /// The one whose patience is over; it is given up.
  mutating func overdue(now: Instant) -> Running? {
    guard let index = running.firstIndex(where: { !$0.isGivenUp && $0.deadline <= now }) else { return nil }
    running[index].isGivenUp = true
    return running[index]
  }

  mutating func ended(_ pid: Int32) -> Running? {
    guard let index = running.firstIndex(where: { $0.pid == pid }) else { return nil }
    return running.remove(at: index)
  }
}
