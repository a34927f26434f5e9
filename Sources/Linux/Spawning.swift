import CLinux
import Model
import Runtime

/// A place for one child between clone and exec: its stack, its plan and the exec-status pipe that tells when both are free
/// again.
///
/// A child whose exec nobody waits for has no such pipe, which would take six system calls and a wake-up of apus: the kernel
/// clears a word of the plan when the child lets go of the memory that it shares (CLONE_CHILD_CLEARTID), and that is looked at
/// when apus is awake anyway. What keeps such a child from its exec is written into its plan, and read when it is reaped.
struct Slot {
  var stackTop: UnsafeMutableRawPointer?
  var memory: PlanMemory?
  /// -1: a quiet one.
  var pipe: Int32 = -1
  var report: Bytes = []

  /// Of a quiet one: it may still use both.
  var isBeforeExec: Bool { memory.map { apus_is_before_exec($0.plan) != 0 } ?? false }
}

/// What one child gets from apus besides its exec-status pipe.
struct LentDescriptors {
  /// Placed at 3, 4, …; they stay apus's.
  var passed: [Int32] = []
  /// A stream of the child; it stays apus's.
  var socket: Int32 = -1
  /// The pipe of `ReadyFd=`: the child's end, and apus's.
  var readyEnd: Int32 = -1
  var readyWatch: Int32 = -1
}

// MARK: Making children

extension LinuxKernel {
  /// Makes one child by the plan; never waits for it.
  public func spawn(_ plan: SpawnPlan) -> SpawnOutcome {
    guard let index = takeSlot() else { return .failed(errno: Errno.EAGAIN) }
    var readEnd: Int32 = -1
    var writeEnd: Int32 = -1
    let isQuiet = mayBeQuiet(plan)
    if !isQuiet {
      let piped = apus_pipe(&readEnd, &writeEnd)
      if piped < 0 {
        freeSlots.append(index)
        return .failed(errno: -piped)
      }
      _ = noted(max(readEnd, writeEnd))
    }
    let invocation = plan.key.invocation
    record(invocation, environment: plan.environment)
    var lent = LentDescriptors()
    let pid = lend(plan, &lent) ?? startChild(plan, slot: index, report: writeEnd, lent)
    if !isQuiet { _ = apus_close(writeEnd) }
    if lent.readyEnd >= 0 { _ = apus_close(lent.readyEnd) }
    if pid < 0 {
      if !isQuiet { _ = apus_close(readEnd) }
      if lent.readyWatch >= 0 { _ = apus_close(lent.readyWatch) }
      slots[index].memory?.free()
      slots[index].memory = nil
      freeSlots.append(index)
      // Memory was shared until now: with a pipe, then.
      return isQuiet && !sharesMemory ? spawn(plan) : .failed(errno: -pid)
    }
    if lent.readyWatch >= 0 {
      // A helper's output is looked at when it has ended.
      if plan.isHelper { readyPipes[pid] = lent.readyWatch } else { watchReady(pid, lent.readyWatch) }
    }
    // The pid is new, so that whoever had it before is long reaped; its report was never asked for.
    if let old = slotOfPid[pid] {
      quiet.removeAll { $0 == pid }
      release(slot: old)
    }
    slots[index].pipe = readEnd
    slotOfPid[pid] = index
    if isQuiet {
      quiet.append(pid)
      quietPause = LinuxKernel.quietPauseMin
    } else {
      watch(readEnd, APUS_READABLE, .execReport, UInt32(bitPattern: pid))
    }
    children[pid] = invocation
    isChildless = false
    records[invocation]?.groups.append(pid)
    if plan.inheritsEverything {
      // Both sides do it, as shells do: whoever signals the group next must find it.
      _ = apus_setpgid(pid, pid)
      commandPid = pid
      terminal.handedOver(to: pid)
    } else if invocation.unit != .helper {
      invocationOfSession[pid] = invocation
    }
    return .started(pid: pid)
  }

  /// Not where the child has memory of its own; nor more than a few at once, so that whoever waits for a place is woken; and
  /// only one as long as it is not known whether this kernel clears the word (gVisor's sources do it at the end alone).
  private func mayBeQuiet(_ plan: SpawnPlan) -> Bool {
    if plan.reportsExec || plan.inheritsEverything || clearsWord == false || mustFork(plan) { return false }
    return quiet.count < (clearsWord == true ? LinuxKernel.quietMax : 1)
  }

  /// Tells of the quiet children that have executed, or ended, since.
  func lookAtQuiet(into ready: inout [Readiness]) {
    var index = 0
    while index < quiet.count {
      let pid = quiet[index]
      guard let slot = slotOfPid[pid], slots[slot].isBeforeExec else {
        quiet.remove(at: index)
        ready.append(.execReport(pid))
        continue
      }
      index += 1
    }
  }

