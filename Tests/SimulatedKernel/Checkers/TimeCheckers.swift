#if !EMBEDDED
import Foundation
import Model
import Supervision

/// A deadline comes when it is armed and due, never before, never after it was taken back, and never not at all.
final class DeadlineChecker: Checker {
  override var name: StaticString { "deadline" }
  private var armed: [(deadline: Deadline, at: Instant)] = []
  private var armedWall: [(deadline: Deadline, at: WallTime)] = []
  private var overdueTurns = 0

  override func before(_ event: Event, _ manager: Manager) {
    guard case .deadline(let deadline) = event else { return }
    if deadline.key.kind == .calendar {
      guard let index = armedWall.firstIndex(where: { $0.deadline.key == deadline.key }) else {
        return fail("a calendar deadline of unit \(deadline.key.unit.index) came, which is not armed")
      }
      armedWall.remove(at: index)
      return
    }
    guard let index = armed.firstIndex(where: { $0.deadline.key == deadline.key }) else {
      fail("deadline \(deadline.key.kind) of unit \(deadline.key.unit.index) came, which is not armed")
      return
    }
    if armed[index].deadline.invocation != deadline.invocation { fail("deadline of run \(deadline.invocation) came for another") }
    if armed[index].at.nanoseconds > world.clock { fail("deadline \(deadline.key.kind) came early") }
    armed.remove(at: index)
  }

  override func after(_ moment: Moment) {
    for effect in moment.effects {
      switch effect {
      case .arm(let deadline, let at):
        armed.removeAll { $0.deadline.key == deadline.key }
        if at != .never { armed.append((deadline, at)) }
      case .armWall(let deadline, let at):
        armedWall.removeAll { $0.deadline.key == deadline.key }
        armedWall.append((deadline, at))
      case .disarm(let key):
        armed.removeAll { $0.deadline.key == key }
        armedWall.removeAll { $0.deadline.key == key }
      default: break
      }
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    let isOverdue = armed.contains { $0.at.nanoseconds + 1_000_000_000 < now.instant.nanoseconds }
    overdueTurns = isOverdue ? overdueTurns + 1 : 0
    if overdueTurns > 6 {
      let late = armed.first { $0.at.nanoseconds + 1_000_000_000 < now.instant.nanoseconds }
      fail("deadline \(late.map { "\($0.deadline.key.kind) of unit \($0.deadline.key.unit.index)" } ?? "") was due long ago")
    }
  }
}

/// The restart delay is the formula's, for the checker's own count of steps and its own measure of healthy uptime;
/// NRestarts counts automatic restarts since the last manual start.
final class BackoffChecker: Checker {
  override var name: StaticString { "backoff" }

  private struct Model {
    var step: UInt32 = 0
    var restarts: UInt32 = 0
    var readySince: Instant? = nil
    var uptime: TimeSpan? = nil
  }
  private var models: [Model] = []

  override func after(_ moment: Moment) {
    while models.count < moment.new.count { models.append(Model()) }
    // A backoff belongs to the run that ended, though another may have begun in the same event.
    for case .arm(let deadline, let at) in moment.effects where deadline.key.kind == .restart {
      let index = Int(deadline.key.unit.index)
      endUptime(index, moment.now)
      judge(index, at, moment)
    }
    for index in moment.changed { follow(index, moment) }
    judgeTakeover(moment)
    if case .request(_, .resetFailed(let name)) = moment.event, let index = moment.manager.indexOfUnit(named: name) {
      models[index].step = 0
      models[index].restarts = 0
    }
  }

  /// A start that a client asks for takes over an automatic restart that waits: the counters start anew.
  private func judgeTakeover(_ moment: Moment) {
    guard case .request(let id, .job(.start, let name, _, _)) = moment.event, let index = moment.manager.indexOfUnit(named: name),
      let old = moment.before(index), old.jobIsAutoRestart, !old.jobIsRunning
    else { return }
    // A refused one takes over nothing.
    for case .reply(id, .failed) in moment.effects { return }
    let new = moment.new[index]
    if new.jobID == old.jobID, new.jobIsAutoRestart { fail("\(name.shown): a start that a client asked for counts as automatic") }
  }

