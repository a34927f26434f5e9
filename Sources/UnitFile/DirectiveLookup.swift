import Model

/// What the table says about a key.
enum KeyMeaning {
  case directive(Directive)
  /// An option of what a socket unit opens.
  case option(SocketOption)
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
    if let directive = Directive(row: row) {
      self = .directive(directive)
      return
    }
    if section == .socket {
      for option in SocketOption.allCases where key == option.name {
        self = .option(option)
        return
      }
      if let directive = Directive(row: "Service." + key), directive.isOfSockets {
        self = .directive(directive)
        return
      }
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
    } else if section == .service || section == .socket, let entry = UnenforcedKey(key), entry.reason != .packets || section == .socket {
      self = .unenforced(entry)
    } else if KnownKeys.later(section).hasWord(key) {
      self = .later
    } else {
      self = .unknown
    }
  }
}

private func reads(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ word: Bytes) -> Bool {
  for index in word.indices where text[start + index] != word[index] { return false }
  return true
}

extension StaticString {
  /// Whether the word is in the list, which has a blank before and behind each.
  func hasWord(_ word: Bytes) -> Bool { wordIndex(word) != nil }

  /// The word's place in such a list.
  func wordIndex(_ word: Bytes) -> Int? {
    guard !word.isEmpty else { return nil }
    return withUTF8Buffer { text in
      guard let base = text.baseAddress else { return nil }
      var place = 0
      var start = 1
      while start + word.count < text.count {
        var end = start
        // Eight bytes at a time, as far as none of them is a blank: each key of each file comes through here.
        while end + 8 <= text.count {
          let other = UnsafeRawPointer(base + end).loadUnaligned(as: UInt64.self) ^ 0x2020_2020_2020_2020
          let blanks = (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
          end += min(8, blanks.trailingZeroBitCount / 8)
          if blanks != 0 { break }
        }
        while end < text.count, text[end] != 32 { end += 1 }
        if end - start == word.count, reads(text, start, word) { return place }
        place += 1
        start = end + 1
      }
      return nil
    }
  }

  /// The words between blanks.
  var words: [Bytes] { Bytes(self).pieces(separatedBy: 32) }
}
