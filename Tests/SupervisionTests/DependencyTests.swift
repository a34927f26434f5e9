import Model
import Testing

@testable import Supervision

/// A stays up when nothing concerns it.
func stay() -> ManagerOptions {
  var options = ManagerOptions()
  options.stay = true
  return options
}

/// Asks for a job and waits: systemctl's exit status is this one.
func expect(_ world: inout World, _ type: JobType, _ unit: String, _ status: Int, at location: Testing.SourceLocation = #_sourceLocation) {
  let id = world.job(type, unit)
  let got = world.status(id)
  #expect(got == status, "\(type.name) \(unit)", sourceLocation: location)
}

/// How A names B. The names are systemd's keys.
enum Kind: String, CaseIterable {
  case wants, requires, requisite, bindsTo, partOf, upholds, conflicts, onFailure, onSuccess, propagatesReloadTo, reloadPropagatedFrom,
    propagatesStopTo, stopPropagatedFrom

  func put(_ other: String, _ unit: inout Unit) {
    let names = [name(other)]
    switch self {
    case .wants: unit.dependencies[.wants] = names
    case .requires: unit.dependencies[.requires] = names
    case .requisite: unit.dependencies[.requisite] = names
    case .bindsTo: unit.dependencies[.bindsTo] = names
    case .partOf: unit.dependencies[.partOf] = names
    case .upholds: unit.dependencies[.upholds] = names
    case .conflicts: unit.dependencies[.conflicts] = names
    case .onFailure: unit.dependencies[.onFailure] = names
    case .onSuccess: unit.dependencies[.onSuccess] = names
    case .propagatesReloadTo: unit.dependencies[.propagatesReloadTo] = names
    case .reloadPropagatedFrom: unit.dependencies[.reloadPropagatedFrom] = names
    case .propagatesStopTo: unit.dependencies[.propagatesStopTo] = names
    case .stopPropagatedFrom: unit.dependencies[.stopPropagatedFrom] = names
    }
  }
}

/// The table of dependencies (units.md e.1), every cell as systemd 252 answered it: kind × what B is × with and without After=.
@Suite struct StartTableTests {
  enum Other: String, CaseIterable { case ok, fails, absent, masked, skipped, asserts }

  /// Exit status of `start a`, and whether A runs afterwards; by columns of `Other`.
  static let rows: [(kind: Kind, after: Bool, cells: [String])] = [
    (.wants, false, ["0 run", "0 run", "0 run", "0 run", "0 run", "0 run"]),
    (.wants, true, ["0 run", "0 run", "0 run", "0 run", "0 run", "0 run"]),
    (.upholds, false, ["0 run", "0 run", "0 run", "0 run", "0 run", "0 run"]),
    (.upholds, true, ["0 run", "0 run", "0 run", "0 run", "0 run", "0 run"]),
    (.requires, false, ["0 run", "0 run", "5 dead", "1 dead", "0 run", "0 run"]),
    (.requires, true, ["0 run", "1 dead", "5 dead", "1 dead", "0 run", "1 dead"]),
    (.requisite, false, ["0 run", "0 run", "5 dead", "1 dead", "0 run", "0 run"]),
    (.requisite, true, ["1 dead", "1 dead", "5 dead", "1 dead", "1 dead", "1 dead"]),
    // Without After= A is up first, and does not stay up without B.
    (.bindsTo, false, ["0 run", "0 dead", "5 dead", "1 dead", "0 dead", "0 dead"]),
    (.bindsTo, true, ["0 run", "1 dead", "5 dead", "1 dead", "1 dead", "1 dead"]),
  ]

  @Test(arguments: StartTableTests.rows.indices) func startOfA(_ index: Int) {
    let row = Self.rows[index]
    for (column, other) in Other.allCases.enumerated() { judge(row.kind, row.after, other, row.cells[column]) }
  }

  @Test(arguments: [
    Kind.partOf, .conflicts, .onFailure, .onSuccess, .propagatesReloadTo, .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom,
  ])
  func otherKindsPullNothingIn(_ kind: Kind) {
    for after in [false, true] {
      for other in Other.allCases { judge(kind, after, other, "0 run", pullsIn: false) }
    }
  }

