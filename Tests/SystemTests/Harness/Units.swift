/// Unit files for tests.
enum Units {
  /// A service from its `[Service]` lines; `more` is whole sections.
  static func service(_ lines: String..., more: String = "") -> String {
    more + (more.isEmpty ? "" : "\n") + "[Service]\n" + lines.joined(separator: "\n") + "\n"
  }

  /// A service that runs until it is told to stop.
  static let longRunning = service("ExecStart=/bin/sleep 1000")

  /// A service that runs a shell script. `$` and `%` of the script are the script's own.
  static func shell(_ script: String, _ lines: String..., more: String = "") -> String {
    let quoted = script.replacing("\\", with: "\\\\").replacing("'", with: "\\'").replacing("$", with: "$$").replacing("%", with: "%%")
    return (more.isEmpty ? "" : more + "\n") + "[Service]\nExecStart=/bin/sh -c '\(quoted)'\n" + lines.map { $0 + "\n" }.joined()
  }
}
