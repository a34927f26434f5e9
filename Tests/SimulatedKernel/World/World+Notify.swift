#if !EMBEDDED
import Model
import Runtime

// What a simulated service says to apus beside its exit: sd_notify datagrams, PID files, a line on its ReadyFd=.

/// One unit's notify socket: it outlives the unit's runs.
struct VirtualSocket {
  var unit: UnitID
  var queue: [(datagram: ReceivedDatagram, serial: UInt64, tag: Invocation?)] = []
}

/// A descriptor that apus was given; one open file may come more than once.
struct OpenFile {
  var unit: UnitID
  var id: DescriptorID
  var file: UInt32
}

/// A pipe of `ReadyFd=`.
struct ReadyPipe {
  var pid: Int32
  var serial: UInt64
  var report: ReadyReport
}

extension World {
  // MARK: Notify sockets

  func openSocket(_ unit: UnitID) -> NotifySocketOutcome {
    if socketIndex(unit) == nil {
      if strikes("no place for a notify socket", perMille: faults.noSocket) {
        note("no-notify-socket", Int64(unit.index))
        return .refused("/run/apus/notify: read-only file system".bytes)
      }
      sockets.append(VirtualSocket(unit: unit))
    }
    return .open(path: "/run/apus/notify/" + Bytes(decimal: unit.index))
  }

  func closeSocket(_ unit: UnitID) {
    guard let index = socketIndex(unit) else { return }
    for entry in sockets[index].queue { for id in entry.datagram.descriptors { release(id) } }
    sockets.remove(at: index)
  }

  func socketIndex(_ unit: UnitID) -> Int? { sockets.firstIndex { $0.unit == unit } }

  func receiveDatagram(_ unit: UnitID) -> ReceivedDatagram? {
    guard let index = socketIndex(unit), !sockets[index].queue.isEmpty else { return nil }
    let (datagram, serial, tag) = sockets[index].queue.removeFirst()
    delivered.append((unit, datagram.pid, tag, bySerial[serial].map { $0.isLive && isKnowable($0) } ?? false))
    if delivered.count > 4096 { delivered.removeFirst(2048) }
    return datagram
  }

  /// What arrives in the socket of the unit whose run the sender inherited.
  func send(_ text: String, from process: VirtualProcess, descriptors: Int = 0) {
    guard let unit = process.tag?.unit, let index = socketIndex(unit) else { return }
    // A full queue makes the sender wait; here what is too much is not sent.
    guard sockets[index].queue.count < 200 else { return }
    var ids: [DescriptorID] = []
    for _ in 0..<descriptors { ids.append(makeDescriptor(of: unit)) }
    let isTruncated = strikes("a datagram is too long", perMille: faults.truncated)
    if isTruncated { for id in ids { release(id) } }
    let datagram = ReceivedDatagram(
      bytes: isTruncated ? [] : text.bytes, pid: process.pid, uid: 0, descriptors: isTruncated ? [] : ids, isTruncated: isTruncated)
    sockets[index].queue.append((datagram, process.serial, process.tag))
    note("notify", Int64(process.pid), Int64(unit.index), text.bytes)
  }

  /// Somebody who is no process of any unit writes into a unit's socket.
  public func sendAsStranger(_ text: String) {
    guard !sockets.isEmpty else { return }
    let index = random.below(sockets.count)
    guard sockets[index].queue.count < 200 else { return }
    sockets[index].queue.append((ReceivedDatagram(bytes: text.bytes, pid: World.strangerPID, uid: 1000), 0, nil))
    note("stranger-notifies", Int64(sockets[index].unit.index), 0, text.bytes)
  }

  /// Above every pid that the table gives out.
  static let strangerPID: Int32 = 4_000_000

  // MARK: Descriptors held for services

  /// Services send what they stored before once more: every third is an open file that the unit has sent already.
  func makeDescriptor(of unit: UnitID) -> DescriptorID {
    nextDescriptor += 1
    let id = DescriptorID(nextDescriptor)
    let old = openFiles.filter { $0.unit == unit }
    let file = !old.isEmpty && random.chance(perMille: 330) ? random.pick(old).file : id.number
    openFiles.append(OpenFile(unit: unit, id: id, file: file))
    heldDescriptors.append(id)
    return id
  }

