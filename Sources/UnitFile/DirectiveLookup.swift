import Model

/// What the table says about a key.
enum KeyMeaning {
  case directive(Directive)
  /// `Condition…=`, `Assert…=`
  case condition(ConditionKind, isAssert: Bool)
  /// Checked, and not enforced here.
  case unenforced(UnenforcedKey)
  /// Honoured by a later release.
  case later
  /// Nothing to do, nothing to say.
  case silent
  case unknown
}

extension KeyMeaning {
  var isKnown: Bool {
    if case .unknown = self { return false }
    return true
  }

  init(_ key: Bytes, in section: Section) {
    let row = Bytes(section.name) + "." + key
    for directive in Directive.allCases where row == directive.row {
      self = .directive(directive)
      return
    }
    for directive in Directive.allCases where directive.legacyRows.hasWord(row) {
      self = .directive(directive)
      return
    }
    if KnownKeys.silent(section).hasWord(key) {
      self = .silent
    } else if section == .unit, key.starts(with: "Condition"), let kind = ConditionKind(named: Bytes(key[9...])) {
      self = .condition(kind, isAssert: false)
    } else if section == .unit, key.starts(with: "Assert"), let kind = ConditionKind(named: Bytes(key[6...])) {
      self = .condition(kind, isAssert: true)
    } else if section == .service, let entry = UnenforcedKey(key) {
      self = .unenforced(entry)
    } else if KnownKeys.later(section).hasWord(key) {
      self = .later
    } else {
      self = .unknown
    }
  }
}

extension StaticString {
  /// Whether the word is in the list, which has a blank before and behind each.
  func hasWord(_ word: Bytes) -> Bool {
    guard let first = word.first else { return false }
    return withUTF8Buffer { text in
      var index = 0
      while index + word.count + 1 < text.count {
        if text[index] == 32, text[index + 1] == first, text[index + word.count + 1] == 32,
          (1..<word.count).allSatisfy({ text[index + 1 + $0] == word[$0] })
        {
          return true
        }
        index += 1
      }
      return false
    }
  }

  /// The words between blanks.
  var words: [Bytes] { Bytes(self).pieces(separatedBy: 32) }
}
