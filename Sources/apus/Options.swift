import Model

/// Every option of every face.
enum OptionID: UInt8 {
  case unitPath, stopTimeout, failFast, stay, group, dieWithParent, containment, spawn, control, controlGroup
  case output, noBlock, jobMode, all, type, state, noLegend, property, value, signal, killWhom, plan, quiet
  case generatorTimeout, create, remove, boot, excludePrefix, explain
  case full, noPager, system, noAskPassword
  case pathForm, unescape, mangle, suffix, template, instance
  case now, runtime, force, noReload, plain, failed, after, before, reverse
  case help, version
}

/// One option: its names, what it takes and what it does. The only place that has its text.
struct OptionSpec {
  var id: OptionID
  /// Without the dashes. The environment variable is `APUS_` and this in capitals.
  var name: StaticString
  /// The short form, 0 for none.
  var short: UInt8
  /// What stands for the value in the help; empty for a flag.
  var value: StaticString
  /// Lines of the help; empty for one that is only accepted for systemctl's sake.
  var help: StaticString

  init(_ id: OptionID, _ name: StaticString, short: Unicode.Scalar? = nil, value: StaticString = "", _ help: StaticString) {
    self.id = id
    self.name = name
    self.short = short.map { UInt8(truncatingIfNeeded: $0.value) } ?? 0
    self.value = value
    self.help = help
  }

  var takesValue: Bool { value.utf8CodeUnitCount > 0 }

  /// `APUS_STOP_TIMEOUT`
  var variable: Bytes {
    "APUS_" + Bytes(name).map { $0 == 45 ? 95 : $0 >= 97 && $0 <= 122 ? $0 - 32 : $0 }
  }

