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

  /// A class, because copies of all that cost the static binary several KB.
  private final class Clockwork {
    let timer: Bytes
    let unit: Bytes
    let settings: ScheduleSettings
    var machine: TimerMachine

    init(timer: Bytes, unit: Bytes, settings: ScheduleSettings) {
      self.timer = timer
      self.unit = unit
      self.settings = settings
      machine = TimerMachine(seed: timer.seed)
    }
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
    let isTaken = SchedulePlan.starting(loaded)
    for index in loaded.units.indices where isTaken[index] {
      let unit = loaded.units[index]
      guard let settings = unit.schedule, settings.hasTriggers else { continue }
      var target = unit.name.bytes
      if case .timer(let timer) = unit.kind { target = timer.unit.bytes }
      let work = Clockwork(timer: unit.name.bytes, unit: target, settings: settings)
      work.machine.activate(settings, self.clock)
      clockworks.append(work)
    }
  }

  /// What starts by itself, and what that pulls in.
  private static func starting(_ loaded: LoadedUnits) -> [Bool] {
    var positions = NameTable()
    for (index, unit) in loaded.units.enumerated() {
      positions[unit.name.bytes] = index
      for alias in unit.aliases where !positions.contains(alias.bytes) { positions[alias.bytes] = index }
    }
    var isTaken = [Bool](repeating: false, count: loaded.units.count)
    var queue = loaded.starting
    while let name = queue.popLast() {
      guard let index = positions[name.bytes], !isTaken[index], loaded.units[index].loadState == .loaded else { continue }
      isTaken[index] = true
      let edges = loaded.units[index].dependencies
      queue += edges[.wants] + edges[.requires] + edges[.bindsTo] + edges[.upholds]
    }
    return isTaken
  }

  /// The next run; nil when no more will come.
  public mutating func next() -> Run? {
    var found: Clockwork? = nil
    var at = WallTime.never
    for work in clockworks {
      guard let due = due(work), due < at else { continue }
      found = work
      at = due
    }
    guard let work = found else { return nil }
    clock.now = Now(instant: Instant.zero + at.since(base), wall: at)
    let run = Run(at: at, unit: work.unit, timer: work.timer, trigger: trigger(work)?.expression ?? [])
    // What comes due on both clocks at once is one run.
    _ = work.machine.elapse(work.settings, clock)
    _ = work.machine.elapseCalendar(work.settings, clock)
    for other in clockworks where other.unit == work.unit {
      other.machine.unitStarted(other.settings, clock)
      other.machine.unitEnded(other.settings, clock)
    }
    return run
  }

  private func due(_ work: Clockwork) -> WallTime? {
    var at = work.machine.calendarFireAt
    if let instant = work.machine.fireAt, instant != .never { at = min(at ?? .never, base + instant.since(.zero)) }
    return at
  }

  /// Which of the triggers it is that has come due.
  private func trigger(_ work: Clockwork) -> TimerTrigger? {
    let settings = work.settings
    if let fire = work.machine.calendarFireAt, fire <= clock.now.wall, let slot = work.machine.calendarSlot {
      let before = slot - TimeSpan(microseconds: 1)
      for trigger in settings.triggers where trigger.isCalendar {
        var alone = settings
        alone.triggers = [trigger]
        if work.machine.nextSlot(alone, clock, after: before) == slot { return trigger }
      }
    }
    guard let slot = work.machine.slot else { return nil }
    let before = Instant(nanoseconds: slot.nanoseconds - 1)
    for (index, trigger) in settings.triggers.enumerated() {
      let isSpent = index < work.machine.spent.count && work.machine.spent[index]
      if work.machine.next(trigger, isSpent: isSpent, now: before, startedAt: clock.startedAt) == slot { return trigger }
    }
    return nil
  }
}
