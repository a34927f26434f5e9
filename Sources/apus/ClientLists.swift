import Model
import Wire

// `list-units`, `list-timers`: tables, or arrays of the server's short forms.
extension Client {
  func list() throws(ArgumentError) -> Int32 {
    let path: StaticString
    switch face {
    case .listTimers: path = "/v1/timers"
    case .listSockets: path = "/v1/sockets"
    case .listPaths: path = "/v1/paths"
    default: path = "/v1/units"
    }
    let answer = try demand(.get, Bytes(path), to: "list the units")
    var units: [JSONValue] = []
    for unit in answer.json.elements("Units") where matchesOperands(unit.text("Id")) && isListed(unit) { units.append(unit) }
    if isJSON { return say(jsonLine(.array(units))) }
    if isQuiet { return Status.success }
    switch face {
    case .listTimers: return say(timerTable(units))
    case .listSockets: return say(socketTable(units))
    case .listPaths: return say(pathTable(units))
    default: return say(unitTable(units))
    }
  }

  private var hasLegend: Bool { !values.has(.noLegend) }

  private func matchesOperands(_ name: Bytes) -> Bool {
    for operand in operands {
      if isPattern(operand) ? matches(name, pattern: operand) : name == fullUnitName(operand) { return true }
    }
    return operands.isEmpty
  }

  private func isListed(_ unit: JSONValue) -> Bool {
    if face != .listUnits {
      return values.has(.all) || isWorthListing(unit) || (face == .listTimers && hasNextElapse(unit))
    }
    let name = unit.text("Id")
    let types = values.list(.type)
    if !types.isEmpty, !types.contains(name.lastIndex(of: 46).map { Bytes(name[($0 + 1)...]) } ?? []) { return false }
    var states = values.list(.state)
    if values.has(.failed) { states.append(Bytes("failed")) }
    if states.isEmpty { return values.has(.all) || isWorthListing(unit) }
    return states.contains(unit.text("LoadState")) || states.contains(unit.text("ActiveState"))
      || states.contains(unit.text("SubState"))
  }

  // MARK: Tables

  private func socketTable(_ units: [JSONValue]) -> Bytes {
    let showsTypes = values.has(.showTypes)
    var rows: [[Bytes]] = []
    for unit in units {
      for line in unit["Socket"]?.elements("Listen") ?? [] { rows.append(row(line, of: unit, showsKind: showsTypes)) }
    }
    return sortedTable(showsTypes ? "LISTEN TYPE UNIT ACTIVATES" : "LISTEN UNIT ACTIVATES", rows, "sockets")
  }

  private func pathTable(_ units: [JSONValue]) -> Bytes {
    var rows: [[Bytes]] = []
    for unit in units {
      for line in unit.elements("Paths") { rows.append(row(line, of: unit, showsKind: true)) }
    }
    return sortedTable("PATH CONDITION UNIT ACTIVATES", rows, "paths")
  }

  /// What is listened on or watched, `[::]:80 (Stream)`, without its brackets; its unit, and what that activates.
  private func row(_ line: JSONValue, of unit: JSONValue, showsKind: Bool) -> [Bytes] {
    let text = line.text ?? []
    var row = [text]
    if let blank = text.lastIndex(of: 32) {
      row[0] = Bytes(text[..<blank])
      if showsKind { row.append(Bytes(text[(blank + 1)...].dropFirst().dropLast())) }
    } else if showsKind {
      row.append([])
    }
    row.append(unit.text("Id"))
    row.append(unit.elements("Triggers").first?.text ?? Bytes("-"))
    return row
  }

  /// Rows in the order of their first bytes, as systemctl sorts them.
  private func sortedTable(_ head: StaticString, _ rows: [[Bytes]], _ noun: StaticString) -> Bytes {
    var table = TextTable()
    var order: [[Bytes]] = []
    for row in rows {
      var place = order.count
      while place > 0, row[0].lexicographicallyPrecedes(order[place - 1][0]) { place -= 1 }
      order.insert(row, at: place)
    }
    if hasLegend { table.add(head: head) }
    for row in order { table.add(row) }
    return table.text + legend(noun, rows.count)
  }

  /// How many there are, and how to see the others.
  private func legend(_ noun: StaticString, _ count: Int) -> Bytes {
    if !hasLegend { return [] }
    let out = filled("\n% % listed.\n", Bytes(decimal: count), Bytes(noun))
    return values.has(.all) ? out : filled("%Pass --all to see loaded but inactive %, too.\n", out, Bytes(noun))
  }

  private func unitTable(_ units: [JSONValue]) -> Bytes {
    var hasJobs = false
    for unit in units where unit["Job"] != nil { hasJobs = true }
    var table = TextTable()
    if hasLegend { table.add(head: hasJobs ? " UNIT LOAD ACTIVE SUB JOB DESCRIPTION" : " UNIT LOAD ACTIVE SUB DESCRIPTION") }
    for unit in units {
      let isHealthy = values.has(.plain) || unit.says("LoadState", "loaded") && !unit.says("ActiveState", "failed")
      var row = [Bytes(isHealthy ? " " : "●"), unit.text("Id"), unit.text("LoadState"), unit.text("ActiveState"), unit.text("SubState")]
      if hasJobs { row.append(unit["Job"]?.text("Type") ?? []) }
      row.append(unit.text("Description"))
      table.add(row)
    }
    if !hasLegend { return table.text }
    let isAll = values.has(.all) || values.has(.failed) || values.has(.state)
    let form: StaticString = isAll ? "%\n% loaded units listed.\n" : "%\n% loaded units listed. --all lists the inactive ones, too.\n"
    return filled(form, table.text, Bytes(decimal: units.count))
  }

  private func timerTable(_ units: [JSONValue]) -> Bytes {
    let clock = shownClock()
    var table = TextTable()
    if hasLegend { table.add(head: "NEXT LEFT LAST PASSED UNIT ACTIVATES") }
    for unit in byNextElapse(units) {
      let timer = unit["Timer"] ?? .null
      var row = [Bytes](repeating: Bytes("-"), count: 4)
      if let next = timer.number("NextElapseUSec") { row[0] = clock.time(next) }
      if let left = timer.number("LeftUSec") { row[1] = shownSpan(left) + " left" }
      let last = timer.count("LastTriggerUSec")
      if last > 0 {
        row[2] = clock.time(last)
        row[3] = clock.distance(last)
      }
      row.append(unit.text("Id"))
      row.append(timer.text("Unit"))
      table.add(row)
    }
    return table.text + legend("timers", units.count)
  }
}

/// The soonest first; what is not armed comes last. By insertion: `sorted` alone would cost the binary 6 KB.
private func byNextElapse(_ units: [JSONValue]) -> [JSONValue] {
  var order: [JSONValue] = []
  for unit in units {
    let next = nextElapse(unit)
    var low = 0
    var high = order.count
    while low < high {
      let middle = (low + high) / 2
      if nextElapse(order[middle]) > next { high = middle } else { low = middle + 1 }
    }
    order.insert(unit, at: low)
  }
  return order
}

private func nextElapse(_ unit: JSONValue) -> Int64 { unit["Timer"]?.number("NextElapseUSec") ?? .max }

/// Whether an operand is a shell pattern, not a name.
func isPattern(_ operand: Bytes) -> Bool { operand.contains(42) || operand.contains(63) || operand.contains(91) }

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
