import Model
import UnitFile

/// One folder in which unit files are looked for.
public struct UnitFolder: Equatable, Sendable {
  public var path: Bytes
  /// How the files in it are read, and drop-ins in it for units of other folders.
  public var strictness: Strictness
  public var origin: UnitOrigin
  /// A single file on the command line: of its folder only that name, and the drop-in and `.wants/` folders beside it.
  public var only: Bytes?

  public init(_ path: Bytes, _ strictness: Strictness, _ origin: UnitOrigin, only: Bytes? = nil) {
    self.path = path
    self.strictness = strictness
    self.origin = origin
    self.only = only
  }
}

/// The folders in which units are found, the first hit wins (units.md b.8).
public enum UnitPath {
  /// apus's own, read as strictly as the command line.
  public static let own = Bytes("/etc/apus")
  /// Where `enable` and its kin make their links.
  public static let persistent = Bytes("/etc/systemd/system")
  public static let runtime = Bytes("/run/systemd/system")
  /// More folders than this in `--unit-path` are left out.
  static let foldersMax = 256

  /// systemd's, as `systemd-analyze unit-paths` prints them, from high to low.
  private static let standard: [StaticString] = [
    "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
    "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
    "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
    "/run/systemd/generator.late",
  ]

  /// `/etc/apus`, then systemd's own or, if there is one, what `APUS_UNIT_PATH` (`--unit-path`) says: folders between
  /// colons; an empty one at the end stands for systemd's own (as in SYSTEMD_UNIT_PATH).
  public static func folders(_ override: Bytes?, _ kernel: inout some Kernel) -> [UnitFolder] {
    var paths: [Bytes] = []
    var hasStandard = true
    if let override {
      paths = Array(override.pieces(separatedBy: 58).prefix(foldersMax))
      hasStandard = override.last == 58
    }
    if hasStandard {
      // On a merged system /lib is a link to usr/lib: the same folder must not be listed twice.
      let isMerged = kernel.readLink(Bytes("/lib")) != nil
      for path in standard {
        let path = Bytes(path)
        if !isMerged || path != "/lib/systemd/system" { paths.append(path) }
      }
    }
    var folders = [UnitFolder(own, .strict, .unitPath)]
    for path in paths where !folders.contains(where: { $0.path == path }) { folders.append(UnitFolder(path, .lenient, .unitPath)) }
    return folders
  }

  /// Without empty parts, `.` and `..`: what a symbolic link means, the folder it lies in being no link itself.
  static func simplified(_ path: Bytes) -> Bytes {
    var parts: [Bytes] = []
    let isAbsolute = path.first == 47
    for part in path.pieces(separatedBy: 47) {
      if part == "." { continue }
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != ".." || !isAbsolute {
        parts.append(part)
      }
    }
    var out = Bytes()
    for part in parts {
      if isAbsolute || !out.isEmpty { out.append(47) }
      out += part
    }
    return out.isEmpty ? Bytes(isAbsolute ? "/" : ".") : out
  }
}
