import Model
import Testing

@testable import Runtime
@testable import Supervision

/// A kernel in which nothing happens but what a test puts in.
struct StubKernel: Kernel {
  var signals: [ReceivedSignal] = []
  var ready: [Readiness] = []
  var spawned = 0
  var arriving: [AcceptedClient] = []
  var incoming: [ClientID: [ReceiveOutcome]] = [:]
  var sent: [ClientID: Bytes] = [:]
  var room = Int.max
  var unread: [ClientID: Bool] = [:]
  var closed: [ClientID] = []
  var isInit: Bool { false }
  var droppedMessages: UInt64 { 0 }

  func now() -> Now { Now(instant: Instant(nanoseconds: 1), wall: WallTime(microseconds: 1)) }
  mutating func wait(until deadline: Instant, into ready: inout [Readiness]) { ready += self.ready; self.ready = [] }
  mutating func spawn(_ plan: SpawnPlan) -> SpawnOutcome { spawned += 1; return .started(pid: 100) }
  func reap() -> ReapedChild? { nil }
  func execReport(_ pid: Int32) -> ExecReport { .pending }
  mutating func nextSignal() -> ReceivedSignal? { signals.isEmpty ? nil : signals.removeFirst() }
  func signalChild(_ pid: Int32, _ signal: Signal) -> Bool { true }
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
  func relation(of pid: Int32, to invocation: Invocation, roots: [KnownChild]) -> ProcessRelation { .gone }
  func directMembers(_ invocation: Invocation, roots: [KnownChild]) -> [Int32] { [] }
  func watchProcess(_ pid: Int32) -> Bool { false }
  func openNotifySocket(_ unit: UnitID) -> Bytes? { nil }
  func closeNotifySocket(_ unit: UnitID) {}
  func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? { nil }
  func readPIDFile(_ path: Bytes) -> PIDFileContents { .absent }
  func watchPath(_ unit: UnitID, _ path: Bytes) -> Bool { false }
  func unwatchPath(_ unit: UnitID) {}
  func closeDescriptor(_ id: DescriptorID) {}
  func watchDescriptor(_ id: DescriptorID) -> Bool { false }
  func readyReport(_ pid: Int32) -> ReadyReport { .pending }
  func readLink(_ path: Bytes) -> Bytes? { nil }
  func readFile(_ path: Bytes, limit: Int) -> FileContents { .failed(errno: 2) }
  func listFolder(_ path: Bytes) -> FolderContents { .failed(errno: 2) }
  func glob(_ pattern: Bytes) -> [Bytes] { [] }
  func say(_ bytes: Bytes) {}
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
}

@Suite struct LoopCornerTests {
  @Test func aSignalThatComesBeforeCommandIsSpawnedEndsIt() {
    var configuration = SupervisorConfiguration()
    configuration.manager.command = [Bytes("/bin/sleep")]
    configuration.manager.isWrapper = true
    var supervisor = Supervisor(StubKernel(), configuration)
    supervisor.boot(LoadedUnits(units: [], diagnostics: [], starting: []))
    supervisor.kernel.signals = [ReceivedSignal(.terminate)]
    supervisor.kernel.ready = [.signals]
    for _ in 0..<4 where supervisor.exitStatus == nil { supervisor.turn() }
    #expect(supervisor.exitStatus == 143)
    #expect(supervisor.kernel.spawned == 0)
  }
}

@Suite struct ControlServerTests {
  private static let ask = Bytes("GET /v1/units HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
  private let now = Instant(nanoseconds: 1)

  /// A server with so many clients of root, each of which has asked something.
  private func server(_ count: Int, _ kernel: inout StubKernel, _ requests: inout [(RequestID, Request)]) -> ControlServer {
    var server = ControlServer(ownUID: 0, groupID: nil)
    for number in 1...UInt32(count) {
      let id = ClientID(number)
      kernel.arriving = [AcceptedClient(id: id, uid: 0, gid: 0)]
      server.accept(now: now, &kernel)
      kernel.incoming[id] = [.bytes(Self.ask)]
      server.readable(id, now: now, &kernel, &requests)
    }
    return server
  }

  @Test func whoStillWaitsAtTheEndIsAnswered() {
    var kernel = StubKernel()
    var requests: [(RequestID, Request)] = []
    var server = server(2, &kernel, &requests)
    #expect(requests.count == 2)
    server.closeAll(&kernel)
    for number: UInt32 in 1...2 { #expect(kernel.sent[ClientID(number)]?.starts(with: "HTTP/1.1 503") == true) }
  }

  @Test func clientsThatLeftWhileTheyWaitedGiveTheirPlaceToRoot() {
    var kernel = StubKernel()
    var requests: [(RequestID, Request)] = []
    var server = server(ControlServer.clientsMax, &kernel, &requests)
    kernel.arriving = [AcceptedClient(id: ClientID(100), uid: 0, gid: 0)]
    server.accept(now: now, &kernel)
    #expect(kernel.closed == [ClientID(100)], "all of them are alive")
    kernel.incoming[ClientID(9)] = [.closed]
    kernel.arriving = [AcceptedClient(id: ClientID(101), uid: 0, gid: 0)]
    server.accept(now: now, &kernel)
    #expect(kernel.closed == [ClientID(100), ClientID(9)])
  }

  @Test func whoDoesNotReadItsAnswersIsNotRead() {
    var kernel = StubKernel()
    kernel.room = 0
    var requests: [(RequestID, Request)] = []
    var server = server(1, &kernel, &requests)
    let big = Reply.failed(.refused, message: Bytes(repeating: 97, count: ControlServer.unsentMax), diagnostics: [])
    server.reply(requests[0].0, big, now: now, &kernel, &requests)
    #expect(kernel.unread[ClientID(1)] == true)
    kernel.room = Int.max
    server.writable(ClientID(1), now: now, &kernel, &requests)
    #expect(kernel.unread[ClientID(1)] == false)
  }
}
