import Model
import Runtime
import Wire

// The faces that change something: start and its kin, kill, reset-failed, daemon-reload, apply, exit.
extension Client {
  /// Asks for all at once, so that the server may order them, then waits for each; the first failure decides.
  func runJobs() throws(ArgumentError) -> Int32 {
    let waits = !values.has(.noBlock)
    var query: StaticString = waits ? "?wait=1" : ""
    if let mode = values.value(.jobMode) {
      switch mode {
      case "replace": break
      case "fail": query = waits ? "?wait=1&mode=fail" : "?mode=fail"
      case "ignore-dependencies": query = waits ? "?wait=1&mode=ignore-dependencies" : "?mode=ignore-dependencies"
      default: throw .usage(values.source(.jobMode) + ": '" + mode + "' is neither replace, fail nor ignore-dependencies", verb)
      }
    }
    // A wave takes a part of the server's slots, so that others find one, too.
    let atOnce = ControlLimits.clientsMax / 4
    var status = Status.success
    var begin = 0
    while begin < operands.count {
      let end = min(begin + atOnce, operands.count)
      var pending: [(unit: Bytes, answer: Result<PendingAnswer, ClientFailure>)] = []
      for operand in operands[begin..<end] {
        let unit = fullUnitName(operand)
        if UnitName(unit)?.isTemplate == true {
          complain("cannot " + verb.name + " " + unit + ": the name of a template is missing the instance name")
          status = Status.failure
          continue
        }
        pending.append((unit, send(.post, unitPath(unit) + "/" + verb.name + query, waits: waits)))
      }
      for item in pending {
        let result = finishJob(item.unit, item.answer)
        if status == Status.success { status = result }
      }
      begin = end
    }
    return status
  }

  private func finishJob(_ unit: Bytes, _ pending: Result<PendingAnswer, ClientFailure>) -> Int32 {
    let answer: Answer
    switch pending {
    case .failure(let failure): return give(up: failure)
    case .success(let sent):
      switch receive(sent) {
      case .failure(let failure): return give(up: failure)
      case .success(let received): answer = received
      }
    }
    if answer.status < 300 { return isJSON ? say(answer.body + "\n") : Status.success }
    let intent = verb.name + " " + unit
    if answer.errorName.isEmpty || answer.errorName == RequestError.jobFailed.name {
      if isJSON { writeAll(answer.body + "\n", to: 1) }
      let result = answer.json["Job"]?["Result"]?.text ?? Bytes("failed")
      let reason = answer.message.isEmpty ? "the job ended in " + result : answer.message
      complain(reason.starts(with: "cannot ") ? reason : "cannot " + intent + ": " + reason)
      writeAll("see 'apus status " + unit + "'\n", to: 2)
      return Status.failure
    }
    let status = refuse(intent, answer)
    return status == Status.badConfiguration ? Status.failure : status
  }

  func killUnits() throws(ArgumentError) -> Int32 {
    var query = Bytes("?signal=")
    let signalText = values.value(.signal) ?? Bytes("TERM")
    guard let signal = Signal(named: signalText) else {
      throw .usage(values.source(.signal) + ": there is no signal '" + signalText + "'", verb)
    }
    query.append(decimal: signal.number)
    if let whom = values.value(.killWhom) {
      guard KillWhom.allCases.contains(where: { whom == $0.name }) else {
        throw .usage(values.source(.killWhom) + ": '" + whom + "' is neither all, main nor control", verb)
      }
      query += "&whom=" + whom
    }
    return forEachUnit(operands.map(fullUnitName), "kill", query)
  }

  func resetFailed() -> Int32 {
    if !operands.isEmpty { return forEachUnit(operands.map(fullUnitName), "reset-failed", []) }
    switch ask(.get, Bytes("/v1/units")) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("list the units"), answer) }
      let failed = answer.json.elements("Units").filter { $0.says("ActiveState", "failed") }
      return forEachUnit(failed.compactMap { $0.text("Id") }, "reset-failed", [])
    }
  }

  /// One request after the other; the first failure decides, no failure ends the row.
  private func forEachUnit(_ units: [Bytes], _ action: StaticString, _ query: Bytes) -> Int32 {
    var status = Status.success
    for unit in units {
      let result: Int32
      switch ask(.post, unitPath(unit) + "/" + Bytes(action) + query) {
      case .failure(let failure): return give(up: failure)
      case .success(let answer):
        if answer.status >= 300 {
          result = refuse(Bytes(action) + " " + unit, answer)
        } else {
          result = isJSON ? say(answer.body + "\n") : Status.success
        }
      }
      if status == Status.success { status = result }
    }
    return status
  }

  func daemonReload() -> Int32 {
    switch ask(.post, Bytes("/v1/daemon-reload")) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("reload the unit files"), answer) }
      printDiagnostics(answer)
      return isJSON ? say(answer.body + "\n") : Status.success
    }
  }

  func apply() -> Int32 {
    let planOnly = values.has(.plan)
    switch ask(.post, Bytes(planOnly ? "/v1/apply?plan=1" : "/v1/apply")) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("apply, nothing was changed"), answer) }
      printDiagnostics(answer)
      if isJSON { return say(answer.body + "\n") }
      if isQuiet { return Status.success }
      var table = TextTable()
      for item in answer.json.elements("Plan") where !item.says("Action", "nothing") {
        table.add([item.text("Action"), item.text("Unit"), item.text("Reason")])
      }
      return say(table.isEmpty ? Bytes("nothing to change\n") : table.text)
    }
  }

  func exitServer() throws(ArgumentError) -> Int32 {
    var path = Bytes("/v1/exit")
    if let text = operands.first {
      guard let status = text.unsignedDecimal, status <= 255 else {
        throw .usage("STATUS is no number from 0 to 255: '" + text + "'", verb)
      }
      path += "?status=" + Bytes(decimal: status)
    }
    switch ask(.post, path) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("exit"), answer) }
      return isJSON ? say(answer.body + "\n") : Status.success
    }
  }
}
