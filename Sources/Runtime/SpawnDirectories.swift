import Model

/// The managed directories of a unit: where they are, what is made, and the variables that name them (units.md c.9).
struct SpawnDirectories {
  private(set) var plans: [DirectoryPlan] = []
  private(set) var links: [LinkPlan] = []
  /// `STATE_DIRECTORY=/var/lib/a:/var/lib/b` and its kin.
  private(set) var environment: [Bytes] = []

  init(_ exec: ExecSettings, uid: UInt32?, gid: UInt32?) {
    for settings in exec.directories where !settings.directories.isEmpty {
      let order = sortedOrder(settings.directories.count) {
        SpawnDirectories.comesBefore(settings.directories[$0].name, settings.directories[$1].name)
      }
      let isPrivate = SpawnDirectories.isPrivate(settings.kind, exec)
      if isPrivate { addPrivateFolder(settings.kind) }
      var paths = Bytes()
      for index in order {
        let directory = settings.directories[index]
        add(directory, settings, isPrivate: isPrivate, uid: uid, gid: gid, isDynamic: exec.dynamicUser)
        if !paths.isEmpty { paths.append(58) }
        paths += Bytes(settings.kind.root) + "/" + directory.name
      }
      environment.append(Bytes(settings.kind.variable) + "=" + paths)
    }
  }

  private mutating func add(
    _ directory: ManagedDirectory, _ settings: DirectorySettings, isPrivate: Bool, uid: UInt32?, gid: UInt32?, isDynamic: Bool
  ) {
    let root = Bytes(settings.kind.root) + "/"
    let stage = settings.kind.stage
    let plain = root + directory.name
    let hidden = root + "private/" + directory.name
    let toHidden = SpawnDirectories.relative(from: directory.name, to: "private/" + directory.name)
    var plan = DirectoryPlan(path: isPrivate ? hidden : plain, mode: settings.mode, uid: uid, gid: gid, stage: stage)
    plan.keepsExisting = settings.kind == .configuration
    plan.dropsSetuid = isDynamic
    if isPrivate {
      plan.old = plain
      links.append(LinkPlan(path: plain, target: toHidden, stage: stage))
    } else if settings.kind != .configuration && settings.kind != .runtime {
      plan.old = hidden
      plan.oldLink = toHidden
    }
    plans.append(plan)
    if !directory.symlink.isEmpty {
      let target = SpawnDirectories.relative(from: directory.symlink, to: directory.name)
      links.append(LinkPlan(path: root + directory.symlink, target: target, stage: stage))
    }
  }

  /// systemd closes that folder to all and opens it in the service's mount namespace. Without one it has to be passable, and
  /// is still not to be listed.
  private mutating func addPrivateFolder(_ kind: DirectoryKind) {
    plans.append(DirectoryPlan(path: Bytes(kind.root) + "/private", mode: 0o711, uid: nil, gid: nil, stage: kind.stage))
  }

  /// DynamicUser= keeps what outlives the user below `private/`.
  private static func isPrivate(_ kind: DirectoryKind, _ exec: ExecSettings) -> Bool {
    guard exec.dynamicUser else { return false }
    switch kind {
    case .configuration: return false
    case .runtime: return exec.runtimeDirectoryPreserve != .no
    case .state, .cache, .logs: return true
    }
  }

  /// Name by name, as systemd orders them: what is above comes first.
  static func comesBefore(_ left: Bytes, _ right: Bytes) -> Bool {
    for (a, b) in zip(left, right) where a != b { return (a == 47 ? 0 : a) < (b == 47 ? 0 : b) }
    return left.count < right.count
  }

  /// The target of a link at `from`, both relative to the same folder.
  static func relative(from: Bytes, to: Bytes) -> Bytes {
    let source = from.pieces(separatedBy: 47)
    let target = to.pieces(separatedBy: 47)
    var common = 0
    while common < source.count - 1, common < target.count - 1, source[common] == target[common] { common += 1 }
    var result = Bytes()
    for _ in common..<max(source.count - 1, common) { result += "../" }
    for (index, piece) in target[common...].enumerated() {
      if index > 0 { result.append(47) }
      result += piece
    }
    return result
  }
}

extension DirectoryKind {
  /// What a failure to make one of them means.
  var stage: ExecStage {
    switch self {
    case .runtime: .runtimeDirectory
    case .state: .stateDirectory
    case .cache: .cacheDirectory
    case .logs: .logsDirectory
    case .configuration: .configurationDirectory
    }
  }
}
