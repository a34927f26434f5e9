import Model

/// Names of the host side, which a container does not have and which are always satisfied (units.md a.3, f.7).
///
/// They are known by name and not by the absence of a file: where the systemd package is installed its units lie on disk,
/// and started they would mount, run gettys on terminals that are not there, and wait for a bus.
public enum BuiltInNames {
  /// systemd's special targets.
  private static let targets: StaticString = """
     basic blockdev@ bluetooth boot-complete cryptsetup cryptsetup-pre ctrl-alt-del default emergency \
    exit factory-reset final first-boot-complete getty getty-pre graphical graphical-session graphical-session-pre halt \
    hibernate hybrid-sleep initrd initrd-fs initrd-root-device initrd-root-fs initrd-switch-root initrd-usr-fs \
    integritysetup integritysetup-pre kbrequest kexec local-fs local-fs-pre machines \
    multi-user network network-online network-pre nss-lookup nss-user-lookup paths poweroff printer reboot remote-cryptsetup \
    remote-fs remote-fs-pre remote-veritysetup rescue rpcbind runlevel2 runlevel3 runlevel4 runlevel5 shutdown sigpwr \
    sleep slices smartcard sockets soft-reboot sound ssh-access storage-target-mode suspend suspend-then-hibernate swap \
    sysinit system-update system-update-pre time-set time-sync timers tpm2 umount usb-gadget user-sessions veritysetup \
    veritysetup-pre 
    """

  /// Services of the host that are not called `systemd-…`.
  private static let services: StaticString = """
     dbus dbus-broker console-getty debug-shell emergency getty-static initrd-cleanup initrd-parse-etc initrd-switch-root \
    initrd-udevadm-cleanup-db kmod-static-nodes ldconfig quotaon rescue 
    """

  /// Those of them that are templates: `user@1000.service` is the host's, but `user.service` is somebody's own.
  private static let templates: StaticString = " autovt container-getty getty modprobe quotaon serial-getty user user-runtime-dir "

  /// Whether a name is one of them; of a template also an instance of it (`getty@tty1.service`).
  @inline(never)
  public static func contains(_ name: UnitName) -> Bool {
    switch name.type {
    case .mount, .automount, .swap, .slice, .scope, .device: true
    case .target: targets.hasWord(name.withoutSuffix) || name.prefix == "blockdev"
    case .socket: name.bytes == "syslog.socket" || name.bytes == "dbus.socket" || name.bytes.starts(with: "systemd-")
    case .service:
      name.bytes.starts(with: "systemd-")
        || (name.bytes.contains(64) ? templates.hasWord(name.prefix) : services.hasWord(name.prefix))
    case .timer, .path: name.bytes.starts(with: "systemd-")
    }
  }

  /// The stub of such a name.
  @inline(never)
  static func unit(_ name: UnitName) -> Unit {
    let unit = Unit(name: name, kind: name.type == .target ? .target : .other)
    unit.isBuiltIn = true
    unit.description = Bytes("of the host, always satisfied")
    return unit
  }
}
