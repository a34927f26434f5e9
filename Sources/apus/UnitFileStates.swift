import CLinux
import Linux
import Model
import Runtime
import UnitFile

/// What `is-enabled` prints, in systemd's words.
enum UnitFileState: UInt8 {
  case enabled, enabledRuntime, linked, linkedRuntime, alias, masked, maskedRuntime, `static`, disabled, indirect, generated

  /// In the order of the cases.
  private static let names: StaticString = """
    enabled enabled-runtime linked linked-runtime alias masked masked-runtime static disabled indirect generated
    """

  var name: Bytes { Bytes(UnitFileState.names).pieces(separatedBy: 32)[Int(rawValue)] }

  /// `is-enabled` exits with 0.
  var countsAsEnabled: Bool {
    switch self {
    case .enabled, .enabledRuntime, .alias, .static, .indirect, .generated: true
    case .linked, .linkedRuntime, .masked, .maskedRuntime, .disabled: false
    }
  }
}

/// The unit path on disk, for the verbs that look at unit files and link them.
final class UnitDisk {
  var kernel: LinuxKernel
  var files: UnitFiles
  /// Where links are made and removed: /etc/systemd/system or, with `--unit-path`, its first folder.
  let persistent: Bytes
  /// With `--runtime`.
  let runtime: Bytes

  init?(_ unitPath: Bytes?, environment: [Bytes]) {
    guard var kernel = helperKernel() else { return nil }
    var configuration = supervisorConfiguration(environment)
    configuration.unitPath = unitPath
    files = UnitFiles(configuration, &kernel)
    let first = unitPath?.pieces(separatedBy: 58).first
    persistent = absolute(first ?? UnitPath.persistent, kernel)
    runtime = first == nil ? UnitPath.runtime : persistent
    self.kernel = kernel
  }

  /// What a unit's `[Install]` says; nil where its file cannot be read.
  func install(of name: UnitName) -> InstallSettings? { files.unit(name, &kernel)?.install }

  /// The state of a unit file; nil where there is none.
  func state(_ name: UnitName) -> UnitFileState? {
    switch files.index.find(name) {
    case .absent(let id): return BuiltInNames.contains(id) ? .static : nil
    case .masked(_, _, let folder): return isRuntime(folder) ? .maskedRuntime : .masked
    case .file(let id, let path, let folder):
      if case .contents(let bytes) = kernel.readFile(path, limit: 1 << 20), bytes.isEmpty {
        return isRuntime(folder) ? .maskedRuntime : .masked
      }
      if files.index.folders[folder].path.starts(with: "/run/systemd/generator") { return .generated }
      if files.index.isAlias(name) { return .alias }
      let install = install(of: id) ?? InstallSettings()
      let (isPersistent, isRuntimeOnly, hasOtherName) = links(to: id, install)
      if isPersistent { return .enabled }
      if isRuntimeOnly { return .enabledRuntime }
      if kernel.readLink(path) != nil { return isRuntime(folder) ? .linkedRuntime : .linked }
      if hasOtherName { return .indirect }
      if !install.wantedBy.isEmpty || !install.requiredBy.isEmpty || !install.upheldBy.isEmpty || !install.alias.isEmpty {
        return .disabled
      }
      return install.also.isEmpty ? .static : .indirect
    }
  }

  private func isRuntime(_ folder: Int) -> Bool { files.index.folders[folder].path.starts(with: "/run/") }

  /// Whether an administrator's folder has links to the unit; links that the unit's own package brings do not count.
  private func links(to id: UnitName, _ install: InstallSettings) -> (Bool, Bool, Bool) {
    var result = (false, false, false)
    func note(_ folder: Int) {
      let path = files.index.folders[folder].path
      if path == UnitPath.own || absolute(path, kernel) == persistent { result.0 = true } else if isRuntime(folder) { result.1 = true }
    }
    for place in files.index.dependencyFolders {
      for link in files.index.list(place.path, &kernel) {
        if link == id.bytes || (id.isTemplate && UnitName(link)?.template == id) { note(place.folder) }
      }
    }
    for alias in files.index.aliases(of: id) {
      guard let entry = files.index.names.first(where: { $0.name == alias }) else { continue }
      if install.alias.contains(alias.bytes) { note(entry.folder) } else { result.2 = true }
    }
    return result
  }
}

/// A relative path from where the client is.
func absolute(_ path: Bytes, _ kernel: LinuxKernel) -> Bytes {
  if path.first == 47 { return path }
  return (kernel.readLink(Bytes("/proc/self/cwd")) ?? []) + "/" + path
}
