import Calendar
import Model

// What `list-timers` and `show` tell of timers.

extension Manager {
  func describe(_ id: UnitID, _ timer: TimerMachine, _ schedule: ScheduleSettings) -> TimerReport {
    let target: Bytes
    let record = self[id]
    if case .timer(let settings) = record.unit.kind { target = settings.unit.bytes } else { target = record.name }
    var report = TimerReport(triggers: target)
    for trigger in schedule.triggers { report.expressions.append(trigger.expression) }
    if let left = timer.left(now) {
      report.left = left
      report.nextElapse = wall(after: left)
    }
    report.nextElapseRealtime = timer.calendarFireAt
    report.lastTrigger = timer.lastTrigger
    report.overlap = schedule.overlap
    report.runs = timer.runs
    report.skipped = timer.skipped
    report.missed = timer.missed
    return report
  }

  /// What only `show` prints; systemd's names and format.
  func timerProperties(_ id: UnitID, _ timer: TimerMachine, _ schedule: ScheduleSettings) -> [Bytes] {
    var list: [Bytes] = []
    for (index, trigger) in schedule.triggers.enumerated() { list.append(property(trigger, index, timer, schedule)) }
    list.append(flag("OnClockChange", schedule.onClockChange))
    list.append(flag("OnTimezoneChange", schedule.onTimezoneChange))
    let next = timer.fireAt.map { $0 == .never ? TimeSpan.infinity : $0.since(.zero) }
    list.append("NextElapseUSecMonotonic=" + (next.map(formatTimeSpan) ?? Bytes("0")))
    list.append(span("LastTriggerUSecMonotonic", timer.lastTriggerInstant.since(.zero)))
    if case .timer(let settings) = self[id].unit.kind {
      list.append(Bytes("Result=success"))
      list.append(flag("RemainAfterElapse", settings.remainAfterElapse))
    }
    list.append(span("AccuracyUSec", schedule.accuracy))
    list.append(span("RandomizedDelayUSec", schedule.randomizedDelay))
    list.append(flag("FixedRandomDelay", schedule.fixedRandomDelay))
    list.append(span("RandomizedOffsetUSec", schedule.randomizedOffset))
    list.append(flag("DeferReactivation", schedule.deferReactivation))
    list.append(flag("Persistent", schedule.isPersistent))
    list.append(flag("WakeSystem", false))
    list.append(span("StartingDeadlineUSec", schedule.startingDeadline))
    if !schedule.timezone.isEmpty { list.append("Timezone=" + schedule.timezone) }
    return list
  }

  private func property(_ trigger: TimerTrigger, _ index: Int, _ timer: TimerMachine, _ schedule: ScheduleSettings) -> Bytes {
    func monotonic(_ name: StaticString, _ value: Bytes) -> Bytes {
      let isSpent = index < timer.spent.count && timer.spent[index]
      let next = timer.next(trigger, isSpent: isSpent, now: now.instant, startedAt: options.startedAt)
      let text = next.map { $0 == .never ? Bytes("infinity") : formatTimeSpan($0.since(.zero)) } ?? Bytes("0")
      return "TimersMonotonic={ " + Bytes(name) + "=" + value + " ; next_elapse=" + text + " }"
    }
    switch trigger {
    case .onActive(let span): return monotonic("OnActiveUSec", formatTimeSpan(span))
    case .onBoot(let span): return monotonic("OnBootUSec", formatTimeSpan(span))
    case .onStartup(let span): return monotonic("OnStartupUSec", formatTimeSpan(span))
    case .onUnitActive(let span): return monotonic("OnUnitActiveUSec", formatTimeSpan(span))
    case .onUnitInactive(let span): return monotonic("OnUnitInactiveUSec", formatTimeSpan(span))
    case .every(let span): return monotonic("EveryUSec", formatTimeSpan(span))
    case .after(let span): return monotonic("AfterUSec", formatTimeSpan(span))
    case .reboot: return monotonic("OnStartupUSec", Bytes("0"))
    case .calendar(let spec, let text):
      let zone = zones.zone(spec.zone, schedule.timezone)
      let next = spec.next(after: now.wall, in: zone)
      return "TimersCalendar={ OnCalendar=" + (text.isEmpty ? spec.normalized : text) + " ; next_elapse=@"
        + (next.map { Bytes(decimal: $0.microseconds) } ?? Bytes("never")) + " }"
    }
  }
}

extension TimerTrigger {
  /// The key and its value, or the expression, as `list-timers` and `plan` show it.
  var expression: Bytes {
    let name = Bytes(self.name)
    switch self {
    case .onActive(let span), .onBoot(let span), .onStartup(let span), .onUnitActive(let span), .onUnitInactive(let span):
      return name + "=" + formatTimeSpan(span)
    case .every(let span), .after(let span): return name + " " + formatTimeSpan(span)
    case .reboot: return name
    case .calendar(let spec, let text): return text.isEmpty ? name + "=" + spec.normalized : text
    }
  }
}
