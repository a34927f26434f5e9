import Calendar
import Model
import Wire

// `show`: properties for programs; `is-active`, `is-failed`.
extension Client {
  func show() throws(ArgumentError) -> Int32 {
    let lines = PropertyLines(shownClock(), wanted: values.list(.property), valuesOnly: values.has(.value))
    for operand in operands {
      let name = fullUnitName(operand)
      let answer = try unit(name)
      let value = answer.isNotFound ? absentUnit(name) : answer.json
      if isJSON {
        lines.out += jsonLine(value)
        continue
      }
      if !lines.out.isEmpty { lines.out += "\n" }
      lines.add(properties: value)
    }
    return say(lines.out)
  }

  func checkStates() throws(ArgumentError) -> Int32 {
    var out = Bytes()
    var isAny = false
    for operand in operands {
      let name = fullUnitName(operand)
      let answer = try unit(name)
      let value = answer.isNotFound ? absentUnit(name) : answer.json
      let state = value.text("ActiveState")
      if face == .isActive ? isRunning(value) : state == "failed" { isAny = true }
      out += isJSON ? jsonLine(textObject("Id ActiveState", [name, state])) : state + "\n"
    }
    let status = isAny ? Status.success : face == .isActive ? Status.notRunning : Status.failure
    return isQuiet ? status : say(out, status: status)
  }
}

/// What systemctl shows of a unit that nobody knows.
private func absentUnit(_ name: Bytes) -> JSONValue {
  let values = Bytes("not-found inactive dead success").pieces(separatedBy: 32)
  return textObject("Id LoadState ActiveState SubState Result", [name] + values)
}

/// The properties as lines: what is nested in JSON gets systemd's flat names.
private final class PropertyLines {
  private let clock: ShownClock
  /// Empty: all.
  private let wanted: [Bytes]
  private let valuesOnly: Bool
  var out = Bytes()

  init(_ clock: ShownClock, wanted: [Bytes], valuesOnly: Bool) {
    self.clock = clock
    self.wanted = wanted
    self.valuesOnly = valuesOnly
  }

  private func add(_ name: Bytes, _ value: Bytes) {
    if wanted.isEmpty || wanted.contains(name) { out += filled(valuesOnly ? "%%\n" : "%=%\n", valuesOnly ? [] : name, value) }
  }

  private func add(_ name: Bytes, _ value: JSONValue) { add(name, shown(name, value)) }

  func add(properties unit: JSONValue) {
    for member in unit.members {
      let name = member.key
      let value = member.value
      switch name {
      case "Job": add(name, value["Id"] ?? .null)
      case "LastExit": addExit(value, isMain: unit["Properties"]?["ExecMainCode"] == nil)
      case "Timer": for part in value.members { add(part.key, part.value) }
      case "Paths": addList(name, value)
      case "Socket":
        // Lists have a line for each of theirs.
        for part in value.members {
          addList(part.key, part.value)
          if part.value.elements.isEmpty, !part.value.isNull { add(part.key, part.value) }
        }
      case "History": for run in value.elements { add(Bytes("Run"), shownRun(run)) }
      case "Properties": for part in value.members { addText(part.key, part.value.text ?? []) }
      default: add(name, value)
      }
    }
  }

  private func addList(_ name: Bytes, _ list: JSONValue) {
    for value in list.elements { add(name, value.text ?? []) }
  }

  /// A property of systemd's, which may be there more than once.
  private func addText(_ name: Bytes, _ text: Bytes) {
    for line in text.pieces(separatedBy: 10, keepEmpty: true) {
      if name.ends(with: "Timestamp"), !line.isEmpty {
        add(name, clock.time(number(line)))
      } else {
        add(name, name == "TimersCalendar" ? shownCalendar(line) : line)
      }
    }
  }

  /// `{ OnCalendar=daily ; next_elapse=@1795917600000000 }` with the time as people read it.
  private func shownCalendar(_ line: Bytes) -> Bytes {
    guard let at = line.lastIndex(of: 64) else { return line }
    var digits = Bytes()
    for byte in line[(at + 1)...] {
      if !byte.isDigit { break }
      digits.append(byte)
    }
    return filled("%% }", Bytes(line[..<at]), digits.isEmpty ? Bytes("n/a") : clock.time(number(digits)))
  }

  /// One of the last runs of a job, in the manner of systemd's timers.
  private func shownRun(_ run: JSONValue) -> Bytes {
    var out = "{ scheduled=" + clock.time(run.count("ScheduledUSec"))
    if run.count("StartUSec") > 0 { out = filled("% ; start=%", out, clock.time(run.count("StartUSec"))) }
    if run.count("EndUSec") > 0 { out = filled("% ; end=%", out, clock.time(run.count("EndUSec"))) }
    out = filled("% ; attempts=% ; result=%", out, run.digits("Attempts"), run.text("Result"))
    return filled(run.count("Slots") > 1 ? "% ; slots=% }" : "% }", out, run.digits("Slots"))
  }

  /// The last exit, and of a main process systemd's ExecMain properties (codes as in waitid's si_code).
  private func addExit(_ exit: JSONValue, isMain: Bool) {
    for part in exit.members { add("LastExit" + part.key, shown(part.key, part.value)) }
    guard isMain, exit.says("Role", Role.main.name) else { return }
    addMain("StartTimestamp", exit)
    addMain("ExitTimestamp", exit)
    addMain("PID", exit)
    let code = exit.text("Code")
    add(Bytes("ExecMainCode"), Bytes(code == "exited" ? "1" : code == "killed" ? "2" : "3"))
    addMain("Status", exit)
  }

  private func addMain(_ key: StaticString, _ exit: JSONValue) {
    if let value = exit[key] { add("ExecMain" + Bytes(key), shown(Bytes(key), value)) }
  }

  private func shown(_ name: Bytes, _ value: JSONValue) -> Bytes {
    switch value {
    case .null, .object: return []
    case .bool(let flag): return Bytes(flag ? "yes" : "no")
    case .number(let text), .string(let text): return text
    case .integer(let number):
      switch name {
      case "LeftUSec", "NextRestartLeftUSec", "RestartUSecNext":
        return formatTimeSpan(TimeSpan(microseconds: UInt64(max(0, number))))
      case "NextElapseUSecRealtime", "NextElapseUSec", "LastTriggerUSec", "NextRestartUSec": break
      default: if !name.ends(with: "Timestamp") { return Bytes(decimal: number) }
      }
      return number > 0 ? clock.time(number) : []
    case .array(let elements):
      var out = Bytes()
      for element in elements { out = filled(out.isEmpty ? "%%" : "% %", out, element.text ?? []) }
      return out
    }
  }
}

private func number(_ digits: Bytes) -> Int64 { Int64(clamping: digits.unsignedDecimal ?? 0) }
