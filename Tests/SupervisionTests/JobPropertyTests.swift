import Model
import Testing

@testable import Supervision

/// SplitMix64: one seed is one test.
struct Seeded {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return TimerMachine.mix(state)
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// Every job ends exactly once, whatever is asked and whoever dies: random requests and ends of processes on a hundred random
/// graphs of units, all relations of units.md e.1 in them.
@Suite struct JobPropertyTests {
  private static let unitCount = 8
  private static let steps = 120

  @Test(arguments: 0..<100) func everyJobEndsExactlyOnce(_ seed: Int) {
    var random = Seeded(state: UInt64(seed) &* 7919 &+ 1)
    var world = World(graph(&random), starting: ["u0.service", "u3.service"], options: stay())
    world.holdsChecks = true
    var asked: [RequestID] = []
    for _ in 0..<Self.steps {
      step(&random, &world, &asked)
      guard isSound(world, seed), nobodyIsForgotten(world, asked, seed) else { return }
    }
    end(&world)
    #expect(world.left != nil, "seed \(seed): apus does not come to its end")
    for id in asked {
      let answers = world.replies.filter { $0.0 == id }.count
      #expect(answers == 1, "seed \(seed): request \(id.number) has \(answers) answers")
    }
  }

  private func graph(_ random: inout Seeded) -> [Unit] {
    var units: [Unit] = []
    for index in 0..<Self.unitCount { units.append(random.chance(15) ? target(index) : randomService(index, &random)) }
    for index in units.indices {
      for _ in 0..<random.below(4) {
        var other = random.below(Self.unitCount + 1)
        if other == index { other = (other + 1) % Self.unitCount }
        // One name is of nobody.
        let otherName = other < Self.unitCount ? units[other].name.bytes.shown : "absent.service"
        let kind = Kind.allCases[random.below(Kind.allCases.count)]
        kind.put(otherName, &units[index])
        if random.chance(60) { units[index].dependencies[.after].append(name(otherName)) }
        if random.chance(10) { units[index].dependencies[.before].append(name(otherName)) }
      }
    }
    return units
  }

  private func target(_ index: Int) -> Unit { Unit(name: name("u\(index).target"), kind: .target) }

  private func randomService(_ index: Int, _ random: inout Seeded) -> Unit {
    let (type, restart) = (
      [ServiceType.simple, .exec, .oneshot][random.below(3)], [RestartPolicy.no, .onFailure, .always][random.below(3)]
    )
    let (hasPre, hasReload, hasStop) = (random.chance(25), random.chance(40), random.chance(25))
    let (conditional, asserting, unneeded) = (random.chance(25), random.chance(10), random.chance(10))
    let (limit, timeout, remains) = (random.chance(25), random.chance(15), random.chance(40))
    return service(
      "u\(index)",
      {
        $0.type = type
        $0.remainAfterExit = remains
        $0.restart = type == .oneshot && restart == .always ? .no : restart
        if hasPre { $0.startPre = [command("/pre")] }
        if hasReload { $0.reload = [command("/reload")] }
        if hasStop { $0.stop = [command("/stop")] }
      },
      unit: {
        if conditional { $0.conditions = [Condition(.pathExists, Bytes("/c"))] }
        if asserting { $0.asserts = [Condition(.pathExists, Bytes("/a"))] }
        $0.stopWhenUnneeded = unneeded
        if limit { $0.startLimit.burst = 3 }
        if timeout { $0.jobTimeout = TimeSpan(seconds: 3) }
      })
  }

  private func step(_ random: inout Seeded, _ world: inout World, _ asked: inout [RequestID]) {
    switch random.below(10) {
    case 0...3:
      let type = [JobType.start, .start, .stop, .restart, .tryRestart, .reload, .reloadOrStart][random.below(7)]
      let mode = [JobMode.replace, .replace, .fail, .ignoreDependencies][random.below(4)]
      let index = random.below(Self.unitCount)
      let unit = world.record("u\(index).service") != nil ? "u\(index).service" : "u\(index).target"
      asked.append(world.job(type, unit, mode: mode, wait: random.chance(80)))
      world.messages.append("\(type.name) \(unit) \(mode.name) = \(asked[asked.count - 1].number)")
    case 4...6:
      guard !world.live.isEmpty else { return }
      let process = world.live.remove(at: random.below(world.live.count))
      world.send(.exited(process.key, random.chance(50) ? .exited(0) : .exited(1)))
    case 7, 8:
      guard !world.heldChecks.isEmpty else { return }
      let check = world.heldChecks.remove(at: random.below(world.heldChecks.count))
      let condition = Condition(.pathExists, Bytes("/c"))
      let outcomes = [CheckOutcome.met, .met, .conditionFailed(condition), .assertFailed(condition), .failed(Bytes("no answer"))]
      world.send(.checked(check.unit, number: check.number, outcomes[random.below(outcomes.count)]))
    default: world.advance(TimeSpan(milliseconds: UInt64(random.below(4000))))
    }
  }

  /// What holds between any two events.
  private func isSound(_ world: World, _ seed: Int) -> Bool {
    let manager = world.manager
    var faults: [String] = []
    for (index, record) in manager.records.enumerated() {
      let waits = manager.waiting.filter { Int($0.index) == index }.count
      if let job = record.job {
        if waits != (job.isRunning ? 0 : 1) {
          faults.append("\(record.name.shown): a job that \(job.isRunning ? "runs" : "waits") is queued \(waits) times")
        }
        if job.isRunning && record.isDown && record.checkNumber == 0 {
          faults.append("\(record.name.shown): its \(job.type.name) runs, and it is down")
        }
        if job.isRunning && job.type == .start && record.isUp { faults.append("\(record.name.shown): is started and up") }
      } else {
        if waits != 0 { faults.append("\(record.name.shown): queued without a job") }
        if record.checkNumber != 0 { faults.append("\(record.name.shown): conditions are asked about for no job") }
        if record.service.state == .autoRestartQueued { faults.append("\(record.name.shown): its restart has no job") }
      }
      if record.toldState != record.activeState {
        faults.append("\(record.name.shown): \(record.activeState.name), but \(record.toldState.name) was told")
      }
    }
    if !manager.followUps.isEmpty || !manager.marked.isEmpty || manager.mayRun { faults.append("something is left to be done") }
    if manager.bootJobsLeft < 0 { faults.append("less than no boot job is left") }
    #expect(faults.isEmpty, "seed \(seed): \(faults.joined(separator: "; "))")
    return faults.isEmpty
  }

  /// Whoever has no answer yet is a waiter of some job.
  private func nobodyIsForgotten(_ world: World, _ asked: [RequestID], _ seed: Int) -> Bool {
    for id in asked where !world.replies.contains(where: { $0.0 == id }) {
      if world.manager.records.contains(where: { $0.job?.waiters.contains(id) == true }) { continue }
      Issue.record("seed \(seed): request \(id.number) is forgotten; the last words: \(world.messages.suffix(4))")
      return false
    }
    return true
  }

  private func end(_ world: inout World) {
    world.send(.signal(ReceivedSignal(.terminate)))
    for _ in 0..<200 where world.left == nil {
      if !world.live.isEmpty {
        let process = world.live.removeFirst()
        world.send(.exited(process.key, .exited(0)))
      } else {
        world.advance(TimeSpan(seconds: 10))
      }
    }
  }
}
