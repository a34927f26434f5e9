#if !EMBEDDED
import Model
import Runtime

/// The virtual file system: regular files, symbolic links, and what only looks like a file.
public struct VirtualFiles {
  enum Node {
    case file(Bytes)
    case special(FileKind)
    /// What the link holds.
    case link(Bytes)
  }

  /// Links that lead to links; more is ELOOP.
  private static let linksMax = 8

  /// Sorted by path.
  private var entries: [(path: Bytes, node: Node)] = []
  /// Paths that cannot be read now, with their errno.
  public var unreadable: [(path: Bytes, errno: Int32)] = []

  private static func precedes(_ left: Bytes, _ right: Bytes) -> Bool { left.lexicographicallyPrecedes(right) }

  private func position(_ path: Bytes) -> (index: Int, found: Bool) {
    for (index, entry) in entries.enumerated() {
      if entry.path == path { return (index, true) }
      if VirtualFiles.precedes(path, entry.path) { return (index, false) }
    }
    return (entries.count, false)
  }

  private mutating func put(_ path: Bytes, _ node: Node) {
    let (index, found) = position(path)
    if found { entries[index].node = node } else { entries.insert((path, node), at: index) }
  }

  public mutating func write(_ path: Bytes, _ contents: Bytes) { put(path, .file(contents)) }
  public mutating func makeSpecial(_ path: Bytes, _ kind: FileKind) { put(path, .special(kind)) }
  public mutating func link(_ path: Bytes, to target: Bytes) { put(path, .link(target)) }
  public mutating func remove(_ path: Bytes) {
    let (index, found) = position(path)
    if found { entries.remove(at: index) }
  }

  /// The path and everything below it.
  public mutating func removeTree(_ path: Bytes) {
    entries.removeAll { $0.path == path || ($0.path.count > path.count && $0.path.starts(with: path + "/")) }
  }

  /// A file, or a folder with something in it.
  func isThere(_ path: Bytes) -> Bool { position(path).found || list(path) != nil }

  public func contents(_ path: Bytes) -> Bytes? {
    let (index, found) = position(path)
    guard found, case .file(let bytes) = entries[index].node else { return nil }
    return bytes
  }

  func read(_ path: Bytes, limit: Int) -> FileContents {
    for entry in unreadable where entry.path == path { return .failed(errno: entry.errno) }
    guard let path = resolved(path) else { return .failed(errno: 40) }
    if path == Bytes("/dev/null".utf8) { return .notRegular(.device) }
    let (index, found) = position(path)
    guard found else { return list(path) == nil ? .failed(errno: 2) : .notRegular(.folder) }
    switch entries[index].node {
    case .special(let kind): return .notRegular(kind)
    case .file(let bytes): return bytes.count > limit ? .tooLarge : .contents(bytes)
    case .link: return .failed(errno: 40)
    }
  }

  /// What a symbolic link holds; nil for anything else.
  public func readLink(_ path: Bytes) -> Bytes? {
    let (index, found) = position(path)
    guard found, case .link(let target) = entries[index].node else { return nil }
    return target
  }

  /// Where the links at the end of a path lead; nil: to no end.
  private func resolved(_ path: Bytes) -> Bytes? {
    var path = path
    for _ in 0..<VirtualFiles.linksMax {
      guard let target = readLink(path) else { return path }
      let folder = Bytes(path[..<(path.lastIndex(of: 47) ?? 0)])
      path = VirtualFiles.simplified(target.first == 47 ? target : folder + Bytes("/".utf8) + target)
    }
    return nil
  }

  private static func simplified(_ path: Bytes) -> Bytes {
    var parts: [Bytes] = []
    for part in path.split(separator: 47) {
      if part == [46, 46] { _ = parts.popLast() } else if part != [46] { parts.append(Bytes(part)) }
    }
    return parts.reduce(into: Bytes()) { $0 += [47] + $1 }
  }

  /// The names directly below a folder; nil when there is no such folder.
  func list(_ folder: Bytes) -> [Bytes]? {
    let prefix = folder.last == 47 ? folder : folder + "/"
    var names: [Bytes] = []
    for entry in entries where entry.path.count > prefix.count && entry.path.starts(with: prefix) {
      let rest = entry.path[prefix.count...]
      let name = Bytes(rest.prefix { $0 != 47 })
      if names.last != name { names.append(name) }
    }
    names.sort(by: VirtualFiles.precedes)
    return names.isEmpty ? nil : names
  }
}
#endif
