import Model

/// systemd's own targets, for a root without the systemd package (units.md a.3): unit files in the text of which only
/// what orders and pulls in is left. A file of the same name in the unit path takes the place of one of these; what
/// `.wants/` folders say is added to either.
public enum BuiltInTargets {
  /// A target that pulls nothing in.
  public static let plain = Bytes("[Unit]\nDescription=of the host, built in\nDefaultDependencies=no\n")

  /// The unit file of a target that apus knows; nil for any other name.
  public static func text(_ name: UnitName) -> Bytes? {
    guard name.type == .target, BuiltInNames.contains(name) else { return nil }
    let (description, lines) = content(name.withoutSuffix)
    var text = Bytes("[Unit]\nDescription=")
    text.append(description)
    text.append(10)
    text.append(lines)
    return text
  }

  /// As systemd 252 ships them. `rescue.target` and its kin are left out of Conflicts=: nobody can isolate here.
  private static func content(_ name: Bytes) -> (StaticString, StaticString) {
    switch name {
    case "default", "graphical":
      (
        "Graphical Interface",
        "Requires=multi-user.target\nWants=display-manager.service\nAfter=multi-user.target display-manager.service\n"
      )
    case "multi-user", "runlevel2", "runlevel3", "runlevel4", "runlevel5":
      ("Multi-User System", "Requires=basic.target\nAfter=basic.target\n")
    case "basic":
      (
        "Basic System",
        """
        Requires=sysinit.target
        Wants=sockets.target timers.target paths.target slices.target
        After=sysinit.target sockets.target paths.target slices.target

        """
      )
    case "sysinit": ("System Initialization", "Wants=local-fs.target swap.target\nAfter=local-fs.target swap.target\n")
    case "sockets": ("Socket Units", "")
    case "timers": ("Timer Units", "DefaultDependencies=no\nConflicts=shutdown.target\n")
    case "paths": ("Path Units", "")
    case "slices": ("Slice Units", "")
    case "local-fs": ("Local File Systems", "DefaultDependencies=no\nConflicts=shutdown.target\nAfter=local-fs-pre.target\n")
    case "local-fs-pre": ("Preparation for Local File Systems", "RefuseManualStart=yes\n")
    case "swap": ("Swaps", "")
    case "network": ("Network", "After=network-pre.target\nRefuseManualStart=yes\n")
    case "network-pre": ("Preparation for Network", "RefuseManualStart=yes\n")
    case "network-online": ("Network is Online", "After=network.target\n")
    case "nss-lookup": ("Host and Network Name Lookups", "RefuseManualStart=yes\n")
    case "nss-user-lookup": ("User and Group Name Lookups", "RefuseManualStart=yes\n")
    case "remote-fs": ("Remote File Systems", "DefaultDependencies=no\nConflicts=shutdown.target\nAfter=remote-fs-pre.target\n")
    case "remote-fs-pre": ("Preparation for Remote File Systems", "RefuseManualStart=yes\n")
    case "time-sync": ("System Time Synchronized", "RefuseManualStart=yes\nAfter=time-set.target\nWants=time-set.target\n")
    case "time-set": ("System Time Set", "RefuseManualStart=yes\n")
    case "rpcbind": ("RPC Port Mapper", "RefuseManualStart=yes\n")
    case "getty": ("Login Prompts", "")
    case "getty-pre": ("Preparation for Logins", "")
    case "shutdown": ("System Shutdown", "DefaultDependencies=no\nRefuseManualStart=yes\n")
    case "umount": ("Unmount All Filesystems", "DefaultDependencies=no\nRefuseManualStart=yes\n")
    case "final": ("Late Shutdown Services", "DefaultDependencies=no\nRefuseManualStart=yes\nAfter=shutdown.target umount.target\n")
    default: ("of the host, built in", "DefaultDependencies=no\n")
    }
  }
}
