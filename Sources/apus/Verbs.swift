import Model

/// What one invocation of apus is (DESIGN section 1), in the order of `VerbSpec.table`.
enum Face: UInt8, CaseIterable {
  case run, check, plan, tmpfiles, relay, `import`, status, show, listUnits, listTimers, listSockets, listPaths, isActive, isFailed,
    listDependencies, isSystemRunning,
    start, stop, restart, tryRestart, reload, reloadOrRestart, tryReloadOrRestart, kill, resetFailed, cat, listUnitFiles,
    isEnabled, enable, disable, reenable, preset, mask, unmask, getDefault, setDefault, escape, calendar, timespan, timestamp,
    daemonReload, apply, exit, wrap, boot
}

/// Headings of the help, in order; the raw value is the letter in `VerbSpec.table`.
enum VerbGroup: UInt8 {
  case supervise = 0x73  // s
  case look = 0x6C  // l
  case act = 0x61  // a
  case files = 0x66  // f
  case times = 0x74  // t
  case manage = 0x6D  // m
  static let all: [VerbGroup] = [.supervise, .look, .act, .files, .times, .manage]
  var heading: StaticString {
    switch self {
    case .supervise: "supervise"
    case .look: "look"
    case .act: "act on units"
    case .files: "look at unit files, and link them"
    case .times: "read schedules and times"
    case .manage: "act on apus itself"
    }
  }
}

/// One verb: its form, its options and its text.
final class VerbSpec: Sendable {
  let face: Face
  /// Empty: `apus -- COMMAND` and `apus` alone.
  let name: Bytes
  let group: VerbGroup
  /// Behind `apus`.
  let usage: Bytes
  let summary: Bytes
  /// Whole lines.
  let details: Bytes
  let operandsMin: Int
  let operandsMax: Int
  /// By name.
  let options: [Bytes]

  /// One record of `table`, behind its `%`.
  private init(_ face: Face, _ record: Bytes) {
    let lines = record.pieces(separatedBy: 10, keepEmpty: true)
    let head = lines[0].pieces(separatedBy: 32)
    self.face = face
    name = head[0] == "-" ? [] : head[0]
    group = VerbGroup(rawValue: head[1][0]) ?? .supervise
    let operands = head[2][0]
    operandsMin = operands == 0x2B || operands == 0x31 ? 1 : 0
    operandsMax = operands == 0x2A || operands == 0x2B ? Int.max : operands == 0x30 ? 0 : 1
    var usage = head[3]
    for index in 4..<head.count { usage += " " + head[index] }
    self.usage = usage
    summary = lines[1]
    var names = lines[2]
    if group != .supervise && group != .times && face != .escape { names += VerbSpec.client }
    options = (names + " help").pieces(separatedBy: 32)
    var details = Bytes()
    for index in 3..<(lines.count - 1) { details += lines[index] + "\n" }
    self.details = details
  }

  /// Options of every client verb; all but the first are systemctl's, and change nothing here.
  private static var client: Bytes { Bytes(" control quiet full no-pager system no-ask-password") }

  /// Made anew each time: PID 1 keeps none of it.
  private static var records: [Bytes] { Bytes(table).pieces(separatedBy: 37) }

  /// All that have a name.
  static var all: [VerbSpec] {
    let records = records
    var all: [VerbSpec] = []
    for face in Face.allCases {
      let verb = VerbSpec(face, records[Int(face.rawValue)])
      if !verb.name.isEmpty { all.append(verb) }
    }
    return all
  }

  static func of(_ face: Face) -> VerbSpec { VerbSpec(face, records[Int(face.rawValue)]) }

