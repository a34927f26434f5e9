import CLinux
import Model

/// What apus found when it started, and hands on to COMMAND (DESIGN section 5, "First acts").
public struct InheritedState: Sendable {
  /// Bit n-1 for signal n.
  public var mask: UInt64 = 0
  /// The signals that were ignored, bit n-1 for signal n.
  public var ignored: UInt64 = 0
  public var umask: UInt32 = 0o022
  public var openFiles = ResourceLimit(soft: 1024, hard: 4096)
  /// The descriptors from 3 on that were open and meant to be inherited.
  public var descriptors: [Int32] = []
  /// Whoever started apus.
  public var parent: Int32 = 0
  /// As of a process that changed nothing.
  public init() {}
  /// Readable when another process sent a signal of a crash.
  var crashBell: Int32 = -1
}

/// What apus does before anything else, once.
public enum FirstActs {
  static let capSetuid: Int32 = 7
  static let openFilesResource = Int32(Resource.nofile.rawValue)

  /// Makes the process fit to be a supervisor and tells how it was before.
  public static func perform() -> InheritedState {
    var state = InheritedState()
    _ = apus_open_standard_descriptors()
    state.descriptors = closeAllOnExec()
    state.parent = apus_getppid()
    state.mask = apus_signal_mask_now()
    for signal in 1...Signal.highest where apus_disposition(signal) == 1 { state.ignored |= bit(Signal(signal)) }
    // An inherited SIG_IGN of SIGCHLD would make waitid fail with ECHILD and lose statuses.
    _ = apus_set_disposition(Signal.child.number, 0)
    _ = apus_set_disposition(Signal.pipe.number, 1)
    _ = apus_signal_mask(~apus_crash_signals(), nil)
    state.crashBell = apus_install_obituary()
    invariantSink = { message in
      message.withUTF8Buffer { apus_obituary($0.baseAddress, UInt64($0.count)) }
    }
    state.umask = apus_umask(0o022)
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    if apus_get_limit(openFilesResource, &soft, &hard) == 0 {
      state.openFiles = ResourceLimit(soft: soft, hard: hard)
      _ = apus_set_limit(openFilesResource, hard, hard)
    }
    if apus_getpid() != 1 { _ = apus_set_subreaper() }
    // A child that has changed its uid while it shares memory must not be traced by that uid. Without the privilege to
    // change it there is no such child, and apus's own /proc files stay its own.
    if apus_has_capability(capSetuid) == 1 { _ = apus_set_dumpable(0) }
    return state
  }

  static func bit(_ signal: Signal) -> UInt64 {
    signal.number >= 1 && signal.number <= 64 ? 1 << UInt64(signal.number - 1) : 0
  }

  /// Sets close-on-exec on everything from 3 on; answers what had it not.
  private static func closeAllOnExec() -> [Int32] {
    var inherited: [Int32] = []
    for descriptor in openDescriptors() where descriptor > 2 && apus_closes_on_exec(descriptor) == 0 {
      if apus_set_closes_on_exec(descriptor) == 0 { inherited.append(descriptor) }
    }
    return inherited
  }

  /// Without /proc the first 65,536 are tried: 4 ms once.
  private static func openDescriptors() -> [Int32] {
    guard case .entries(let names) = FolderReader.list(Bytes("/proc/self/fd")) else {
      return Array(3..<65_536)
    }
    var result: [Int32] = []
    for name in names {
      if let number = name.unsignedDecimal, number < UInt64(Int32.max) { result.append(Int32(number)) }
    }
    return result
  }
}
