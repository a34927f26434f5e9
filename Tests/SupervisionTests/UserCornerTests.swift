import Model
import Testing

@testable import Supervision

/// What users do in an order that nobody planned; each was found by hand once.
@Suite struct UserCornerTests {
  private func load(_ units: [Unit]) -> LoadedUnits { LoadedUnits(units: units, diagnostics: [], starting: units.map(\.name)) }

  private func stay(_ units: [Unit], starting: [String]) -> World {
    var options = ManagerOptions()
    options.stay = true
    return World(units, starting: starting, options: options)
  }

  @Test func applyAfterDaemonReloadStillRestarts() {
    var world = World([service("a")], starting: ["a.service"])
    let changed = service("a") { $0.start = [command("/new")] }
    world.send(.loaded(.daemonReload(RequestID(1)), load([changed])))
    guard case .unit(let report) = world.request(.unit(Bytes("a.service"))) else { return }
    #expect(report.why.shown.contains("unit file has changed"))
    world.send(.loaded(.apply(RequestID(2)), load([changed])))
    #expect(world.spawns.map { $0.command.path.shown } == ["/bin/a", "/new"])
    world.send(.loaded(.apply(RequestID(3)), load([changed])))
    #expect(world.spawns.count == 2)
  }

  @Test func whatAClientStoppedStaysStopped() {
    var world = stay([service("a")], starting: ["a.service"])
    _ = world.job(.stop, "a.service")
    world.send(.loaded(.applyBySignal, load([service("a") { $0.start = [command("/new")] }])))
    #expect(world.state("a.service") == .dead)
    let start = world.job(.start, "a.service")
    #expect(world.result(start) == .done)
    #expect(world.spawns.last?.command.path.shown == "/new")
  }

  @Test func aStopUnderWayIsNotUndoneByApply() {
    var world = stay([service("a") { $0.stop = [command("/s")] }], starting: ["a.service"])
    let stop = world.job(.stop, "a.service")
    let changed = service("a") {
      $0.start = [command("/new")]
      $0.stop = [command("/s")]
    }
    world.send(.loaded(.applyBySignal, load([changed])))
    world.end("a.service", .stop)
    #expect(world.result(stop) == .done)
    #expect(world.state("a.service") == .dead)
  }

  @Test func aRenamedFileStopsBeforeItStarts() {
    var world = World([service("old")], starting: ["old.service"])
    world.isStubborn = true
    world.send(.loaded(.applyBySignal, load([service("new")])))
    #expect(world.state("new.service") == .dead)
    world.end("old.service", .main, .killed(.terminate))
    #expect(world.state("new.service") == .running)
  }

  @Test func theReasonIsTheCauseAndNotItsConsequence() {
    var world = stay(
      [
        service("a") {
          $0.startPre = [command("/p")]; $0.stopPost = [command("/z")]
        }
      ], starting: ["a.service"])
    world.end("a.service", .startPre, .exited(9))
    world.end("a.service", .stopPost)
    #expect(world.messages.last?.contains("ExecStartPre status=9") == true, "\(world.messages)")

    world = stay([service("b") { $0.startPost = [command("/q")] }], starting: ["b.service"])
    world.end("b.service", .startPost, .exited(4))
    #expect(world.messages.contains { $0.contains("failed") && $0.contains("ExecStartPost status=4") }, "\(world.messages)")
  }

  @Test func stopMeansAllParallelRuns() {
    var world = stay(
      [
        service("j") {
          $0.type = .oneshot
          $0.schedule.triggers = [.every(TimeSpan(seconds: 1))]
          $0.schedule.overlap = .parallel
        }
      ], starting: ["j.service"])
    world.advance(TimeSpan(milliseconds: 3500))
    #expect(world.live.count == 3)
    _ = world.job(.stop, "j.service")
    #expect(world.live.isEmpty)
    #expect(world.messages.contains { $0.contains("its schedule goes on") })
  }

