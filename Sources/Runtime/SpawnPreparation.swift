import Model
import Supervision
import UnitFile

/// Turns a request into a plan: everything that needs no blocking call is resolved before the fork.
struct SpawnPreparation {
  /// apus's own environment, as found.
  let inherited: [Bytes]
  /// The same as services get it, each name once.
  let cleaned: [Bytes]
  let ownUID: UInt32
  let ownGID: UInt32
  private let dynamicUsers = DynamicUsers()

  init(environment: [Bytes], ownUID: UInt32, ownGID: UInt32) {
    inherited = environment
    self.ownUID = ownUID
    self.ownGID = ownGID
    var kept = environment.filter { !SpawnPreparation.isRemoved($0) }
    if environmentValue(Bytes("PATH"), in: kept) == nil { kept.append(Bytes("PATH=") + SpawnPreparation.defaultPath) }
    cleaned = mergeEnvironment([], kept)
  }

  static let defaultPath: StaticString = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  /// Of a unit file's and an account file's size; larger ones are refused.
  static let fileLimit = 1 << 20

  /// What speaks of apus itself and not of its services (DESIGN section 2).
  static func isRemoved(_ entry: Bytes) -> Bool {
    if entry.starts(with: "APUS_") { return !entry.starts(with: "APUS_CONTROL=") }
    return entry.starts(with: "NOTIFY_SOCKET=") || entry.starts(with: "LISTEN_") || entry.starts(with: "WATCHDOG_")
      || entry.starts(with: "INVOCATION_ID=") || entry.starts(with: "SYSTEMD_EXEC_PID=") || entry.starts(with: "MAINPID=")
      || entry.starts(with: "JOURNAL_STREAM=") || entry.starts(with: "CREDENTIALS_DIRECTORY=")
  }

  func plan(_ request: SpawnRequest, _ kernel: inout some Kernel) -> Result<SpawnPlan, SpawnFailure> {
    if request.inheritsEverything { return .success(commandPlan(request)) }
    if !request.helper.isEmpty { return .success(helperPlan(request)) }
    var world = SpawnWorld(request, ownUID: ownUID)
    world.resolve(dynamicUsers, &kernel)
    let directories = SpawnDirectories(request.exec, uid: world.ownerUID, gid: world.ownerGID)
    if let why = SpawnStreams.unfit(request) { return .failure(SpawnFailure(errno: 0, message: why)) }
    let streams = SpawnStreams(request)
    if let missing = streams.missing {
      return .failure(SpawnFailure(errno: 0, message: missing + ": no descriptor of that name is passed to the service"))
    }
    var environment = world.withoutLogin(cleaned)
    overlayEnvironment(&environment, world.loginEnvironment + directories.environment)
    overlayEnvironment(&environment, request.environment)
    switch supervised(request, &kernel) {
    case .success(let assignments): overlayEnvironment(&environment, assignments)
    case .failure(let failure): return .failure(failure)
    }
    let search = request.exec.execSearchPath
    if !search.isEmpty { overlayEnvironment(&environment, ["PATH=" + joined(search)]) }
    overlayEnvironment(&environment, passed(request.exec))
    overlayEnvironment(&environment, request.exec.environment)
    switch filesEnvironment(request.exec, &kernel) {
    case .success(let assignments): overlayEnvironment(&environment, assignments)
    case .failure(let failure): return .failure(failure)
    }
    if !request.exec.unsetEnvironment.isEmpty { environment = removeEnvironment(environment, request.exec.unsetEnvironment) }

    let arguments = expandArguments(request.command, environment: environment)
    let plan = SpawnPlan(
      key: request.key, candidates: candidates(request.command.path, environment, search),
      arguments: arguments.isEmpty ? [request.command.path] : arguments, environment: environment)
    world.fill(plan)
    fill(plan, from: request)
    plan.directories = directories.plans
    plan.links = directories.links
    plan.stdin = streams.stdin
    plan.stdout = streams.stdout
    plan.stderr = streams.stderr
    plan.terminal = streams.terminal
    return .success(plan)
  }

  private func fill(_ plan: SpawnPlan, from request: SpawnRequest) {
    let exec = request.exec
    plan.umask = exec.umask
    plan.ignoreSIGPIPE = exec.ignoreSIGPIPE
    plan.oomScoreAdjust = exec.oomScoreAdjust
    plan.nice = exec.nice
    if !request.command.fullPrivileges { plan.limits = exec.limits }
    for limit in exec.limits where limit.resource == .rttime { plan.hasOwnRTTime = true }
    plan.scheduling = exec.scheduling
    plan.personality = exec.personality
    plan.coredumpFilter = exec.coredumpFilter
    if !request.command.fullPrivileges {
      plan.rootDirectory = exec.rootDirectory
      plan.privileges = privileges(exec)
    }
    let passed = SpawnStreams.passed(request)
    plan.descriptors = passed.map { $0.id }
    plan.activatedDescriptors = passed.count { !$0.isStored }
    plan.socket = SpawnStreams.socket(request)
    plan.descriptorsNonBlocking = request.nonBlocking
    plan.readyDescriptor = request.readyDescriptor
    plan.reportsExec = request.waitsForExec
  }

