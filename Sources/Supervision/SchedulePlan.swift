import Calendar
import Model

/// Every run that schedules would start, in order, by the very clockwork that starts them: `apus plan`.
///
/// It is as if apus started at `base` and each run ended at once. So nothing overlaps, `after` and OnUnitInactiveSec= count
/// from the slot itself, and stamps of Persistent= are not looked at.
public struct SchedulePlan {
  /// One run.
  public struct Run: Equatable, Sendable {
    public var at: WallTime
    /// What runs.
    public var unit: Bytes
    /// The timer that starts it; equal to `unit` for Schedule=.
    public var timer: Bytes
    /// What came due, as `list-timers` shows it.
    public var trigger: Bytes
  }

  private struct Clockwork {
    var timer: Bytes
    var unit: Bytes
    var settings: ScheduleSettings
    var machine: TimerMachine
  }

  private var clockworks: [Clockwork] = []
  private var clock: TimerClock
  private let base: WallTime

  /// `clock`: its wall clock is the base, and its zones and seeds those of the units.
  public init(_ loaded: LoadedUnits, _ clock: TimerClock) {
    self.clock = clock
    base = clock.now.wall
    self.clock.now.instant = .zero
    self.clock.startedAt = .zero
    for unit in SchedulePlan.startingUnits(loaded) {
      guard let settings = unit.schedule, settings.hasTriggers else { continue }
      var target = unit.name.bytes
      if case .timer(let timer) = unit.kind { target = timer.unit.bytes }
      var machine = TimerMachine(seed: unit.name.bytes.seed)
      machine.activate(settings, self.clock)
      clockworks.append(Clockwork(timer: unit.name.bytes, unit: target, settings: settings, machine: machine))
    }
  }

  /// What starts by itself, and what that pulls in.
  private static func startingUnits(_ loaded: LoadedUnits) -> [Unit] {
    var positions: [Bytes: Int] = [:]
    for (index, unit) in loaded.units.enumerated() {
      positions[unit.name.bytes] = index
      for alias in unit.aliases where positions[alias.bytes] == nil { positions[alias.bytes] = index }
    }
    var isTaken = [Bool](repeating: false, count: loaded.units.count)
    var units: [Unit] = []
    var queue = loaded.starting
    while let name = queue.popLast() {
      guard let index = positions[name.bytes], !isTaken[index], loaded.units[index].loadState == .loaded else { continue }
      isTaken[index] = true
      let edges = loaded.units[index].dependencies
      queue += edges.wants + edges.requires + edges.bindsTo + edges.upholds
    }
    for (index, unit) in loaded.units.enumerated() where isTaken[index] { units.append(unit) }
    return units
  }

  /// The next run; nil when no more will come.
  public mutating func next() -> Run? {
    var found: (index: Int, at: WallTime)? = nil
    for index in clockworks.indices {
      guard let at = due(clockworks[index].machine), at < found?.at ?? .never else { continue }
      found = (index, at)
    }
    guard let (index, at) = found else { return nil }
    advance(to: at)
    let work = clockworks[index]
    let run = Run(at: at, unit: work.unit, timer: work.timer, trigger: trigger(work)?.expression ?? [])
    // What comes due on both clocks at once is one run.
    _ = clockworks[index].machine.elapse(work.settings, clock)
    _ = clockworks[index].machine.elapseCalendar(work.settings, clock)
    for other in clockworks.indices where clockworks[other].unit == work.unit {
      let settings = clockworks[other].settings
      clockworks[other].machine.unitStarted(settings, clock)
      clockworks[other].machine.unitEnded(settings, clock)
    }
    return run
  }

  private func due(_ machine: TimerMachine) -> WallTime? {
    var at = machine.calendarFireAt
    if let instant = machine.fireAt, instant != .never { at = min(at ?? .never, base + instant.since(.zero)) }
    return at
  }

  private mutating func advance(to at: WallTime) {
    clock.now = Now(instant: Instant.zero + at.since(base), wall: at)
  }

  /// Which of the triggers it is that has come due.
  private func trigger(_ work: Clockwork) -> TimerTrigger? {
    let (machine, settings) = (work.machine, work.settings)
    if let fire = machine.calendarFireAt, fire <= clock.now.wall, let slot = machine.calendarSlot {
      let before = slot - TimeSpan(microseconds: 1)
      for trigger in settings.triggers where trigger.isCalendar {
        var alone = settings
        alone.triggers = [trigger]
        if machine.nextSlot(alone, clock, after: before) == slot { return trigger }
      }
    }
    guard let slot = machine.slot else { return nil }
    let before = Instant(nanoseconds: slot.nanoseconds - 1)
    for (index, trigger) in settings.triggers.enumerated() {
      let isSpent = index < machine.spent.count && machine.spent[index]
      if machine.next(trigger, isSpent: isSpent, now: before, startedAt: clock.startedAt) == slot { return trigger }
    }
    return nil
  }
}
