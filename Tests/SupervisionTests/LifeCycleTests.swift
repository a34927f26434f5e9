import Model
import Testing

@testable import Supervision

/// Start, stop and their corners (units.md c.4, c.6), by hand.
@Suite struct LifeCycleTests {
  @Test func commandsRunInOrder() {
    var world = World(
      [
        service("a") {
          $0.type = .oneshot
          $0.condition = [command("/c")]
          $0.startPre = [command("/p1"), command("/p2")]
          $0.start = [command("/m1"), command("/m2")]
          $0.startPost = [command("/q")]
          $0.stopPost = [command("/z")]
        }
      ], starting: ["a.service"])
    for role in [Role.condition, .startPre, .startPre, .main, .main, .startPost] { world.end("a.service", role) }
    world.end("a.service", .stopPost)
    #expect(world.spawns.map { $0.command.path.shown } == ["/c", "/p1", "/p2", "/m1", "/m2", "/q", "/z"])
    #expect(world.state("a.service") == .dead)
    #expect(world.left == 0)
  }

  @Test func startPreFailureSkipsExecStopAndRunsStopPost() {
    var world = World(
      [
        service("a") {
          $0.startPre = [command("/p")]
          $0.stop = [command("/s")]
          $0.stopPost = [command("/z")]
        }
      ], starting: ["a.service"])
    world.end("a.service", .startPre, .exited(1))
    #expect(world.spawns.map { $0.command.path.shown } == ["/p", "/z"])
    #expect(world.spawns.last?.environment.contains(Bytes("SERVICE_RESULT=exit-code")) == true)
    world.end("a.service", .stopPost)
    #expect(world.state("a.service") == .failed)
  }

  @Test func aCleanEndRunsExecStopAFailureDoesNot() {
    for (status, paths) in [(ExitStatus.exited(0), ["/bin/a", "/s", "/z"]), (.exited(3), ["/bin/a", "/z"])] {
      var world = World(
        [
          service("a") {
            $0.stop = [command("/s")]
            $0.stopPost = [command("/z")]
          }
        ], starting: ["a.service"])
      world.end("a.service", .main, status)
      if status == .exited(0) { world.end("a.service", .stop) }
      #expect(world.spawns.map { $0.command.path.shown } == paths)
      let environment = world.spawns.last?.environment ?? []
      #expect(environment.contains(Bytes("EXIT_CODE=exited")))
      #expect(environment.contains(status == .exited(0) ? Bytes("EXIT_STATUS=0") : Bytes("EXIT_STATUS=3")))
    }
  }

  @Test func execConditionSkips() {
    for code in [UInt8(1), 2, 254] {
      var world = World([service("a") { $0.condition = [command("/c")] }], starting: ["a.service"])
      world.end("a.service", .condition, .exited(code))
      #expect(world.state("a.service") == .dead)
      #expect(world.left == 0, "a skipped unit has not failed")
    }
    var world = World([service("a") { $0.condition = [command("/c")] }], starting: ["a.service"])
    world.end("a.service", .condition, .exited(255))
    #expect(world.state("a.service") == .failed)
    #expect(world.left == 1)
  }

  @Test func ignoredFailureIsSuccess() {
    var world = World([service("a") { $0.start = [command("/m", ignoreFailure: true)] }], starting: ["a.service"])
    world.end("a.service", .main, .exited(9))
    #expect(world.state("a.service") == .dead)
    #expect(world.left == 0)
  }

