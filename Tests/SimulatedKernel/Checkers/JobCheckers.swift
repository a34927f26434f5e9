#if !EMBEDDED
import Model
import Supervision

/// A job begins only when nobody's job goes before it: starts follow After=, stops its reverse, and a stop goes before a
/// start whichever way the arrow points (units.md e.1).
final class OrderChecker: Checker {
  override var name: StaticString { "order" }

  override func after(_ moment: Moment) {
    for index in moment.changed {
      let new = moment.new[index]
      guard new.jobIsRunning, let type = new.jobType else { continue }
      if let old = moment.before(index), old.jobIsRunning, old.jobID == new.jobID, old.jobType == new.jobType { continue }
      guard type != .reload else { continue }
      let order = moment.manager.order(index)
      for other in order.after { judge(index, Int(other.index), isAfter: true, moment) }
      for other in order.before { judge(index, Int(other.index), isAfter: false, moment) }
    }
  }

  private func stops(_ glance: UnitGlance) -> Bool {
    glance.jobType == .stop || glance.jobType == .restart || glance.jobType == .tryRestart
  }

  private func judge(_ index: Int, _ other: Int, isAfter: Bool, _ moment: Moment) {
    guard index != other, other < moment.new.count, moment.new[other].jobType != nil else { return }
    let new = moment.new[index]
    let waits = isAfter ? !stops(new) : stops(moment.new[other])
    guard waits else { return }
    // A job that was queued while this one began is too late to be waited for; stops of one shutdown are queued together.
    let isOld = moment.before(other).map { $0.jobID == moment.new[other].jobID } ?? false
    if isOld || (stops(new) && stops(moment.new[other])) {
      fail(
        "\(moment.name(index).shown) began to \(new.jobType?.name ?? "") before the \(moment.new[other].jobType?.name ?? "") of "
          + moment.name(other).shown)
    }
  }
}

/// Every request is answered once: at once, or when its job ends, or when its load is done. (Who still waits when apus leaves is
/// answered by the loop: the checker `answer` looks at that from the client's side.)
final class ReplyChecker: Checker {
  override var name: StaticString { "answered-once" }
  private var open: [RequestID] = []
  private var closed: Set<RequestID> = []

  override func before(_ event: Event, _ manager: Manager) {
    guard case .request(let id, _) = event else { return }
    if closed.contains(id) || open.contains(id) { fail("request \(id.number) came twice") }
    open.append(id)
  }

  override func after(_ moment: Moment) {
    for case .reply(let id, _) in moment.effects {
      if let index = open.firstIndex(of: id) {
        open.remove(at: index)
        closed.insert(id)
      } else {
        fail(closed.contains(id) ? "request \(id.number) was answered twice" : "an answer to nobody: \(id.number)")
      }
    }
  }
}

/// A job's number never comes back, and a job that runs belongs to a unit that is on its way.
final class JobChecker: Checker {
  override var name: StaticString { "job" }
  private var ended: Set<UInt32> = []

  override func after(_ moment: Moment) {
    for index in moment.changed {
      let new = moment.new[index]
      if let old = moment.before(index), old.jobID != 0, old.jobID != new.jobID { ended.insert(old.jobID) }
      if new.jobID != 0, ended.contains(new.jobID) { fail("job \(new.jobID) of \(moment.name(index).shown) ended and came back") }
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    for index in 0..<manager.unitCount {
      let glance = manager.glance(index)
      guard let type = glance.jobType, glance.jobIsRunning else { continue }
      let isDown = glance.active == .inactive || glance.active == .failed
      let isUp = glance.active == .active
      // Its conditions are being looked at: the unit stays where it is.
      if glance.isChecking { continue }
      if isDown || (isUp && type == .start) {
        fail("job \(glance.jobID) (\(type.name)) of \(manager.name(index).shown) runs, but the unit is \(glance.active.name)")
      }
    }
  }
}

/// A command runs in the state it belongs to: what a stop has overtaken is not begun.
final class RoleChecker: Checker {
  override var name: StaticString { "role" }

  override func after(_ moment: Moment) {
    for case .spawn(let request) in moment.effects where request.key.invocation.unit.index >= 0 {
      let index = Int(request.key.invocation.unit.index)
      let state = moment.new[index].state
      // What follows from the start may have ended it in the same moment (a conflict, nobody who needs it).
      let isOvertaken = moment.effects.contains { effect in
        if case .kill(let order) = effect { return order.invocation == request.key.invocation }
        return false
      }
      // With KillMode=none its stop leaves it, too.
      if isOvertaken || moment.manager.settings(index)?.killMode == KillMode.none { continue }
      if request.key.role == .probe ? !RoleChecker.probed.contains(state) : state != home(request.key.role) {
        fail("\(moment.name(index).shown) is in \(state.name) and runs \(request.key.role.name)=")
      }
    }
  }

  /// Readiness is asked for while a service starts, health from then on.
  private static let probed: [ServiceState] = [.start, .startPost, .running, .reload, .reloadSignal, .reloadNotify]

