import Model
import Wire

// `list-units`, `list-timers`: tables, or arrays of the server's short forms.
extension Client {
  func listUnits() -> Int32 {
    list(Bytes("/v1/units"), isShown: { isListed($0) }) { unitTable($0) }
  }

  func listTimers() -> Int32 {
    let all = values.has(.all)
    return list(
      Bytes("/v1/timers"),
      isShown: { all || isWorthListing($0) || $0["Timer"]?.has("NextElapseUSec") ?? false }
    ) { timerTable($0) }
  }

  func listSockets() -> Int32 {
    let all = values.has(.all)
    return list(Bytes("/v1/sockets"), isShown: { all || isWorthListing($0) }) { units in
      let showsTypes = values.has(.showTypes)
      var rows: [[Bytes]] = []
      for unit in units {
        for line in unit["Socket"]?.elements("Listen") ?? [] {
          let (address, kind) = split(line.text ?? [])
          rows.append([address] + (showsTypes ? [kind] : []) + [unit.text("Id"), activates(unit)])
        }
      }
      return sortedTable([Bytes("LISTEN")] + (showsTypes ? [Bytes("TYPE")] : []), rows, "sockets")
    }
  }

  func listPaths() -> Int32 {
    let all = values.has(.all)
    return list(Bytes("/v1/paths"), isShown: { all || isWorthListing($0) }) { units in
      var rows: [[Bytes]] = []
      for unit in units {
        for line in unit.elements("Paths") {
          let (path, kind) = split(line.text ?? [])
          rows.append([path, kind, unit.text("Id"), activates(unit)])
        }
      }
      return sortedTable([Bytes("PATH"), Bytes("CONDITION")], rows, "paths")
    }
  }

  /// `[::]:80 (Stream)` without its brackets.
  private func split(_ line: Bytes) -> (Bytes, Bytes) {
    guard let blank = line.lastIndex(of: 32) else { return (line, []) }
    return (Bytes(line[..<blank]), Bytes(line[(blank + 1)...].dropFirst().dropLast()))
  }

  private func activates(_ unit: JSONValue) -> Bytes {
    let names = unit.elements("Triggers").map { $0.text ?? [] }
    return names.first ?? Bytes("-")
  }

  /// Rows in the order of their first bytes, as systemctl sorts them.
  private func sortedTable(_ columns: [Bytes], _ rows: [[Bytes]], _ noun: StaticString) -> Bytes {
    let hasLegend = !values.has(.noLegend)
    var table = TextTable()
    if hasLegend { table.add(columns + [Bytes("UNIT"), Bytes("ACTIVATES")]) }
    var order: [[Bytes]] = []
    for row in rows {
      var place = order.count
      while place > 0, row[0].lexicographicallyPrecedes(order[place - 1][0]) { place -= 1 }
      order.insert(row, at: place)
    }
    for row in order { table.add(row) }
    var out = table.text
    if hasLegend {
      out += text("\n\(rows.count) \(noun) listed.\n")
      if !values.has(.all) { out += text("Pass --all to see loaded but inactive \(noun), too.\n") }
    }
    return out
  }

  private func list(_ path: Bytes, isShown: (JSONValue) -> Bool, table: ([JSONValue]) -> Bytes) -> Int32 {
    switch ask(.get, path) {
    case .failure(let failure): return give(up: failure)
    case .success(let answer):
      if answer.status >= 300 { return refuse(Bytes("list the units"), answer) }
      let units = answer.json.elements("Units").filter { matchesOperands($0.text("Id")) && isShown($0) }
      if isJSON {
        var writer = JSONWriter()
        writer.value(.array(units))
        return say(writer.bytes + "\n")
      }
      return isQuiet ? Status.success : say(table(units))
    }
  }

  private func matchesOperands(_ name: Bytes) -> Bool {
    if operands.isEmpty { return true }
    for operand in operands {
      if isPattern(operand) ? matches(name, pattern: operand) : name == fullUnitName(operand) { return true }
    }
    return false
  }

  private func isListed(_ unit: JSONValue) -> Bool {
    let name = unit.text("Id")
    let types = values.list(.type)
    let suffix = name.lastIndex(of: 46).map { Bytes(name[($0 + 1)...]) } ?? []
    if !types.isEmpty, !types.contains(suffix) { return false }
    let states = values.list(.state) + (values.has(.failed) ? [Bytes("failed")] : [])
    if states.isEmpty { return values.has(.all) || isWorthListing(unit) }
    return ["LoadState", "ActiveState", "SubState"].contains { (key: StaticString) in states.contains(unit.text(key)) }
  }

