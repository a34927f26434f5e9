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
    for directive in Directive.allCases where directive.row.hasRow(section.name, key) {
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
  /// Whether one of the rows, parted by blanks, is `section.key`.
  func hasRow(_ section: StaticString, _ key: Bytes) -> Bool {
    section.withUTF8Buffer { section in
      withUTF8Buffer { text in
        var start = 0
        while start < text.count {
          var end = start
          while end < text.count, text[end] != 32 { end += 1 }
          if end - start == section.count + 1 + key.count, text[start + section.count] == 46 {
            let keyStart = start + section.count + 1
            var same = true
            for index in 0..<key.count where text[keyStart + index] != key[index] {
              same = false
              break
            }
            if same, (0..<section.count).allSatisfy({ text[start + $0] == section[$0] }) { return true }
          }
          start = end + 1
        }
        return false
      }
    }
  }

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
