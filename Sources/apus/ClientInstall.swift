import Linux
import Model
import Runtime
import UnitFile
import Wire

// `enable`, `disable`, `reenable`, `mask`, `unmask`, `set-default`: the client itself makes and removes links; a running
// apus is then asked to read its files again, as systemctl does it.
extension Client {
  func install() throws(ArgumentError) -> Int32 {
    let disk = try freshDisk()
    var names: [UnitName] = []
    for operand in operands {
      guard let name = UnitName(fullUnitName(operand)) else { return fail(filled("'%' is no unit name", operand)) }
      names.append(name)
    }
    let installer = Installer(disk, isRuntime: values.has(.runtime), replaces: values.has(.force) || face == .setDefault)
    let problem = try change(names, installer)
    if !isQuiet { writeAll(installer.report, to: 2) }
    if let problem { return fail(problem) }
    // Without an apus that runs there is nobody who would have to know.
    if !installer.report.isEmpty, !values.has(.noReload) { _ = ask(.post, Bytes("/v1/daemon-reload")) }
    guard values.has(.now) else { return Status.success }
    let isStart = face == .enable || face == .reenable
    var units = installer.units
    if !isStart {
      units = []
      for name in names { units.append(name.bytes) }
    }
    become(isStart ? .start : .stop, units)
    return try runJobs()
  }

  private func freshDisk() throws(ArgumentError) -> UnitDisk {
    if let disk = UnitDisk(values.value(.unitPath), environment: environment) { return disk }
    throw .status(Status.software)
  }

  /// Makes and removes links; why it could not, or nil.
  private func change(_ names: [UnitName], _ installer: Installer) throws(ArgumentError) -> Bytes? {
    switch face {
    case .enable: return enable(names, installer)
    case .disable: return disable(names, installer)
    case .reenable:
      if let problem = disable(names, installer) { return problem }
      installer.disk = try freshDisk()
      return enable(names, installer)
    case .preset:
      let presets = Presets(installer.disk)
      var enabled: [UnitName] = []
      var disabled: [UnitName] = []
      for name in names { if presets.enables(name.bytes) { enabled.append(name) } else { disabled.append(name) } }
      return disable(disabled, installer) ?? enable(enabled, installer)
    case .mask: return mask(names, installer)
    case .unmask:
      unmask(names, installer)
      return nil
    default: return setDefault(names, installer)
    }
  }

  private func fail(_ problem: Bytes) -> Int32 {
    complain("cannot %: %", verb.name, problem)
    return Status.failure
  }

  private func enable(_ names: [UnitName], _ installer: Installer) -> Bytes? {
    for name in names { if let problem = installer.planEnable(name) { return problem } }
    if !installer.hasInstall, !isQuiet, face != .preset, !names.isEmpty {
      writeAll(
        Bytes(
          """
          The unit files have no [Install] section with WantedBy=, RequiredBy=, UpheldBy=, Also= or Alias=, so there is
          nothing to enable. Such units start because another unit names or triggers them.

          """), to: 2)
    }
    return installer.makeLinks()
  }

  /// Neither a file nor a unit of apus's own.
  private func isUnknown(_ name: UnitName, _ installer: Installer) -> Bool {
    if case .absent(let id) = installer.disk.files.index.find(name) { return !BuiltInNames.contains(id) }
    return false
  }

  private func disable(_ names: [UnitName], _ installer: Installer) -> Bytes? {
    var all: [UnitName] = []
    for name in names {
      if isUnknown(name, installer) { return "there is no unit file " + name.bytes }
      installer.closure(name, &all)
    }
    return installer.removeLinks(to: all)
  }

  private func mask(_ names: [UnitName], _ installer: Installer) -> Bytes? {
    for name in names {
      if !isQuiet, isUnknown(name, installer) { complain("there is no unit file %, masking the name", name.bytes) }
      installer.planLink(name.bytes, to: Bytes("/dev/null"))
    }
    return installer.makeLinks()
  }

  private func unmask(_ names: [UnitName], _ installer: Installer) {
    for name in names {
      if installer.unmask(name) { continue }
      if !isQuiet, isUnknown(name, installer) { complain("there is no unit file %", name.bytes) }
    }
  }

  private func setDefault(_ names: [UnitName], _ installer: Installer) -> Bytes? {
    guard let name = names.first, name.type == .target else { return Bytes("it is no target") }
    switch installer.disk.files.index.find(name) {
    case .file(_, let path, _): installer.planLink(Bytes("default.target"), to: absolute(path, installer.disk.kernel))
    case .masked(_, let path, _): return filled("the unit file % is masked", path)
    case .absent(let id):
      if !BuiltInNames.contains(id) { return "there is no unit file " + name.bytes }
      installer.planLink(Bytes("default.target"), to: Bytes("/usr/lib/systemd/system/") + name.bytes)
    }
    return installer.makeLinks()
  }
}
