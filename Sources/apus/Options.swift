import Model

/// Every option of every face, in the order of `OptionSpec.table`.
enum OptionID: UInt8, CaseIterable {
  case stopTimeout, failFast, stay, group, dieWithParent, containment, spawn, control, controlGroup, unitPath, crontabUserField, output,
    noBlock, jobMode, all, type, state, noLegend, property, value, signal, killWhom, plan, quiet, explain, generatorTimeout,
    create, remove, boot, excludePrefix, full, noPager, system, noAskPassword, pathForm, unescape, mangle, suffix, template,
    instance, now, runtime, force, noReload, plain, failed, after, before, reverse, iterations,
    baseTime, timezone, json, forSpan, exitIdleTime, connectionsMax, showTypes, help, version
}

/// One option: its names, what it takes and what it does.
final class OptionSpec: Sendable {
  let id: OptionID
  /// Without the dashes. The environment variable is `APUS_` and this in capitals.
  let name: Bytes
  /// The short form, 0 for none.
  let short: UInt8
  /// What stands for the value in the help; empty for a flag.
  let value: Bytes
  /// Lines of the help; empty for one that is only accepted for systemctl's sake.
  let help: Bytes

  /// One record of `table`, behind its `%`.
  private init(_ id: OptionID, _ record: Bytes) {
    let lines = record.pieces(separatedBy: 10)
    let head = lines[0].pieces(separatedBy: 32)
    self.id = id
    name = head[0]
    short = head[1] == "-" ? 0 : head[1][0]
    value = head.count > 2 ? head[2] : []
    var help = Bytes()
    for index in 1..<lines.count {
      if index > 1 { help.append(10) }
      help += lines[index]
    }
    self.help = help
  }

  var takesValue: Bool { !value.isEmpty }

  /// `APUS_STOP_TIMEOUT`
  var variable: Bytes {
    var out = Bytes("APUS_")
    for byte in name { out.append(byte == 45 ? 95 : byte >= 97 && byte <= 122 ? byte - 32 : byte) }
    return out
  }

  /// Made anew each time: PID 1 keeps none of it.
  static var all: [OptionSpec] {
    let records = Bytes(table).pieces(separatedBy: 37)
    var all: [OptionSpec] = []
    for id in OptionID.allCases { all.append(OptionSpec(id, records[Int(id.rawValue)])) }
    return all
  }

