import Calendar
import Model

extension UnitParser {
  /// Hands the assignment at hand to the handler of its directive.
  func apply(_ directive: Directive) {
    switch directive {
    case .description:
      guard let text = expanded(value) else { return }
      unit.description = text
      written.description = value
    case .documentation:
      addWords(.address, to: &unit.documentation)
    case .after, .before, .wants, .requires, .requisite, .bindsTo, .partOf, .upholds, .conflicts, .onFailure, .onSuccess,
      .propagatesReloadTo, .reloadPropagatedFrom, .propagatesStopTo, .stopPropagatedFrom:
      refer(ReferenceKind.allCases[directive.place(from: .after)])
    case .defaultDependencies: set(&unit.defaultDependencies)
    case .stopWhenUnneeded: set(&unit.stopWhenUnneeded)
    case .refuseManualStart: set(&unit.refuseManualStart)
    case .refuseManualStop: set(&unit.refuseManualStop)
    case .jobTimeoutSec:
      guard let span = spanOrInfinity() else { return }
      unit.jobTimeout = span
      // As in former versions, which had one timeout only.
      if !written.jobRunningTimeout { unit.jobRunningTimeout = span }
    case .jobRunningTimeoutSec:
      guard let span = spanOrInfinity() else { return }
      unit.jobRunningTimeout = span
      written.jobRunningTimeout = true
    case .jobTimeoutAction: set(&unit.jobTimeoutAction)
    case .startLimitAction: set(&unit.startLimitAction)
    case .startLimitInterval: set(&unit.startLimit.interval)
    case .startLimitBurst: setNumber(&unit.startLimit.burst)
    case .successAction: set(&unit.successAction)
    case .failureAction: set(&unit.failureAction)
    case .successActionExitStatus: setStatus(&unit.successActionExitStatus)
    case .failureActionExitStatus: setStatus(&unit.failureActionExitStatus)
    case .onActiveSec, .onBootSec, .onStartupSec, .onUnitActiveSec, .onUnitInactiveSec, .onCalendar, .timerUnit,
      .randomizedDelaySec, .accuracySec, .remainAfterElapse, .onClockChange, .onTimezoneChange, .timerPersistent, .wakeSystem,
      .fixedRandomDelay, .randomizedOffsetSec, .deferReactivation, .schedule, .timezone, .overlap, .startingDeadlineSec,
      .schedulePersistent, .scheduleRandomizedDelaySec, .restartResetSec:
      applySchedule(directive)
    case .readyFd, .readyTcp, .readyHttp, .readyExec, .healthExec, .healthTcp, .healthHttp, .healthIntervalSec, .healthTimeoutSec,
      .healthRetries, .healthStartPeriodSec, .healthAction, .drainSec, .idleStopSec:
      applyProbe(directive)
    case .listenStream, .listenDatagram, .listenSequentialPacket, .listenFIFO, .listenSpecial, .listenNetlink, .listenMessageQueue,
      .listenUSBFunction, .accept, .socketService, .backlog, .bindToDevice, .tcpCongestion, .socketUser, .socketGroup, .socketMode,
      .symlinks, .maxConnections, .maxConnectionsPerSource, .flushPending, .removeOnStop, .fileDescriptorName,
      .passFileDescriptorsToExec, .execStopPre:
      applySocket(directive)
    case .directoryMode, .triggerLimitIntervalSec, .triggerLimitBurst, .pollLimitIntervalSec, .pollLimitBurst, .sourceLimitIntervalSec,
      .sourceLimitBurst:
      applyTriggering(directive)
    case .pathExists, .pathExistsGlob, .pathChanged, .pathModified, .directoryNotEmpty, .pathUnit, .makeDirectory: applyPath(directive)
    case .accessAllow, .accessDeny, .accessTimes, .rearmSec, .banner, .bannerSuccess, .bannerFail: applyAccess(directive)
    case .alias: addWords(.unitName, to: &unit.install.alias)
    case .wantedBy: addWords(.unitName, to: &unit.install.wantedBy)
    case .requiredBy: addWords(.unitName, to: &unit.install.requiredBy)
    case .upheldBy: addWords(.unitName, to: &unit.install.upheldBy)
    case .also: addWords(.unitName, to: &unit.install.also)
    case .defaultInstance: if let instance = defaultInstance() { unit.install.defaultInstance = instance }
    default: applyService(directive)
    }
  }

  /// The names of the value become dependencies. An empty value changes nothing: dependencies cannot be taken back
  /// (units.md b.2).
  private func refer(_ kind: ReferenceKind) {
    var list = unit.dependencies[kind]
    for word in words(.retain) {
      guard let name = unitName(word) else { continue }
      if references.count == UnitParser.maximumWords {
        badValue("more than 4096 names of units", at: word.offset)
        break
      }
      references.append(Reference(kind: kind, name: name, position: line.position(of: valueOffset + word.offset)))
      if !list.contains(name) { list.append(name) }
    }
    unit.dependencies[kind] = list
  }

  /// Which instance of a template `enable` takes when none is named.
  private func defaultInstance() -> Bytes? {
    guard !value.isEmpty, let text = expanded(value, inUnitName: true) else { return value.isEmpty ? [] : nil }
    guard UnitName("x@" + text + ".service") != nil else {
      badValue("no name of an instance")
      return nil
    }
    return text
  }

