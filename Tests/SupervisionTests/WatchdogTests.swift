import Model
import Testing

@testable import Supervision

/// What the service moves by sd_notify: its deadlines, and its watchdog (units.md c.6, c.7).
@Suite struct WatchdogTests {
  // MARK: Deadlines

  @Test func extendTimeoutMovesTheStartsDeadline() {
    var world = World([ServiceTypeTests.notifyService(.notify) { $0.timeoutStart = TimeSpan(seconds: 10) }], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 9))
    world.notify("a.service") { $0.extendTimeout = TimeSpan(seconds: 20) }
    world.notify("a.service") { $0.extendTimeout = TimeSpan(seconds: 5) }  // nearer than what holds: nothing
    world.advance(TimeSpan(milliseconds: 19_999))
    #expect(world.state("a.service") == .start)
    world.advance(TimeSpan(milliseconds: 2))
    #expect(world.record("a.service")?.service.result == .timeout)
  }

  @Test func extendTimeoutMovesRuntimeStopAndWatchdog() {
    var world = NotifyTests.running {
      $0.runtimeMax = TimeSpan(seconds: 5)
      $0.watchdog = TimeSpan(seconds: 5)
      $0.timeoutStop = TimeSpan(seconds: 5)
    }
    world.notify("a.service") { $0.extendTimeout = TimeSpan(seconds: 30) }
    world.advance(TimeSpan(seconds: 29))
    #expect(world.state("a.service") == .running)
    world.isStubborn = true
    _ = world.job(.stop, "a.service")
    world.notify("a.service") { $0.extendTimeout = TimeSpan(seconds: 30) }
    world.advance(TimeSpan(seconds: 29))
    #expect(world.state("a.service") == .stopSigterm)
    world.advance(TimeSpan(seconds: 2))
    #expect(world.kills.last?.signal == .kill)
  }

  // MARK: Watchdog

  @Test(arguments: [ServiceType.simple, .exec, .notify, .notifyReload, .forking, .dbus, .idle])
  func theWatchdogCountsFromReadiness(type: ServiceType) {
    var world = World(
      [
        service("a") {
          $0.type = type
          $0.notifyAccess = .main
          $0.watchdog = TimeSpan(seconds: 10)
          $0.timeoutAbort = TimeSpan(seconds: 3)
        }
      ], starting: ["a.service"])
    #expect(type == .idle || world.spawns.last?.watchdog == TimeSpan(seconds: 10))
    world.advance(TimeSpan(seconds: 6))
    switch type {
    case .notify, .notifyReload: world.notify("a.service") { $0.isReady = true }
    case .forking:
      if let invocation = world.invocation("a.service") { world.others[invocation] = 1 }
      world.end("a.service")
      world.answerSearch(.guess, .found(pid: 70))
      if let invocation = world.invocation("a.service") { world.others[invocation] = 0 }
    case .simple, .exec, .oneshot, .dbus, .idle: world.notify("a.service") { $0.watchdog = .alive }
    }
    world.advance(TimeSpan(seconds: 9))
    world.notify("a.service") { $0.watchdog = .alive }
    world.advance(TimeSpan(seconds: 9))
    #expect(world.state("a.service") == .running)
    world.isStubborn = true
    world.advance(TimeSpan(milliseconds: 1001))
    #expect(world.state("a.service") == .stopWatchdog)
    #expect(world.kills.last?.signal == .abort && world.kills.last?.main == true && world.kills.last?.others == true)
    world.advance(TimeSpan(seconds: 3))
    #expect(world.kills.last?.signal == .kill)
    #expect(world.record("a.service")?.service.result == .watchdog)
  }

  @Test func theServiceMayChangeItsWatchdog() {
    var world = NotifyTests.running()
    world.advance(TimeSpan(seconds: 1000))
    world.notify("a.service") { $0.watchdogSpan = TimeSpan(seconds: 2) }
    world.advance(TimeSpan(milliseconds: 1999))
    world.notify("a.service") { $0.watchdog = .alive }
    world.advance(TimeSpan(milliseconds: 1999))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(milliseconds: 2))
    #expect(world.record("a.service")?.service.result == .watchdog)
  }
}
