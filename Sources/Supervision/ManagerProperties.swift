import Calendar
import Model

// What only `show` prints: systemd's properties in systemd's format.

extension Manager {
  /// Of any unit.
  func unitProperties(_ id: UnitID) -> [Bytes] {
    let record = self[id]
    let unit = record.unit
    var list: [Bytes] = []
    var allNames = [record.name]
    for alias in unit.aliases where find(alias.bytes) == id { allNames.append(alias.bytes) }
    list.append("Names=" + joined(allNames))
    for relation in Relation.allCases {
      switch relation {
      case .after, .before, .wants, .requires: break
      case .requiredBy, .requisite, .requisiteOf, .wantedBy, .bindsTo, .boundBy, .partOf, .consistsOf, .upholds, .upheldBy, .conflicts,
        .conflictedBy, .onFailure, .onFailureOf, .onSuccess, .onSuccessOf, .propagatesReloadTo, .reloadPropagatedFrom,
        .propagatesStopTo, .stopPropagatedFrom:
        list.append(Bytes(relation.name) + "=" + joined(record.edges[relation].map { self[$0].name }))
      }
    }
    if !unit.documentation.isEmpty { list.append("Documentation=" + joined(unit.documentation)) }
    if !unit.dropInPaths.isEmpty { list.append("DropInPaths=" + joined(unit.dropInPaths)) }
    list.append(flag("CanStart", unit.loadState == .loaded))
    list.append(flag("CanStop", !record.isStub))
    list.append(flag("CanReload", hasReload(id)))
    list.append(flag("StopWhenUnneeded", unit.stopWhenUnneeded))
    list.append(flag("RefuseManualStart", unit.refuseManualStart))
    list.append(flag("RefuseManualStop", unit.refuseManualStop))
    list.append(flag("DefaultDependencies", unit.defaultDependencies))
    list.append(span("JobTimeoutUSec", unit.jobTimeout))
    list.append(span("JobRunningTimeoutUSec", unit.jobRunningTimeout))
    list.append("JobTimeoutAction=" + Bytes(unit.jobTimeoutAction.name))
    list.append(flag("ConditionResult", record.conditionResult ?? false))
    list.append(flag("AssertResult", record.assertResult ?? false))
    list.append("ConditionTimestamp=" + stamp(record.conditionAt))
    list.append("AssertTimestamp=" + stamp(record.assertAt))
    let limit = unit.startLimit.effective
    list.append(span("StartLimitIntervalUSec", limit?.interval ?? .zero))
    list.append("StartLimitBurst=" + Bytes(decimal: limit?.burst ?? 0))
    list.append("StartLimitAction=" + Bytes(unit.startLimitAction.name))
    list.append("FailureAction=" + Bytes(unit.failureAction.name))
    list.append("SuccessAction=" + Bytes(unit.successAction.name))
    return list
  }

  /// Of a service.
  func serviceProperties(_ settings: ServiceSettings) -> [Bytes] {
    var list: [Bytes] = []
    list.append("ExitType=" + Bytes(settings.exitType.name))
    list.append(span("TimeoutAbortUSec", settings.timeoutAbort ?? settings.timeoutStop))
    list.append("TimeoutStartFailureMode=" + Bytes(settings.timeoutStartFailureMode.name))
    list.append("TimeoutStopFailureMode=" + Bytes(settings.timeoutStopFailureMode.name))
    list.append(span("RuntimeRandomizedExtraUSec", settings.runtimeRandomizedExtra))
    list.append(flag("GuessMainPID", settings.guessMainPID))
    if !settings.busName.isEmpty { list.append("BusName=" + settings.busName) }
    list.append("OOMPolicy=" + Bytes(settings.oomPolicy.name))
    list.append("RestartKillSignal=" + Bytes(decimal: (settings.restartKillSignal ?? settings.killSignal).number))
    list.append("FinalKillSignal=" + Bytes(decimal: settings.finalKillSignal.number))
    list.append("WatchdogSignal=" + Bytes(decimal: settings.watchdogSignal.number))
    list.append("ReloadSignal=" + Bytes(decimal: settings.reloadSignal.number))
    list.append(flag("SendSIGKILL", settings.sendSIGKILL))
    list.append(flag("SendSIGHUP", settings.sendSIGHUP))
    list.append(flag("NonBlocking", settings.nonBlocking))
    if !settings.exec.user.isEmpty { list.append("User=" + settings.exec.user) }
    if !settings.exec.group.isEmpty { list.append("Group=" + settings.exec.group) }
    if !settings.exec.workingDirectory.isEmpty {
      let optional = settings.exec.workingDirectoryOptional ? Bytes("!") : []
      list.append("WorkingDirectory=" + optional + settings.exec.workingDirectory)
    }
    list.append("UMask=" + octal(settings.exec.umask))
    list.append(flag("DynamicUser", settings.exec.dynamicUser))
    list.append(flag("IgnoreSIGPIPE", settings.exec.ignoreSIGPIPE))
    return list
  }

  func joined(_ words: [Bytes]) -> Bytes {
    var text = Bytes()
    for word in words {
      if !text.isEmpty { text.append(32) }
      text += word
    }
    return text
  }

  func flag(_ name: StaticString, _ value: Bool) -> Bytes { Bytes(name) + (value ? Bytes("=yes") : Bytes("=no")) }
  func span(_ name: StaticString, _ value: TimeSpan) -> Bytes { Bytes(name) + "=" + formatTimeSpan(value) }
  /// Microseconds since 1970, which the client shows as a time; empty: never.
  func stamp(_ time: WallTime?) -> Bytes { time.map { Bytes(decimal: $0.microseconds) } ?? [] }

  private func octal(_ mode: UInt32) -> Bytes {
    var text = Bytes()
    for shift: UInt32 in [9, 6, 3, 0] { text.append(UInt8(48 + mode >> shift & 7)) }
    return text
  }
}