  /// Its record is of a run before the load, and its edges are those of the new file all the same.
  @Test(arguments: [false, true])
  func aParallelRunCallsForTheHandlersOfTheNewFile(_ isUnderWay: Bool) {
    func units(_ handler: String, _ path: String) -> [Unit] {
      let job = service(
        "j",
        {
          $0.type = .oneshot
          $0.start = [command(path)]
          $0.schedule.triggers = [.every(TimeSpan(seconds: 1))]
          $0.schedule.overlap = .parallel
        }, unit: { $0.dependencies[.onFailure] = [name(handler)] })
      return [job, service("old") { $0.type = .oneshot }, service("new") { $0.type = .oneshot }]
    }
    var world = World(units("old.service", "/bin/j"), starting: ["j.service"], options: staying())
    world.advance(TimeSpan(milliseconds: 2500))
    #expect(world.state("j.service") == .start && world.state("j.service#1") == .start)
    if !isUnderWay { world.end("j.service#1") }
    let changed = units("new.service", "/bin/changed")
    world.send(
      .loaded(.daemonReload(RequestID(1)), LoadedUnits(units: changed, diagnostics: [], starting: [name("j.service")])))
    if isUnderWay { world.end("j.service#1") }
    // The base's record takes the new definition in, and the next run is the parallel one's again.
    world.end("j.service")
    world.advance(TimeSpan(seconds: 2))
    #expect(world.state("j.service") == .start && world.state("j.service#1") == .start)
    #expect(world.spawns.last?.command.path.shown == "/bin/changed")
    world.end("j.service#1", .main, .exited(1))
    #expect(world.state("new.service") == .start, "\(world.messages)")
    #expect(world.state("old.service") == .dead)
  }

  @Test func whoForksAwayIsAskedAgainBeforeItIsKilled() {
    var world = stay([service("a") { $0.type = .oneshot }], starting: ["a.service"])
    guard let run = world.invocation("a.service") else { return }
    var orders: [KillOrder] = []
    var now = world.now
    now.instant = Instant(nanoseconds: 1)
    guard let key = world.live.first?.key else { return }
    var effects: [Effect] = []
    world.manager.handle(.exited(key, .exited(0)), now: now, effects: &effects)
    // Every answer: somebody is there, and the signal reached nobody.
    for _ in 0..<6 {
      guard case .kill(let order)? = effects.last(where: { if case .kill = $0 { true } else { false } }) else { break }
      orders.append(order)
      effects = []
      world.manager.handle(.signalled(run, order: order.number, count: 0, anyLeft: true), now: now, effects: &effects)
    }
    #expect(orders.prefix(4).map(\.signal) == [.terminate, .terminate, .terminate, .kill])
  }

  @Test func failFastSeesACommandThatCannotBeExecuted() {
    var options = ManagerOptions()
    options.failFast = true
    options.stay = true
    var world = World([service("a") { $0.restart = .always }], starting: ["a.service"], options: options)
    guard let key = world.live.first?.key else { return }
    world.send(.execFailed(key, ExecFailure(stage: .exec, errno: Errno.ENOENT, message: Bytes("exec /bin/a: no such file"))))
    world.end("a.service", .main, .exited(203))
    #expect(world.left == 203)
  }

  @Test func aWrapperLeavesReadinessToItsCommand() {
    var options = ManagerOptions()
    options.isWrapper = true
    options.command = [Bytes("/bin/true")]
    let now = Now(instant: .zero, wall: WallTime(microseconds: 0))
    var manager = Manager(options, now: now)
    var effects: [Effect] = []
    manager.boot(LoadedUnits(units: [], diagnostics: [], starting: []), now: now, effects: &effects)
    for effect in effects {
      if case .notify = effect { Issue.record("a wrapper notified") }
    }
    #expect(!effects.isEmpty)
  }

  @Test func aCommandThatOutlivesSIGKILLDoesNotKeepTheUnits() {
    var options = ManagerOptions()
    options.command = [Bytes("/bin/stuck")]
    var world = World([service("a")], starting: ["a.service"], options: options)
    world.isStubborn = true
    world.send(.signal(ReceivedSignal(.terminate)))
    world.advance(TimeSpan(seconds: 95))
    #expect(world.left == nil)
    world.isStubborn = false
    world.advance(TimeSpan(seconds: 10))
    #expect(world.left == 137)
    #expect(world.state("a.service")?.active != .active)
  }
}
