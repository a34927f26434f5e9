import Model
import Testing

@testable import Supervision

/// Upholds=: at once the first time, then after the unit's own restart delays.
@Suite struct UpholdsTests {
  @Test func upheldUnitsComeBackWheneverTheyAreDown() {
    let units = [service("a", unit: { $0.dependencies[.upholds] = [name("b.service")] }), service("b")]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "a.service")
    #expect(world.begun == "a b" || world.begun == "b a")
    expect(&world, .stop, "b.service", 0)
    #expect(world.state("b.service") == .running, "though it was stopped by request")
    _ = world.job(.stop, "a.service")
    _ = world.job(.stop, "b.service")
    #expect(world.state("b.service") == .dead, "nobody upholds it any more")
  }

  /// At once the first time; then after its own restart delays, said once; a healthy uptime begins anew.
  @Test func anUpheldUnitThatDoesNotStayUpComesBackAfterItsBackoff() {
    let units = [
      service("a", unit: { $0.dependencies[.upholds] = [name("b.service")] }),
      service(
        "b",
        {
          $0.backoff.delay = TimeSpan(seconds: 1); $0.backoff.steps = 2; $0.backoff.delayMax = TimeSpan(seconds: 4)
        }),
    ]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "a.service")
    for round in 0..<2 {
      world.end("b.service", .main, .exited(3))
      #expect(world.state("b.service") == .running, "at once")
      for seconds in [1, 2, 4, 4, 4] as [UInt64] {
        world.end("b.service", .main, .exited(3))
        world.advance(TimeSpan(milliseconds: seconds * 1000 - 1))
        #expect(world.state("b.service") == .failed, "round \(round): not before \(seconds) s")
        world.advance(TimeSpan(milliseconds: 1))
        #expect(world.state("b.service") == .running, "round \(round): after \(seconds) s")
      }
      #expect(world.messages.filter { $0.contains("does not stay up") }.count == round + 1)
      world.advance(TimeSpan(seconds: 4))
    }
    // A client need not wait, and what is pending then is not done besides.
    world.end("b.service", .main, .exited(3))
    world.end("b.service", .main, .exited(3))
    _ = world.job(.start, "b.service")
    let count = world.spawns.count
    world.advance(TimeSpan(seconds: 60))
    #expect(world.spawns.count == count && world.state("b.service") == .running)
    // Nobody upholds it any more: the delay ends in nothing.
    for _ in 0..<2 { world.end("b.service", .main, .exited(3)) }
    _ = world.job(.stop, "a.service")
    world.advance(TimeSpan(seconds: 60))
    #expect(world.state("b.service") == .failed)
  }

  @Test func anUpheldUnitStaysDownAtItsStartLimit() {
    let units = [
      service("a", unit: { $0.dependencies[.upholds] = [name("b.service")] }),
      service("b", unit: { $0.startLimit.burst = 4 }),
    ]
    var world = World(units, starting: [], options: stay())
    _ = world.job(.start, "a.service")
    for _ in 0..<6 {
      world.end("b.service", .main, .exited(1))
      world.advance(TimeSpan(seconds: 1))
    }
    #expect(world.spawns.filter { $0.unitName.shown == "b.service" }.count == 4)
    #expect(world.state("b.service") == .failed)
  }
}
