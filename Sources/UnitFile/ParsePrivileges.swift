import Model

extension UnitParser {
  /// Capabilities, secure bits, DynamicUser= and the folders a command is looked for in (units.md c.11).
  func applyPrivileges(_ directive: Directive) {
    switch directive {
    case .capabilityBoundingSet:
      let set = capabilities(after: exec.privileges.boundingSet ?? .all, initial: .all)
      exec.privileges.boundingSet = set == .all ? nil : set
    case .ambientCapabilities:
      let set = capabilities(after: exec.privileges.ambientSet ?? .empty, initial: .empty)
      exec.privileges.ambientSet = set == .empty ? nil : set
    case .noNewPrivileges: set(&exec.privileges.noNewPrivileges)
    case .secureBits: addSecureBits()
    case .dynamicUser: set(&exec.dynamicUser)
    case .setLoginEnvironment: set(&exec.setLoginEnvironment)
    case .execSearchPath: addSearchPath()
    case .rootDirectory:
      if value.isEmpty {
        exec.rootDirectory = []
      } else if let path = expanded(value), let path = checkedPath(path, offset: 0) {
        exec.rootDirectory = path == "/" ? [] : path
      } else {
        refuseSilently()
      }
    default: break
    }
  }

  /// systemd's rule: the first line sets, later ones add; `~` takes away; nothing, or `~` alone, replaces (units.md c.11).
  private func capabilities(after set: CapabilitySet, initial: CapabilitySet) -> CapabilitySet {
    let isNegated = value.first == 126
    var named: UInt64 = 0
    for word in words(.strict) {
      var text = word.text
      if isNegated, word.offset == 0 { text.removeFirst() }
      if text.isEmpty { continue }
      if let number = CapabilityNames.number(of: text) {
        named |= 1 << UInt64(number)
      } else {
        badWord(word, "no such capability", hint: didYouMean(text, among: CapabilityNames.all))
      }
    }
    if named == 0 || set == initial { return CapabilitySet(bits: isNegated ? ~named : named) }
    return CapabilitySet(bits: isNegated ? set.bits & ~named : set.bits | named)
  }

  private func addSecureBits() {
    if value.isEmpty {
      exec.privileges.secureBits = 0
      return
    }
    // In the order of the kernel's bits; 3 is no-setuid-fixup's lock, and so on.
    let names: StaticString = "noroot noroot-locked no-setuid-fixup no-setuid-fixup-locked keep-caps keep-caps-locked"
    for word in words(.strict) {
      if let bit = names.words.firstIndex(of: word.text) {
        exec.privileges.secureBits |= 1 << UInt32(bit)
      } else {
        badWord(word, "no such secure bit", hint: Bytes("for example noroot, keep-caps"))
      }
    }
  }

  /// Folders between colons; one that is not absolute spoils the line.
  private func addSearchPath() {
    if value.isEmpty {
      exec.execSearchPath = []
      return
    }
    guard let text = expanded(value) else { return }
    var folders: [Bytes] = []
    for folder in text.pieces(separatedBy: 58) {
      guard let path = checkedPath(folder, offset: 0) else { return }
      if !exec.execSearchPath.contains(path), !folders.contains(path) { folders.append(path) }
    }
    if exec.execSearchPath.count + folders.count > 256 {
      badValue("more than 256 folders")
    } else {
      exec.execSearchPath += folders
    }
  }

  /// What DynamicUser= implies: a name, and no way to more privileges (units.md c.10).
  func finishDynamicUser() {
    guard exec.dynamicUser else { return }
    exec.privileges.noNewPrivileges = true
    if exec.user.isEmpty { exec.user = unit.name.dynamicUserName }
  }
}

extension UnitName {
  /// The part before `@` or the suffix where a user can be called so, else a name made of it.
  fileprivate var dynamicUserName: Bytes {
    let name = prefix
    let isName =
      name.count <= 31 && (name[0].isASCIILetter || name[0] == 95)
      && name.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 95 || $0 == 45 }
    if isName { return name }
    // FNV-1a: any hash will do that is the same at every start.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return "_du" + Bytes(hex: hash, width: 16)
  }
}
