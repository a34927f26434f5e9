import CLinux
import Model
import Runtime

// MARK: Who belongs to whom right now

extension LinuxKernel {
  /// A slice of a pass: 2 ms, in nanoseconds.
  static let slice: Int64 = 2_000_000

  /// One slice of a pass over the members of `wanted`; true when the pass is complete.
  public func scan(
    _ wanted: [Invocation], roots: [KnownChild], cursor: inout ScanCursor, into members: inout [Member]
  ) -> Bool {
    if cursor.position == 0 { beginPass(wanted, roots, &cursor, &members) }
    let end = apus_monotonic() + LinuxKernel.slice
    while let next = cursor.queue.popLast() {
      visit(next, &cursor, &members)
      if apus_monotonic() >= end && !cursor.queue.isEmpty { return false }
    }
    cursor = ScanCursor()
    return true
  }

  /// Fills the queue with those whose descendants are members: the roots, and the orphans that belong to a wanted one.
  /// A cgroup names its members itself.
  private func beginPass(
    _ wanted: [Invocation], _ roots: [KnownChild], _ cursor: inout ScanCursor, _ members: inout [Member]
  ) {
    cursor.position = 1
    seen.removeAll()
    var walked: [Invocation] = []
    for invocation in wanted {
      if let record = records[invocation], !record.cgroup.isEmpty {
        for pid in Cgroups.processes(in: record.cgroup) where seen.updateValue(0, forKey: pid) == nil {
          members.append(Member(pid: pid, invocation: invocation))
        }
      } else {
        walked.append(invocation)
      }
    }
    if walked.isEmpty { return }
    if mode == .group || !proc.isTrusted {
      for root in roots where walked.contains(root.invocation) {
        members.append(Member(pid: root.pid, invocation: root.invocation))
      }
    } else if !proc.hasChildren {
      members += fullPass(walked)
    } else {
      for root in roots where walked.contains(root.invocation) {
        cursor.queue.append(Member(pid: root.pid, invocation: root.invocation))
      }
      for orphan in unknownChildren() {
        if let owner = owner(ofOrphan: orphan), walked.contains(owner) {
          cursor.queue.append(Member(pid: orphan, invocation: owner))
        }
      }
    }
  }

  private func visit(_ member: Member, _ cursor: inout ScanCursor, _ members: inout [Member]) {
    guard seen[member.pid] == nil else { return }
    let status = proc.status(of: member.pid)
    // Hidden ones are members as long as they are our children; theirs will be ours when they are gone.
    if status == nil && !isLive(member.pid) || status?.isZombie == true { return }
    seen[member.pid] = status?.startTime ?? 0
    members.append(member)
    for child in proc.children(of: member.pid) {
      cursor.queue.append(Member(pid: child, invocation: member.invocation))
    }
  }

  /// Where the kernel has no `children` files: all of /proc, in one go.
  func fullPass(_ wanted: [Invocation]) -> [Member] {
    var members: [Member] = []
    for pid in proc.all() where pid != self.pid && pid != ring.writer {
      guard let status = proc.status(of: pid), !status.isZombie, let owner = ownerOfAny(pid, status), wanted.contains(owner)
      else { continue }
      seen[pid] = status.startTime
      members.append(Member(pid: pid, invocation: owner))
    }
    return members
  }

  func ownerOfAny(_ pid: Int32, _ status: ProcessStatus) -> Invocation? {
    if let invocation = children[pid] { return invocation }
    if let limit = proc.realtimeLimit(of: pid), let number = tag.number(in: limit) { return invocationOfNumber[number] }
    if let id = proc.invocationID(of: pid), let packed = invocationOfID[id] { return Invocation(packed: packed) }
    return invocationOfSession[status.session] ?? children[status.parent]
  }
}
