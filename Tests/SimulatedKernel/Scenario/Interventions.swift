#if !EMBEDDED
import Model

/// What the outside does to apus while it runs; each is one draw of the seed.
enum Intervention: Int, CaseIterable {
  case client, murder, massacre, applyByHangup, changeFile, breakFile, stepClock, failForks, otherSignal, signalStorm, bystander,
    unreadableFile, stopCommand, exhaustion, stranger, changeZone, troubleStamps

  /// How often, against each other.
  static let weights = [55, 14, 3, 7, 6, 4, 4, 2, 3, 1, 2, 2, 1, 6, 2, 2, 2]
}

extension Scenario {
  /// One intervention, and the next one's time.
  func intervene() {
    if !isEnding || random.chance(perMille: 400) {
      perform(Intervention(rawValue: random.weighted(Intervention.weights)) ?? .client)
    }
    if isEnding, random.chance(perMille: 60) { world.raise(stopSignal()) }
    scheduleIntervention()
  }

  func scheduleIntervention() {
    let span: Int64 =
      switch random.weighted([30, 30, 30, 10]) {
      case 0: random.within(0...2_000_000)
      case 1: random.within(2_000_000...100_000_000)
      case 2: random.within(100_000_000...3_000_000_000)
      default: random.within(3_000_000_000...40_000_000_000)
      }
    world.schedule(.intervention, afterNanoseconds: span)
  }

  private func perform(_ intervention: Intervention) {
    switch intervention {
    case .client: connectClient()
    case .murder: world.attack(count: 1, random: &random)
    case .massacre: world.attack(count: 10, random: &random)
    case .applyByHangup:
      if random.chance(perMille: 700) { changeFile() }
      world.raise(.hangup)
    case .changeFile: changeFile()
    case .breakFile:
      breakFile()
      if random.chance(perMille: 600) { world.raise(.hangup) }
    case .stepClock:
      let limit: Int64 = random.pick([1_000, 1_000_000, 3_600_000_000, 40_000_000_000_000])
      world.stepWallClock(byMicroseconds: random.within(-limit...limit))
    case .failForks: world.failForks(forMs: random.pick([5, 300, 5000, 60_000]))
    case .otherSignal: world.raise(random.pick([.user1, .user2, Signal(28), Signal(23), Signal(36)]))
    case .signalStorm: for _ in 0..<30 { world.raise(random.pick([.user1, .user2, Signal(28), Signal(40), Signal(41)])) }
    case .bystander: world.enterBystander()
    case .unreadableFile: toggleUnreadable()
    case .stopCommand: world.stopCommand()
    case .exhaustion: world.exhaustSomebody(&random)
    case .stranger: world.sendAsStranger(random.pick(World.chatter))
    case .changeZone: world.changeZone(&random)
    case .troubleStamps: world.troubleStamps(&random)
    }
  }

  func connectClient() {
    conversations.append(maker.connect(to: world, names: files.map(\.name), number: conversations.count))
  }

  func stopSignal() -> Signal {
    random.pick([.terminate, .interrupt, .quit, .power, Signal(Signal.realtimeMinimum + 3)])
  }

  // MARK: Files

  private func path(_ name: String) -> Bytes { "\(UnitGenerator.folder)/\(name)".bytes }

  private func put(_ index: Int, _ text: String) {
    files[index].text = text
    world.files.write(path(files[index].name), text.bytes)
    world.note("file", 0, 0, path(files[index].name) + " " + text.replacing("\n", with: " ; ").bytes)
  }

  private func changeFile() {
    if let name = brokenName, random.chance(perMille: 700) {
      brokenName = nil
      if let index = files.firstIndex(where: { $0.name == name }) { put(index, files[index].text) }
      return
    }
    switch random.below(10) {
    case 0 where files.count > 20:
      let name = files[random.below(files.count)].name
      // A socket or path goes with what it starts.
      let stem = ["k", "a", "p"].contains(name.prefix(1)) ? name.prefix { $0 != "." && $0 != "@" } : name[...]
      for file in files where file.name == name || (stem != name && file.name.prefix { $0 != "." && $0 != "@" } == stem) {
        world.files.remove(path(file.name))
        world.note("file-removed", 0, 0, path(file.name))
        files.removeAll { $0.name == file.name }
      }
    case 1:
      files.append(generator.newUnit())
      put(files.count - 1, files[files.count - 1].text)
    case 2:
      // Written anew as it was: nothing may happen.
      let index = random.below(files.count)
      put(index, files[index].text)
    default:
      for _ in 0...random.below(3) {
        let index = random.below(files.count)
        put(index, generator.changedText(of: files[index].name))
      }
    }
  }

  private func breakFile() {
    let index = random.below(files.count)
    brokenName = files[index].name
    world.files.write(path(files[index].name), generator.brokenText(files[index].text).bytes)
    world.note("file-broken", 0, 0, path(files[index].name))
  }

  private func toggleUnreadable() {
    if world.files.unreadable.isEmpty {
      world.files.unreadable = [(path(files[random.below(files.count)].name), random.pick([5, 13]))]
    } else {
      world.files.unreadable = []
    }
  }
}

extension World {
  /// Somebody outside sends signals to processes of services.
  func attack(count: Int, random: inout SeededRandom) {
    for _ in 0..<count {
      let victims = table.filter { $0.isLive && $0.tag != nil }
      guard !victims.isEmpty else { return }
      let victim = random.pick(victims)
      let signal = random.pick([Signal.kill, .kill, .kill, .terminate, .terminate, Signal(11), .abort, .interrupt, .stop, .continue])
      note("attack", Int64(victim.pid), Int64(signal.number))
      deliver(signal, to: victim)
      if signal == .stop { agenda.add(.process(victim.serial, .wake), at: clock + random.within(0...3_000_000_000)) }
    }
  }

  /// Memory is short: the kernel takes somebody of a service, most often one that apus follows.
  func exhaustSomebody(_ random: inout SeededRandom) {
    let victims = table.filter { $0.isLive && $0.tag != nil && $0.key?.invocation.unit != .helper }
    let followed = victims.filter { $0.key != nil }
    if let victim = followed.isEmpty || random.chance(perMille: 200) ? victims.last : random.pick(followed) { exhaust(victim) }
  }

  /// Ctrl-Z reaches COMMAND.
  func stopCommand() {
    for process in table where process.key?.invocation.unit == .command && process.isLive { deliver(.terminalStop, to: process) }
  }
}
#endif
