import CLinux
import Model
import Wire

// `status`: what units do and why, in systemctl's layout.
extension Client {
  func statusOfUnits() -> Int32 {
    var out = Bytes()
    var status = Status.success
    let clock = shownClock()
    for operand in operands {
      let unit = fullUnitName(operand)
      switch ask(.get, unitPath(unit)) {
      case .failure(let failure): return give(up: failure)
      case .success(let answer):
        if answer.isNotFound {
          complain("there is no unit " + unit)
          status = Status.unknown
        } else if answer.status >= 300 {
          status = refuse("show " + unit, answer)
        } else {
          if isJSON {
            out += answer.body + "\n"
          } else {
            if !out.isEmpty { out += "\n" }
            out += statusText(answer.json, clock)
          }
          if !isRunning(answer.json), status == Status.success { status = Status.notRunning }
        }
      }
    }
    return isQuiet ? status : say(out, status: status)
  }

  /// `status` without a unit.
  func statusOfAll() -> Int32 {
    switch ask(.get, Bytes("/v1/units")) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("list the units"), answer) }
      if isJSON { return say(answer.body + "\n") }
      return isQuiet ? Status.success : say(overview(answer.json.elements("Units")))
    }
  }

  private func overview(_ units: [JSONValue]) -> Bytes {
    let shown = units.filter { isWorthListing($0) || $0["Timer"]?.has("NextElapseUSec") ?? false }
    let failed = units.filter { $0.says("ActiveState", "failed") }.count
    let jobs = units.filter { $0["Job"] != nil }.count
    var out = Bytes(failed > 0 ? "× apus\n" : "● apus\n")
    appendLine("State", Bytes(failed > 0 ? "degraded" : "running"), &out)
    appendLine("Units", Bytes(decimal: units.count) + " loaded", &out)
    appendLine("Jobs", Bytes(decimal: jobs) + " queued", &out)
    appendLine("Failed", Bytes(decimal: failed) + " units", &out)
    if shown.isEmpty { return out }
    var table = TextTable()
    for unit in shown {
      var why = unit.text("Why")
      if why.isEmpty, unit.says("ActiveState", "inactive"), let left = unit["Timer"]?.number("LeftUSec") {
        why = "next run in " + shownSpan(left)
      }
      table.add([
        dot(unit), unit.text("Id"), unit.text("ActiveState") + " (" + unit.text("SubState") + ")",
        why.isEmpty ? unit.text("Description") : why,
      ])
    }
    return out + "\n" + table.text
  }
}

/// Whether `status` and `is-active` call it running.
func isRunning(_ unit: JSONValue) -> Bool {
  unit.says("ActiveState", "active") || unit.says("ActiveState", "reloading")
}

/// Active, in motion, failed, or with a job: what lists show without `--all`.
func isWorthListing(_ unit: JSONValue) -> Bool {
  !unit.says("ActiveState", "inactive") || unit.has("Job")
}

/// systemctl's signs in front of a unit.
func dot(_ unit: JSONValue) -> Bytes {
  if !unit.says("LoadState", "loaded"), !unit.says("LoadState", "masked") { return Bytes("×") }
  switch unit.text("ActiveState") {
  case "failed": return Bytes("×")
  case "inactive", "deactivating": return Bytes("○")
  case "reloading": return Bytes("↻")
  default: return Bytes("●")
  }
}

/// `     Active: …` with its newline; labels end in one column.
func appendLine(_ label: StaticString, _ text: Bytes, _ out: inout Bytes) {
  out += Bytes(repeating: 32, count: max(0, 11 - label.utf8CodeUnitCount))
  out.append(label)
  out += ": " + text + "\n"
}

