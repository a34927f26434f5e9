import Model

/// What an `EnvironmentFile=` says.
public struct EnvironmentFileContents: Equatable, Sendable {
  /// `NAME=value` in order; a later one wins.
  public var assignments: [Bytes] = []
  /// What stands before the `=` of entries that were left out because it is no variable's name.
  public var invalidNames: [Bytes] = []
}

/// Reads an environment file (units.md b.6, systemd 254 and later). nil if it is no text: invalid UTF-8, or NUL bytes.
public func parseEnvironmentFile(_ contents: Bytes) -> EnvironmentFileContents? {
  if contents.firstInvalidUTF8 != nil || contents.contains(0) { return nil }
  var parser = EnvironmentFileParser()
  for byte in contents.starts(with: "\u{FEFF}") ? contents[3...] : contents[...] { parser.take(byte) }
  parser.finish()
  return parser.result
}

/// One state at a time, as in systemd's reader; its language is near to a shell's, and not the same.
private struct EnvironmentFileParser {
  private enum State {
    case beforeKey, comment, key, beforeValue, value, valueEscape, singleQuoted, doubleQuoted, doubleQuotedEscape
  }

  var result = EnvironmentFileContents()
  private var state = State.beforeKey
  private var key = Bytes()
  private var value = Bytes()
  /// Length of `value` without the blanks at its end that no backslash protects.
  private var keptLength = 0

  init() {}

  mutating func take(_ byte: UInt8) {
    let isNewline = byte == 10 || byte == 13
    switch state {
    case .beforeKey:
      if byte == 35 || byte == 59 {
        state = .comment
      } else if !byte.isBlank {
        key = [byte]
        state = byte == 61 ? .beforeValue : .key
        if byte == 61 { key = [] }
      }
    case .comment:
      if isNewline { state = .beforeKey }
    case .key:
      if isNewline {
        state = .beforeKey
      } else if byte == 61 {
        state = .beforeValue
      } else {
        key.append(byte)
      }
    case .beforeValue, .value: takeUnquoted(byte, isNewline)
    case .valueEscape:
      // A newline behind a backslash joins the lines.
      if !isNewline { keep(byte) }
      state = .value
    case .singleQuoted:
      if byte == 39 { state = .beforeValue } else { keep(byte) }
    case .doubleQuoted:
      if byte == 34 {
        state = .beforeValue
      } else if byte == 92 {
        state = .doubleQuotedEscape
      } else {
        keep(byte)
      }
    case .doubleQuotedEscape:
      if !(byte == 34 || byte == 92 || byte == 96 || byte == 36 || byte == 10) { keep(92) }
      if byte != 10 { keep(byte) }
      state = .doubleQuoted
    }
  }

  private mutating func takeUnquoted(_ byte: UInt8, _ isNewline: Bool) {
    if isNewline {
      push()
    } else if byte == 92 {
      // A backslash protects the blanks before it, too.
      keptLength = value.count
      state = .valueEscape
    } else if state == .beforeValue, byte == 39 {
      state = .singleQuoted
    } else if state == .beforeValue, byte == 34 {
      state = .doubleQuoted
    } else if byte.isBlank {
      if state == .value { value.append(byte) }
    } else {
      keep(byte)
      state = .value
    }
  }

  mutating func finish() {
    switch state {
    case .beforeKey, .comment, .key: break
    case .beforeValue, .value, .valueEscape, .singleQuoted, .doubleQuoted, .doubleQuotedEscape: push()
    }
  }

  private mutating func keep(_ byte: UInt8) {
    value.append(byte)
    keptLength = value.count
  }

  private mutating func push() {
    let name = key.trimmed
    value.removeLast(value.count - keptLength)
    if name.isEnvironmentName {
      result.assignments.append(name + "=" + value)
    } else {
      result.invalidNames.append(name)
    }
    key = []
    value = []
    keptLength = 0
    state = .beforeKey
  }
}
