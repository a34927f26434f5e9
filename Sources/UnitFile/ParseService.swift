import Model

extension UnitParser {
  /// `[Service]`, but for what makes the process's world.
  func applyService(_ directive: Directive) {
    switch directive {
    case .execStart:
      let before = service.start.count
      addCommands(to: &service.start)
      if service.start.count < 2 {
        written.secondExecStart = nil
      } else if service.start.count > before, written.secondExecStart == nil {
        written.secondExecStart = valuePosition
      }
    case .execStartPre: addCommands(to: &service.startPre)
    case .execStartPost: addCommands(to: &service.startPost)
    case .execStop: addCommands(to: &service.stop)
    case .execStopPost: addCommands(to: &service.stopPost)
    case .execReload: addCommands(to: &service.reload)
    case .execCondition: addCommands(to: &service.condition)
    case .type:
      guard let index = choice(ServiceType.allCases.map { $0.name }) else { return }
      service.type = ServiceType.allCases[index]
      written.type = valuePosition
    case .busName: applyBusName()
    case .pidFile, .guessMainPID, .notifyAccess, .watchdogSec, .reloadSignal, .fileDescriptorStoreMax,
      .fileDescriptorStorePreserve, .oomPolicy, .nonBlocking, .permissionsStartOnly, .rootDirectoryStartOnly:
      applyMainProcess(directive)
    case .exitType:
      if let index = choice(ExitType.allCases.map { $0.name }) { service.exitType = ExitType.allCases[index] }
    case .remainAfterExit:
      guard let value = boolean() else { return }
      service.remainAfterExit = value
      written.remainAfterExit = valuePosition
    case .restart, .restartSec, .restartSteps, .restartMaxDelaySec, .restartMode, .restartPreventExitStatus,
      .restartForceExitStatus, .successExitStatus:
      applyRestart(directive)
    case .timeoutSec, .timeoutStartSec, .timeoutStopSec, .timeoutAbortSec, .timeoutStartFailureMode,
      .timeoutStopFailureMode, .runtimeMaxSec, .runtimeRandomizedExtraSec:
      applyTimeout(directive)
    case .killMode, .killSignal, .restartKillSignal, .finalKillSignal, .watchdogSignal, .sendSIGKILL, .sendSIGHUP:
      applyKill(directive)
    default: applyExecContext(directive)
    }
  }

  /// What becomes of the main process, and who speaks for it (units.md c.3, c.7).
  private func applyMainProcess(_ directive: Directive) {
    switch directive {
    case .pidFile:
      if value.isEmpty {
        service.pidFile = []
      } else if let path = expanded(value) {
        let absolute = path.first == 47 ? path : "/run/" + path
        if let path = checkedPath(absolute, offset: 0) { service.pidFile = path.withoutVarRun }
      }
    case .guessMainPID: set(&service.guessMainPID)
    case .notifyAccess:
      if let index = choice(NotifyAccess.allCases.map { $0.name }) { service.notifyAccess = NotifyAccess.allCases[index] }
    case .watchdogSec: setOrInfinity(&service.watchdog)
    case .reloadSignal: set(&service.reloadSignal)
    case .fileDescriptorStoreMax:
      if let count = number(in: 0...Int64(Int32.max)) { service.fileDescriptorStoreMax = UInt32(count) }
    case .fileDescriptorStorePreserve:
      if let kept = preservation() { service.fileDescriptorStorePreserve = kept }
    case .oomPolicy:
      if value.isEmpty {
        service.oomPolicy = .stop
        written.oomPolicy = false
      } else if let index = choice(OOMPolicy.allCases.map { $0.name }) {
        service.oomPolicy = OOMPolicy.allCases[index]
        written.oomPolicy = true
      }
    case .nonBlocking: set(&service.nonBlocking)
    case .permissionsStartOnly: set(&written.permissionsStartOnly)
    default: set(&written.rootDirectoryStartOnly)
    }
  }

  /// no, restart, yes, or another boolean.
  func preservation() -> Preservation? {
    if let value = value.booleanValue { return value ? .yes : .no }
    return choice(Preservation.allCases.map { $0.name }).map { Preservation.allCases[$0] }
  }

  private func applyBusName() {
    if value.isEmpty {
      written.busName = nil
      service.busName = []
    } else if let name = expanded(value) {
      guard name.isBusName else {
        badValue("no name on a bus", hint: "for example org.example.Service")
        return
      }
      written.busName = valuePosition
      service.busName = name
    }
  }

