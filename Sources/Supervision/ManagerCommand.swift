import Model

/// The container's main process.
struct CommandState: Equatable, Sendable {
  var key: ProcessKey? = nil
  var pid: Int32 = 0
  var ended: ExitStatus? = nil
  var failure: ExecFailure? = nil
  var stopWasSent = false
  var killWasSent = false
  var isAlive: Bool { key != nil && ended == nil }
}

// COMMAND's life, and the signal table of DESIGN section 1.

extension Manager {
  /// As long as a unit's default TimeoutStopSec=.
  static let commandStopTimeout = TimeSpan(seconds: 90)

  /// How long SIGKILL may take before COMMAND is left behind.
  static let commandKillTimeout = TimeSpan(seconds: 10)

  mutating func startCommand() {
    guard let path = options.command.first, command.key == nil else { return }
    let invocation = Invocation(unit: .command, number: nextInvocation)
    nextInvocation += 1
    let key = ProcessKey(invocation, .main, serial: 1)
    command.key = key
    let run = ExecCommand(path: path, arguments: options.command)
    out.append(
      .spawn(
        SpawnRequest(
          key: key, unitName: Bytes("COMMAND"), command: run, exec: .standard, environment: [], inheritsEverything: true)))
  }

  mutating func commandEvent(_ what: ServiceInput) {
    switch what {
    case .spawned(_, let pid): command.pid = pid
    case .execFailed(_, let failure): command.failure = failure
    case .spawnFailed(_, let failure):
      command.failure = ExecFailure(stage: .commandNotExecutable, errno: failure.errno, message: failure.message)
      commandEnded(.exited(126))
    case .exited(_, let status): commandEnded(status)
    case .start, .stop, .reload, .idle, .executed, .signalled, .emptied, .left, .cleaned, .listeners, .notified, .mainPID,
      .readyLine,
      .descriptorHungUp, .oomKilled, .stateDeadline, .runtimeDeadline, .restartDeadline, .watchdogDeadline, .probeDeadline:
      break
    }
  }

  private mutating func commandEnded(_ status: ExitStatus) {
    command.ended = status
    out.append(.takeTerminalBack)
    out.append(.disarm(DeadlineKey(unit: .command, kind: .state)))
    if phase == .booting || phase == .running {
      beginStop(.commandEnded, atOnce: false)
    } else {
      mayRun = true
    }
  }

  /// First in every stop: its signal, then its timeout, then SIGKILL.
  mutating func stopCommand() {
    if command.stopWasSent { return }
    command.stopWasSent = true
    var signal = Signal.terminate
    if case .signal(let received) = stop.reason, received == .interrupt || received == .quit { signal = received }
    out.append(.forward(signal))
    out.append(.forward(.continue))
    armCommandLimit()
  }

  mutating func armCommandLimit() {
    guard command.isAlive, command.stopWasSent else { return }
    let limit = stop.isHurried ? TimeSpan(seconds: 1) : Manager.commandStopTimeout
    out.append(.arm(Deadline(.command, .state), at: now.instant + limit))
  }

  mutating func commandIsLate() {
    guard command.isAlive else { return }
    stop.someoneWasKilled = true
    if command.killWasSent {
      // Uninterruptible: the units must not wait for it for ever.
      message(.error, Bytes("COMMAND outlives SIGKILL and is left behind"))
      return commandEnded(.killed(.kill))
    }
    message(.warning, Bytes("COMMAND did not stop in time, killing it"))
    command.killWasSent = true
    out.append(.forward(.kill))
    out.append(.arm(Deadline(.command, .state), at: now.instant + Manager.commandKillTimeout))
  }

  // MARK: Signals

  private func isStopSignal(_ signal: Signal) -> Bool {
    signal == .terminate || signal == .interrupt || signal == .quit || signal == .power
      || signal.number == Signal.realtimeMinimum + 3
  }

  mutating func handle(_ received: ReceivedSignal) {
    let signal = received.signal
    if options.isWrapper {
      if command.isAlive { out.append(.forward(signal)) }
      return
    }
    if isStopSignal(signal) {
      if phase == .stopping || phase == .sweeping { return stopAgain() }
      stop.signalCount = 1
      stop.lastSignalAt = now.instant
      return beginStop(.signal(signal), atOnce: false)
    }
    if signal == .hangup {
      if received.fromKernel { return beginStop(.hangup, atOnce: false) }
      if phase == .running || phase == .booting { out.append(.load(.applyBySignal)) }
      return
    }
    let hasCommand = !options.command.isEmpty
    if hasCommand {
      if command.isAlive { out.append(.forward(signal)) }
    } else if signal == .user1 {
      out.append(.table(statusTable()))
    }
    // USR2 reopens log files: those of a unit's file: and append: are its own; the rest is ignored.
  }
}
