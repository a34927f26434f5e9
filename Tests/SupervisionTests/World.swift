import Model

@testable import Supervision

/// A manager and a world that does what it is told: commands start, end and die when the test says so.
struct World {
  var manager: Manager
  var now = Now(instant: Instant(nanoseconds: 0), wall: WallTime(microseconds: 1_700_000_000_000_000))
  var deadlines: [(deadline: Deadline, at: Instant)] = []
  var outside = OutsideWorld()
  var spawns: [SpawnRequest] = []
  var live: [(key: ProcessKey, pid: Int32, role: Role)] = []
  var kills: [KillOrder] = []
  var replies: [(RequestID, Reply)] = []
  var messages: [String] = []
  /// What is said as it is: findings in unit files, tables.
  var tables: [String] = []
  var loads: [LoadPurpose] = []
  var left: UInt8? = nil
  var nextPid: Int32 = 100
  var nextRequest: UInt64 = 1000
  /// Processes that are left of an invocation besides main and control.
  var others: [Invocation: Int] = [:]
  /// Looks for a main PID, in order; tests answer them.
  var searches: [(invocation: Invocation, query: MainPIDQuery, waits: Bool)] = []
  var endedSearches: [Invocation] = []
  var adopted: [(key: ProcessKey, pid: Int32)] = []
  var closed: [DescriptorID] = []
  var watched: [DescriptorID] = []
  var cleaned: [[Bytes]] = []
  /// `cleaned` is answered at once.
  var cleansAtOnce = true
  /// What comes of the conditions of a unit; `.met` unless said.
  var checks: [String: CheckOutcome] = [:]
  /// Questions about conditions wait in `heldChecks` instead of being answered at once.
  var holdsChecks = false
  var heldChecks: [CheckRequest] = []
  /// No process can be made, and this is why.
  var refusesSpawns = ""
  /// Signals that processes do not die of.
  var isStubborn = false

  /// What stands on the wall clock, and the stamps that were asked for and written.
  var wallDeadlines: [(deadline: Deadline, at: WallTime)] = []
  var readStamps: [UnitID] = []
  var writtenStamps: [(name: String, at: WallTime)] = []

  init(_ units: [Unit], starting: [String], options: ManagerOptions = ManagerOptions()) {
    var options = options
    options.seed = 42
    manager = Manager(options, now: now)
    let names = starting.compactMap { UnitName(Bytes($0.utf8)) }
    var effects: [Effect] = []
    manager.boot(LoadedUnits(units: units, diagnostics: [], starting: names), now: now, effects: &effects)
    perform(effects)
  }

  mutating func send(_ event: Event) {
    var effects: [Effect] = []
    manager.handle(event, now: now, effects: &effects)
    perform(effects)
  }

