import CLinux
import Model
import Runtime

// MARK: Signals to members

extension LinuxKernel {
  /// Through a pidfd that was opened before membership was read again.
  public func signalMember(_ member: Member, _ signal: Signal) -> Bool {
    // A child that was not reaped keeps its pid, be it made or adopted.
    if children[member.pid] == member.invocation || orphans[member.pid] == .some(member.invocation) {
      return apus_kill(member.pid, signal.number) == 0
    }
    return signalProcess(member.pid, signal) { self.isStill(member) }
  }

  /// Opens a pidfd, asks whether it is still the one that is meant, and signals through it. Without pidfds (Linux 5.3, or
  /// seccomp) the pid itself, after the same question.
  private func signalProcess(_ pid: Int32, _ signal: Signal, _ isStillMeant: () -> Bool) -> Bool {
    guard pid > 1 && pid != self.pid else { return false }
    let pidfd = apus_pidfd_open(pid)
    defer { if pidfd >= 0 { _ = apus_close(pidfd) } }
    if pidfd < 0 && -pidfd == Errno.ESRCH { return false }
    guard isStillMeant() else { return false }
    if pidfd >= 0 {
      let result = apus_pidfd_signal(pidfd, signal.number)
      if -result != Errno.ENOSYS && -result != Errno.EPERM { return result == 0 }
    }
    return apus_kill(pid, signal.number) == 0
  }

  private func isStill(_ member: Member) -> Bool {
    if let record = records[member.invocation], !record.cgroup.isEmpty { return isStill(member.pid, in: record.cgroup) }
    guard proc.isTrusted, let status = proc.status(of: member.pid), !status.isZombie else { return false }
    // Pid and start time name one process: it is the one that was seen to be a member, and nobody leaves.
    if let started = seen[member.pid] { return started == status.startTime }
    guard let limit = proc.realtimeLimit(of: member.pid), let number = tag.number(in: limit) else { return false }
    return invocationOfNumber[number] == member.invocation
  }

  func isStill(_ pid: Int32, in folder: Bytes) -> Bool {
    guard let cgroups else { return false }
    let below = Bytes(folder[cgroups.parent.count...]) + "/"
    if proc.isTrusted, let path = proc.cgroup(of: pid) { return (path + "/").holds(below) }
    return Cgroups.processes(in: folder).contains(pid)
  }

  /// `cgroup.kill`; false without a cgroup.
  public func killWhole(_ invocation: Invocation) -> Bool {
    guard let record = records[invocation], !record.cgroup.isEmpty else { return false }
    records[invocation]?.isKilled = true
    return Cgroups.kill(record.cgroup)
  }

  /// To the process groups that the invocation's commands lead, while they are its own.
  public func killProcessGroup(_ invocation: Invocation, _ signal: Signal) {
    guard let record = records[invocation] else { return }
    for group in record.groups where isOurGroup(group, of: invocation) { _ = apus_kill(-group, signal.number) }
  }
}

extension Array where Element == UInt8 {
  /// Whether `other` is somewhere in it.
  fileprivate func holds(_ other: Bytes) -> Bool {
    guard count >= other.count else { return false }
    for start in 0...(count - other.count) where self[start..<(start + other.count)].elementsEqual(other) { return true }
    return false
  }
}

// MARK: The last sweep

extension LinuxKernel {
  /// As PID 1 to everybody but itself; else to every descendant.
  public func signalAll(_ signal: Signal) {
    if isInit {
      _ = apus_kill_namespace(signal.number)
      return
    }
    // Without a /proc of our own namespace (its pids would be somebody else's): our children, their groups and whatever our
    // cgroups hold.
    if !proc.isTrusted { return signalKnown(signal) }
    for process in descendants() {
      _ = signalProcess(process.pid, signal) { self.proc.status(of: process.pid)?.startTime == process.startTime }
    }
  }

  private func signalKnown(_ signal: Signal) {
    for child in knownChildren() {
      _ = apus_kill(-child, signal.number)
      _ = apus_kill(child, signal.number)
    }
  }

  /// Whether `signalAll` would still reach somebody alive.
  public func anyoneLeft() -> Bool {
    if isInit && proc.isTrusted {
      for other in proc.all() where other != 1 && other != ring.writer && isLive(other) { return true }
      return false
    }
    if isInit { return apus_kill_namespace(0) != -Errno.ESRCH }
    if !proc.isTrusted { return !children.isEmpty }
    return !descendants().isEmpty
  }

  /// Everybody below us who lives: as a subreaper we are nobody's new parent but theirs. Without `children` files: our
  /// children, and who carries our tag.
  private func descendants() -> [(pid: Int32, startTime: UInt64)] {
    var result: [(pid: Int32, startTime: UInt64)] = []
    var visited = Table<Int32, Bool>()
    visited[pid] = true
    visited[ring.writer] = true
    var queue = proc.hasChildren ? proc.ownChildren() : proc.all().filter { isOurs($0) }
    while let next = queue.popLast() {
      guard visited.updateValue(true, forKey: next) == nil, let status = proc.status(of: next), !status.isZombie else { continue }
      result.append((next, status.startTime))
      if proc.hasChildren { queue += proc.children(of: next) }
    }
    return result
  }

  private func isOurs(_ other: Int32) -> Bool {
    if children[other] != nil { return true }
    guard let limit = proc.realtimeLimit(of: other) else { return false }
    return tag.number(in: limit) != nil || proc.status(of: other)?.parent == pid
  }

  /// Our children by number: the one place that walks them, and in a fixed order.
  private func knownChildren() -> [Int32] { children.sortedKeys }
}
