import Model

@testable import Runtime
@testable import Supervision

/// A kernel in which nothing happens but what a test puts in.
struct StubKernel: Kernel {
  var signals: [ReceivedSignal] = []
  var ready: [Readiness] = []
  var spawned = 0
  /// The errno of each spawn that is to come; 0, and none: it works.
  var spawnErrnos: [Int32] = []
  var arriving: [AcceptedClient] = []
  var incoming: [ClientID: [ReceiveOutcome]] = [:]
  var sent: [ClientID: Bytes] = [:]
  var room = Int.max
  var unread: [ClientID: Bool] = [:]
  var closed: [ClientID] = []
  var reapable: [ReapedChild] = []
  var reports: [Int32: ExecReport] = [:]
  var plans: [SpawnPlan] = []
  /// What `relation` says; others are gone.
  var relations: [Int32: ProcessRelation] = [:]
  var direct: [Int32] = []
  var pidFile = PIDFileContents.absent
  var canWatch = true
  var watchedPaths: [UnitID: Bytes] = [:]
  var watchedProcesses: [Int32] = []
  var socket = NotifySocketOutcome.refused(Bytes("no place"))
  var datagrams: [ReceivedDatagram] = []
  var closedDescriptors: [DescriptorID] = []
  /// Descriptors that are one open file.
  var same: [[DescriptorID]] = []
  var readyReports: [Int32: ReadyReport] = [:]
  var kills: UInt64 = 0
  var said: [Bytes] = []
  /// Connections that wait to be accepted, and how often that was tried.
  var connections = 0
  var asked = 0
  var signalled: [Int32] = []
  var time: Int64 = 1
  var files: [Bytes: Bytes] = [:]
  var changes: [Bytes: WallTime] = [:]
  var folders: [Bytes: [Bytes]] = [:]
  var isInit: Bool { false }
  var droppedMessages: UInt64 { 0 }

  mutating func watchWall(_ at: WallTime?) {}
  mutating func takeOutput(_ pid: Int32) -> Bytes { [] }

  func now() -> Now { Now(instant: Instant(nanoseconds: time), wall: WallTime(microseconds: 1)) }
  mutating func wait(until deadline: Instant, into ready: inout [Readiness]) { ready += self.ready; self.ready = [] }
  mutating func spawn(_ plan: SpawnPlan) -> SpawnOutcome {
    let errno = spawnErrnos.isEmpty ? 0 : spawnErrnos.removeFirst()
    if errno != 0 { return .failed(errno: errno) }
    spawned += 1
    plans.append(plan)
    return .started(pid: 99 + Int32(spawned))
  }
  mutating func reap() -> ReapedChild? { reapable.isEmpty ? nil : reapable.removeFirst() }
  func execReport(_ pid: Int32) -> ExecReport { reports[pid] ?? .pending }
  mutating func nextSignal() -> ReceivedSignal? { signals.isEmpty ? nil : signals.removeFirst() }
  mutating func signalChild(_ pid: Int32, _ signal: Signal) -> Bool { signalled.append(pid); return true }
  func signalGroup(ofChild pid: Int32, _ signal: Signal) -> Bool { true }
  func containment(ofOwnRTTime: Bool) -> Containment { .group }
  func scan(_ wanted: [Invocation], roots: [KnownChild], cursor: inout ScanCursor, into members: inout [Member]) -> Bool { true }
  func signalMember(_ member: Member, _ signal: Signal) -> Bool { false }
  func killWhole(_ invocation: Invocation) -> Bool { false }
  func killProcessGroup(_ invocation: Invocation, _ signal: Signal) {}
  func isEmpty(_ invocation: Invocation, roots: [KnownChild]) -> Bool { true }
  func forget(_ invocation: Invocation) {}
  func signalAll(_ signal: Signal) {}
  func anyoneLeft() -> Bool { false }
  func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation { relations[pid] ?? .gone }
  func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] { direct }
  mutating func watchProcess(_ pid: Int32) -> Bool {
    if relations[pid] == nil { return false }
    watchedProcesses.append(pid)
    return true
  }
  func outOfMemoryKills(_ invocation: Invocation) -> UInt64 { kills }
  func openNotifySocket(_ unit: UnitID) -> NotifySocketOutcome { socket }
  func closeNotifySocket(_ unit: UnitID) {}
  mutating func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? { datagrams.isEmpty ? nil : datagrams.removeFirst() }
  func readPIDFile(_ path: Bytes) -> PIDFileContents { pidFile }
  mutating func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool {
    if canWatch { watchedPaths[unit] = path }
    return canWatch
  }
  mutating func unwatchPath(_ unit: UnitID) { watchedPaths[unit] = nil }
  mutating func closeDescriptor(_ id: DescriptorID) { closedDescriptors.append(id) }
  func isSameFile(_ one: DescriptorID, _ other: DescriptorID) -> Bool { same.contains { $0.contains(one) && $0.contains(other) } }
  func watchDescriptor(_ id: DescriptorID) -> Bool { true }
  func readyReport(_ pid: Int32) -> ReadyReport { readyReports[pid] ?? .pending }
  func readLink(_ path: Bytes) -> Bytes? { nil }
  func readFile(_ path: Bytes, limit: Int) -> FileContents {
    files[path].map { .contents($0) } ?? .failed(errno: 2)
  }
  func listFolder(_ path: Bytes) -> FolderContents {
    folders[path].map { .entries($0) } ?? .failed(errno: 2)
  }
  func changedAt(_ path: Bytes) -> WallTime? { changes[path] }
  func glob(_ pattern: Bytes) -> [Bytes] { [] }
  mutating func say(_ bytes: Bytes, mayWait: Bool) { said.append(bytes) }
  func notify(_ text: Bytes) {}
  mutating func accept() -> AcceptedClient? { arriving.isEmpty ? nil : arriving.removeFirst() }
  mutating func receive(_ client: ClientID, limit: Int) -> ReceiveOutcome {
    incoming[client]?.isEmpty == false ? incoming[client]?.removeFirst() ?? .nothingYet : .nothingYet
  }
  mutating func send(_ client: ClientID, _ bytes: ArraySlice<UInt8>) -> Int? {
    let count = min(room, bytes.count)
    sent[client, default: []] += bytes.prefix(count)
    return count
  }
  func setWantsWritable(_ client: ClientID, _ wanted: Bool) {}
  mutating func setWantsReadable(_ client: ClientID, _ wanted: Bool) { unread[client] = !wanted }
  mutating func close(_ client: ClientID) { closed.append(client) }
  func commandStopped(_ pid: Int32, _ signal: Signal, suspendSelf: Bool) {}
  func takeTerminalBack() {}
  func random() -> UInt64 { 7 }

  func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome { .failed([], mayPass: false) }
  func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Int32 { 1 }
  func unwatchListener(_ id: DescriptorID) {}
  mutating func acceptConnection(_ id: DescriptorID) -> AcceptOutcome {
    asked += 1
    if connections == 0 { return .nothing }
    connections -= 1
    return .connection(AcceptedConnection(id: DescriptorID(1000 + UInt32(asked)), local: .unknown, peer: .unknown))
  }
  func flushListener(_ id: DescriptorID) {}
  func removeNode(_ path: Bytes) {}
  func sendFile(_ id: DescriptorID, path: Bytes) {}
  func countConnections(_ ids: [DescriptorID]) -> (count: UInt32?, hadTraffic: Bool) { (nil, false) }
  func watchPaths(_ unit: UnitID, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) -> Bytes? { nil }
  func unwatchPaths(_ unit: UnitID) {}
}
