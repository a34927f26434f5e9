import Linux
import Model
import Runtime
import UnitFile
import Wire

// `enable`, `disable`, `reenable`, `mask`, `unmask`, `set-default`: the client itself makes and removes links; a running
// apus is then asked to read its files again, as systemctl does it.
extension Client {
  func install() -> Int32 {
    guard let disk = UnitDisk(values.value(.unitPath), environment: environment) else { return Status.software }
    var names: [UnitName] = []
    for operand in operands {
      guard let name = UnitName(fullUnitName(operand)) else { return fail("'" + operand + "' is no unit name") }
      names.append(name)
    }
    var installer = Installer(disk, isRuntime: values.has(.runtime), replaces: values.has(.force) || face == .setDefault)
    var problem: Bytes? = nil
    switch face {
    case .enable: problem = enable(names, &installer)
    case .disable: problem = disable(names, &installer)
    case .reenable:
      problem = disable(names, &installer)
      if problem == nil {
        guard let fresh = UnitDisk(values.value(.unitPath), environment: environment) else { return Status.software }
        installer.disk = fresh
        problem = enable(names, &installer)
      }
    case .preset:
      let presets = Presets(disk)
      problem =
        disable(names.filter { !presets.enables($0.bytes) }, &installer) ?? enable(names.filter { presets.enables($0.bytes) }, &installer)
    case .mask: problem = mask(names, &installer)
    case .unmask: unmask(names, &installer)
    default: problem = setDefault(names, &installer)
    }
    let hasChanged = !installer.report.isEmpty
    if !isQuiet { writeAll(installer.report, to: 2) }
    if let problem { return fail(problem) }
    if hasChanged, !values.has(.noReload) { reloadIfRunning() }
    guard values.has(.now) else { return Status.success }
    let units = face == .enable || face == .reenable ? installer.units : names.map { $0.bytes }
    return actNow(units)
  }

  private func fail(_ problem: Bytes) -> Int32 {
    complain("cannot " + verb.name + ": " + problem)
    return Status.failure
  }

  private func enable(_ names: [UnitName], _ installer: inout Installer) -> Bytes? {
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

  private func disable(_ names: [UnitName], _ installer: inout Installer) -> Bytes? {
    var all: [UnitName] = []
    for name in names {
      if case .absent(let id) = installer.disk.files.index.find(name), !BuiltInNames.contains(id) {
        return "there is no unit file " + name.bytes
      }
      installer.closure(name, &all)
    }
    return installer.removeLinks(to: all)
  }

  private func mask(_ names: [UnitName], _ installer: inout Installer) -> Bytes? {
    for name in names {
      if case .absent(let id) = installer.disk.files.index.find(name), !BuiltInNames.contains(id), !isQuiet {
        complain("there is no unit file " + name.bytes + ", masking the name")
      }
      installer.planLink(name.bytes, to: Bytes("/dev/null"))
    }
    return installer.makeLinks()
  }

  private func unmask(_ names: [UnitName], _ installer: inout Installer) {
    for name in names {
      if installer.unmask(name) { continue }
      if case .absent(let id) = installer.disk.files.index.find(name), !BuiltInNames.contains(id), !isQuiet {
        complain("there is no unit file " + name.bytes)
      }
    }
  }

  private func setDefault(_ names: [UnitName], _ installer: inout Installer) -> Bytes? {
    guard let name = names.first, name.type == .target else { return Bytes("it is no target") }
    switch installer.disk.files.index.find(name) {
    case .file(_, let path, _): installer.planLink(Bytes("default.target"), to: absolute(path, installer.disk.kernel))
    case .masked(_, let path, _): return "the unit file " + path + " is masked"
    case .absent(let id):
      if !BuiltInNames.contains(id) { return "there is no unit file " + name.bytes }
      installer.planLink(Bytes("default.target"), to: Bytes("/usr/lib/systemd/system/") + name.bytes)
    }
    return installer.makeLinks()
  }

  /// Without an apus that runs there is nobody who would have to know.
  private func reloadIfRunning() { _ = ask(.post, Bytes("/v1/daemon-reload")) }

  /// `--now`.
  private func actNow(_ units: [Bytes]) -> Int32 {
    guard let action = VerbSpec.named(Bytes(face == .enable || face == .reenable ? "start" : "stop")) else { return Status.failure }
    var other = self
    other.verb = action
    other.face = action.face
    other.operands = units
    do throws(ArgumentError) {
      return try other.runJobs()
    } catch {
      return answer(error)
    }
  }
}
