import Model
import Supervision

/// Who a command runs as, and where.
struct SpawnWorld {
  private let exec: ExecSettings
  private let command: ExecCommand
  private let ownUID: UInt32
  private var uid: UInt32? = nil
  private var gid: UInt32? = nil
  private var groups: [UInt32]? = nil
  private var home = Bytes()
  private var preset: PresetFailure? = nil
  /// Whose the managed directories become: of `User=` and `Group=`, also for commands that keep apus's own user.
  private(set) var ownerUID: UInt32? = nil
  private(set) var ownerGID: UInt32? = nil
  /// USER, LOGNAME, HOME, SHELL with User= (units.md c.8).
  private(set) var loginEnvironment: [Bytes] = []

  init(_ request: SpawnRequest, ownUID: UInt32) {
    exec = request.exec
    command = request.command
    self.ownUID = ownUID
  }

  /// Without what describes apus's own login: the service's is another one.
  func withoutLogin(_ environment: [Bytes]) -> [Bytes] {
    if loginEnvironment.isEmpty { return environment }
    return environment.filter {
      !($0.starts(with: "HOME=") || $0.starts(with: "SHELL=") || $0.starts(with: "USER=") || $0.starts(with: "LOGNAME="))
    }
  }

  /// Finds users and groups; one that is not there becomes a failure that the child reports.
  mutating func resolve(_ dynamicUsers: DynamicUsers, _ kernel: inout some Kernel) {
    let needsHome = exec.workingDirectory == "~" || exec.setLoginEnvironment
    if exec.user.isEmpty && exec.group.isEmpty && exec.supplementaryGroups.isEmpty && !needsHome { return }
    let passwd = file("/etc/passwd", &kernel)
    let groupFile = file("/etc/group", &kernel)
    guard let account = account(dynamicUsers, passwd, groupFile) else {
      if !hasUser { return resolveGroups(nil, groupFile) }
      preset = PresetFailure(stage: .user, errno: exec.dynamicUser ? Errno.EBUSY : 0)
      return
    }
    home = account.home
    if hasUser || exec.setLoginEnvironment { setLogin(account) }
    if hasUser {
      uid = account.uid
      gid = account.gid
    }
    resolveGroups(hasUser ? account : nil, groupFile)
  }

  /// `DynamicUser=` without `User=` has one of the unit's name.
  private var hasUser: Bool { !exec.user.isEmpty }

  private func account(_ dynamicUsers: DynamicUsers, _ passwd: Bytes, _ groupFile: Bytes) -> Account? {
    if !hasUser { return Accounts.user(Bytes(decimal: ownUID), in: passwd) ?? hardCoded(ownUID, nil) }
    let name = exec.user
    // A static user of that name takes the place of a dynamic one.
    if let found = Accounts.user(name, in: passwd) { return hardCoded(found.uid, found) ?? found }
    if exec.dynamicUser {
      guard let number = dynamicUsers.uid(of: name, passwd: passwd, groups: groupFile) else { return nil }
      return Account(name: name, uid: number, gid: number, home: Bytes("/"), shell: [])
    }
    // A number needs no entry: scratch images have none (DESIGN section 2).
    guard let number = Accounts.id(exec.user) else { return nil }
    return hardCoded(number, nil) ?? Account(name: exec.user, uid: number, gid: number, home: [], shell: [])
  }

  /// What systemd knows without looking: root lives in /root, nobody nowhere.
  private func hardCoded(_ uid: UInt32, _ found: Account?) -> Account? {
    switch uid {
    case 0:
      return Account(
        name: found?.name ?? Bytes("root"), uid: 0, gid: found?.gid ?? 0, home: Bytes("/root"), shell: found?.shell ?? Bytes("/bin/sh"))
    case 65_534:
      guard let found else { return nil }
      return Account(name: found.name, uid: uid, gid: found.gid, home: Bytes("/"), shell: Bytes("/nologin"))
    default: return nil
    }
  }

  private mutating func resolveGroups(_ account: Account?, _ groupFile: Bytes) {
    if !exec.group.isEmpty {
      guard let number = Accounts.group(exec.group, in: groupFile) else {
        preset = PresetFailure(stage: .group, errno: 0)
        return
      }
      gid = number
    }
    var list: [UInt32] = []
    if let account { list += Accounts.groups(of: account.name, in: groupFile) }
    for name in exec.supplementaryGroups {
      guard let number = Accounts.group(name, in: groupFile) else {
        preset = PresetFailure(stage: .group, errno: 0)
        return
      }
      list.append(number)
    }
    if let gid, !list.contains(gid) { list.insert(gid, at: 0) }
    ownerUID = uid
    ownerGID = gid
    if hasUser || !exec.group.isEmpty || !exec.supplementaryGroups.isEmpty { groups = list }
    dropWhatIsKept()
  }

  /// `+` and `!` keep apus's own user. Already there, and without privilege, nothing can be changed either.
  private mutating func dropWhatIsKept() {
    let isThere = ownUID != 0 && uid == ownUID && exec.group.isEmpty && exec.supplementaryGroups.isEmpty
    guard command.fullPrivileges || command.noSetuid || isThere else { return }
    uid = nil
    gid = nil
    // systemd gives them the groups of User= all the same.
    if isThere || ownUID != 0 || !hasUser { groups = nil }
    if isThere {
      ownerUID = nil
      ownerGID = nil
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

  func fill(_ plan: SpawnPlan) {
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
