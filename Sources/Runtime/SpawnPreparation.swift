import Model
import Supervision
import UnitFile

/// Turns a request into a plan: everything that needs no blocking call is resolved before the fork.
struct SpawnPreparation {
  /// apus's own environment, as found.
  let inherited: [Bytes]
  /// The same as services get it.
  let cleaned: [Bytes]
  let ownUID: UInt32
  let ownGID: UInt32

  init(environment: [Bytes], ownUID: UInt32, ownGID: UInt32) {
    inherited = environment
    self.ownUID = ownUID
    self.ownGID = ownGID
    var kept = environment.filter { !SpawnPreparation.isRemoved($0) }
    if environmentValue(Bytes("PATH"), in: kept) == nil { kept.append(Bytes("PATH=") + SpawnPreparation.defaultPath) }
    cleaned = kept
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
    var world = World(request.exec)
    world.resolve(request.command, self, &kernel)
    var environment = cleaned
    environment = mergeEnvironment(environment, world.loginEnvironment)
    environment = mergeEnvironment(environment, request.environment)
    switch supervised(request, &kernel) {
    case .success(let assignments): environment = mergeEnvironment(environment, assignments)
    case .failure(let failure): return .failure(failure)
    }
    environment = mergeEnvironment(environment, passed(request.exec))
    environment = mergeEnvironment(environment, request.exec.environment)
    switch filesEnvironment(request.exec, &kernel) {
    case .success(let assignments): environment = mergeEnvironment(environment, assignments)
    case .failure(let failure): return .failure(failure)
    }
    environment = removeEnvironment(environment, request.exec.unsetEnvironment)

    let arguments = expandArguments(request.command, environment: environment)
    var plan = SpawnPlan(
      key: request.key, candidates: candidates(request.command.path, environment),
      arguments: arguments.isEmpty ? [request.command.path] : arguments, environment: environment)
    world.fill(&plan)
    fill(&plan, from: request)
    return .success(plan)
  }

  private func fill(_ plan: inout SpawnPlan, from request: SpawnRequest) {
    let exec = request.exec
    plan.umask = exec.umask
    plan.ignoreSIGPIPE = exec.ignoreSIGPIPE
    plan.oomScoreAdjust = exec.oomScoreAdjust
    plan.nice = exec.nice
    if !request.command.fullPrivileges { plan.limits = exec.limits }
    for limit in exec.limits where limit.resource == .rttime { plan.hasOwnRTTime = true }
    plan.stdin = input(exec.standardInput)
    plan.stdout = output(exec.standardOutput)
    plan.stderr = error(exec)
    plan.descriptors = request.descriptors.map { $0.id }
    plan.activatedDescriptors = request.descriptors.count { !$0.isStored }
    plan.descriptorsNonBlocking = request.nonBlocking
    plan.readyDescriptor = request.readyDescriptor
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
    if !request.descriptors.isEmpty {
      var names = Bytes()
      for (index, descriptor) in request.descriptors.enumerated() {
        if index > 0 { names.append(58) }
        names += descriptor.name
      }
      result.append("LISTEN_PID=" + SpawnPlan.pidMark)
      result.append("LISTEN_FDS=" + Bytes(decimal: request.descriptors.count))
      result.append("LISTEN_FDNAMES=" + names)
    }
    return .success(result)
  }

  /// apus itself, with apus's own rights. A probe is told by its exit status: one that asks ten times a second until the
  /// service is ready must not fill stderr with its reasons.
  private func helperPlan(_ request: SpawnRequest) -> SpawnPlan {
    var plan = SpawnPlan(
      key: request.key, candidates: [Bytes("/proc/self/exe")], arguments: [Bytes("apus-helper")] + request.helper,
      environment: cleaned)
    plan.isHelper = true
    plan.stdout = .null
    plan.stderr = .null
    return plan
  }

  private func input(_ stream: StandardStream) -> StreamPlan {
    switch stream {
    case .unset, .null, .journal, .tty, .data, .descriptor: .null
    case .inherit: .inherit
    case .file(let path), .append(let path), .truncate(let path): .read(path)
    }
  }

  private func output(_ stream: StandardStream) -> StreamPlan {
    switch stream {
    case .unset, .journal, .inherit, .tty, .data, .descriptor: .inherit
    case .null: .null
    case .file(let path): .write(path)
    case .append(let path): .append(path)
    case .truncate(let path): .truncate(path)
    }
  }

  /// StandardError= follows StandardOutput= unless set; where that is apus's own stdout, it is apus's own stderr.
  private func error(_ exec: ExecSettings) -> StreamPlan {
    switch exec.standardError {
    case .unset, .inherit:
      switch exec.standardOutput {
      case .unset, .journal: return .inherit
      case .inherit, .null, .file, .append, .truncate, .tty, .data, .descriptor: return .sameAsStdout
      }
    case .journal, .tty, .data, .descriptor: return .inherit
    case .null: return .null
    case .file(let path): return exec.standardOutput == .file(path) ? .sameAsStdout : .write(path)
    case .append(let path): return exec.standardOutput == .append(path) ? .sameAsStdout : .append(path)
    case .truncate(let path): return exec.standardOutput == .truncate(path) ? .sameAsStdout : .truncate(path)
    }
  }

