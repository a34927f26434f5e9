#if !EMBEDDED
import Calendar
import Model
import Supervision

/// Calendar timers, reckoned a second time: no slot runs twice, none is lost without being counted, the next one is ahead and
/// the first there is, jitter is drawn once a slot, and the wall clock wakes nobody without a due slot.
final class CalendarChecker: Checker {
  override var name: StaticString { "calendar" }

  private struct Model {
    /// The latest slot that is done with.
    var latest: WallTime? = nil
    var drawn: (slot: WallTime, at: WallTime, settings: ScheduleSettings)? = nil
  }
  private var models: [Int: Model] = [:]
  private var local = TimeZones()
  private var wakes = 0
  private var step: Int64 = 0
  private var sawReason = false

  override func before(_ event: Event, _ manager: Manager) {
    switch event {
    case .zoneChanged(let zone): local.local = zone
    case .loaded(.plan, _): break
    // What a client named is known from then on, whatever else it pulled in.
    case .loaded(.demand, let loaded): if !manager.isPhaseStopping { take(loaded.zones) }
    case .loaded(_, let loaded): if !loaded.hasErrors { take(loaded.zones) }
    default: break
    }
  }

  private func take(_ found: TimeZones?) {
    guard let found else { return }
    for item in found.named { local.add(item.name, item.zone) }
    local.local = found.local
  }

  /// At boot the units' zones are not an event.
  func start(in found: TimeZones?) { if let found { local = found } }

  override func after(_ moment: Moment) {
    switch moment.event {
    case .clockStepped, .zoneChanged: sawReason = true
    case .deadline(let deadline) where deadline.key.kind == .calendar: sawReason = true
    default: break
    }
    if moment.manager.isPhaseStopping { return }
    for index in moment.changed {
      // What else happened in the turn took the slot away before its deadline was handled.
      if let due = moment.before(index)?.calendarFireAt, due <= moment.now.wall { sawReason = true }
      guard let schedule = moment.manager.unit(index).schedule, schedule.needsZones else {
        models[index] = nil
        continue
      }
      judge(index, schedule, moment)
    }
  }

  private func judge(_ index: Int, _ schedule: ScheduleSettings, _ moment: Moment) {
    let new = moment.new[index]
    let old = moment.before(index)
    let name = moment.name(index).shown
    let now = moment.now.wall
    var model = models[index] ?? Model()
    // After a step back of three hours and more, told or not (nothing may have been armed), what ran says nothing.
    if let latest = model.latest, latest.since(now) >= TimerMachine.stepBelieved { model.latest = nil }
    let isTimer = moment.manager.unit(index).name.type == .timer
    let isOurs = isDeadline(index, moment.event)
    let wasReplaced = isReload(moment.event) || old?.hasPending == true && !new.hasPending || isTimer && old?.jobType != nil
    if let old, old.timerIsActive, new.timerIsActive, !wasReplaced {
      if isOurs, let slot = old.calendarSlot, let due = old.calendarFireAt, due <= now {
        judgeElapse(index, slot, schedule, old, new, moment, &model)
      } else if let slot = old.calendarSlot, slot <= now, new.calendarSlot != slot {
        fail("\(name): the slot that has come is gone, and nothing ran")
      }
    }
    if let slot = new.calendarSlot, slot != old?.calendarSlot || isOurs, new.timerIsActive {
      judgeNext(slot, schedule, moment, name, model)
    }
    judgeJitter(schedule, new, now, name, &model)
    models[index] = model
  }

  private func judgeElapse(
    _ index: Int, _ slot: WallTime, _ schedule: ScheduleSettings, _ old: UnitGlance, _ new: UnitGlance, _ moment: Moment,
    _ model: inout Model
  ) {
    let name = moment.name(index).shown
    if let latest = model.latest, slot <= latest { fail("\(name): slot \(slot.microseconds) comes twice, \(latest.microseconds) is done") }
    var count: UInt64 = 1
    var last = slot
    while count < 10_001, let next = next(schedule, after: last), next <= moment.now.wall {
      count += 1
      last = next
    }
    model.latest = count < 10_001 ? last : latest(schedule, slot, moment.now.wall)
    let before = old.runs + old.skipped + (old.isQueued ? 1 : 0)
    let after = new.runs + new.skipped + (new.isQueued ? 1 : 0)
    if after != before + count { fail("\(name): \(count) slots have passed, runs+skips+queued went from \(before) to \(after)") }
  }

  /// The latest slot up to now, of which `first` is one. Not now itself: after a step back by less than three hours what is
  /// handled is passed over, and a slot of another zone between the two is not.
  private func latest(_ schedule: ScheduleSettings, _ first: WallTime, _ now: WallTime) -> WallTime {
    var span = TimeSpan(seconds: 1)
    var base = first
    while now - span > first {
      if let slot = next(schedule, after: now - span), slot <= now {
        base = slot
        break
      }
      span = TimeSpan(microseconds: span.microseconds * 2)
    }
    while let slot = next(schedule, after: base), slot <= now { base = slot }
    return base
  }

  private func judgeNext(_ slot: WallTime, _ schedule: ScheduleSettings, _ moment: Moment, _ name: String, _ model: Model) {
    let now = moment.now.wall
    // Persistent=: what was missed while apus was down is behind.
    if case .stamp = moment.event { return }
    if slot <= now { return fail("\(name): the next slot is not ahead") }
    var base = now
    if let latest = model.latest, latest > now, latest.since(now) < TimerMachine.stepBelieved { base = latest }
    guard let expected = next(schedule, after: base) else { return fail("\(name): a slot is armed where none is") }
    if slot < expected { fail("\(name): slot \(slot.microseconds) is armed again, or is none") }
    if slot > expected { fail("\(name): slot \(expected.microseconds) was left out for \(slot.microseconds)") }
  }

  private func judgeJitter(_ schedule: ScheduleSettings, _ new: UnitGlance, _ now: WallTime, _ name: String, _ model: inout Model) {
    guard let slot = new.calendarSlot, let at = new.calendarFireAt, slot > now else { return }
    if at < slot { fail("\(name): fires before its slot") }
    if let drawn = model.drawn, drawn.slot == slot, drawn.at != at, drawn.settings.randomizedDelay == schedule.randomizedDelay,
      drawn.settings.accuracy == schedule.accuracy, drawn.settings.fixedRandomDelay == schedule.fixedRandomDelay
    {
      fail("\(name): the delay of one slot was drawn anew, \(drawn.at.microseconds) and \(at.microseconds)")
    }
    model.drawn = (slot, at, schedule)
  }

  private func next(_ schedule: ScheduleSettings, after base: WallTime) -> WallTime? {
    var earliest: WallTime? = nil
    for case .calendar(let spec, _) in schedule.triggers {
      guard let next = spec.next(after: base, in: local.zone(spec.zone, schedule.timezone)) else { continue }
      earliest = min(earliest ?? next, next)
    }
    return earliest
  }

  private func isDeadline(_ index: Int, _ event: Event?) -> Bool {
    guard case .deadline(let deadline) = event, deadline.key.kind == .calendar else { return false }
    return Int(deadline.key.unit.index) == index
  }

  private func isReload(_ event: Event?) -> Bool {
    switch event {
    case .loaded, .request: true
    default: false
    }
  }

  override func turnEnded(_ manager: Manager, _ now: Now) {
    if world.wall.wakes > wakes, !sawReason, world.wallStep == step, !manager.isPhaseStopping {
      fail("woken by the wall clock, and no slot was due")
    }
    wakes = world.wall.wakes
    step = world.wallStep
    sawReason = false
  }
}
#endif
