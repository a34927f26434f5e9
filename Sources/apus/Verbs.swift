import Model

/// What one invocation of apus is (DESIGN section 1).
enum Face: UInt8 {
  case run, wrap, boot, check, escape, tmpfiles
  case status, show, listUnits, listTimers, isActive, isFailed
  case start, stop, restart, tryRestart, reload, kill, resetFailed
  case cat, listUnitFiles, isEnabled, enable, disable, reenable, preset, mask, unmask, getDefault, setDefault
  case listDependencies, isSystemRunning, reloadOrRestart, tryReloadOrRestart
  case daemonReload, apply, exit
}

/// Headings of the help, in order.
enum VerbGroup: UInt8 {
  case supervise, look, act, files, manage
  static let all: [VerbGroup] = [.supervise, .look, .act, .files, .manage]
  var heading: StaticString {
    switch self {
    case .supervise: "supervise"
    case .look: "look"
    case .act: "act on units"
    case .files: "look at unit files, and link them"
    case .manage: "act on apus itself"
    }
  }
}

/// One verb: its form, its options and its text. The only place that has them.
struct VerbSpec {
  var face: Face
  var name: StaticString
  var group: VerbGroup
  /// Behind `apus`.
  var usage: StaticString
  var summary: StaticString
  /// Whole lines.
  var details: StaticString
  var operands: ClosedRange<Int>
  var options: [OptionID]

  init(
    _ face: Face, _ name: StaticString, _ group: VerbGroup, usage: StaticString, operands: ClosedRange<Int>, _ options: [OptionID],
    _ summary: StaticString, _ details: StaticString
  ) {
    self.face = face
    self.name = name
    self.group = group
    self.usage = usage
    self.summary = summary
    self.details = details
    self.operands = operands
    self.options = options + (group == .supervise || face == .escape ? [] : VerbSpec.client) + [.help]
  }

  /// Options of every client verb; all but the first are systemctl's, and change nothing here.
  private static let client: [OptionID] = [.control, .quiet, .full, .noPager, .system, .noAskPassword]
  private static let job: [OptionID] = [.noBlock, .jobMode, .output]
  private static let many = 1...Int.max

  /// `apus -- COMMAND`, which has no name.
  static let wrap = VerbSpec(
    .wrap, "", .supervise, usage: "[OPTION...] -- COMMAND [ARG...]", operands: 0...0, [.group, .dieWithParent],
    "run COMMAND alone, as PID 1 should: reap, forward signals, exit with its status", "")

  /// `apus` alone, as PID 1.
  static let boot = VerbSpec(
    .boot, "", .supervise, usage: "[OPTION...]", operands: 0...0, supervising, "as PID 1: boot default.target", "")

  private static let supervising: [OptionID] = [
    .stopTimeout, .failFast, .stay, .group, .dieWithParent, .containment, .spawn, .control, .controlGroup, .unitPath, .generatorTimeout,
  ]