  /// COMMAND, found as a shell finds it.
  private func commandPlan(_ request: SpawnRequest) -> SpawnPlan {
    var plan = SpawnPlan(
      key: request.key, candidates: candidates(request.command.path, inherited), arguments: request.command.arguments,
      environment: inherited)
    plan.inheritsEverything = true
    plan.workingDirectory = []
    plan.stdin = .inherit
    plan.stdout = .inherit
    plan.stderr = .inherit
    return plan
  }

  /// The path itself, or one candidate a PATH entry for a bare name.
  private func candidates(_ path: Bytes, _ environment: [Bytes]) -> [Bytes] {
    if path.contains(47) { return [path] }
    let search = environmentValue(Bytes("PATH"), in: environment) ?? Bytes(SpawnPreparation.defaultPath)
    var result: [Bytes] = []
    for folder in search.pieces(separatedBy: 58) { result.append(folder + "/" + path) }
    return result.isEmpty ? [path] : result
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

/// Who a command runs as, and where.
struct World {
  private let exec: ExecSettings
  private var uid: UInt32? = nil
  private var gid: UInt32? = nil
  private var groups: [UInt32]? = nil
  private var home = Bytes()
  private var preset: PresetFailure? = nil
  /// USER, LOGNAME, HOME, SHELL with User= (units.md c.8).
  private(set) var loginEnvironment: [Bytes] = []

  init(_ exec: ExecSettings) { self.exec = exec }

  mutating func resolve(_ command: ExecCommand, _ preparation: SpawnPreparation, _ kernel: inout some Kernel) {
    let needsHome = exec.workingDirectory == "~"
    if exec.user.isEmpty && exec.group.isEmpty && exec.supplementaryGroups.isEmpty && !needsHome { return }
    let passwd = file("/etc/passwd", &kernel)
    let groupFile = file("/etc/group", &kernel)
    var account: Account? = nil
    if !exec.user.isEmpty {
      account = Accounts.user(exec.user, in: passwd)
      // A number needs no entry: scratch images have none (DESIGN section 2).
      if account == nil, let number = Accounts.id(exec.user) {
        account = Account(name: exec.user, uid: number, gid: number, home: [], shell: [])
      }
      guard let account else {
        preset = PresetFailure(stage: .user, errno: 0)
        return
      }
      setLogin(account)
      uid = account.uid
      gid = account.gid
    } else if needsHome {
      account = Accounts.user(Bytes(decimal: preparation.ownUID), in: passwd)
    }
    home = account?.home ?? []
    if !exec.group.isEmpty {
      guard let number = Accounts.group(exec.group, in: groupFile) else {
        preset = PresetFailure(stage: .group, errno: 0)
        return
      }
      gid = number
    }
    var list: [UInt32] = []
    if !exec.user.isEmpty, let account { list += Accounts.groups(of: account.name, in: groupFile) }
    for name in exec.supplementaryGroups {
      guard let number = Accounts.group(name, in: groupFile) else {
        preset = PresetFailure(stage: .group, errno: 0)
        return
      }
      list.append(number)
    }
    if let gid, !list.contains(gid) { list.insert(gid, at: 0) }
    groups = list
    if command.fullPrivileges || command.noSetuid {
      uid = nil
      gid = nil
      groups = nil
    } else if preparation.ownUID != 0 && uid == preparation.ownUID && exec.group.isEmpty && exec.supplementaryGroups.isEmpty {
      // Already there, and without privilege there is nothing to change.
      uid = nil
      gid = nil
      groups = nil
    }
  }

  private mutating func setLogin(_ account: Account) {
    loginEnvironment = [Bytes("USER=") + account.name, Bytes("LOGNAME=") + account.name]
    // Without an entry there is no home; apus's own (often /root) would be a trap.
    if account.home.isEmpty && account.shell.isEmpty { loginEnvironment.append(Bytes("HOME=/")) }
    if !account.home.isEmpty && account.home != "/" { loginEnvironment.append(Bytes("HOME=") + account.home) }
    if !account.shell.isEmpty && !account.shell.ends(with: "/nologin") && !account.shell.ends(with: "/false") {
      loginEnvironment.append(Bytes("SHELL=") + account.shell)
    }
  }

  private func file(_ path: StaticString, _ kernel: inout some Kernel) -> Bytes {
    if case .contents(let bytes) = kernel.readFile(Bytes(path), limit: SpawnPreparation.fileLimit) { return bytes }
    return []
  }

  func fill(_ plan: inout SpawnPlan) {
    plan.uid = uid
    plan.gid = gid
    plan.groups = groups
    plan.presetFailure = preset
    plan.workingDirectoryOptional = exec.workingDirectoryOptional
    if exec.workingDirectory == "~" {
      plan.workingDirectory = home.isEmpty ? Bytes("/") : home
    } else if !exec.workingDirectory.isEmpty {
      plan.workingDirectory = exec.workingDirectory
    }
  }
}