  /// The only place that has them, in the order of `Face`; `Tests/ClientTests` compares all that is made of it. As text it
  /// is a third of what code or data would be. Each begins with `%`:
  /// - its name (`-`: none), the letter of its group, its operands (0, 1, ? for none or one, + for one or more, * for any
  ///   number) and its usage;
  /// - its summary;
  /// - its options, without those of every client verb and `help`;
  /// - its details, whole lines up to the next `%`.
  private static let table: StaticString = """
    %run s + run [OPTION...] (PATH | UNIT)... [-- COMMAND [ARG...]]
    supervise the units of a folder, or single ones, and crontabs
    stop-timeout fail-fast stay group die-with-parent containment spawn control control-group unit-path \
    crontab-user-field generator-timeout
    An argument with a slash, or that exists, is a PATH: a folder of unit files, one unit file, or a
    crontab (a file with any other name); each entry of a crontab is a job, a unit of its own.
    Any other is a UNIT, looked up in the folders given, in /etc/apus and in systemd's folders
    (/etc/systemd/system, /run/systemd/system, /usr/lib/systemd/system ...); it starts with all it
    pulls in. COMMAND, behind --, is the main process: it starts when the units have started, and
    when it ends everything stops.

    TERM, INT and QUIT stop everything; HUP reads the files again and applies what changed.
    Exit status: COMMAND's; else 0 when all went well, 1 when a unit failed or had to be killed,
    64 for a bad command line, 78 for a bad unit file.
    %check s + check [OPTION...] (PATH | UNIT)...
    read unit files and crontabs and say what is wrong with them
    explain unit-path crontab-user-field
    Findings are printed as file:line:column: error: text. Exit status: 0 without an error, else 78.
    %plan s + plan [OPTION...] (PATH | UNIT)...
    every run that the schedules would start, in order
    for base-time json unit-path crontab-user-field
    Reads and checks as 'apus check' does, and starts nothing. A line is a run: local time, unit, and
    what comes due. It is as if apus started at the base, and as if each run ended at once: runs that
    would be left out for another one are listed, and 'after 5s' counts from the run's beginning.
    Exit status: 0, or 78 for a bad unit file or crontab.
    %tmpfiles s * tmpfiles (--create | --remove)... [OPTION...] [FILE...]
    make, change and remove what tmpfiles.d files say
    create remove boot exclude-prefix
    Without a FILE: all of /etc, /run, /usr/local/lib and /usr/lib/tmpfiles.d. A FILE without a slash is
    looked for there. 'apus' as PID 1 of its own does this at boot.
    Exit status: 0 done, 65 a line cannot be read, 73 something could not be made.
    %relay s 1 relay [OPTION...] TARGET
    pass connections on, as the command of a service with a .socket
    exit-idle-time connections-max
    TARGET is HOST:PORT, [V6]:PORT, or the path of a socket. With StandardInput=socket and Accept=yes it
    passes one connection on; with Accept=no it accepts itself, and passes all of them on. A name is
    looked up in /etc/hosts, then by DNS. Ends of one direction are passed on, and breaks as breaks.
    Exit status: 0, or 1 if TARGET could not be reached.
    %import s + import xinetd [OPTION...] (FILE | FOLDER)... DEST
    make unit files of a configuration of xinetd
    all force
    The files, and all that they include, become a socket and a service for each entry, in the folder
    DEST. What has no equivalent is said as file:line: warning: text; an entry that would be another
    service without it is not written. --all writes disabled entries, too.
    Exit status: 0 all of it was translated, 1 something was left out.
    %status l * status [OPTION...] [UNIT...]
    what units do, and why
    output
    Without a UNIT: all in short. Exit status: 0 active, 3 not active, 4 no such unit.
    %show l + show [OPTION...] UNIT...
    a unit's properties, for programs
    property value output
    %list-units l * list-units [OPTION...] [PATTERN...]
    a table of the units
    all type state failed plain no-legend output
    Without --all or --state: those that are active, failed, or have a job. A PATTERN knows * ? and [a-z].
    %list-timers l * list-timers [OPTION...] [PATTERN...]
    a table of the schedules and their next runs
    all no-legend output
    Without --all: those that are armed or active.
    %list-sockets l * list-sockets [OPTION...] [PATTERN...]
    a table of what is listened on
    all show-types no-legend output
    Without --all: those of active units.
    %list-paths l * list-paths [OPTION...] [PATTERN...]
    a table of the paths that are watched
    all no-legend output
    Without --all: those of active units.
    %is-active l + is-active [OPTION...] UNIT...
    whether units are active
    output
    Exit status: 0 if one of them is active, else 3.
    %is-failed l + is-failed [OPTION...] UNIT...
    whether units have failed
    output
    Exit status: 0 if one of them has failed, else 1.
    %list-dependencies l ? list-dependencies [OPTION...] [UNIT]
    a tree of what a unit pulls in
    all plain after before reverse
    Targets are unfolded, with --all every unit. Without a UNIT: of what boots.
    %is-system-running l 0 is-system-running
    whether apus runs, and nothing has failed

    Exit status: 0 running, 1 anything else.
    %start a + start [OPTION...] UNIT...
    start units
    no-block job-mode output
    Exit status: 0 started, 1 failed, 5 no such unit.
    %stop a + stop [OPTION...] UNIT...
    stop units
    no-block job-mode output
    The job ends when every process of the unit is gone. Exit status: 0 stopped, 1 failed, 5 no such unit.
    %restart a + restart [OPTION...] UNIT...
    stop and start units
    no-block job-mode output
    Exit status: 0 started, 1 failed, 5 no such unit.
    %try-restart a + try-restart [OPTION...] UNIT...
    restart those units that run
    no-block job-mode output
    Exit status: 0 restarted or not running, 1 failed, 5 no such unit.
    %reload a + reload [OPTION...] UNIT...
    have units read their configuration again
    no-block job-mode output
    Exit status: 0 reloaded, 1 failed, 3 the unit cannot reload or does not run, 5 no such unit.
    %reload-or-restart a + reload-or-restart [OPTION...] UNIT...
    reload units that can, restart the others
    no-block job-mode output
    %try-reload-or-restart a + try-reload-or-restart [OPTION...] UNIT...
    the same of those that run
    no-block job-mode output
    %kill a + kill [OPTION...] UNIT...
    send a signal to processes of units
    signal kill-whom output
    Exit status: 0 sent, 1 failed, 5 no such unit.
    %reset-failed a * reset-failed [OPTION...] [UNIT...]
    forget failures, restart counts and start limits
    output
    Without a UNIT: of all that have failed.
    %cat f + cat [OPTION...] UNIT...
    a unit's files, as they are applied
    unit-path
    The main file, then the drop-ins; of a crontab's job its line. What the unit path lacks, the running
    apus is asked for. Exit status: 0, or 1 if one of them has no file.
    %list-unit-files f * list-unit-files [OPTION...] [PATTERN...]
    what the unit path has, and what of it is enabled
    unit-path no-legend type state
    %is-enabled f + is-enabled [OPTION...] UNIT...
    whether units are linked into what boots
    unit-path
    Exit status: 0 if one of them is enabled, static, an alias, generated or indirect; else 1.
    %enable f + enable [OPTION...] UNIT...
    make the links that the unit's [Install] section names
    unit-path now runtime force no-reload
    Links are made below /etc/systemd/system, or in the first folder of --unit-path. Exit status: 0, or 1.
    %disable f + disable [OPTION...] UNIT...
    remove all links to units
    unit-path now runtime no-reload
    %reenable f + reenable [OPTION...] UNIT...
    disable and enable
    unit-path now runtime force no-reload
    %preset f + preset [OPTION...] UNIT...
    enable or disable units as the distribution's *.preset files say
    unit-path now runtime force no-reload
    %mask f + mask [OPTION...] UNIT...
    link units to /dev/null: nothing can start them
    unit-path now runtime force no-reload
    %unmask f + unmask [OPTION...] UNIT...
    remove that link
    unit-path runtime no-reload
    %get-default f 0 get-default
    what 'apus' as PID 1 boots
    unit-path
    %set-default f 1 set-default TARGET
    have 'apus' as PID 1 boot that target
    unit-path no-reload
    %escape f * escape [OPTION...] TEXT...
    text as part of a unit name, and back
    path unescape mangle suffix template instance
    %calendar t + calendar [OPTION...] EXPR...
    when schedules are due: calendar expressions, and crontab's
    iterations base-time timezone json
    Five fields ('*/5 * * * *') and macros (@daily) are crontab expressions, @ and digits is a time.
    For a single -, JSON objects are read, one a line, and answered, one a line:
    {"expr":TEXT} or {"cron":TEXT}, with "tz" (default UTC), "base" (microseconds since 1970) and
    "iterations" (5), gives {"normalized":TEXT,"next":[...],"end":BOOL} or {"error":TEXT,"column":N}.
    %timespan t + timespan SPAN...
    time spans in microseconds, and as they are shown

    For a single -, JSON objects {"span":TEXT} are read, one a line, and answered, one a line.
    %timestamp t + timestamp [OPTION...] TIME...
    points in time as dates and as seconds since 1970
    base-time timezone
    For a single -, JSON objects {"ts":TEXT}, with "tz" (default UTC) and "now" (microseconds since 1970),
    are read, one a line, and answered, one a line.
    %daemon-reload m 0 daemon-reload
    read all unit files again; starts, stops and restarts nothing
    output
    %apply m 0 apply [OPTION...]
    read all unit files again, and start, stop or restart what changed
    plan output
    One bad file refuses all of it and nothing is changed. Exit status: 0 applied, 78 refused.
    %exit m ? exit [STATUS]
    stop everything; apus exits with STATUS, 0 without one
    output
    %- s 0 [OPTION...] -- COMMAND [ARG...]
    run COMMAND alone, as PID 1 should: reap, forward signals, exit with its status
    group die-with-parent
    %- s 0 [OPTION...]
    as PID 1: boot default.target
    stop-timeout fail-fast stay group die-with-parent containment spawn control control-group unit-path \
    crontab-user-field generator-timeout

    """

  /// Older names that scripts still use.
  private static func currentName(_ name: Bytes) -> Bytes {
    switch name {
    case "condrestart": Bytes("try-restart")
    case "force-reload": Bytes("try-reload-or-restart")
    case "daemon-reexec": Bytes("daemon-reload")
    default: name
    }
  }

  static func named(_ name: Bytes) -> VerbSpec? {
    let name = currentName(name)
    for spec in all where name == spec.name { return spec }
    return nil
  }

  /// Verbs of DESIGN section 1 that a later version brings.
  static let later: [StaticString] = ["logs", "wait"]

  /// The options with their text, in the order of the option table.
  var specs: [OptionSpec] {
    var specs: [OptionSpec] = []
    for spec in OptionSpec.all where options.contains(spec.name) { specs.append(spec) }
    return specs
  }
}
