import Model
import Testing

@testable import Supervision

/// Accept=yes: instances, limits, access (units.md d.1, d.4).
@Suite struct ConnectionTests {
  private func world(_ change: (inout SocketSettings) -> Void = { _ in }, template: Unit = service("a@")) -> World {
    let socket = ActivationTests.socket("a") {
      $0.accepts = true
      $0.service = name("a@.service")
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 200)
      change(&$0)
    }
    var world = World([socket], starting: ["a.socket"])
    world.outside.template = template
    return world
  }

  private func v4(_ number: UInt32, _ port: UInt16 = 5000) -> SocketAddress { .ip(IPAddress(v4: number), port: port) }

  @Test func anInstanceForEachConnection() {
    var world = world()
    let first = world.connect("a.socket")
    let second = world.connect("a.socket", from: .process(pid: 77, uid: 1000))
    #expect(world.spawns.map { $0.unitName.shown } == ["a@0-127.0.0.1:80-127.0.0.1:5000.service", "a@1-77-1000.service"])
    #expect(world.spawns[0].descriptors == [PassedDescriptor(id: first!, name: Bytes("connection"), isStored: false)])
    #expect(world.spawns[0].environment.contains(Bytes("REMOTE_ADDR=127.0.0.1")))
    #expect(world.spawns[0].environment.contains(Bytes("REMOTE_PORT=5000")))
    #expect(!world.spawns[1].environment.contains { $0.starts(with: "REMOTE_") })
    #expect(world.closed == [first!, second!], "handed over: the peer sees the service's end at once")
    #expect(world.record("a.socket")?.socket?.connections == 2)
    world.end("a@0-127.0.0.1:80-127.0.0.1:5000.service")
    #expect(world.record("a@0-127.0.0.1:80-127.0.0.1:5000.service") == nil, "forgotten")
    #expect(world.record("a.socket")?.socket?.connections == 1)
    #expect(world.record("a.socket")?.socket?.accepted == 2)
    #expect(world.messages.contains { $0.contains("connection from 127.0.0.1:5000 ended after 0ms") })
  }

  @Test func slotsAreUsedAgain() {
    var world = world()
    for round in 0..<500 {
      world.connect("a.socket")
      world.advance(TimeSpan(milliseconds: 20))
      world.end("a@\(round)-127.0.0.1:80-127.0.0.1:5000.service", .main, .exited(UInt8(round % 2)))
    }
    #expect(world.record("a.socket")?.socket?.accepted == 500)
    #expect(world.manager.records.count == 2)
    #expect(world.record("a.socket")?.socket?.sources.isEmpty == true)
  }

  @Test func exactlyTheSurplusIsSentAway() {
    var world = world { $0.maxConnections = 3 }
    let ids = (0..<5).compactMap { world.connect("a.socket", from: v4(0x0a00_0001 + UInt32($0))) }
    #expect(world.spawns.count == 3)
    #expect(world.record("a.socket")?.socket?.refused == 2)
    #expect(Array(world.closed.suffix(2)) == Array(ids.suffix(2)))
    world.end(world.spawns[0].unitName.shown)
    world.connect("a.socket")
    #expect(world.spawns.count == 4)
  }

  @Test func perSource() {
    var world = world { $0.maxConnectionsPerSource = 1 }
    world.connect("a.socket", from: v4(1, 1))
    world.connect("a.socket", from: v4(1, 2))
    world.connect("a.socket", from: v4(2, 3))
    #expect(world.spawns.count == 2)
    #expect(world.record("a.socket")?.socket?.refused == 1)
  }

  @Test func accessByAddress() {
    func lets(_ allow: [(UInt32, Int)], _ deny: [(UInt32, Int)], _ peer: UInt32) -> Bool {
      let settings = SocketSettings(service: name("a@.service"))
      settings.allowed = allow.map { IPRange(address: IPAddress(v4: $0.0), prefix: UInt8($0.1)) }
      settings.denied = deny.map { IPRange(address: IPAddress(v4: $0.0), prefix: UInt8($0.1)) }
      return settings.lets(in: v4(peer))
    }
    let ten: UInt32 = 0x0a00_0000
    #expect(lets([], [], 1))
    #expect(lets([(ten, 104)], [], ten + 5))
    #expect(!lets([(ten, 104)], [], 1))
    #expect(lets([], [(ten, 104)], 1))
    #expect(!lets([], [(ten, 104)], ten + 5))
    #expect(!lets([(ten, 104)], [(ten, 120)], ten + 5))
    #expect(lets([(ten, 120)], [(ten, 104)], ten + 5))
    #expect(!lets([(ten, 120)], [(ten, 120)], ten + 5), "a tie denies")
    #expect(lets([(ten + 5, 128)], [(0, 96)], ten + 5))
    let six = SocketSettings(service: name("a@.service"))
    six.denied = [IPRange(address: IPAddress(high: 0x2001_0db8_0000_0000, low: 0), prefix: 32)]
    #expect(!six.lets(in: .ip(IPAddress(high: 0x2001_0db8_1234_0000, low: 7), port: 1)))
    #expect(six.lets(in: .ip(IPAddress(high: 0x2001_0db9_0000_0000, low: 7), port: 1)))
    #expect(six.lets(in: .process(pid: 1, uid: 1)))
  }

  @Test func accessByTime() {
    func isOpen(_ ranges: [(Int, Int)], _ minute: Int) -> Bool {
      let settings = SocketSettings(service: name("a@.service"))
      settings.times = ranges.map { DayRange(from: UInt16($0.0), to: UInt16($0.1)) }
      return settings.isOpen(at: UInt16(minute))
    }
    #expect(isOpen([], 0))
    #expect(isOpen([(480, 1080)], 480))
    #expect(!isOpen([(480, 1080)], 1080))
    #expect(isOpen([(1320, 360)], 0))
    #expect(isOpen([(1320, 360)], 1439))
    #expect(!isOpen([(1320, 360)], 360))
  }

  @Test func refusedOnesSeeTheirBanner() {
    var world = world {
      $0.denied = [IPRange(address: IPAddress(v4: 0), prefix: 96)]
      $0.banner = Bytes("/b")
      $0.bannerFail = Bytes("/f")
      $0.bannerSuccess = Bytes("/s")
    }
    let id = world.connect("a.socket")
    #expect(world.outside.sent.map { $0.1.shown } == ["/b", "/f"])
    #expect(world.closed == [id!])
    #expect(world.spawns.isEmpty)
  }

  @Test func aQuickSourceIsSlowedAloneAndLosesNothing() {
    var world = world { $0.sourceLimit = RateLimit(interval: TimeSpan(seconds: 1), burst: 2) }
    for _ in 0..<6 { world.connect("a.socket", from: v4(1)) }
    #expect(world.spawns.count == 2)
    world.connect("a.socket", from: v4(2))
    #expect(world.spawns.count == 3, "others are not slowed")
    world.advance(TimeSpan(milliseconds: 500))
    #expect(world.spawns.count == 4)
    world.advance(TimeSpan(milliseconds: 1500))
    #expect(world.spawns.count == 7)
    #expect(world.record("a.socket")?.socket?.refused == 0)
    world.advance(TimeSpan(seconds: 5))
    for _ in 0..<40 { world.connect("a.socket", from: v4(3)) }
    #expect(world.record("a.socket")?.socket?.refused == 40 - 2 - 16, "as many wait as may")
  }

  /// One that waited for its instance when the socket was given up was counted for ever: in the end MaxConnections= let nobody in.
  @Test func whatWaitedAtTheEndIsNotCountedAnyMore() {
    var world = world {
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 1)
      $0.sourceLimit = RateLimit(interval: TimeSpan(seconds: 1), burst: 2)
    }
    guard let unit = world.manager.find(Bytes("a.socket")) else { return #expect(Bool(false), "no socket") }
    // All in one turn: nothing is answered in between.
    var effects: [Effect] = []
    for (number, peer) in [(901, v4(1)), (902, v4(1)), (903, v4(1)), (904, v4(2))] as [(UInt32, SocketAddress)] {
      let connection = AcceptedConnection(id: DescriptorID(number), local: v4(9), peer: peer)
      world.manager.handle(.accepted(unit, connection), now: world.now, effects: &effects)
    }
    #expect(world.state("a.socket") != .exited)
    #expect(world.record("a.socket")?.socket?.connections == 0)
    #expect(world.record("a.socket")?.socket?.sources.allSatisfy { $0.live == 0 && $0.held == 0 } == true)
    var closed: [UInt32] = []
    for case .closeDescriptors(let ids) in effects { closed += ids.map { $0.number } }
    #expect(closed.filter { $0 > 900 }.sorted() == [901, 902, 903, 904])
  }

  @Test func triggerLimitEndsIt() {
    var world = world { $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3) }
    for _ in 0..<3 { world.connect("a.socket") }
    #expect(world.state("a.socket") == .exited)
    world.connect("a.socket")
    #expect(world.state("a.socket") == .failed)
    #expect(world.spawns.count == 3)
    #expect(world.closed.count == 3 + 2, "the listener and the connection")
  }

  @Test func triggerLimitWithRearmPausesAfterIt() {
    var world = world {
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3)
      $0.rearm = TimeSpan(seconds: 10)
    }
    for _ in 0..<6 { world.connect("a.socket") }
    #expect(world.spawns.count == 4, "the one that hit the limit is served, the others wait in the queue")
    world.advance(TimeSpan(seconds: 10))
    #expect(world.isWatched("a.socket"))
    world.connect("a.socket")
    #expect(world.spawns.count == 5)
  }

  /// Several are accepted in one turn; only the first of them are within the limit.
  @Test func whatWasAcceptedWhenThePauseBeganWaits() {
    var world = world {
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3)
      $0.rearm = TimeSpan(seconds: 10)
    }
    guard let unit = world.manager.find(Bytes("a.socket")) else { return #expect(Bool(false), "no socket") }
    for number in 0..<10 {
      world.send(.accepted(unit, AcceptedConnection(id: DescriptorID(UInt32(900 + number)), local: v4(9), peer: v4(1, UInt16(number)))))
    }
    #expect(world.spawns.count == 4)
    #expect(world.messages.filter { $0.contains("triggered too often") }.count == 1)
    world.advance(TimeSpan(seconds: 10))
    #expect(world.spawns.count == 8)
    world.advance(TimeSpan(seconds: 10))
    #expect(world.spawns.count == 10)
    #expect(world.isWatched("a.socket"))
    #expect(world.closed.count == 10, "each was handed over, none dropped")
    #expect(world.record("a.socket")?.socket?.sources.allSatisfy { $0.held == 0 } == true)
  }

  /// A requirement of the template fails: the instance never starts, and is forgotten with its connection.
  @Test func aFailedRequirementClosesTheConnection() {
    let template = service("a@") { _ in }
    template.dependencies.add(name("b.service"), .requires)
    template.dependencies.add(name("b.service"), .after)
    let socket = ActivationTests.socket("a") {
      $0.accepts = true
      $0.service = name("a@.service")
    }
    var world = World([socket, service("b") { $0.type = .oneshot }], starting: ["a.socket"])
    world.outside.template = template
    for round in 1...3 {
      let id = world.connect("a.socket")
      world.end("b.service", .main, .exited(1))
      #expect(world.closed.contains(id!), "round \(round)")
      #expect(world.record("a.socket")?.socket?.connections == 0)
    }
  }

  /// Restart= in a template is for what fails, not for a connection that is over.
  @Test func anInstanceIsNotStartedForEver() {
    var world = world(template: service("a@") { $0.restart = .always })
    world.connect("a.socket")
    let unit = "a@0-127.0.0.1:80-127.0.0.1:5000.service"
    var starts = 1
    while world.record(unit) != nil && starts < 20 {
      world.end(unit)
      world.advance(TimeSpan(seconds: 1))
      starts = world.spawns.count
      if world.state(unit) != .running { world.advance(TimeSpan(seconds: 3)) }
    }
    #expect(world.record(unit) == nil)
    #expect(starts == 5 || starts == 6, "\(starts)")
    #expect(world.record("a.socket")?.socket?.connections == 0)
  }

  @Test func aBrokenTemplateClosesTheConnection() {
    var world = world()
    world.outside.template = nil
    let id = world.connect("a.socket")
    #expect(world.closed == [id!])
    #expect(world.record("a.socket")?.socket?.connections == 0)
  }

  @Test func severalCommandsKeepTheConnectionOpen() {
    let template = service("a@") {
      $0.type = .oneshot
      $0.start += [ExecCommand(path: Bytes("/second"), arguments: [])]
    }
    var world = world(template: template)
    let id = world.connect("a.socket")
    let unit = "a@0-127.0.0.1:80-127.0.0.1:5000.service"
    #expect(world.closed.isEmpty)
    world.end(unit)
    #expect(world.spawns.count == 2)
    #expect(world.spawns[1].descriptors.map { $0.id } == [id!])
    world.end(unit)
    #expect(world.closed == [id!])
  }

  @Test func instancesEndWithApusAndAreNoneOfAReload() {
    var world = world()
    world.connect("a.socket")
    #expect(world.manager.namesOfUnitPath.isEmpty)
    let loaded = LoadedUnits(units: [world.record("a.socket")!.unit], diagnostics: [], starting: [name("a.socket")])
    world.send(.loaded(.applyBySignal, loaded))
    #expect(world.live.count == 1)
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 0)
    #expect(world.live.isEmpty)
  }

  /// A template's `Requires=%i` may be another for each: what the one before it in the slot required is none of its.
  @Test func anInstanceHasNoneOfTheEdgesOfTheOneBefore() {
    let template = service("a@")
    template.dependencies.add(name("b.service"), .requires)
    let socket = ActivationTests.socket("a") {
      $0.accepts = true
      $0.service = name("a@.service")
    }
    var world = World([socket, service("b"), service("c")], starting: ["a.socket"])
    world.outside.template = template
    world.connect("a.socket")
    #expect(world.state("b.service") == .running)
    world.end("a@0-127.0.0.1:80-127.0.0.1:5000.service")
    world.outside.template = service("a@")
    world.connect("a.socket")
    let second = "a@1-127.0.0.1:80-127.0.0.1:5000.service"
    #expect(world.state(second) == .running && world.manager.records.count == 4, "in the slot of the first")
    _ = world.job(.stop, "b.service")
    #expect(world.state("b.service") == .dead && world.state(second) == .running)
  }

  @Test func anInstanceWithoutRoomForItsNameIsSaid() {
    let long = String(repeating: "n", count: 215)
    var world = world { $0.service = name(long + "@.service") }
    let id = world.connect("a.socket", from: .ip(IPAddress(high: 0x2001_0db8_1111_2222, low: 0x3333_4444_5555_6666), port: 50_000))
    #expect(world.closed == [id!] && world.spawns.isEmpty)
    #expect(world.record("a.socket")?.socket?.refused == 1 && world.record("a.socket")?.socket?.connections == 0)
    #expect(
      world.messages.contains { $0.contains("refused (its instance has a name of more than 255 bytes)") }, "\(world.messages)")
    for _ in 0..<50 {
      world.connect("a.socket", from: .ip(IPAddress(high: 0x2001_0db8_1111_2222, low: 0x3333_4444_5555_6666), port: 50_000))
    }
    #expect(world.messages.filter { $0.contains("more than 255 bytes") }.count == 10, "not once for each")
    world.connect("a.socket", from: v4(1))
    #expect(world.spawns.count == 1, "one that fits is served")
  }

  /// The end of a connection ends a pause for want of descriptors, and no other.
  @Test func thePauseOfALimitIsNotCutShort() {
    var world = world {
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3)
      $0.rearm = TimeSpan(seconds: 30)
    }
    guard let unit = world.manager.find(Bytes("a.socket")) else { return #expect(Bool(false), "no socket") }
    let id = world.listeners("a.socket")[0]
    world.connect("a.socket")
    world.outside.watched[id] = nil
    world.send(.listenerFailed(unit, id, errno: Errno.EMFILE, isWatch: false))
    world.end(world.spawns[0].unitName.shown)
    #expect(world.isWatched("a.socket"), "a descriptor is free")
    for _ in 0..<3 { world.connect("a.socket") }
    #expect(!world.isWatched("a.socket"))
    for spawn in world.spawns.dropFirst() { world.end(spawn.unitName.shown) }
    #expect(!world.isWatched("a.socket"))
    world.advance(TimeSpan(seconds: 29))
    #expect(!world.isWatched("a.socket"))
    world.advance(TimeSpan(seconds: 1))
    #expect(world.isWatched("a.socket"))
  }

  /// More sources than there are entries: those that share one are counted where they came in, whatever ends first.
  @Test func sourcesWithoutAnEntryOfTheirOwnAreCountedRight() {
    let book = SocketBook()
    var live: [SocketAddress] = []
    func begin(_ peer: SocketAddress) {
      book.sources[book.source(peer)].live += 1
      book.connections += 1
      live.append(peer)
    }
    func end(_ index: Int) {
      book.drop(served: live.remove(at: index))
      book.forgetIdleSources(.zero)
      #expect(book.sources.reduce(0) { $0 + Int($1.live) } == live.count && book.connections == UInt32(live.count))
    }
    // A peer without an address makes nobody share.
    begin(.unknown)
    for number: UInt32 in 1...1200 { begin(v4(number)) }
    #expect(book.sources.count == SocketBook.sourcesMax)
    #expect(book.sources.filter { $0.live == 1 }.count == SocketBook.sourcesMax - 1)
    // Some of those with an entry go, some of those without come again; then all go.
    for _ in 0..<100 { end(500) }
    for number: UInt32 in 1150...1200 { begin(v4(number)) }
    for _ in 0..<150 { end(live.count - 60) }
    while !live.isEmpty { end(live.count / 3) }
    #expect(book.sources.isEmpty && book.connections == 0)
  }

  @Test func whatWaitsIsReported() {
    var world = world {
      $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3)
      $0.rearm = TimeSpan(seconds: 30)
    }
    guard let unit = world.manager.find(Bytes("a.socket")) else { return #expect(Bool(false), "no socket") }
    for number in 0..<10 {
      world.send(.accepted(unit, AcceptedConnection(id: DescriptorID(UInt32(900 + number)), local: v4(9), peer: v4(1, UInt16(number)))))
    }
    let report = world.manager.report(unit)
    #expect(report.socket?.held == 6 && report.why.shown == "paused, goes on in 30s", "\(report.why.shown)")
  }
}
