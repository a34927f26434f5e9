import Model
import Testing

@testable import Supervision

/// Sockets with Accept=no, and IdleStopSec= (units.md d.1).
@Suite struct ActivationTests {
  static func socket(_ word: String, listeners: Int = 1, _ change: (inout SocketSettings) -> Void = { _ in }) -> Unit {
    var settings = SocketSettings(service: name(word + ".service"))
    settings.listen.listeners = (0..<listeners).map {
      Listener(
        kind: .stream, address: .ip(IPAddress(high: 0, low: 0), port: UInt16(80 + $0), interface: []), text: Bytes("[::]:\(80 + $0)".utf8))
    }
    change(&settings)
    let unit = Unit(name: name(word + ".socket"), kind: .socket(settings))
    unit.dependencies[.before] = [name(word + ".service")]
    return unit
  }

  private func world(_ units: [Unit], starting: [String] = ["a.socket"]) -> World { World(units, starting: starting) }

  @Test func listensAndStartsAtTraffic() {
    var world = world([Self.socket("a", listeners: 2), service("a")])
    #expect(world.sub("a.socket") == "listening")
    #expect(world.isWatched("a.socket"))
    #expect(world.spawns.isEmpty)
    world.traffic("a.socket", 1)
    #expect(world.spawns.map { $0.unitName.shown } == ["a.service"])
    #expect(world.spawns[0].descriptors.map { $0.name.shown } == ["a.socket", "a.socket"])
    #expect(world.spawns[0].descriptors.map { $0.id } == world.listeners("a.socket"))
    #expect(world.spawns[0].descriptors.allSatisfy { !$0.isStored })
    #expect(world.sub("a.socket") == "running")
    #expect(!world.isWatched("a.socket"))
  }

  @Test func listensAgainWhenTheServiceHasEnded() {
    var world = world([Self.socket("a"), service("a")])
    for round in 1...5 {
      world.traffic("a.socket")
      #expect(world.spawns.count == round)
      world.end("a.service", .main, .exited(round % 2 == 0 ? 0 : 1))
      #expect(world.isWatched("a.socket"), "round \(round)")
      #expect(world.sub("a.socket") == "listening")
    }
    #expect(world.closed.isEmpty, "its sockets stay open")
  }

  @Test func aStartByHandGetsTheSocketToo() {
    var world = world([Self.socket("a") { $0.descriptorName = Bytes("web") }, service("a")])
    _ = world.job(.start, "a.service")
    #expect(world.spawns[0].descriptors.map { $0.name.shown } == ["web"])
    #expect(!world.isWatched("a.socket"))
    _ = world.job(.restart, "a.service")
    #expect(world.spawns.count == 2)
    #expect(world.spawns[1].descriptors.map { $0.id } == world.listeners("a.socket"))
    _ = world.job(.stop, "a.service")
    #expect(world.isWatched("a.socket"))
  }

