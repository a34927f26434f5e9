import Model
import Testing

@testable import Supervision

/// A service with edges given as `requires: "b c"`.
func unit(
  _ unitName: String, after: String = "", wants: String = "", requires: String = "", conflicts: String = "",
  change: (inout ServiceSettings) -> Void = { _ in }
) -> Unit {
  func names(_ list: String) -> [UnitName] { list.split(separator: " ").map { name($0 + ".service") } }
  return service(
    unitName, change,
    unit: {
      $0.dependencies[.after] = names(after)
      $0.dependencies[.wants] = names(wants)
      $0.dependencies[.requires] = names(requires)
      $0.dependencies[.conflicts] = names(conflicts)
    })
}

@Suite struct TransactionTests {
  /// Starts one unit; its exit status and who runs then.
  private func start(_ unit: String, _ units: [Unit]) -> (status: Int?, running: String) {
    var world = World(units, starting: [], options: stay())
    let id = world.job(.start, unit + ".service")
    let running = units.filter { world.state($0.name.bytes.shown) == .running }.map { String($0.name.bytes.shown.dropLast(8)) }
    return (world.status(id), running.joined(separator: " "))
  }

  /// Each asked of systemd 252.
  @Test func cyclesAreBrokenWhereItDoesNotHurt() {
    var world = World(
      [unit("a", after: "b", wants: "b"), unit("b", after: "c", wants: "c"), unit("c", after: "a")], starting: [], options: stay())
    expect(&world, .start, "a.service", 0)
    #expect(world.begun == "a", "b goes, and c was only there for b")
    #expect(
      world.messages.contains { $0.contains("ordering cycle: b.service waits for c.service waits for a.service waits for b.service") })

