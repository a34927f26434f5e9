import Model
import Testing

@testable import Supervision

@Suite struct ConditionTests {
  private let condition = Condition(.pathExists, Bytes("/x"))
  private func conditional(_ change: (inout ServiceSettings) -> Void = { _ in }) -> Unit {
    service("a", change, unit: { $0.conditions = [Condition(.pathExists, Bytes("/x"))] })
  }

  private mutating func answer(_ world: inout World, _ outcome: CheckOutcome) {
    guard let request = world.heldChecks.popLast() else { return }
    world.send(.checked(request.unit, number: request.number, outcome))
  }

  @Test mutating func theAnswerDecides() {
    var world = World([conditional()], starting: [], options: stay())
    world.holdsChecks = true
    let id = world.job(.start, "a.service")
    #expect(world.spawns.isEmpty && world.state("a.service") == .dead)
    answer(&world, .conditionFailed(condition))
    #expect(world.result(id) == .skipped && world.status(id) == 0)
    guard case .unit(let report)? = world.request(.unit(Bytes("a.service"))) else { return }
    #expect(report.why.shown == "not started: ConditionPathExists=/x does not hold")
    #expect(report.properties.contains(Bytes("ConditionResult=no")))
    let again = world.job(.start, "a.service")
    answer(&world, .met)
    #expect(world.status(again) == 0 && world.state("a.service") == .running)
  }

  @Test mutating func aLateAnswerIsDropped() {
    var world = World([conditional()], starting: [], options: stay())
    world.holdsChecks = true
    let start = world.job(.start, "a.service")
    let stop = world.job(.stop, "a.service")
    #expect(world.result(start) == .canceled && world.status(stop) == 0)
    answer(&world, .met)
    #expect(world.spawns.isEmpty)
    // A restart meanwhile asks again; the first answer is not the second one's.
    let first = world.job(.start, "a.service")
    let second = world.job(.restart, "a.service")
    #expect(world.heldChecks.count == 2)
    let old = world.heldChecks.removeFirst()
    world.send(.checked(old.unit, number: old.number, .met))
    #expect(world.spawns.isEmpty)
    answer(&world, .met)
    #expect(world.status(first) == 0 && world.status(second) == 0 && world.spawns.count == 1)
  }

  @Test func askedAgainAtEveryStartAndNotCounted() {
    let unit = conditional { $0.restart = .always }
    unit.startLimit.burst = 2
    unit.startLimit.interval = TimeSpan(seconds: 100)
    var world = World([unit], starting: [], options: stay())
    world.checks["a.service"] = .conditionFailed(condition)
    for _ in 0..<5 { expect(&world, .start, "a.service", 0) }
    world.checks["a.service"] = nil
    expect(&world, .start, "a.service", 0)
    #expect(world.spawns.count == 1)
    // An automatic restart asks too, and ends when the condition does not hold any more.
    world.checks["a.service"] = .conditionFailed(condition)
    world.end("a.service", .main, .exited(1))
    world.advance(TimeSpan(seconds: 60))
    #expect(world.state("a.service") == .dead && world.spawns.count == 1)
  }

  @Test func anUnreadableConditionFailsTheJob() {
    var world = World([conditional()], starting: [], options: stay())
    world.checks["a.service"] = .failed(Bytes("no answer within 10s"))
    expect(&world, .start, "a.service", 1)
    #expect(world.state("a.service") == .dead)
  }

  @Test func anAssertFailsWhoRequiresIt() {
    let units = [
      service(
        "r",
        unit: {
          $0.dependencies[.requires] = [name("a.service")]; $0.dependencies[.after] = [name("a.service")]
        }),
      service("a", unit: { $0.asserts = [Condition(.pathExists, Bytes("/x"))] }),
    ]
    var world = World(units, starting: [], options: stay())
    world.checks["a.service"] = .assertFailed(condition)
    let id = world.job(.start, "r.service")
    #expect(world.result(id) == .dependency)
    let own = world.job(.start, "a.service")
    #expect(world.result(own) == .assert)
  }
}
