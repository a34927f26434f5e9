import Model
import Testing

@testable import Supervision

/// Inputs in any order, late and contradictory ones too: the machine never traps, and what it remembers fits its state.
@Suite struct MachineFuzzTests {
  struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(sides))
    }
    mutating func flip() -> Bool { roll(2) == 0 }
  }

  static func settings(_ dice: inout Dice) -> ServiceSettings {
    let settings = ServiceSettings()
    settings.type = ServiceType.allCases[dice.roll(ServiceType.allCases.count)]
    settings.restart = RestartPolicy.allCases[dice.roll(RestartPolicy.allCases.count)]
    settings.killMode = KillMode.allCases[dice.roll(KillMode.allCases.count)]
    settings.notifyAccess = NotifyAccess.allCases[dice.roll(NotifyAccess.allCases.count)]
    settings.oomPolicy = OOMPolicy.allCases[dice.roll(OOMPolicy.allCases.count)]
    settings.start = dice.roll(10) == 0 && settings.type == .oneshot ? [] : [command("/m")]
    if dice.flip() { settings.condition = [command("/c")] }
    if dice.flip() { settings.startPre = [command("/p"), command("/p2")] }
    if dice.flip() { settings.startPost = [command("/q")] }
    if dice.flip() { settings.reload = [command("/r")] }
    if dice.flip() { settings.stop = [command("/s")] }
    if dice.flip() { settings.stopPost = [command("/z")] }
    if dice.flip() { settings.pidFile = Bytes("/run/a.pid") }
    if dice.flip() { settings.watchdog = TimeSpan(seconds: 3) }
    if dice.flip() { settings.ready = ReadySettings(target: dice.flip() ? .descriptor(3) : .tcp(Bytes("1"))) }
    if dice.flip() { settings.health = HealthSettings(target: .tcp(Bytes("1"))) }
    if dice.flip() { settings.drain = TimeSpan(seconds: 2) }
    settings.remainAfterExit = dice.roll(4) == 0
    settings.exitType = dice.roll(4) == 0 ? .cgroup : .main
    settings.sendSIGKILL = dice.roll(4) != 0
    settings.fileDescriptorStoreMax = UInt32(dice.roll(3))
    settings.fileDescriptorStorePreserve = Preservation.allCases[dice.roll(3)]
    settings.guessMainPID = dice.flip()
    return settings
  }

  static func status(_ dice: inout Dice) -> Model.ExitStatus {
    [.exited(0), .exited(0), .exited(1), .killed(.terminate), .killed(.kill), .dumped(.abort)][dice.roll(6)]
  }

  static func message(_ dice: inout Dice) -> NotifyMessage {
    var message = NotifyMessage()
    if dice.roll(3) == 0 { message.isReady = true }
    if dice.roll(4) == 0 { message.isReloading = true }
    if dice.roll(2) == 0 { message.monotonic = TimeSpan(microseconds: dice.flip() ? .max : UInt64(dice.roll(1000))) }
    if dice.roll(8) == 0 { message.isStopping = true }
    if dice.roll(6) == 0 { message.mainPID = Int32(dice.roll(3)) }
    if dice.roll(6) == 0 { message.watchdog = dice.roll(4) == 0 ? .trigger : .alive }
    if dice.roll(6) == 0 { message.watchdogSpan = TimeSpan(microseconds: dice.flip() ? .max : 0) }
    if dice.roll(6) == 0 { message.extendTimeout = TimeSpan(microseconds: dice.flip() ? .max - 1 : 5) }
    if dice.roll(4) == 0 { message.storesDescriptors = true }
    if dice.roll(6) == 0 { message.removesDescriptors = true; message.descriptorName = Bytes("stored") }
    return message
  }

  static func input(_ machine: ServiceMachine, _ spawned: [ProcessKey], _ kill: UInt32, _ dice: inout Dice) -> ServiceInput {
    let any = spawned.isEmpty ? nil : spawned[dice.roll(min(spawned.count, 6))]
    let key = [machine.main?.key, machine.control?.key, machine.probing.process?.key, any][dice.roll(4)] ?? any
    switch dice.roll(24) {
    case 0: return .start(dice.flip() ? .autoRestart : .request(environment: []))
    case 1: return .stop
    case 2: return .reload
    case 3: return .idle
    case 4, 5: return key.map { .spawned($0, pid: Int32(dice.roll(500) + 2)) } ?? .stateDeadline
    case 6: return key.map { .spawnFailed($0, SpawnFailure(errno: 11, message: Bytes("no"))) } ?? .stateDeadline
    case 7: return key.map { .executed($0) } ?? .emptied
    case 8, 9, 10: return key.map { .exited($0, status(&dice)) } ?? .emptied
    case 11, 12: return .signalled(order: kill, count: dice.roll(3), anyLeft: dice.flip())
    case 13: return .emptied
    case 14: return .left(invocation: UInt32(dice.roll(8)), count: dice.roll(2))
    case 15: return .cleaned
    case 16, 17:
      let pid = [machine.main?.pid, machine.control?.pid, 7][dice.roll(3)] ?? 8
      let sender = NotifySender(pid: pid, uid: UInt32(dice.roll(2)), run: dice.flip() ? machine.invocation : nil)
      return .notified(message(&dice), sender, descriptors: dice.flip() ? [OfferedDescriptor(DescriptorID(UInt32(dice.roll(50))))] : [])
    case 18, 19:
      let source: MainPIDSource = [.pidFile, .guess, .notify][dice.roll(3)]
      return .mainPID(source, [.found(pid: Int32(dice.roll(500) + 2)), .absent, .refused(Bytes("why"))][dice.roll(3)])
    case 20: return key.map { .readyLine($0, dice.flip()) } ?? .idle
    case 21: return dice.flip() ? .descriptorHungUp(DescriptorID(UInt32(dice.roll(50)))) : .oomKilled
    case 22: return [.stateDeadline, .runtimeDeadline, .restartDeadline][dice.roll(3)]
    default: return dice.flip() ? .watchdogDeadline : .probeDeadline
    }
  }

  @Test(arguments: 1...20) func anyOrder(seed: Int) {
    var dice = Dice(state: UInt64(seed))
    for _ in 0..<8 {
      let settings = Self.settings(&dice)
      let machine = ServiceMachine()
      var spawned: [ProcessKey] = []
      var probesAlive = 0
      var number: UInt32 = 1
      for turn in 0..<200 {
        let now = Now(instant: Instant(nanoseconds: Int64(turn) * 100_000_000), wall: WallTime(microseconds: 0))
        var context = ServiceContext(
          id: UnitID(0), name: Bytes("u"), settings: settings, startLimit: StartLimit(), now: now, nextInvocation: number,
          invocationSeed: 1, stopIsPending: dice.roll(6) == 0, isShuttingDown: dice.roll(20) == 0)
        let input = Self.input(machine, spawned, machine.awaitedKill ?? 0, &dice)
        let probe = machine.probing.process?.key
        machine.handle(input, &context)
        if machine.invocation == number { number += 1 }
        if case .exited(let key, _) = input, key == probe { probesAlive -= 1 }
        if case .spawnFailed(let key, _) = input, key == probe { probesAlive -= 1 }
        for effect in context.effects {
          if case .spawn(let request) = effect {
            spawned.insert(request.key, at: 0)
            if request.key.role == .probe { probesAlive += 1 }
          }
        }
        if machine.probing.process == nil { probesAlive = 0 }
        Self.judge(machine, settings, context, probesAlive, "seed \(seed) turn \(turn): \(input)")
      }
    }
  }

  /// What has to hold after every input.
  static func judge(
    _ machine: ServiceMachine, _ settings: ServiceSettings, _ context: ServiceContext, _ probes: Int, _ label: String
  ) {
    let state = machine.state
    if state.isOver {
      #expect(machine.main == nil && machine.control == nil && machine.search.heldExit == nil, "\(label)")
      #expect(machine.stateDeadlineAt == .never, "\(label)")
      #expect(machine.said.held == nil, "\(label)")
    }
    #expect(probes <= 1, "\(label): never two probes")
    if !state.isProbed { #expect(machine.probing.purpose == nil && machine.probing.process == nil, "\(label)") }
    if !state.isWatched { #expect(machine.watchdogAt == .never, "\(label)") }
    if state != .running { #expect(machine.runtimeDeadlineAt == .never, "\(label)") }
    if machine.search.awaits != nil { #expect(state == .start || state == .startPost, "\(label)") }
    #expect(machine.store.count <= Int(settings.fileDescriptorStoreMax), "\(label)")
    // A state that lives by something has it.
    switch state {
    case .startPre, .stop, .stopPost, .reload, .condition, .startPost:
      #expect(machine.control != nil || machine.waitsWithoutProcess, "\(label)")
    case .reloadSignal, .reloadNotify, .drain: #expect(machine.stateDeadlineAt != .never, "\(label)")
    case .dead, .start, .running, .exited, .stopWatchdog, .stopSigterm, .stopSigkill, .finalWatchdog, .finalSigterm, .finalSigkill,
      .cleaning, .failed, .autoRestart, .autoRestartQueued:
      break
    }
  }
}
