import Model
import Testing

@testable import Supervision

/// Paths (units.md d.3).
@Suite struct PathTests {
  private func path(_ kinds: [PathKind] = [.exists], _ change: (inout PathSettings) -> Void = { _ in }) -> Unit {
    var settings = PathSettings(unit: name("a.service"))
    settings.specs = kinds.map { PathSpec(kind: $0, path: Bytes("/x")) }
    change(&settings)
    return Unit(name: name("a.path"), kind: .path(settings))
  }

  @Test func startsItsUnitAndLooksAgainAtItsEnd() {
    var world = World([path(), service("a")], starting: ["a.path"])
    #expect(world.sub("a.path") == "waiting")
    world.hit("a.path")
    #expect(world.spawns.map { $0.unitName.shown } == ["a.service"])
    #expect(world.spawns[0].environment.contains(Bytes("TRIGGER_UNIT=a.path")))
    #expect(world.spawns[0].environment.contains(Bytes("TRIGGER_PATH=/x")))
    #expect(world.sub("a.path") == "running")
    world.hit("a.path")
    #expect(world.spawns.count == 1)
    world.end("a.service")
    #expect(world.sub("a.path") == "waiting")
    world.hit("a.path")
    #expect(world.spawns.count == 2)
  }

  @Test func whatHoldsStartsAgainUntilTheLimit() {
    var world = World(
      [path { $0.triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 5) }, service("a")], starting: [], options: stay())
    world.outside.holds = 0
    _ = world.job(.start, "a.path")
    for _ in 0..<10 { world.end("a.service") }
    #expect(world.spawns.count == 5)
    #expect(world.record("a.path")?.activeState == .failed)
    #expect(world.record("a.path")?.path?.failure == .triggerLimitHit)
    #expect(world.outside.paths.isEmpty)
    world.outside.holds = nil
    _ = world.job(.start, "a.path")
    #expect(world.record("a.path")?.activeState == .active)
  }

  /// What holds, and a unit that fails at it: started ever more seldom, and at once again when it has succeeded.
  @Test func aFailingUnitIsStartedEverMoreSeldom() {
    var world = World([path { $0.triggerLimit = RateLimit(interval: .zero, burst: 0) }, service("a")], starting: [], options: stay())
    world.outside.holds = 0
    _ = world.job(.start, "a.path")
    var pauses: [UInt64] = []
    for _ in 0..<11 {
      world.end("a.service", .main, .exited(1))
      guard let until = world.record("a.path")?.path?.pausedUntil else { return #expect(Bool(false), "no pause") }
      pauses.append(until.since(world.now.instant).microseconds / 100_000)
      let count = world.spawns.count
      world.advance(until.since(world.now.instant))
      #expect(world.spawns.count == count + 1)
    }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    let count = world.spawns.count
    world.end("a.service")
    #expect(world.spawns.count == count + 1, "no pause after a success")
    world.end("a.service", .main, .exited(1))
    #expect(world.record("a.path")?.path?.pausedUntil == world.now.instant + TimeSpan(milliseconds: 100))
    _ = world.job(.stop, "a.path")
    world.advance(TimeSpan(seconds: 60))
    #expect(world.spawns.count == count + 1, "a stopped path starts nothing")
  }

  @Test func theUnitsStartLimitFailsIt() {
    var world = World([path(), service("a", unit: { $0.startLimit.burst = 1 })], starting: ["a.path"])
    world.hit("a.path")
    world.end("a.service", .main, .exited(1))
    world.advance(TimeSpan(milliseconds: 100))
    world.hit("a.path")
    #expect(world.record("a.path")?.path?.failure == .unitStartLimitHit)
    #expect(world.sub("a.path") == "failed")
  }

  @Test func whatCannotBeWatchedFailsIt() {
    var world = World([path(), service("a")], starting: [], options: stay())
    world.outside.pathFailure = Bytes("no inotify")
    _ = world.job(.start, "a.path")
    #expect(world.record("a.path")?.activeState == .failed)
    #expect(world.messages.contains { $0.contains("cannot watch: no inotify") })
  }

  @Test func whatComesWhileItsUnitStopsIsSeenAtTheEnd() {
    var world = World([path(), service("a")], starting: ["a.path"])
    _ = world.job(.start, "a.service")
    world.isStubborn = true
    _ = world.job(.stop, "a.service")
    world.outside.holds = 0
    world.hit("a.path")
    #expect(world.spawns.count == 1, "not while it stops")
    world.end("a.service", .main, .killed(.kill))
    world.advance(TimeSpan(milliseconds: 100))
    #expect(world.spawns.count == 2)
  }

  @Test func itsFailureIsAFailure() {
    let unit = path()
    unit.dependencies[.onFailure] = [name("h.service")]
    var world = World([unit, service("a"), service("h")], starting: [], options: stay())
    world.outside.pathFailure = Bytes("no inotify")
    _ = world.job(.start, "a.path")
    #expect(world.spawns.map { $0.unitName.shown } == ["h.service"])
  }

  @Test func itKeepsApusAliveAndGoesWithIt() {
    var world = World([path(), service("a")], starting: ["a.path"])
    world.advance(TimeSpan(seconds: 60))
    #expect(world.left == nil)
    _ = world.job(.stop, "a.path")
    #expect(world.outside.paths.isEmpty)
    #expect(world.sub("a.path") == "dead")
    world.send(.signal(ReceivedSignal(.terminate)))
    #expect(world.left == 0)
  }

  @Test func newSettingsWatchAnew() {
    var world = World([path(), service("a")], starting: ["a.path"])
    let loaded = LoadedUnits(units: [path([.changed, .modified]), service("a")], diagnostics: [], starting: [name("a.path")])
    world.send(.loaded(.applyBySignal, loaded))
    #expect(world.outside.paths.values.first?.specs.count == 2)
  }
}
