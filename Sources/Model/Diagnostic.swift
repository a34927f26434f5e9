/// How bad a finding is. An error refuses the configuration as a whole; the others are only said.
public enum Severity: UInt8, Comparable, Sendable {
  /// Of everyday traffic: many come at once, and nobody waits for one.
  case info
  case notice, warning, error

  public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
  public var name: StaticString {
    switch self {
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    }
  }
}

/// A finding in a file, printed as `file:line:column: severity: message (hint)`. A class: findings are handed on and on.
public final class Diagnostic: Equatable, Sendable {
  public let severity: Severity
  public let file: Bytes
  /// From 1; 0 where the finding is about the file as a whole.
  public let line: Int
  /// Bytes from 1; 0 where the finding is about the line as a whole.
  public let column: Int
  public let message: Bytes
  /// The remedy: `did you mean RestartSec=?`; empty if there is none to give.
  public let hint: Bytes

  public init(_ severity: Severity, file: Bytes, line: Int = 0, column: Int = 0, message: Bytes, hint: Bytes = []) {
    self.severity = severity
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.hint = hint
  }

  public static func == (one: Diagnostic, other: Diagnostic) -> Bool {
    one.severity == other.severity && one.file == other.file && one.line == other.line && one.column == other.column
      && one.message == other.message && one.hint == other.hint
  }

  /// One line without its newline.
  public var text: Bytes {
    var out = file
    if line > 0 {
      out.append(58)
      out.append(decimal: line)
      if column > 0 {
        out.append(58)
        out.append(decimal: column)
      }
    }
    out += ": "
    out.append(severity.name)
    out += ": "
    out += message
    if !hint.isEmpty {
      out += " ("
      out += hint
      out += ")"
    }
    return out
  }
}
