/// How a process ended, as `waitid` tells it.
public enum ExitStatus: Equatable, Hashable, Sendable {
  case exited(UInt8)
  case killed(Signal)
  case dumped(Signal)

  /// What a shell would say: the status, or 128 + the signal's number.
  public var shellStatus: UInt8 {
    switch self {
    case .exited(let code): code
    case .killed(let signal), .dumped(let signal): UInt8(truncatingIfNeeded: 128 + signal.number)
    }
  }

  /// systemd's `$EXIT_CODE`.
  public var codeName: StaticString {
    switch self {
    case .exited: "exited"
    case .killed: "killed"
    case .dumped: "dumped"
    }
  }

  /// systemd's `$EXIT_STATUS`: the number, or the signal's name without SIG.
  public var statusText: Bytes {
    switch self {
    case .exited(let code): Bytes(decimal: code)
    case .killed(let signal), .dumped(let signal): signal.name
    }
  }

  /// For people: `status=203/EXEC`, `signal=KILL`.
  public var description: Bytes {
    switch self {
    case .exited(let code):
      var text = "status=" + Bytes(decimal: code)
      if let name = ExitStatus.name(of: code) {
        text.append(47)
        text.append(name)
      }
      return text
    case .killed(let signal): return "signal=" + signal.name
    case .dumped(let signal): return "signal=" + signal.name + " (core dumped)"
    }
  }

  /// systemd's names of exit statuses: libc's 0 and 1, BSD's sysexits, the LSB's 2–7 and systemd's own (units.md c.4).
  public static func name(of code: UInt8) -> StaticString? {
    for entry in table where entry.0 == code { return entry.1 }
    return nil
  }

  /// The status with that name, for `SuccessExitStatus=` and its kin.
  public static func code(named name: Bytes) -> UInt8? {
    for entry in table where name == entry.1 { return entry.0 }
    return nil
  }

  static let table: [(UInt8, StaticString)] = [
    (0, "SUCCESS"), (1, "FAILURE"), (2, "INVALIDARGUMENT"), (3, "NOTIMPLEMENTED"), (4, "NOPERMISSION"),
    (5, "NOTINSTALLED"), (6, "NOTCONFIGURED"), (7, "NOTRUNNING"),
    (64, "USAGE"), (65, "DATAERR"), (66, "NOINPUT"), (67, "NOUSER"), (68, "NOHOST"), (69, "UNAVAILABLE"),
    (70, "SOFTWARE"), (71, "OSERR"), (72, "OSFILE"), (73, "CANTCREAT"), (74, "IOERR"), (75, "TEMPFAIL"),
    (76, "PROTOCOL"), (77, "NOPERM"), (78, "CONFIG"),
    (200, "CHDIR"), (201, "NICE"), (202, "FDS"), (203, "EXEC"), (204, "MEMORY"), (205, "LIMITS"),
    (206, "OOM_ADJUST"), (207, "SIGNAL_MASK"), (208, "STDIN"), (209, "STDOUT"), (210, "CHROOT"), (211, "IOPRIO"),
    (212, "TIMERSLACK"), (213, "SECUREBITS"), (214, "SETSCHEDULER"), (215, "CPUAFFINITY"), (216, "GROUP"),
    (217, "USER"), (218, "CAPABILITIES"), (219, "CGROUP"), (220, "SETSID"), (221, "CONFIRM"), (222, "STDERR"),
    (224, "PAM"), (225, "NETWORK"), (226, "NAMESPACE"), (227, "NO_NEW_PRIVILEGES"), (228, "SECCOMP"),
    (229, "SELINUX_CONTEXT"), (230, "PERSONALITY"), (231, "APPARMOR_PROFILE"), (232, "ADDRESS_FAMILIES"),
    (233, "RUNTIME_DIRECTORY"), (235, "CHOWN"), (236, "SMACK_PROCESS_LABEL"), (237, "KEYRING"),
    (238, "STATE_DIRECTORY"), (239, "CACHE_DIRECTORY"), (240, "LOGS_DIRECTORY"), (241, "CONFIGURATION_DIRECTORY"),
    (242, "NUMA_POLICY"), (243, "CREDENTIALS"), (245, "BPF"),
  ]
}