  /// The number of the open file; of one that is gone its own.
  func file(of id: DescriptorID) -> UInt32 { openFiles.first { $0.id == id }?.file ?? id.number }

  func isSame(_ one: DescriptorID, _ other: DescriptorID) -> Bool {
    for id in [one, other] where !heldDescriptors.contains(id) {
      violate("descriptor", "descriptor \(id.number) is compared, but not there".bytes)
    }
    guard file(of: one) == file(of: other) else { return false }
    if !random.chance(perMille: faults.compareRefused) { return true }
    // From here on it may be there twice.
    if let index = openFiles.firstIndex(where: { $0.id == other }) { openFiles[index].file = other.number }
    return false
  }

  /// One open file is passed once.
  func checkPassed(_ ids: [DescriptorID], pid: Int32) {
    for (index, id) in ids.enumerated() {
      if !heldDescriptors.contains(id) {
        violate("descriptor", "descriptor \(id.number) is passed to pid \(pid), but not there".bytes)
      }
      if ids[..<index].contains(where: { file(of: $0) == file(of: id) }) {
        violate("descriptor", "the file of descriptor \(id.number) is passed to pid \(pid) twice".bytes)
      }
    }
  }

  func release(_ id: DescriptorID) {
    guard let index = heldDescriptors.firstIndex(of: id) else {
      violate("descriptor", "descriptor \(id.number) was closed twice, or never there".bytes)
      return
    }
    heldDescriptors.remove(at: index)
    openFiles.removeAll { $0.id == id }
    watchedDescriptors.removeAll { $0 == id }
    closed(id)
  }

  func watchHeld(_ id: DescriptorID) -> Bool {
    guard heldDescriptors.contains(id) else {
      violate("descriptor", "descriptor \(id.number) is watched, but not there".bytes)
      return false
    }
    // Of every third the other end goes some day.
    if random.chance(perMille: 330) { agenda.add(.hangUp(id), at: clock + random.within(0...20_000_000_000)) }
    watchedDescriptors.append(id)
    return true
  }

  func hangUp(_ id: DescriptorID) {
    if watchedDescriptors.contains(id), !hungUp.contains(id) { hungUp.append(id) }
  }

  // MARK: Main PIDs that apus did not make