  /// What the bounding set lacks cannot be in the ambient one, and is left out (units.md f.1).
  private func privileges(_ exec: ExecSettings) -> PrivilegeSettings {
    var result = exec.privileges
    if let bounding = result.boundingSet, let ambient = result.ambientSet {
      result.ambientSet = CapabilitySet(bits: ambient.bits & bounding.bits)
    }
    return result
  }

  /// What a service is told of its supervision (units.md c.8). The child puts its pid where the mark stands.
  private func supervised(_ request: SpawnRequest, _ kernel: inout some Kernel) -> Result<[Bytes], SpawnFailure> {
    var result = ["SYSTEMD_EXEC_PID=" + SpawnPlan.pidMark]
    if request.notifies {
      switch kernel.openNotifySocket(request.key.invocation.unit) {
      case .open(let path): result.append("NOTIFY_SOCKET=" + path)
      case .refused(let why): return .failure(SpawnFailure(errno: 0, message: "no place for NOTIFY_SOCKET: " + why))
      }
    }
    if request.watchdog != .infinity {
      result.append("WATCHDOG_PID=" + SpawnPlan.pidMark)
      result.append("WATCHDOG_USEC=" + Bytes(decimal: request.watchdog.microseconds))
    }
    let passed = SpawnStreams.passed(request)
    if !passed.isEmpty {
      var names = Bytes()
      for (index, descriptor) in passed.enumerated() {
        if index > 0 { names.append(58) }
        names += descriptor.name
      }
      result.append("LISTEN_PID=" + SpawnPlan.pidMark)
      result.append("LISTEN_FDS=" + Bytes(decimal: passed.count))
      result.append("LISTEN_FDNAMES=" + names)
    }
    return .success(result)
  }

  /// apus itself, with apus's own rights. A probe is told by its exit status: one that asks ten times a second until the
  /// service is ready must not fill stderr with its reasons.
  private func helperPlan(_ request: SpawnRequest) -> SpawnPlan {
    let plan = SpawnPlan(
      key: request.key, candidates: [Bytes("/proc/self/exe")], arguments: [Bytes("apus-helper")] + request.helper,
      environment: cleaned)
    plan.isHelper = true
    plan.stdout = .null
    plan.stderr = .null
    return plan
  }

  /// COMMAND, found as a shell finds it.
  private func commandPlan(_ request: SpawnRequest) -> SpawnPlan {
    let plan = SpawnPlan(
      key: request.key, candidates: candidates(request.command.path, inherited, []), arguments: request.command.arguments,
      environment: inherited)
    plan.inheritsEverything = true
    plan.workingDirectory = []
    plan.stdin = .inherit
    plan.stdout = .inherit
    plan.stderr = .inherit
    return plan
  }

  /// The path itself, or one candidate an entry of `ExecSearchPath=` or PATH for a bare name.
  private func candidates(_ path: Bytes, _ environment: [Bytes], _ own: [Bytes]) -> [Bytes] {
    if path.contains(47) { return [path] }
    let search = environmentValue(Bytes("PATH"), in: environment) ?? Bytes(SpawnPreparation.defaultPath)
    var result: [Bytes] = []
    for folder in own.isEmpty ? search.pieces(separatedBy: 58) : own { result.append(folder + "/" + path) }
    return result.isEmpty ? [path] : result
  }

  private func joined(_ folders: [Bytes]) -> Bytes {
    var result = Bytes()
    for (index, folder) in folders.enumerated() {
      if index > 0 { result.append(58) }
      result += folder
    }
    return result
  }

  private func passed(_ exec: ExecSettings) -> [Bytes] {
    var result: [Bytes] = []
    for name in exec.passEnvironment {
      if let value = environmentValue(name, in: inherited) { result.append(name + "=" + value) }
    }
    return result
  }

  /// EnvironmentFile=, read before each command (units.md b.6). Missing without `-`: result `resources`.
  private func filesEnvironment(_ exec: ExecSettings, _ kernel: inout some Kernel) -> Result<[Bytes], SpawnFailure> {
    var assignments: [Bytes] = []
    for file in exec.environmentFiles {
      let isPattern = file.path.contains(42) || file.path.contains(63) || file.path.contains(91)
      let paths = isPattern ? kernel.glob(file.path) : [file.path]
      if paths.isEmpty && !file.optional { return .failure(failure(file.path, Errno.ENOENT, errorText(Errno.ENOENT))) }
      for path in paths {
        switch kernel.readFile(path, limit: SpawnPreparation.fileLimit) {
        case .contents(let bytes):
          guard let parsed = parseEnvironmentFile(bytes) else {
            return .failure(failure(path, Errno.EINVAL, Bytes("it is not valid UTF-8")))
          }
          assignments = mergeEnvironment(assignments, parsed.assignments)
        case .failed(let errno):
          if !(file.optional && errno == Errno.ENOENT) { return .failure(failure(path, errno, errorText(errno))) }
        case .notRegular(let kind): return .failure(failure(path, Errno.EINVAL, "it is " + Bytes(kind.name)))
        case .tooLarge: return .failure(failure(path, Errno.EINVAL, Bytes("it is larger than 1 MiB")))
        }
      }
    }
    return .success(assignments)
  }

  private func failure(_ path: Bytes, _ errno: Int32, _ why: Bytes) -> SpawnFailure {
    SpawnFailure(errno: errno, message: text("EnvironmentFile= \(path): \(why)"))
  }
}
