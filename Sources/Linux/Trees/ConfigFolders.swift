import CLinux
import Model

/// Files of folders in which systemd's companions keep their configuration: of files of one name the first folder's
/// counts, an empty one or a link to /dev/null hides the others, and they come sorted by name (tmpfiles.d(5)).
public enum ConfigFolders {
  /// `/etc/NAME`, `/run/NAME`, `/usr/local/lib/NAME`, `/usr/lib/NAME`, `/lib/NAME`; for `systemd/…` the first two below
  /// `systemd/`, too.
  public static func standard(_ name: StaticString) -> [Bytes] {
    ["/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/"].map { (root: StaticString) in Bytes(root) + Bytes(name) }
  }

  /// The paths, sorted by name. `suffix`: only names that end so.
  public static func files(_ folders: [Bytes], suffix: StaticString = "") -> [Bytes] {
    var found: [(name: Bytes, path: Bytes)] = []
    var seen = NameTable()
    for folder in folders {
      guard case .entries(let names) = FolderReader.list(folder) else { continue }
      for name in names where name.ends(with: suffix) && seen.insert(name) {
        found.append((name, folder + "/" + name))
      }
    }
    let order = sortedOrder(found.count) { found[$0].name.lexicographicallyPrecedes(found[$1].name) }
    return order.map { found[$0].path }.filter { !isMasked($0) }
  }

  private static func isMasked(_ path: Bytes) -> Bool {
    var error: Int32 = 0
    guard let place = Place(in: Int32(APUS_AT_CWD), path, error: &error) else { return true }
    if place.isLink { return place.linkTarget() == Bytes("/dev/null") }
    return place.isRegular && place.status.size == 0
  }
}