  private func judge(_ kind: Kind, _ after: Bool, _ other: Other, _ expected: String, pullsIn: Bool = true) {
    var units = [
      service(
        "a",
        unit: {
          kind.put("b.service", &$0)
          if after { $0.dependencies[.after] = [name("b.service")] }
        })
    ]
    if let b = make(other) { units.append(b) }
    var world = World(units, starting: [], options: stay())
    world.checks["b.service"] =
      other == .skipped ? .conditionFailed(Condition(.pathExists, Bytes("/x"))) : .assertFailed(Condition(.pathExists, Bytes("/x")))
    let id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1), onlyOneshot: true)
    let status = world.status(id).map(String.init) ?? "none"
    let state = world.state("a.service") == .running ? "run" : world.state("a.service") == .dead ? "dead" : "else"
    // A fails in systemd's table without After= too when B's failure comes while A starts; here A is up at once.
    #expect("\(status) \(state)" == expected, "\(kind) \(other) after=\(after)")
    #expect(world.record("a.service")?.service.result == .success, "\(kind) \(other)")
    if !pullsIn { #expect(!world.spawns.contains { $0.unitName.shown == "b.service" }, "\(kind) \(other)") }
  }

  private func make(_ other: Other) -> Unit? {
    switch other {
    case .ok: service("b")
    case .fails: service("b") { $0.type = .oneshot }
    case .absent: nil
    case .masked: service("b", unit: { $0.loadState = .masked })
    case .skipped: service("b", unit: { $0.conditions = [Condition(.pathExists, Bytes("/x"))] })
    case .asserts: service("b", unit: { $0.asserts = [Condition(.pathExists, Bytes("/x"))] })
    }
  }
}

extension World {
  mutating func end(_ name: String, _ role: Role, _ status: Model.ExitStatus, onlyOneshot: Bool) {
    guard let record = record(name), record.serviceSettings?.type == .oneshot else { return }
    end(name, role, status)
  }
}

/// What becomes of the other one, while both run: as systemd 252 answered.
@Suite struct EventTableTests {
  enum Happening: String, CaseIterable { case stopB, restartB, exit0B, exit3B, stopA, restartA }
  enum Fate: String { case same, stopped, restarted }

  /// Of A in the first four columns, of B in the last two.
  static let rows: [(kinds: [Kind], fates: [Fate])] = [
    ([.wants, .onFailure, .onSuccess, .propagatesReloadTo, .reloadPropagatedFrom], [.same, .same, .same, .same, .same, .same]),
    ([.requires, .requisite, .partOf], [.stopped, .restarted, .same, .same, .same, .same]),
    ([.bindsTo], [.stopped, .restarted, .stopped, .stopped, .same, .same]),
    ([.propagatesStopTo], [.same, .same, .same, .same, .stopped, .same]),
    ([.stopPropagatedFrom], [.stopped, .same, .stopped, .stopped, .same, .same]),
  ]

  @Test(arguments: EventTableTests.rows.indices, [false, true]) func fateOfTheOther(_ index: Int, _ after: Bool) {
    for kind in Self.rows[index].kinds {
      for (column, happening) in Happening.allCases.enumerated() {
        let (a, b) = fates(kind, happening, after)
        let expected = Self.rows[index].fates[column]
        #expect((column < 4 ? a : b) == expected, "\(kind) \(happening) after=\(after)")
      }
    }
  }