  private mutating func perform(_ effects: [Effect]) {
    var answers: [Event] = []
    for effect in effects {
      switch effect {
      case .spawn(let request):
        spawns.append(request)
        nextPid += 1
        if !refusesSpawns.isEmpty {
          answers.append(.spawnFailed(request.key, SpawnFailure(errno: 11, message: Bytes(refusesSpawns.utf8))))
          break
        }
        live.append((request.key, nextPid, request.key.role))
        answers.append(.spawned(request.key, pid: nextPid))
        answers.append(.executed(request.key))
      case .kill(let order):
        let events = kill(order)
        // A look that finds nobody is no kill.
        if case .signalled(_, _, let count, _) = events[0], count > 0 { kills.append(order) }
        answers += events
      case .watchEmpty(let invocation): if isEmpty(invocation) { answers.append(.emptied(invocation)) }
      case .countLeft(let invocation): answers.append(.left(invocation, count: others[invocation] ?? 0))
      case .table(let text): tables.append(text.shown)
      case .listen, .watchListener, .unwatchListener, .flushListener, .removeNodes, .sendFile, .countConnections, .instantiate,
        .watchPaths, .unwatchPaths:
        answers += outside.perform(effect)
      case .forget, .notify, .forward, .commandStopped, .takeTerminalBack: break
      case .arm(let deadline, let at):
        deadlines.removeAll { $0.deadline.key == deadline.key }
        deadlines.append((deadline, at))
      case .armWall(let deadline, let at):
        wallDeadlines.removeAll { $0.deadline.key == deadline.key }
        wallDeadlines.append((deadline, at))
      case .readStamp(let unit, _): readStamps.append(unit)
      case .writeStamp(_, let name, let at): writtenStamps.append((name.shown, at))
      case .disarm(let key):
        deadlines.removeAll { $0.deadline.key == key }
        wallDeadlines.removeAll { $0.deadline.key == key }
      case .reply(let id, let reply): replies.append((id, reply))
      case .message(_, let text): messages.append(text.shown)
      case .load(let purpose): loads.append(purpose)
      case .check(let request):
        if holdsChecks {
          heldChecks.append(request)
        } else {
          answers.append(.checked(request.unit, number: request.number, checks[request.unitName.shown] ?? .met))
        }
      case .clean(let invocation, let paths):
        cleaned.append(paths)
        if cleansAtOnce { answers.append(.cleaned(invocation)) }
      case .findMainPID(let invocation, let query, let waits): searches.append((invocation, query, waits))
      case .stopFindingMainPID(let invocation): endedSearches.append(invocation)
      case .adopt(let key, let pid):
        adopted.append((key, pid))
        live.append((key, pid, .main))
      case .closeDescriptors(let list): closed += list
      case .watchDescriptor(_, let id): watched.append(id)
      case .closeNotify: break
      case .finalSweep: answers.append(.swept(forced: false))
      case .leave(let status): left = status
      }
    }
    for answer in answers { send(answer) }
  }

  private mutating func kill(_ order: KillOrder) -> [Event] {
    var count = 0
    var ends: [Event] = []
    for process in live where process.key.invocation == order.invocation {
      guard process.role == .main ? order.main : process.role == .probe ? order.probe || order.others : order.control else { continue }
      count += 1
      if !isStubborn || order.signal == .kill { ends.append(.exited(process.key, .killed(order.signal))) }
    }
    if order.others, let extra = others[order.invocation], extra > 0 {
      count += extra
      if !isStubborn || order.signal == .kill { others[order.invocation] = 0 }
    }
    for case .exited(let key, _) in ends { live.removeAll { $0.key == key } }
    var events: [Event] = [.signalled(order.invocation, order: order.number, count: count, anyLeft: count > 0)]
    events += ends
    if order.others && count > 0 && isEmpty(order.invocation) { events.append(.emptied(order.invocation)) }
    return events
  }

  private func isEmpty(_ invocation: Invocation) -> Bool {
    !live.contains { $0.key.invocation == invocation } && (others[invocation] ?? 0) == 0
  }

  // MARK: What tests do

  enum Sender { case main, control, member, earlier, stranger, root }

  /// A datagram to the unit's notify socket.
  mutating func notify(
    _ name: String, from sender: Sender = .main, descriptors: [UInt32] = [], same: [UInt32: UInt32] = [:],
    _ change: (inout NotifyMessage) -> Void
  ) {
    guard let unit = manager.find(Bytes(name.utf8)) else { return }
    let service = manager[unit].service
    let pid: Int32 =
      switch sender {
      case .main: service.main?.pid ?? 9001
      case .control: service.control?.pid ?? 9002
      case .member, .earlier: 9003
      case .stranger, .root: 9004
      }
    var message = NotifyMessage()
    change(&message)
    let run: UInt32? =
      switch sender {
      case .main, .control, .member: service.invocation
      case .earlier: service.invocation - 1
      case .stranger, .root: nil
      }
    let from = NotifySender(pid: pid, uid: sender == .root ? 0 : 1000, run: run)
    send(
      .notified(
        unit, message, from, descriptors: descriptors.map { OfferedDescriptor(DescriptorID($0), sameAs: same[$0].map { DescriptorID($0) }) }
      ))
  }

