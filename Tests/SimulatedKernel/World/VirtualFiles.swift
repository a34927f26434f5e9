#if !EMBEDDED
import Model
import Runtime

/// The virtual file system: regular files and what only looks like one.
public struct VirtualFiles {
  enum Node {
    case file(Bytes)
    case special(FileKind)
  }

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
  public mutating func remove(_ path: Bytes) {
    let (index, found) = position(path)
    if found { entries.remove(at: index) }
  }

  public func contents(_ path: Bytes) -> Bytes? {
    let (index, found) = position(path)
    guard found, case .file(let bytes) = entries[index].node else { return nil }
    return bytes
  }

  func read(_ path: Bytes, limit: Int) -> FileContents {
    for entry in unreadable where entry.path == path { return .failed(errno: entry.errno) }
    let (index, found) = position(path)
    guard found else { return list(path) == nil ? .failed(errno: 2) : .notRegular(.folder) }
    switch entries[index].node {
    case .special(let kind): return .notRegular(kind)
    case .file(let bytes): return bytes.count > limit ? .tooLarge : .contents(bytes)
    }
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
