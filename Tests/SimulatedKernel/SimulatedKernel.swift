#if !EMBEDDED
import Model
import Runtime

/// The `Kernel` of the simulator: apus's window on the virtual `World`, which may move at every call.
public struct SimulatedKernel: Kernel {
  public let world: World

  public init(world: World) { self.world = world }

  public mutating func now() -> Now {
    world.enter(isWork: false)
    return world.now
  }

  public mutating func wait(until deadline: Instant, into ready: inout [Readiness]) {
    world.wait(until: deadline, into: &ready)
  }

  public mutating func watchWall(_ at: WallTime?) { world.wall.watched = at }

  public mutating func takeOutput(_ pid: Int32) -> Bytes {
    world.enter()
    return world.wall.outputs.removeValue(forKey: pid) ?? []
  }

  // MARK: Children

  public mutating func spawn(_ plan: SpawnPlan) -> SpawnOutcome {
    world.enter()
    return world.makeChild(plan)
  }

  public mutating func reap() -> ReapedChild? {
    world.enter()
    return world.collect()
  }

  public mutating func execReport(_ pid: Int32) -> ExecReport {
    world.enter()
    return world.readPipe(pid)
  }

  public mutating func nextSignal() -> ReceivedSignal? {
    world.enter()
    return world.takeSignal()
  }

  public mutating func signalChild(_ pid: Int32, _ signal: Signal) -> Bool {
    world.enter()
    return world.signalOwnChild(pid, signal)
  }

  public mutating func signalGroup(ofChild pid: Int32, _ signal: Signal) -> Bool {
    world.enter()
    return world.signalOwnGroup(pid, signal)
  }

  // MARK: Containment

  public func containment(ofOwnRTTime: Bool) -> Containment {
    world.containmentMode == .tag && ofOwnRTTime ? .group : world.containmentMode
  }

  public mutating func scan(
    _ wanted: [Invocation], roots: [KnownChild], cursor: inout ScanCursor, into members: inout [Member]
  ) -> Bool {
    world.enter()
    return world.scanTable(wanted, roots: roots, cursor: &cursor, into: &members)
  }

  public mutating func signalMember(_ member: Member, _ signal: Signal) -> Bool {
    world.enter()
    return world.signal(member, signal)
  }

  public mutating func killWhole(_ invocation: Invocation) -> Bool {
    world.enter()
    return world.killCgroup(invocation)
  }

  public mutating func killProcessGroup(_ invocation: Invocation, _ signal: Signal) {
    world.enter()
    world.signalMainGroup(invocation, signal)
  }

  public mutating func isEmpty(_ invocation: Invocation, roots: [KnownChild]) -> Bool {
    world.enter()
    return world.isEmptyNow(invocation, roots: roots)
  }

  public mutating func forget(_ invocation: Invocation) {
    world.enter()
    world.forgotten.insert(invocation)
    world.mainGroups[invocation] = nil
  }

  public mutating func signalAll(_ signal: Signal) {
    world.enter()
    world.signalEverybody(signal)
  }

  public mutating func anyoneLeft() -> Bool {
    world.enter()
    return world.anybodyLeft
  }

  // MARK: Files

  public mutating func readFile(_ path: Bytes, limit: Int) -> FileContents {
    world.enter()
    return world.read(path, limit: limit)
  }

  public mutating func readLink(_ path: Bytes) -> Bytes? { world.files.readLink(path) }
  public mutating func listFolder(_ path: Bytes) -> FolderContents {
    world.enter()
    if world.files.contents(path) != nil { return .failed(errno: 20) }
    return world.files.list(path).map { .entries($0) } ?? .failed(errno: 2)
  }

  /// Files are as old as the world, unless a fault makes it look otherwise.
  public mutating func changedAt(_ path: Bytes) -> WallTime? {
    world.enter()
    if world.random.chance(perMille: world.faults.readFails) { return nil }
    return world.files.contents(path) == nil ? nil : WallTime(microseconds: 0)
  }

  public mutating func glob(_ pattern: Bytes) -> [Bytes] {
    world.enter()
    return world.files.contents(pattern) == nil ? [] : [pattern]
  }

  // MARK: Messages

  public mutating func say(_ bytes: Bytes, mayWait: Bool) {
    world.enter()
    world.hear(bytes)
  }

  public var droppedMessages: UInt64 { 0 }

  public mutating func notify(_ text: Bytes) {
    world.enter()
    world.notified.append(text)
  }

  // MARK: Control connections

  public mutating func accept() -> AcceptedClient? {
    world.enter()
    return world.acceptNext()
  }

  public mutating func receive(_ client: ClientID, limit: Int) -> ReceiveOutcome {
    world.enter()
    return world.receiveFrom(client, limit: limit)
  }

  public mutating func send(_ client: ClientID, _ bytes: ArraySlice<UInt8>) -> Int? {
    world.enter()
    return world.sendTo(client, bytes)
  }

  public mutating func setWantsWritable(_ client: ClientID, _ wanted: Bool) { world.wants(client, writable: wanted) }
  public mutating func setWantsReadable(_ client: ClientID, _ wanted: Bool) { world.wants(client, readable: wanted) }

  public mutating func close(_ client: ClientID) {
    world.enter()
    world.closeClient(client)
  }

  // MARK: COMMAND's terminal

  public mutating func commandStopped(_ pid: Int32, _ signal: Signal, suspendSelf: Bool) {
    world.enter()
    world.note("command-stopped", Int64(pid), Int64(signal.number))
    _ = world.signalOwnGroup(pid, .continue)
  }

  public mutating func takeTerminalBack() { world.enter() }

  public var isInit: Bool { world.isInit }

  public mutating func random() -> UInt64 { world.random.next() }
}
#endif