  private func home(_ role: Role) -> ServiceState? {
    switch role {
    case .condition: .condition
    case .startPre: .startPre
    case .main: .start
    case .startPost: .startPost
    case .reload: .reload
    case .stop: .stop
    case .stopPost: .stopPost
    case .probe: nil
    }
  }
}

/// Nobody stays in a state that only lasts: every failure has a next step.
final class StuckChecker: Checker {
  override var name: StaticString { "stuck" }
  private struct Watch {
    var state = ServiceState.dead
    var mainKey: ProcessKey? = nil
    var controlKey: ProcessKey? = nil
    var jobID: UInt32 = 0
    var since: Int64 = 0
  }
  private var watches: [Watch] = []
  private var pendingSpawns: Set<ProcessKey> = []
  /// D states, hanging execs, oversleeping: what the world itself may take.
  static let slackNanoseconds: Int64 = 150_000_000_000

  override func after(_ moment: Moment) {
    while watches.count < moment.new.count { watches.append(Watch()) }
    for index in moment.changed {
      let new = moment.new[index]
      let watch = watches[index]
      if watch.state != new.state || watch.mainKey != new.mainKey || watch.controlKey != new.controlKey || watch.jobID != new.jobID {
        watches[index] = Watch(
          state: new.state, mainKey: new.mainKey, controlKey: new.controlKey, jobID: new.jobID, since: moment.now.instant.nanoseconds)
      }
      judgeNextStep(index, new, moment)
    }
    // Tried again and again, as long as what it requires stays away: each attempt is a step.
    for case .arm(let armed, _) in moment.effects where armed.key.kind == .restart {
      let index = Int(armed.key.unit.index)
      if index < watches.count { watches[index].since = moment.now.instant.nanoseconds }
    }
    judgeDeadline(moment)
  }

  /// A reload whose time is over is over, or has got more time.
  private func judgeDeadline(_ moment: Moment) {
    guard case .deadline(let deadline) = moment.event, deadline.key.kind == .state, deadline.key.unit.index >= 0 else { return }
    let index = Int(deadline.key.unit.index)
    let new = moment.new[index]
    guard let old = moment.before(index), old.invocation == deadline.invocation, new.state == old.state else { return }
    guard [.reload, .reloadSignal, .reloadNotify].contains(new.state) else { return }
    for case .arm(let armed, _) in moment.effects where armed.key == deadline.key { return }
    fail("\(moment.name(index).shown) is in \(new.state.name), its time is over, and nothing is under way")
  }

  /// A state that lives by a process has one.
  private func judgeNextStep(_ index: Int, _ new: UnitGlance, _ moment: Moment) {
    let lacks: Bool
    switch new.state {
    case .condition, .startPre, .startPost, .reload, .stop, .stopPost: lacks = new.controlKey == nil && !new.waitsWithoutProcess
    case .start:
      // With RemainAfterExit=yes whoever else is left may still say READY=1 (systemd's rule).
      let mayBeTold = moment.manager.settings(index).map { $0.remainAfterExit } ?? false
      lacks = new.mainKey == nil && new.controlKey == nil && !new.waitsWithoutProcess && !mayBeTold
    case .autoRestartQueued: lacks = new.jobType == nil && !moment.manager.isPhaseStopping
    default: lacks = false
    }
    if lacks { fail("\(moment.name(index).shown) is in \(new.state.name), and nothing is under way") }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    for index in 0..<min(manager.unitCount, watches.count) {
      let waited = now.instant.nanoseconds - watches[index].since
      guard waited > StuckChecker.slackNanoseconds, let limit = limit(watches[index].state, index, manager) else { continue }
      if waited > limit + StuckChecker.slackNanoseconds {
        fail("\(manager.name(index).shown) has been in \(watches[index].state.name) for \(waited / 1_000_000) ms")
      }
    }
  }

  /// How long a state may last, nanoseconds; nil: for ever.
  private func limit(_ state: ServiceState, _ index: Int, _ manager: Manager) -> Int64? {
    // A FinalKillSignal= that is ignored holds a unit for as long as its processes like.
    guard let settings = manager.settings(index), settings.finalKillSignal == .kill else { return nil }
    func span(_ value: TimeSpan) -> Int64? { value.isInfinite ? nil : Int64(value.microseconds) * 1000 }
    switch state {
    case .dead, .failed, .running, .exited, .autoRestartQueued: return nil
    case .condition, .startPre, .startPost, .reload, .reloadSignal, .reloadNotify: return span(settings.timeoutStart)
    case .drain: return span(settings.drain)
    // As long as its helper may take.
    case .cleaning: return span(TimeSpan(seconds: 30))
    case .start: return settings.type == .simple ? 0 : span(settings.timeoutStart)
    case .stop, .stopSigterm, .stopSigkill, .stopPost, .finalSigterm, .finalSigkill: return span(settings.timeoutStop)
    case .stopWatchdog, .finalWatchdog: return span(settings.timeoutAbort ?? settings.timeoutStop)
    case .autoRestart: return Int64(BackoffFormula(settings.backoff).most) * 1000
    }
  }
}
#endif
