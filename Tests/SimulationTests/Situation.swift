import Model
import Supervision
import Testing

@testable import Runtime
@testable import SimulatedKernel

/// One named situation: units, a start, what happens to the clocks, and what ran when. The whole loop runs, over a virtual
/// kernel without faults; the clock of the machine is never touched.
struct Situation: CustomTestStringConvertible, Sendable {
  enum Act: Sendable {
    /// The wall clock is put by so many seconds; a suspended machine shows as that too, for its monotonic clock stands still.
    case step(Int64)
    /// apus is stopped or frozen for so many seconds: both clocks go on.
    case freeze(Int64)
    /// /etc/localtime is another zone.
    case zone(String)
    case write(String, String)
    case apply
    /// apus is killed and started again so many seconds later.
    case restart(after: Int64)
    case noStamps
  }

  var name: String
  /// A POSIX rule for /etc/localtime.
  var zone = "UTC0"
  var start: String
  /// Seconds.
  var span: Int64
  var units: [String: String]
  var stamps: [String: String] = [:]
  var acts: [(after: Int64, act: Act)] = []
  /// Start of each run in UTC; `start<slot` where the slot is another second.
  var runs: [String]
  /// Must be among what apus says.
  var says: [String] = []
  var testDescription: String { name }

  static let oneshot = "[Service]\nType=oneshot\nExecStart=/sim/prog life=50..50\n"
  /// A service with its schedule in [X-Apus].
  static func job(_ schedule: String, life: Int = 50, _ more: String = "") -> String {
    "[Service]\nType=oneshot\nExecStart=/sim/prog life=\(life)..\(life)\n\(more)[X-Apus]\n\(schedule)\n"
  }

  struct Outcome {
    var runs: [String] = []
    var said = ""
    var missed: UInt64 = 0
    var skipped: UInt64 = 0
    var wakes = 0
  }

  func play() -> Outcome {
    let stage = Stage(self)
    return stage.play()
  }
}

/// Plays a situation.
private final class Stage {
  let situation: Situation
  let world: World
  var supervisor: Supervisor<SimulatedKernel>
  var outcome = Situation.Outcome()
  var waiting: [(at: Int64, act: Situation.Act?)] = []
  var isOver = false
  var restartAfter: Int64? = nil
  var heard = 0

  init(_ situation: Situation) {
    self.situation = situation
    world = World(seed: 7)
    world.faults = Faults.none
    world.wallStep = UTC.microseconds(situation.start) - World.wallBase - world.clock / 1000
    world.setZone(situation.zone)
    world.files.write("/usr/share/zoneinfo/Europe/Berlin".bytes, TZif.bytes("CET-1CEST,M3.5.0,M10.5.0/3"))
    world.files.write("/usr/share/zoneinfo/America/New_York".bytes, TZif.bytes("EST5EDT,M3.2.0,M11.1.0"))
    for (name, time) in situation.stamps { world.wall.stamps["stamp-\(name)".bytes] = UTC.microseconds(time) }
    for (name, text) in situation.units { world.files.write("/units/\(name)".bytes, text.bytes) }
    supervisor = Stage.make(world)
  }

  private static func make(_ world: World) -> Supervisor<SimulatedKernel> {
    var configuration = SupervisorConfiguration()
    configuration.paths = ["/units".bytes]
    configuration.manager.stay = true
    configuration.manager.seed = 1
    return Supervisor(SimulatedKernel(world: world), configuration)
  }

  func play() -> Situation.Outcome {
    waiting = situation.acts.map { (world.clock + $0.after * 1_000_000_000, Optional($0.act)) }
    waiting.append((world.clock + situation.span * 1_000_000_000, nil))
    world.onIntervention = { [unowned self] in actDue() }
    for item in waiting { world.schedule(.intervention, afterNanoseconds: item.at - world.clock) }
    boot()
    while !isOver {
      supervisor.turn()
      if let after = restartAfter { restart(after) }
      if world.isStuck || world.turns > 100_000 {
        Issue.record("\(situation.name): stuck at \(UTC.text(world.now.wall.microseconds))")
        break
      }
    }
    collectSaid()
    count()
    outcome.wakes = world.wall.wakes
    return outcome
  }

  private func boot() {
    var configuration = SupervisorConfiguration()
    configuration.paths = ["/units".bytes]
    let loaded = loadUnits(configuration, &supervisor.kernel)
    for diagnostic in loaded.diagnostics where diagnostic.severity != .notice { outcome.said += diagnostic.text.shown + "\n" }
    supervisor.observer = TurnObserver(
      before: { _, _ in },
      after: { [unowned self] _, effects, _, now in
        for case .spawn(let request) in effects { note(request, now.wall.microseconds) }
      })
    supervisor.boot(loaded)
  }

  private func note(_ request: SpawnRequest, _ start: Int64) {
    var slot = start
    let key = "TRIGGER_SCHEDULED_USEC="
    for entry in request.environment where entry.starts(with: Bytes(key.utf8)) { slot = Int64(entry.shown.dropFirst(key.count)) ?? 0 }
    let (at, of) = (UTC.text(start), UTC.text(slot))
    outcome.runs.append(at == of ? at : "\(at)<\(of)")
  }

  private func actDue() {
    guard let index = waiting.firstIndex(where: { $0.at <= world.clock + 5_000_000 }) else { return }
    let act = waiting.remove(at: index).act
    guard let act else {
      isOver = true
      return world.raise(.user2)
    }
    switch act {
    case .step(let seconds): world.stepWallClock(byMicroseconds: seconds * 1_000_000)
    case .freeze(let seconds): world.clock += seconds * 1_000_000_000
    case .zone(let rule):
      world.setZone(rule)
      world.changePath(.zone)
    case .write(let name, let text): world.files.write("/units/\(name)".bytes, text.bytes)
    case .apply: world.raise(.hangup)
    case .restart(let after):
      restartAfter = after
      world.raise(.user2)
    case .noStamps: world.wall.stampError = 30
    }
  }

  private func restart(_ after: Int64) {
    restartAfter = nil
    collectSaid()
    count()
    world.clock += after * 1_000_000_000
    world.wall.watched = nil
    supervisor = Stage.make(world)
    boot()
  }

  private func collectSaid() {
    outcome.said += world.said.map(\.shown).joined()
    world.forgetSaid()
  }

  private func count() {
    for index in 0..<supervisor.manager.unitCount {
      outcome.missed += supervisor.manager.glance(index).missed
      outcome.skipped += supervisor.manager.glance(index).skipped
    }
  }
}

/// `2026-03-29 01:30:00`, in UTC.
enum UTC {
  static func microseconds(_ text: String) -> Int64 {
    let parts = text.split { !$0.isNumber }.compactMap { Int64($0) }
    let (y, m, d) = (parts[1] <= 2 ? parts[0] - 1 : parts[0], parts[1], parts[2])
    let era = y / 400
    let dayOfYear = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1
    let dayOfEra = (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return (days * 86_400 + parts[3] * 3600 + parts[4] * 60 + (parts.count > 5 ? parts[5] : 0)) * 1_000_000
  }

  /// `29 01:30:00`: the day of the month and the second.
  static func text(_ microseconds: Int64) -> String {
    let seconds = microseconds / 1_000_000
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let shifted = seconds / 86_400 + 719_468
    let dayOfEra = shifted % 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let day = dayOfYear - (153 * ((5 * dayOfYear + 2) / 153) + 2) / 5 + 1
    return "\(two(day)) \(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }
}