  private func fates(_ kind: Kind, _ happening: Happening, _ after: Bool) -> (a: Fate, b: Fate) {
    let units = [
      service(
        "a",
        unit: {
          kind.put("b.service", &$0)
          if after { $0.dependencies[.after] = [name("b.service")] }
        }), service("b"),
    ]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "b.service")
    _ = world.job(.start, "a.service")
    let before = ["a.service", "b.service"].map { world.record($0)?.service.main?.pid ?? 0 }
    switch happening {
    case .stopB: expect(&world, .stop, "b.service", 0)
    case .restartB: expect(&world, .restart, "b.service", 0)
    case .exit0B: world.end("b.service")
    case .exit3B: world.end("b.service", .main, .exited(3))
    case .stopA: expect(&world, .stop, "a.service", 0)
    case .restartA: expect(&world, .restart, "a.service", 0)
    }
    func fate(_ unit: String, _ pid: Int32) -> Fate {
      let now = world.record(unit)?.service.main?.pid ?? 0
      return now == pid ? .same : now == 0 ? .stopped : .restarted
    }
    return (fate("a.service", before[0]), fate("b.service", before[1]))
  }

  @Test func conflictsActBothWays() {
    let units = [service("a", unit: { $0.dependencies[.conflicts] = [name("b.service")] }), service("b")]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "b.service")
    expect(&world, .start, "a.service", 0)
    #expect(world.state("a.service") == .running && world.state("b.service") == .dead)
    expect(&world, .start, "b.service", 0)
    #expect(world.state("a.service") == .dead && world.state("b.service") == .running)
    _ = world.job(.start, "a.service")
    expect(&world, .restart, "b.service", 0)
    #expect(world.state("a.service") == .dead && world.state("b.service") == .running)
  }
}

@Suite struct ReloadPropagationTests {
  private func reloading(_ unit: String, _ to: [String] = []) -> Unit {
    service(
      unit, { $0.reload = [command("/r/" + unit)] }, unit: { $0.dependencies[.propagatesReloadTo] = to.map { name($0 + ".service") } })
  }

  /// Asked of systemd 252: from unit to unit, only to those that run and can.
  @Test func reloadGoesOnToWhomItConcerns() {
    let units = [reloading("a", ["b", "c", "d"]), reloading("b", ["e"]), service("c"), reloading("d"), reloading("e")]
    var world = World(units, starting: [], options: stay())
    for unit in ["a", "b", "c", "e"] { _ = world.job(.start, unit + ".service") }
    let id = world.job(.reload, "a.service")
    #expect(world.spawns.filter { $0.key.role == .reload }.map { $0.command.path.shown } == ["/r/a", "/r/b", "/r/e"])
    for unit in ["a", "b", "e"] { world.end(unit + ".service", .reload) }
    #expect(world.status(id) == 0)
    #expect(world.state("c.service") == .running && world.state("d.service") == .dead)
  }

  @Test func reloadPropagatedFromIsTheSameFromTheOtherEnd() {
    let units = [
      service("a", { $0.reload = [command("/r/a")] }, unit: { $0.dependencies[.reloadPropagatedFrom] = [name("b.service")] }),
      reloading("b"),
    ]
    var world = World(units, starting: ["a.service", "b.service"])
    _ = world.job(.reload, "b.service")
    #expect(Set(world.spawns.filter { $0.key.role == .reload }.map { $0.command.path.shown }) == ["/r/a", "/r/b"])
  }

  @Test func whatCannotBeReloaded() {
    var world = World([service("a"), reloading("b")], starting: [], options: stay())
    expect(&world, .reload, "a.service", 3)
    expect(&world, .reload, "b.service", 1)
    _ = world.job(.start, "a.service")
    expect(&world, .reload, "a.service", 3)
  }
}

@Suite struct HandlerTests {
  private func failing(_ change: @escaping (inout ServiceSettings) -> Void = { _ in }) -> [Unit] {
    [
      service(
        "s", change,
        unit: {
          $0.dependencies[.onFailure] = [name("h.service")]; $0.dependencies[.onSuccess] = [name("k.service")]
        }),
      service("h") { $0.type = .oneshot }, service("k") { $0.type = .oneshot },
    ]
  }

  @Test func onFailureKnowsWhatHappened() {
    var world = World(failing(), starting: [], options: stay())
    _ = world.job(.start, "s.service")
    world.end("s.service", .main, .exited(3))
    #expect(world.begun == "s h")
    let environment = world.spawns[1].environment.map(\.shown)
    for expected in ["MONITOR_UNIT=s.service", "MONITOR_SERVICE_RESULT=exit-code", "MONITOR_EXIT_CODE=exited", "MONITOR_EXIT_STATUS=3"] {
      #expect(environment.contains(expected), "\(environment)")
    }
    let invocation = world.invocation("s.service")?.number ?? 0
    #expect(environment.contains("MONITOR_INVOCATION_ID=" + invocationID(seed: 42, number: invocation).shown))
  }

