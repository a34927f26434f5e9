#if !EMBEDDED
import Model
import Runtime

extension World {
  // MARK: The table

  func index(ofPID pid: Int32) -> Int? {
    var low = 0
    var high = table.count
    while low < high {
      let middle = (low + high) / 2
      if table[middle].pid < pid { low = middle + 1 } else { high = middle }
    }
    return low < table.count && table[low].pid == pid ? low : nil
  }

  func process(_ pid: Int32) -> VirtualProcess? { index(ofPID: pid).map { table[$0] } }

  private func insert(_ process: VirtualProcess) {
    var low = 0
    var high = table.count
    while low < high {
      let middle = (low + high) / 2
      if table[middle].pid < process.pid { low = middle + 1 } else { high = middle }
    }
    table.insert(process, at: low)
    bySerial[process.serial] = process
    mostAlive = max(mostAlive, table.count)
  }

  /// Out of the table: from here on the pid may belong to somebody else.
  private func remove(_ process: VirtualProcess) {
    if let index = index(ofPID: process.pid) { table.remove(at: index) }
    bySerial[process.serial] = nil
    freed.append(process.pid)
    if freed.count > 64 { freed.removeFirst(32) }
  }

  /// As Linux does it: a number that names a process, a group or a session is not given out.
  private func isPIDInUse(_ pid: Int32) -> Bool {
    if pid == ownPID { return true }
    for process in table where process.pid == pid || process.group == pid || process.session == pid { return true }
    return false
  }

  private func newPID() -> Int32 {
    if random.chance(perMille: faults.pidReuse) {
      while let candidate = freed.popLast() {
        if !isPIDInUse(candidate) {
          happened("a pid is used again")
          return candidate
        }
      }
    }
    repeat {
      nextPID = nextPID >= pidMax ? 2 : nextPID + 1
    } while isPIDInUse(nextPID)
    return nextPID
  }

  // MARK: Birth

  /// As a limit on pids: beyond it `clone` fails. Services that leave processes behind (KillMode=none) fill it in the end;
  /// their own forks fail at half of it.
  static let processesMax = 600

  func makeChild(_ plan: SpawnPlan) -> SpawnOutcome {
    if clock < forkOutageUntil || table.count >= World.processesMax || strikes("a fork fails", perMille: faults.forkFails) {
      // EMFILE is no end as long as other children are before their exec.
      let errno: Int32 = [11, 11, 11, 12, 24][random.below(5)]
      note("spawn-failed", Int64(errno), Int64(plan.key.invocation.number))
      return .failed(errno: errno)
    }
    let pid = newPID()
    for pipe in pipes where pipe.pid == pid {
      violate("exec-pipe", "the exec-status pipe of reaped pid \(pid) was never read to its end".bytes)
    }
    pipes.removeAll { $0.pid == pid }
    let process = VirtualProcess(
      serial: nextSerial, pid: pid, parent: 0, group: pid, session: pid, tag: plan.key.invocation, key: plan.key,
      knownBy: containmentMode == .tag && plan.hasOwnRTTime ? .group : containmentMode, state: .beforeExec,
      program: plan.isHelper ? helper(plan.arguments) : Program(arguments: plan.arguments))
    nextSerial += 1
    spawned += 1
    births[plan.key] = pid
    insert(process)
    pipes.append(ExecPipe(pid: pid, serial: process.serial, report: .pending, isQuiet: !plan.reportsExec))
    readyPipes.removeAll { $0.pid == pid }
    if plan.readyDescriptor != nil, !plan.isHelper { readyPipes.append(ReadyPipe(pid: pid, serial: process.serial, report: .pending)) }
    let passed = plan.descriptors + (plan.socket.map { [$0] } ?? [])
    checkPassed(passed, pid: pid)
    process.listeners = passed.filter { listenerIndex($0) != nil }
    if plan.key.role == .main { mainGroups[plan.key.invocation] = pid }
    forgotten.remove(plan.key.invocation)
    planExec(process, plan)
    if plan.isHelper, plan.arguments.count > 1, plan.arguments[1] == "stamps", (process.execErrno ?? 0) == 0 {
      wall.outputs[pid] = keepStamps(plan.arguments)
    }
    note("spawn", Int64(pid), Int64(plan.key.invocation.number), (plan.candidates.first ?? []) + " " + Bytes(plan.key.role.name))
    return .started(pid: pid)
  }

