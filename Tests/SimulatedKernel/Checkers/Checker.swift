#if !EMBEDDED
import Model
import Supervision

/// What happened at one moment: an event was handled, with these effects. `old` and `new` are all units before and after.
struct Moment {
  let manager: Manager
  /// nil: the boot.
  let event: Event?
  let effects: [Effect]
  let now: Now
  let old: [UnitGlance]
  let new: [UnitGlance]
  /// Indices of units that look different, new ones included.
  let changed: [Int]

  /// The unit as it was; a unit that is new was nothing before.
  func before(_ index: Int) -> UnitGlance? { index < old.count ? old[index] : nil }
  func name(_ index: Int) -> Bytes { manager.name(index) }
}

/// One rule of the whole system. It sees every event, effect and turn, and compares with what the world knows or with a
/// model of its own; what it finds goes to `World.violate` under its name.
class Checker {
  let world: World
  var name: StaticString { "checker" }
  required init(_ world: World) { self.world = world }

  func before(_ event: Event, _ manager: Manager) {}
  func after(_ moment: Moment) {}
  func turnEnded(_ manager: Manager, _ now: Now) {}
  func left(status: UInt8, _ manager: Manager) {}

  func fail(_ detail: String) { world.violate(name, detail.bytes) }
}

/// Shows the checkers what the loop does.
public final class Inspector {
  let world: World
  var checkers: [Checker] = []
  private var glances: [UnitGlance] = []
  public private(set) var events = 0
  public private(set) var leftStatus: UInt8? = nil

  static let kinds: [Checker.Type] = [
    AttributionChecker.self, DeadlineChecker.self, StaleChecker.self, EmptyChecker.self, TwinChecker.self, OrderChecker.self,
    BackoffChecker.self, RoleChecker.self, ReplyChecker.self, JobChecker.self, StuckChecker.self, ApplyChecker.self, TimerChecker.self,
    CalendarChecker.self, WakeChecker.self, LivePIDChecker.self, EndChecker.self, DependencyChecker.self, JobEndChecker.self,
    LastingChecker.self,
    HandlerChecker.self, NotifyChecker.self, ReadinessChecker.self, WatchdogChecker.self, MainPIDChecker.self, StoreChecker.self,
    StopPostChecker.self, DrainChecker.self, CleanChecker.self, StartConditionChecker.self, OutOfMemoryChecker.self,
    SocketLeakChecker.self, SocketTrafficChecker.self, SocketLimitChecker.self, InstanceChecker.self, PathChecker.self,
    IdleChecker.self,
  ]

  /// Their names, for `--without-checker`.
  public static var names: [String] {
    kinds.map { "\($0.init(World(seed: 0)).name)" } + [
      "use-after-reap", "exec-pipe", "zombie", "forgotten", "client-after-close", "endless-turn", "answer",
      "descriptor", "ready-pipe",
    ]
  }

  public init(_ world: World) {
    self.world = world
    for kind in Inspector.kinds {
      let checker = kind.init(world)
      if !world.silenced.contains("\(checker.name)") { checkers.append(checker) }
    }
  }

  public func before(_ event: Event, _ manager: Manager) {
    for checker in checkers { checker.before(event, manager) }
  }

  public func after(_ event: Event?, _ effects: [Effect], _ manager: Manager, _ now: Now) {
    events += 1
    if let event { note(event) }
    var new: [UnitGlance] = []
    new.reserveCapacity(manager.unitCount)
    var changed: [Int] = []
    for index in 0..<manager.unitCount {
      let glance = manager.glance(index)
      if index >= glances.count || glances[index] != glance {
        changed.append(index)
        world.note("unit", Int64(index), Int64(glance.invocation), glance.text(manager.name(index)))
      }
      new.append(glance)
    }
    for effect in effects { note(effect) }
    let moment = Moment(manager: manager, event: event, effects: effects, now: now, old: glances, new: new, changed: changed)
    for checker in checkers { checker.after(moment) }
    glances = new
    for case .leave(let status) in effects {
      leftStatus = status
      for checker in checkers { checker.left(status: status, manager) }
    }
  }

  private func note(_ effect: Effect) {
    switch effect {
    case .arm(let deadline, let at):
      world.note("arm", Int64(deadline.key.unit.index), at.nanoseconds / 1000, Bytes(decimal: deadline.key.kind.rawValue))
    case .armWall(let deadline, let at): world.note("arm-wall", Int64(deadline.key.unit.index), at.microseconds)
    case .disarm(let key): world.note("disarm", Int64(key.unit.index), 0, Bytes(decimal: key.kind.rawValue))
    case .kill(let order): world.note("kill", Int64(order.invocation.number), Int64(order.signal.number), Bytes(decimal: order.number))
    case .forget(let invocation): world.note("forget", Int64(invocation.number))
    case .reply(let id, _): world.note("reply", Int64(id.number))
    case .adopt(let key, let pid): world.note("adopt", Int64(key.invocation.number), Int64(pid), Bytes(decimal: key.serial))
    case .spawn, .watchEmpty, .countLeft, .message, .table, .load, .notify, .forward, .commandStopped, .takeTerminalBack, .finalSweep,
      .leave, .check, .clean, .findMainPID, .stopFindingMainPID, .closeDescriptors, .watchDescriptor, .closeNotify,
      .readStamp, .writeStamp, .listen, .watchListener, .unwatchListener, .flushListener, .removeNodes, .sendFile,
      .countConnections, .instantiate, .watchPaths, .unwatchPaths:
      break
    }
  }

