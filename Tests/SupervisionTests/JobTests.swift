import Model
import Testing

@testable import Supervision

@Suite struct JobTests {
  @Test func orderOnStartAndStop() {
    let units = [
      service("c", unit: { $0.dependencies[.after] = [name("b.service")] }), service("a"),
      service("b", { $0.type = .exec }, unit: { $0.dependencies[.after] = [name("a.service")] }),
    ]
    var world = World(units, starting: ["c.service", "b.service", "a.service"])
    #expect(world.spawns.map { $0.unitName.shown } == ["a.service", "b.service", "c.service"])
    world.send(.signal(ReceivedSignal(.terminate)))
    let order = world.kills.map { world.manager[$0.invocation.unit].name.shown }
    #expect(order == ["c.service", "b.service", "a.service"])
    #expect(world.left == 0)
  }

  @Test func requiresPullsInAndFailureIsDependency() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requires] = [name("b.service")]; $0.dependencies[.after] = [name("b.service")]
        }),
      service("b") { $0.type = .oneshot },
    ]
    var world = World(units, starting: ["a.service"])
    #expect(world.spawns.map { $0.unitName.shown } == ["b.service"])
    world.end("b.service", .main, .exited(1))
    #expect(world.spawns.count == 1, "a is not started")
    #expect(world.messages.contains { $0.contains("cannot start a.service: it requires b.service") })
  }

  @Test func requiresWithoutAfterRunsAnyway() {
    let units = [service("a", unit: { $0.dependencies[.requires] = [name("b.service")] }), service("b") { $0.type = .oneshot }]
    var world = World(units, starting: ["a.service"])
    world.end("b.service", .main, .exited(1))
    #expect(world.state("a.service") == .running)
  }

  @Test func aFailedWantReleasesTheOrder() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.wants] = [name("b.service")]; $0.dependencies[.after] = [name("b.service")]
        }),
      service("b") { $0.type = .oneshot },
    ]
    var world = World(units, starting: ["a.service"])
    world.end("b.service", .main, .exited(1))
    #expect(world.state("a.service") == .running)
  }

  @Test func stopAndRestartFollowRequires() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requires] = [name("b.service")]; $0.dependencies[.after] = [name("b.service")]
        }), service("b"),
    ]
    var world = World(units, starting: ["a.service"])
    let restart = world.job(.restart, "b.service")
    #expect(world.result(restart) == .done)
    #expect(world.spawns.map { $0.unitName.shown } == ["b.service", "a.service", "b.service", "a.service"])
    let stop = world.job(.stop, "b.service")
    #expect(world.result(stop) == .done)
    #expect(world.state("a.service") == .dead)
    // B dying by itself does not touch A (units.md e.1).
    _ = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    #expect(world.state("a.service") == .running)
  }

  @Test func aCycleIsBrokenAtWhatDoesNotMatter() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.after] = [name("b.service")]; $0.dependencies[.wants] = [name("b.service")]
        }),
      service("b", unit: { $0.dependencies[.after] = [name("a.service")] }),
    ]
    var options = ManagerOptions()
    options.stay = true
    var world = World(units, starting: [], options: options)
    let start = world.job(.start, "a.service")
    #expect(world.result(start) == .done)
    #expect(world.spawns.map { $0.unitName.shown } == ["a.service"])
    #expect(world.messages.contains { $0.contains("ordering cycle") && $0.contains("a.service") && $0.contains("b.service") })
  }

  @Test func anUnbreakableCycleIsRefused() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.after] = [name("b.service")]; $0.dependencies[.requires] = [name("b.service")]
        }),
      service("b", unit: { $0.dependencies[.after] = [name("a.service")] }),
    ]
    var options = ManagerOptions()
    options.stay = true
    var world = World(units, starting: [], options: options)
    let id = world.job(.start, "a.service")
    guard case .failed(.refused, let message, _) = world.replies.last(where: { $0.0 == id })?.1 else {
      Issue.record("not refused")
      return
    }
    #expect(message.shown.contains("ordering cycle"))
  }

  @Test func everyWaiterIsAnsweredOnce() {
    var world = World(
      [
        service("a") {
          $0.type = .exec; $0.startPre = [command("/p")]
        }
      ], starting: [], options: stayOptions())
    let ids = (0..<3).map { _ in world.job(.start, "a.service") } + [world.job(.restart, "a.service")]
    _ = ids
    let stop = world.job(.stop, "a.service")
    world.end("a.service", .startPre)
    #expect(world.result(stop) == .done)
    for (id, _) in world.replies { #expect(world.replies.filter { $0.0 == id }.count == 1) }
    #expect(world.replies.count == 5)
  }

  @Test func mergeTableIsSymmetric() {
    for a in JobType.allCases {
      for b in JobType.allCases {
        #expect(JobMerge.merge(a, b) == JobMerge.merge(b, a), "\(a.name) + \(b.name)")
        if a == .stop || b == .stop { #expect((JobMerge.merge(a, b) == nil) == (a != b)) }
      }
    }
  }

  func stayOptions() -> ManagerOptions {
    var options = ManagerOptions()
    options.stay = true
    return options
  }
}

@Suite struct ApplyTests {
  private func load(_ units: [Unit], errors: Bool = false) -> LoadedUnits {
    let diagnostics = errors ? [Diagnostic(.error, file: Bytes("f"), line: 1, message: Bytes("bad"))] : []
    return LoadedUnits(units: units, diagnostics: diagnostics, starting: units.map(\.name))
  }

  @Test func exactlyWhatChanged() {
    var world = World(
      [service("same"), service("gone"), service("changed")], starting: ["same.service", "gone.service", "changed.service"])
    let pid = world.record("same.service")?.service.main?.pid
    let changed = service("changed") { $0.start = [command("/new")] }
    world.send(.loaded(.applyBySignal, load([service("same"), changed, service("added")])))
    #expect(world.record("same.service")?.service.main?.pid == pid)
    #expect(world.record("gone.service") == nil)
    #expect(world.state("added.service") == .running)
    #expect(world.spawns.map { $0.command.path.shown } == ["/bin/same", "/bin/gone", "/bin/changed", "/new", "/bin/added"])
    #expect(!world.live.contains { $0.pid == 102 })
  }

  @Test func aBadFileChangesNothing() {
    var world = World([service("a")], starting: ["a.service"])
    let before = world.live.map(\.pid)
    let reply = RequestID(7)
    world.send(.loaded(.apply(reply), load([service("b")], errors: true)))
    #expect(world.live.map(\.pid) == before)
    #expect(world.record("b.service") == nil)
    guard case .failed(.badConfiguration, _, let diagnostics) = world.replies.last?.1 else {
      Issue.record("not refused")
      return
    }
    #expect(diagnostics.count == 1)
  }

  @Test func liveChangesRestartNothing() {
    var world = World([service("a")], starting: ["a.service"])
    world.send(
      .loaded(
        .applyBySignal,
        load([
          service("a") {
            $0.timeoutStop = TimeSpan(seconds: 7); $0.restart = .always
          }
        ])))
    #expect(world.spawns.count == 1)
    #expect(world.record("a.service")?.serviceSettings?.timeoutStop == TimeSpan(seconds: 7))
  }

  @Test func daemonReloadStartsAndStopsNothing() {
    var world = World([service("a")], starting: ["a.service"])
    world.send(.loaded(.daemonReload(RequestID(1)), load([service("a") { $0.start = [command("/new")] }, service("b")])))
    #expect(world.spawns.count == 1)
    let restart = world.job(.restart, "a.service")
    #expect(world.result(restart) == .done)
    #expect(world.spawns.last?.command.path.shown == "/new")
    #expect(world.state("b.service") == .dead)
  }

  /// Of the unit path: the run goes on under the new definition, in the middle of a start as soon as that is done.
  @Test func daemonReloadTakesARunningUnitOfTheUnitPathInPlace() {
    func unit(_ text: String, _ change: (inout ServiceSettings) -> Void = { _ in }) -> Unit {
      service(
        "a",
        {
          $0.start = [command("/" + text)]; $0.reload = [command("/reload-" + text)]; change(&$0)
        }
      ) {
        $0.origin = .unitPath
        $0.description = Bytes(text.utf8)
      }
    }
    var world = World([unit("old")], starting: ["a.service"])
    let run = world.record("a.service")?.service.invocation
    let umask = ExecSettings()
    umask.umask = 0o77
    world.send(.loaded(.daemonReload(RequestID(1)), load([unit("new") { $0.exec = umask }])))
    #expect(world.record("a.service")?.unit.description.shown == "new" && world.record("a.service")?.pending == nil)
    #expect(world.spawns.count == 1 && world.record("a.service")?.service.invocation == run)
    _ = world.job(.reload, "a.service")
    #expect(world.spawns.last?.command.path.shown == "/reload-new" && world.spawns.last?.exec.umask == 0o77)
    // Another one while the reload runs waits for its end.
    world.send(.loaded(.daemonReload(RequestID(2)), load([unit("newer")])))
    #expect(world.record("a.service")?.unit.description.shown == "new")
    world.end("a.service", .reload)
    #expect(world.record("a.service")?.unit.description.shown == "newer")
    // Masked, broken or gone: it runs on, and nothing can be asked of it but a stop.
    let masked = Unit(name: name("a.service"), kind: .other)
    masked.origin = .unitPath
    masked.loadState = .masked
    let broken = unit("broken")
    broken.loadState = .badSetting
    for (units, state, answer) in [
      ([masked], LoadState.masked, RequestError.refused), ([broken], .badSetting, .refused), ([], .notFound, .notFound),
    ] {
      world.send(.loaded(.daemonReload(RequestID(3)), load(units)))
      #expect(world.record("a.service")?.shownLoadState == state && world.state("a.service") == .running)
      for type in [JobType.start, .restart, .reload] {
        let id = world.job(type, "a.service")
        #expect(world.status(id) == (answer == .notFound ? 5 : 1), "\(type) \(state.name)")
      }
    }
    // Back again, and of another type.
    world.send(.loaded(.daemonReload(RequestID(4)), load([unit("again") { $0.type = .oneshot }])))
    #expect(world.record("a.service")?.shownLoadState == .loaded)
    world.end("a.service", .main, .killed(.terminate))
    #expect(world.record("a.service")?.service.result == .signal, "SIGTERM is no clean end of a oneshot")
  }

  /// A service in its backoff comes back as it was, where its file is masked by now.
  @Test func aMaskedFileDoesNotBreakARestartThatIsUnderWay() {
    let unit = service("a", { $0.restart = .always })
    unit.origin = .unitPath
    var world = World([unit], starting: ["a.service"])
    world.end("a.service", .main, .exited(1))
    let masked = Unit(name: unit.name, kind: .other)
    masked.origin = .unitPath
    masked.loadState = .masked
    world.send(.loaded(.daemonReload(RequestID(1)), load([masked])))
    world.advance(TimeSpan(seconds: 1))
    #expect(world.state("a.service") == .running)
    _ = world.job(.stop, "a.service")
    #expect(world.record("a.service")?.unit.loadState == .masked)
  }

  @Test func aScheduleKeepsItsGridOverApply() {
    func job(_ timeout: UInt64) -> Unit {
      service("j") {
        $0.type = .oneshot
        $0.schedule.triggers = [.every(TimeSpan(seconds: 10))]
        $0.timeoutStop = TimeSpan(seconds: timeout)
      }
    }
    var world = World([job(5)], starting: ["j.service"])
    world.advance(TimeSpan(seconds: 4))
    world.send(.loaded(.applyBySignal, load([job(6)])))
    #expect(world.record("j.service")?.timer?.fireAt == Instant(nanoseconds: 10_000_000_000))
  }
}

@Suite struct OverlapTests {
  private func world(_ policy: OverlapPolicy) -> World {
    World(
      [
        service("j") {
          $0.type = .oneshot
          $0.schedule.triggers = [.every(TimeSpan(seconds: 1))]
          $0.schedule.overlap = policy
        }
      ], starting: ["j.service"])
  }

  @Test func skipCountsEverySlotAndSaysItOnce() {
    var world = world(.skip)
    world.advance(TimeSpan(milliseconds: 5500))
    #expect(world.spawns.count == 1)
    let timer = world.record("j.service")?.timer
    #expect(timer?.runs == 1)
    #expect(timer?.skipped == 4)
    #expect(world.messages.filter { $0.contains("skipped") }.count == 1)
    world.end("j.service")
    world.advance(TimeSpan(seconds: 1))
    #expect(world.spawns.count == 2)
  }

  @Test func queueRunsOnceAtTheEnd() {
    var world = world(.queue)
    world.advance(TimeSpan(milliseconds: 3500))
    #expect(world.spawns.count == 1)
    world.end("j.service")
    #expect(world.spawns.count == 2)
    world.end("j.service")
    #expect(world.spawns.count == 2)
  }

  @Test func replaceStopsTheOldRun() {
    var world = world(.replace)
    world.advance(TimeSpan(milliseconds: 2500))
    #expect(world.spawns.count == 2)
    #expect(world.kills.count == 1)
    #expect(world.live.count == 1)
  }

  /// The old run ends by the signal, the new one runs; and while the old one still ends, no slot queues behind the new one.
  @Test func replacedRunsHaveResultsOfTheirOwn() {
    var world = world(.replace)
    world.isStubborn = true
    world.advance(TimeSpan(milliseconds: 4500))
    let record = world.record("j.service")
    #expect(record?.timer?.runs == 2)
    #expect(record?.timer?.skipped == 2)
    #expect(record?.history.map(\.result) == [.running, .waiting, .skipped])
    #expect(record?.history.map { $0.startedAt != nil } == [true, false, false])
    world.end("j.service", .main, .killed(.terminate))
    #expect(world.record("j.service")?.history.map(\.result) == [.ended(.signal), .running, .skipped])
    #expect(world.record("j.service")?.history[1].startedAt != nil && world.record("j.service")?.history[1].attempts == 1)
    world.end("j.service")
    #expect(world.record("j.service")?.history.map(\.result) == [.ended(.signal), .ended(.success), .skipped])
  }

  /// What the start limit refuses has no attempt, and not the result of the run before.
  @Test func refusedStartsAreNoAttempts() {
    let unit = service("j") {
      $0.type = .oneshot
      $0.restart = .onFailure
      $0.schedule.triggers = [.every(TimeSpan(seconds: 20))]
    }
    unit.startLimit.burst = 2
    unit.startLimit.interval = TimeSpan(seconds: 100)
    var world = World([unit], starting: ["j.service"])
    world.advance(TimeSpan(seconds: 20))
    world.end("j.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 5))
    #expect(world.spawns.count == 2)
    world.end("j.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 20))
    #expect(world.spawns.count == 2)
    let history = world.record("j.service")?.history
    #expect(history?.map(\.result) == [.ended(.exitCode), .ended(.startLimitHit)])
    #expect(history?.map(\.attempts) == [2, 0])
  }

  /// Who stops it stops the run that waits, too.
  @Test func aReplacementThatIsCanceled() {
    var world = world(.replace)
    world.isStubborn = true
    world.advance(TimeSpan(milliseconds: 2500))
    let stop = world.job(.stop, "j.service")
    // A slot does not cancel the stop.
    world.advance(TimeSpan(seconds: 1))
    world.end("j.service", .main, .killed(.terminate))
    #expect(world.status(stop) == 0)
    #expect(world.record("j.service")?.history.map(\.result) == [.ended(.signal), .canceled, .skipped])
  }

  @Test func parallelRunsAtMostSixteen() {
    var world = world(.parallel)
    world.advance(TimeSpan(milliseconds: 20_500))
    #expect(world.live.count == 16)
    let timer = world.record("j.service")?.timer
    #expect(timer?.runs == 16)
    #expect(timer?.skipped == 4)
    #expect(Set(world.live.map(\.key.invocation.number)).count == 16)
    #expect(world.record("j.service#15") != nil)
  }
}
