/// Where apus does not say what systemd said.
enum SystemdDifferences {
  /// Lines of an answer: systemd's, and what apus says in its place.
  struct Line {
    var theirs: String
    var ours: [String]
    init(_ theirs: String, _ ours: String...) {
      self.theirs = theirs
      self.ours = ours
    }
  }

  /// Wanted: each has its line in DESIGN section 2 and in README.
  static let wanted: [String: [Line]] = [
    // Numeric users: they need no entry in /etc/passwd.
    "world-user-and-groups": [
      Line("start world-user-and-groups-unknown-number -> 1", "start world-user-and-groups-unknown-number -> 0"),
      Line("world-user-and-groups-unknown-number: ExecMainStatus=217", "world-user-and-groups-unknown-number: ExecMainStatus=0"),
      Line("0 1 1", "0 1 1", "54321 54321 54321"),
    ],
    // Who needs a unit that is in its backoff waits for it.
    "job-start-while-the-requirement-is-in-its-backoff": [
      Line(
        "start job-start-while-the-requirement-is-in-its-backoff-a -> 1",
        "start job-start-while-the-requirement-is-in-its-backoff-a -> 0"),
      Line(
        "job-start-while-the-requirement-is-in-its-backoff-a: inactive/dead success",
        "job-start-while-the-requirement-is-in-its-backoff-a: active/running success"),
    ],
  ]

  /// Not wanted: what is still to be done, with the reason. An entry whose case is equal may go.
  static let notYet: [String: String] = [:]

  /// What apus has to say.
  static func applied(to said: [String], of name: String) -> [String] {
    guard let lines = wanted[name] else { return said }
    return said.flatMap { line in lines.first { $0.theirs == line }?.ours ?? [line] }
  }
}
