import Model

// What arrives is booked here, before it becomes a step of the table.

extension ServiceMachine {
  func spawned(_ key: ProcessKey, _ pid: Int32, _ context: inout ServiceContext) {
    if main?.key == key {
      main?.pid = pid
      step(.mainSpawned, &context)
    } else if control?.key == key {
      control?.pid = pid
    } else if probing.process?.key == key {
      probing.process?.pid = pid
    }
  }

  func spawnFailed(_ key: ProcessKey, _ failure: SpawnFailure, _ context: inout ServiceContext) {
    if probing.process?.key == key { return probeNotMade(failure, &context) }
    lastError = failure.message
    if main?.key == key {
      main = nil
      step(.mainSpawnFailed, &context)
    } else if control?.key == key {
      control = nil
      step(.controlSpawnFailed, &context)
    }
  }

  func signalled(_ order: UInt32, _ count: Int, _ anyLeft: Bool, _ context: inout ServiceContext) {
    guard order == awaitedKill else { return }
    awaitedKill = nil
    if count == 0 && !anyLeft && awaitsWhole && main == nil && control == nil { isVerifiedEmpty = true }
    guard main == nil, control == nil, count == 0 else { return }
    if anyLeft && timesAsked < ServiceMachine.timesAskedMax && KillPhase(state) == .terminate {
      // Members that fork and end before their signal hand it on to nobody: they are asked again before they are killed.
      timesAsked += 1
      return enterSignal(state, .success, &context)
    }
    timesAsked = 0
    step(.nobodySignalled, &context)
  }

  /// How many a run left behind: told when it ended, and asked again by a start that they would forbid.
  func left(_ number: UInt32, _ count: Int, _ context: inout ServiceContext) {
    guard number == leftBehind else { return }
    if count == 0 { leftBehind = 0 }
    guard countsLeftovers else { return }
    countsLeftovers = false
    if count == 0 { context.effects.append(.forget(Invocation(unit: context.id, number: number))) }
    step(.leftoversCounted(any: count > 0), &context)
  }

  /// The command of ExecStart=, which with Type=forking is a control process.
  func isOfStart(_ key: ProcessKey) -> Bool { main?.key == key || (control?.key == key && key.role == .main) }
}
