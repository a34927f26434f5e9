import Model

/// One `Exec…=` line (units.md b.4): commands parted by a bare `;`, prefixes, quotes, specifiers.
struct ExecLineParser {
  enum Problem: Error {
    /// Offset in the value, what is wrong, the remedy.
    case bad(Int, Bytes, StaticString)
    /// The first word cannot be decoded: systemd ignores the rest of the line, and keeps what it has.
    case undecodable(Int, Bytes)
  }

  let context: SpecifierContext
  var reader: WordReader
  /// Offsets of escapes that do not exist, and were kept as they are.
  var unknownEscapes: [Int] = []

  init(_ value: Bytes, context: SpecifierContext) {
    self.context = context
    reader = WordReader(value)
  }

  /// The next command; nil at the end. `ignoreFailure` tells, also when it throws, whether `-` was written.
  mutating func next(ignoreFailure: inout Bool) throws(Problem) -> ExecCommand? {
    ignoreFailure = false
    var first: Word
    repeat {
      let word: Word?
      do throws(WordError) {
        word = try nextWord()
      } catch {
        throw describe(error, first: true)
      }
      guard let word else { return nil }
      first = word
    } while first.text == ";"
    var command = ExecCommand(path: [], arguments: [])
    let (rest, separateName) = takePrefixes(first.text, &command)
    ignoreFailure = command.ignoreFailure
    let path = try expand(rest, at: first.offset + first.text.count - rest.count)
    try check(path, at: first.offset)
    if !separateName { command.arguments.append(path) }
    command.path = path.simplifiedPath
    try readArguments(&command)
    if command.arguments.isEmpty {
      throw .bad(first.offset, Bytes("@ needs a name for the process behind the path"), "")
    }
    return command
  }

  /// The prefixes may come in any order, each at most once; a repeated one is part of the path.
  private func takePrefixes(_ word: Bytes, _ command: inout ExecCommand) -> (rest: Bytes, separateName: Bool) {
    var separateName = false
    var index = 0
    scan: while index < word.count {
      let privileged = command.fullPrivileges || command.noSetuid || command.ambientMagic
      switch word[index] {
      case 45 where !command.ignoreFailure: command.ignoreFailure = true  // -
      case 64 where !separateName: separateName = true  // @
      case 58 where !command.noExpansion: command.noExpansion = true  // :
      case 43 where !privileged: command.fullPrivileges = true  // +
      case 33 where !privileged: command.noSetuid = true  // !
      case 33 where command.noSetuid:
        command.noSetuid = false
        command.ambientMagic = true
      default: break scan
      }
      index += 1
    }
    return (Bytes(word[index...]), separateName)
  }

  private func check(_ path: Bytes, at offset: Int) throws(Problem) {
    if path.isEmpty { throw .bad(offset, Bytes("the command is missing"), "") }
    if path.contains(where: { $0 < 32 || $0 == 127 || $0 == 34 || $0 == 39 || $0 == 92 }) {
      throw .bad(offset, Bytes("the path has a control character, a quote or a backslash"), "")
    }
    if path[0] == 47 {
      if path[path.count - 1] == 47 { throw .bad(offset, Bytes("the path names a folder"), "") }
      if !path.isAbsolutePath { throw .bad(offset, Bytes("the path is too long"), "") }
    } else if path.contains(47) || path == "." || path == ".." || path.count > 255 {
      throw .bad(
        offset, Bytes("the path is neither absolute nor a bare name"), "write the absolute path, or a name to be found in PATH")
    }
  }

  private mutating func readArguments(_ command: inout ExecCommand) throws(Problem) {
    while !reader.isAtEnd {
      if isAlone(59, at: reader.position) {
        reader.position += 1
        reader.skipBlanks()
        return
      }
      if reader.text[reader.position] == 92, isAlone(59, at: reader.position + 1) {
        reader.position += 2
        reader.skipBlanks()
        command.arguments.append([59])
        continue
      }
      let word: Word?
      do throws(WordError) {
        word = try nextWord()
      } catch {
        throw describe(error, first: false)
      }
      guard let word else { return }
      command.arguments.append(try expand(word.text, at: word.offset))
    }
  }

  /// Whether that byte stands there as the last of a word.
  private func isAlone(_ byte: UInt8, at index: Int) -> Bool {
    let text = reader.text
    return index < text.count && text[index] == byte && (index + 1 == text.count || text[index + 1].isBlank)
  }

  /// A word with an unknown escape is read again, and keeps it as it is.
  private mutating func nextWord() throws(WordError) -> Word? {
    do throws(WordError) {
      return try reader.next(.strict)
    } catch {
      if case .unknownEscape(let offset) = error {
        let word = try reader.next(.keepUnknown)
        unknownEscapes.append(offset)
        return word
      }
      throw error
    }
  }

  private func expand(_ text: Bytes, at offset: Int) throws(Problem) -> Bytes {
    do throws(SpecifierError) {
      return try context.expand(text)
    } catch {
      throw .bad(offset + error.offset, error.message, error.hint)
    }
  }

  private func describe(_ error: WordError, first: Bool) -> Problem {
    let (offset, reason): (Int, StaticString) =
      switch error {
      case .unclosedQuote(let offset): (offset, "the quote is not closed")
      case .unknownEscape(let offset): (offset, "the backslash at the end of a quoted word escapes nothing")
      }
    return first ? .undecodable(offset, Bytes(reason)) : .bad(offset, Bytes(reason), "")
  }
}

extension UnitParser {
  /// The list gets the commands of the line at hand; an empty value empties it.
  func addCommands(to list: inout [ExecCommand]) {
    if value.isEmpty {
      list = []
      return
    }
    var parser = ExecLineParser(value, context: context)
    var ignoreFailure = false
    do throws(ExecLineParser.Problem) {
      while let command = try parser.next(ignoreFailure: &ignoreFailure) { list.append(command) }
    } catch {
      switch error {
      case .undecodable(let offset, let reason):
        badValue(reason, at: offset)
      case .bad(let offset, let reason, let hint):
        badValue(reason, at: offset, hint: Bytes(hint))
        // With - the line is only ignored; without it systemd refuses the unit.
        if !ignoreFailure, unit.loadState == .loaded, !written.undecided {
          unit.loadState = .badSetting
          unit.loadError = "cannot use " + key + "=" + value.quotable + ": " + reason
        }
      }
    }
    for offset in parser.unknownEscapes {
      report(
        .warning, at: line.position(of: valueOffset + offset),
        message: "unknown escape in " + key + "=, kept as it is", hint: Bytes("write \\\\ for a backslash"))
    }
  }
}