  /// Finds and makes what the child needs beside its exec-status pipe; -errno if that cannot be.
  private func lend(_ plan: SpawnPlan, _ lent: inout LentDescriptors) -> Int32? {
    for id in plan.descriptors {
      guard let descriptor = heldDescriptors.find(id) else { return -Errno.EBADF }
      lent.passed.append(noted(descriptor))
    }
    if let id = plan.socket {
      guard let descriptor = heldDescriptors.find(id) else { return -Errno.EBADF }
      lent.socket = noted(descriptor)
    }
    guard plan.readyDescriptor != nil else { return nil }
    let made = apus_ready_pipe(&lent.readyWatch, &lent.readyEnd)
    _ = noted(max(lent.readyWatch, lent.readyEnd))
    return made < 0 ? made : nil
  }

  private func takeSlot() -> Int? {
    if let index = freeSlots.popLast() { return index }
    if slots.count >= LinuxKernel.slotsMax { return nil }
    guard let top = apus_stack_create(LinuxKernel.stackSize) else { return nil }
    slots.append(Slot(stackTop: top))
    return slots.count - 1
  }

  private func release(slot index: Int) {
    unwatchAndClose(slots[index].pipe)
    slots[index].memory?.free()
    slots[index].memory = nil
    slots[index].pipe = -1
    slots[index].report = []
    freeSlots.append(index)
    // Some time after: those who come in bursts come again.
    if slots.count > LinuxKernel.slotsKept && trimAt == .never { trimAt = seenNow + LinuxKernel.trimDelay }
  }

  /// When nobody is before its exec any more: the touched pages of many stacks go back to the kernel.
  func dropStacks() {
    if freeSlots.count < slots.count { return }
    while slots.count > LinuxKernel.slotsKept {
      if let top = slots.removeLast().stackTop { apus_stack_destroy(top, LinuxKernel.stackSize) }
    }
    freeSlots = Array(0..<slots.count)
  }

  /// Lays the plan out and makes the child by the best way that works here; the pid or -errno.
  private func startChild(_ plan: SpawnPlan, slot index: Int, report: Int32, _ lent: LentDescriptors) -> Int32 {
    guard let stack = slots[index].stackTop else { return -Errno.ENOMEM }
    if plan.inheritsEverything { terminal.find(ownGroup: apus_getpgid(0)) }
    var context = PlanMemory.Context(
      inherited: inherited, inheritedDescriptors: inheritedDescriptors, tag: tagFor(plan), changed: changedDispositions,
      tagIsSoftOnly: tag.isSoftOnly, terminal: plan.inheritsEverything ? terminal.toHandOver : -1, report: report,
      executable: plan.isHelper ? executable : -1, ready: lent.readyEnd, passed: lent.passed, socket: lent.socket,
      closeLimit: descriptorBound, pid: pid, forked: mustFork(plan), cgroupProcs: [])
    var folder: Int32 = -1
    if let path = cgroupForChild(of: plan.key.invocation) {
      // Linux 6.14 and later compare the folder's count of kills with the parent's folder's, and kill a child that is born
      // into one that was ever killed (tried on 6.18): behind a cgroup.kill the child walks in by itself.
      if clone3Works && records[plan.key.invocation]?.isKilled != true { folder = apus_open_folder(path.terminated) }
      if folder >= 0 {
        slots[index].memory = PlanMemory(plan, context)
        let pid = startInCgroup(slot: index, stack, folder, forked: context.forked)
        _ = apus_close(folder)
        if pid >= 0 || -pid == Errno.EAGAIN || -pid == Errno.ENOMEM { return pid }
        slots[index].memory?.free()
      }
      context.cgroupProcs = path + "/cgroup.procs"
    }
    slots[index].memory = PlanMemory(plan, context)
    return startPlainly(slot: index, stack, forked: context.forked)
  }

  /// oom_score_adj and coredump_filter are written through to everybody who shares the memory, apus among them.
  private func mustFork(_ plan: SpawnPlan) -> Bool {
    if !sharesMemory || plan.oomScoreAdjust != nil || plan.coredumpFilter != nil { return true }
    guard forksForUser, let uid = plan.uid else { return false }
    return uid != apus_getuid()
  }

  private func startInCgroup(slot index: Int, _ stack: UnsafeMutableRawPointer, _ folder: Int32, forked: Bool) -> Int32 {
    guard let memory = slots[index].memory else { return -Errno.ENOMEM }
    // clone3 without shared memory is APUS_SPAWN_FORK with a cgroup.
    let way = forked ? APUS_SPAWN_FORK : APUS_SPAWN_CLONE3
    let pid = apus_spawn(memory.plan, stack, Int32(way.rawValue), folder)
    switch -pid {
    // No clone3 (5.3), none for us (seccomp), or none that knows the cgroup (5.7).
    case Errno.ENOSYS, Errno.EPERM, Errno.E2BIG, Errno.EINVAL: clone3Works = false
    default: break
    }
    return pid
  }

