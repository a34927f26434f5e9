/// How bad a finding is. An error refuses the configuration as a whole; the others are only said.
public enum Severity: UInt8, Comparable, Sendable {
  case notice, warning, error

  public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
  public var name: StaticString {
    switch self {
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    }
  }
}

/// A finding in a file, printed as `file:line:column: severity: message (hint)`.
public struct Diagnostic: Equatable, Sendable {
  public var severity: Severity
  public var file: Bytes
  /// From 1; 0 where the finding is about the file as a whole.
  public var line: Int
  /// Bytes from 1; 0 where the finding is about the line as a whole.
  public var column: Int
  public var message: Bytes
  /// The remedy: `did you mean RestartSec=?`; empty if there is none to give.
  public var hint: Bytes

  public init(_ severity: Severity, file: Bytes, line: Int = 0, column: Int = 0, message: Bytes, hint: Bytes = []) {
    self.severity = severity
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.hint = hint
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
