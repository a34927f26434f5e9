import Model

// What the cells of a reload do (units.md c.3, c.4).

extension ServiceMachine {
  /// ReloadSignal= (notify-reload), then ExecReload=; without a command the service's own answer is waited for.
  func enterReload(_ context: inout ServiceContext) {
    reloadAskedAt = context.now.instant
    reloadResult = .success
    var isSignalled = false
    if context.settings.type == .notifyReload, let main, main.pid != 0 {
      let run = Invocation(unit: context.id, number: invocation)
      var order = nextKillOrder(run, context.settings.reloadSignal, main: true, control: false, others: false, &context)
      order.hangup = false
      context.effects.append(.kill(order))
      isSignalled = true
    }
    if !context.settings.reload.isEmpty {
      set(.reload, &context)
      runControl(.reload, context.settings.timeoutStart, &context)
    } else if isSignalled {
      set(.reloadSignal, &context)
      arm(context.settings.timeoutStart, &context)
    } else {
      reloadEnded(.success, &context)
    }
  }

  /// ExecReload= has ended: the PID file may have changed, and a service that says RELOADING=1 is waited for.
  func reloadCommandEnded(_ found: ServiceResult, _ context: inout ServiceContext) {
    reloadResult = found
    if found == .success { rereadPIDFile(&context) }
    if said.phase == .reloading && main != nil { return enterReloadNotify(&context) }
    reloadEnded(found, &context)
  }

  /// READY=1 is waited for.
  func enterReloadNotify(_ context: inout ServiceContext) {
    set(.reloadNotify, &context)
    arm(context.settings.timeoutStart, &context)
    if main == nil { watchUntilEmpty(&context) }
  }

  /// A reload that failed leaves the service running (units.md c.4).
  func reloadEnded(_ found: ServiceResult, _ context: inout ServiceContext) {
    context.notices.append(.reloadEnded(success: found == .success))
    if found != .success { context.message(.warning, "reload failed: " + Bytes(found.name)) }
    disarmState(&context)
    if main == nil && lastMainExit != nil && !context.settings.remainAfterExit {
      enterRunning(mainResult(context.settings), &context)
    } else {
      enterRunning(.success, &context)
    }
  }

  func reloadTimedOut(_ context: inout ServiceContext) {
    #if PLANTED
    if plantedBug == 28 && control == nil { return }
    #endif
    if let process = control {
      context.message(.warning, "reload timed out, killing its command")
      let order = nextKillOrder(process.key.invocation, .kill, main: false, control: true, others: false, &context)
      context.effects.append(.kill(order))
      control = nil
    } else {
      context.message(.warning, "reload timed out, the service has not answered")
    }
    // What it said of a reload is not believed any more.
    said.phase = .nothing
    reloadEnded(.timeout, &context)
  }
}
