import Model

/// The kernel's capabilities by number: CAP_CHOWN is 0, CAP_CHECKPOINT_RESTORE 40.
public enum CapabilityNames {
  private static let names: StaticString = """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service \
    net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin \
    sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override \
    mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
    """

  /// The number behind `CAP_NET_ADMIN`, any case, or behind a number of 0 to 62; nil if there is no such capability.
  public static func number(of text: Bytes) -> UInt8? {
    if let number = text.unsignedNumber { return number <= 62 ? UInt8(number) : nil }
    let lower = text.lowercasedASCII
    guard lower.starts(with: "cap_") else { return nil }
    let wanted = Bytes(lower[4...])
    for (number, name) in names.words.enumerated() where name == wanted { return UInt8(number) }
    return nil
  }

  /// All names, for suggestions.
  static var all: [Bytes] { names.words.map { "CAP_" + $0.uppercasedASCII } }
}