private func statusText(_ unit: JSONValue, _ clock: ShownClock) -> Bytes {
  let name = unit.text("Id")
  let description = unit.text("Description")
  var out = dot(unit) + " " + name
  if !description.isEmpty, description != name { out += " - " + description }
  out += "\n"
  appendLine("Loaded", loadedText(unit), &out)
  appendLine("Active", activeText(unit, clock), &out)
  if let said = unit["Properties"]?.text("StatusText"), !said.isEmpty { appendLine("Status", "\"" + said + "\"", &out) }
  appendTimer(unit, clock, &out)
  appendSocket(unit, &out)
  appendHistory(unit, clock, &out)
  appendProcesses(unit, clock, &out)
  if let restart = restartText(unit, clock) { appendLine("Restart", restart, &out) }
  if !unit.text("Why").isEmpty { appendLine("Why", unit.text("Why"), &out) }
  if let job = unit["Job"], let id = job.number("Id") {
    appendLine("Job", Bytes(decimal: id) + " (" + job.text("Type") + ")", &out)
  }
  if !unit.text("Containment").isEmpty, unit.number("MainPID") ?? 0 > 0 { appendLine("Found by", unit.text("Containment"), &out) }
  return out
}

private func loadedText(_ unit: JSONValue) -> Bytes {
  let state = unit.text("LoadState")
  let error = unit.text("LoadError")
  let path = unit.text("FragmentPath")
  if !error.isEmpty { return state + " (" + error + ")" }
  return path.isEmpty ? state : state + " (" + path + ")"
}

/// `active (running) since Mon 2026-11-23 08:56:00 CET; 5s ago`
private func activeText(_ unit: JSONValue, _ clock: ShownClock) -> Bytes {
  let state = unit.text("ActiveState")
  var out = state + " (" + unit.text("SubState") + ")"
  let result = unit.text("Result")
  if !result.isEmpty, result != "success" {
    if state == "failed" { out = state }
    out += " (Result: " + result + ")"
  }
  let key: StaticString
  switch state {
  case "active", "reloading": key = "ActiveEnterTimestamp"
  case "inactive", "failed": key = "InactiveEnterTimestamp"
  case "deactivating": key = "ActiveExitTimestamp"
  default: key = "StateChangeTimestamp"
  }
  let since = unit.number(key) ?? 0
  if since > 0 { out += " since " + clock.time(since) + "; " + clock.distance(since) }
  return out
}

private func appendTimer(_ unit: JSONValue, _ clock: ShownClock, _ out: inout Bytes) {
  guard let timer = unit["Timer"], timer != .null else { return }
  if let next = timer.number("NextElapseUSec") {
    let left = timer.number("LeftUSec").map(shownSpan) ?? clock.distance(next)
    appendLine("Trigger", clock.time(next) + "; " + left + " left", &out)
  } else {
    appendLine("Trigger", Bytes("n/a"), &out)
  }
  var schedule = Bytes()
  for expression in timer.elements("Expressions") {
    if !schedule.isEmpty { schedule += ", " }
    schedule += expression.text ?? []
  }
  if !schedule.isEmpty { appendLine("Schedule", schedule, &out) }
  let skipped = timer.number("Skipped") ?? 0
  var runs = Bytes(decimal: timer.number("Runs") ?? 0)
  if skipped > 0 { runs += ", " + Bytes(decimal: skipped) + " skipped" }
  appendLine("Runs", runs + " (overlap " + timer.text("Overlap") + ")", &out)
}

/// What starts it and what it starts, what is listened on or watched, and the numbers of a socket with Accept=yes.
private func appendSocket(_ unit: JSONValue, _ out: inout Bytes) {
  appendList("TriggeredBy", unit.elements("TriggeredBy"), sign: "● ", &out)
  appendList("Triggers", unit.elements("Triggers"), sign: "● ", &out)
  appendList("Paths", unit.elements("Paths"), sign: "", &out)
  guard let socket = unit["Socket"], socket != .null else { return }
  appendList("Listen", socket.elements("Listen"), sign: "", &out)
  guard socket["Accept"] == .bool(true) else { return }
  let refused = socket.number("NRefused") ?? 0
  var line = text("\(socket.number("NAccepted") ?? 0); Connected: \(socket.number("NConnections") ?? 0);")
  if refused > 0 { line += "   Refused: " + Bytes(decimal: refused) }
  appendLine("Accepted", line, &out)
}

