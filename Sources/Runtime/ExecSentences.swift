import Model
import Supervision

/// A sentence for a stage that failed between clone and exec, with the thing's name. `request`: what was to be run.
func execFailure(_ request: SpawnRequest?, _ stage: ExecStage, _ errno: Int32, _ detail: Int32, ownUID: UInt32) -> ExecFailure {
  let why = errno == 0 ? Bytes("not found") : errorText(errno)
  let exec = request?.exec ?? ExecSettings.standard
  let message =
    switch stage {
    case .exec, .commandNotFound, .commandNotExecutable: text("exec \(request?.command.path ?? []): \(why)")
    case .chdir: text("WorkingDirectory=\(exec.workingDirectory): \(why)")
    case .user where exec.dynamicUser && errno == Errno.EBUSY: text("DynamicUser=: no uid of 61184 to 65519 is free")
    case .user:
      errno == Errno.EPERM ? text("User=\(exec.user): \(why), apus runs as uid \(ownUID)") : text("User=\(exec.user): \(why)")
    case .group: groupSentence(exec, why)
    case .stdin: text("StandardInput=\(target(exec.standardInput, exec)): \(why)")
    case .stdout: text("StandardOutput=\(target(exec.standardOutput, exec)): \(why)")
    case .stderr: text("StandardError=\(target(exec.standardError, exec)): \(why)")
    case .limits: text("\(detail >= 0 && Int(detail) < exec.limits.count ? exec.limits[Int(detail)].resource.key : "Limit")=: \(why)")
    case .nice: text("Nice=: \(why)")
    case .oomAdjust: text("OOMScoreAdjust=: \(why)")
    case .chroot: text("RootDirectory=\(exec.rootDirectory): \(why)\(needs(errno, "CAP_SYS_CHROOT"))")
    case .ioprio: text("IOSchedulingClass=: \(why)\(needs(errno, "CAP_SYS_ADMIN"))")
    case .scheduler: text("CPUSchedulingPolicy=: \(why)\(schedulerHint(errno))")
    case .affinity: text("CPUAffinity=: \(why)\(errno == Errno.EINVAL ? ", none of these CPUs is there" : "")")
    case .timerSlack: text("TimerSlackNSec=: \(why)")
    case .personality: text("Personality=: \(why)")
    case .secureBits: text("SecureBits=: \(why)\(needs(errno, "CAP_SETPCAP"))")
    case .noNewPrivileges: text("NoNewPrivileges=: \(why)")
    case .capabilities: text("CapabilityBoundingSet=, AmbientCapabilities=: \(why)\(needs(errno, "CAP_SETPCAP"))")
    case .fds: text("passing descriptors: \(why)")
    case .runtimeDirectory: directorySentence(exec, .runtime, detail, errno, why)
    case .stateDirectory: directorySentence(exec, .state, detail, errno, why)
    case .cacheDirectory: directorySentence(exec, .cache, detail, errno, why)
    case .logsDirectory: directorySentence(exec, .logs, detail, errno, why)
    case .configurationDirectory: directorySentence(exec, .configuration, detail, errno, why)
    case .memory, .signalMask, .cgroup, .setsid, .chown: text("status \(stage.rawValue): \(why)")
    }
  return ExecFailure(stage: stage, errno: errno, message: message)
}

/// What a refused call would have needed.
private func needs(_ errno: Int32, _ capability: StaticString) -> Bytes {
  errno == Errno.EPERM ? Bytes(", it needs ") + capability : []
}

private func schedulerHint(_ errno: Int32) -> Bytes {
  switch errno {
  case Errno.EPERM: Bytes(", it needs CAP_SYS_NICE or LimitRTPRIO=")
  case Errno.EINVAL: Bytes(", CPUSchedulingPriority= is 1 to 99 for fifo and rr, else 0")
  default: []
  }
}

/// `StateDirectory=web: cannot make /var/lib/web: read-only file system`
private func directorySentence(_ exec: ExecSettings, _ kind: DirectoryKind, _ detail: Int32, _ errno: Int32, _ why: Bytes) -> Bytes {
  // The same plans as the child had: only the paths count here.
  let made = SpawnDirectories(exec, uid: nil, gid: nil)
  let index = Int(detail)
  var path = Bytes(kind.root)
  var isLink = false
  if index >= 0 && index < made.plans.count { path = made.plans[index].path }
  if index >= made.plans.count && index - made.plans.count < made.links.count {
    path = made.links[index - made.plans.count].path
    isLink = true
  }
  let hint: StaticString =
    switch errno {
    case Errno.ENOTDIR, Errno.ELOOP: ", there is a file or a link"
    case Errno.EEXIST: isLink ? ", something else is there" : ""
    case Errno.EROFS: ", mount a volume or a tmpfs there"
    case Errno.EACCES, Errno.EPERM: ", apus is not root"
    default: ""
    }
  return text("\(kind.key)=: cannot make \(path): \(why)\(Bytes(hint))")
}

/// Which of the keys that choose groups it was.
private func groupSentence(_ exec: ExecSettings, _ why: Bytes) -> Bytes {
  if !exec.group.isEmpty { return text("Group=\(exec.group): \(why)") }
  if let first = exec.supplementaryGroups.first { return text("SupplementaryGroups=\(first): \(why)") }
  return text("groups of User=\(exec.user): \(why)")
}

private func target(_ stream: StandardStream, _ exec: ExecSettings) -> Bytes {
  switch stream {
  case .file(let path), .append(let path), .truncate(let path): path
  case .unset, .null: Bytes("/dev/null")
  case .tty: "tty " + (exec.terminal.path.isEmpty ? Bytes("/dev/console") : exec.terminal.path)
  case .descriptor(let name): "fd:" + name
  case .data: Bytes("data")
  case .socket: Bytes("the socket")
  case .inherit, .journal: []
  }
}
