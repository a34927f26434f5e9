import Model

/// Reads one line: `type path mode user group age argument`, `-` for a default.
final class TmpfilesLine {
  /// Of one file; the rest is said and left out.
  static let linesMax = 65_536

  private let text: Bytes
  private let file: Bytes
  private let line: Int
  private let context: SpecifierContext
  private(set) var diagnostics: [Diagnostic] = []

  init(_ text: Bytes, file: Bytes, line: Int, host: HostFacts) {
    self.text = text
    self.file = file
    self.line = line
    // Specifiers of tmpfiles.d are those of units without the unit's own.
    context = SpecifierContext(name: TmpfilesLine.nobody, path: file, host: host)
  }

  /// Only what speaks of the host is expanded, so that this name never shows.
  private static let nobody = UnitName(Bytes("tmpfiles.service")) ?? { invariant("a plain unit name") }()

  func read() -> TmpfilesItem? {
    var reader = WordReader(text)
    var fields: [Bytes] = []
    while fields.count < 6 {
      do throws(WordError) {
        guard let word = try reader.next(.keepUnknown) else { break }
        fields.append(word.text)
      } catch {
        return refuse("a quote is not closed", hint: "write each field without blanks, or in quotes")
      }
    }
    guard fields.count >= 2 else { return refuse("the path is missing", hint: "write: type path mode user group age argument") }
    guard let item = action(fields[0]) else { return nil }
    guard let path = expanded(fields[1]) else { return nil }
    guard path.isAbsolutePath else { return refuse("the path " + path.quotable + " is not absolute") }
    if path.pieces(separatedBy: 47).contains(where: { $0 == ".." }) { return refuse("the path " + path.quotable + " has .. in it") }
    item.path = path.simplifiedPath
    func field(_ index: Int) -> Bytes { index < fields.count && !(fields[index] == "-") ? fields[index] : [] }
    guard setMode(field(2), item) else { return nil }
    (item.user, item.userIsForNew) = TmpfilesLine.owner(field(3))
    (item.group, item.groupIsForNew) = TmpfilesLine.owner(field(4))
    guard let user = expanded(item.user), let group = expanded(item.group) else { return nil }
    item.user = user
    item.group = group
    return setArgument(Bytes(text[min(reader.position, text.count)...]).trimmed, item)
  }

  // MARK: Fields

