import Calendar
import Model

extension UnitParser {
  /// The world a command runs in: user, folder, environment, streams, limits (units.md c.10).
  func applyExecContext(_ directive: Directive) {
    switch directive {
    case .user: setUser(&exec.user)
    case .group: setUser(&exec.group)
    case .supplementaryGroups:
      addWords(.group, to: &exec.supplementaryGroups)
    case .workingDirectory: applyWorkingDirectory()
    case .umask: setMode(&exec.umask, example: "for example 0022")
    case .nice: setNumber(&exec.nice, in: -20...19)
    case .oomScoreAdjust: setNumber(&exec.oomScoreAdjust, in: -1000...1000)
    case .ignoreSIGPIPE: set(&exec.ignoreSIGPIPE)
    case .environment, .environmentFile, .passEnvironment, .unsetEnvironment: applyEnvironment(directive)
    case .standardInput, .standardOutput, .standardError, .standardInputText, .standardInputData, .ttyPath, .ttyReset, .ttyVHangup,
      .ttyVTDisallocate, .ttyRows, .ttyColumns:
      applyStream(directive)
    case .capabilityBoundingSet, .ambientCapabilities, .noNewPrivileges, .secureBits, .dynamicUser, .setLoginEnvironment,
      .execSearchPath, .rootDirectory:
      applyPrivileges(directive)
    case .cpuSchedulingPolicy, .cpuSchedulingPriority, .cpuSchedulingResetOnFork, .cpuAffinity, .ioSchedulingClass,
      .ioSchedulingPriority, .timerSlackNSec, .personality, .coredumpFilter:
      applyProcessScheduling(directive)
    case .runtimeDirectory, .runtimeDirectoryMode, .runtimeDirectoryPreserve, .stateDirectory, .stateDirectoryMode, .cacheDirectory,
      .cacheDirectoryMode, .logsDirectory, .logsDirectoryMode, .configurationDirectory, .configurationDirectoryMode:
      applyDirectory(directive)
    case .sockets: addSockets()
    default: applyLimit(directive)
    }
  }

  /// Empty for an empty value. systemd refuses a unit with a name that is none: it must not run as root.
  func setUser(_ user: inout Bytes) {
    if let name = expanded(value) {
      if name.isEmpty || name.isUserName {
        user = name
        return
      }
      badValue("no name of a user or group, and no number of one")
    }
    refuseSilently()
  }

  /// An empty value takes it back.
  private func setNumber(_ number: inout Int32?, in range: ClosedRange<Int64>) {
    if value.isEmpty {
      number = nil
    } else if let value = self.number(in: range) {
      number = Int32(value)
    }
  }

  func setMode(_ mode: inout UInt32, example: StaticString) {
    if let value = value.octalMode { mode = value } else { badValue("no octal mode", hint: example) }
  }

  private func applyWorkingDirectory() {
    let optional = value.first == 45
    let rest = optional ? Bytes(value[1...]) : value
    if rest.isEmpty || rest == "~" {
      if optional && rest.isEmpty {
        badValue("the path is missing", at: 1)
        return
      }
      exec.workingDirectory = rest
      exec.workingDirectoryOptional = optional
    } else if let path = absolutePath(rest, offset: optional ? 1 : 0, refusing: !optional) {
      exec.workingDirectory = path
      exec.workingDirectoryOptional = optional
    }
  }

  /// The path, expanded and simplified; nil after saying why it is none. systemd refuses a unit with a wrong folder or
  /// stream as a whole.
  func absolutePath(_ text: Bytes, offset: Int, refusing: Bool = true) -> Bytes? {
    if let text = expanded(text, offset: offset), let path = checkedPath(text, offset: offset) { return path }
    if refusing { refuseSilently() }
    return nil
  }

  /// The same of what is expanded already.
  func checkedPath(_ path: Bytes, offset: Int) -> Bytes? {
    if !path.isAbsolutePath {
      badValue(path.first == 47 ? "the path is too long" : "the path is not absolute", at: offset)
    } else if path.pieces(separatedBy: 47).contains(where: { $0 == ".." }) {
      badValue("the path has .. in it", at: offset)
    } else {
      return path.simplifiedPath
    }
    return nil
  }

  // MARK: environment

  private func applyEnvironment(_ directive: Directive) {
    switch directive {
    case .environment:
      addWords(.assignment, to: &exec.environment)
    case .environmentFile:
      if value.isEmpty {
        exec.environmentFiles = []
        return
      }
      let optional = value[0] == 45
      if let path = absolutePath(optional ? Bytes(value[1...]) : value, offset: optional ? 1 : 0, refusing: false) {
        exec.environmentFiles.append(EnvironmentFile(path: path, optional: optional))
      }
    case .passEnvironment:
      addWords(.variable, to: &exec.passEnvironment)
    default:
      addWords(.variableOrAssignment, to: &exec.unsetEnvironment)
    }
  }

  // MARK: limits

  private func applyLimit(_ directive: Directive) {
    guard let resource = directive.resource else { return }
    var soft = value
    var hard: Bytes? = nil
    if let colon = value.firstIndex(of: 58) {
      soft = Bytes(value[..<colon])
      hard = Bytes(value[(colon + 1)...])
    }
    guard let softLimit = limit(resource, soft, offset: 0) else { return }
    var hardLimit = softLimit
    if let hard {
      guard let given = limit(resource, hard, offset: soft.count + 1) else { return }
      hardLimit = given
    }
    if softLimit > hardLimit {
      badValue("the soft limit is above the hard one", hint: "write soft:hard")
      return
    }
    let setting = LimitSetting(resource: resource, limit: ResourceLimit(soft: softLimit, hard: hardLimit))
    for index in exec.limits.indices where exec.limits[index].resource == resource {
      exec.limits[index] = setting
      return
    }
    exec.limits.append(setting)
  }

  private func limit(_ resource: Resource, _ text: Bytes, offset: Int) -> UInt64? {
    var found: UInt64?
    var hint: StaticString = "write a number, or infinity"
    switch resource {
    case .cpu:
      guard let span = span(text, offset: offset) else { return nil }
      // Whole seconds, rounded up: none at all would kill at once.
      return span.isInfinite ? .max : span.microseconds / 1_000_000 + (span.microseconds % 1_000_000 == 0 ? 0 : 1)
    case .rttime: return span(text, offset: offset, defaultUnit: 1)?.microseconds
    case .nice:
      hint = "write a nice level as +5 or -5, or a raw limit from 1 to 40"
      if let first = text.first, first == 43 || first == 45 {
        // The kernel counts from 40 (nice -20) down to 1 (nice 19).
        if let level = text.signedNumber, level >= -20, level <= 19 { found = UInt64(20 - level) }
      } else if let raw = text.limitNumber(inBytes: false), raw <= 40 || raw == .max {
        found = raw
      }
    case .fsize, .data, .stack, .core, .rss, .memlock, .as, .msgqueue:
      hint = "write a number of bytes with K, M, G, T, or infinity"
      found = text.limitNumber(inBytes: true)
    case .nproc, .nofile, .locks, .sigpending, .rtprio: found = text.limitNumber(inBytes: false)
    }
    if found == nil { badValue("no such limit", at: offset, hint: hint) }
    return found
  }
}

extension Directive {
  /// The resource of a `Limit…=` key.
  var resource: Resource? {
    for resource in Resource.allCases where Bytes(row).ends(with: resource.key) { return resource }
    return nil
  }
}
