import Model
import Testing

@testable import Runtime
@testable import Supervision

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

  /// The kernel's side reads signals ahead: what a turn leaves there wakes nobody.
  @Test func moreSignalsThanATurnTakesWakeTheNext() {
    var supervisor = Supervisor(StubKernel(), SupervisorConfiguration())
    supervisor.boot(LoadedUnits(units: [], diagnostics: [], starting: []))
    for _ in 0..<3 { supervisor.turn() }
    supervisor.kernel.signals = [ReceivedSignal](repeating: ReceivedSignal(.user1), count: Supervisor<StubKernel>.signalLimit + 2)
    supervisor.kernel.ready = [.signals]
    supervisor.turn()
    #expect(supervisor.kernel.signals.count == 2 && supervisor.nextWake == .zero)
    supervisor.turn()
    #expect(supervisor.kernel.signals.isEmpty && supervisor.nextWake != .zero)
  }

  /// A failing accept is as dear as one that works: of those who come one by one, only the first is followed by one.
  @Test func whoComesAloneIsAcceptedAlone() {
    var supervisor = Supervisor(StubKernel(), SupervisorConfiguration())
    let id = DescriptorID(1)
    supervisor.listeners[id] = WatchedListener(unit: UnitID(0), accepts: true)
    /// So many wait in this turn: how many were accepted, and how often it was tried.
    func turn(_ number: UInt64, _ waiting: Int) -> [Int] {
      supervisor.turns = number
      supervisor.kernel.connections = waiting
      supervisor.kernel.asked = 0
      var came: [Event] = []
      supervisor.collectTraffic(UnitID(0), id, &came)
      return [came.count, supervisor.kernel.asked]
    }
    #expect((1...7).map { turn($0 * 2, 1)[1] } == [2, 2, 2, 2, 1, 1, 1])
    // Many at once: the rest wakes the next turn; the fourth in a row takes all there are.
    #expect(turn(16, 7) == [1, 1])
    #expect(turn(17, 6) == [1, 1])
    #expect(turn(18, 5) == [1, 1])
    #expect(turn(19, 4) == [4, 5])
    #expect(turn(25, 70) == [64, 64])
    #expect(turn(26, 6) == [6, 7])
    // One in each turn, all new.
    #expect((30..<42).map { turn($0, 1)[1] } == [2, 2, 2, 2, 1, 1, 1, 2, 1, 1, 1, 2])
    #expect(turn(50, 0) == [0, 1])
    #expect(turn(52, 1) == [1, 1])
  }

  /// Whoever sees that a service does not start must be able to know why; but not once a second.
  @Test func aCommandThatWaitsForDescriptorsIsSaidOnce() {
    var supervisor = Supervisor(StubKernel(), SupervisorConfiguration())
    supervisor.kernel.spawnErrnos = [0] + [Int32](repeating: Errno.EMFILE, count: 12)
    supervisor.boot(LoadedUnits(units: [service("a"), service("b")], diagnostics: [], starting: [name("a.service"), name("b.service")]))
    func said() -> [String] { supervisor.kernel.said.map { $0.shown }.filter { $0.contains("too many open files") } }
    func turn() {
      supervisor.kernel.time += 1_000_000_000
      supervisor.turn()
    }
    while supervisor.kernel.spawnErrnos.count > 1 { turn() }
    #expect(
      said() == ["apus: warning: b.service: cannot start a command: too many open files; it waits until others have ended\n"])
    #expect(supervisor.kernel.spawned == 1)
    for _ in 0..<3 { turn() }
    #expect(supervisor.kernel.spawned == 2 && said().count == 1)
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
    var server = server(ControlLimits.clientsMax, &kernel, &requests)
    kernel.arriving = [AcceptedClient(id: ClientID(100), uid: 0, gid: 0)]
    server.accept(now: now, &kernel)
    #expect(kernel.closed == [ClientID(100)], "all of them are alive")
    #expect(kernel.sent[ClientID(100)]?.starts(with: "HTTP/1.1 503") == true, "it is told to come again")
    kernel.arriving = [AcceptedClient(id: ClientID(102), uid: 1000, gid: 1000)]
    server.accept(now: now, &kernel)
    #expect(kernel.closed.removeLast() == ClientID(102) && kernel.sent[ClientID(102)] == nil, "a stranger is told nothing")
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
