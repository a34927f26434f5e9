#if !EMBEDDED
import Model
import Runtime

/// One entry of the virtual process table.
final class VirtualProcess {
  enum State: Equatable {
    /// Between clone and exec.
    case beforeExec
    case running
    case zombie(ExitStatus)
  }

  /// Who it is: never used again, unlike the pid.
  let serial: UInt64
  let pid: Int32
  /// 0: apus itself.
  var parent: UInt64
  var group: Int32
  var session: Int32
  /// The invocation whose tag or cgroup it inherited; nil: nobody's (it entered from outside).
  let tag: Invocation?
  /// For a child that apus made.
  let key: ProcessKey?
  /// By what apus can know whose it is.
  let knownBy: Containment
  var state: State
  var program: Program
  var isStopped = false
  /// The stop is not yet told to apus (WSTOPPED).
  var stopSignal: Signal? = nil
  /// SIGKILL is on its way; it does nothing any more.
  var isDying = false
  /// What came while it was stopped.
  var pendingSignals: [Signal] = []
  var deferredSteps: [Step] = []
  /// Left the session and the group of apus's child: where neither cgroup nor tag is there, nobody knows it any more.
  var hasEscaped = false
  /// The errno its exec will fail with.
  var execErrno: Int32? = nil
  var execStage = ExecStage.exec
  /// The listeners that it was given.
  var listeners: [DescriptorID] = []
  /// When it forgets its watchdog.
  var feedsUntil: Int64? = nil
  /// The kernel's turn count when it became a zombie of apus.
  var zombieSince = 0

  init(
    serial: UInt64, pid: Int32, parent: UInt64, group: Int32, session: Int32, tag: Invocation?, key: ProcessKey?,
    knownBy: Containment, state: State, program: Program
  ) {
    self.serial = serial
    self.pid = pid
    self.parent = parent
    self.group = group
    self.session = session
    self.tag = tag
    self.key = key
    self.knownBy = knownBy
    self.state = state
    self.program = program
  }

  var isZombie: Bool {
    if case .zombie = state { return true }
    return false
  }
  var isLive: Bool { !isZombie }
}

/// What the world remembers of one child that apus collected, for the checkers.
public struct Burial: Sendable {
  public var pid: Int32
  /// nil: an orphan that came to apus by its parent's death.
  public var key: ProcessKey?
  public var serial: UInt64
  public var status: ExitStatus
}
#endif
