import Model

/// What can happen to a service. Processes come by their key: `main`, `control` or `probe`.
public indirect enum ServiceInput: Equatable, Sendable {
  case start(StartCause)
  case stop
  case reload
  /// No job is left but those of idle services: the one that waits for it may be executed.
  case idle
  case spawned(ProcessKey, pid: Int32)
  case spawnFailed(ProcessKey, SpawnFailure)
  case executed(ProcessKey)
  case execFailed(ProcessKey, ExecFailure)
  case exited(ProcessKey, ExitStatus)
  case signalled(order: UInt32, count: Int, anyLeft: Bool)
  case emptied
  /// So many processes of that run, this one or one before, are left.
  case left(invocation: UInt32, count: Int)
  case cleaned
  case notified(NotifyMessage, NotifySender, descriptors: [OfferedDescriptor])
  case mainPID(MainPIDSource, MainPIDOutcome)
  case readyLine(ProcessKey, Bool)
  case descriptorHungUp(DescriptorID)
  /// The kernel killed a process of the run for want of memory.
  case oomKilled
  /// Of a socket unit: what it listens on is open; or cannot be opened, or is given up.
  case listeners(ServiceResult)
  case stateDeadline
  case runtimeDeadline
  case restartDeadline
  case watchdogDeadline
  case probeDeadline
}

/// Why a start happens.
public enum StartCause: Equatable, Sendable {
  /// A client, boot, a dependency, a timer: the counters start anew. `environment`: TRIGGER_UNIT and its kin.
  case request(environment: [Bytes])
  case autoRestart
}

/// What a step of the machine tells the manager beside its effects, in order.
public enum ServiceNotice: Equatable, Sendable {
  /// Every state passed through, momentary ones included (`failed` before `autoRestart`).
  case passed(ServiceState)
  /// A socket's start has come to what it listens on: it is to be opened.
  case opens
  /// The backoff is over: queue the restart's job.
  case restartDue
  /// A process had to be killed because a stop's timeout ran out.
  case killedAtTimeout
  /// ExecReload= ended; its job ends with it.
  case reloadEnded(success: Bool)
  /// The health probe failed too often, and `HealthAction=exit` says what that means for apus as a whole.
  case unhealthyExit
}

extension ServiceMachine {
  /// A cell's input after booking.
  public enum Step: Equatable, Sendable {
    case start(StartCause), stop, reload, idle
    /// Whether processes of a run before are left.
    case leftoversCounted(any: Bool)
    case mainSpawned, mainSpawnFailed, mainExecuted
    /// The last command of the main list ended, or one that failed.
    case mainExited(ServiceResult)
    case controlSpawnFailed
    /// The last command of the control list ended, or one that failed. With Type=forking also ExecStart=.
    case controlExited(ServiceResult)
    /// The main PID that the start waits for is known; or, for a guess, will not be.
    case mainPIDFound, mainPIDUnknown
    case notifiedReady
    /// `isAnswer`: with a MONOTONIC_USEC not older than the reload that was asked for.
    case notifiedReloading(isAnswer: Bool)
    case notifiedStopping
    /// `Ready…=` says that the service is ready.
    case probedReady
    /// WATCHDOG=1 did not come in time, or WATCHDOG=trigger came.
    case watchdogMissed
    /// `HealthRetries=` failures in a row, with an action that stops the service.
    case unhealthy
    case oomKilled
    /// The kill found nobody to wait for.
    case nobodySignalled
    /// Main and control are gone, and nobody of the invocation is left.
    case emptied
    /// What the run left behind is removed.
    case cleaned
    /// What a socket listens on is open, or not, or is given up.
    case listeners(ServiceResult)
    case stateDeadline, runtimeDeadline, restartDeadline
  }
}