  func relationOf(_ pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation {
    if pid == ownPID || pid == 1 { return .supervisor }
    guard let process = process(pid) else { return .gone }
    if process.isZombie {
      if process.parent == 0 { happened("a sender or main process is dead and not reaped") }
      return process.parent == 0 ? .unreaped : .gone
    }
    let isChild = process.parent == 0
    return belongs(process, to: invocation, roots: roots) ? .member(isChild: isChild) : .stranger(isChild: isChild)
  }

  func direct(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] {
    var result: [Int32] = []
    for process in table where process.parent == 0 && belongs(process, to: invocation, roots: roots) { result.append(process.pid) }
    return result
  }

  func watchForEnd(_ pid: Int32) -> Bool {
    guard let process = process(pid), process.isLive else { return false }
    watchedProcesses.append((pid, process.serial))
    return true
  }

  /// A PID file names who wrote it, or in a bad world somebody else.
  func readPID(_ path: Bytes) -> PIDFileContents {
    guard let contents = files.contents(path), !contents.isEmpty else { return .absent }
    if strikes("a PID file cannot be believed", perMille: faults.pidFileRefused) {
      return .refused("a link on its way belongs to uid 65534".bytes)
    }
    guard let number = contents.trimmed.unsignedDecimal, number > 0, number < 1 << 22 else { return .refused("it holds no number".bytes) }
    // Whoever owns a path owns it for good.
    let drawn: PIDFileTrust = random.chance(perMille: 500) ? .owned : random.chance(perMille: 700) ? .foreign : .unsafePath
    let trust = trustTold.first { $0.path == path }?.trust ?? drawn
    trustTold.removeAll { $0.path == path }
    trustTold.append((path, trust))
    return .pid(Int32(number), trust)
  }

  func writePIDFile(_ process: VirtualProcess, _ path: Bytes) {
    var pid = process.pid
    if process.program.writesWrongPID {
      process.program.writesWrongPID = false
      let others = table.filter { $0.isLive && $0.serial != process.serial }
      pid = others.isEmpty || random.chance(perMille: 200) ? ownPID : random.pick(others).pid
      later(.process(process.serial, .writePID(path)), ms: random.within(10...400))
    }
    files.write(path, Bytes(decimal: pid) + "\n")
    for watch in watchedPaths where watch.path == path && !changedPaths.contains(watch.unit) { changedPaths.append(watch.unit) }
    note("pid-file", Int64(pid), 0, path)
  }

  // MARK: ReadyFd=

  func readReady(_ pid: Int32) -> ReadyReport {
    for index in readyPipes.indices where readyPipes[index].pid == pid {
      let report = readyPipes[index].report
      if report != .pending { readyPipes.remove(at: index) }
      return report
    }
    violate("ready-pipe", "the pipe of ReadyFd= of pid \(pid) was read again after its end".bytes)
    return .closed
  }

  func resolveReady(_ process: VirtualProcess, _ report: ReadyReport) {
    for index in readyPipes.indices where readyPipes[index].serial == process.serial && readyPipes[index].report == .pending {
      readyPipes[index].report = report
    }
  }

  // MARK: What is ready

  func notifyReadiness() -> [Readiness] {
    var found: [Readiness] = []
    for socket in sockets where !socket.queue.isEmpty { found.append(.notify(socket.unit)) }
    for unit in changedPaths { found.append(.pathChanged(unit)) }
    changedPaths.removeAll()
    for pid in endedProcesses { found.append(.processEnded(pid)) }
    toldEnds = endedProcesses
    endedProcesses.removeAll()
    for pipe in readyPipes where pipe.report != .pending { found.append(.readyReport(pipe.pid)) }
    for id in hungUp { found.append(.descriptorHungUp(id)) }
    hungUp.removeAll()
    return found
  }

  /// A process is gone: who watched it is told.
  func ended(_ process: VirtualProcess) {
    resolveReady(process, .closed)
    guard let index = watchedProcesses.firstIndex(where: { $0.serial == process.serial }) else { return }
    watchedProcesses.remove(at: index)
    endedProcesses.append(process.pid)
  }
}

extension SimulatedKernel {
  public mutating func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation {
    world.enter()
    return world.relationOf(pid, to: invocation, roots: roots)
  }

  public mutating func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] {
    world.enter()
    return world.direct(invocation, roots: roots)
  }

  public mutating func watchProcess(_ pid: Int32) -> Bool {
    world.enter()
    return world.watchForEnd(pid)
  }

  public mutating func outOfMemoryKills(_ invocation: Invocation) -> UInt64 {
    world.enter()
    return world.containmentMode == .cgroup ? world.outOfMemoryKills[invocation] ?? 0 : 0
  }

  public mutating func openNotifySocket(_ unit: UnitID) -> NotifySocketOutcome {
    world.enter()
    return world.openSocket(unit)
  }

  public mutating func closeNotifySocket(_ unit: UnitID) {
    world.enter()
    world.closeSocket(unit)
  }

  public mutating func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? {
    world.enter()
    return world.receiveDatagram(unit)
  }

  public mutating func readPIDFile(_ path: Bytes) -> PIDFileContents {
    world.enter()
    return world.readPID(path)
  }

  public mutating func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool {
    world.enter()
    world.watchedPaths.removeAll { $0.unit == unit }
    if world.strikes("a path cannot be watched", perMille: world.faults.noWatch) { return false }
    world.watchedPaths.append((unit, path))
    return true
  }

  public mutating func unwatchPath(_ unit: UnitID) {
    world.enter()
    world.watchedPaths.removeAll { $0.unit == unit }
  }

  public mutating func closeDescriptor(_ id: DescriptorID) {
    world.enter()
    world.release(id)
  }

  public mutating func isSameFile(_ one: DescriptorID, _ other: DescriptorID) -> Bool {
    world.enter()
    return world.isSame(one, other)
  }

  public mutating func watchDescriptor(_ id: DescriptorID) -> Bool {
    world.enter()
    return world.watchHeld(id)
  }

  public mutating func readyReport(_ pid: Int32) -> ReadyReport {
    world.enter()
    return world.readReady(pid)
  }
}
#endif