    let one = start("x", [unit("x", after: "y", requires: "y"), unit("y", after: "z", wants: "z"), unit("z", after: "x")])
    #expect(one.status == 0 && one.running == "x y")
    let two = start("p", [unit("p", after: "q", requires: "q"), unit("q", after: "p", requires: "p")])
    #expect(two.status == 1 && two.running == "")
    let three = start(
      "a", [unit("a", after: "b", requires: "b"), unit("b", after: "c", requires: "c"), unit("c", after: "a", requires: "a")])
    #expect(three.status == 1 && three.running == "")
  }

  @Test func aCycleThroughAQueuedJobIsFoundToo() {
    var world = World(
      [
        unit("slow") { $0.type = .oneshot }, unit("a", after: "slow b"), unit("b", after: "a", requires: "a"),
      ], starting: [], options: stay())
    _ = world.job(.start, "slow.service", wait: false)
    let first = world.job(.start, "a.service")
    #expect(world.status(first) == nil, "it waits for slow")
    let second = world.job(.start, "b.service")
    #expect(world.status(second) == 1)
  }

  @Test func conflictsInOneTransaction() {
    let b = unit("b", conflicts: "c")
    let c = unit("c")
    let neither = start("a", [unit("a", wants: "b c"), b, c])
    #expect(neither.status == 0 && neither.running == "a b", "what is stopped by Conflicts= gives way")
    let both = start("d", [unit("d", requires: "b c"), b, c])
    #expect(both.status == 1 && both.running == "")
    let first = start("e", [unit("e", wants: "b", requires: "c"), b, c])
    #expect(first.status == 0 && first.running == "e c" || first.running == "c e")
    let second = start("f", [unit("f", wants: "c", requires: "b"), b, c])
    #expect(second.status == 0 && second.running == "f b")
  }

  @Test func modeFailRefusesWhatContradicts() {
    var world = World(
      [unit("b") { $0.stop = [command("/stop")] }, unit("r", requires: "b"), unit("w", wants: "b")], starting: [], options: stay())
    _ = world.job(.start, "b.service")
    _ = world.job(.stop, "b.service")
    let refused = world.job(.start, "r.service", mode: .fail)
    #expect(world.status(refused) == 4)
    let wanted = world.job(.start, "w.service", mode: .fail)
    #expect(world.status(wanted) == 0, "what it only wants is left out")
    let ignoring = world.job(.start, "r.service", mode: .ignoreDependencies)
    #expect(world.status(ignoring) == 0)
    #expect(world.state("b.service") == .stop)
    let replaced = world.job(.start, "b.service")
    world.end("b.service", .stop)
    #expect(world.status(replaced) == 0)
    #expect(world.state("b.service") == .running)
  }

  @Test func partOfGoesOnFromUnitToUnit() {
    let units = [
      service("a", unit: { $0.dependencies[.partOf] = [name("b.service")] }),
      service("b", unit: { $0.dependencies[.partOf] = [name("c.service")] }), service("c"),
    ]
    var world = World(units, starting: ["a.service", "b.service", "c.service"], options: stay())
    expect(&world, .stop, "c.service", 0)
    for unit in ["a", "b", "c"] { #expect(world.state(unit + ".service") == .dead) }
  }

  @Test func failureGoesUpTheWholeChain() {
    let units = [unit("a", after: "b", requires: "b"), unit("b", after: "c", requires: "c"), unit("c") { $0.type = .oneshot }]
    var world = World(units, starting: [], options: stay())
    let id = world.job(.start, "a.service")
    world.end("c.service", .main, .exited(1))
    #expect(world.result(id) == .dependency)
    #expect(world.begun == "c")
  }

  @Test func aRequirementOfAWantedUnitThatIsMissingHarmsNobodyElse() {
    let units = [unit("a", wants: "c"), unit("c", requires: "absent")]
    #expect(start("a", units).status == 0)
    #expect(start("c", units).status == 5)
  }

  @Test func requisiteWaitsForWhatIsOnItsWay() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requisite] = [name("b.service")]; $0.dependencies[.after] = [name("b.service")]
        }),
      service("b") { $0.startPre = [command("/pre")] },
    ]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "b.service")
    let id = world.job(.start, "a.service")
    #expect(world.status(id) == nil)
    world.end("b.service", .startPre)
    #expect(world.status(id) == 0)
  }

  @Test func aOneshotThatIsOverIsNotEnoughForRequisite() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requisite] = [name("b.service")]
          $0.dependencies[.after] = [name("b.service")]
        }), service("b") { $0.type = .oneshot },
    ]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "b.service")
    let id = world.job(.start, "a.service")
    world.end("b.service")
    #expect(world.result(id) == .dependency)
  }

  /// A target is active when what it is ordered after has ended, and who is ordered after it waits so long.
  @Test func targetsOrder() {
    let target = Unit(name: name("t.target"), kind: .target)
    target.isBuiltIn = true
    target.dependencies[.wants] = [name("a.service")]
    target.dependencies[.after] = [name("a.service")]
    let units = [
      target, service("a") { $0.type = .oneshot },
      service(
        "b",
        unit: {
          $0.dependencies[.requires] = [name("t.target")]; $0.dependencies[.after] = [name("t.target")]
        }),
    ]
    var options = ManagerOptions()
    options.bootTarget = Bytes("t.target")
    var world = World(units, starting: [], options: options)
    #expect(world.begun == "a")
    _ = world.job(.start, "b.service")
    #expect(world.begun == "a" && world.record("t.target")?.activeState == .inactive)
    world.end("a.service")
    #expect(world.begun == "a b" && world.record("t.target")?.activeState == .active)
    world.end("b.service")
    #expect(world.left == nil, "a boot target does not leave for lack of work")
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 0)
  }

  @Test func aliasesAreOneUnit() {
    let units = [
      service("a", unit: { $0.aliases = [name("other.service")] }),
      service(
        "b",
        unit: {
          $0.dependencies[.requires] = [name("other.service")]; $0.dependencies[.after] = [name("other.service")]
        }),
    ]
    var world = World(units, starting: [], options: stay())
    expect(&world, .start, "b.service", 0)
    #expect(world.begun == "a b")
    expect(&world, .stop, "other.service", 0)
    #expect(world.state("a.service") == .dead && world.state("b.service") == .dead)
    let reply = world.request(.unit(Bytes("other.service")))
    guard case .unit(let report) = reply else {
      Issue.record("no report")
      return
    }
    #expect(report.name.shown == "a.service" && report.properties.contains(Bytes("Names=a.service other.service")))
    #expect(report.properties.contains(Bytes("RequiredBy=b.service")))
  }

  @Test func aThousandUnitsAreLinkedAndPlannedAtOnce() {
    let target = Unit(name: name("all.target"), kind: .target)
    var units: [Unit] = []
    for index in 0..<1000 {
      units.append(unit("s\(index)", after: index > 0 ? "s\(index - 1)" : "", requires: index > 0 ? "s\(index - 1)" : ""))
      target.dependencies[.wants].append(name("s\(index).service"))
      target.dependencies[.after].append(name("s\(index).service"))
    }
    let world = World(units + [target], starting: ["all.target"])
    #expect(world.spawns.count == 1000)
    #expect(world.spawns.last?.unitName.shown == "s999.service")
    #expect(world.record("all.target")?.isOn == true)
  }

  @Test func unknownNamesAreLookedForOnDisk() {
    var world = World([service("a")], starting: ["a.service"], options: stay())
    let id = world.job(.start, "late.service")
    #expect(world.status(id) == nil)
    guard case .demand(let asked, let request, let wanted)? = world.loads.last else {
      Issue.record("not looked for")
      return
    }
    #expect(asked == id && wanted.shown == "late.service")
    let found = LoadedUnits(units: [unit("late", wants: "helper"), unit("helper")], diagnostics: [], starting: [], isPartial: true)
    world.send(.loaded(.demand(asked, request, unit: wanted), found))
    #expect(world.status(id) == 0)
    #expect(Set(world.spawns.map { $0.unitName.shown }) == ["a.service", "late.service", "helper.service"])
    let absent = world.job(.start, "absent.service")
    guard case .demand(_, let again, let name)? = world.loads.last else { return }
    let nothing = LoadedUnits(units: [], diagnostics: [], starting: [], isPartial: true)
    world.send(.loaded(.demand(absent, again, unit: name), nothing))
    #expect(world.status(absent) == 5)
    #expect(world.loads.count == 2, "looked for once each")
  }

  /// A request reads anew what the unit pulls in; what is wrong in it was said at the first one.
  @Test func whatIsWrongInUnitFilesIsSaidOnce() {
    var world = World([service("a")], starting: ["a.service"], options: stay())
    let warning = Diagnostic(.warning, file: Bytes("/x.mount"), message: Bytes("cannot load it"))
    for name in ["one", "two"] {
      let id = world.job(.start, name + ".service")
      guard case .demand(_, let request, let wanted)? = world.loads.last else { return }
      let found = LoadedUnits(units: [unit(name)], diagnostics: [warning], starting: [], isPartial: true)
      world.send(.loaded(.demand(id, request, unit: wanted), found))
    }
    #expect(world.loads.count == 2 && world.tables == ["/x.mount: warning: cannot load it\n"], "\(world.tables)")
  }
}