  /// The only place that has their text, in the order of `OptionID`; `Tests/ClientTests` compares all that is made of it.
  /// Each begins with `%`: its name, its letter (`-`: none) and what it takes; then the lines of its help.
  private static let table: StaticString = """
    %stop-timeout - SPAN
    cap on the time that stopping everything may take
    (10s, 1min 30s; default: only the units' own limits)
    %fail-fast -
    a unit that fails at boot ends the run with its status
    %stay -
    stay when nothing is left to run or to wait for
    %group -
    forward signals to COMMAND's process group
    %die-with-parent -
    stop when the parent process dies
    %containment - WAY
    how a service's processes are found: auto (default),
    cgroup, tag or group
    %spawn - WAY
    how processes are made: clone (default) or fork
    %control - PATH
    the control socket (default: the first of
    /run/apus/control.sock, $XDG_RUNTIME_DIR/apus/control.sock,
    /dev/shm/apus-UID/control.sock, /tmp/apus-UID/control.sock)
    %control-group - NAME
    group whose members may ask for status
    %unit-path - FOLDER:...
    where units are found, in place of systemd's folders;
    a colon at the end adds those
    %crontab-user-field -
    a field before the command names the user in every crontab,
    as it does in /etc/crontab and in the files of /etc/cron.d
    %output o FORM
    text (default) or json
    %no-block -
    do not wait for the job to end
    %job-mode - MODE
    for a unit that has another job: replace it (default), or fail
    %all a
    inactive units, and disabled services, too
    %type t TYPE,...
    only units of these types
    %state - STATE,...
    only units in these load, active or sub states
    %no-legend -
    without head and foot
    %property p NAME,...
    only these properties
    %value -
    the values without the names
    %signal s SIGNAL
    the signal, by name or number (default: TERM)
    %kill-whom - WHOM
    which processes: all (default), main or control
    %plan -
    only say what would be done
    %quiet q
    say nothing, only exit with the status
    %explain -
    what is not enforced in each unit, what is done instead, and why
    %generator-timeout - SPAN
    how long unit generators may take together (default: 15s)
    %create -
    make files, folders and links, and set their modes and owners
    %remove -
    remove what the lines of types r, R and D say
    %boot -
    do also what is only right at boot (!)
    %exclude-prefix - PATH
    leave out what is below PATH
    %full l
    %no-pager -
    %system -
    %no-ask-password -
    %path p
    the text is a path
    %unescape u
    the other way
    %mangle m
    make a unit name as the verbs do of their operands
    %suffix - SUFFIX
    append a unit type: service, mount ...
    %template - NAME@.TYPE
    put the text into a template's name as its instance
    %instance -
    with --unescape: of the instance's name only
    %now -
    start or stop the units, too
    %runtime -
    below /run, until the container ends
    %force f
    replace links that lead elsewhere, and files
    %no-reload -
    do not have apus read the unit files again
    %plain -
    a list, not a tree
    %failed -
    only units that have failed
    %after -
    what it waits for
    %before -
    what waits for it
    %reverse -
    what pulls it in
    %iterations - N
    how many times are shown (default: 1)
    %base-time - TIME
    as if it were this time now
    %timezone - ZONE
    the zone of what names none (default: $TZ, then /etc/localtime)
    %json -
    answers as JSON, one a line
    %for - SPAN
    how far to look: 12h, 7d, 1month (default: 1d)
    %exit-idle-time - SPAN
    leave when there was no connection for so long
    %connections-max - N
    more wait in the kernel's queue (default: 256)
    %show-types -
    the type of each socket
    %help h
    this help
    %version -
    the version

    """

  static func named(_ name: Bytes) -> OptionSpec? {
    // Debian's older systemctl calls it so.
    let wanted = name == "kill-who" ? Bytes("kill-whom") : name
    for spec in all where wanted == spec.name { return spec }
    return nil
  }

  /// Of two options with one letter it is the verb's that is meant.
  static func short(_ letter: UInt8, _ verb: VerbSpec?) -> OptionSpec? {
    if letter == 0 { return nil }
    var other: OptionSpec? = nil
    for spec in all where spec.short == letter {
      if verb?.options.contains(spec.name) ?? true { return spec }
      if other == nil { other = spec }
    }
    return other
  }
}

/// One option that was given.
final class GivenOption: Sendable {
  let id: OptionID
  let value: Bytes
  /// `--stop-timeout` or `APUS_STOP_TIMEOUT`.
  let source: Bytes
  init(_ id: OptionID, _ value: Bytes, _ source: Bytes) {
    self.id = id
    self.value = value
    self.source = source
  }
}

/// The options that were given, on the command line or in the environment.
struct OptionValues {
  /// In order; where a name came twice, the last one counts, but `--property`, which adds up.
  private(set) var given: [GivenOption] = []

  mutating func add(_ id: OptionID, _ value: Bytes, source: Bytes) { given.append(GivenOption(id, value, source)) }

  private func last(_ id: OptionID) -> GivenOption? {
    var found: GivenOption? = nil
    for option in given where option.id == id { found = option }
    return found
  }

  func has(_ id: OptionID) -> Bool { last(id) != nil }
  func value(_ id: OptionID) -> Bytes? { last(id)?.value }

  /// All of them, where a name came more than once.
  func values(_ id: OptionID) -> [Bytes] {
    var all: [Bytes] = []
    for option in given where option.id == id { all.append(option.value) }
    return all
  }

  /// `--stop-timeout` or `APUS_STOP_TIMEOUT`, for messages about the value.
  func source(_ id: OptionID) -> Bytes { last(id)?.source ?? [] }

  /// The pieces between commas, of all that were given.
  func list(_ id: OptionID) -> [Bytes] {
    var pieces: [Bytes] = []
    for value in values(id) { pieces += value.pieces(separatedBy: 44) }
    return pieces
  }
}
