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
      if value.isEmpty { timer.schedule.triggers = [] } else { refuseCalendar(value, at: 0) }
    case .timerUnit: applyTimerUnit()
    case .randomizedDelaySec: if let span = span() { timer.schedule.randomizedDelay = span }
    case .accuracySec: if let span = span() { timer.schedule.accuracy = span }
    case .remainAfterElapse: if let value = boolean() { timer.remainAfterElapse = value }
    case .schedule:
      if value.isEmpty {
        service.schedule.triggers = []
      } else if source.name.type == .timer {
        badValue("Schedule= belongs in a service", hint: "in a timer write [Timer] OnUnitActiveSec= and its kin")
      } else if let trigger = scheduleTrigger() {
        service.schedule.triggers.append(trigger)
      }
    case .overlap:
      guard let index = choice(OverlapPolicy.allCases.map { $0.name }) else { return }
      timer.schedule.overlap = OverlapPolicy.allCases[index]
      service.schedule.overlap = OverlapPolicy.allCases[index]
      written.overlap = valuePosition
    case .scheduleRandomizedDelaySec:
      guard let span = span() else { return }
      timer.schedule.randomizedDelay = span
      service.schedule.randomizedDelay = span
      written.scheduleDelay = valuePosition
    case .restartResetSec:
      if source.name.type == .timer {
        badValue("RestartResetSec= belongs in a service")
      } else if let span = span() {
        service.backoff.resetAfter = span
      }
    default: break
    }
  }

  /// An empty value of any trigger takes back all of them.
  private func triggerSpan() -> TimeSpan? {
    if value.isEmpty {
      timer.schedule.triggers = []
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

  private func refuseCalendar(_ text: Bytes, at offset: Int) {
    fail(
      ignoredSeverity, state: .badSetting, at: line.position(of: valueOffset + offset),
      message: "cannot use " + key + "=" + text.quotable + ": calendar expressions come with a later release",
      hint: "until then: every SPAN, after SPAN, @reboot, or OnUnitActiveSec= and its kin")
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

  /// `every SPAN`, `after SPAN`, `@reboot`.
  private func scheduleTrigger() -> TimerTrigger? {
    if value == "@reboot" { return .reboot }
    let wordEnd = value.firstIndex(where: { $0.isBlank }) ?? value.count
    let word = Bytes(value[..<wordEnd])
    let spanStart = value[wordEnd...].firstIndex(where: { !$0.isBlank }) ?? value.count
    let isEvery = word == "every"
    guard isEvery || word == "after" else {
      // A mistyped word, or a calendar or crontab expression.
      let keywords: StaticString = "every after @reboot"
      let hint = word.contains(where: { $0.isDigit || $0 == 42 }) ? [] : didYouMean(word, among: keywords.words)
      if hint.isEmpty { refuseCalendar(value, at: 0) } else { badValue(Bytes("no such schedule"), hint: hint) }
      return nil
    }
    guard let span = span(Bytes(value[spanStart...]), offset: spanStart), isGrid(span, at: spanStart) else { return nil }
    return isEvery ? .every(span) : .after(span)
  }
}
