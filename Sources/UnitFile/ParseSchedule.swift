import Calendar
import Model

extension UnitParser {
  /// `[Timer]`, and `[X-Apus]`: a timer in one line.
  func applySchedule(_ directive: Directive) {
    switch directive {
    case .onActiveSec: if let span = triggerSpan() { timer.schedule.triggers.append(.onActive(span)) }
    case .onBootSec: if let span = triggerSpan() { timer.schedule.triggers.append(.onBoot(span)) }
    case .onStartupSec: if let span = triggerSpan() { timer.schedule.triggers.append(.onStartup(span)) }
    case .onUnitActiveSec:
      if let span = triggerSpan(), isGrid(span, at: 0) { timer.schedule.triggers.append(.onUnitActive(span)) }
    case .onUnitInactiveSec: if let span = triggerSpan() { timer.schedule.triggers.append(.onUnitInactive(span)) }
    case .onCalendar:
      if value.isEmpty { resetTriggers() } else if let trigger = calendar(isCrontab: false) { timer.schedule.triggers.append(trigger) }
    case .onClockChange: set(&timer.schedule.onClockChange)
    case .onTimezoneChange: set(&timer.schedule.onTimezoneChange)
    case .timerPersistent: set(&timer.schedule.isPersistent)
    case .fixedRandomDelay: set(&timer.schedule.fixedRandomDelay)
    case .deferReactivation: set(&timer.schedule.deferReactivation)
    case .randomizedOffsetSec: set(&timer.schedule.randomizedOffset)
    case .wakeSystem:
      if boolean() == true { say(.notice, "WakeSystem= has no effect: a container wakes no machine", at: valuePosition) }
    case .timerUnit: applyTimerUnit()
    case .randomizedDelaySec: set(&timer.schedule.randomizedDelay)
    case .accuracySec: set(&timer.schedule.accuracy)
    case .remainAfterElapse: set(&timer.remainAfterElapse)
    case .schedule:
      if value.isEmpty {
        resetTriggers()
      } else if source.name.type == .timer {
        badValue("Schedule= belongs in a service", hint: "in a timer write [Timer] OnCalendar=, OnUnitActiveSec= and their kin")
      } else if let trigger = scheduleTrigger() {
        service.schedule.triggers.append(trigger)
      }
    case .timezone:
      written.scheduleCompanion = valuePosition
      let name = value == "UTC" || value.isEmpty || TimeZoneParser.isName(value)
      guard name else {
        badValue("no name of a time zone", hint: "write a name such as Europe/Berlin, or UTC")
        return
      }
      changeSchedule { $0.timezone = self.value }
      if !value.isEmpty { nameZone(value, at: valuePosition) }
    case .overlap:
      guard let index = choice(OverlapPolicy.allCases.map { $0.name }) else { return }
      changeSchedule { $0.overlap = OverlapPolicy.allCases[index] }
    case .startingDeadlineSec: if let span = span() { changeSchedule { $0.startingDeadline = span } }
    case .schedulePersistent: if let value = boolean() { changeSchedule { $0.isPersistent = value } }
    case .scheduleRandomizedDelaySec: if let span = span() { changeSchedule { $0.randomizedDelay = span } }
    case .restartResetSec:
      if source.name.type == .timer {
        badValue("RestartResetSec= belongs in a service")
      } else if let span = span() {
        service.backoff.resetAfter = span
      }
    default: break
    }
  }

  /// Of a timer, or of a service's Schedule=: the other one is never looked at.
  private func changeSchedule(_ change: (inout ScheduleSettings) -> Void) {
    change(&timer.schedule)
    change(&service.schedule)
    written.scheduleCompanion = valuePosition
  }

  private func resetTriggers() {
    timer.schedule.triggers = []
    service.schedule.triggers = []
    written.neverElapses = []
  }

  /// An empty value of any trigger takes back all of them.
  private func triggerSpan() -> TimeSpan? {
    if value.isEmpty {
      resetTriggers()
      return nil
    }
    return span()
  }

  /// A grid needs a distance between its lines.
  private func isGrid(_ span: TimeSpan, at offset: Int) -> Bool {
    if span == .zero {
      badValue("a distance of 0 would never end", at: offset, hint: "write a span above 0")
    } else if span.isInfinite {
      badValue("an infinite distance never comes", at: offset)
    } else {
      return true
    }
    return false
  }

  /// A calendar or crontab expression. `~` of a crontab is drawn by the unit's name.
  private func calendar(isCrontab: Bool) -> TimerTrigger? {
    do throws(ScheduleError) {
      let spec = isCrontab ? try CrontabParser.parse(value, seed: source.name.bytes.seed) : try CalendarParser.parse(value)
      // As written: `@5 Europe/Berlin` is UTC, but still must name a zone.
      if !isCrontab, let zone = CalendarParser.writtenZone(value) {
        let column = CalendarParser.zoneColumn(value)
        nameZone(zone, at: line.position(of: valueOffset + column - 1), isSuffix: true)
      }
      if spec.next(after: WallTime(microseconds: -1), in: .utc) == nil { written.neverElapses.append((valuePosition, value)) }
      return .calendar(spec, text: isCrontab ? value : [])
    } catch {
      badValue(Bytes(error.name), at: error.column - 1, hint: error.hint)
      return nil
    }
  }

  private func nameZone(_ name: Bytes, at position: Position, isSuffix: Bool = false) {
    let source = sources[current]
    zones.append(
      ZoneReference(
        name: name, path: source.path, strictness: source.strictness, line: position.line, column: position.column, isSuffix: isSuffix))
  }

  private func applyTimerUnit() {
    written.timerUnitIsBad = true
    guard let word = words(.retain).first, let name = unitName(word) else { return }
    if name.type == .timer {
      badValue("a timer cannot start a timer")
      return
    }
    timer.unit = name
    written.timerUnit = valuePosition
    written.timerUnitIsBad = false
  }

  /// `every SPAN`, `after SPAN`, `@reboot`, a calendar or a crontab expression.
  private func scheduleTrigger() -> TimerTrigger? {
    if value == "@reboot" { return .reboot }
    let wordEnd = value.firstIndex(where: { $0.isBlank }) ?? value.count
    let word = Bytes(value[..<wordEnd])
    let spanStart = value[wordEnd...].firstIndex(where: { !$0.isBlank }) ?? value.count
    let isEvery = word == "every"
    if isEvery || word == "after" {
      guard let span = span(Bytes(value[spanStart...]), offset: spanStart), isGrid(span, at: spanStart) else { return nil }
      return isEvery ? .every(span) : .after(span)
    }
    if CrontabParser.looksLikeCrontab(value) { return calendar(isCrontab: true) }
    // A mistyped word of ours?
    if wordEnd < value.count, spanStart < value.count, value[spanStart].isDigit, !value.contains(58), !value.contains(45) {
      let keywords: StaticString = "every after"
      let hint = didYouMean(word, among: keywords.words)
      if !hint.isEmpty {
        badValue("no such schedule", hint: hint)
        return nil
      }
    }
    return calendar(isCrontab: false)
  }
}
