/// `NotifyAccess=`: whose messages are believed (units.md c.7).
public enum NotifyAccess: UInt8, CaseIterable, Sendable {
  case none, main, exec, all
  public var name: StaticString {
    switch self {
    case .none: "none"
    case .main: "main"
    case .exec: "exec"
    case .all: "all"
    }
  }
}

/// One datagram of sd_notify, parsed (units.md c.7). What is not named there is left out.
public struct NotifyMessage: Equatable, Sendable {
  public var isReady = false
  public var isReloading = false
  /// `MONOTONIC_USEC=`, of RELOADING=1.
  public var monotonic: TimeSpan? = nil
  public var isStopping = false
  public var status: Bytes? = nil
  public var errno: Int32? = nil
  public var busError: Bytes? = nil
  public var mainPID: Int32? = nil
  public var watchdog: WatchdogNote? = nil
  /// `WATCHDOG_USEC=`
  public var watchdogSpan: TimeSpan? = nil
  /// `EXTEND_TIMEOUT_USEC=`
  public var extendTimeout: TimeSpan? = nil
  public var storesDescriptors = false
  public var removesDescriptors = false
  /// `FDNAME=`; nil: `stored`.
  public var descriptorName: Bytes? = nil
  /// `FDPOLL=0`: false.
  public var pollsDescriptors = true
  public var notifyAccess: NotifyAccess? = nil
  public var isBarrier = false
  public init() {}

  /// `WATCHDOG=1`, `WATCHDOG=trigger`
  public enum WatchdogNote: Equatable, Sendable { case alive, trigger }
}

/// A descriptor that apus holds for a service; numbers are not reused.
public struct DescriptorID: Equatable, Hashable, Sendable {
  public var number: UInt32
  public init(_ number: UInt32) { self.number = number }
}

/// A descriptor of FDSTORE=1 that came with a datagram.
public struct OfferedDescriptor: Equatable, Sendable {
  public var id: DescriptorID
  /// One that is held already, or came before it in the same datagram, and is the same open file (kcmp(2)).
  public var sameAs: DescriptorID?
  public init(_ id: DescriptorID, sameAs: DescriptorID? = nil) {
    self.id = id
    self.sameAs = sameAs
  }
}

/// A descriptor that is passed to a service from number 3 on, with its name in LISTEN_FDNAMES.
public struct PassedDescriptor: Equatable, Sendable {
  public var id: DescriptorID
  public var name: Bytes
  /// From the unit's store; else a socket of a socket unit, whose O_NONBLOCK follows `NonBlocking=`.
  public var isStored: Bool
  public init(id: DescriptorID, name: Bytes, isStored: Bool = true) {
    self.id = id
    self.name = name
    self.isStored = isStored
  }
}

/// Who sent a datagram, by SCM_CREDENTIALS.
public struct NotifySender: Equatable, Sendable {
  public var pid: Int32
  public var uid: UInt32
  /// The number of the unit's run that it was seen to belong to; or it is gone already and was of the service's user or root,
  /// who can do anything to the service anyway. nil: of none.
  public var run: UInt32?
  public init(pid: Int32, uid: UInt32, run: UInt32?) {
    self.pid = pid
    self.uid = uid
    self.run = run
  }
}

/// Where a main PID that apus did not fork itself is known from.
public enum MainPIDSource: UInt8, Sendable { case pidFile, guess, notify }

/// What came of looking for such a main PID (units.md c.3).
public enum MainPIDOutcome: Equatable, Sendable {
  /// Alive, of the unit (or vouched for by root), neither apus nor the control process.
  case found(pid: Int32)
  /// No PID file yet, or no single candidate.
  case absent
  /// There is something, and it must not be believed: the reason, for people.
  case refused(Bytes)
}
