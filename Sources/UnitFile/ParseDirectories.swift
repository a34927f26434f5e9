import Model

extension UnitParser {
  /// `RuntimeDirectory=` and its kin (units.md c.9).
  func applyDirectory(_ directive: Directive) {
    switch directive {
    case .runtimeDirectory: addDirectories(.runtime)
    case .stateDirectory: addDirectories(.state)
    case .cacheDirectory: addDirectories(.cache)
    case .logsDirectory: addDirectories(.logs)
    case .configurationDirectory: addDirectories(.configuration)
    case .runtimeDirectoryMode: setMode(of: .runtime)
    case .stateDirectoryMode: setMode(of: .state)
    case .cacheDirectoryMode: setMode(of: .cache)
    case .logsDirectoryMode: setMode(of: .logs)
    case .configurationDirectoryMode: setMode(of: .configuration)
    default: if let kept = preservation() { exec.runtimeDirectoryPreserve = kept }
    }
  }

  private func setMode(of kind: DirectoryKind) {
    setMode(&directories[Int(kind.rawValue)].mode, example: "for example 0755")
  }

  private func addDirectories(_ kind: DirectoryKind) {
    let index = Int(kind.rawValue)
    if value.isEmpty {
      directories[index].directories = []
      return
    }
    for word in words(.strict) {
      guard let directory = directory(word, kind) else { continue }
      if directories[index].directories.contains(directory) { continue }
      if directories[index].directories.count == UnitParser.maximumWords {
        badValue("more than 4096 names", at: word.offset)
        return
      }
      directories[index].directories.append(directory)
    }
  }

  /// `NAME` or `NAME:SYMLINK`, both relative and without `..`.
  private func directory(_ word: Word, _ kind: DirectoryKind) -> ManagedDirectory? {
    let parts = word.text.pieces(separatedBy: 58, keepEmpty: true)
    guard let first = parts.first, !first.isEmpty, parts.count <= 3 else {
      badWord(word, "no NAME, and no NAME:SYMLINK", hint: Bytes("for example web, or web:old-web"))
      return nil
    }
    guard let name = expanded(first, offset: word.offset), let symlink = expanded(parts.count > 1 ? parts[1] : [], offset: word.offset)
    else { return nil }
    for path in symlink.isEmpty ? [name] : [name, symlink] {
      if path.first == 47 {
        var hint = Bytes("it is below " + Bytes(kind.root))
        let root = Bytes(kind.root) + "/"
        if path.count > root.count, Bytes(path[..<root.count]) == root { hint = "did you mean " + Bytes(path[root.count...]) + "?" }
        badWord(word, "the path is absolute", hint: hint)
        return nil
      }
      guard path.isRelativePath else {
        badWord(word, "no relative path without . and ..", hint: Bytes("it is below ") + Bytes(kind.root))
        return nil
      }
    }
    // systemd keeps its own folders for DynamicUser= there.
    if name == "private" {
      badWord(word, "private cannot be a service's")
      return nil
    }
    if !symlink.isEmpty, kind == .configuration {
      badWord(word, "ConfigurationDirectory= makes no links")
      return nil
    }
    return ManagedDirectory(name: name.relativeSimplified, symlink: symlink.relativeSimplified)
  }

  /// In the order in which they are made.
  func finishDirectories() {
    exec.directories = directories.filter { !$0.directories.isEmpty }
  }
}

extension Array where Element == UInt8 {
  /// A relative path that does not lead out: no `.`, no `..`, parts that a file system can have.
  fileprivate var isRelativePath: Bool {
    guard let first, first != 47, count < 4000, !contains(0) else { return false }
    return pieces(separatedBy: 47).allSatisfy { $0 != "." && $0 != ".." && $0.count <= 255 }
  }

  /// Without doubled slashes and a slash at the end.
  fileprivate var relativeSimplified: Bytes {
    var out = Bytes()
    for piece in pieces(separatedBy: 47) {
      if !out.isEmpty { out.append(47) }
      out += piece
    }
    return out
  }
}
