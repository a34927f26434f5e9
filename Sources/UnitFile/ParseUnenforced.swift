import Calendar
import Model

extension UnitParser {
  /// A key that is checked as systemd does, kept in `Unit.unenforced`, and said once per unit (units.md f.2).
  func applyUnenforced(_ entry: UnenforcedKey) {
    var isInForce = !value.isEmpty
    if isInForce {
      guard let text = expanded(value) else { return }
      if entry.value == .refused {
        refuseView(text)
        return
      }
      guard let found = checkUnenforced(text, entry.value) else { return }
      isInForce = found
    }
    if !entry.reason.isSaid { return }
    if !isInForce {
      unit.unenforced.removeAll { $0 == key }
    } else if !unit.unenforced.contains(key) {
      unit.unenforced.append(key)
    }
  }

  /// One line for all of them.
  func sayUnenforced() {
    if unit.unenforced.isEmpty || unit.loadState != .loaded { return }
    var message = Bytes("not enforced in this container: ")
    for (index, key) in unit.unenforced.enumerated() {
      if index > 0 { message += ", " }
      message += key + "="
    }
    report(.notice, message: message, hint: Bytes("apus check --explain says what is done instead"))
  }

  /// Whether the value asks for anything; nil after saying why it is none.
  private func checkUnenforced(_ text: Bytes, _ kind: UnenforcedValue) -> Bool? {
    if kind.takesBoolean, let value = text.booleanValue { return value }
    if let choices = kind.choices {
      if choices.hasWord(text) { return text != "default" && text != "auto" && text != "all" && text != "inherit" }
      if kind == .weight, text.isNumber(in: 1...10_000) { return true }
      if kind == .level || kind == .facility, text.isNumber(in: 0...127) { return true }
      var hint = didYouMean(text, among: choices.words + (kind.takesBoolean ? [Bytes("yes"), Bytes("no")] : []))
      if hint.isEmpty, kind == .weight { hint = Bytes("write a number from 1 to 10000, or idle") }
      badValue("no such value", hint: hint)
      return nil
    }
    switch kind {
    case .boolean: return boolean()
    case .oldWeight: return number(text, in: 2...262_144)
    case .count: return number(text, in: 0...UInt64(Int32.max))
    case .span: return span(text, offset: 0).map { _ in true }
    case .path: return checkedPath(text, offset: 0).map { _ in true }
    case .quota, .percent:
      guard text.isPercentage, kind == .percent || text.contains(where: { $0 > 48 && $0 <= 57 }) else {
        badValue("no percentage above 0", hint: "for example 50%")
        return nil
      }
      return true
    case .memory, .tasks: return limit(text, isTasks: kind == .tasks)
    case .errno:
      if text == "kill" || text.isErrnoName || text.isNumber(in: 1...4095) { return true }
      badValue("no error of the kernel", hint: "for example EPERM")
      return nil
    case .slice:
      guard let name = UnitName(text), name.type == .slice else {
        badValue("no name of a slice", hint: "for example web.slice")
        return nil
      }
      return true
    default: return checkWords(kind)
    }
  }

  private func number(_ text: Bytes, in range: ClosedRange<UInt64>) -> Bool? {
    if text.isNumber(in: range) { return true }
    badValue("no such number")
    return nil
  }

  private func limit(_ text: Bytes, isTasks: Bool) -> Bool? {
    if text == "infinity" { return false }
    if text.isPercentage { return true }
    if let limit = isTasks ? text.unsignedNumber : text.sizeValue, limit > 0 || (!isTasks && key != "MemoryMax") { return true }
    badValue("no such limit", hint: "write a number, a percentage, or infinity")
    return nil
  }

  /// Lists: a bad word is left out.
  private func checkWords(_ kind: UnenforcedValue) -> Bool? {
    let isNegated = value.first == 126
    var hasAny = false
    var isFirst = true
    for word in words(.strict) {
      guard var text = expanded(word.text, offset: word.offset) else { continue }
      if isFirst, isNegated, kind == .systemCalls || kind == .families || kind == .namespaces || kind == .networks {
        text = Bytes(text.dropFirst())
      }
      isFirst = false
      if text.isEmpty { continue }
      if let complaint = kind.complaint(about: text) {
        badWord(word, complaint, hint: kind.hint(for: text))
      } else {
        hasAny = true
        if kind == .bind || kind == .readOnlyBind, text.changesView {
          refuseBind(text, readOnly: kind == .readOnlyBind)
        }
      }
    }
    return hasAny || isNegated || kind == .families
  }

  /// What the service would see is not what the unit means: systemd refuses it with 226/NAMESPACE (units.md f.2).
  private func refuseView(_ text: Bytes) {
    let isPath = key != "LogNamespace" && key != "MountImages" && key != "ExtensionImages" && key != "ExtensionDirectories"
    if isPath, text.first != 47 {
      badValue("the path is not absolute")
      return
    }
    fail(
      ignoredSeverity, state: .badSetting, at: valuePosition,
      message: "cannot use " + key + "=" + value.quotable + ": without a namespace of its own the service would see other files "
        + "or another network than the unit means (226/NAMESPACE)", hint: "take it out in a drop-in if the service can do without")
  }

  /// haproxy's kind, a socket or file made visible elsewhere, is left out with a warning; others refuse the unit.
  private func refuseBind(_ text: Bytes, readOnly: Bool) {
    if readOnly || text.first == 45 {
      report(
        .warning, at: valuePosition, message: "without " + key + "=" + text.quotable + ": it needs a mount namespace",
        hint: Bytes("the service goes on, and does not find the second path"))
    } else {
      refuseView(text)
    }
  }
}

