import Model

// Keys are systemd's property names where systemd has the property, and apus's own in the same manner where it has none.
//
//   Id Description LoadState LoadError FragmentPath ActiveState SubState   as systemd; LoadError is a sentence or ""
//   Job                    null, or the unit's job: Id Unit Type Result Message
//   Why                    one sentence: what it waits for, or why it is where it is; ""
//   Result                 service result (`success`, `exit-code` …), null for what is no service
//   MainPID ControlPID     0: none
//   InvocationID           32 hexadecimal digits, "" before the first start
//   NRestarts              automatic restarts since the last manual start
//   Restart RestartSource  the policy, and whether the unit or apus's default chose it (`unit`, `default`)
//   NextRestartUSec        wall time of the pending restart, NextRestartLeftUSec the span until then, RestartUSecNext the
//                          delay it was given; null when none is pending
//   Containment            `cgroup`, `tag`, `group`, or null
//   LastExit               null, or: Role (`ExecStart` …) PID Code (`exited`, `killed`, `dumped`) Status (the number)
//                          StatusText (`status=203/EXEC`, `signal=KILL`) ExecError StartTimestamp ExitTimestamp
//   StateChangeTimestamp ActiveEnterTimestamp ActiveExitTimestamp InactiveEnterTimestamp   wall time, 0: never
//   After Before Wants Requires   arrays of names
//   Timer                  null, or: Unit Expressions NextElapseUSec LeftUSec (null: not armed) NextElapseUSecRealtime (of the
//                          calendar expressions, or null) LastTriggerUSec (0: never) Overlap Runs Skipped (the missed ones
//                          among them) Missed
//   Socket                 null, or: Listen (`[::]:80 (Stream)` each) Accept NConnections NAccepted NRefused
//   Paths                  of a path unit: `/run/x (PathExists)` each
//   Triggers TriggeredBy   what it starts, and what starts it: arrays of names
//   History                last runs of a job: ScheduledUSec StartUSec EndUSec (0: none) Attempts Result Slots (in a row, of
//                          skipped or missed ones)
//   Properties             object of further `show` lines; a key that came more than once has its values joined by newlines
//
// Wall times are microseconds since 1970, spans are microseconds.

/// The full form, every key always there.
func writeUnit(_ report: UnitReport, _ json: inout JSONWriter) {
  json.beginObject()
  writeHead(report, &json)
  text("LoadError", report.loadError, &json)
  text("FragmentPath", report.fragmentPath, &json)
  json.key("Job")
  if let job = report.job { writeJob(job, &json) } else { json.null() }
  text("Why", report.why, &json)
  name("Result", report.result?.name, &json)
  number("MainPID", Int64(report.mainPID), &json)
  number("ControlPID", Int64(report.controlPID), &json)
  text("InvocationID", report.invocationID, &json)
  number("NRestarts", Int64(report.restarts), &json)
  name("Restart", report.restart?.name, &json)
  name("RestartSource", report.restart == nil ? nil : report.restartSource.name, &json)
  number("NextRestartUSec", report.nextRestart?.microseconds, &json)
  number("NextRestartLeftUSec", microseconds(report.nextRestartLeft), &json)
  number("RestartUSecNext", microseconds(report.restartDelay), &json)
  name("Containment", report.containment?.name, &json)
  json.key("LastExit")
  if let exit = report.lastExit { writeExit(exit, &json) } else { json.null() }
  number("StateChangeTimestamp", report.stateChangedAt?.microseconds ?? 0, &json)
  number("ActiveEnterTimestamp", report.activeEnteredAt?.microseconds ?? 0, &json)
  number("ActiveExitTimestamp", report.activeExitedAt?.microseconds ?? 0, &json)
  number("InactiveEnterTimestamp", report.inactiveEnteredAt?.microseconds ?? 0, &json)
  names("After", report.after, &json)
  names("Before", report.before, &json)
  names("Wants", report.wants, &json)
  names("Requires", report.requires, &json)
  json.key("Timer")
  if let timer = report.timer { writeTimer(timer, &json) } else { json.null() }
  json.key("Socket")
  if let socket = report.socket { writeSocket(socket, &json) } else { json.null() }
  names("Paths", report.paths, &json)
  names("Triggers", report.triggers, &json)
  names("TriggeredBy", report.triggeredBy, &json)
  writeHistory(report.history, &json)
  writeProperties(report.properties, &json)
  json.endObject()
}

/// The short form of lists: the head always, the rest only where there is something to say.
func writeUnitSummary(_ report: UnitReport, _ json: inout JSONWriter) {
  json.beginObject()
  writeHead(report, &json)
  if let job = report.job {
    json.key("Job")
    writeJob(job, &json)
  }
  if !report.why.isEmpty { text("Why", report.why, &json) }
  if let result = report.result, result != .success { name("Result", result.name, &json) }
  if report.mainPID != 0 { number("MainPID", Int64(report.mainPID), &json) }
  if report.restarts != 0 { number("NRestarts", Int64(report.restarts), &json) }
  if let left = report.nextRestartLeft { number("NextRestartLeftUSec", microseconds(left), &json) }
  if let timer = report.timer {
    json.key("Timer")
    writeTimer(timer, &json)
  }
  if let socket = report.socket {
    json.key("Socket")
    writeSocket(socket, &json)
  }
  if !report.paths.isEmpty { names("Paths", report.paths, &json) }
  if !report.triggers.isEmpty { names("Triggers", report.triggers, &json) }
  json.endObject()
}

