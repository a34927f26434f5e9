import CLinux
import Model
import Runtime

/// glob(3) without the C library's (which brings user databases and locales along): `*`, `?`, `[a-z]`, `[!a]`, `\x`;
/// no wildcard matches a leading dot or a slash.
enum Glob {
  /// More matches than this are left out.
  static let matchesMax = 4096

  /// The existing paths that an absolute pattern names, sorted by bytes; with `countsLinks` also links to nowhere.
  static func expand(_ pattern: Bytes, countsLinks: Bool = false) -> [Bytes] {
    guard pattern.first == 47 else { return [] }
    var found: [Bytes] = [[]]
    for part in pattern.pieces(separatedBy: 47) {
      var next: [Bytes] = []
      for base in found {
        if !hasWildcard(part) {
          next.append(base + "/" + unescaped(part))
        } else if case .entries(let names) = FolderReader.list(base.isEmpty ? Bytes("/") : base) {
          for name in names where matches(name, part) { next.append(base + "/" + name) }
        }
      }
      found = Array(next.prefix(matchesMax))
    }
    var status = apus_status()
    found = found.filter { path in
      if path.isEmpty { return false }
      return countsLinks ? apus_status_at(-100, path.terminated, &status) >= 0 : apus_path_kind(path.terminated) >= 0
    }
    return sortedByBytes(found)
  }

  static func hasWildcard(_ part: Bytes) -> Bool {
    var isEscaped = false
    for byte in part {
      if !isEscaped && (byte == 42 || byte == 63 || byte == 91) { return true }
      isEscaped = !isEscaped && byte == 92
    }
    return false
  }

  private static func unescaped(_ part: Bytes) -> Bytes {
    var result = Bytes()
    var isEscaped = false
    for byte in part {
      if byte == 92 && !isEscaped {
        isEscaped = true
      } else {
        result.append(byte)
        isEscaped = false
      }
    }
    return result
  }

  /// One name against one part of a pattern: as fnmatch(3), but that only a dot matches a leading dot.
  static func matches(_ name: Bytes, _ pattern: Bytes) -> Bool {
    if name.first == 46 && pattern.first != 46 && !(pattern.count > 1 && pattern[0] == 92 && pattern[1] == 46) { return false }
    return matchesPattern(name, pattern)
  }
}
