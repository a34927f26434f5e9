import Model
import Supervision

/// The children that apus made and has not reaped: whose each one is. Entries go the moment a pid is reaped, because
/// the pid may be somebody else's in the next instant. Of a class: nearly everything that the loop calls is handed it.
final class ChildTable {
  struct Child {
    var pid: Int32
    var key: ProcessKey
    /// What it is to execute, until the exec-status pipe has spoken: for a failure's sentence.
    var request: Boxed<SpawnRequest>
    /// The exec-status pipe has spoken.
    var isReported: Bool { request.isEmpty }
  }

  private var children: [Child] = []
  /// Main processes that are no children of apus: followed, but nobody's root.
  private var followed: [Child] = []
  private var place = Table<Int32, Int>()
  /// The same children in the form that the kernel's scans take; kept alongside so that a scan copies nothing.
  private(set) var known: [KnownChild] = []
  /// Children that have not executed yet; bounded by the loop.
  private(set) var unreported = 0

  var count: Int { children.count }

  func add(_ pid: Int32, _ request: SpawnRequest) {
    place[pid] = children.count
    children.append(Child(pid: pid, key: request.key, request: .some(request)))
    known.append(KnownChild(pid: pid, invocation: request.key.invocation))
    unreported += 1
  }

  /// A process that apus did not fork as such: it is long executed. `isChild`: apus reaps it.
  func adopt(_ pid: Int32, _ key: ProcessKey, isChild: Bool) {
    let child = Child(pid: pid, key: key, request: .none)
    if isChild, let index = place[pid] {
      children[index].key = key
      known[index] = KnownChild(pid: pid, invocation: key.invocation)
    } else if isChild {
      place[pid] = children.count
      children.append(child)
      known.append(KnownChild(pid: pid, invocation: key.invocation))
    } else {
      followed.removeAll { $0.key == key }
      followed.append(child)
    }
  }

  /// A followed process ended: one of the keys that follow it, until there is none.
  func takeFollowed(_ pid: Int32) -> ProcessKey? {
    guard let index = followed.firstIndex(where: { $0.pid == pid }) else { return nil }
    return followed.remove(at: index).key
  }

  func find(_ pid: Int32) -> Child? { place[pid].map { children[$0] } ?? followed.first { $0.pid == pid } }

  /// The pid of a live process by its key.
  func pid(of key: ProcessKey) -> Int32? {
    for child in children where child.key == key { return child.pid }
    for child in followed where child.key == key { return child.pid }
    return nil
  }

  func markReported(_ pid: Int32) {
    guard let index = place[pid], !children[index].isReported else { return }
    children[index].request = .none
    unreported -= 1
  }

  func remove(_ pid: Int32) {
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

  /// The live processes of an invocation that an order names one by one.
  func pids(of order: KillOrder) -> [Int32] {
    var result: [Int32] = []
    for index in known.indices where known[index].invocation == order.invocation {
      if order.names(children[index].key.role) { result.append(children[index].pid) }
    }
    for child in followed where child.key.invocation == order.invocation && order.names(child.key.role) { result.append(child.pid) }
    return result
  }
}

extension KillOrder {
  /// Whether processes of that role get the signal as such.
  func names(_ role: Role) -> Bool {
    switch role {
    case .main: main
    case .probe: probe
    case .condition, .startPre, .startPost, .reload, .stop, .stopPost: control
    }
  }
}