/// One a line, below each other.
private func appendList(_ label: StaticString, _ values: [JSONValue], sign: StaticString, _ out: inout Bytes) {
  for (index, value) in values.enumerated() {
    if index == 0 {
      appendLine(label, sign + (value.text ?? []), &out)
    } else {
      out += Bytes(repeating: 32, count: 13)
      out += sign + (value.text ?? []) + "\n"
    }
  }
}

/// The last runs of a job, the latest first: `Sat 2026-11-28 03:00:00 CET success after 1.2s, 2 attempts`.
func appendHistory(_ unit: JSONValue, _ clock: ShownClock, _ out: inout Bytes) {
  for run in unit.elements("History").reversed() {
    var line = clock.time(run.number("ScheduledUSec") ?? 0) + " " + run.text("Result")
    let start = run.number("StartUSec") ?? 0
    let end = run.number("EndUSec") ?? 0
    if start > 0, end >= start { line += " after " + shownSpan(end - start) }
    if let attempts = run.number("Attempts"), attempts > 1 { line += ", " + Bytes(decimal: attempts) + " attempts" }
    if let slots = run.number("Slots"), slots > 1 { line += ", " + Bytes(decimal: slots) + " slots" }
    appendLine("Run", line, &out)
  }
}

/// Main and control process, and the last one that ended.
private func appendProcesses(_ unit: JSONValue, _ clock: ShownClock, _ out: inout Bytes) {
  let main = unit.number("MainPID") ?? 0
  let control = unit.number("ControlPID") ?? 0
  if let exit = unit["LastExit"], exit != .null {
    let role = exit.text("Role")
    var how = "code=" + exit.text("Code") + ", " + exit.text("StatusText")
    let error = exit.text("ExecError")
    if !error.isEmpty { how += ": " + error }
    let pid = Bytes(decimal: exit.number("PID") ?? 0)
    if role == Role.main.name, main == 0 {
      appendLine("Main PID", pid + " (" + how + ")", &out)
    } else {
      let when = exit.number("ExitTimestamp") ?? 0
      let ago = when > 0 ? ", " + clock.distance(when) : Bytes()
      appendLine("Last exit", pid + " " + role + " (" + how + ")" + ago, &out)
    }
  }
  if main > 0 { appendLine("Main PID", Bytes(decimal: main) + commandName(main), &out) }
  if control > 0 { appendLine("Cntrl PID", Bytes(decimal: control) + commandName(control), &out) }
}

/// `always (default), 4 restarts, next in 850ms (Mon 2026-11-23 08:56:00 CET)`
private func restartText(_ unit: JSONValue, _ clock: ShownClock) -> Bytes? {
  let policy = unit.text("Restart")
  if policy.isEmpty { return nil }
  let restarts = unit.number("NRestarts") ?? 0
  let next = unit.number("NextRestartUSec")
  if policy == "no", restarts == 0, next == nil { return nil }
  var out = policy
  if unit.says("RestartSource", "default") { out += " (default)" }
  if restarts > 0 { out += ", " + Bytes(decimal: restarts) + (restarts == 1 ? " restart" : " restarts") }
  if let next {
    if let left = unit.number("NextRestartLeftUSec") { out += ", next in " + shownSpan(left) } else { out += ", next" }
    out += " (" + clock.time(next) + ")"
  }
  return out
}

/// ` (sleep)`, where this process sees that PID.
private func commandName(_ pid: Int64) -> Bytes {
  let path = "/proc/" + Bytes(decimal: pid) + "/comm"
  let fd = control_open_file(path + [0])
  if fd < 0 { return [] }
  var name = Bytes(repeating: 0, count: 64)
  let length = name.withUnsafeMutableBytes { control_read(fd, $0.baseAddress, $0.count) }
  _ = close(fd)
  return length > 1 ? " (" + Bytes(name.prefix(Int(length))).trimmed + ")" : []
}