  static let all: [OptionSpec] = [
    OptionSpec(
      .stopTimeout, "stop-timeout", value: "SPAN",
      "cap on the time that stopping everything may take\n(10s, 1min 30s; default: only the units' own limits)"),
    OptionSpec(.failFast, "fail-fast", "a unit that fails at boot ends the run with its status"),
    OptionSpec(.stay, "stay", "stay when nothing is left to run or to wait for"),
    OptionSpec(.group, "group", "forward signals to COMMAND's process group"),
    OptionSpec(.dieWithParent, "die-with-parent", "stop when the parent process dies"),
    OptionSpec(
      .containment, "containment", value: "WAY",
      "how a service's processes are found: auto (default),\ncgroup, tag or group"),
    OptionSpec(.spawn, "spawn", value: "WAY", "how processes are made: clone (default) or fork"),
    OptionSpec(
      .control, "control", value: "PATH",
      """
      the control socket (default: the first of
      /run/apus/control.sock, $XDG_RUNTIME_DIR/apus/control.sock,
      /dev/shm/apus-UID/control.sock, /tmp/apus-UID/control.sock)
      """),
    OptionSpec(.controlGroup, "control-group", value: "NAME", "group whose members may ask for status"),
    OptionSpec(
      .unitPath, "unit-path", value: "FOLDER:...",
      "where units are found, in place of systemd's folders;\na colon at the end adds those"),
    OptionSpec(.output, "output", short: "o", value: "FORM", "text (default) or json"),
    OptionSpec(.noBlock, "no-block", "do not wait for the job to end"),
    OptionSpec(.jobMode, "job-mode", value: "MODE", "for a unit that has another job: replace it (default), or fail"),
    OptionSpec(.all, "all", short: "a", "inactive units, too"),
    OptionSpec(.type, "type", short: "t", value: "TYPE,...", "only units of these types"),
    OptionSpec(.state, "state", value: "STATE,...", "only units in these load, active or sub states"),
    OptionSpec(.noLegend, "no-legend", "without head and foot"),
    OptionSpec(.property, "property", short: "p", value: "NAME,...", "only these properties"),
    OptionSpec(.value, "value", "the values without the names"),
    OptionSpec(.signal, "signal", short: "s", value: "SIGNAL", "the signal, by name or number (default: TERM)"),
    OptionSpec(.killWhom, "kill-whom", value: "WHOM", "which processes: all (default), main or control"),
    OptionSpec(.plan, "plan", "only say what would be done"),
    OptionSpec(.quiet, "quiet", short: "q", "say nothing, only exit with the status"),
    OptionSpec(.explain, "explain", "what is not enforced in each unit, what is done instead, and why"),
    OptionSpec(
      .generatorTimeout, "generator-timeout", value: "SPAN", "how long unit generators may take together (default: 15s)"),
    OptionSpec(.create, "create", "make files, folders and links, and set their modes and owners"),
    OptionSpec(.remove, "remove", "remove what the lines of types r, R and D say"),
    OptionSpec(.boot, "boot", "do also what is only right at boot (!)"),
    OptionSpec(.excludePrefix, "exclude-prefix", value: "PATH", "leave out what is below PATH"),
    OptionSpec(.full, "full", short: "l", ""),
    OptionSpec(.noPager, "no-pager", ""),
    OptionSpec(.system, "system", ""),
    OptionSpec(.noAskPassword, "no-ask-password", ""),
    OptionSpec(.pathForm, "path", short: "p", "the text is a path"),
    OptionSpec(.unescape, "unescape", short: "u", "the other way"),
    OptionSpec(.mangle, "mangle", short: "m", "make a unit name as the verbs do of their operands"),
    OptionSpec(.suffix, "suffix", value: "SUFFIX", "append a unit type: service, mount ..."),
    OptionSpec(.template, "template", value: "NAME@.TYPE", "put the text into a template's name as its instance"),
    OptionSpec(.instance, "instance", "with --unescape: of the instance's name only"),
    OptionSpec(.now, "now", "start or stop the units, too"),
    OptionSpec(.runtime, "runtime", "below /run, until the container ends"),
    OptionSpec(.force, "force", short: "f", "replace links that lead elsewhere"),
    OptionSpec(.noReload, "no-reload", "do not have apus read the unit files again"),
    OptionSpec(.plain, "plain", "a list, not a tree"),
    OptionSpec(.failed, "failed", "only units that have failed"),
    OptionSpec(.after, "after", "what it waits for"),
    OptionSpec(.before, "before", "what waits for it"),
    OptionSpec(.reverse, "reverse", "what pulls it in"),
    OptionSpec(.help, "help", short: "h", "this help"),
    OptionSpec(.version, "version", "the version"),
  ]

  static func named(_ name: Bytes) -> OptionSpec? {
    // Debian's older systemctl calls it so.
    let wanted = name == "kill-who" ? Bytes("kill-whom") : name
    for spec in all where wanted == spec.name { return spec }
    return nil
  }

  /// Of two options with one letter it is the verb's that is meant.
  static func short(_ letter: UInt8, _ verb: VerbSpec?) -> OptionSpec? {
    let found = all.filter { $0.short == letter && letter != 0 }
    return found.first { verb?.options.contains($0.id) ?? true } ?? found.first
  }
}

/// The options that were given, on the command line or in the environment.
struct OptionValues {
  /// In order; where a name came twice, the last one counts, but `--property`, which adds up.
  private var given: [(id: OptionID, value: Bytes, source: Bytes)] = []

  mutating func add(_ id: OptionID, _ value: Bytes, source: Bytes) { given.append((id, value, source)) }

  var ids: [OptionID] { given.map { $0.id } }
  func has(_ id: OptionID) -> Bool { given.contains { $0.id == id } }
  func value(_ id: OptionID) -> Bytes? { given.last { $0.id == id }?.value }
  func values(_ id: OptionID) -> [Bytes] { given.filter { $0.id == id }.map { $0.value } }

  /// `--stop-timeout` or `APUS_STOP_TIMEOUT`, for messages about the value.
  func source(_ id: OptionID) -> Bytes { given.last { $0.id == id }?.source ?? [] }

  /// The pieces between commas, of all that were given.
  func list(_ id: OptionID) -> [Bytes] { values(id).flatMap { $0.pieces(separatedBy: 44) } }
}
