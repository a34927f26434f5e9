#if !EMBEDDED
import Model
import Runtime

extension World {
  /// The one call in which time jumps: to the deadline, or to the first thing that makes something ready.
  func wait(until deadline: Instant, into ready: inout [Readiness]) {
    turns += 1
    callsThisTurn = 0
    workThisTurn = 0
    lastWake = Wake(deadline: deadline, enteredAt: clock)
    enter(isWork: false)
    var found = readiness()
    if found.isEmpty, deadline.nanoseconds > clock, strikes("apus wakes for nothing", perMille: faults.spurious) {
      found = [spuriousReadiness()]
      lastWake.isSpurious = true
    }
    while found.isEmpty, clock < deadline.nanoseconds {
      let limit = min(deadline.nanoseconds, wallDeadline)
      guard let next = agenda.next else {
        if limit == .max {
          isStuck = true
          break
        }
        clock = max(clock, limit)
        found = readiness()
        break
      }
      if next >= limit {
        clock = max(clock, limit)
        found = readiness()
        break
      }
      clock = max(clock, next)
      runDue()
      found = readiness()
    }
    if found.isEmpty, oversleeps(deadline) { found = readiness() }
    for index in found.indices.dropLast() { found.swapAt(index, index + random.below(found.count - index)) }
    ready.append(contentsOf: found.prefix(64))
    delivered(found.prefix(64))
    lastWake.leftAt = clock
    lastWake.ready = min(found.count, 64)
    note("wake", Int64(lastWake.ready))
    checkZombies()
  }

  /// Timers never fire early; late they may be, by a busy machine or a paused container.
  private func oversleeps(_ deadline: Instant) -> Bool {
    guard deadline != .never, strikes("apus oversleeps", perMille: faults.oversleep) else { return false }
    let began = clock
    let end = clock + random.within(0...(random.chance(perMille: 950) ? 30_000_000 : 20_000_000_000))
    while let next = agenda.next, next <= end {
      clock = max(clock, next)
      runDue()
    }
    clock = end
    if end - began > 1_000_000_000 { lastLongSleep = end }
    return true
  }

  private func readiness() -> [Readiness] {
    var found: [Readiness] = []
    if let told = wallReadiness() { found.append(told) }
    if childSignal || !signals.isEmpty { found.append(.signals) }
    for pipe in pipes where pipe.report != .pending && !pipe.isQuiet { found.append(.execReport(pipe.pid)) }
    if !backlog.isEmpty { found.append(.listener) }
    for client in clients where client.isAccepted {
      if client.wantsReadable, client.isReadable { found.append(.readable(ClientID(client.id))) }
      if client.wantsWritable, client.isWritable { found.append(.writable(ClientID(client.id))) }
    }
    found += notifyReadiness()
    found += socketReadiness()
    if !emptied.isEmpty {
      found.append(.membership)
      emptied.removeAll()
    }
    if !found.isEmpty {
      for pipe in pipes where pipe.report != .pending && pipe.isQuiet { found.append(.execReport(pipe.pid)) }
    }
    return found
  }

  private func spuriousReadiness() -> Readiness {
    var choices: [Readiness] = [.signals, .listener, .membership]
    for socket in sockets { choices.append(.notify(socket.unit)) }
    for pipe in readyPipes { choices.append(.readyReport(pipe.pid)) }
    for pipe in pipes { choices.append(.execReport(pipe.pid)) }
    for client in clients where client.isAccepted && client.wantsReadable { choices.append(.readable(ClientID(client.id))) }
    for listener in listeners { if let watch = listener.watch, watch.isArmed { choices.append(.traffic(watch.unit, listener.id)) } }
    note("spurious")
    return random.pick(choices)
  }

  func takeSignal() -> ReceivedSignal? {
    childSignal = false
    return signals.isEmpty ? nil : signals.removeFirst()
  }

  func readPipe(_ pid: Int32) -> ExecReport {
    for index in pipes.indices where pipes[index].pid == pid {
      let report = pipes[index].report
      if report != .pending {
        pipes.remove(at: index)
        note("exec-report", Int64(pid))
      }
      return report
    }
    violate("exec-pipe", "the exec-status pipe of pid \(pid) was read again after its end".bytes)
    return .executed
  }

  func read(_ path: Bytes, limit: Int) -> FileContents {
    if readFaultsAreOn, files.contents(path) != nil, strikes("a file cannot be read", perMille: faults.readFails) {
      note("read-fails", 0, 0, path)
      return .failed(errno: random.pick([5, 13, 23]))
    }
    return files.read(path, limit: limit)
  }

  func hear(_ bytes: Bytes) {
    said.append(bytes)
    if said.count > 400 { said.removeFirst(200) }
    note("says", 0, 0, bytes.trimmed)
  }

  static let turnsToReap = 60

  /// A dead child of apus is collected within a bounded number of turns.
  private func checkZombies() {
    for process in table where process.parent == 0 && process.isZombie && turns - process.zombieSince > World.turnsToReap {
      violate("zombie", "pid \(process.pid) has been dead for \(turns - process.zombieSince) turns and was not reaped".bytes)
    }
  }
}
#endif