  private func follow(_ index: Int, _ moment: Moment) {
    let new = moment.new[index]
    let old = moment.before(index)
    if new.invocation != old?.invocation ?? 0 {
      models[index].readySince = nil
      models[index].uptime = nil
      let isAuto = old.map { isAutomatic(index, $0, new, moment.event) } ?? false
      models[index].restarts = isAuto ? models[index].restarts + 1 : 0
      if !isAuto { models[index].step = 0 }
      if isAuto, let old, old.state == .dead || old.state == .failed {
        fail("\(moment.name(index).shown) was \(old.state.name) and restarted by itself")
      }
    }
    // The restart that the start limit refuses counts too (asked of systemd 252).
    if let old, old.state == .autoRestart || old.state == .autoRestartQueued, new.state == .failed, isRetry(index, moment) {
      models[index].restarts += 1
    }
    if isReady(new.state, index, moment.manager), models[index].readySince == nil, models[index].uptime == nil {
      models[index].readySince = moment.now.instant
    }
    if !isUp(new.state) { endUptime(index, moment.now) }
    if new.restarts != models[index].restarts, !wasResetFailed(moment.event) {
      fail("\(moment.name(index).shown) has NRestarts \(new.restarts), counted \(models[index].restarts)")
    }
  }

  private func isRetry(_ index: Int, _ moment: Moment) -> Bool {
    if moment.before(index)?.state == .autoRestartQueued { return true }
    guard case .deadline(let deadline) = moment.event, deadline.key.kind == .restart else { return false }
    return Int(deadline.key.unit.index) == index
  }

  private func endUptime(_ index: Int, _ now: Now) {
    guard let since = models[index].readySince else { return }
    models[index].uptime = now.instant.since(since)
    models[index].readySince = nil
  }

  /// The end of a backoff began it: its job was queued by the restart's deadline, now or before.
  private func isAutomatic(_ index: Int, _ old: UnitGlance, _ new: UnitGlance, _ event: Event?) -> Bool {
    // A request that met the waiting job made it one of its own, or took its place.
    // A start that only waited for the backoff, or one that was overtaken in the same moment: either count is right.
    let isDue: Bool
    if case .deadline(let deadline) = event, deadline.key.kind == .restart {
      isDue = Int(deadline.key.unit.index) == index
    } else {
      isDue = false
    }
    let isStopped = new.jobType == .stop && new.jobID != old.jobID
    if isDue && (old.jobType != nil || isStopped) || old.jobIsAutoRestart && isStopped {
      return new.restarts == old.restarts &+ 1
    }
    // Its conditions were looked at meanwhile: the job runs already.
    if case .checked(let unit, _, _) = event, Int(unit.index) == index { return old.jobIsAutoRestart }
    if new.jobType != nil { return new.jobIsAutoRestart && !(old.jobIsRunning && old.jobID == new.jobID) }
    if old.jobIsAutoRestart && !old.jobIsRunning { return true }
    guard case .deadline(let deadline) = event, deadline.key.kind == .restart else { return false }
    return Int(deadline.key.unit.index) == index && old.jobType == nil
  }

  private func wasResetFailed(_ event: Event?) -> Bool {
    if case .request(_, .resetFailed) = event { return true }
    return false
  }

  private func isReady(_ state: ServiceState, _ index: Int, _ manager: Manager) -> Bool {
    switch state {
    // A service that reloads as soon as it is ready is seen there first.
    case .running, .exited, .reload, .reloadSignal, .reloadNotify: true
    case .startPost: manager.settings(index)?.type != .oneshot
    default: false
    }
  }

  private func isUp(_ state: ServiceState) -> Bool {
    state == .running || state == .exited || state == .reload || state == .reloadSignal || state == .reloadNotify || state == .startPost
  }

