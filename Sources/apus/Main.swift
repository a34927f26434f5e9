import CLinux
import Model

/// argv → a face → the exit status.
func apusMain(_ process: ProcessArguments) -> Int32 {
  if let status = helperFace(process) { return status }
  if process.arguments.isEmpty, process.programName != "systemctl", getpid() != 1 {
    writeAll(generalHelp(), to: 2)
    return Status.usage
  }
  do throws(ArgumentError) {
    let parsed = try parseArguments(process, isInit: getpid() == 1)
    return try perform(parsed, process)
  } catch {
    let status = answer(error)
    // systemctl knows no 64.
    return status == Status.usage && process.programName.ends(with: "systemctl") ? Status.failure : status
  }
}

private func perform(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  switch parsed.face {
  case .run, .wrap, .boot: return runFace(try runOptions(parsed, environment: process.environment))
  case .check:
    try refuseEmptyOperands(parsed)
    return checkFace(parsed, environment: process.environment)
  case .plan:
    try refuseEmptyOperands(parsed)
    return try planFace(parsed, process)
  case .escape: return escapeFace(parsed)
  case .relay: return try relayFace(parsed, process)
  case .import: return try importFace(parsed)
  case .calendar: return try calendarFace(parsed, process)
  case .timespan: return try timespanFace(parsed, process)
  case .timestamp: return try timestampFace(parsed, process)
  case .tmpfiles:
    var options = TmpfilesOptions()
    options.creates = parsed.values.has(.create)
    options.removes = parsed.values.has(.remove)
    options.boot = parsed.values.has(.boot)
    options.excluded = parsed.values.values(.excludePrefix)
    options.files = parsed.operands
    return tmpfilesFace(options, environment: process.environment)
  case .cat, .isEnabled, .listUnitFiles, .getDefault, .enable, .disable, .reenable, .preset, .mask, .unmask, .setDefault,
    .listDependencies, .isSystemRunning, .reloadOrRestart, .tryReloadOrRestart, .status, .show, .listUnits, .listTimers,
    .listSockets, .listPaths, .isActive,
    .isFailed, .start, .stop, .restart, .tryRestart, .reload, .kill,
    .resetFailed, .daemonReload, .apply, .exit:
    let client = try Client(parsed, process)
    return try client.perform()
  }
}
