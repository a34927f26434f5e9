import Model

/// The children that apus made and has not reaped: whose each one is. Entries go the moment a pid is reaped, because
/// the pid may be somebody else's in the next instant.
struct ChildTable {
  struct Child {
    var pid: Int32
    var key: ProcessKey
    /// The exec-status pipe has spoken.
    var isReported = false
  }

  private var children: [Child] = []
  private var place: [Int32: Int] = [:]
  /// The same children in the form that the kernel's scans take; kept alongside so that a scan copies nothing.
  private(set) var known: [KnownChild] = []
  /// Children that have not executed yet; bounded by the loop.
  private(set) var unreported = 0

  var count: Int { children.count }

  mutating func add(_ pid: Int32, _ key: ProcessKey) {
    place[pid] = children.count
    children.append(Child(pid: pid, key: key))
    known.append(KnownChild(pid: pid, invocation: key.invocation))
    unreported += 1
  }

  func find(_ pid: Int32) -> Child? { place[pid].map { children[$0] } }

  /// The pid of a live process by its key.
  func pid(of key: ProcessKey) -> Int32? {
    for child in children where child.key == key { return child.pid }
    return nil
  }

  mutating func markReported(_ pid: Int32) {
    guard let index = place[pid], !children[index].isReported else { return }
    children[index].isReported = true
    unreported -= 1
  }

  mutating func remove(_ pid: Int32) {
    guard let index = place[pid] else { return }
    if !children[index].isReported { unreported -= 1 }
    place[pid] = nil
    let last = children.removeLast()
    let lastKnown = known.removeLast()
    if index < children.count {
      children[index] = last
      known[index] = lastKnown
      place[last.pid] = index
    }
  }

  /// The live processes of an invocation: its main process, or its control process.
  func pids(of invocation: Invocation, main: Bool, control: Bool) -> [Int32] {
    var result: [Int32] = []
    for index in known.indices where known[index].invocation == invocation {
      if children[index].key.role == .main ? main : control { result.append(children[index].pid) }
    }
    return result
  }
}