  /// A unit's name with its specifiers expanded; nil after saying why it is none.
  func unitName(_ word: Word) -> UnitName? {
    guard let text = expanded(word.text, offset: word.offset, inUnitName: true) else { return nil }
    guard let name = UnitName(text) else {
      // A template's own %i is empty: only an instance can tell whether this is a name.
      if source.name.isTemplate, word.text.contains(37) { return nil }
      let withSuffix = text + ".service"
      let hint = text.contains(46) || UnitName(withSuffix) == nil ? Bytes() : "did you mean " + withSuffix + "?"
      badWord(word, "no name of a unit", hint: hint)
      return nil
    }
    // In a template %i is empty, so that its instances' names still look like templates.
    if name.isTemplate, !source.name.isTemplate {
      badWord(word, "a template needs an instance's name behind @")
      return nil
    }
    return name
  }

  // MARK: values of several sections

  /// The list gets the value's words, specifiers expanded; an empty value empties it. In place: of 30,000 lines each would
  /// copy what the others brought.
  func addWords(_ kind: WordKind, to list: inout [Bytes]) {
    let words = words(of: kind)
    if value.isEmpty { list = [] } else { list += words }
  }

  /// The value's words; one that is not of that kind is left out.
  func words(of kind: WordKind) -> [Bytes] {
    var list: [Bytes] = []
    for word in words(.strict) {
      guard let text = expanded(word.text, offset: word.offset, inUnitName: kind == .unitName) else { continue }
      if kind.includes(text) || (kind == .unitName && source.name.isTemplate) {
        list.append(text)
      } else {
        badWord(word, kind.complaint, hint: Bytes(kind.hint))
        if kind == .group { refuseSilently() }
      }
    }
    return list
  }

  /// A time span; nil after saying why it is none.
  func span(defaultUnit: UInt64 = 1_000_000) -> TimeSpan? {
    span(value, offset: 0, defaultUnit: defaultUnit)
  }

  func span(_ text: Bytes, offset: Int, defaultUnit: UInt64 = 1_000_000) -> TimeSpan? {
    switch parseTimeSpan(text, defaultUnit: defaultUnit) {
    case .success(let span): return span
    case .failure(let error):
      var hint = Bytes()
      if case .success = parseTimeSpan(text.lowercasedASCII) {
        hint = "units are case-sensitive: did you mean " + text.lowercasedASCII.quotable + "?"
      } else if error.kind == .unknownUnit || error.kind == .notANumber {
        hint = Bytes("for example 100ms, 5s, 1min 30s, 2h, infinity")
      }
      badValue(Bytes(error.name), at: offset + error.column - 1, hint: hint)
      return nil
    }
  }

  /// A time span where 0 means infinity (units.md b.9).
  func spanOrInfinity() -> TimeSpan? {
    span().map { $0 == .zero ? .infinity : $0 }
  }

  // What a value sets; one that is none leaves it as it was, after saying why.

  func set(_ span: inout TimeSpan) {
    if let value = self.span() { span = value }
  }

  func set(_ span: inout TimeSpan?) {
    if let value = self.span() { span = value }
  }

  func setOrInfinity(_ span: inout TimeSpan) {
    if let value = spanOrInfinity() { span = value }
  }

  func set(_ flag: inout Bool) {
    if let value = boolean() { flag = value }
  }

  func setNumber(_ number: inout UInt32?) {
    if let value = self.number(in: 0...Int64(Int32.max)) { number = UInt32(value) }
  }

  private func set(_ action: inout EmergencyAction) {
    if let index = choice(EmergencyAction.allCases.map { $0.name }) { action = EmergencyAction.allCases[index] }
  }

  func boolean() -> Bool? {
    if let value = value.booleanValue { return value }
    let spellings: StaticString = "yes no true false on off"
    var hint = didYouMean(value, among: spellings.words)
    if hint.isEmpty { hint = Bytes("write yes or no") }
    badValue("neither true nor false", hint: hint)
    return nil
  }

  func number(in range: ClosedRange<Int64>) -> Int64? {
    guard let number = value.signedNumber else {
      badValue("not a number")
      return nil
    }
    guard range.contains(number) else {
      var reason = Bytes("not between ")
      reason.append(decimal: range.lowerBound)
      reason += " and "
      reason.append(decimal: range.upperBound)
      badValue(reason)
      return nil
    }
    return number
  }

  /// The index of the value among some names.
  func choice(_ names: [StaticString]) -> Int? {
    for index in names.indices where value == names[index] { return index }
    var all: [Bytes] = []
    var list = Bytes("one of")
    for (index, name) in names.enumerated() {
      all.append(Bytes(name))
      list += index == 0 ? " " : ", "
      list.append(name)
    }
    let hint = didYouMean(value, among: all)
    badValue("no such value", hint: hint.isEmpty ? list : hint)
    return nil
  }

  /// An exit status, or none for an empty value.
  private func setStatus(_ status: inout UInt8?) {
    if value.isEmpty {
      status = nil
    } else if let number = number(in: 0...255) {
      status = UInt8(number)
    }
  }
}
