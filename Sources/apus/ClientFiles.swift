import Linux
import Model
import Runtime
import UnitFile
import Wire

// `cat`, `is-enabled`, `list-unit-files`, `get-default`: what is on disk. No apus needs to run for what the unit path
// has.
extension Client {
  func lookAtFiles() -> Int32 {
    guard let disk = UnitDisk(values.value(.unitPath), environment: environment) else { return Status.software }
    switch face {
    case .cat: return cat(disk)
    case .isEnabled: return isEnabled(disk)
    case .listUnitFiles: return listUnitFiles(disk)
    default: return getDefault(disk)
    }
  }

  /// `# PATH` above each file, an empty line between two; what is missing is said on stderr.
  private func cat(_ disk: UnitDisk) -> Int32 {
    var out = Bytes()
    var status = Status.success
    for operand in operands {
      let unit = fullUnitName(operand)
      var paths: [Bytes] = []
      if let name = UnitName(unit) {
        let found = disk.files.index.find(name)
        switch found {
        case .absent: paths = loadedPaths(unit)
        case .masked(let id, _, _):
          out += filled(out.isEmpty ? "# Unit % is masked.\n" : "\n# Unit % is masked.\n", id.bytes)
          continue
        case .file(_, let path, _):
          paths = [path]
          for dropIn in disk.files.index.dropIns(of: found.id, &disk.kernel) { paths.append(dropIn.path) }
        }
      }
      if paths.isEmpty {
        complain("no files found for %", unit)
        status = Status.failure
      }
      for path in paths {
        if !out.isEmpty { out += "\n" }
        out += "# " + path
        switch disk.kernel.readFile(path, limit: 1 << 20) {
        case .contents(let bytes): out += isCrontab(path) ? entry(of: unit, in: bytes) : "\n" + withNewline(bytes)
        case .failed(let errno): out += filled("\n# cannot read it: %\n", errorText(errno))
        // /dev/null: hides a drop-in of the same name.
        case .notRegular, .tooLarge: out += "\n"
        }
      }
    }
    return say(out, status: status)
  }

  /// The files of a unit that is not in the unit path: only the running apus knows the folders and crontabs of its command
  /// line.
  private func loadedPaths(_ unit: Bytes) -> [Bytes] {
    guard let json = ask(.get, unitPath(unit))?.json else { return [] }
    let path = json.text("FragmentPath")
    return path.isEmpty ? [] : [path] + (json["Properties"]?.text("DropInPaths") ?? []).pieces(separatedBy: 32)
  }

  private func isCrontab(_ path: Bytes) -> Bool {
    UnitName(Bytes(path.suffix(from: (path.lastIndex(of: 47) ?? -1) + 1))) == nil && !path.ends(with: ".conf")
  }

  /// `:LINE` behind the path, and the line that the unit is made of.
  private func entry(of unit: Bytes, in crontab: Bytes) -> Bytes {
    guard let line = CrontabReader.line(of: unit, in: crontab) else { return Bytes("\n# the entry is not in it any more\n") }
    let lines = crontab.pieces(separatedBy: 10, keepEmpty: true)
    return filled(":%\n%", Bytes(decimal: line), withNewline(line <= lines.count ? lines[line - 1] : []))
  }

  private func withNewline(_ bytes: Bytes) -> Bytes { bytes.isEmpty || bytes.last == 10 ? bytes : bytes + "\n" }

  private func isEnabled(_ disk: UnitDisk) -> Int32 {
    var out = Bytes()
    var isAny = false
    for operand in operands {
      let unit = fullUnitName(operand)
      guard let name = UnitName(unit), let state = disk.state(name) else {
        if !isQuiet {
          writeAll(out, to: 1)
          out = []
          complain("there is no unit file %", unit)
        }
        return Status.failure
      }
      if state.countsAsEnabled { isAny = true }
      out += state.name + "\n"
    }
    let status = isAny ? Status.success : Status.failure
    return isQuiet ? status : say(out, status: status)
  }

  private func listUnitFiles(_ disk: UnitDisk) -> Int32 {
    let types = values.list(.type)
    let states = values.list(.state)
    // What orders them, name and state of each. By type, then by name, as systemctl does.
    var rows: [[Bytes]] = []
    for entry in disk.files.index.names {
      let name = entry.name
      let type = Bytes(name.type.name)
      guard isWanted(name.bytes), types.isEmpty || types.contains(type), let found = disk.state(name) else { continue }
      let state = found.name
      if !states.isEmpty, !states.contains(state) { continue }
      let key = filled("%.%", type, name.bytes)
      var place = 0
      while place < rows.count, !key.lexicographicallyPrecedes(rows[place][0]) { place += 1 }
      rows.insert([key, name.bytes, state], at: place)
    }
    var table = TextTable()
    let hasLegend = !values.has(.noLegend)
    if hasLegend { table.add([Bytes("UNIT FILE"), Bytes("STATE")]) }
    for row in rows { table.add([row[1], row[2]]) }
    let out = filled(hasLegend ? "%\n% unit files listed.\n" : "%", table.text, Bytes(decimal: rows.count))
    return say(out, status: rows.isEmpty ? Status.failure : Status.success)
  }

  private func isWanted(_ name: Bytes) -> Bool {
    for operand in operands { if matches(name, pattern: operand) || name == fullUnitName(operand) { return true } }
    return operands.isEmpty
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