  /// Answers the last look for a main PID; `pid` becomes a process of the run.
  mutating func answerSearch(_ source: MainPIDSource, _ outcome: MainPIDOutcome) {
    guard let search = searches.last else { return }
    send(.mainPID(search.invocation, source, outcome))
  }

  mutating func emptied(_ name: String) {
    guard let invocation = invocation(name) else { return }
    others[invocation] = 0
    send(.emptied(invocation))
  }

  func record(_ name: String) -> UnitRecord? { manager.find(Bytes(name.utf8)).map { manager[$0] } }
  func state(_ name: String) -> ServiceState? { record(name)?.service.state }
  func invocation(_ name: String) -> Invocation? {
    manager.find(Bytes(name.utf8)).map { Invocation(unit: $0, number: manager[$0].service.invocation) }
  }

  /// Ends the live process of that role.
  mutating func end(_ name: String, _ role: Role = .main, _ status: ExitStatus = .exited(0)) {
    guard let invocation = invocation(name),
      let index = live.firstIndex(where: { $0.key.invocation == invocation && $0.role == role })
    else { return }
    let key = live[index].key
    live.remove(at: index)
    send(.exited(key, status))
  }

  /// Lets time pass, deadline by deadline.
  mutating func advance(_ span: TimeSpan) {
    let end = now.instant + span
    while let next = deadlines.min(by: { $0.at < $1.at }), next.at <= end {
      move(to: max(now.instant, next.at))
      deadlines.removeAll { $0.deadline.key == next.deadline.key }
      send(.deadline(next.deadline))
    }
    move(to: end)
  }

  private mutating func move(to instant: Instant) {
    now.wall.microseconds += (instant.nanoseconds - now.instant.nanoseconds) / 1000
    now.instant = instant
  }

  mutating func request(_ request: Request) -> Reply? {
    nextRequest += 1
    let id = RequestID(nextRequest)
    send(.request(id, request))
    return replies.last { $0.0 == id }?.1
  }

  mutating func job(_ type: JobType, _ name: String, mode: JobMode = .replace, wait: Bool = true) -> RequestID {
    nextRequest += 1
    let id = RequestID(nextRequest)
    send(.request(id, .job(type, unit: Bytes(name.utf8), mode: mode, wait: wait)))
    return id
  }

  /// What systemctl would exit with; nil while the answer is waited for.
  func status(_ id: RequestID) -> Int? {
    for (answered, reply) in replies where answered == id {
      switch reply {
      case .job(let report): return report.result == .done || report.result == .skipped ? 0 : 1
      case .failed(.notFound, _, _): return 5
      case .failed(.denied, _, _): return 4
      case .failed(.notApplicable, _, _): return 3
      case .failed: return 1
      case .units, .unit, .done, .plan: return 0
      }
    }
    return nil
  }

  /// Commands begun, by unit name: `a b a`.
  var begun: String { spawns.map { String($0.unitName.shown.dropLast(8)) }.joined(separator: " ") }

  func result(_ id: RequestID) -> JobResult? {
    for (answered, reply) in replies where answered == id {
      if case .job(let report) = reply { return report.result }
    }
    return nil
  }
}

/// apus does not leave for lack of work.
func staying() -> ManagerOptions {
  var options = ManagerOptions()
  options.stay = true
  return options
}

/// A service with one command.
func service(_ name: String, _ change: (inout ServiceSettings) -> Void = { _ in }, unit: (inout Unit) -> Void = { _ in }) -> Unit {
  var settings = ServiceSettings()
  settings.start = [command("/bin/" + name)]
  change(&settings)
  guard let unitName = UnitName(Bytes((name + ".service").utf8)) else { preconditionFailure("bad name") }
  var result = Unit(name: unitName, kind: .service(settings))
  unit(&result)
  return result
}

func command(_ path: String, ignoreFailure: Bool = false) -> ExecCommand {
  var command = ExecCommand(path: Bytes(path.utf8), arguments: [Bytes(path.utf8)])
  command.ignoreFailure = ignoreFailure
  return command
}

func name(_ text: String) -> UnitName {
  guard let name = UnitName(Bytes(text.utf8)) else { preconditionFailure("bad name") }
  return name
}