  private func unitTable(_ units: [JSONValue]) -> Bytes {
    let hasJobs = units.contains { $0["Job"] != nil }
    let hasLegend = !values.has(.noLegend)
    var table = TextTable()
    if hasLegend {
      table.add(
        [[], Bytes("UNIT"), Bytes("LOAD"), Bytes("ACTIVE"), Bytes("SUB")] + (hasJobs ? [Bytes("JOB")] : []) + [Bytes("DESCRIPTION")])
    }
    for unit in units {
      let isHealthy = values.has(.plain) || unit.says("LoadState", "loaded") && !unit.says("ActiveState", "failed")
      var row = [isHealthy ? Bytes(" ") : Bytes("●")]
      for key in ["Id", "LoadState", "ActiveState", "SubState"] as [StaticString] { row.append(unit.text(key)) }
      if hasJobs { row.append(unit["Job"]?.text("Type") ?? []) }
      row.append(unit.text("Description"))
      table.add(row)
    }
    var out = table.text
    if hasLegend {
      out += "\n" + Bytes(decimal: units.count) + " loaded units listed."
      if !values.has(.all), values.list(.state).isEmpty, !values.has(.failed) { out += " --all lists the inactive ones, too." }
      out += "\n"
    }
    return out
  }

  private func timerTable(_ units: [JSONValue]) -> Bytes {
    let clock = shownClock()
    let hasLegend = !values.has(.noLegend)
    var table = TextTable()
    if hasLegend {
      table.add([Bytes("NEXT"), Bytes("LEFT"), Bytes("LAST"), Bytes("PASSED"), Bytes("UNIT"), Bytes("ACTIVATES")])
    }
    let nothing = Bytes("-")
    for unit in byNextElapse(units) {
      let timer = unit["Timer"] ?? .null
      let next = timer.number("NextElapseUSec")
      let last = timer.number("LastTriggerUSec") ?? 0
      table.add([
        next.map(clock.time) ?? nothing,
        timer.number("LeftUSec").map { shownSpan($0) + " left" } ?? nothing,
        last > 0 ? clock.time(last) : nothing,
        last > 0 ? clock.distance(last) : nothing,
        unit.text("Id"), timer.text("Unit"),
      ])
    }
    var out = table.text
    if hasLegend {
      out += "\n" + Bytes(decimal: units.count) + " timers listed.\n"
      if !values.has(.all) { out += "Pass --all to see loaded but inactive timers, too.\n" }
    }
    return out
  }
}

/// The soonest first; what is not armed comes last. By insertion: `sorted` alone would cost the binary 6 KB.
private func byNextElapse(_ units: [JSONValue]) -> [JSONValue] {
  var order: [(next: Int64, unit: JSONValue)] = []
  for unit in units {
    let next = nextElapse(unit)
    var place = order.count
    while place > 0, order[place - 1].next > next { place -= 1 }
    order.insert((next, unit), at: place)
  }
  return order.map { $0.unit }
}

private func nextElapse(_ unit: JSONValue) -> Int64 {
  unit["Timer"]?.number("NextElapseUSec") ?? .max
}

/// Whether an operand is a shell pattern, not a name.
func isPattern(_ operand: Bytes) -> Bool { operand.contains { $0 == 42 || $0 == 63 || $0 == 91 } }

/// Shell patterns: `*`, `?`, `[a-z]`, `[!a-z]`. Remembers one star, so its time is bounded by the product of the lengths.
func matches(_ name: Bytes, pattern: Bytes) -> Bool {
  var at = 0
  var position = 0
  var star: (pattern: Int, name: Int)? = nil
  while at < name.count {
    if position < pattern.count, pattern[position] == 42 {
      position += 1
      star = (position, at)
      continue
    }
    if let next = matchesOne(name[at], pattern, position) {
      at += 1
      position = next
      continue
    }
    guard let last = star else { return false }
    at = last.name + 1
    position = last.pattern
    star = (last.pattern, at)
  }
  while position < pattern.count, pattern[position] == 42 { position += 1 }
  return position == pattern.count
}

/// Where the pattern goes on behind one byte that it matches; nil if it does not.
private func matchesOne(_ byte: UInt8, _ pattern: Bytes, _ position: Int) -> Int? {
  guard position < pattern.count else { return nil }
  if pattern[position] == 63 { return position + 1 }
  guard pattern[position] == 91 else { return pattern[position] == byte ? position + 1 : nil }
  var index = position + 1
  var isNegated = false
  if index < pattern.count, pattern[index] == 33 || pattern[index] == 94 {
    isNegated = true
    index += 1
  }
  var isFound = false
  var isFirst = true
  while index < pattern.count, isFirst || pattern[index] != 93 {
    isFirst = false
    if index + 2 < pattern.count, pattern[index + 1] == 45, pattern[index + 2] != 93 {
      if pattern[index] <= byte, byte <= pattern[index + 2] { isFound = true }
      index += 3
    } else {
      if pattern[index] == byte { isFound = true }
      index += 1
    }
  }
  guard index < pattern.count else { return pattern[position] == byte ? position + 1 : nil }
  return isFound != isNegated ? index + 1 : nil
}
