import Model

/// The only door into Supervision: what the world did since the last turn.
public indirect enum Event: Equatable, Sendable {
  /// The child exists. Comes before everything else of that process.
  case spawned(ProcessKey, pid: Int32)
  /// The child was never made (fork failed, an EnvironmentFile= is missing); the key is used up.
  case spawnFailed(ProcessKey, SpawnFailure)
  /// `execve` succeeded.
  case executed(ProcessKey)
  /// `execve` was not reached, or failed; `.exited` with the stage's status follows.
  case execFailed(ProcessKey, ExecFailure)
  case exited(ProcessKey, ExitStatus)
  /// Comes before the `.exited` of a process that was killed, when the kernel has killed processes of its run for want of
  /// memory: the result is oom-kill.
  case outOfMemory(ProcessKey)
  /// COMMAND was stopped by a signal (WSTOPPED).
  case stopped(ProcessKey, Signal)
  /// The answer to `Effect.kill`: to how many processes the signal went (the main and control process included), and
  /// whether any member of the invocation, signalled or not, was seen.
  case signalled(Invocation, order: UInt32, count: Int, anyLeft: Bool)
  /// The answer to `Effect.watchEmpty`, and after a `kill` that reached somebody: no process of the invocation is left.
  case emptied(Invocation)
  /// The answer to `Effect.countLeft`.
  case left(Invocation, count: Int)
  /// A deadline that was armed and not disarmed since.
  case deadline(Deadline)
  case signal(ReceivedSignal)
  case request(RequestID, Request)
  case loaded(LoadPurpose, LoadedUnits)
  /// The answer to `Effect.check`.
  case checked(UnitID, number: UInt32, CheckOutcome)
  /// The answer to `Effect.clean`: what it named is gone, or cannot be removed (said in a line of its own).
  case cleaned(Invocation)
  /// A datagram of sd_notify, from whoever can reach the unit's socket: the machine decides whom it believes.
  case notified(UnitID, NotifyMessage, NotifySender, descriptors: [OfferedDescriptor])
  /// The answer to `Effect.findMainPID`; with `waits` again whenever it changes.
  case mainPID(Invocation, MainPIDSource, MainPIDOutcome)
  /// A newline came on the descriptor of `ReadyFd=` (`true`), or its other end is closed (`false`).
  case readyLine(ProcessKey, Bool)
  /// The other end of a stored descriptor is gone (FDPOLL).
  case descriptorHungUp(UnitID, DescriptorID)
  /// The wall clock was stepped, by so many microseconds; comes only while something is armed on it.
  case clockStepped(by: Int64)
  /// The local time zone may be another one.
  case zoneChanged(TimeZone)
  /// The answer to `Effect.readStamp`, and to a `.writeStamp` that failed.
  case stamp(UnitID, StampOutcome)
  /// The answer to `Effect.listen`.
  case listening(UnitID, run: UInt32, ListenOutcome)
  /// Something waits at a listener that is watched without accepting; told once a watch.
  case traffic(UnitID, DescriptorID)
  /// A connection of a listener that is watched with accepting. Whoever gets it, closes it.
  case accepted(UnitID, AcceptedConnection)
  /// A listener could not be watched (`isWatch`), or accepted from: its watch is over.
  case listenerFailed(UnitID, DescriptorID, errno: Int32, isWatch: Bool)
  /// The answer to `Effect.countConnections`; nil: that cannot be told here.
  case connections(UnitID, run: UInt32, count: UInt32?, hadTraffic: Bool)
  /// The answer to `Effect.instantiate`; nil: it cannot be made, which was said.
  case instantiated(UnitID, name: UnitName, Unit?)
  /// A condition of a path unit came true, or an event of it happened; index into its `specs`. Of a pattern, the
  /// path that matches it.
  case pathHit(UnitID, run: UInt32, index: Int, match: Bytes = [])
  /// Its paths cannot be watched: the reason.
  case pathsFailed(UnitID, run: UInt32, Bytes)
  /// The final sweep is over; `forced`: somebody needed SIGKILL.
  case swept(forced: Bool)
}

/// What a deadline is for. At most one of each kind is armed for a unit.
public enum DeadlineKind: UInt8, CaseIterable, Sendable {
  /// The timeout of the service's present state.
  case state
  /// `RuntimeMaxSec=`
  case runtime
  /// The end of the restart backoff.
  case restart
  /// `WatchdogSec=`
  case watchdog
  /// The next question of a readiness or health probe, or the end of patience with the one that runs.
  case probe
  /// `JobTimeoutSec=`, `JobRunningTimeoutSec=`
  case job
  /// A unit that was started or stopped too often because of others (Upholds=, BindsTo=, StopWhenUnneeded=) is looked at again.
  case reaction
  /// The next slot of a timer or of `Schedule=`.
  case timer
  /// The same of the calendar expressions: on the wall clock.
  case calendar
  /// A socket or path that pauses looks again; of a socket also the next connection that waits for its turn.
  case rearm
  /// The next look whether a service that IdleStopSec= watches has a connection.
  case idle
  /// Of the manager as a whole: `--stop-timeout`, and the line that names who is late.
  case stopLimit, stopLine
}

/// Which deadline it is: a later one of the same key takes its place.
public struct DeadlineKey: Equatable, Hashable, TableKey, Sendable {
  public var unit: UnitID
  public var kind: DeadlineKind
  public init(unit: UnitID, kind: DeadlineKind) {
    self.unit = unit
    self.kind = kind
  }
  public var tableNumber: UInt64 { unit.tableNumber << 8 | UInt64(kind.rawValue) }
}

/// A deadline with the invocation it was armed for: one that arrives with an old number is dropped.
public struct Deadline: Equatable, Sendable {
  public var key: DeadlineKey
  public var invocation: UInt32
  public init(_ unit: UnitID, _ kind: DeadlineKind, invocation: UInt32 = 0) {
    key = DeadlineKey(unit: unit, kind: kind)
    self.invocation = invocation
  }
}
