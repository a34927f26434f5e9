import Model

/// apus as a helper of itself (DESIGN section 5): `apus-helper TASK ARG…`, an ordinary program that may wait, started by
/// PID 1 for whatever might. nil: the process is none.
func helperFace(_ process: ProcessArguments) -> Int32? {
  guard process.program == "apus-helper", let task = process.arguments.first else { return nil }
  let arguments = Array(process.arguments.dropFirst())
  switch task {
  case "prepare": return prepareFace(arguments, environment: process.environment)
  default:
    complain("no such helper: " + task)
    return Status.usage
  }
}
