import CLinux
import Model
import Runtime

/// How this run knows who belongs to a service.
enum ContainmentMode: Equatable {
  case cgroup, tag, group
}

/// What is kept of an invocation from its first spawn until it is forgotten.
struct InvocationRecord {
  /// `INVOCATION_ID`, the second witness; empty: its processes have none.
  var id: Bytes
  /// Sessions and process groups its children lead or led: their pids.
  var groups: [Int32] = []
  /// Its folder, once it has one.
  var cgroup: Bytes = []
  /// Its folder was emptied by `cgroup.kill` once.
  var isKilled = false
  /// inotify's number for its cgroup.events while somebody waits for it to be empty.
  var watch: Int32 = -1
}

// MARK: What is in use

extension LinuxKernel {
  func chooseContainment() throws(KernelFailure) {
    let wanted = options.containment
    if wanted == .auto || wanted == .cgroup { cgroups = Cgroups(nonce: tag.isPossible ? tag.nonce : random() >> 34) }
    if cgroups != nil {
      mode = .cgroup
    } else if wanted == .cgroup {
      throw KernelFailure(message: Bytes("cannot use --containment=cgroup: no cgroup2 folder that apus may write"))
    } else if wanted != .group && proc.isTrusted && tag.isPossible {
      mode = .tag
    } else if wanted == .tag {
      throw KernelFailure(
        message: proc.isTrusted
          ? Bytes("cannot use --containment=tag: the hard limit of RLIMIT_RTTIME is too low")
          : Bytes("cannot use --containment=tag: /proc is not that of this PID namespace"))
    } else {
      mode = .group
    }
  }

  /// How processes of a unit are known: a unit with a tag of its own (LimitRTTIME=) has only its group without cgroups.
  public func containment(ofOwnRTTime: Bool) -> Containment {
    switch mode {
    case .cgroup: .cgroup
    case .tag: ofOwnRTTime ? .group : .tag
    case .group: .group
    }
  }

  /// The tag is set beside a cgroup too: the last sweep goes by it. COMMAND's limits stay as they were found.
  func tagFor(_ plan: SpawnPlan) -> UInt64 {
    if !tag.isPossible || plan.hasOwnRTTime || plan.inheritsEverything || mode == .group || plan.key.invocation.unit == .helper {
      return 0
    }
    return tag.value(of: plan.key.invocation.number)
  }

  func record(_ invocation: Invocation, environment: [Bytes]) {
    if records[invocation] != nil || invocation.unit == .helper { return }
    var id = Bytes()
    for entry in environment where entry.starts(with: "INVOCATION_ID=") { id = Bytes(entry[14...]) }
    records[invocation] = InvocationRecord(id: id)
    invocationOfNumber[invocation.number] = invocation
    if !id.isEmpty { invocationOfID[id] = invocation.packed }
  }

  /// Where a child of the invocation is to be born; made at the first one.
  func cgroupForChild(of invocation: Invocation) -> Bytes? {
    guard let cgroups, let record = records[invocation] else { return nil }
    if !record.cgroup.isEmpty { return record.cgroup }
    guard let path = cgroups.make(invocation) else { return nil }
    records[invocation]?.cgroup = path
    return path
  }

  /// Nobody asks about the invocation any more: its cgroup goes as soon as it is empty.
  public func forget(_ invocation: Invocation) {
    guard let record = records.removeValue(forKey: invocation) else { return }
    invocationOfNumber[invocation.number] = nil
    if !record.id.isEmpty { invocationOfID[record.id] = nil }
    for group in record.groups where invocationOfSession[group] == invocation { invocationOfSession[group] = nil }
    if record.watch >= 0 { _ = apus_inotify_unwatch(inotify, record.watch) }
    if !record.cgroup.isEmpty { cgroups?.remove(record.cgroup) }
  }

}

// MARK: Whose an adopted orphan is

extension LinuxKernel {
  /// Children of ours that we did not make: since apus is PID 1 or a subreaper, every process of a service is a
  /// descendant of a child we know or of one of these.
  func unknownChildren() -> [Int32] {
    var result: [Int32] = []
    for child in proc.ownChildren() where children[child] == nil && child != ring.writer { result.append(child) }
    return result
  }

  /// Asked once for each orphan, since it stays our child, and what it is, until we reap it.
  func owner(ofOrphan pid: Int32) -> Invocation? {
    if let known = orphans[pid] { return known }
    let owner = witness(of: pid)
    orphans[pid] = .some(owner)
    return owner
  }

  /// By tag; else by INVOCATION_ID; else by session. The latter two are asked because CAP_SYS_RESOURCE lets PAM lift the
  /// tag, and because a unit may set LimitRTTIME= itself.
  private func witness(of pid: Int32) -> Invocation? {
    if let limit = proc.realtimeLimit(of: pid), let number = tag.number(in: limit) { return invocationOfNumber[number] }
    if let id = proc.invocationID(of: pid), let packed = invocationOfID[id] { return Invocation(packed: packed) }
    // getsid tells even of those that hidepid hides.
    return invocationOfSession[apus_getsid(pid)]
  }
}

// MARK: Whether anybody is left

extension LinuxKernel {
  /// Whether nobody of the invocation lives; reads one list, not all of /proc, wherever that can be.
  public func isEmpty(_ invocation: Invocation, roots: [KnownChild]) -> Bool {
    if let record = records[invocation], !record.cgroup.isEmpty { return isEmptyCgroup(invocation, record) }
    if mode == .group || !proc.isTrusted { return !hasLiveGroup(invocation) }
    for root in roots where root.invocation == invocation && isLive(root.pid) { return false }
    // Whoever is of an invocation descends from a child of ours.
    if isChildless { return true }
    // Nobody of the invocation lives below somebody else: a process is a child's or an orphan's descendant, and has the
    // tag of its ancestor.
    if !proc.hasChildren { return !fullPass([invocation]).contains { $0.invocation == invocation } }
    for orphan in unknownChildren() where owner(ofOrphan: orphan) == invocation && isLive(orphan) { return false }
    return true
  }

  private func isEmptyCgroup(_ invocation: Invocation, _ record: InvocationRecord) -> Bool {
    if Cgroups.isEmpty(record.cgroup) { return true }
    if record.watch < 0, inotify >= 0 {
      // Watched only while somebody waits, so that a start wakes nobody; asked again, since it may have changed before.
      records[invocation]?.watch = apus_inotify_watch(inotify, (record.cgroup + "/cgroup.events").terminated)
      return Cgroups.isEmpty(record.cgroup)
    }
    return false
  }

  func isLive(_ pid: Int32) -> Bool {
    // A child of ours that cannot be read is hidden (hidepid), not gone: we did not reap it.
    guard let status = proc.status(of: pid) else { return isOwnChild(pid) && apus_kill(pid, 0) != -Errno.ESRCH }
    return !status.isZombie
  }

  /// Whether only we can give its pid free.
  func isOwnChild(_ pid: Int32) -> Bool { children[pid] != nil || orphans[pid] != nil }

  /// Without /proc: whether one of the process groups that its children led still has a member.
  private func hasLiveGroup(_ invocation: Invocation) -> Bool {
    guard let record = records[invocation] else { return false }
    for group in record.groups where isOurGroup(group, of: invocation) && apus_kill(-group, 0) != -Errno.ESRCH { return true }
    return false
  }

  /// A number that a living process has which is no child of that invocation was given away again.
  func isOurGroup(_ group: Int32, of invocation: Invocation) -> Bool {
    if let owner = children[group] { return owner == invocation }
    return group > 1 && apus_getpgid(group) < 0
  }
}