private func writeHead(_ report: UnitReport, _ json: inout JSONWriter) {
  text("Id", report.name, &json)
  text("Description", report.description, &json)
  name("LoadState", report.loadState.name, &json)
  name("ActiveState", report.activeState.name, &json)
  name("SubState", report.subState.value, &json)
}

private func writeExit(_ exit: ExitReport, _ json: inout JSONWriter) {
  json.beginObject()
  name("Role", exit.role.name, &json)
  number("PID", Int64(exit.pid), &json)
  name("Code", exit.status.codeName, &json)
  switch exit.status {
  case .exited(let code): number("Status", Int64(code), &json)
  case .killed(let signal), .dumped(let signal): number("Status", Int64(signal.number), &json)
  }
  text("StatusText", exit.status.description, &json)
  text("ExecError", exit.execError, &json)
  number("StartTimestamp", exit.startedAt.microseconds, &json)
  number("ExitTimestamp", exit.endedAt.microseconds, &json)
  json.endObject()
}

private func writeTimer(_ timer: TimerReport, _ json: inout JSONWriter) {
  json.beginObject()
  text("Unit", timer.triggers, &json)
  names("Expressions", timer.expressions, &json)
  number("NextElapseUSec", timer.nextElapse?.microseconds, &json)
  number("LeftUSec", microseconds(timer.left), &json)
  number("NextElapseUSecRealtime", timer.nextElapseRealtime?.microseconds, &json)
  number("LastTriggerUSec", timer.lastTrigger?.microseconds ?? 0, &json)
  name("Overlap", timer.overlap.name, &json)
  number("Runs", Int64(clamping: timer.runs), &json)
  number("Skipped", Int64(clamping: timer.skipped), &json)
  number("Missed", Int64(clamping: timer.missed), &json)
  json.endObject()
}

private func writeSocket(_ socket: SocketReport, _ json: inout JSONWriter) {
  json.beginObject()
  names("Listen", socket.listen, &json)
  json.key("Accept")
  json.bool(socket.accepts)
  number("NConnections", Int64(socket.connections), &json)
  number("NAccepted", Int64(clamping: socket.accepted), &json)
  number("NRefused", Int64(clamping: socket.refused), &json)
  number("NHeld", Int64(socket.held), &json)
  json.endObject()
}

private func writeHistory(_ runs: [RunRecord], _ json: inout JSONWriter) {
  json.key("History")
  json.beginArray()
  for run in runs {
    json.beginObject()
    number("ScheduledUSec", run.slot.microseconds, &json)
    number("StartUSec", run.startedAt?.microseconds ?? 0, &json)
    number("EndUSec", run.endedAt?.microseconds ?? 0, &json)
    number("Attempts", Int64(run.attempts), &json)
    name("Result", run.result.name, &json)
    number("Slots", Int64(clamping: run.slots), &json)
    json.endObject()
  }
  json.endArray()
}

private func writeProperties(_ properties: [Bytes], _ json: inout JSONWriter) {
  var pairs: [(key: Bytes, value: Bytes)] = []
  for line in properties {
    let equals = line.firstIndex(of: 61) ?? line.count
    let key = Bytes(line[..<equals])
    let value = Bytes(line[min(equals + 1, line.count)...])
    if let index = pairs.firstIndex(where: { $0.key == key }) {
      pairs[index].value += "\n" + value
    } else {
      pairs.append((key, value))
    }
  }
  json.key("Properties")
  json.beginObject()
  for pair in pairs {
    json.key(pair.key)
    json.string(pair.value)
  }
  json.endObject()
}

/// An infinite span is said as no span.
private func microseconds(_ span: TimeSpan?) -> Int64? {
  guard let span, !span.isInfinite else { return nil }
  return Int64(clamping: span.microseconds)
}

@inline(never) private func text(_ key: StaticString, _ value: Bytes, _ json: inout JSONWriter) {
  json.key(key)
  json.string(value)
}

@inline(never) private func name(_ key: StaticString, _ value: StaticString?, _ json: inout JSONWriter) {
  json.key(key)
  if let value { json.string(value) } else { json.null() }
}

@inline(never) private func number(_ key: StaticString, _ value: Int64?, _ json: inout JSONWriter) {
  json.key(key)
  if let value { json.integer(value) } else { json.null() }
}

@inline(never) private func names(_ key: StaticString, _ values: [Bytes], _ json: inout JSONWriter) {
  json.key(key)
  json.beginArray()
  for value in values { json.string(value) }
  json.endArray()
}