  /// When and how the child leaves the time between clone and exec.
  private func planExec(_ process: VirtualProcess, _ plan: SpawnPlan) {
    let path = plan.candidates.first ?? []
    if let preset = plan.presetFailure {
      process.execErrno = preset.errno
      process.execStage = preset.stage
    } else if path.ends(with: "missing") {
      process.execErrno = 2
      process.execStage = plan.inheritsEverything ? .commandNotFound : .exec
    } else if !plan.inheritsEverything, strikes("an exec fails", perMille: faults.execFails) {
      // ENOMEM, EACCES, a working folder that went away.
      process.execErrno = random.pick([12, 13, 2])
      process.execStage = random.pick([.exec, .exec, .chdir, .memory])
    }
    if strikes("an exec hangs", perMille: faults.execHangs) {
      later(.process(process.serial, .exec), ms: random.within(5000...60_000))
    } else if strikes("an exec is late", perMille: faults.execLate) {
      later(.process(process.serial, .exec), ms: random.within(500...5000))
    } else {
      agenda.add(.process(process.serial, .exec), at: clock + random.within(0...2_000_000))
    }
  }

  func fork(_ parent: VirtualProcess, _ program: Program, escapes: Bool, doubleForks: Bool) {
    // Its fork fails, and it goes on without.
    guard table.count < World.processesMax / 2 else { return }
    let pid = newPID()
    let child = VirtualProcess(
      serial: nextSerial, pid: pid, parent: doubleForks ? 0 : parent.serial, group: escapes ? pid : parent.group,
      session: escapes ? pid : parent.session, tag: parent.tag, key: nil, knownBy: parent.knownBy, state: .running, program: program)
    child.hasEscaped = parent.hasEscaped || escapes
    child.listeners = parent.listeners
    nextSerial += 1
    insert(child)
    if let life = program.lifeMs { later(.process(child.serial, .end), ms: random.within(life)) }
    if program.chats > 0 { later(.process(child.serial, .chat(program.chats)), ms: random.within(0...900)) }
    note("fork", Int64(parent.pid), Int64(pid))
  }

  /// Somebody enters from outside (`docker exec`): nobody's child, nobody's member.
  public func enterBystander() {
    var program = Program()
    program.lifeMs = 10...20_000
    let pid = newPID()
    let process = VirtualProcess(
      serial: nextSerial, pid: pid, parent: .max, group: pid, session: pid, tag: nil, key: nil, knownBy: .group, state: .running,
      program: program)
    nextSerial += 1
    insert(process)
    later(.process(process.serial, .end), ms: random.within(10...20_000))
    note("bystander", Int64(pid))
  }

  // MARK: Life

  func move(_ process: VirtualProcess, _ step: Step) {
    guard process.isLive else { return }
    if case .die(let status) = step {
      die(process, status)
      return
    }
    guard !process.isDying else { return }
    if step == .wake { return deliver(.continue, to: process) }
    if process.isStopped {
      process.deferredSteps.append(step)
      return
    }
    switch step {
    case .exec: exec(process)
    case .end:
      if process.program.hasLastWords, process.state == .running { send(random.pick(World.chatter), from: process) }
      die(process, random.pick(process.program.ends))
    case .daemon:
      fork(process, process.program.daemon, escapes: process.program.daemonsEscape, doubleForks: random.chance(perMille: 500))
    case .multiply:
      guard let tag = process.tag, activeCount(of: tag) < process.program.bomb, bombBirths < World.maximumBombBirths else { return }
      bombBirths += 1
      let before = nextSerial
      fork(process, process.program, escapes: random.chance(perMille: 200), doubleForks: random.chance(perMille: 300))
      guard nextSerial > before else { return }
      agenda.add(.process(nextSerial - 1, .multiply), at: clock + random.within(200_000...8_000_000))
      agenda.add(.process(process.serial, .multiply), at: clock + random.within(200_000...8_000_000))
    case .say(let text): send(text, from: process)
    case .chat(let left): chat(process, left)
    case .feed: feed(process)
    case .store(let count): store(process, count)
    case .forkMain: forkMain(process)
    case .writePID(let path): writePIDFile(process, path)
    case .readyLine: resolveReady(process, .ready)
    case .serve: serve(process)
    case .die, .wake: break
    }
  }

