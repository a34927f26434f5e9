import CLinux
import Model
import Wire

// `status`: what units do and why, in systemctl's layout.
extension Client {
  func statusOfUnits() throws(ArgumentError) -> Int32 {
    var out = Bytes()
    var status = Status.success
    let clock = shownClock()
    for operand in operands {
      let unit = fullUnitName(operand)
      let answer = try obtain(.get, unitPath(unit))
      if answer.isNotFound {
        complain("there is no unit %", unit)
        status = Status.unknown
      } else if answer.isRefusal {
        status = refuse("show " + unit, answer)
      } else {
        if isJSON {
          out += answer.body + "\n"
        } else {
          if !out.isEmpty { out += "\n" }
          out += StatusText(answer.json, clock).out
        }
        if !isRunning(answer.json), status == Status.success { status = Status.notRunning }
      }
    }
    return isQuiet ? status : say(out, status: status)
  }

  /// `status` without a unit.
  func statusOfAll() throws(ArgumentError) -> Int32 {
    let answer = try units()
    if isJSON { return pass(answer) }
    return isQuiet ? Status.success : say(overview(answer.json.elements("Units")))
  }

  private func overview(_ units: [JSONValue]) -> Bytes {
    var failed = 0
    var jobs = 0
    var table = TextTable()
    for unit in units {
      if unit.says("ActiveState", "failed") { failed += 1 }
      if unit["Job"] != nil { jobs += 1 }
      guard isWorthListing(unit) || hasNextElapse(unit) else { continue }
      var why = unit.text("Why")
      if why.isEmpty, unit.says("ActiveState", "inactive"), let left = unit["Timer"]?.number("LeftUSec") {
        why = "next run in " + shownSpan(left)
      }
      if why.isEmpty { why = unit.text("Description") }
      table.add([dot(unit), unit.text("Id"), shownState(unit), why])
    }
    let head = filled(
      failed > 0 ? "× apus\n      State: degraded\n      Units: % loaded\n" : "● apus\n      State: running\n      Units: % loaded\n",
      Bytes(decimal: units.count))
    let out = filled("%       Jobs: % queued\n     Failed: % units\n", head, Bytes(decimal: jobs), Bytes(decimal: failed))
    return table.isEmpty ? out : filled("%\n%", out, table.text)
  }
}

/// `active (running)`
private func shownState(_ unit: JSONValue) -> Bytes { filled("% (%)", unit.text("ActiveState"), unit.text("SubState")) }

/// Whether a run of its timer is to come.
func hasNextElapse(_ unit: JSONValue) -> Bool { unit["Timer"]?.has("NextElapseUSec") ?? false }

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

/// What `status` says of one unit: lines, their labels in one column.
private final class StatusText {
  private let unit: JSONValue
  private let clock: ShownClock
  private(set) var out = Bytes()

  init(_ unit: JSONValue, _ clock: ShownClock) {
    self.unit = unit
    self.clock = clock
    let name = unit.text("Id")
    let description = unit.text("Description")
    out = filled(description.isEmpty || description == name ? "% %\n" : "% % - %\n", dot(unit), name, description)
    let error = unit.text("LoadError")
    let origin = error.isEmpty ? unit.text("FragmentPath") : error
    line("Loaded", filled(origin.isEmpty ? "%" : "% (%)", unit.text("LoadState"), origin))
    line("Active", activeText())
    let said = unit["Properties"]?.text("StatusText") ?? []
    if !said.isEmpty { line("Status", filled("\"%\"", said)) }
    addTimer()
    addSocket()
    addHistory()
    addProcesses()
    line("Restart", restartText())
    line("Why", unit.text("Why"))
    if let job = unit["Job"], job.number("Id") != nil { line("Job", filled("% (%)", job.digits("Id"), job.text("Type"))) }
    if unit.count("MainPID") > 0 { line("Found by", unit.text("Containment")) }
  }

  /// `     Active: …`; nothing where there is nothing to say.
  private func line(_ label: StaticString, _ text: Bytes) {
    if text.isEmpty { return }
    out += labelled(Bytes(label), text, width: 11)
  }

  /// `active (running) since Mon 2026-11-23 08:56:00 CET; 5s ago`
  private func activeText() -> Bytes {
    let state = unit.text("ActiveState")
    let key: StaticString
    switch state {
    case "active", "reloading": key = "ActiveEnterTimestamp"
    case "inactive", "failed": key = "InactiveEnterTimestamp"
    case "deactivating": key = "ActiveExitTimestamp"
    default: key = "StateChangeTimestamp"
    }
    var out = shownState(unit)
    let result = unit.text("Result")
    if !result.isEmpty, result != "success" { out = filled("% (Result: %)", state == "failed" ? state : out, result) }
    let since = unit.count(key)
    return since > 0 ? filled("% since %; %", out, clock.time(since), clock.distance(since)) : out
  }

