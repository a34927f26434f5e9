import Model
import Testing

@testable import Supervision

/// Corners where a job, a unit or apus itself once waited for ever.
@Suite struct StuckTests {
  @Test func aStartThatWaitsForAStopWithoutFailedStateBegins() {
    let units = [
      service(
        "a",
        {
          $0.restart = .always
          $0.restartMode = .direct
          $0.stopPost = [command("/bin/after")]
        })
    ]
    var world = World(units, starting: ["a.service"])
    world.end("a.service", .main, .exited(1))
    #expect(world.state("a.service") == .stopPost)
    let start = world.job(.start, "a.service")
    #expect(world.result(start) == nil)
    world.end("a.service", .stopPost)
    #expect(world.result(start) == .done)
    #expect(world.state("a.service") == .running)
  }

  @Test func aReloadThatWaitedDoesNotKeepARestartBack() {
    let units = [
      service(
        "a",
        {
          $0.restart = .always
          $0.reload = [command("/bin/reload")]
        }, unit: { $0.dependencies[.after] = [name("b.service")] }), service("b") { $0.type = .oneshot },
    ]
    var world = World(units, starting: ["a.service"])
    _ = world.job(.start, "b.service", wait: false)
    let reload = world.job(.reload, "a.service")
    #expect(world.result(reload) == nil, "it waits for b")
    world.end("a.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 1))
    world.end("b.service")
    #expect(world.result(reload) == .invalid)
    world.advance(TimeSpan(seconds: 60))
    #expect(world.state("a.service") == .running)
  }

  @Test(arguments: [Role.startPost, .reload])
  func aGroupServiceWhoseMainEndsMeanwhileIsStillWatched(_ role: Role) {
    let units = [
      service("a") {
        $0.exitType = .cgroup
        $0.restart = .no
        if role == .startPost { $0.startPost = [command("/bin/post")] } else { $0.reload = [command("/bin/reload")] }
      }
    ]
    var world = World(units, starting: ["a.service"])
    if role == .reload { _ = world.job(.reload, "a.service", wait: false) }
    world.end("a.service", .main)
    world.end("a.service", role)
    #expect(world.state("a.service") == .dead, "nobody is left of it")
  }

  @Test func aRemovedUnitThatWasStoppedByAClientKeepsNobody() {
    let units = [service("a"), service("b") { $0.restart = .no }]
    var world = World(units, starting: ["a.service", "b.service"])
    _ = world.job(.stop, "a.service")
    world.send(
      .loaded(.applyBySignal, LoadedUnits(units: [units[1]], diagnostics: [], starting: [name("b.service")])))
    #expect(world.record("a.service") == nil)
    world.end("b.service")
    #expect(world.left == 0)
  }

  @Test func aScheduleGoesOnAfterARunThatCameToNothing() {
    let units = [
      service(
        "a",
        {
          $0.type = .oneshot
          $0.schedule.triggers = [.after(TimeSpan(seconds: 5))]
        },
        unit: {
          $0.dependencies[.requires] = [name("b.service")]
          $0.dependencies[.after] = [name("b.service")]
        }), service("b") { $0.type = .oneshot },
    ]
    var world = World(units, starting: ["a.service"])
    world.advance(TimeSpan(seconds: 5))
    world.end("b.service", .main, .exited(1))
    #expect(world.left == nil)
    world.advance(TimeSpan(seconds: 5))
    #expect(world.spawns.map { $0.unitName.shown } == ["b.service", "b.service"])
    world.end("b.service")
    #expect(world.spawns.last?.unitName.shown == "a.service")
  }

  @Test func jobsThatWaitForEachOtherAreBrokenUp() {
    let units = [
      service("a", unit: { $0.dependencies[.after] = [name("b.service")] }),
      service("b", unit: { $0.dependencies[.after] = [name("a.service")] }),
    ]
    var world = World(units, starting: ["a.service"])
    _ = world.job(.start, "b.service")
    #expect(world.state("a.service") == .running && world.state("b.service") == .running)
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 0)
  }

  @Test func aReloadDuringAReloadRunsAgain() {
    var world = World([service("a") { $0.reload = [command("/bin/reload")] }], starting: ["a.service"])
    let first = world.job(.reload, "a.service")
    let second = world.job(.reload, "a.service")
    world.end("a.service", .reload)
    #expect(world.result(second) == nil)
    #expect(world.spawns.filter { $0.key.role == .reload }.count == 2)
    world.end("a.service", .reload)
    #expect(world.result(first) == .done && world.result(second) == .done)
    #expect(world.replies.filter { $0.0 == first || $0.0 == second }.count == 2)
  }

  @Test func aSecondReloadOfAServiceThatDiesIsAnswered() {
    var world = World([service("a") { $0.reload = [command("/bin/reload")] }], starting: ["a.service"])
    _ = world.job(.reload, "a.service")
    let second = world.job(.reload, "a.service")
    world.end("a.service", .main, .exited(1))
    world.end("a.service", .reload)
    #expect(world.result(second) == .invalid)
  }

  /// Asked of systemd 252: who requires a service is restarted with it.
  @Test func anAutomaticRestartTakesAlongWhoRequiresIt() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requires] = [name("b.service")]
          $0.dependencies[.after] = [name("b.service")]
        }), service("b") { $0.restart = .always },
    ]
    var world = World(units, starting: ["a.service"])
    world.end("b.service", .main, .exited(1))
    #expect(world.state("a.service") == .running, "not before the restart")
    world.advance(TimeSpan(seconds: 1))
    #expect(world.spawns.map { $0.unitName.shown } == ["b.service", "a.service", "b.service", "a.service"])
    #expect(world.record("b.service")?.service.restarts == 1)
    #expect(world.state("a.service") == .running && world.state("b.service") == .running)
  }

  @Test func everyRefusedStartIsSaid() {
    let units = [
      service("a", unit: { $0.dependencies[.requires] = [name("x.service")] }),
      service("b", unit: { $0.dependencies[.requires] = [name("y.service")] }),
    ]
    let world = World(units, starting: ["a.service", "b.service"])
    #expect(world.messages.filter { $0.contains("cannot start") }.count == 2)
  }
}