  /// Processes of an invocation that still live, by the world's own book.
  public func liveCount(of tag: Invocation) -> Int {
    var count = 0
    for process in table where process.tag == tag && process.isLive { count += 1 }
    return count
  }

  private func activeCount(of tag: Invocation) -> Int {
    var count = 0
    for process in table where process.tag == tag && process.isLive && !process.isDying { count += 1 }
    return count
  }

  private func exec(_ process: VirtualProcess) {
    guard process.state == .beforeExec else { return }
    if let errno = process.execErrno {
      resolvePipe(process, .failed(stage: process.execStage, errno: errno, detail: 0))
      note("exec-failed", Int64(process.pid), Int64(errno))
      // The child writes, then exits: between the two apus may read.
      soonOrNow(process, .die(.exited(process.execStage.rawValue)))
      return
    }
    process.state = .running
    resolvePipe(process, .executed)
    note("exec", Int64(process.pid))
    let program = process.program
    if let life = program.lifeMs {
      let span = random.within(life)
      if span == 0 { soonOrNow(process, .end) } else { later(.process(process.serial, .end), ms: span) }
    }
    for _ in 0..<program.daemons { later(.process(process.serial, .daemon), ms: random.within(0...30)) }
    if program.bomb > 0 { later(.process(process.serial, .multiply), ms: random.within(0...50)) }
    speak(process)
  }

  func soonOrNow(_ process: VirtualProcess, _ step: Step) {
    if random.chance(perMille: 500) { move(process, step) } else { soon(.process(process.serial, step)) }
  }

  private func resolvePipe(_ process: VirtualProcess, _ report: ExecReport) {
    for index in pipes.indices where pipes[index].serial == process.serial && pipes[index].report == .pending {
      pipes[index].report = report
    }
  }

  // MARK: Death

  static func death(by signal: Signal) -> ExitStatus {
    switch signal.number {
    case 3, 4, 5, 6, 7, 8, 11, 24, 25, 31: .dumped(signal)
    default: .killed(signal)
    }
  }

  func die(_ process: VirtualProcess, _ status: ExitStatus) {
    guard process.isLive else { return }
    if status == Program.outOfMemory { return exhaust(process) }
    // A child that is killed before exec leaves a pipe that ends without a word.
    resolvePipe(process, .executed)
    ended(process)
    dropConnections(of: process)
    process.state = .zombie(status)
    process.stopSignal = nil
    process.zombieSince = turns
    note("dies", Int64(process.pid), Int64(status.shellStatus))
    for child in table where child.parent == process.serial {
      child.parent = 0
      if child.isZombie {
        child.zombieSince = turns
        childSignal = true
      }
    }
    if process.parent == 0 {
      childSignal = true
    } else if let parent = bySerial[process.parent], parent.isLive {
      if !parent.program.isSlack { remove(process) }
    } else {
      remove(process)
    }
    if containmentMode == .cgroup, let tag = process.tag, liveCount(of: tag) == 0, !emptied.contains(tag) { emptied.append(tag) }
  }