  @Test func onSuccessAfterAStopToo() {
    var world = World(failing(), starting: [], options: stay())
    _ = world.job(.start, "s.service")
    _ = world.job(.stop, "s.service")
    #expect(world.begun == "s k")
    #expect(world.spawns[1].environment.map(\.shown).contains("MONITOR_EXIT_STATUS=TERM"))
  }

  @Test func twoWhoNameTheHandlerTellItNothing() {
    var units = failing()
    units.append(service("t", unit: { $0.dependencies[.onFailure] = [name("h.service")] }))
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "s.service")
    world.end("s.service", .main, .exited(3))
    #expect(!world.spawns[1].environment.contains { $0.shown.hasPrefix("MONITOR_") })
  }

  @Test func onlyTheFinalFailureCounts() {
    let units = failing {
      $0.restart = .onFailure
      $0.backoff.delay = TimeSpan(milliseconds: 100)
    }
    units[0].startLimit.burst = 4
    units[0].startLimit.interval = TimeSpan(seconds: 100)
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "s.service")
    for _ in 0..<5 {
      world.end("s.service", .main, .exited(3))
      world.advance(TimeSpan(seconds: 1))
    }
    #expect(world.begun == "s s s s h")
  }

  @Test func aJobThatComesToNothingCountsAsFailure() {
    let units = [
      service(
        "a",
        unit: {
          $0.dependencies[.requires] = [name("b.service")]
          $0.dependencies[.after] = [name("b.service")]
          $0.dependencies[.onFailure] = [name("h.service")]
        }), service("b") { $0.type = .oneshot }, service("h") { $0.type = .oneshot },
      service(
        "t", { $0.type = .oneshot },
        unit: {
          $0.jobTimeout = TimeSpan(seconds: 1); $0.dependencies[.onFailure] = [name("h.service")]
        }),
    ]
    var world = World(units, starting: [], options: stay())
    let id = world.job(.start, "a.service")
    world.end("b.service", .main, .exited(1))
    #expect(world.result(id) == .dependency)
    #expect(world.begun == "b h")
    world.end("h.service")
    let timed = world.job(.start, "t.service")
    world.advance(TimeSpan(seconds: 2))
    #expect(world.result(timed) == .timeout)
    #expect(world.begun == "b h t h")
    #expect(world.state("t.service") == .start, "the unit goes on")
  }
}

@Suite struct UnneededTests {
  private let units = [
    service("a", unit: { $0.dependencies[.wants] = [name("b.service")] }), service("b", unit: { $0.stopWhenUnneeded = true }),
  ]

  @Test func whoIsNotNeededGoes() {
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "a.service")
    #expect(world.state("b.service") == .running)
    _ = world.job(.stop, "a.service")
    #expect(world.state("b.service") == .dead)
    _ = world.job(.start, "b.service")
    #expect(world.state("b.service") == .dead, "started by hand, and not needed")
  }

  @Test func aBackoffStillNeedsIt() {
    let units = units
    if case .service(let settings) = units[0].kind {
      settings.restart = .always
      units[0].kind = .service(settings)
    }
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "a.service")
    world.end("a.service", .main, .exited(1))
    #expect(world.state("a.service") == .autoRestart && world.state("b.service") == .running)
  }

  @Test func notForHands() {
    let unit = service("a")
    unit.refuseManualStart = true
    unit.refuseManualStop = true
    var world = World([unit, service("w", unit: { $0.dependencies[.wants] = [name("a.service")] })], starting: [], options: stay())
    expect(&world, .start, "a.service", 4)
    _ = world.job(.start, "w.service")
    #expect(world.state("a.service") == .running)
    expect(&world, .stop, "a.service", 4)
    expect(&world, .restart, "a.service", 4)
  }
}
