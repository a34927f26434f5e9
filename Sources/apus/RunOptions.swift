import CLinux
import Calendar
import Linux
import Model

/// `--spawn`: how children are made.
enum SpawnChoice: UInt8 {
  case clone, fork
}

/// Everything that `apus run` and `apus -- COMMAND` were told.
final class RunOptions {
  /// The cap on the whole stop; nil for none.
  var stopTimeout: TimeSpan? = nil
  var failFast = false
  var stay = false
  var group = false
  var dieWithParent = false
  var containment = ContainmentChoice.auto
  var spawn = SpawnChoice.clone
  var control: Bytes? = nil
  var controlGroup: Bytes? = nil
  /// Folders, unit files and unit names, as written; empty for the tini face.
  var paths: [Bytes] = []
  /// `--crontab-user-field`
  var crontabsHaveUsers = false
  /// `--unit-path`
  var unitPath: Bytes? = nil
  /// `apus` alone as PID 1.
  var bootsDefaultTarget = false
  /// `--generator-timeout`
  var generatorTimeout: TimeSpan? = nil
  /// COMMAND and its arguments; empty for none.
  var command: [Bytes] = []
  /// `apus -- COMMAND`: reap and forward, say nothing.
  var isWrapper = false
  /// `NAME=value` each, as apus found it.
  var environment: [Bytes] = []
}

/// The options of `run` and of the tini face, checked.
func runOptions(_ parsed: ParsedArguments, environment: [Bytes]) throws(ArgumentError) -> RunOptions {
  let values = parsed.values
  let options = RunOptions()
  options.failFast = values.has(.failFast)
  // What boots a machine, or a container as one, never leaves for lack of work.
  options.stay = values.has(.stay) || parsed.face == .boot
  options.bootsDefaultTarget = parsed.face == .boot
  options.group = values.has(.group)
  options.dieWithParent = values.has(.dieWithParent)
  options.control = values.value(.control)
  options.controlGroup = values.value(.controlGroup)
  options.paths = parsed.operands
  options.crontabsHaveUsers = values.has(.crontabUserField)
  options.unitPath = values.value(.unitPath)
  options.command = parsed.command
  options.isWrapper = parsed.face == .wrap
  options.environment = environment
  options.generatorTimeout = try timeSpan(.generatorTimeout, parsed)
  options.stopTimeout = try timeSpan(.stopTimeout, parsed)
  if options.stopTimeout?.isInfinite == true { options.stopTimeout = nil }
  switch values.value(.containment) ?? Bytes("auto") {
  case "auto": options.containment = .auto
  case "cgroup": options.containment = .cgroup
  case "tag": options.containment = .tag
  case "group": options.containment = .group
  default: throw parsed.invalid(.containment, "is neither auto, cgroup, tag nor group")
  }
  switch values.value(.spawn) ?? Bytes("clone") {
  case "clone": options.spawn = .clone
  case "fork": options.spawn = .fork
  default: throw parsed.invalid(.spawn, "is neither clone nor fork")
  }
  if options.control?.isEmpty == true { throw parsed.invalid(.control, "is no path") }
  try refuseEmptyOperands(parsed)
  return options
}

/// The time that an option names; nil where it is not given.
private func timeSpan(_ id: OptionID, _ parsed: ParsedArguments) throws(ArgumentError) -> TimeSpan? {
  guard let text = parsed.values.value(id) else { return nil }
  guard case .success(let span) = parseTimeSpan(text) else { throw parsed.invalid(id, "is no time span (10s, 1min 30s)") }
  return span
}

/// Nothing is what a variable in a script gives that is not set.
func refuseEmptyOperands(_ parsed: ParsedArguments) throws(ArgumentError) {
  for path in parsed.operands where path.isEmpty { throw .usage(Bytes("a PATH or UNIT is empty"), parsed.verb) }
}
