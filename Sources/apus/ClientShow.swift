import Calendar
import Model
import Wire

// `show`: properties for programs; `is-active`, `is-failed`.
extension Client {
  func show() -> Int32 {
    let wanted = values.list(.property)
    let clock = shownClock()
    var out = Bytes()
    for operand in operands {
      let unit = fullUnitName(operand)
      switch ask(.get, unitPath(unit)) {
      case .failure(let failure): return give(up: failure)
      case .success(let answer):
        if answer.status >= 300 && !answer.isNotFound { return refuse("show " + unit, answer) }
        let value = answer.isNotFound ? absentUnit(unit) : answer.json
        if isJSON {
          var writer = JSONWriter()
          writer.value(value)
          out += writer.bytes + "\n"
          continue
        }
        if !out.isEmpty { out += "\n" }
        for property in clock.properties(of: value) where wanted.isEmpty || wanted.contains(property.name) {
          if !values.has(.value) { out += property.name + "=" }
          out += property.value + "\n"
        }
      }
    }
    return say(out)
  }

  func checkStates() -> Int32 {
    var out = Bytes()
    var isAny = false
    for operand in operands {
      let unit = fullUnitName(operand)
      switch ask(.get, unitPath(unit)) {
      case .failure(let failure): return give(up: failure)
      case .success(let answer):
        if answer.status >= 300 && !answer.isNotFound { return refuse("show " + unit, answer) }
        let value = answer.isNotFound ? absentUnit(unit) : answer.json
        let state = value.text("ActiveState")
        if face == .isActive ? isRunning(value) : state == "failed" { isAny = true }
        if isJSON {
          var writer = JSONWriter()
          writer.value(
            .object([JSONMember(key: Bytes("Id"), value: .string(unit)), JSONMember(key: Bytes("ActiveState"), value: .string(state))]))
          out += writer.bytes + "\n"
        } else {
          out += state + "\n"
        }
      }
    }
    let status = isAny ? Status.success : face == .isActive ? Status.notRunning : Status.failure
    return isQuiet ? status : say(out, status: status)
  }
}

/// What systemctl shows of a unit that nobody knows.
private func absentUnit(_ name: Bytes) -> JSONValue {
  func member(_ key: StaticString, _ value: Bytes) -> JSONMember { JSONMember(key: Bytes(key), value: .string(value)) }
  return .object([
    member("Id", name), member("LoadState", Bytes("not-found")), member("ActiveState", Bytes("inactive")),
    member("SubState", Bytes("dead")), member("Result", Bytes("success")),
  ])
}

extension ShownClock {
  /// The properties as lines: what is nested in JSON gets systemd's flat names.
  func properties(of unit: JSONValue) -> [(name: Bytes, value: Bytes)] {
    var out: [(name: Bytes, value: Bytes)] = []
    for member in unit.members {
      switch member.key {
      case "Job": out.append((member.key, member.value["Id"].map { shownProperty(member.key, $0) } ?? []))
      case "LastExit": appendExit(member.value, isMain: unit["Properties"]?["ExecMainCode"] == nil, &out)
      case "Timer":
        for part in member.value.members { out.append((part.key, shownProperty(part.key, part.value))) }
      case "Socket", "Paths":
        // Lists have a line for each of theirs.
        for part in member.value.members.isEmpty ? [member] : member.value.members {
          for value in part.value.elements { out.append((part.key, value.text ?? [])) }
          if part.value.elements.isEmpty, part.value != .null, part.key != "Paths" {
            out.append((part.key, shownProperty(part.key, part.value)))
          }
        }
      case "History":
        for run in member.value.elements { out.append((Bytes("Run"), shownRun(run))) }
      case "Properties":
        for part in member.value.members {
          for line in (part.value.text ?? []).pieces(separatedBy: 10, keepEmpty: true) {
            let isTime = part.key.ends(with: "Timestamp") && !line.isEmpty
            out.append((part.key, isTime ? time(number(line)) : part.key == "TimersCalendar" ? shownCalendar(line) : line))
          }
        }
      default: out.append((member.key, shownProperty(member.key, member.value)))
      }
    }
    return out
  }

  /// `{ OnCalendar=daily ; next_elapse=@1795917600000000 }` with the time as people read it.
  private func shownCalendar(_ line: Bytes) -> Bytes {
    guard let at = line.lastIndex(of: 64) else { return line }
    let digits = Bytes(line[(at + 1)...].prefix { $0.isDigit })
    return Bytes(line[..<at]) + (digits.isEmpty ? Bytes("n/a") : time(number(digits))) + Bytes(" }")
  }

  /// One of the last runs of a job, in the manner of systemd's timers.
  private func shownRun(_ run: JSONValue) -> Bytes {
    var out = Bytes("{ scheduled=") + time(run.number("ScheduledUSec") ?? 0)
    func add(_ name: StaticString, _ key: StaticString) {
      if let at = run.number(key), at > 0 { out += " ; " + Bytes(name) + "=" + time(at) }
    }
    add("start", "StartUSec")
    add("end", "EndUSec")
    out += " ; attempts=" + Bytes(decimal: run.number("Attempts") ?? 0) + " ; result=" + run.text("Result")
    if let slots = run.number("Slots"), slots > 1 { out += " ; slots=" + Bytes(decimal: slots) }
    return out + " }"
  }

  /// The last exit, and of a main process systemd's ExecMain properties (codes as in waitid's si_code).
  private func appendExit(_ exit: JSONValue, isMain: Bool, _ out: inout [(name: Bytes, value: Bytes)]) {
    for part in exit.members { out.append(("LastExit" + part.key, shownProperty(part.key, part.value))) }
    guard isMain, exit.says("Role", Role.main.name) else { return }
    func add(_ name: StaticString, _ key: StaticString) {
      if let value = exit[key] { out.append((Bytes(name), shownProperty(Bytes(key), value))) }
    }
    add("ExecMainStartTimestamp", "StartTimestamp")
    add("ExecMainExitTimestamp", "ExitTimestamp")
    add("ExecMainPID", "PID")
    let code: StaticString
    switch exit.text("Code") {
    case "exited": code = "1"
    case "killed": code = "2"
    default: code = "3"
    }
    out.append((Bytes("ExecMainCode"), Bytes(code)))
    add("ExecMainStatus", "Status")
  }

  private func shownProperty(_ name: Bytes, _ value: JSONValue) -> Bytes {
    switch value {
    case .null: return []
    case .bool(let flag): return Bytes(flag ? "yes" : "no")
    case .number(let text), .string(let text): return text
    case .integer(let number):
      switch name {
      case "NextElapseUSecRealtime", "NextElapseUSec", "LastTriggerUSec", "NextRestartUSec": return number > 0 ? time(number) : []
      case _ where name.ends(with: "Timestamp"): return number > 0 ? time(number) : []
      case "LeftUSec", "NextRestartLeftUSec", "RestartUSecNext":
        return formatTimeSpan(TimeSpan(microseconds: UInt64(max(0, number))))
      default: return Bytes(decimal: number)
      }
    case .array(let elements):
      var out = Bytes()
      for element in elements {
        if !out.isEmpty { out += " " }
        out += element.text ?? []
      }
      return out
    case .object: return []
    }
  }
}

private func number(_ digits: Bytes) -> Int64 { Int64(clamping: digits.unsignedDecimal ?? 0) }