  /// A service that fails each time is started ever more seldom.
  @Test func thePausesOfAFailingServiceGrow() {
    var world = world([Self.socket("a"), service("a")])
    var pauses: [UInt64] = []
    while pauses.count < 7 {
      while world.isWatched("a.socket") {
        world.traffic("a.socket")
        if world.state("a.service") == .running { world.end("a.service", .main, .exited(1)) }
      }
      guard let until = world.record("a.socket")?.socket?.pausedUntil else { return #expect(Bool(false), "no pause") }
      let pause = until.since(world.now.instant)
      pauses.append(pause.microseconds / 1_000_000)
      world.advance(pause)
    }
    #expect(pauses == [2, 4, 8, 16, 30, 30, 30])
    // When all has been well for a while, they begin anew.
    world.advance(TimeSpan(seconds: 120))
    while world.isWatched("a.socket") {
      world.traffic("a.socket")
      if world.state("a.service") == .running { world.end("a.service", .main, .exited(1)) }
    }
    #expect(world.record("a.socket")?.socket?.pausedUntil == world.now.instant + TimeSpan(seconds: 2))
  }

  @Test func triggerLimitFailsTheSocket() {
    var world = world([Self.socket("a"), service("a")])
    var rounds = 0
    while world.state("a.socket") == .exited && rounds < 50 {
      world.traffic("a.socket")
      world.end("a.service")
      world.advance(TimeSpan(milliseconds: 10))
      rounds += 1
      // The poll limit slows it down before the trigger limit is reached; without traffic it would go on.
      if !world.isWatched("a.socket") && world.state("a.socket") == .exited { break }
    }
    #expect(rounds == 16, "15 looks in 2 s, the 16th waits")
    world.advance(TimeSpan(seconds: 2))
    #expect(world.isWatched("a.socket"))
  }

  @Test func withoutPollLimitTheTriggerLimitIsTheEnd() {
    var world = world([Self.socket("a") { $0.pollLimit = RateLimit(interval: .zero, burst: 0) }, service("a")])
    for _ in 0..<20 {
      world.traffic("a.socket")
      world.end("a.service")
    }
    #expect(world.state("a.socket") == .exited)
    world.traffic("a.socket")
    #expect(world.state("a.socket") == .failed)
    #expect(world.record("a.socket")?.service.result == .triggerLimitHit)
    #expect(world.closed.count == 1)
    #expect(world.spawns.count == 20)
  }

  @Test func rearmPausesInsteadOfFailing() {
    var world = world([
      Self.socket("a") {
        $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 3)
        $0.rearm = TimeSpan(seconds: 30)
      }, service("a"),
    ])
    for _ in 0..<4 {
      world.traffic("a.socket")
      world.end("a.service")
    }
    #expect(world.spawns.count == 3)
    #expect(world.state("a.socket") == .exited)
    #expect(!world.isWatched("a.socket"))
    world.advance(TimeSpan(seconds: 29))
    #expect(!world.isWatched("a.socket"))
    world.advance(TimeSpan(seconds: 1))
    #expect(world.isWatched("a.socket"))
    world.traffic("a.socket")
    #expect(world.spawns.count == 4)
  }

  @Test func startLimitOfTheServiceFailsTheSocket() {
    let unit = service("a", unit: { $0.startLimit.burst = 2 })
    var world = world([Self.socket("a"), unit])
    for _ in 0..<3 {
      world.traffic("a.socket")
      world.end("a.service", .main, .exited(1))
    }
    #expect(world.spawns.count == 2)
    #expect(world.record("a.socket")?.service.result == .serviceStartLimitHit)
    #expect(world.state("a.socket") == .failed)
  }

  @Test func flushPendingDropsWhatWaits() {
    var world = world([Self.socket("a") { $0.flushPending = true }, service("a")])
    #expect(world.outside.flushed.isEmpty)
    world.traffic("a.socket")
    world.end("a.service")
    #expect(world.outside.flushed == world.listeners("a.socket"))
  }