  private func note(_ event: Event) {
    switch event {
    case .spawned(let key, let pid): world.note("event spawned", Int64(key.invocation.number), Int64(pid), Bytes(key.role.name))
    case .spawnFailed(let key, _): world.note("event spawnFailed", Int64(key.invocation.number), 0, Bytes(key.role.name))
    case .executed(let key): world.note("event executed", Int64(key.invocation.number), 0, Bytes(key.role.name))
    case .execFailed(let key, _): world.note("event execFailed", Int64(key.invocation.number), 0, Bytes(key.role.name))
    case .exited(let key, let status):
      world.note("event exited", Int64(key.invocation.number), Int64(status.shellStatus), Bytes(key.role.name))
    case .stopped(let key, _): world.note("event stopped", Int64(key.invocation.number))
    case .signalled(let invocation, let order, let count, _):
      world.note("event signalled", Int64(invocation.number), Int64(count), Bytes(decimal: order))
    case .emptied(let invocation): world.note("event emptied", Int64(invocation.number))
    case .left(let invocation, let count): world.note("event left", Int64(invocation.number), Int64(count))
    case .deadline(let deadline):
      world.note("event deadline", Int64(deadline.key.unit.index), Int64(deadline.invocation), Bytes(decimal: deadline.key.kind.rawValue))
    case .signal(let received): world.note("event signal", Int64(received.signal.number))
    case .request(let id, let request): world.note("event request", Int64(id.number), 0, request.text)
    case .loaded(_, let loaded): world.note("event loaded", Int64(loaded.units.count), loaded.hasErrors ? 1 : 0)
    case .swept(let forced): world.note("event swept", forced ? 1 : 0)
    case .checked(let unit, let number, _): world.note("event checked", Int64(unit.index), Int64(number))
    case .cleaned(let invocation): world.note("event cleaned", Int64(invocation.number))
    case .notified(let unit, _, let sender, _): world.note("event notified", Int64(unit.index), Int64(sender.pid))
    case .mainPID(let invocation, let source, _): world.note("event mainPID", Int64(invocation.number), Int64(source.rawValue))
    case .readyLine(let key, let isReady): world.note("event readyLine", Int64(key.invocation.number), isReady ? 1 : 0)
    case .outOfMemory(let key): world.note("event outOfMemory", Int64(key.invocation.number))
    case .clockStepped(let span): world.note("event clockStepped", span)
    case .zoneChanged: world.note("event zoneChanged")
    case .stamp(let unit, _): world.note("event stamp", Int64(unit.index))
    case .listening(let unit, let run, _): world.note("event listening", Int64(unit.index), Int64(run))
    case .traffic(let unit, let id): world.note("event traffic", Int64(unit.index), Int64(id.number))
    case .accepted(let unit, let connection): world.note("event accepted", Int64(unit.index), Int64(connection.id.number))
    case .listenerFailed(let unit, let id, _, _): world.note("event listenerFailed", Int64(unit.index), Int64(id.number))
    case .connections(let unit, _, let count, _): world.note("event connections", Int64(unit.index), Int64(count ?? 0))
    case .instantiated(let unit, let name, _): world.note("event instantiated", Int64(unit.index), 0, name.bytes)
    case .pathHit(let unit, _, let index, _): world.note("event pathHit", Int64(unit.index), Int64(index))
    case .pathsFailed(let unit, _, _): world.note("event pathsFailed", Int64(unit.index))
    case .descriptorHungUp(let unit, let id): world.note("event hungUp", Int64(unit.index), Int64(id.number))
    }
  }

  public func turnEnded(_ manager: Manager, _ now: Now) {
    for checker in checkers { checker.turnEnded(manager, now) }
  }
}

extension UnitGlance {
  /// Name, state and job, for the trace.
  func text(_ name: Bytes) -> Bytes {
    var text = name + " " + Bytes(state.name)
    if let jobType {
      text += " job " + Bytes(decimal: jobID) + " " + Bytes(jobType.name)
      if jobIsRunning { text += " running" }
      if jobIsAutoRestart { text += " auto" }
    }
    return text
  }
}

extension Request {
  var text: Bytes {
    switch self {
    case .units: Bytes("units")
    case .unit(let name): "unit " + name
    case .timers: Bytes("timers")
    case .sockets: Bytes("sockets")
    case .paths: Bytes("paths")
    case .job(let type, let unit, _, let wait): Bytes(type.name) + " " + unit + (wait ? Bytes(" wait") : [])
    case .kill(let unit, let signal, _): "kill " + unit + " " + signal.name
    case .resetFailed(let unit): "reset-failed " + unit
    case .apply(let planOnly): Bytes(planOnly ? "plan" : "apply")
    case .daemonReload: Bytes("daemon-reload")
    case .exit: Bytes("exit")
    }
  }
}

extension Manager {
  /// A service's settings, or those of a socket's commands, copied: only where something happened.
  func settings(_ index: Int) -> ServiceSettings? {
    switch unit(index).kind {
    case .service(let settings): settings
    case .socket(let settings): settings.process
    case .timer, .path, .target, .other: nil
    }
  }
}

extension ServiceState {
  /// Neither up, nor on the way up or down: nobody of it may be left.
  var isGone: Bool {
    switch self {
    case .dead, .failed, .autoRestart, .autoRestartQueued: true
    case .condition, .startPre, .start, .startPost, .running, .exited, .reload, .reloadSignal, .reloadNotify, .drain, .stop,
      .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost, .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning:
      false
    }
  }
}
#endif