/// A dependent waits for what is in its backoff.
@Suite struct WaitingForBackoffTests {
  private func pair(_ relate: (inout Dependencies) -> Void, type: ServiceType = .oneshot, after: Bool = true) -> [Unit] {
    [
      service(
        "a",
        unit: {
          relate(&$0.dependencies)
          if after { $0.dependencies[.after] = [name("b.service")] }
        }),
      service("b") {
        $0.type = type
        $0.restart = .onFailure
        $0.remainAfterExit = type == .oneshot
        $0.backoff.delay = TimeSpan(seconds: 2)
      },
    ]
  }

  @Test func whatRequiresItWaitsAndIsNotFailed() {
    for bound in [false, true] {
      var world = World(
        pair { if bound { $0[.bindsTo] = [name("b.service")] } else { $0[.requires] = [name("b.service")] } }, starting: [], options: stay()
      )
      let id = world.job(.start, "a.service")
      world.end("b.service", .main, .exited(1))
      #expect(world.status(id) == nil && world.state("b.service") == .autoRestart)
      guard case .unit(let report)? = world.request(.unit(Bytes("a.service"))) else { return }
      #expect(report.why.shown == "start waits for b.service, which failed and is restarted in 2s")
      world.advance(TimeSpan(seconds: 3))
      world.end("b.service", .main, .exited(1))
      world.advance(TimeSpan(seconds: 3))
      #expect(world.status(id) == nil && world.begun == "b b b")
      world.end("b.service")
      #expect(world.status(id) == 0 && world.begun == "b b b a")
      #expect(world.record("b.service")?.service.restarts == 2)
    }
  }

