import Model
import Supervision

/// A sentence for a stage that failed between clone and exec, with the thing's name. `request`: what was to be run.
func execFailure(_ request: SpawnRequest?, _ stage: ExecStage, _ errno: Int32, _ detail: Int32, ownUID: UInt32) -> ExecFailure {
  let why = errno == 0 ? Bytes("not found") : errorText(errno)
  let exec = request?.exec ?? ExecSettings()
  let message =
    switch stage {
    case .exec, .commandNotFound, .commandNotExecutable: text("exec \(request?.command.path ?? []): \(why)")
    case .chdir: text("WorkingDirectory=\(exec.workingDirectory): \(why)")
    case .user:
      errno == Errno.EPERM ? text("User=\(exec.user): \(why), apus runs as uid \(ownUID)") : text("User=\(exec.user): \(why)")
    case .group: groupSentence(exec, why)
    case .stdin: text("StandardInput=\(target(exec.standardInput)): \(why)")
    case .stdout: text("StandardOutput=\(target(exec.standardOutput)): \(why)")
    case .stderr: text("StandardError=\(target(exec.standardError)): \(why)")
    case .limits: text("\(detail >= 0 && Int(detail) < exec.limits.count ? exec.limits[Int(detail)].resource.key : "Limit")=: \(why)")
    case .nice: text("Nice=: \(why)")
    case .oomAdjust: text("OOMScoreAdjust=: \(why)")
    case .fds, .memory, .signalMask, .capabilities, .cgroup, .setsid, .chroot, .ioprio, .timerSlack, .secureBits,
      .scheduler, .affinity, .noNewPrivileges, .personality, .runtimeDirectory, .chown, .stateDirectory, .cacheDirectory,
      .logsDirectory, .configurationDirectory:
      text("status \(stage.rawValue): \(why)")
    }
  return ExecFailure(stage: stage, errno: errno, message: message)
}

/// Which of the keys that choose groups it was.
private func groupSentence(_ exec: ExecSettings, _ why: Bytes) -> Bytes {
  if !exec.group.isEmpty { return text("Group=\(exec.group): \(why)") }
  if let first = exec.supplementaryGroups.first { return text("SupplementaryGroups=\(first): \(why)") }
  return text("groups of User=\(exec.user): \(why)")
}

private func target(_ stream: StandardStream) -> Bytes {
  switch stream {
  case .file(let path), .append(let path), .truncate(let path): path
  case .unset, .null: Bytes("/dev/null")
  case .inherit, .journal, .tty, .data, .descriptor: []
  }
}
