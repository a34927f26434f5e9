import CLinux
import Linux
import Model
import Runtime
import Supervision
import UnitFile

/// Supervises: `apus run` and `apus -- COMMAND`. Gives the exit status of DESIGN section 7.
func runFace(_ options: RunOptions) -> Int32 {
  let inherited = FirstActs.perform()
  var kernelOptions = KernelOptions()
  kernelOptions.containment = options.containment
  kernelOptions.forksOnly = options.spawn == .fork
  kernelOptions.dieWithParent = options.dieWithParent
  kernelOptions.notifySocket = environmentValue(Bytes("NOTIFY_SOCKET"), in: options.environment) ?? []
  let kernel: LinuxKernel
  do throws(KernelFailure) {
    kernel = try LinuxKernel(inherited: inherited, options: kernelOptions)
  } catch {
    complain(error.message)
    return Status.software
  }
  // The last act: what was said goes out, and apus's cgroup folders go away.
  defer { kernel.flushMessages(milliseconds: 500) }

  var configuration = supervisorConfiguration(options.environment)
  configuration.paths = options.paths
  configuration.crontabsHaveUsers = options.crontabsHaveUsers
  configuration.unitPath = options.unitPath
  configuration.bootsDefaultTarget = options.bootsDefaultTarget
  configuration.forwardsToGroup = options.group
  configuration.manager.stay = options.stay
  configuration.manager.failFast = options.failFast
  configuration.manager.stopTimeout = options.stopTimeout ?? .infinity
  configuration.manager.command = options.command
  configuration.manager.isWrapper = options.isWrapper
  if let name = options.controlGroup {
    guard let id = groupID(name, kernel) else {
      complain("--control-group: group '%' not found in /etc/group", name)
      return Status.usage
    }
    configuration.controlGroupID = id
  }

  // Units of the unit path need what systemd does for its host; the units are then read in the loop, which reaps and listens
  // to signals meanwhile.
  // A unit path of the user's own has no host to prepare.
  let preparesHost = options.unitPath == nil && (options.bootsDefaultTarget || options.paths.contains { isUnit($0) })
  if preparesHost {
    configuration.hostPreparation = HostPreparation()
    if let limit = options.generatorTimeout { configuration.hostPreparation?.generatorLimit = limit }
  }
  var loaded = preparesHost ? nil : LoadedUnits(units: [], diagnostics: [], starting: [])
  if !options.isWrapper && !preparesHost {
    let units = readUnits(configuration, kernel)
    if units.hasErrors {
      complain("exit 78: the unit files have errors, nothing was started")
      return Status.badConfiguration
    }
    loaded = units
  }
  let socket = options.isWrapper ? nil : openControl(options, configuration, kernel)
  // It lives as long as the process: nothing of it is taken apart at the end, which would be a KB of code.
  let supervisor = UnsafeMutablePointer<Supervisor<LinuxKernel>>.allocate(capacity: 1)
  supervisor.initialize(to: Supervisor(kernel, configuration))
  supervisor.pointee.start(loaded)
  // The manager has its own of what it needs; this would stay to the end.
  loaded = nil
  let status = supervisor.pointee.run()
  if let socket { removeControlSocket(socket) }
  return Int32(status)
}

/// What every face that supervises or checks knows of the process.
func supervisorConfiguration(_ environment: [Bytes]) -> SupervisorConfiguration {
  var configuration = SupervisorConfiguration()
  configuration.environment = environment
  configuration.ownUID = geteuid()
  configuration.ownGID = getegid()
  #if arch(arm64)
  configuration.architecture = "arm64"
  #endif
  return configuration
}

/// Reads all unit files and says what was found in them.
func readUnits(_ configuration: SupervisorConfiguration, _ kernel: LinuxKernel) -> LoadedUnits {
  var kernel = kernel
  let loaded = loadUnits(configuration, &kernel)
  var text = Bytes()
  for diagnostic in loaded.diagnostics { text += diagnostic.text + "\n" }
  writeAll(text, to: 2)
  return loaded
}

/// Binds the control socket at the first address that can be had; without one apus goes on, and says so once.
private func openControl(_ options: RunOptions, _ configuration: SupervisorConfiguration, _ kernel: LinuxKernel) -> ControlSocket? {
  let runtimeFolder = environmentValue(Bytes("XDG_RUNTIME_DIR"), in: options.environment)
  switch bindControlSocket(explicit: options.control, runtimeFolder: runtimeFolder, groupID: configuration.controlGroupID) {
  case .success(let socket):
    kernel.listen(on: socket.fd)
    return socket
  case .failure(let error):
    complain(error.text)
    return nil
  }
}

/// A group by name or number, from /etc/group: a static binary has no NSS.
private func groupID(_ name: Bytes, _ kernel: LinuxKernel) -> UInt32? {
  guard case .contents(let groups) = kernel.readFile(Bytes("/etc/group"), limit: 1 << 20) else {
    return Accounts.group(name, in: [])
  }
  return Accounts.group(name, in: groups)
}

/// As the loader takes an operand: no path, but a name of the unit path.
private func isUnit(_ operand: Bytes) -> Bool { !operand.contains(47) && apus_path_kind(operand + [0]) < 0 }