  private func startPlainly(slot index: Int, _ stack: UnsafeMutableRawPointer, forked: Bool) -> Int32 {
    guard let memory = slots[index].memory else { return -Errno.ENOMEM }
    if !forked {
      let pid = apus_spawn(memory.plan, stack, Int32(APUS_SPAWN_CLONE.rawValue), -1)
      if pid >= 0 || (-pid != Errno.ENOSYS && -pid != Errno.EPERM && -pid != Errno.EINVAL) { return pid }
      sharesMemory = false
      // It could not tell what kept it from its exec.
      if memory.plan.pointee.report < 0 { return -Errno.EAGAIN }
      memory.plan.pointee.forked = 1
    }
    return apus_spawn(memory.plan, stack, Int32(APUS_SPAWN_FORK.rawValue), -1)
  }
}

// MARK: What becomes of them

extension LinuxKernel {
  /// What the child's exec-status pipe says so far.
  public func execReport(_ pid: Int32) -> ExecReport {
    guard let index = slotOfPid[pid] else { return .executed }
    if slots[index].pipe < 0 { return quietReport(pid, slot: index) }
    var buffer = Bytes(repeating: 0, count: 16)
    while true {
      let count = apus_read(slots[index].pipe, &buffer, 16)
      if count > 0 {
        slots[index].report.append(contentsOf: buffer[0..<Int(count)])
        continue
      }
      // A child that has reported still stands on its stack; it is free when the pipe ends.
      if Int32(truncatingIfNeeded: -count) == Errno.EAGAIN { return .pending }
      break
    }
    let report = slots[index].report
    slotOfPid[pid] = nil
    release(slot: index)
    if pid == commandPid { letInheritedDescriptorsGo() }
    return LinuxKernel.decoded(report)
  }

  /// What the memory says that a quiet child shares. One that was reaped uses it no more, whatever became of the word.
  private func quietReport(_ pid: Int32, slot index: Int) -> ExecReport {
    if slots[index].isBeforeExec {
      if children[pid] != nil { return .pending }
      if clearsWord == nil { clearsWord = false }
    } else if clearsWord == nil {
      clearsWord = true
    }
    let failure = slots[index].memory?.plan.pointee.failure ?? apus_report()
    slotOfPid[pid] = nil
    if let place = quiet.firstIndex(of: pid) { quiet.remove(at: place) }
    release(slot: index)
    return LinuxKernel.decoded(failure)
  }

  private static func decoded(_ report: apus_report) -> ExecReport {
    guard let stage = ExecStage(rawValue: UInt8(truncatingIfNeeded: report.stage)) else { return .executed }
    return .failed(stage: stage, errno: report.error, detail: report.detail)
  }

  /// Three 32-bit numbers, or nothing.
  private static func decoded(_ report: Bytes) -> ExecReport {
    guard report.count == MemoryLayout<apus_report>.size else { return .executed }
    func number(_ offset: Int) -> Int32 {
      var value: UInt32 = 0
      for index in (0..<4).reversed() { value = value << 8 | UInt32(report[offset + index]) }
      return Int32(bitPattern: value)
    }
    return decoded(apus_report(stage: number(0), error: number(4), detail: number(8)))
  }

  /// COMMAND has them now: a pipe whose last reader COMMAND is must break when it ends.
  private func letInheritedDescriptorsGo() {
    commandPid = 0
    for descriptor in inheritedDescriptors { _ = apus_close(descriptor) }
    inheritedDescriptors = []
  }

  /// One dead or stopped child; nil when there is none to collect.
  public func reap() -> ReapedChild? {
    var end = apus_child_end(pid: 0, code: 0, status: 0)
    while true {
      let found = apus_reap(&end)
      isChildless = found < 0
      if found != 1 { return nil }
      let signal = Signal(end.status & 0x7f)
      let kind: ReapedChild.Kind
      switch UInt32(bitPattern: end.code) {
      case UInt32(APUS_CHILD_EXITED): kind = .ended(.exited(UInt8(truncatingIfNeeded: end.status)))
      case UInt32(APUS_CHILD_KILLED): kind = .ended(.killed(signal))
      case UInt32(APUS_CHILD_DUMPED): kind = .ended(.dumped(signal))
      case UInt32(APUS_CHILD_STOPPED): kind = .stopped(signal)
      default: continue
      }
      if end.pid == ring.writer {
        if case .ended(let status) = kind { writerEnded(status) }
        continue
      }
      if case .ended = kind {
        children[end.pid] = nil
        orphans[end.pid] = nil
      }
      return ReapedChild(pid: end.pid, kind: kind)
    }
  }

  /// To a child that was not reaped: its pid is still its own; or to a process that is followed by a pidfd.
  public func signalChild(_ pid: Int32, _ signal: Signal) -> Bool {
    isOwnChild(pid) ? apus_kill(pid, signal.number) == 0 : signalWatched(pid, signal)
  }

  /// To the process group that such a child leads.
  public func signalGroup(ofChild pid: Int32, _ signal: Signal) -> Bool {
    pid > 1 && children[pid] != nil && apus_kill(-pid, signal.number) == 0
  }
}
