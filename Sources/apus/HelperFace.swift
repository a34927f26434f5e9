import Linux
import Model

/// apus as a helper of itself (DESIGN section 5): `apus-helper TASK ARG…`, an ordinary program that may wait, started by
/// PID 1 for whatever might. nil: the process is none.
func helperFace(_ process: ProcessArguments) -> Int32? {
  guard process.program == "apus-helper", let task = process.arguments.first else { return nil }
  let arguments = Array(process.arguments.dropFirst())
  switch task {
  case "prepare": return prepareFace(arguments, environment: process.environment)
  case "stamps": return StampKeeper.run(arguments)
  case "conditions": return PathConditions.firstFailing(arguments)
  case "remove":
    var status = Status.success
    for path in arguments {
      guard let failure = Removal.remove(path) else { continue }
      complain(failure)
      status = Status.failure
    }
    return status
  case "probe-tcp", "probe-http":
    guard arguments.count == 1 else { return Status.usage }
    guard let failure = task == "probe-tcp" ? Probing.tcp(arguments[0]) : Probing.http(arguments[0]) else { return Status.success }
    complain("probe %", failure)
    return Status.failure
  default:
    complain("no such helper: %", task)
    return Status.usage
  }
}
