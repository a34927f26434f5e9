import Model

/// Supervises: `apus run` and `apus -- COMMAND`. Gives the exit status of DESIGN section 7.
func runFace(_ options: RunOptions) -> Int32 {
  complain(Bytes("the runtime is not linked in yet"))
  return 70
}