  private func judge(_ index: Int, _ at: Instant, _ moment: Moment) {
    guard let settings = moment.manager.settings(index) else { return }
    let formula = BackoffFormula(settings.backoff)
    if let uptime = models[index].uptime, uptime >= settings.backoff.resetAfter ?? formula.cap { models[index].step = 0 }
    models[index].uptime = nil
    models[index].step += 1
    var expected = formula.delayMicroseconds(models[index].step)
    // A restart whose job came to nothing is tried again, but never at once.
    if isRetry(index, moment) { expected = max(expected, 100_000) }
    // A new definition that takes effect in this very event says nothing of the old run's delay.
    if moment.before(index)?.hasPending == true, !moment.new[index].hasPending { return }
    let got = Double(at.nanoseconds - moment.now.instant.nanoseconds) / 1000
    if abs(got - expected) > 3 + expected * 1e-6 {
      fail("\(moment.name(index).shown) restarts in \(got) us, step \(models[index].step) is \(expected) us")
    }
  }
}

/// units.md c.5 and DESIGN section 2, written down a second time.
struct BackoffFormula {
  let first: Double
  let most: Double
  let steps: UInt32

  init(_ settings: BackoffSettings) {
    let nothingIsSet = settings.delay == nil && settings.steps == nil && settings.delayMax == nil
    first = Double((settings.delay ?? TimeSpan(milliseconds: 100)).microseconds)
    let limit = nothingIsSet ? 30_000_000.0 : settings.delayMax.map { Double($0.microseconds) }
    let count = nothingIsSet ? 8 : settings.steps ?? 0
    if let limit, count > 0, first > 0, limit > first {
      most = limit
      steps = count
    } else {
      most = first
      steps = 0
    }
  }

  var cap: TimeSpan { TimeSpan(microseconds: UInt64(most)) }

  func delayMicroseconds(_ step: UInt32) -> Double {
    if step <= 1 || steps == 0 { return first }
    if step > steps { return most }
    return first * pow(most / first, Double(step - 1) / Double(steps))
  }
}

/// Timers: the next slot is always ahead, a fixed grid does not drift, and every slot is a run, a skip or the one that waits.
final class TimerChecker: Checker {
  override var name: StaticString { "timer" }
  private var anchors: [Int: (triggers: [TimerTrigger], anchor: Int64)] = [:]

  override func after(_ moment: Moment) {
    for case .arm(let deadline, let at) in moment.effects where deadline.key.kind == .timer {
      judgeNext(Int(deadline.key.unit.index), at, moment)
    }
    for index in moment.changed { judgeCount(index, moment) }
    judgeParallel(moment)
  }

  private func schedule(_ index: Int, _ manager: Manager) -> ScheduleSettings? {
    switch manager.unit(index).kind {
    case .timer(let settings): settings.schedule
    case .service(let settings): settings.schedule
    case .socket, .path, .target, .other: nil
    }
  }

  private func judgeNext(_ index: Int, _ at: Instant, _ moment: Moment) {
    guard let schedule = schedule(index, moment.manager) else { return }
    // A slot that is due already and waits for its turn may be armed again as it was.
    if at == moment.before(index)?.fireAt { return }
    if !schedule.triggers.isEmpty, schedule.triggers.allSatisfy(\.isGrid), at <= moment.now.instant {
      fail("\(moment.name(index).shown): next slot is not ahead")
    }
    guard schedule.triggers.count == 1, case .every(let span) = schedule.triggers[0], schedule.accuracy == .zero,
      schedule.randomizedDelay == .zero
    else { return }
    let step = Int64(span.microseconds) * 1000
    let wasActive = moment.before(index)?.timerIsActive == true
    let isNewDefinition = moment.before(index)?.hasPending == true && !moment.new[index].hasPending
    if wasActive, !isNewDefinition, let known = anchors[index], known.triggers == schedule.triggers {
      let offset = (at.nanoseconds - known.anchor) % step
      if offset != 0 { fail("\(moment.name(index).shown): slot is \(offset) ns off its grid") }
      if at.nanoseconds - moment.now.instant.nanoseconds > step { fail("\(moment.name(index).shown): a slot was left out") }
    } else {
      anchors[index] = (schedule.triggers, at.nanoseconds)
    }
  }

