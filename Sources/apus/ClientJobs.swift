import Model
import Runtime
import Wire

// The faces that change something: start and its kin, kill, reset-failed, daemon-reload, apply, exit.
extension Client {
  /// Asks for all at once, so that the server may order them, then waits for each; the first failure decides.
  func runJobs() throws(ArgumentError) -> Int32 {
    let waits = !values.has(.noBlock)
    var query = Bytes(waits ? "?wait=1" : "")
    let mode = values.value(.jobMode) ?? Bytes("replace")
    switch mode {
    case "replace": break
    case "fail", "ignore-dependencies": query = filled(waits ? "?wait=1&mode=%" : "?mode=%", mode)
    default: throw parsed.invalid(.jobMode, "is neither replace, fail nor ignore-dependencies")
    }
    // A wave takes a part of the server's slots, so that others find one, too.
    let atOnce = ControlLimits.clientsMax / 4
    var status = Status.success
    var begin = 0
    while begin < operands.count {
      let end = min(begin + atOnce, operands.count)
      var pending: [PendingAnswer] = []
      for index in begin..<end {
        let unit = fullUnitName(operands[index])
        if UnitName(unit)?.isTemplate == true {
          complain("cannot % %: the name of a template is missing the instance name", verb.name, unit)
          status = Status.failure
          continue
        }
        pending.append(send(.post, filled("%/%%", unitPath(unit), verb.name, query), waits: waits, unit: unit))
      }
      for item in pending {
        let result = finishJob(item)
        if status == Status.success { status = result }
      }
      begin = end
    }
    if face == .stop, !isQuiet { warnOfTriggers() }
    return status
  }

  /// As systemctl: a unit that is down can be started again by what triggers it, unless that is stopped, too.
  private func warnOfTriggers() {
    for operand in operands {
      let name = fullUnitName(operand)
      var triggers = Bytes()
      for trigger in ask(.get, unitPath(name))?.json.elements("TriggeredBy") ?? [] {
        let unit = trigger.text ?? []
        // One that is to be stopped as well has a job, if it is not down yet.
        guard let answer = ask(.get, unitPath(unit)), isRunning(answer.json), !answer.json.has("Job") else { continue }
        triggers += (triggers.isEmpty ? "" : ", ") + unit
      }
      if !triggers.isEmpty { complain("warning: % can still be activated by: %", name, triggers) }
    }
  }

  private func finishJob(_ pending: PendingAnswer) -> Int32 {
    guard let answer = receive(pending) else { return give(up: pending) }
    if !answer.isRefusal { return pass(answer) }
    let intent = filled("% %", verb.name, pending.unit)
    if answer.errorName.isEmpty || answer.errorName == RequestError.jobFailed.name {
      _ = pass(answer)
      let result = answer.json["Job"]?["Result"]?.text ?? Bytes("failed")
      refuse(intent, because: answer.message.isEmpty ? "the job ended in " + result : answer.message)
      writeAll(filled("see 'apus status %'\n", pending.unit), to: 2)
      return Status.failure
    }
    let status = refuse(intent, answer)
    return status == Status.badConfiguration ? Status.failure : status
  }

  func killUnits() throws(ArgumentError) -> Int32 {
    let signalText = values.value(.signal) ?? Bytes("TERM")
    guard let signal = Signal(named: signalText) else {
      throw .usage(filled("%: there is no signal '%'", values.source(.signal), signalText), verb)
    }
    var query = "?signal=" + Bytes(decimal: signal.number)
    if let whom = values.value(.killWhom) {
      var isKnown = false
      for known in KillWhom.allCases where whom == known.name { isKnown = true }
      if !isKnown { throw parsed.invalid(.killWhom, "is neither all, main nor control") }
      query = filled("%&whom=%", query, whom)
    }
    return try forEachUnit("kill", query)
  }

  func resetFailed() throws(ArgumentError) -> Int32 {
    if operands.isEmpty {
      for unit in try units().json.elements("Units") where unit.says("ActiveState", "failed") { operands.append(unit.text("Id")) }
    }
    return try forEachUnit("reset-failed", [])
  }

  /// One request after the other; the first failure decides, no failure ends the row.
  private func forEachUnit(_ action: StaticString, _ query: Bytes) throws(ArgumentError) -> Int32 {
    var status = Status.success
    for operand in operands {
      let unit = fullUnitName(operand)
      let answer = try obtain(.post, filled("%/%%", unitPath(unit), Bytes(action), query))
      let result = answer.isRefusal ? refuse(filled("% %", Bytes(action), unit), answer) : pass(answer)
      if status == Status.success { status = result }
    }
    return status
  }

  func daemonReload() throws(ArgumentError) -> Int32 {
    let answer = try demand(.post, Bytes("/v1/daemon-reload"), to: "reload the unit files")
    printDiagnostics(answer)
    return pass(answer)
  }

  func apply() throws(ArgumentError) -> Int32 {
    let path = Bytes(values.has(.plan) ? "/v1/apply?plan=1" : "/v1/apply")
    let answer = try demand(.post, path, to: "apply, nothing was changed")
    printDiagnostics(answer)
    if isJSON || isQuiet { return pass(answer) }
    var table = TextTable()
    for item in answer.json.elements("Plan") where !item.says("Action", "nothing") {
      table.add([item.text("Action"), item.text("Unit"), item.text("Reason")])
    }
    return say(table.isEmpty ? Bytes("nothing to change\n") : table.text)
  }

  func exitServer() throws(ArgumentError) -> Int32 {
    var path = Bytes("/v1/exit")
    if let text = operands.first {
      guard let status = text.unsignedDecimal, status <= 255 else {
        throw .usage(filled("STATUS is no number from 0 to 255: '%'", text), verb)
      }
      path = filled("/v1/exit?status=%", Bytes(decimal: status))
    }
    return pass(try demand(.post, path, to: "exit"))
  }
}
