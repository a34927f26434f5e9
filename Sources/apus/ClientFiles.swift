import Linux
import Model
import Runtime
import UnitFile

// `cat`, `is-enabled`, `list-unit-files`, `get-default`: what is on disk. No apus needs to run for them.
extension Client {
  func lookAtFiles() -> Int32 {
    guard var disk = UnitDisk(values.value(.unitPath), environment: environment) else { return Status.software }
    switch face {
    case .cat: return cat(&disk)
    case .isEnabled: return isEnabled(&disk)
    case .listUnitFiles: return listUnitFiles(&disk)
    default: return getDefault(disk)
    }
  }

  /// `# PATH` above each file, an empty line between two; what is missing is said on stderr.
  private func cat(_ disk: inout UnitDisk) -> Int32 {
    var out = Bytes()
    var status = Status.success
    for operand in operands {
      var paths: [Bytes] = []
      let name = UnitName(fullUnitName(operand))
      if let name {
        let found = disk.files.index.find(name)
        switch found {
        case .absent: break
        case .masked(let id, _, _): out += (out.isEmpty ? Bytes() : Bytes("\n")) + "# Unit " + id.bytes + " is masked.\n"
        case .file(_, let path, _): paths = [path] + disk.files.index.dropIns(of: found.id, &disk.kernel).map { $0.path }
        }
        if case .absent = found {} else if paths.isEmpty { continue }
      }
      if paths.isEmpty {
        complain("no files found for " + fullUnitName(operand))
        status = Status.failure
      }
      for path in paths {
        if !out.isEmpty { out += "\n" }
        out += "# " + path + "\n"
        switch disk.kernel.readFile(path, limit: 1 << 20) {
        case .contents(let bytes): out += bytes.isEmpty || bytes.last == 10 ? bytes : bytes + "\n"
        case .failed(let errno): out += "# cannot read it: " + errorText(errno) + "\n"
        // /dev/null: hides a drop-in of the same name.
        case .notRegular, .tooLarge: break
        }
      }
    }
    return say(out, status: status)
  }

  private func isEnabled(_ disk: inout UnitDisk) -> Int32 {
    var out = Bytes()
    var isAny = false
    for operand in operands {
      let unit = fullUnitName(operand)
      guard let name = UnitName(unit), let state = disk.state(name) else {
        if !isQuiet {
          writeAll(out, to: 1)
          out = []
          complain("there is no unit file " + unit)
        }
        return Status.failure
      }
      if state.countsAsEnabled { isAny = true }
      out += Bytes(state.name) + "\n"
    }
    let status = isAny ? Status.success : Status.failure
    return isQuiet ? status : say(out, status: status)
  }

  private func listUnitFiles(_ disk: inout UnitDisk) -> Int32 {
    let types = values.list(.type)
    let states = values.list(.state)
    var rows: [(name: UnitName, state: StaticString)] = []
    for entry in disk.files.index.names {
      let name = entry.name
      if !operands.isEmpty, !operands.contains(where: { matches(name.bytes, pattern: $0) || name.bytes == fullUnitName($0) }) { continue }
      if !types.isEmpty, !types.contains(Bytes(name.type.name)) { continue }
      guard let state = disk.state(name), states.isEmpty || states.contains(Bytes(state.name)) else { continue }
      // By type, then by name, as systemctl does.
      let key = Bytes(name.type.name) + "." + name.bytes
      let place = rows.firstIndex { precedes(key, Bytes($0.name.type.name) + "." + $0.name.bytes) } ?? rows.count
      rows.insert((name, state.name), at: place)
    }
    var table = TextTable()
    let hasLegend = !values.has(.noLegend)
    if hasLegend { table.add([Bytes("UNIT FILE"), Bytes("STATE")]) }
    for row in rows { table.add([row.name.bytes, Bytes(row.state)]) }
    let out = table.text + (hasLegend ? "\n" + Bytes(decimal: rows.count) + " unit files listed.\n" : Bytes())
    return say(out, status: rows.isEmpty ? Status.failure : Status.success)
  }

  private func getDefault(_ disk: UnitDisk) -> Int32 {
    var id = Bytes("multi-user.target")
    if let name = UnitName(Bytes("default.target")) {
      let found = disk.files.index.find(name)
      if case .file = found { id = found.id.bytes } else if found.id != name { id = found.id.bytes }
    }
    return say(id + "\n")
  }
}

private func precedes(_ left: Bytes, _ right: Bytes) -> Bool { left.lexicographicallyPrecedes(right) }
