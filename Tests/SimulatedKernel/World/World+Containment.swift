#if !EMBEDDED
import Model
import Runtime

extension World {
  /// Whether this kernel can know that `process` belongs to `invocation`.
  func belongs(_ process: VirtualProcess, to invocation: Invocation, roots: [KnownChild]) -> Bool {
    guard process.isLive, process.tag == invocation else { return false }
    switch process.knownBy {
    case .cgroup: return true
    case .tag:
      // The child sets its tag itself: until then only its maker knows it.
      if process.state != .beforeExec { return true }
      for root in roots where root.pid == process.pid { return true }
      return false
    case .group: return !process.hasEscaped
    }
  }

  /// Whether apus can know whose it is at all.
  func isKnowable(_ process: VirtualProcess) -> Bool { process.knownBy != .group || !process.hasEscaped }

  /// What the loop says it knows of its children must be true.
  func check(roots: [KnownChild]) {
    for root in roots {
      // Of those that are no children, and whose end is on its way, nothing is known.
      if endedProcesses.contains(root.pid) || toldEnds.contains(root.pid) { continue }
      guard let process = process(root.pid), process.parent == 0 || watchedProcesses.contains(where: { $0.serial == process.serial })
      else {
        violate("use-after-reap", "root \(root.pid) is no child of apus".bytes)
        continue
      }
      // One that apus adopted may be of any run: it was checked when it was.
      if let key = process.key, key.invocation != root.invocation {
        violate("attribution", "root \(root.pid) belongs to invocation \(key.invocation.number), not \(root.invocation.number)".bytes)
      }
    }
  }

  func scanTable(_ wanted: [Invocation], roots: [KnownChild], cursor: inout ScanCursor, into members: inout [Member]) -> Bool {
    check(roots: roots)
    for invocation in wanted where forgotten.contains(invocation) {
      violate("forgotten", "asked about forgotten invocation \(invocation.number)".bytes)
    }
    var left = strikes("a look at all processes is cut", perMille: faults.slice) ? 1 + random.below(table.count + 1) : Int.max
    for process in table where Int(process.pid) >= cursor.position {
      if left == 0 {
        cursor.position = Int(process.pid)
        return false
      }
      left -= 1
      // Reading /proc/PID/limits takes 12 to 19 microseconds.
      if containmentMode != .cgroup { clock += 15_000 }
      for invocation in wanted where belongs(process, to: invocation, roots: roots) {
        members.append(Member(pid: process.pid, invocation: invocation))
      }
    }
    cursor = ScanCursor()
    return true
  }

  func signal(_ member: Member, _ signal: Signal) -> Bool {
    guard let process = process(member.pid), process.isLive, process.tag == member.invocation else { return false }
    note("signal-member", Int64(member.pid), Int64(signal.number))
    deliver(signal, to: process)
    return true
  }

  func killCgroup(_ invocation: Invocation) -> Bool {
    guard containmentMode == .cgroup else { return false }
    note("cgroup-kill", Int64(invocation.number))
    // The kernel kills whoever is forked meanwhile too.
    while let process = table.first(where: { $0.tag == invocation && $0.isLive && !$0.isDying }) { deliver(.kill, to: process) }
    return true
  }

  func signalMainGroup(_ invocation: Invocation, _ signal: Signal) {
    guard let group = mainGroups[invocation] else { return }
    note("signal-group", Int64(group), Int64(signal.number))
    for process in table where process.group == group && process.tag == invocation { deliver(signal, to: process) }
  }

  func isEmptyNow(_ invocation: Invocation, roots: [KnownChild]) -> Bool {
    check(roots: roots)
    for process in table where belongs(process, to: invocation, roots: roots) { return false }
    return true
  }

  /// Whom the final sweep would reach.
  func isSweepable(_ process: VirtualProcess) -> Bool {
    isInit || process.parent == 0 || (process.tag != nil && isKnowable(process))
  }

  func signalEverybody(_ signal: Signal) {
    note("signal-all", Int64(signal.number))
    if signal == .kill { killsSent += 1 }
    if isInit, signal == .kill {
      // kill(-1) holds the lock of the process list: whoever is forked meanwhile is reached too.
      while let process = table.first(where: { $0.isLive && !$0.isDying }) { deliver(.kill, to: process) }
      return
    }
    for process in table where isSweepable(process) { deliver(signal, to: process) }
  }

  var anybodyLeft: Bool {
    for process in table where process.isLive && isSweepable(process) { return true }
    return false
  }

  // MARK: To children of apus

  /// The child with that pid, if apus may still call it by it.
  private func ownChild(_ pid: Int32, _ call: StaticString) -> VirtualProcess? {
    guard let process = process(pid), process.parent == 0 || watchedProcesses.contains(where: { $0.serial == process.serial }) else {
      // Its end is on its way to apus.
      if endedProcesses.contains(pid) || toldEnds.contains(pid) { return nil }
      violate("use-after-reap", Bytes(call) + " of pid \(pid), which is no child of apus".bytes)
      return nil
    }
    return process
  }

  func signalOwnChild(_ pid: Int32, _ signal: Signal) -> Bool {
    guard let process = ownChild(pid, "signalChild") else { return false }
    note("signal-child", Int64(pid), Int64(signal.number))
    deliver(signal, to: process)
    return true
  }

  func signalOwnGroup(_ pid: Int32, _ signal: Signal) -> Bool {
    guard let leader = ownChild(pid, "signalGroup") else { return false }
    note("signal-group-of", Int64(pid), Int64(signal.number))
    for process in table where process.group == pid && process.tag == leader.tag { deliver(signal, to: process) }
    return true
  }
}
#endif
