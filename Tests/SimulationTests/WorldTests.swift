import Model
import Runtime
import Testing

@testable import SimulatedKernel

/// The virtual kernel alone: what it promises to the loop it must keep, or the simulator proves nothing.
@Suite struct WorldTests {
  static let invocation = Invocation(unit: UnitID(0), number: 7)

  static func plan(_ arguments: String, role: Role = .main, serial: UInt32 = 1) -> SpawnPlan {
    let words = ("/sim/prog " + arguments).split(separator: " ").map { Bytes($0.utf8) }
    return SpawnPlan(
      key: ProcessKey(invocation, role, serial: serial), candidates: [words[0]], arguments: words, environment: [])
  }

  /// A world without chance faults, so that a test says what goes wrong.
  static func calm(seed: UInt64 = 1) -> World {
    let world = World(seed: seed)
    world.faults = Faults.none
    world.containmentMode = .tag
    return world
  }

  static func spawn(_ kernel: inout SimulatedKernel, _ arguments: String, serial: UInt32 = 1) -> Int32 {
    guard case .started(let pid) = kernel.spawn(plan(arguments, serial: serial)) else { return -1 }
    return pid
  }

  /// Waits, without a deadline, until `reap` gives somebody.
  static func nextReaped(_ kernel: inout SimulatedKernel, readingPipes: Bool = true) -> ReapedChild? {
    for _ in 0..<1000 {
      if let child = kernel.reap() { return child }
      var ready: [Readiness] = []
      kernel.wait(until: .never, into: &ready)
      for case .execReport(let pid) in ready where readingPipes { _ = kernel.execReport(pid) }
      while kernel.nextSignal() != nil {}
      if kernel.world.isStuck { return nil }
    }
    return nil
  }

  /// Lets the time pass, reaping whoever dies.
  static func pass(_ kernel: inout SimulatedKernel, _ span: TimeSpan) {
    let end = kernel.now().instant + span
    while kernel.now().instant < end {
      var ready: [Readiness] = []
      kernel.wait(until: end, into: &ready)
      for case .execReport(let pid) in ready { _ = kernel.execReport(pid) }
      while kernel.reap() != nil {}
      while kernel.nextSignal() != nil {}
    }
  }

  @Test func sameSeedSameHistory() {
    func history(_ seed: UInt64) -> UInt64 {
      var kernel = SimulatedKernel(world: World(seed: seed))
      for serial in 0..<40 {
        _ = kernel.spawn(Self.plan("life=0..300 daemons=2 daemonlife=0..900 end=exit:0,kill:9", serial: UInt32(serial)))
      }
      for _ in 0..<200 { _ = Self.nextReaped(&kernel) }
      return kernel.world.journal.hash
    }
    #expect(history(3) == history(3))
    #expect(history(3) != history(4))
  }

  @Test func childStaysAZombieUntilItIsReaped() {
    var kernel = SimulatedKernel(world: Self.calm())
    let pid = Self.spawn(&kernel, "life=0 end=exit:7")
    var ready: [Readiness] = []
    for _ in 0..<20 { kernel.wait(until: kernel.now().instant + TimeSpan(milliseconds: 50), into: &ready) }
    // What is ready and not read lets no time pass.
    _ = kernel.execReport(pid)
    for _ in 0..<20 { kernel.wait(until: kernel.now().instant + TimeSpan(milliseconds: 50), into: &ready) }
    let isSent = kernel.signalChild(pid, .terminate)
    let first = kernel.reap()
    let second = kernel.reap()
    #expect(isSent)
    #expect(first == ReapedChild(pid: pid, kind: .ended(.exited(7))))
    #expect(second == nil)
    #expect(kernel.world.violation == nil)
  }

  @Test func usingAPidAfterItsReapIsAViolation() {
    var kernel = SimulatedKernel(world: Self.calm())
    let pid = Self.spawn(&kernel, "life=0")
    #expect(Self.nextReaped(&kernel)?.pid == pid)
    let isSent = kernel.signalChild(pid, .kill)
    #expect(!isSent)
    #expect(kernel.world.violation?.checker == "use-after-reap")
  }

