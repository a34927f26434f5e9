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
      add(words(of: .address), to: &unit.documentation)
    case .after: refer(.after)
    case .before: refer(.before)
    case .wants: refer(.wants)
    case .requires: refer(.requires)
    case .requisite: refer(.requisite)
    case .bindsTo: refer(.bindsTo)
    case .partOf: refer(.partOf)
    case .upholds: refer(.upholds)
    case .conflicts: refer(.conflicts)
    case .onFailure: refer(.onFailure)
    case .onSuccess: refer(.onSuccess)
    case .propagatesReloadTo: refer(.propagatesReloadTo)
    case .reloadPropagatedFrom: refer(.reloadPropagatedFrom)
    case .propagatesStopTo: refer(.propagatesStopTo)
    case .stopPropagatedFrom: refer(.stopPropagatedFrom)
    case .defaultDependencies: if let value = boolean() { unit.defaultDependencies = value }
    case .stopWhenUnneeded: if let value = boolean() { unit.stopWhenUnneeded = value }
    case .refuseManualStart: if let value = boolean() { unit.refuseManualStart = value }
    case .refuseManualStop: if let value = boolean() { unit.refuseManualStop = value }
    case .jobTimeoutSec:
      guard let span = spanOrInfinity() else { return }
      unit.jobTimeout = span
      // As in former versions, which had one timeout only.
      if !written.jobRunningTimeout { unit.jobRunningTimeout = span }
    case .jobRunningTimeoutSec:
      guard let span = spanOrInfinity() else { return }
      unit.jobRunningTimeout = span
      written.jobRunningTimeout = true
    case .jobTimeoutAction: if let action = emergencyAction() { unit.jobTimeoutAction = action }
    case .startLimitAction: if let action = emergencyAction() { unit.startLimitAction = action }
    case .startLimitInterval: if let span = span() { unit.startLimit.interval = span }
    case .startLimitBurst: if let count = number(in: 0...Int64(Int32.max)) { unit.startLimit.burst = UInt32(count) }
    case .successAction: if let action = emergencyAction() { unit.successAction = action }
    case .failureAction: if let action = emergencyAction() { unit.failureAction = action }
    case .successActionExitStatus: if let status = actionStatus() { unit.successActionExitStatus = status.value }
    case .failureActionExitStatus: if let status = actionStatus() { unit.failureActionExitStatus = status.value }
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
    case .alias: add(words(of: .unitName), to: &unit.install.alias)
    case .wantedBy: add(words(of: .unitName), to: &unit.install.wantedBy)
    case .requiredBy: add(words(of: .unitName), to: &unit.install.requiredBy)
    case .upheldBy: add(words(of: .unitName), to: &unit.install.upheldBy)
    case .also: add(words(of: .unitName), to: &unit.install.also)
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
  func add(_ words: [Bytes], to list: inout [Bytes]) {
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

  func boolean() -> Bool? {
    if let value = value.booleanValue { return value }
    let spellings: StaticString = "yes no true false on off"
    var hint = didYouMean(value, among: spellings.words)
    if hint.isEmpty { hint = Bytes("write yes or no") }
    badValue(Bytes("neither true nor false"), hint: hint)
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
    badValue(Bytes("no such value"), hint: hint.isEmpty ? list : hint)
    return nil
  }

  private func emergencyAction() -> EmergencyAction? {
    choice(EmergencyAction.allCases.map { $0.name }).map { EmergencyAction.allCases[$0] }
  }

  /// An exit status, or none for an empty value.
  private func actionStatus() -> (value: UInt8?, Void)? {
    if value.isEmpty { return (nil, ()) }
    return number(in: 0...255).map { (UInt8($0), ()) }
  }
}