  @Test func aStartDuringTheBackoffDoesNotCutItShort() {
    var world = World(pair { $0[.requires] = [name("b.service")] }, starting: [], options: stay())
    _ = world.job(.start, "b.service")
    world.end("b.service", .main, .exited(1))
    let id = world.job(.start, "a.service")
    #expect(world.begun == "b" && world.status(id) == nil)
    world.advance(TimeSpan(milliseconds: 2100))
    #expect(world.begun == "b b")
    #expect(world.record("b.service")?.service.restarts == 1, "it is still the automatic restart")
    world.end("b.service")
    #expect(world.status(id) == 0)
    // Who asks for the unit itself has it at once.
    world.end("a.service")
  }

  @Test func whatOnlyWantsItIsReleasedByTheFailure() {
    var world = World(pair { $0[.wants] = [name("b.service")] }, starting: [], options: stay())
    let id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    #expect(world.status(id) == 0)
  }

  @Test func withoutAfterNobodyWaits() {
    var world = World(pair({ $0[.requires] = [name("b.service")] }, after: false), starting: [], options: stay())
    _ = world.job(.start, "b.service")
    world.end("b.service", .main, .exited(1))
    expect(&world, .start, "a.service", 0)
    #expect(world.state("b.service") == .autoRestart)
  }

  @Test func whatEndsTheWaiting() {
    // A request to stop.
    var world = World(pair { $0[.requires] = [name("b.service")] }, starting: [], options: stay())
    var id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    expect(&world, .stop, "b.service", 0)
    #expect(world.result(id) == .canceled)
    // The final failure.
    var units = pair { $0[.requires] = [name("b.service")] }
    units[1].startLimit.burst = 2
    units[1].startLimit.interval = TimeSpan(seconds: 100)
    world = World(units, starting: [], options: stay())
    id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 3))
    world.end("b.service", .main, .exited(1))
    #expect(world.result(id) == nil)
    world.advance(TimeSpan(seconds: 3))
    #expect(world.state("b.service") == .failed && world.result(id) == .dependency)
    // The job's own time.
    units = pair { $0[.requires] = [name("b.service")] }
    units[0].jobTimeout = TimeSpan(seconds: 1)
    world = World(units, starting: [], options: stay())
    id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    world.advance(TimeSpan(milliseconds: 1500))
    #expect(world.result(id) == .timeout)
  }

  @Test func aRestartTakesAlongWhoRequiresIt() {
    var world = World(pair({ $0[.requires] = [name("b.service")] }, type: .simple), starting: [], options: stay())
    _ = world.job(.start, "a.service")
    let pid = world.record("a.service")?.service.main?.pid
    world.end("b.service", .main, .exited(1))
    #expect(world.record("a.service")?.service.main?.pid == pid, "as long as it is away nothing happens")
    world.advance(TimeSpan(seconds: 3))
    #expect(world.begun == "b a b a")
  }

  @Test func whoIsBoundComesBackWithIt() {
    var world = World(pair({ $0[.bindsTo] = [name("b.service")] }, type: .simple), starting: [], options: stay())
    _ = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    #expect(world.state("a.service") == .dead)
    world.advance(TimeSpan(seconds: 3))
    #expect(world.begun == "b a b a")
    // A request to stop it stands.
    _ = world.job(.stop, "a.service")
    world.end("b.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 3))
    #expect(world.begun == "b a b a b")
  }
}
