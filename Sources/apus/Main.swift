import CLinux
import Model

/// argv → a face → the exit status.
func apusMain(_ process: ProcessArguments) -> Int32 {
  if let status = helperFace(process) { return status }
  if process.arguments.isEmpty, process.programName != "systemctl" {
    if getpid() == 1 {
      complain(Bytes("booting default.target is not in this version of apus yet: name a folder, as in 'apus run FOLDER'"))
      return Status.usage
    }
    writeAll(generalHelp(), to: 2)
    return Status.usage
  }
  do throws(ArgumentError) {
    let parsed = try parseArguments(process)
    return try perform(parsed, process)
  } catch {
    return answer(error)
  }
}

private func perform(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  switch parsed.face {
  case .run, .wrap: return runFace(try runOptions(parsed, environment: process.environment))
  case .check:
    try refuseCrontabs(parsed)
    return checkFace(parsed.operands, unitPath: parsed.values.value(.unitPath), environment: process.environment)
  case .tmpfiles:
    var options = TmpfilesOptions()
    options.creates = parsed.values.has(.create)
    options.removes = parsed.values.has(.remove)
    options.boot = parsed.values.has(.boot)
    options.excluded = parsed.values.values(.excludePrefix)
    options.files = parsed.operands
    return tmpfilesFace(options, environment: process.environment)
  case .status, .show, .listUnits, .listTimers, .isActive, .isFailed, .start, .stop, .restart, .tryRestart, .reload, .kill,
    .resetFailed, .daemonReload, .apply, .exit:
    let client = try Client(parsed, process)
    return try client.perform()
  }
}