  private func judgeCount(_ index: Int, _ moment: Moment) {
    guard let old = moment.before(index) else { return }
    let new = moment.new[index]
    // A timer that is restarted drops the slot that waits.
    guard old.timerIsActive, new.timerIsActive, old.jobType == nil || !isTimer(index, moment),
      let schedule = schedule(index, moment.manager)
    else { return }
    // What a calendar brings is the calendar's checker's.
    switch moment.event {
    case .loaded, .clockStepped, .zoneChanged: return
    case .deadline(let deadline) where deadline.key.kind == .calendar: return
    default: break
    }
    if case .request = moment.event { return }
    let before = old.runs + old.skipped + (old.isQueued ? 1 : 0)
    let after = new.runs + new.skipped + (new.isQueued ? 1 : 0)
    guard case .deadline(let deadline) = moment.event, deadline.key.kind == .timer, Int(deadline.key.unit.index) == index else {
      if after != before { fail("\(moment.name(index).shown): no slot came, runs+skips+queued went from \(before) to \(after)") }
      return
    }
    // A new definition that takes effect with this very run brings its own grid.
    if old.hasPending && !new.hasPending { return }
    // Slots that passed unseen (a late wake-up) are slots too; how many is plain for a bare grid.
    // A slot that was due when a new definition took effect lies on the old grid: its distance to the next one counts nothing.
    if let span = bareGrid(schedule), let from = old.fireAt, let to = new.fireAt,
      (to.nanoseconds - from.nanoseconds) % (Int64(span.microseconds) * 1000) == 0
    {
      let slots = UInt64(max(0, to.nanoseconds - from.nanoseconds)) / (span.microseconds * 1000)
      if after != before + slots {
        fail("\(moment.name(index).shown): \(slots) slots passed, runs+skips+queued went from \(before) to \(after)")
      }
    } else if after <= before {
      fail("\(moment.name(index).shown): a slot came and was neither run, nor skipped, nor queued")
    }
  }

  /// The span of a schedule that is one grid, without jitter.
  private func bareGrid(_ schedule: ScheduleSettings) -> TimeSpan? {
    guard schedule.triggers.count == 1, schedule.accuracy == .zero, schedule.randomizedDelay == .zero else { return nil }
    switch schedule.triggers[0] {
    case .every(let span), .onUnitActive(let span): return span
    case .onActive, .onBoot, .onStartup, .onUnitInactive, .after, .reboot, .calendar: return nil
    }
  }

  private func isTimer(_ index: Int, _ moment: Moment) -> Bool {
    if case .timer = moment.manager.unit(index).kind { return true }
    return false
  }

  private func judgeParallel(_ moment: Moment) {
    guard case .deadline(let deadline) = moment.event, deadline.key.kind == .timer else { return }
    var counts: [Int: Int] = [:]
    for glance in moment.new where glance.parallelOf >= 0 && !glance.state.isGone { counts[Int(glance.parallelOf), default: 1] += 1 }
    for index in moment.new.indices where counts[index, default: 0] > 16 {
      fail("\(moment.name(index).shown) has \(counts[index, default: 0]) runs at a time")
    }
  }
}

extension TimerTrigger {
  /// A fixed grid from an anchor of its own.
  var isGrid: Bool {
    switch self {
    case .every, .onUnitActive: true
    case .onActive, .onBoot, .onStartup, .onUnitInactive, .after, .reboot, .calendar: false
    }
  }
}

/// Nobody wakes without a reason, and nobody runs on the spot.
final class WakeChecker: Checker {
  override var name: StaticString { "wake" }
  private var eventsThisTurn = 0
  private var spot: (turns: Int, since: Int64) = (0, 0)

  override func after(_ moment: Moment) { eventsThisTurn += 1 }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    let wake = world.lastWake
    if wake.ready == 0, !wake.isSpurious, eventsThisTurn == 0, world.workThisTurn == 0, world.turns > 1 {
      fail("woken for nothing: asked for \(wake.deadline.nanoseconds), clock \(wake.leftAt)")
    }
    eventsThisTurn = 0
    if wake.leftAt - spot.since > 10_000_000 {
      spot = (0, wake.leftAt)
    } else {
      spot.turns += 1
      if spot.turns > 3000 { fail("\(spot.turns) turns within 10 ms") }
    }
  }
}
#endif
