import Model
import Testing

@testable import Supervision

/// `Ready…=`, `Health…=` and `DrainSec=` (DESIGN section 2).
@Suite struct ProbeTests {
  static let targets: [(ProbeTarget, helper: [String], path: String)] = [
    (.tcp(Bytes("127.0.0.1:80")), ["probe-tcp", "127.0.0.1:80"], ""),
    (.http(Bytes("http://x/")), ["probe-http", "http://x/"], ""), (.exec(command("/bin/probe")), [], "/bin/probe"),
  ]

  static func probes(_ world: World) -> [SpawnRequest] { world.spawns.filter { $0.key.role == .probe } }

  // MARK: Readiness

  @Test(arguments: targets.indices) func aProbeEndsTheStart(row: Int) {
    let (target, helper, path) = Self.targets[row]
    var world = World([service("a") { $0.ready = ReadySettings(target: target) }], starting: ["a.service"])
    #expect(world.state("a.service") == .start)
    #expect(Self.probes(world).map { $0.helper.map { $0.shown } } == [helper])
    #expect(Self.probes(world).last?.command.path.shown == path)
    #expect(Self.probes(world).last?.notifies == false)
    world.end("a.service", .probe, .exited(1))
    world.advance(TimeSpan(milliseconds: 99))
    #expect(Self.probes(world).count == 1)
    world.advance(TimeSpan(milliseconds: 1))
    #expect(Self.probes(world).count == 2)
    world.advance(TimeSpan(milliseconds: 500))
    #expect(Self.probes(world).count == 2, "never two at once")
    world.end("a.service", .probe, .exited(0))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(seconds: 100))
    #expect(Self.probes(world).count == 2)
  }

  @Test func aReadinessProbeThatHangsIsKilledAndAskedAnew() {
    var world = World([service("a") { $0.ready = ReadySettings(target: Self.targets[0].0) }], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 5))
    #expect(world.kills.map { [$0.probe, $0.main, $0.control, $0.others] } == [[true, false, false, false]])
    #expect(world.kills.last?.signal == .kill)
    world.advance(TimeSpan(milliseconds: 100))
    #expect(Self.probes(world).count == 2)
    #expect(world.state("a.service") == .start)
  }

  /// As for notify: any clean end before readiness is `protocol`.
  @Test(arguments: [(Model.ExitStatus.exited(0), ServiceResult.protocol), (.killed(.terminate), .protocol), (.exited(2), .exitCode)])
  func endBeforeReadiness(status: Model.ExitStatus, result: ServiceResult) {
    var world = World([service("a") { $0.ready = ReadySettings(target: Self.targets[0].0) }], starting: ["a.service"])
    world.end("a.service", .main, status)
    #expect(world.record("a.service")?.service.result == result)
    #expect(world.state("a.service") == .failed)
    #expect(world.kills.contains { $0.probe || $0.others }, "no probe is left behind")
  }

  @Test func readinessHasTheStartTimeout() {
    var world = World(
      [
        service("a") {
          $0.ready = ReadySettings(target: Self.targets[0].0)
          $0.timeoutStart = TimeSpan(seconds: 3)
        }
      ], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 4))
    #expect(world.record("a.service")?.service.result == .timeout)
    #expect(world.live.isEmpty)
  }

  @Test func aDescriptorSpeaksByItself() {
    for speaks in [true, false] {
      var world = World([service("a") { $0.ready = ReadySettings(target: .descriptor(4)) }], starting: ["a.service"])
      #expect(world.spawns.map { $0.readyDescriptor } == [4])
      guard let key = world.record("a.service")?.service.main?.key else { return }
      world.send(.readyLine(key, speaks))
      #expect(world.state("a.service") == (speaks ? .running : .start))
    }
  }

  @Test func aDescriptorMaySpeakBeforeTheParentEnds() {
    var world = World([ForkingTests.daemon { $0.ready = ReadySettings(target: .descriptor(4)) }], starting: ["a.service"])
    guard let key = world.record("a.service")?.service.control?.key, let run = world.invocation("a.service") else { return }
    world.others[run] = 1
    world.send(.readyLine(key, true))
    #expect(world.state("a.service") == .start)
    world.end("a.service")
    #expect(world.state("a.service") == .start, "its main process is still to be found")
    world.answerSearch(.guess, .found(pid: 50))
    #expect(world.state("a.service") == .running)
  }

  @Test func aForkingServiceIsProbedWhenItsDaemonIsThere() {
    var world = ForkingTests.forked { $0.ready = ReadySettings(target: Self.targets[0].0) }
    #expect(Self.probes(world).isEmpty)
    world.answerSearch(.guess, .found(pid: 50))
    #expect(Self.probes(world).count == 1)
    world.end("a.service", .probe)
    #expect(world.state("a.service") == .running)
  }

  // MARK: Health

  static func healthy(_ change: @escaping (inout HealthSettings) -> Void = { _ in }) -> Unit {
    service("a") {
      var health = HealthSettings(target: .exec(command("/bin/health")))
      health.interval = TimeSpan(seconds: 10)
      change(&health)
      $0.health = health
      $0.restart = .no
      $0.stop = [command("/bin/stop")]
    }
  }

  @Test func healthIsAskedEveryInterval() {
    var world = World([Self.healthy()], starting: ["a.service"])
    for round in 1...5 {
      world.advance(TimeSpan(milliseconds: 9_999))
      #expect(Self.probes(world).count == round - 1)
      world.advance(TimeSpan(milliseconds: 1))
      #expect(Self.probes(world).count == round)
      world.end("a.service", .probe, round == 2 || round == 3 ? .exited(1) : .exited(0))
    }
    #expect(world.state("a.service") == .running, "two failures are not three")
  }

  /// Whatever Restart= says: that is what HealthAction=restart asks for.
  @Test func threeFailuresInARowAreACleanStopAndARestart() {
    var world = World([Self.healthy()], starting: ["a.service"])
    for _ in 0..<3 {
      world.advance(TimeSpan(seconds: 10))
      world.end("a.service", .probe, .killed(.kill))
    }
    #expect(world.state("a.service") == .stop)
    world.end("a.service", .stop)
    #expect(world.kills.last?.signal == .terminate)
    #expect(world.state("a.service") == .autoRestart)
    #expect(world.record("a.service")?.service.result == .watchdog)
    world.advance(TimeSpan(seconds: 1))
    #expect(world.state("a.service") == .running)
    #expect(world.record("a.service")?.service.restarts == 1)
    world.advance(TimeSpan(seconds: 20))
    #expect(Self.probes(world).count == 4, "the new run's first")
  }

  @Test func aStopByRequestIsNotUndoneByHealth() {
    var world = World([Self.healthy { $0.retries = 1 }], starting: ["a.service"], options: staying())
    world.advance(TimeSpan(seconds: 10))
    world.end("a.service", .probe, .exited(1))
    _ = world.job(.stop, "a.service")
    world.end("a.service", .stop)
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == .watchdog)
  }

  @Test func aHealthProbeThatHangsCountsAndIsKilled() {
    var world = World(
      [
        Self.healthy {
          $0.retries = 1
          $0.timeout = TimeSpan(seconds: 2)
        }
      ], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 10))
    world.advance(TimeSpan(milliseconds: 1999))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(milliseconds: 1))
    #expect(world.kills.first?.probe == true)
    #expect(world.state("a.service") == .stop)
    #expect(!world.live.contains { $0.role == .probe })
  }

  /// A probe that outlives SIGKILL (uninterruptible) gets no second one beside it, and every timeout is a failure.
  @Test func aProbeThatOutlivesSIGKILLStaysAlone() {
    var world = World([Self.healthy { $0.retries = 3 }], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 10))
    guard let index = world.live.firstIndex(where: { $0.role == .probe }) else { return }
    world.live.remove(at: index)  // no signal reaches it
    world.advance(TimeSpan(seconds: 10))
    #expect(Self.probes(world).count == 1)
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(seconds: 5))
    #expect(world.state("a.service") == .stop, "three timeouts of five seconds")
  }

  @Test func failuresInTheStartPeriodDoNotCount() {
    var world = World(
      [
        Self.healthy {
          $0.retries = 2
          $0.startPeriod = TimeSpan(seconds: 35)
        }
      ], starting: ["a.service"])
    for _ in 0..<4 {
      world.advance(TimeSpan(seconds: 10))
      world.end("a.service", .probe, .exited(1))
    }
    #expect(world.state("a.service") == .running, "three in the period, one after it")
    world.advance(TimeSpan(seconds: 10))
    world.end("a.service", .probe, .exited(1))
    #expect(world.state("a.service") == .stop)
  }

  @Test func actionNoneOnlySaysSo() {
    var world = World(
      [
        Self.healthy {
          $0.retries = 2
          $0.action = .none
        }
      ], starting: ["a.service"])
    for _ in 0..<5 {
      world.advance(TimeSpan(seconds: 10))
      world.end("a.service", .probe, .exited(1))
    }
    #expect(world.state("a.service") == .running)
    #expect(world.messages.filter { $0.contains("unhealthy") }.count == 1)
    world.advance(TimeSpan(seconds: 10))
    world.end("a.service", .probe, .exited(0))
    #expect(world.messages.filter { $0.contains("healthy again") }.count == 1)
  }

  @Test func actionExitEndsApus() {
    var world = World(
      [
        Self.healthy {
          $0.retries = 1
          $0.action = .exit
        }, service("b"),
      ], starting: ["a.service", "b.service"])
    world.advance(TimeSpan(seconds: 10))
    world.end("a.service", .probe, .exited(1))
    world.end("a.service", .stop)
    #expect(world.left == 1)
  }

  @Test func aStopKillsTheProbeAndALateAnswerIsForgotten() {
    var world = World([Self.healthy { $0.retries = 1 }], starting: ["a.service"], options: staying())
    world.advance(TimeSpan(seconds: 10))
    guard let key = Self.probes(world).last?.key else { return }
    world.isStubborn = true
    _ = world.job(.stop, "a.service")
    #expect(world.kills.first?.probe == true)
    world.send(.exited(key, .killed(.kill)))
    #expect(world.state("a.service") == .stop)
    world.isStubborn = false
    world.end("a.service", .stop)
    world.end("a.service")
    #expect(world.record("a.service")?.service.result == .success)
    _ = world.job(.start, "a.service")
    world.send(.exited(key, .exited(1)))
    world.send(.exited(key, .exited(1)))
    #expect(world.state("a.service") == .running)
  }

  @Test func aProbeThatCannotBeMadeIsAFailure() {
    var world = World([Self.healthy { $0.retries = 2 }], starting: ["a.service"])
    for _ in 0..<2 {
      world.advance(TimeSpan(seconds: 10))
      guard let key = Self.probes(world).last?.key else { return }
      world.live.removeAll { $0.key == key }
      world.send(.spawnFailed(key, SpawnFailure(errno: 11, message: Bytes("fork: resource temporarily unavailable"))))
    }
    #expect(world.state("a.service") == .stop)
    #expect(world.record("a.service")?.service.result == .watchdog, "resources would be the service's own")
  }

  // MARK: Drain

  @Test func aStopDrainsFirst() {
    var world = World([service("a") { $0.drain = TimeSpan(seconds: 5) }], starting: ["a.service"], options: staying())
    let stop = world.job(.stop, "a.service")
    #expect(world.state("a.service") == .drain)
    #expect(world.state("a.service")?.active == .deactivating)
    world.advance(TimeSpan(milliseconds: 4999))
    #expect(world.kills.isEmpty)
    world.advance(TimeSpan(milliseconds: 1))
    #expect(world.kills.map { $0.signal } == [.terminate])
    #expect(world.result(stop) == .done)
    #expect(world.state("a.service") == .dead)
  }

  @Test func whoEndsWhileItDrainsIsNotWaitedFor() {
    for (status, result) in [(Model.ExitStatus.exited(0), ServiceResult.success), (.exited(3), .exitCode)] {
      var world = World([service("a") { $0.drain = TimeSpan(seconds: 50) }], starting: ["a.service"], options: staying())
      let stop = world.job(.stop, "a.service")
      world.end("a.service", .main, status)
      #expect(world.result(stop) == .done)
      #expect(world.record("a.service")?.service.result == result)
    }
  }

  @Test func aSecondStopSignalShortensTheDrainAndAThirdEndsIt() {
    var world = World([service("a") { $0.drain = TimeSpan(seconds: 500) }], starting: ["a.service"])
    world.send(.signal(ReceivedSignal(.terminate)))
    world.advance(TimeSpan(seconds: 1))
    #expect(world.state("a.service") == .drain)
    world.send(.signal(ReceivedSignal(.terminate)))
    world.advance(TimeSpan(milliseconds: 900))
    #expect(world.left == nil)
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 1)
  }

  @Test func aFailureIsNotDrained() {
    var world = World([service("a") { $0.drain = TimeSpan(seconds: 5) }], starting: ["a.service"])
    world.end("a.service", .main, .exited(1))
    #expect(world.state("a.service") == .failed)
  }
}
