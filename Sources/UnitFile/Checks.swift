import Model

extension UnitParser {
  /// Defaults and checks that need the whole file (units.md c.2, c.3, c.6).
  func finish() {
    if unit.loadState == .masked { return }
    switch source.name.type {
    case .service:
      finishType()
      finishMainProcess()
      finishDirectories()
      finishStreams()
      finishDynamicUser()
      checkCommands()
      finishRestart()
      finishSchedule()
      finishProbes()
    case .timer:
      let position = written.timerUnit ?? Position(line: 0, column: 0)
      if !written.timerUnitIsBad { references.append(Reference(kind: .trigger, name: timer.unit, position: position)) }
      if timer.schedule.isPersistent, !timer.schedule.hasCalendar { timer.schedule.isPersistent = false }
      checkNever(timer.schedule)
      if !timer.schedule.hasTriggers, unit.loadState == .loaded {
        refuse("the timer never elapses: it has no trigger", hint: "write [Timer] OnActiveSec=, OnUnitActiveSec= or another")
      }
    case .socket: finishSocket()
    case .path: finishPath()
    case .target, .mount, .automount, .swap, .slice, .scope, .device: break
    }
  }

  private func finishType() {
    if written.type == nil {
      if let position = written.busName {
        service.type = .dbus
        written.type = position
      } else {
        service.type = service.start.isEmpty ? .oneshot : .simple
      }
    }
    switch service.type {
    case .simple, .exec, .notify, .notifyReload, .forking, .idle: break
    case .oneshot:
      if written.timeoutStart == nil { service.timeoutStart = .infinity }
      if let position = written.runtimeMax, !service.runtimeMax.isInfinite {
        ignore("RuntimeMaxSec= has no effect with Type=oneshot", at: position, hint: "write TimeoutStartSec=")
        service.runtimeMax = .infinity
      }
    case .dbus where written.busName == nil:
      refuse("Type=dbus needs BusName=", at: written.type)
    case .dbus:
      say(.notice, "Type=dbus is as simple: there is no bus that could tell of its name", at: written.type)
    }
  }

  /// Who needs the notify socket gets it, whatever NotifyAccess= says (units.md c.7).
  private func finishMainProcess() {
    let notifies = service.type == .notify || service.type == .notifyReload
    if service.notifyAccess == .none, notifies || !service.watchdog.isInfinite || service.fileDescriptorStoreMax > 0 {
      service.notifyAccess = .main
    }
    // Who manages control groups of its own knows better.
    if !written.oomPolicy, unit.unenforced.contains(Bytes("Delegate")) { service.oomPolicy = .continue }
    // All commands but ExecStart= run with full privileges, or outside RootDirectory= (units.md a.3).
    if written.permissionsStartOnly || written.rootDirectoryStartOnly { freeControlCommands() }
  }

  private func freeControlCommands() {
    free(&service.condition)
    free(&service.startPre)
    free(&service.startPost)
    free(&service.reload)
    free(&service.stop)
    free(&service.stopPost)
  }

  private func free(_ commands: inout [ExecCommand]) {
    for index in commands.indices {
      if written.permissionsStartOnly { commands[index].fullPrivileges = true }
      if written.rootDirectoryStartOnly { commands[index].outsideRootDirectory = true }
    }
  }

  private func checkCommands() {
    if unit.loadState != .loaded || (written.undecided && service.start.isEmpty) { return }
    if service.start.isEmpty {
      // Of a line that was refused enough is said; without it there is still nothing to run.
      if diagnostics.contains(where: { $0.severity == .error }) {
        unit.loadState = .badSetting
        unit.loadError = Bytes("the service has no ExecStart= that can be used")
      } else if service.stop.isEmpty && unit.successAction == .none {
        refuse("the service has neither ExecStart= nor ExecStop= nor SuccessAction=", hint: "write [Service] ExecStart=")
      } else if service.type != .oneshot {
        refuse("the service has no ExecStart=, which only Type=oneshot may lack", at: written.type)
      } else if !service.remainAfterExit && unit.successAction == .none {
        refuse("the service has no ExecStart= and no RemainAfterExit=yes", hint: "such a service would be over at once")
      }
    }
    if let position = written.secondExecStart, service.type != .oneshot {
      refuse(
        "a second ExecStart= needs Type=oneshot", at: position,
        hint: "an empty ExecStart= line before it replaces the first; Type=oneshot runs one after the other")
    }
    if service.type == .oneshot {
      if service.restart == .always || service.restart == .onSuccess {
        refuse(
          "Type=oneshot cannot have Restart=always or on-success", at: written.restart,
          hint: "it may have on-failure; [X-Apus] Schedule=after SPAN repeats it")
      }
      if service.exitType == .cgroup { refuse("Type=oneshot cannot have ExitType=cgroup", at: written.type) }
    }
  }

  private func finishRestart() {
    let backoff = service.backoff
    if let maximum = backoff.delayMax {
      if maximum < backoff.delay ?? TimeSpan(milliseconds: 100) {
        say(.warning, "RestartMaxDelaySec= is below RestartSec=, which is lowered to it", at: written.restartMaxDelay)
        service.backoff.delay = maximum
      }
      if backoff.steps == nil {
        ignore("RestartMaxDelaySec= has no effect without RestartSteps=", at: written.restartMaxDelay)
      }
    } else if let steps = backoff.steps, steps > 0 {
      ignore("RestartSteps= has no effect without RestartMaxDelaySec=", at: written.restartSteps)
    }
  }

  /// A calendar that no time matches: an error where nothing else makes the timer elapse.
  private func checkNever(_ schedule: ScheduleSettings) {
    let isAll = written.neverElapses.count == schedule.triggers.count && !schedule.onClockChange && !schedule.onTimezoneChange
    for (position, text) in written.neverElapses {
      report(
        isAll ? ignoredSeverity(in: position.file) : .warning, at: position,
        message: "no time ever matches " + text.quotable, hint: Bytes("is the day in the month, and the weekday on that date?"))
    }
  }

  private func finishSchedule() {
    checkNever(service.schedule)
    if service.schedule.triggers.isEmpty {
      if let position = written.scheduleCompanion, unit.loadState == .loaded {
        ignore(
          "Timezone=, Overlap=, StartingDeadlineSec=, Persistent= and RandomizedDelaySec= have no effect without Schedule=", at: position)
      }
    } else if service.remainAfterExit {
      say(.warning, "with RemainAfterExit=yes the schedule runs the service once: it stays active", at: written.remainAfterExit)
    }
  }
}