  /// The kernel kills a process for want of memory, and counts it where there are cgroups.
  func exhaust(_ process: VirtualProcess) {
    guard process.isLive else { return }
    note("out-of-memory", Int64(process.pid))
    if containmentMode == .cgroup, let tag = process.tag {
      outOfMemoryKills[tag, default: 0] += 1
      if let key = process.key { memoryVictims.append((key, turns)) }
      happened("out of memory")
    }
    die(process, .killed(.kill))
  }

  // MARK: Signals

  func deliver(_ signal: Signal, to process: VirtualProcess) {
    guard process.isLive, !process.isDying else { return }
    defer { if process.program.bomb > 0 { provokeBomb(process) } }
    switch signal {
    case .kill:
      process.isDying = true
      killsSent += 1
      var delay = process.program.deathMs
      if strikes("a death is slow", perMille: faults.slowDeath) { delay = random.within(500...6000) }
      if delay > 0 {
        later(.process(process.serial, .die(.killed(.kill))), ms: delay)
      } else {
        soonOrNow(process, .die(.killed(.kill)))
      }
    case .stop, .terminalStop, Signal(21), Signal(22):
      process.isStopped = true
      if process.parent == 0 {
        process.stopSignal = signal
        childSignal = true
      }
    case .continue:
      guard process.isStopped else { return }
      process.isStopped = false
      process.stopSignal = nil
      let pending = process.pendingSignals
      let steps = process.deferredSteps
      process.pendingSignals = []
      process.deferredSteps = []
      for waiting in pending { deliver(waiting, to: process) }
      for step in steps { soon(.process(process.serial, step)) }
    case .child, Signal(23), Signal(28): break
    default: act(on: signal, process)
    }
  }

  /// A bomb that is attacked multiplies again, at once or soon: one of those not yet reached.
  private func provokeBomb(_ attacked: VirtualProcess) {
    guard random.chance(perMille: 700) else { return }
    for process in table where process.tag == attacked.tag && process.serial != attacked.serial && process.program.bomb > 0 {
      guard process.isLive, !process.isDying, !process.isStopped else { continue }
      if random.chance(perMille: 600) {
        move(process, .multiply)
      } else {
        agenda.add(.process(process.serial, .multiply), at: clock + random.within(0...1_000_000))
      }
      return
    }
  }

  private func act(on signal: Signal, _ process: VirtualProcess) {
    if process.isStopped {
      process.pendingSignals.append(signal)
      return
    }
    let isStopRequest =
      signal == .terminate || signal == .interrupt || signal == .quit || signal == .hangup
      || (signal == .abort && process.program.catchesAbort)
    // Before exec a child has default dispositions.
    if signal == .hangup, let span = process.program.reloadMs, process.state == .running { return announceReload(process, span) }
    let disposition = process.state == .running && isStopRequest ? process.program.term : .byDefault
    switch disposition {
    case .ignored: break
    case .handled(let status, let delay):
      if delay == 0 {
        soonOrNow(process, .die(.exited(status)))
      } else {
        later(.process(process.serial, .die(.exited(status))), ms: random.within(0...delay))
      }
    case .exhausts(let delay): later(.process(process.serial, .die(Program.outOfMemory)), ms: random.within(0...delay))
    case .byDefault:
      soonOrNow(process, .die(World.death(by: signal)))
    }
  }

  // MARK: Collecting

  func collect() -> ReapedChild? {
    var candidates: [VirtualProcess] = []
    for process in table where process.parent == 0 && (process.isZombie || process.stopSignal != nil) { candidates.append(process) }
    guard !candidates.isEmpty else { return nil }
    let process = candidates[random.below(candidates.count)]
    if case .zombie(let status) = process.state {
      remove(process)
      burials.append(Burial(pid: process.pid, key: process.key, serial: process.serial, status: status))
      note("reap", Int64(process.pid), Int64(status.shellStatus))
      return ReapedChild(pid: process.pid, kind: .ended(status))
    }
    let signal = process.stopSignal ?? .stop
    process.stopSignal = nil
    note("reap-stopped", Int64(process.pid), Int64(signal.number))
    return ReapedChild(pid: process.pid, kind: .stopped(signal))
  }
}
#endif