  @Test func nothingIsOpenWhenOneFails() {
    let units = [Self.socket("a"), service("a")]
    var world = World(units, starting: [], options: stay())
    world.outside.listenFailure = Bytes("ListenStream=[::]:80: address in use")
    let id = world.job(.start, "a.socket")
    guard case .job(let report)? = world.replies.last(where: { $0.0 == id })?.1 else { return #expect(Bool(false)) }
    #expect(report.result == .failed)
    #expect(world.state("a.socket") == .failed)
    #expect(world.record("a.socket")?.service.result == .resources)
    #expect(world.messages.contains { $0.contains("address in use") })
    world.outside.listenFailure = nil
    _ = world.job(.start, "a.socket")
    #expect(world.isWatched("a.socket"))
  }

  /// Somebody else has the port: its start fails, so that nobody waits for it, and it comes back in its backoff.
  @Test func aPortInUseIsTriedAgain() {
    var world = World([Self.socket("a"), service("a")], starting: [], options: stay())
    world.outside.listenFailure = Bytes("ListenStream=[::]:80: address in use")
    world.outside.mayPass = true
    let id = world.job(.start, "a.socket")
    guard case .job(let report)? = world.replies.last(where: { $0.0 == id })?.1 else { return #expect(Bool(false)) }
    #expect(report.result == .failed)
    var delays: [UInt64] = []
    for _ in 0..<12 {
      #expect(world.state("a.socket") == .autoRestart)
      guard let record = world.record("a.socket") else { return #expect(Bool(false)) }
      delays.append(record.service.restartDelay.microseconds)
      world.advance(record.service.restartDelay)
    }
    #expect(delays.first == 100_000 && delays.last == 30_000_000, "\(delays)")
    world.outside.listenFailure = nil
    world.advance(TimeSpan(seconds: 30))
    #expect(world.isWatched("a.socket"))
    // A stop ends the waiting.
    world.outside.listenFailure = Bytes("ListenStream=[::]:80: address in use")
    _ = world.job(.restart, "a.socket")
    #expect(world.state("a.socket") == .autoRestart)
    _ = world.job(.stop, "a.socket")
    #expect(world.state("a.socket") != .autoRestart)
  }

  @Test func aSocketBesideItsRunningServiceIsRefused() {
    var world = World([Self.socket("a"), service("a")], starting: ["a.service"])
    _ = world.job(.start, "a.socket")
    #expect(world.state("a.socket") == .dead)
    #expect(world.messages.contains { $0.contains("active already") })
    let alone = World([Self.socket("b")], starting: ["b.socket"])
    #expect(alone.messages.contains { $0.contains("b.service is not loaded") })
  }

  @Test func aServiceWithSeveralSocketsGetsAllInOrder() {
    let units = [
      Self.socket("a", listeners: 2), Self.socket("b") { $0.service = name("a.service") },
      service("a") { $0.sockets = [name("c.socket")] }, Self.socket("c"), service("c"),
    ]
    var world = world(units, starting: ["a.socket", "b.socket", "c.socket"])
    world.traffic("b.socket")
    #expect(world.spawns.map { $0.unitName.shown } == ["a.service"])
    #expect(world.spawns[0].descriptors.map { $0.name.shown } == ["a.socket", "a.socket", "b.socket", "c.socket"])
    #expect(!world.isWatched("a.socket"))
    #expect(world.isWatched("c.socket"), "Sockets= passes it, but it is c.service's to be started by")
  }

  @Test func afterACrashTheSocketListensDuringTheBackoff() {
    var world = world([
      Self.socket("a"),
      service("a") {
        $0.restart = .always; $0.backoff.delay = TimeSpan(seconds: 10)
      },
    ])
    world.traffic("a.socket")
    world.end("a.service", .main, .killed(.kill))
    #expect(world.state("a.service") == .autoRestart)
    #expect(world.isWatched("a.socket"))
    world.traffic("a.socket")
    #expect(world.spawns.count == 2, "traffic does not wait for the backoff")
  }

  @Test func aListenerThatFailsIsTriedAgain() {
    var world = world([
      Self.socket("a") {
        $0.accepts = true; $0.service = name("a@.service")
      }, service("a@"),
    ])
    let id = world.listeners("a.socket")[0]
    guard let unit = world.manager.find(Bytes("a.socket")) else { return }
    world.outside.watched[id] = nil
    world.send(.listenerFailed(unit, id, errno: Errno.EMFILE, isWatch: false))
    #expect(!world.isWatched("a.socket"))
    world.advance(TimeSpan(milliseconds: 100))
    #expect(world.isWatched("a.socket"))
    world.outside.watched[id] = nil
    world.send(.listenerFailed(unit, id, errno: Errno.EMFILE, isWatch: false))
    world.advance(TimeSpan(milliseconds: 199))
    #expect(!world.isWatched("a.socket"), "later each time")
    world.advance(TimeSpan(milliseconds: 1))
    #expect(world.isWatched("a.socket"))
    #expect(world.messages.filter { $0.contains("cannot accept") }.count == 1)
  }

  /// ENOSPC of epoll, EPERM of a firewall: the others go on, and it is said once.
  @Test(arguments: [(Errno.ENOSPC, true), (Errno.ENOMEM, true), (Errno.EPERM, false), (Errno.EINVAL, false)])
  func oneListenerThatFailsIsTriedAgainAlone(errno: Int32, isWatch: Bool) {
    var world = world([Self.socket("a", listeners: 2), service("a")])
    let ids = world.listeners("a.socket")
    guard let unit = world.manager.find(Bytes("a.socket")) else { return }
    for pause: UInt64 in [100, 200, 400] {
      world.outside.watched[ids[1]] = nil
      world.send(.listenerFailed(unit, ids[1], errno: errno, isWatch: isWatch))
      #expect(world.outside.watched[ids[0]] != nil, "the other goes on")
      world.advance(TimeSpan(milliseconds: pause - 1))
      #expect(world.outside.watched[ids[1]] == nil)
      world.advance(TimeSpan(milliseconds: 1))
      #expect(world.isWatched("a.socket"), "after \(pause) ms")
    }
    let said = world.messages.filter { $0.contains(isWatch ? "cannot watch [::]:81: " : "cannot accept at [::]:81: ") }
    #expect(said.count == 1, "\(world.messages)")
    // When all has been well for a while, it begins anew.
    world.advance(TimeSpan(seconds: 60))
    world.outside.watched[ids[1]] = nil
    world.send(.listenerFailed(unit, ids[1], errno: errno, isWatch: isWatch))
    world.advance(TimeSpan(milliseconds: 100))
    #expect(world.isWatched("a.socket"))
    #expect(world.messages.filter { $0.contains("it is tried again") }.count == 2)
    // While it waits, its socket may stop and start.
    world.outside.watched[ids[1]] = nil
    world.send(.listenerFailed(unit, ids[1], errno: errno, isWatch: isWatch))
    _ = world.job(.restart, "a.socket")
    #expect(world.isWatched("a.socket"))
  }

  @Test func whatIsAlwaysReadyIsNamed() {
    var world = world([Self.socket("a", listeners: 3), service("a")])
    let ids = world.listeners("a.socket")
    guard let unit = world.manager.find(Bytes("a.socket")) else { return }
    world.outside.watched[ids[2]] = nil
    world.send(.listenerFailed(unit, ids[2], errno: Errno.EPERM, isWatch: true))
    #expect(world.messages.contains { $0.contains("a.socket: [::]:82 cannot be watched: operation not permitted: ") })
    world.advance(TimeSpan(seconds: 3600))
    #expect(world.outside.watched[ids[2]] == nil)
  }

  // MARK: IdleStopSec=

  @Test func idleStopsAndTheNextConnectionStartsIt() {
    var world = world([Self.socket("a"), service("a") { $0.idleStop = TimeSpan(seconds: 10) }])
    world.outside.connections = 1
    world.traffic("a.socket")
    world.advance(TimeSpan(seconds: 60))
    #expect(world.state("a.service") == .running)
    #expect(world.outside.counted <= 61)
    world.outside.connections = 0
    world.advance(TimeSpan(milliseconds: 9900))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(seconds: 2))
    #expect(world.state("a.service") == .dead)
    #expect(world.isWatched("a.socket"))
    let counted = world.outside.counted
    world.advance(TimeSpan(seconds: 3600))
    #expect(world.outside.counted == counted, "nobody asks while it is down")
    #expect(world.left == nil)
    world.traffic("a.socket")
    #expect(world.state("a.service") == .running)
  }

  @Test func trafficBetweenTwoLooksCounts() {
    var world = world([Self.socket("a"), service("a") { $0.idleStop = TimeSpan(seconds: 10) }])
    world.outside.hadTraffic = true
    world.traffic("a.socket")
    world.advance(TimeSpan(seconds: 100))
    #expect(world.state("a.service") == .running)
    world.outside.connections = nil
    world.advance(TimeSpan(seconds: 100))
    #expect(world.state("a.service") == .running)
    #expect(world.messages.filter { $0.contains("IdleStopSec= has no effect") }.count == 1)
  }

  @Test func aNewIdleStopConcernsWhoRunsAlready() {
    var world = world([Self.socket("a"), service("a")])
    world.traffic("a.socket")
    let units = [Self.socket("a"), service("a") { $0.idleStop = TimeSpan(seconds: 10) }]
    world.send(.loaded(.applyBySignal, LoadedUnits(units: units, diagnostics: [], starting: [name("a.socket")])))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(seconds: 12))
    #expect(world.state("a.service") == .dead)
  }

  @Test func theEndClosesEverything() {
    var world = world([Self.socket("a"), service("a")])
    world.traffic("a.socket")
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 0)
    #expect(world.closed.count == 1)
    #expect(world.outside.watched.isEmpty)
  }

  @Test func aSocketAloneKeepsApusAlive() {
    var world = world([Self.socket("a"), service("a")])
    world.traffic("a.socket")
    world.end("a.service")
    world.advance(TimeSpan(seconds: 3600))
    #expect(world.left == nil)
  }
}