  @Test func aFreedPidIsReusedAtOnce() {
    let world = Self.calm()
    world.faults.pidReuse = 1000
    var kernel = SimulatedKernel(world: world)
    let first = Self.spawn(&kernel, "life=0")
    #expect(Self.nextReaped(&kernel, readingPipes: false)?.pid == first)
    let report = kernel.execReport(first)
    #expect(report == .executed)
    #expect(Self.spawn(&kernel, "life=0", serial: 2) == first)
    #expect(world.violation == nil)
  }

  @Test func aPipeLeftUnreadIsAViolationWhenThePidComesBack() {
    let world = Self.calm()
    world.faults.pidReuse = 1000
    var kernel = SimulatedKernel(world: world)
    let first = Self.spawn(&kernel, "life=0")
    #expect(Self.nextReaped(&kernel, readingPipes: false)?.pid == first)
    #expect(Self.spawn(&kernel, "life=0", serial: 2) == first)
    #expect(world.violation?.checker == "exec-pipe")
  }

  @Test func manyDeathsRingOnce() {
    var kernel = SimulatedKernel(world: Self.calm())
    for serial in 0..<10 { _ = Self.spawn(&kernel, "", serial: UInt32(serial)) }
    var ready: [Readiness] = []
    kernel.wait(until: kernel.now().instant + TimeSpan(milliseconds: 100), into: &ready)
    _ = kernel.killWhole(Self.invocation)
    kernel.killProcessGroup(Self.invocation, .kill)
    for child in kernel.world.table { _ = kernel.signalChild(child.pid, .kill) }
    ready = []
    kernel.wait(until: kernel.now().instant + TimeSpan(seconds: 1), into: &ready)
    #expect(ready.filter { $0 == .signals }.count == 1)
    let signal = kernel.nextSignal()
    #expect(signal == nil)
    var reaped = 0
    while kernel.reap() != nil { reaped += 1 }
    #expect(reaped >= 1)
  }

  @Test func orphansComeToApus() {
    var kernel = SimulatedKernel(world: Self.calm())
    let parent = Self.spawn(&kernel, "life=100 daemons=3 daemonlife=500..900 escape=1")
    var pids: [Int32] = []
    while let child = Self.nextReaped(&kernel) { pids.append(child.pid) }
    #expect(pids.count == 4)
    #expect(pids.contains(parent))
    #expect(kernel.world.isStuck)
  }

  /// One pass of scan and kill leaves a fork bomb alive; stopping until nobody new is found, then killing, does not.
  @Test(arguments: [UInt64(1), 2, 3]) func aBombOutlivesOnePass(seed: UInt64) {
    func aliveAfter(_ attack: (inout SimulatedKernel) -> Void) -> Int {
      let world = Self.calm(seed: seed)
      var kernel = SimulatedKernel(world: world)
      _ = Self.spawn(&kernel, "bomb=25")
      Self.pass(&kernel, TimeSpan(milliseconds: 600))
      attack(&kernel)
      Self.pass(&kernel, TimeSpan(milliseconds: 200))
      return world.liveCount(of: Self.invocation)
    }
    func pass(_ kernel: inout SimulatedKernel, _ signal: Signal) -> [Member] {
      var members: [Member] = []
      var cursor = ScanCursor()
      while !kernel.scan([Self.invocation], roots: [], cursor: &cursor, into: &members) {}
      for member in members { _ = kernel.signalMember(member, signal) }
      return members
    }
    #expect(aliveAfter { _ = pass(&$0, .kill) } > 0)
    let left = aliveAfter { kernel in
      var seen: Set<Int32> = []
      while true {
        let new = pass(&kernel, .stop).filter { seen.insert($0.pid).inserted }
        if new.isEmpty { break }
      }
      for _ in 0..<2 { _ = pass(&kernel, .kill) }
    }
    #expect(left == 0)
  }

  @Test func timeJumpsToTheDeadlineAndNotBeyond() {
    var kernel = SimulatedKernel(world: Self.calm())
    let deadline = kernel.now().instant + TimeSpan(seconds: 3600)
    var ready: [Readiness] = []
    kernel.wait(until: deadline, into: &ready)
    #expect(ready.isEmpty)
    let now = kernel.now().instant
    #expect(now >= deadline)
    #expect(now < deadline + TimeSpan(milliseconds: 1))
  }
}
