import CLinux
import Model
import Runtime

/// A process that apus follows though it is not its child.
struct WatchedProcess {
  /// -1: this kernel gives none (before Linux 5.3, or seccomp), so that it is looked at every second.
  var pidfd: Int32
  /// Tells it from a later process of the same number; nil: /proc does not say.
  var startTime: UInt64?
}

// MARK: Processes that apus did not fork as such

extension LinuxKernel {
  /// What a process is to an invocation right now.
  public func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation {
    if pid == 1 || pid == self.pid { return .supervisor }
    if pid < 1 || apus_kill(pid, 0) == -Errno.ESRCH { return .gone }
    let status = proc.isTrusted ? proc.status(of: pid) : nil
    let isChild = apus_is_child(pid) == 1
    if status?.isZombie == true { return isChild ? .unreaped : .gone }
    let isMember = isMember(pid, status, of: invocation)
    if isChild && children[pid] == nil { orphans.updateValue(isMember ? invocation : nil, forKey: pid) }
    return isMember ? .member(isChild: isChild) : .stranger(isChild: isChild)
  }

  private func isMember(_ pid: Int32, _ status: ProcessStatus?, of invocation: Invocation) -> Bool {
    if let owner = children[pid] { return owner == invocation }
    guard let record = records[invocation] else { return false }
    if !record.cgroup.isEmpty { return isStill(pid, in: record.cgroup) }
    if mode != .group, let status { return owner(of: pid, status) == invocation }
    return record.groups.contains(apus_getsid(pid)) || record.groups.contains(apus_getpgid(pid))
  }

  /// By what it carries itself; else it is whose the nearest ancestor is that does.
  private func owner(of pid: Int32, _ status: ProcessStatus) -> Invocation? {
    var next = pid
    var now = status
    for _ in 0..<64 {
      if let owner = ownerOfAny(next, now) { return owner }
      next = now.parent
      if next <= 1 || next == self.pid { return nil }
      guard let above = proc.status(of: next) else { return nil }
      now = above
    }
    return nil
  }

  /// Those of the run that were handed to apus, and its own child.
  public func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] {
    if let record = records[invocation], !record.cgroup.isEmpty {
      return Cgroups.processes(in: record.cgroup).filter { isLive($0) && apus_is_child($0) == 1 }
    }
    var result: [Int32] = []
    for root in roots where root.invocation == invocation && isLive(root.pid) { result.append(root.pid) }
    if mode == .group || !proc.isTrusted { return result }
    for orphan in proc.hasChildren ? unknownChildren() : strayChildren() {
      if owner(ofOrphan: orphan) == invocation && isLive(orphan) { result.append(orphan) }
    }
    return result
  }

  /// Where the kernel has no `children` files.
  private func strayChildren() -> [Int32] {
    proc.all().filter { children[$0] == nil && $0 != ring.writer && proc.status(of: $0)?.parent == pid }
  }

  /// Follows a process that is no child, by a pidfd.
  public func watchProcess(_ pid: Int32) -> Bool {
    guard pid > 1, pid != self.pid else { return false }
    let pidfd = apus_pidfd_open(pid)
    if pidfd < 0 && -pidfd != Errno.ENOSYS && -pidfd != Errno.EPERM { return false }
    let status = proc.isTrusted ? proc.status(of: pid) : nil
    if status?.isZombie == true || (pidfd < 0 && apus_kill(pid, 0) == -Errno.ESRCH) {
      if pidfd >= 0 { _ = apus_close(pidfd) }
      return false
    }
    if let old = watchedProcesses[pid] { unwatchAndClose(old.pidfd) }
    watchedProcesses[pid] = WatchedProcess(pidfd: pidfd, startTime: status?.startTime)
    if pidfd >= 0 { watch(pidfd, APUS_READABLE, .process, UInt32(bitPattern: pid)) } else { retryLater() }
    return true
  }

  /// Its pidfd says that it ended.
  func watchedEnded(_ pid: Int32, into ready: inout [Readiness]) {
    guard let watched = watchedProcesses.removeValue(forKey: pid) else { return }
    unwatchAndClose(watched.pidfd)
    ready.append(.processEnded(pid))
  }

  /// Those without a pidfd are asked for, every second.
  func lookAtWatched(into ready: inout [Readiness]) {
    for pid in watchedProcesses.sortedKeys {
      guard let watched = watchedProcesses[pid], watched.pidfd < 0 else { continue }
      if isStillThere(pid, watched) { retryLater() } else { watchedEnded(pid, into: &ready) }
    }
  }

  private func isStillThere(_ pid: Int32, _ watched: WatchedProcess) -> Bool {
    guard let startTime = watched.startTime else { return apus_kill(pid, 0) != -Errno.ESRCH }
    guard let status = proc.status(of: pid) else { return false }
    return status.startTime == startTime && !status.isZombie
  }

  /// To one that is followed so; false: it could not be sent.
  func signalWatched(_ pid: Int32, _ signal: Signal) -> Bool {
    guard let watched = watchedProcesses[pid] else { return false }
    if watched.pidfd >= 0 {
      let result = apus_pidfd_signal(watched.pidfd, signal.number)
      if -result != Errno.ENOSYS && -result != Errno.EPERM { return result == 0 }
    }
    return isStillThere(pid, watched) && apus_kill(pid, signal.number) == 0
  }

  /// `oom_kill` of the run's memory.events.
  public func outOfMemoryKills(_ invocation: Invocation) -> UInt64 {
    guard let record = records[invocation], !record.cgroup.isEmpty,
      let text = FolderReader.readPseudo(record.cgroup + "/memory.events")
    else { return 0 }
    for line in text.pieces(separatedBy: 10) where line.starts(with: "oom_kill ") {
      return Bytes(line[9...]).unsignedDecimal ?? 0
    }
    return 0
  }
}
