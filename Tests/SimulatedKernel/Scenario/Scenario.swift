#if !EMBEDDED
import Model
import Runtime
import Supervision

/// One life of apus in the virtual world: a folder of units, interventions from outside, then a stop, until it leaves.
final class Scenario {
  struct Options {
    var seed: UInt64
    /// The stop is asked for after so many turns.
    var stopAfter: Int
    var silenced: Set<String> = []
    var isLoud = false
  }

  let options: Options
  let world: World
  let inspector: Inspector
  var random: SeededRandom
  var generator: UnitGenerator
  var maker: ConversationMaker
  var files: [(name: String, text: String)] = []
  var brokenName: String? = nil
  var conversations: [Conversation] = []
  /// The stop was asked for.
  var isEnding = false
  private let configuration: SupervisorConfiguration
  private var supervisor: Supervisor<SimulatedKernel>

  init(_ options: Options) {
    self.options = options
    var random = SeededRandom(seed: options.seed)
    world = World(seed: random.next())
    world.silenced = options.silenced
    world.journal.isLoud = options.isLoud
    generator = UnitGenerator(random: random.split())
    maker = ConversationMaker(random: random.split())
    maker.reloads = generator.taste.reloads
    files = generator.folder()
    for (name, text) in files {
      world.note("file", 0, 0, (name + " " + text.replacing("\n", with: " ; ")).bytes)
      world.files.write("\(UnitGenerator.folder)/\(name)".bytes, text.bytes)
    }
    world.files.write("/etc/passwd".bytes, "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/srv:/bin/false\n".bytes)
    world.files.write("/etc/group".bytes, "root:x:0:\nweb:x:33:\n".bytes)
    world.files.write("/etc/env".bytes, "A=1\nB='two words'\n".bytes)
    world.furnishTime(&random, units: files.map { $0.name })
    inspector = Inspector(world)
    configuration = Scenario.configuration(&random)
    supervisor = Supervisor(SimulatedKernel(world: world), configuration)
    self.random = random
  }

  private static func configuration(_ random: inout SeededRandom) -> SupervisorConfiguration {
    var configuration = SupervisorConfiguration()
    configuration.paths = [UnitGenerator.folder.bytes]
    configuration.environment = ["PATH=/bin".bytes, "HOME=/root".bytes]
    configuration.manager.stay = random.chance(perMille: 800)
    configuration.manager.failFast = random.chance(perMille: 30)
    if random.chance(perMille: 150) { configuration.manager.stopTimeout = TimeSpan(seconds: UInt64(1 + random.below(8))) }
    if random.chance(perMille: 120) { configuration.manager.command = command(&random) }
    configuration.forwardsToGroup = random.chance(perMille: 300)
    return configuration
  }

  private static func command(_ random: inout SeededRandom) -> [Bytes] {
    let text =
      switch random.below(6) {
      case 0: "/sim/missing"
      case 1: "/sim/prog life=100..60000 end=exit:\(random.below(256)),kill:9,kill:15"
      case 2: "/sim/prog term=ignore"
      case 3: "/sim/prog term=\(random.below(256)):\(random.below(4000)) daemons=2 escape=1"
      default: "/sim/prog term=0:200"
      }
    return text.split(separator: " ").map { Bytes($0.utf8) }
  }

  // MARK: The run

  func run() -> Outcome {
    world.onIntervention = { [unowned self] in intervene() }
    world.onClientEnd = { [unowned self] client in judge(client, isOver: false) }
    supervisor.observer = TurnObserver(
      before: { [inspector] event, manager in inspector.before(event, manager) },
      after: { [inspector] event, effects, manager, now in inspector.after(event, effects, manager, now) })
    world.note("life", Int64(bitPattern: options.seed), Int64(options.stopAfter))
    let loaded = loadUnits(configuration, &supervisor.kernel)
    for case let checker as CalendarChecker in inspector.checkers { checker.start(in: loaded.zones) }
    supervisor.boot(loaded)
    world.readFaultsAreOn = true
    scheduleIntervention()
    while supervisor.exitStatus == nil, world.violation == nil {
      supervisor.turn()
      inspector.turnEnded(supervisor.manager, world.now)
      if world.isStuck { world.violate("stuck", "nothing would ever happen again".bytes) }
      if !isEnding, world.turns >= options.stopAfter { askToStop() }
    }
    if world.violation == nil { for client in world.openClients { judge(client, isOver: true) } }
    return outcome()
  }

  private func askToStop() {
    isEnding = true
    switch random.below(8) {
    case 0: world.raise(.hangup, fromKernel: true)
    case 1:
      let status = random.chance(perMille: 500) ? "?status=\(random.below(256))" : ""
      conversations.append(maker.ask("POST /v1/exit\(status)", world, number: conversations.count))
    default: world.raise(stopSignal())
    }
  }

  private func judge(_ client: VirtualClient, isOver: Bool) {
    guard client.conversation < conversations.count else { return }
    let conversation = conversations[client.conversation]
    if world.lastLongSleep >= client.connectedAt { return }
    // apus that leaves may leave questions of its last turns open.
    if let fault = conversation.fault(of: client, isOver: isOver || supervisorIsLeaving) {
      world.violate("answer", "client \(client.id) (\(conversation.requests.joined(separator: ", "))): \(fault)".bytes)
    }
  }

  private var supervisorIsLeaving: Bool { inspector.leftStatus != nil }

  private func outcome() -> Outcome {
    var outcome = Outcome(seed: options.seed)
    outcome.violation = world.violation
    outcome.turns = world.turns
    outcome.events = inspector.events
    outcome.spawned = world.spawned
    outcome.hash = world.journal.hash
    outcome.virtualSeconds = Int(world.clock / 1_000_000_000)
    outcome.occasions = world.occasions.map { "\($0)" }
    outcome.trace = world.journal.last(400)
    return outcome
  }
}

/// One seed: as many lives as it takes to make the turns.
public struct Simulation {
  public var seed: UInt64
  public var turns = 2000
  public var silenced: Set<String> = []
  public var isLoud = false

  public init(seed: UInt64) { self.seed = seed }

  public func run() -> Outcome {
    var random = SeededRandom(seed: seed)
    var total = Outcome(seed: seed)
    total.hash = 0xcbf2_9ce4_8422_2325
    while total.turns < turns, total.violation == nil {
      // Some lives are short: a stop may come at any turn.
      let left = turns - total.turns
      let stopAfter = random.chance(perMille: 200) ? random.below(150) : left + random.below(60)
      var options = Scenario.Options(seed: random.next(), stopAfter: stopAfter)
      options.silenced = silenced
      options.isLoud = isLoud
      let life = Scenario(options).run()
      total.violation = life.violation
      total.turns += life.turns
      total.lives += 1
      total.events += life.events
      total.spawned += life.spawned
      total.virtualSeconds += life.virtualSeconds
      total.hash = (total.hash ^ life.hash) &* 0x100_0000_01b3
      total.trace = life.trace
      total.occasions += life.occasions
    }
    return total
  }
}
#endif