  @Test func runtimeMaxStopsAsTimeout() {
    var world = World([service("a") { $0.runtimeMax = TimeSpan(seconds: 5) }], starting: ["a.service"])
    world.advance(TimeSpan(milliseconds: 4999))
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(milliseconds: 2))
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == .timeout)
  }

  @Test func aStubbornServiceIsKilledAtItsTimeoutAndApusSaysSo() {
    var world = World([service("a") { $0.timeoutStop = TimeSpan(seconds: 3) }], starting: ["a.service"])
    world.isStubborn = true
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.state("a.service") == .stopSigterm)
    world.advance(TimeSpan(seconds: 4))
    #expect(world.kills.map { $0.signal } == [.terminate, .kill])
    #expect(world.left == 1)
    #expect(world.messages.last?.contains("a.service had to be killed") == true)
  }

  @Test func theBackoffGrowsAndAStopEndsIt() {
    var world = World([service("a") { $0.restart = .always }], starting: ["a.service"])
    var delays: [UInt64] = []
    for _ in 0..<4 {
      world.end("a.service", .main, .exited(1))
      #expect(world.state("a.service") == .autoRestart)
      delays.append((world.record("a.service")?.service.restartDelay.microseconds ?? 0) / 1000)
      world.advance(world.record("a.service")?.service.restartDelay ?? .zero)
      #expect(world.state("a.service") == .running)
    }
    #expect(delays == [100, 204, 416, 849])
    #expect(world.record("a.service")?.service.restarts == 4)
    world.end("a.service", .main, .exited(1))
    let stop = world.job(.stop, "a.service")
    #expect(world.result(stop) == .done)
    #expect(world.state("a.service") == .dead)
    world.advance(TimeSpan(seconds: 100))
    #expect(world.state("a.service") == .dead)
    let start = world.job(.start, "a.service")
    #expect(world.result(start) == .done)
    #expect(world.record("a.service")?.service.restarts == 0, "a manual start resets NRestarts")
  }

  @Test func startLimitRefusesTheStartAfterBurst() {
    var world = World(
      [
        service(
          "a",
          {
            $0.restart = .always; $0.backoff.delay = .zero
          }, unit: { $0.startLimit.burst = 3 })
      ], starting: ["a.service"],
      options: {
        var options = ManagerOptions(); options.stay = true; return options
      }())
    for _ in 0..<3 {
      world.end("a.service", .main, .exited(1))
      world.advance(TimeSpan(milliseconds: 1))
    }
    #expect(world.spawns.count == 3)
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == .exitCode)
    let refused = world.job(.start, "a.service")
    #expect(world.result(refused) == .failed)
    world.advance(TimeSpan(seconds: 11))
    let allowed = world.job(.start, "a.service")
    #expect(world.result(allowed) == .done)
  }

  @Test func aLateDeadlineOfAnOldRunIsDropped() {
    var world = World(
      [
        service("a") {
          $0.restart = .always; $0.runtimeMax = TimeSpan(seconds: 5)
        }
      ], starting: ["a.service"])
    guard let old = world.invocation("a.service") else { return }
    world.end("a.service", .main, .exited(1))
    world.advance(TimeSpan(milliseconds: 100))
    #expect(world.state("a.service") == .running)
    world.send(.deadline(Deadline(old.unit, .runtime, invocation: old.number)))
    world.send(.exited(ProcessKey(old, .main, serial: 1), .exited(0)))
    world.send(.emptied(old))
    #expect(world.state("a.service") == .running)
  }

  @Test func reloadRunsItsCommandAndFailsAlone() {
    var world = World([service("a") { $0.reload = [command("/r")] }], starting: ["a.service"])
    let good = world.job(.reload, "a.service")
    #expect(world.state("a.service") == .reload)
    #expect(world.spawns.last?.environment.contains { $0.starts(with: "MAINPID=") } == true)
    world.end("a.service", .reload)
    #expect(world.result(good) == .done)
    let bad = world.job(.reload, "a.service")
    world.end("a.service", .reload, .exited(1))
    #expect(world.result(bad) == .failed)
    #expect(world.state("a.service") == .running)
  }
}

/// The KillMode table of units.md c.6: who is signalled in the terminate phase, and who in the kill phase.
@Suite struct KillModeTests {
  @Test(arguments: KillMode.allCases) func table(mode: KillMode) {
    var world = World(
      [
        service("a") {
          $0.killMode = mode; $0.timeoutStop = TimeSpan(seconds: 2)
        }
      ], starting: ["a.service"])
    guard let invocation = world.invocation("a.service") else { return }
    world.others[invocation] = 2
    world.isStubborn = true
    _ = world.job(.stop, "a.service")
    switch mode {
    case .controlGroup:
      #expect(world.kills.map { [$0.main, $0.others] } == [[true, true]])
      world.advance(TimeSpan(seconds: 3))
      #expect(world.kills.map { $0.signal } == [.terminate, .kill])
      #expect(world.kills.last?.others == true)
      #expect(world.others[invocation] == 0)
    case .mixed:
      #expect(world.kills.map { [$0.main, $0.others] } == [[true, false]])
      // As soon as main is gone the rest is killed, without waiting.
      world.isStubborn = false
      world.end("a.service")
      #expect(world.kills.last?.signal == .kill)
      #expect(world.kills.last?.others == true)
      #expect(world.others[invocation] == 0)
    case .process:
      #expect(world.kills.map { [$0.main, $0.others] } == [[true, false]])
      world.end("a.service")
      #expect(world.others[invocation] == 2)
      #expect(world.kills.allSatisfy { !$0.others })
      #expect(world.messages.contains { $0.contains("2 processes are left running") })
    case .none:
      #expect(world.kills.isEmpty)
      #expect(world.others[invocation] == 2)
    }
    #expect(world.state("a.service")?.active == (mode == .controlGroup ? .failed : .inactive))
  }

  @Test func sendSIGKILLNoLeavesThemAndFails() {
    var world = World(
      [
        service("a") {
          $0.sendSIGKILL = false; $0.timeoutStop = TimeSpan(seconds: 2)
        }
      ], starting: ["a.service"])
    world.isStubborn = true
    let stop = world.job(.stop, "a.service")
    world.advance(TimeSpan(seconds: 10))
    #expect(world.kills.allSatisfy { $0.signal == .terminate })
    #expect(world.state("a.service") == .failed)
    #expect(world.result(stop) == .done)
  }

  @Test func childrenOfADeadMainAreKilledPerKillMode() {
    var world = World([service("a") { $0.restart = .no }], starting: ["a.service"])
    guard let invocation = world.invocation("a.service") else { return }
    world.others[invocation] = 3
    world.end("a.service", .main, .exited(0))
    #expect(world.others[invocation] == 0)
    #expect(world.state("a.service") == .dead)
  }
}
