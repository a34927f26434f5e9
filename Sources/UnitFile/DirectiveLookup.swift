import Model

/// What the table says about a key.
enum KeyMeaning: Equatable {
  case directive(Directive)
  /// Honoured by a later release.
  case later
  /// Nothing to do, nothing to say.
  case silent
  case unknown
}

extension KeyMeaning {
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
    } else if KnownKeys.later(section).hasWord(key) || (section == .unit && KeyMeaning.isCondition(key)) {
      self = .later
    } else {
      self = .unknown
    }
  }

  private static func isCondition(_ key: Bytes) -> Bool {
    if key.starts(with: "Condition") { return KnownKeys.conditions.hasWord(Bytes(key[9...])) }
    return key.starts(with: "Assert") && KnownKeys.conditions.hasWord(Bytes(key[6...]))
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