  private func applyRestart(_ directive: Directive) {
    switch directive {
    case .restart:
      guard let index = choice(RestartPolicy.allCases.map { $0.name }) else { return }
      service.restart = RestartPolicy.allCases[index]
      service.restartSource = .unit
      written.restart = valuePosition
    case .restartSec: set(&service.backoff.delay)
    case .restartSteps:
      guard let steps = number(in: 0...Int64(Int32.max)) else { return }
      service.backoff.steps = UInt32(steps)
      written.restartSteps = valuePosition
    case .restartMaxDelaySec:
      guard let span = span() else { return }
      service.backoff.delayMax = span
      written.restartMaxDelay = valuePosition
    case .restartMode:
      if value == "debug" {
        notSupported(Bytes("RestartMode=debug"))
      } else if let index = choice(RestartMode.allCases.map { $0.name }) {
        service.restartMode = RestartMode.allCases[index]
      }
    case .restartPreventExitStatus:
      addStatuses(to: &service.restartPreventExitStatus)
    case .restartForceExitStatus:
      addStatuses(to: &service.restartForceExitStatus)
    case .successExitStatus: addStatuses(to: &service.successExitStatus)
    default: break
    }
  }

  private func applyTimeout(_ directive: Directive) {
    switch directive {
    case .timeoutSec:
      guard let span = spanOrInfinity() else { return }
      service.timeoutStart = span
      service.timeoutStop = span
      written.timeoutStart = valuePosition
    case .timeoutStartSec:
      guard let span = spanOrInfinity() else { return }
      service.timeoutStart = span
      written.timeoutStart = valuePosition
    case .timeoutStopSec: setOrInfinity(&service.timeoutStop)
    case .timeoutAbortSec:
      if value.isEmpty {
        service.timeoutAbort = nil
      } else if let span = span() {
        service.timeoutAbort = span
      }
    case .timeoutStartFailureMode:
      if let index = choice(TimeoutFailureMode.allCases.map { $0.name }) {
        service.timeoutStartFailureMode = TimeoutFailureMode.allCases[index]
      }
    case .timeoutStopFailureMode:
      if let index = choice(TimeoutFailureMode.allCases.map { $0.name }) {
        service.timeoutStopFailureMode = TimeoutFailureMode.allCases[index]
      }
    case .runtimeMaxSec:
      guard let span = span() else { return }
      service.runtimeMax = span
      written.runtimeMax = valuePosition
    case .runtimeRandomizedExtraSec: set(&service.runtimeRandomizedExtra)
    default: break
    }
  }

  private func applyKill(_ directive: Directive) {
    switch directive {
    case .killMode:
      if let index = choice(KillMode.allCases.map { $0.name }) { service.killMode = KillMode.allCases[index] }
    case .killSignal: set(&service.killSignal)
    case .restartKillSignal: if let signal = signal() { service.restartKillSignal = signal }
    case .finalKillSignal: set(&service.finalKillSignal)
    case .watchdogSignal: set(&service.watchdogSignal)
    case .sendSIGKILL: set(&service.sendSIGKILL)
    case .sendSIGHUP: set(&service.sendSIGHUP)
    default: break
    }
  }

  private func set(_ signal: inout Signal) {
    if let value = self.signal() { signal = value }
  }

  private func signal() -> Signal? {
    if let signal = Signal(named: value) { return signal }
    var hint = Bytes()
    if let signal = Signal(named: value.uppercasedASCII) {
      hint = "did you mean SIG" + signal.name + "?"
    } else {
      var names: [Bytes] = []
      for number in 1..<Int32(32) { names.append("SIG" + Signal(number).name) }
      hint = didYouMean(value.starts(with: "SIG") ? value : "SIG" + value, among: names)
    }
    badValue("no such signal", hint: hint)
    return nil
  }

  /// The set with the value's statuses and signals in it; an empty value empties it.
  private func addStatuses(to set: inout ExitStatusSet) {
    if value.isEmpty { set = ExitStatusSet() }
    for word in words(.strict) {
      if let number = word.text.unsignedNumber {
        if number > 255 {
          badWord(word, "an exit status is at most 255")
        } else if !set.codes.contains(UInt8(number)) {
          set.codes.append(UInt8(number))
        }
      } else if let code = ExitStatus.code(named: word.text) {
        if !set.codes.contains(code) { set.codes.append(code) }
      } else if let signal = Signal(named: word.text) {
        if !set.signals.contains(signal) { set.signals.append(signal) }
      } else {
        badWord(word, "neither an exit status nor a signal", hint: Bytes("for example 3, TEMPFAIL, SIGKILL"))
      }
    }
  }
}

extension Array where Element == UInt8 {
  var uppercasedASCII: Bytes { map { $0 >= 97 && $0 <= 122 ? $0 - 32 : $0 } }
}