  private func addTimer() {
    guard let timer = unit["Timer"], !timer.isNull else { return }
    var trigger = Bytes("n/a")
    if let next = timer.number("NextElapseUSec") {
      let left = timer.number("LeftUSec").map(shownSpan) ?? clock.distance(next)
      trigger = filled("%; % left", clock.time(next), left)
    }
    line("Trigger", trigger)
    var schedule = Bytes()
    for expression in timer.elements("Expressions") { schedule = filled(schedule.isEmpty ? "%%" : "%, %", schedule, expression.text ?? []) }
    line("Schedule", schedule)
    let form: StaticString = timer.count("Skipped") > 0 ? "%, % skipped (overlap %)" : "%% (overlap %)"
    line("Runs", filled(form, timer.digits("Runs"), timer.count("Skipped") > 0 ? timer.digits("Skipped") : [], timer.text("Overlap")))
  }

  /// What starts it and what it starts, what is listened on or watched, and the numbers of a socket with Accept=yes.
  private func addSocket() {
    list("TriggeredBy", unit, "● %")
    list("Triggers", unit, "● %")
    list("Paths", unit, "%")
    guard let socket = unit["Socket"] else { return }
    list("Listen", socket, "%")
    guard socket.isTrue("Accept") else { return }
    line(
      "Accepted",
      filled(
        socket.count("NRefused") > 0 ? "%; Connected: %;   Refused: %" : "%; Connected: %;", socket.digits("NAccepted"),
        socket.digits("NConnections"), socket.digits("NRefused")))
    if socket.count("NHeld") > 0 { line("Held", filled("% wait for their turn", socket.digits("NHeld"))) }
  }

  /// One a line, below each other.
  private func list(_ label: StaticString, _ holder: JSONValue, _ form: StaticString) {
    var text = Bytes()
    for value in holder.elements(label) {
      text = filled(text.isEmpty ? "%%" : "%\n             %", text, filled(form, value.text ?? []))
    }
    line(label, text)
  }

  /// The last runs of a job, the latest first: `Sat 2026-11-28 03:00:00 CET success after 1.2s, 2 attempts`.
  private func addHistory() {
    for run in unit.elements("History").reversed() {
      var text = filled("% %", clock.time(run.count("ScheduledUSec")), run.text("Result"))
      let start = run.count("StartUSec")
      let end = run.count("EndUSec")
      if start > 0, end >= start { text = filled("% after %", text, shownSpan(end - start)) }
      if run.count("Attempts") > 1 { text = filled("%, % attempts", text, run.digits("Attempts")) }
      if run.count("Slots") > 1 { text = filled("%, % slots", text, run.digits("Slots")) }
      line("Run", text)
    }
  }

  /// Main and control process, and the last one that ended.
  private func addProcesses() {
    let main = unit.count("MainPID")
    if let exit = unit["LastExit"], !exit.isNull {
      let role = exit.text("Role")
      let error = exit.text("ExecError")
      let how = filled(error.isEmpty ? "code=%, %" : "code=%, %: %", exit.text("Code"), exit.text("StatusText"), error)
      if main == 0, role == Role.main.name {
        line("Main PID", filled("% (%)", exit.digits("PID"), how))
      } else {
        let when = exit.count("ExitTimestamp")
        let text = filled("% % (%)", exit.digits("PID"), role, how)
        line("Last exit", when > 0 ? filled("%, %", text, clock.distance(when)) : text)
      }
    }
    process("Main PID", main)
    process("Cntrl PID", unit.count("ControlPID"))
  }

  private func process(_ label: StaticString, _ pid: Int64) {
    if pid > 0 { line(label, Bytes(decimal: pid) + commandName(pid)) }
  }

  /// `always (default), 4 restarts, next in 850ms (Mon 2026-11-23 08:56:00 CET)`; empty where none is to come, and none was.
  private func restartText() -> Bytes {
    let policy = unit.text("Restart")
    let restarts = unit.count("NRestarts")
    let next = unit.number("NextRestartUSec")
    if policy.isEmpty || (policy == "no" && restarts == 0 && next == nil) { return [] }
    var out = unit.says("RestartSource", "default") ? policy + " (default)" : policy
    if restarts > 0 { out = filled(restarts == 1 ? "%, % restart" : "%, % restarts", out, unit.digits("NRestarts")) }
    if let next {
      let left = unit.number("NextRestartLeftUSec")
      out = filled(left == nil ? "%, next% (%)" : "%, next in % (%)", out, left.map(shownSpan) ?? [], clock.time(next))
    }
    return out
  }
}

/// `     Active: …` with its newline: the label ends at a column.
func labelled(_ label: Bytes, _ text: Bytes, width: Int) -> Bytes {
  filled("%%: %\n", Bytes(repeating: 32, count: max(0, width - label.count)), label, text)
}

/// ` (sleep)`, where this process sees that PID.
private func commandName(_ pid: Int64) -> Bytes {
  let fd = control_open_file(filled("/proc/%/comm\0", Bytes(decimal: pid)))
  if fd < 0 { return [] }
  var name = Bytes(repeating: 0, count: 64)
  let length = name.withUnsafeMutableBytes { control_read(fd, $0.baseAddress, $0.count) }
  _ = close(fd)
  return length > 1 ? filled(" (%)", Bytes(name.prefix(Int(length))).trimmed) : []
}