  private func action(_ word: Bytes) -> TmpfilesItem? {
    guard let letter = word.first else { return refuse("the type is missing") }
    var isForced = false
    let item = TmpfilesItem(.folder, path: [], location: SourceLocation(file: file, line: line))
    for modifier in word.dropFirst() {
      switch modifier {
      case UInt8(ascii: "!") where !item.isForBootOnly: item.isForBootOnly = true
      case UInt8(ascii: "-") where !item.mayFail: item.mayFail = true
      case UInt8(ascii: "=") where !item.replaces: item.replaces = true
      case UInt8(ascii: "+") where !isForced: isForced = true
      case UInt8(ascii: "~"), UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "?"):
        report(.notice, "the modifier " + [modifier] + " of type " + word.quotable + " is not supported: the line is left out")
        return nil
      default: return refuse("no such modifier in type " + word.quotable, hint: "the type is one letter, behind it come + ! - =")
      }
    }
    switch letter {
    case UInt8(ascii: "d"), UInt8(ascii: "v"), UInt8(ascii: "q"), UInt8(ascii: "Q"): item.action = .folder
    case UInt8(ascii: "D"): item.action = .emptiedFolder
    case UInt8(ascii: "e"): item.action = .existingFolder
    case UInt8(ascii: "f"): item.action = isForced ? .truncatedFile : .file
    case UInt8(ascii: "F"): item.action = .truncatedFile
    case UInt8(ascii: "w"): item.action = isForced ? .append : .write
    case UInt8(ascii: "L"): item.action = isForced ? .forcedLink : .link
    case UInt8(ascii: "p"): item.action = .fifo
    case UInt8(ascii: "r"): item.action = .remove
    case UInt8(ascii: "R"): item.action = .removeTree
    case UInt8(ascii: "z"), UInt8(ascii: "m"): item.action = .adjust
    case UInt8(ascii: "Z"): item.action = .adjustTree
    case UInt8(ascii: "x"), UInt8(ascii: "X"): item.action = .exclude
    case UInt8(ascii: "b"), UInt8(ascii: "c"), UInt8(ascii: "C"), UInt8(ascii: "a"), UInt8(ascii: "A"), UInt8(ascii: "t"),
      UInt8(ascii: "T"), UInt8(ascii: "h"), UInt8(ascii: "H"):
      report(.notice, "type " + word.quotable + " is not supported: the line is left out")
      return nil
    default: return refuse("no such type: " + word.quotable, hint: "one of d D e f F w L p r R z Z x")
    }
    return item
  }

  private func setMode(_ text: Bytes, _ item: TmpfilesItem) -> Bool {
    var rest = text
    while let first = rest.first, first == UInt8(ascii: "~") || first == UInt8(ascii: ":") {
      if first == UInt8(ascii: "~") { item.modeIsMasked = true } else { item.modeIsForNew = true }
      rest.removeFirst()
    }
    if rest.isEmpty { return text.isEmpty ? true : refused(Bytes("the mode is missing")) }
    guard let mode = rest.octalMode else { return refused("no octal mode: " + rest.quotable) }
    item.mode = mode
    return true
  }

  private static func owner(_ text: Bytes) -> (Bytes, Bool) {
    text.first == UInt8(ascii: ":") ? (Bytes(text[1...]), true) : (text, false)
  }

  /// The rest of the line as it stands, for what is written with its escapes decoded.
  private func setArgument(_ rest: Bytes, _ item: TmpfilesItem) -> TmpfilesItem? {
    guard let argument = expanded(rest == "-" ? [] : rest) else { return nil }
    switch item.action {
    case .file, .truncatedFile, .write, .append:
      if argument.isEmpty && (item.action == .write || item.action == .append) { return refuse("there is nothing to write") }
      item.argument = TmpfilesLine.unescaped(argument)
    case .link, .forcedLink:
      // As systemd-tmpfiles: a link without a target is one to the factory's copy.
      item.argument = argument.isEmpty ? "/usr/share/factory" + item.path : argument
    case .folder, .emptiedFolder, .existingFolder, .fifo, .remove, .removeTree, .adjust, .adjustTree, .exclude: break
    }
    return item
  }

  private static func unescaped(_ text: Bytes) -> Bytes {
    var out = Bytes()
    var index = 0
    while index < text.count {
      if text[index] == 92, index + 1 < text.count, let length = decodeEscape(text, at: index + 1, into: &out) {
        index += 1 + length
      } else {
        out.append(text[index])
        index += 1
      }
    }
    return out
  }

  // MARK: Findings

  private func expanded(_ text: Bytes) -> Bytes? {
    do throws(SpecifierError) {
      return try context.expandHost(text)
    } catch {
      return refuse(error.message, hint: Bytes(error.hint))
    }
  }

  private func refused(_ message: Bytes) -> Bool {
    report(.error, message)
    return false
  }

  private func refuse<T>(_ message: Bytes, hint: Bytes = []) -> T? {
    report(.error, message, hint: hint)
    return nil
  }

  private func refuse<T>(_ message: StaticString, hint: StaticString = "") -> T? {
    report(.error, Bytes(message), hint: Bytes(hint))
    return nil
  }

  private func refuse<T>(_ message: Bytes, hint: StaticString) -> T? {
    report(.error, message, hint: Bytes(hint))
    return nil
  }

  private func report(_ severity: Severity, _ message: Bytes, hint: Bytes = []) {
    diagnostics.append(Diagnostic(severity, file: file, line: line, message: message, hint: hint))
  }
}