  static let all: [VerbSpec] = [
    VerbSpec(
      .run, "run", .supervise, usage: "run [OPTION...] (PATH | UNIT)... [-- COMMAND [ARG...]]", operands: many,
      supervising,
      "supervise the units of a folder, or single ones",
      """
      An argument with a slash, or that exists, is a PATH: a folder of unit files, or one unit file.
      Any other is a UNIT, looked up in the folders given, in /etc/apus and in systemd's folders
      (/etc/systemd/system, /run/systemd/system, /usr/lib/systemd/system ...); it starts with all it
      pulls in. COMMAND, behind --, is the main process: it starts when the units have started, and
      when it ends everything stops.

      TERM, INT and QUIT stop everything; HUP reads the files again and applies what changed.
      Exit status: COMMAND's; else 0 when all went well, 1 when a unit failed or had to be killed,
      64 for a bad command line, 78 for a bad unit file.

      """),
    VerbSpec(
      .check, "check", .supervise, usage: "check [OPTION...] (PATH | UNIT)...", operands: many, [.explain, .unitPath],
      "read unit files and say what is wrong with them",
      "Findings are printed as file:line:column: error: text. Exit status: 0 without an error, else 78.\n"),
    VerbSpec(
      .tmpfiles, "tmpfiles", .supervise, usage: "tmpfiles (--create | --remove)... [OPTION...] [FILE...]", operands: 0...Int.max,
      [.create, .remove, .boot, .excludePrefix], "make, change and remove what tmpfiles.d files say",
      """
      Without a FILE: all of /etc, /run, /usr/local/lib and /usr/lib/tmpfiles.d. A FILE without a slash is
      looked for there. 'apus' as PID 1 of its own does this at boot.
      Exit status: 0 done, 65 a line cannot be read, 73 something could not be made.

      """),
    VerbSpec(
      .status, "status", .look, usage: "status [OPTION...] [UNIT...]", operands: 0...Int.max, [.output],
      "what units do, and why",
      "Without a UNIT: all in short. Exit status: 0 active, 3 not active, 4 no such unit.\n"),
    VerbSpec(
      .show, "show", .look, usage: "show [OPTION...] UNIT...", operands: many, [.property, .value, .output],
      "a unit's properties, for programs", ""),
    VerbSpec(
      .listUnits, "list-units", .look, usage: "list-units [OPTION...] [PATTERN...]", operands: 0...Int.max,
      [.all, .type, .state, .failed, .plain, .noLegend, .output], "a table of the units",
      "Without --all or --state: those that are active, failed, or have a job. A PATTERN knows * ? and [a-z].\n"),
    VerbSpec(
      .listTimers, "list-timers", .look, usage: "list-timers [OPTION...] [PATTERN...]", operands: 0...Int.max,
      [.all, .noLegend, .output], "a table of the schedules and their next runs", "Without --all: those that are armed or active.\n"),
    VerbSpec(
      .isActive, "is-active", .look, usage: "is-active [OPTION...] UNIT...", operands: many, [.output],
      "whether units are active", "Exit status: 0 if one of them is active, else 3.\n"),
    VerbSpec(
      .isFailed, "is-failed", .look, usage: "is-failed [OPTION...] UNIT...", operands: many, [.output],
      "whether units have failed", "Exit status: 0 if one of them has failed, else 1.\n"),
    VerbSpec(
      .listDependencies, "list-dependencies", .look, usage: "list-dependencies [OPTION...] [UNIT]", operands: 0...1,
      [.all, .plain, .after, .before, .reverse], "a tree of what a unit pulls in",
      "Targets are unfolded, with --all every unit. Without a UNIT: of what boots.\n"),
    VerbSpec(
      .isSystemRunning, "is-system-running", .look, usage: "is-system-running", operands: 0...0, [],
      "whether apus runs, and nothing has failed", "Exit status: 0 running, 1 anything else.\n"),
    VerbSpec(
      .start, "start", .act, usage: "start [OPTION...] UNIT...", operands: many, job, "start units",
      "Exit status: 0 started, 1 failed, 5 no such unit.\n"),
    VerbSpec(
      .stop, "stop", .act, usage: "stop [OPTION...] UNIT...", operands: many, job, "stop units",
      "The job ends when every process of the unit is gone. Exit status: 0 stopped, 1 failed, 5 no such unit.\n"),
    VerbSpec(
      .restart, "restart", .act, usage: "restart [OPTION...] UNIT...", operands: many, job, "stop and start units",
      "Exit status: 0 started, 1 failed, 5 no such unit.\n"),
    VerbSpec(
      .tryRestart, "try-restart", .act, usage: "try-restart [OPTION...] UNIT...", operands: many, job,
      "restart those units that run", "Exit status: 0 restarted or not running, 1 failed, 5 no such unit.\n"),
    VerbSpec(
      .reload, "reload", .act, usage: "reload [OPTION...] UNIT...", operands: many, job, "have units read their configuration again",
      "Exit status: 0 reloaded, 1 failed, 3 the unit cannot reload or does not run, 5 no such unit.\n"),
    VerbSpec(
      .reloadOrRestart, "reload-or-restart", .act, usage: "reload-or-restart [OPTION...] UNIT...", operands: many, job,
      "reload units that can, restart the others", ""),
    VerbSpec(
      .tryReloadOrRestart, "try-reload-or-restart", .act, usage: "try-reload-or-restart [OPTION...] UNIT...", operands: many, job,
      "the same of those that run", ""),
    VerbSpec(
      .kill, "kill", .act, usage: "kill [OPTION...] UNIT...", operands: many, [.signal, .killWhom, .output],
      "send a signal to processes of units", "Exit status: 0 sent, 1 failed, 5 no such unit.\n"),
    VerbSpec(
      .resetFailed, "reset-failed", .act, usage: "reset-failed [OPTION...] [UNIT...]", operands: 0...Int.max, [.output],
      "forget failures, restart counts and start limits", "Without a UNIT: of all that have failed.\n"),
    VerbSpec(
      .cat, "cat", .files, usage: "cat [OPTION...] UNIT...", operands: many, [.unitPath], "a unit's files, as they are applied",
      "The main file, then the drop-ins. Exit status: 0, or 1 if one of them has no file.\n"),
    VerbSpec(
      .listUnitFiles, "list-unit-files", .files, usage: "list-unit-files [OPTION...] [PATTERN...]", operands: 0...Int.max,
      [.unitPath, .noLegend, .type, .state], "what the unit path has, and what of it is enabled", ""),
    VerbSpec(
      .isEnabled, "is-enabled", .files, usage: "is-enabled [OPTION...] UNIT...", operands: many, [.unitPath],
      "whether units are linked into what boots",
      "Exit status: 0 if one of them is enabled, static, an alias, generated or indirect; else 1.\n"),
    VerbSpec(
      .enable, "enable", .files, usage: "enable [OPTION...] UNIT...", operands: many, [.unitPath, .now, .runtime, .force, .noReload],
      "make the links that the unit's [Install] section names",
      "Links are made below /etc/systemd/system, or in the first folder of --unit-path. Exit status: 0, or 1.\n"),
    VerbSpec(
      .disable, "disable", .files, usage: "disable [OPTION...] UNIT...", operands: many, [.unitPath, .now, .runtime, .noReload],
      "remove all links to units", ""),
    VerbSpec(
      .reenable, "reenable", .files, usage: "reenable [OPTION...] UNIT...", operands: many, [.unitPath, .now, .runtime, .force, .noReload],
      "disable and enable", ""),
    VerbSpec(
      .preset, "preset", .files, usage: "preset [OPTION...] UNIT...", operands: many, [.unitPath, .now, .runtime, .force, .noReload],
      "enable or disable units as the distribution's *.preset files say", ""),
    VerbSpec(
      .mask, "mask", .files, usage: "mask [OPTION...] UNIT...", operands: many, [.unitPath, .now, .runtime, .force, .noReload],
      "link units to /dev/null: nothing can start them", ""),
    VerbSpec(
      .unmask, "unmask", .files, usage: "unmask [OPTION...] UNIT...", operands: many, [.unitPath, .runtime, .noReload],
      "remove that link", ""),
    VerbSpec(.getDefault, "get-default", .files, usage: "get-default", operands: 0...0, [.unitPath], "what 'apus' as PID 1 boots", ""),
    VerbSpec(
      .setDefault, "set-default", .files, usage: "set-default TARGET", operands: 1...1, [.unitPath, .noReload],
      "have 'apus' as PID 1 boot that target", ""),
    VerbSpec(
      .escape, "escape", .files, usage: "escape [OPTION...] TEXT...", operands: 0...Int.max,
      [.pathForm, .unescape, .mangle, .suffix, .template, .instance], "text as part of a unit name, and back", ""),
    VerbSpec(
      .daemonReload, "daemon-reload", .manage, usage: "daemon-reload", operands: 0...0, [.output],
      "read all unit files again; starts, stops and restarts nothing", ""),
    VerbSpec(
      .apply, "apply", .manage, usage: "apply [OPTION...]", operands: 0...0, [.plan, .output],
      "read all unit files again, and start, stop or restart what changed",
      "One bad file refuses all of it and nothing is changed. Exit status: 0 applied, 78 refused.\n"),
    VerbSpec(
      .exit, "exit", .manage, usage: "exit [STATUS]", operands: 0...1, [.output],
      "stop everything; apus exits with STATUS, 0 without one", ""),
  ]

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
  static let later: [StaticString] = ["calendar", "list-sockets", "logs", "wait"]

  /// The options with their text, in the order of the option table.
  var specs: [OptionSpec] { OptionSpec.all.filter { options.contains($0.id) } }
}
