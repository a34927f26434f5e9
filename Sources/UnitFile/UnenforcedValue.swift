import Model

/// The kinds of value of keys that are checked and not enforced. The raw value is the letter in the tables of
/// `UnenforcedReason.keys`.
enum UnenforcedValue: UInt8 {
  case boolean = 0x62  // b
  case paths = 0x70  // p
  case path = 0x50  // P
  case bind = 0x42  // B
  case readOnlyBind = 0x72  // r
  case families = 0x66  // f
  case systemCalls = 0x73  // s
  case namespaces = 0x6E  // n
  case errno = 0x65  // e
  case architectures = 0x61  // a
  case protectSystem = 0x53  // S
  case protectHome = 0x48  // H
  case protectHostname = 0x68  // h
  case privateTmp = 0x54  // T
  case privateUsers = 0x55  // U
  case protectProc = 0x4F  // O
  case procSubset = 0x6F  // o
  case keyring = 0x4B  // K
  case mountFlags = 0x4D  // M
  case devicePolicy = 0x44  // D
  case devices = 0x76  // v
  case weight = 0x77  // w
  case oldWeight = 0x57  // W
  case quota = 0x71  // q
  case memory = 0x6C  // l
  case tasks = 0x6B  // k
  case span = 0x74  // t
  case count = 0x23  // #
  case percent = 0x25  // %
  case networks = 0x67  // g
  case slice = 0x6A  // j
  case delegate = 0x63  // c
  case cpus = 0x43  // C
  case killMode = 0x6D  // m
  case numaPolicy = 0x4E  // N
  case utmp = 0x75  // u
  case facility = 0x46  // F
  case level = 0x4C  // L
  /// What the container cannot give and the service cannot do without (units.md f.2).
  case refused = 0x21  // !
  case anything = 0x78  // x

  /// The words that such a value may be, beside what a rule of its own allows; a blank before and behind each.
  var choices: StaticString? {
    switch self {
    case .protectSystem: " full strict "
    case .protectHome: " read-only tmpfs "
    case .protectHostname: " private strict "
    case .privateTmp: " disconnected "
    case .privateUsers: " self identity full "
    case .protectProc: " noaccess invisible ptraceable default "
    case .procSubset: " all pid "
    case .keyring: " inherit private shared "
    case .mountFlags: " shared slave private "
    case .devicePolicy: " auto closed strict "
    case .killMode: " auto kill "
    case .numaPolicy: " default preferred bind interleave local "
    case .utmp: " init login user "
    case .facility:
      """
       kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7 
      """
    case .level: " emerg alert crit err warning notice info debug "
    case .weight: " idle "
    case .boolean, .paths, .path, .bind, .readOnlyBind, .families, .systemCalls, .namespaces, .errno, .architectures, .devices,
      .oldWeight, .quota, .memory, .tasks, .span, .count, .percent, .networks, .slice, .delegate, .cpus, .refused, .anything:
      nil
    }
  }

  /// Whether a boolean will do as well.
  var takesBoolean: Bool {
    switch self {
    case .boolean, .protectSystem, .protectHome, .protectHostname, .privateTmp, .privateUsers, .namespaces, .delegate: true
    case .paths, .path, .bind, .readOnlyBind, .families, .systemCalls, .errno, .architectures, .protectProc, .procSubset,
      .keyring, .mountFlags, .devicePolicy, .devices, .weight, .oldWeight, .quota, .memory, .tasks, .span, .count, .percent,
      .networks, .slice, .cpus, .killMode, .numaPolicy, .utmp, .facility, .level, .refused, .anything:
      false
    }
  }
}

/// Words that values of these keys may have.
enum SandboxWords {
  static let namespaces: StaticString = " cgroup ipc net mnt pid user uts time "
  static let controllers: StaticString = """
     cpu cpuacct cpuset io blkio memory devices pids bpf-firewall bpf-devices bpf-foreign bpf-socket-bind \
    bpf-restrict-network-interfaces 
    """
  /// systemd's groups of system calls.
  static let groups: StaticString = """
     @default @aio @basic-io @chown @clock @cpu-emulation @debug @file-system @io-event @ipc @keyring @memlock @module @mount \
    @network-io @obsolete @pkey @privileged @process @raw-io @reboot @resources @sandbox @setuid @signal @swap @sync \
    @system-service @timer @known 
    """
  static let architectures: StaticString = """
     native x86 x86-64 x32 arm arm64 alpha arc-le arc-be loongarch64 m68k mips mips64 mips64-n32 mips-le mips64-le mips64-le-n32 \
    nios2 parisc parisc64 ppc ppc64 ppc64-le riscv32 riscv64 s390 s390x sparc sparc64 tilegx cris 
    """
  /// The address families of Linux, without AF_.
  static let families: StaticString = """
     UNSPEC UNIX LOCAL INET AX25 IPX APPLETALK NETROM BRIDGE ATMPVC X25 INET6 ROSE DECnet NETBEUI SECURITY KEY NETLINK ROUTE \
    PACKET ASH ECONET ATMSVC RDS SNA IRDA PPPOX WANPIPE LLC IB MPLS CAN TIPC BLUETOOTH IUCV RXRPC ISDN PHONET IEEE802154 CAIF \
    ALG NFC VSOCK KCM QIPCRTR SMC XDP MCTP 
    """
}