extension UnenforcedValue {
  /// The remedy for such a word.
  fileprivate func hint(for word: Bytes) -> Bytes {
    switch self {
    case .families: didYouMean(word, among: SandboxWords.families.words.map { "AF_" + $0 })
    case .systemCalls: didYouMean(word, among: SandboxWords.groups.words)
    case .namespaces: didYouMean(word, among: SandboxWords.namespaces.words)
    case .architectures: didYouMean(word, among: SandboxWords.architectures.words)
    case .delegate: didYouMean(word, among: SandboxWords.controllers.words)
    case .paths: Bytes("prefixes are - and then +")
    case .bind, .readOnlyBind: Bytes("write SOURCE, or SOURCE:DESTINATION, or with :rbind or :norbind behind it")
    case .networks: Bytes("for example 10.0.0.0/8, ::1, localhost, any")
    default: []
    }
  }

  /// What is wrong with one word of a list; nil if nothing is.
  fileprivate func complaint(about word: Bytes) -> StaticString? {
    switch self {
    case .paths:
      var path = word
      if path.first == 45 { path.removeFirst() }
      if path.first == 43 { path.removeFirst() }
      return path.isAbsolutePath ? nil : "the path is not absolute"
    case .bind, .readOnlyBind:
      let parts = Bytes(word.first == 45 ? word.dropFirst() : word[...]).pieces(separatedBy: 58, keepEmpty: true)
      if parts.count > 3 || !parts[0].isAbsolutePath || (parts.count > 1 && !parts[1].isEmpty && !parts[1].isAbsolutePath) {
        return "the path is not absolute"
      }
      return parts.count < 3 || parts[2] == "rbind" || parts[2] == "norbind" || parts[2].isEmpty ? nil : "no such option"
    case .families:
      let isFamily = word.starts(with: "AF_") && SandboxWords.families.hasWord(Bytes(word[3...]))
      return isFamily || word == "none" ? nil : "no such address family"
    case .namespaces: return SandboxWords.namespaces.hasWord(word) ? nil : "no such namespace"
    case .architectures: return SandboxWords.architectures.hasWord(word) ? nil : "no such architecture"
    case .delegate: return SandboxWords.controllers.hasWord(word) ? nil : "no such controller"
    case .systemCalls:
      let parts = word.pieces(separatedBy: 58, keepEmpty: true)
      if parts.count == 2, !(parts[1] == "kill" || parts[1].isErrnoName || parts[1].isNumber(in: 0...4095)) {
        return "no error of the kernel behind :"
      }
      if parts[0].first == 64 { return SandboxWords.groups.hasWord(parts[0]) ? nil : "no such group of system calls" }
      let isName = parts[0].allSatisfy { ($0 >= 97 && $0 <= 122) || $0.isDigit || $0 == 95 }
      return parts.count <= 2 && isName && !parts[0].isEmpty ? nil : "no name of a system call"
    case .networks: return word.isNetwork ? nil : "no network address"
    case .devices:
      let isNode = word.starts(with: "/dev/") || word.starts(with: "char-") || word.starts(with: "block-")
      let isRight = !word.isEmpty && word.allSatisfy { $0 == 114 || $0 == 119 || $0 == 109 }
      return isNode || word.starts(with: "/run/systemd/inaccessible/") || isRight ? nil : "neither a device nor its rights"
    case .cpus:
      return word.pieces(separatedBy: 44).allSatisfy { $0.isNumberRange } ? nil : "no number of a CPU or node"
    default: return nil
    }
  }
}

extension Array where Element == UInt8 {
  func isNumber(in range: ClosedRange<UInt64>) -> Bool { unsignedNumber.map { range.contains($0) } ?? false }

  /// `E` and capital letters.
  fileprivate var isErrnoName: Bool {
    count > 2 && self[0] == 69 && allSatisfy { ($0 >= 65 && $0 <= 90) || $0.isDigit } && self != "ERROR"
  }

  /// `12%`, `12.5%`
  fileprivate var isPercentage: Bool {
    last == 37 && first?.isDigit == true && dropLast().allSatisfy { $0.isDigit || $0 == 46 }
  }

  /// `3`, `0-7`
  var isNumberRange: Bool {
    let parts = pieces(separatedBy: 45, keepEmpty: true)
    let numbers = parts.compactMap { $0.unsignedNumber }
    return numbers.count == parts.count && numbers.count <= 2 && numbers.allSatisfy { $0 < 8192 }
      && (numbers.count < 2 || numbers[0] <= numbers[1])
  }

  /// An IPv4 or IPv6 address with an optional prefix length, or a word for some.
  fileprivate var isNetwork: Bool {
    if self == "any" || self == "localhost" || self == "link-local" || self == "multicast" { return true }
    let parts = pieces(separatedBy: 47, keepEmpty: true)
    if parts.count == 2, !parts[1].isNumber(in: 0...128) { return false }
    return parts.count <= 2 && (parts[0].isIPv4 || parts[0].isIPv6)
  }

  /// `SOURCE:DESTINATION` with another destination than the source.
  fileprivate var changesView: Bool {
    let parts = Bytes(first == 45 ? dropFirst() : self[...]).pieces(separatedBy: 58, keepEmpty: true)
    return parts.count > 1 && !parts[1].isEmpty && parts[0].simplifiedPath != parts[1].simplifiedPath
  }
}
