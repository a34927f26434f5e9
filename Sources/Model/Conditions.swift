/// One `Condition…=` or `Assert…=` line, specifiers expanded (units.md e.1).
public struct Condition: Equatable, Sendable {
  public var kind: ConditionKind
  /// What is behind `|` and `!`.
  public var parameter: Bytes
  /// `|`: at least one of these must hold.
  public var isTrigger: Bool
  /// `!`
  public var isNegated: Bool
  public init(_ kind: ConditionKind, _ parameter: Bytes, isTrigger: Bool = false, isNegated: Bool = false) {
    self.kind = kind
    self.parameter = parameter
    self.isTrigger = isTrigger
    self.isNegated = isNegated
  }

  /// `|!/etc/x`, as it was written.
  public var text: Bytes { (isTrigger ? Bytes("|") : []) + (isNegated ? Bytes("!") : []) + parameter }
}

/// What a condition looks at: systemd's names behind `Condition` and `Assert`.
public enum ConditionKind: UInt8, CaseIterable, Sendable {
  case pathExists, pathExistsGlob, pathIsDirectory, pathIsSymbolicLink, pathIsMountPoint, pathIsReadWrite, pathIsEncrypted,
    pathIsSocket, directoryNotEmpty, fileNotEmpty, fileIsExecutable, needsUpdate, firstBoot, architecture, firmware, virtualization,
    host, kernelCommandLine, kernelVersion, kernelModuleLoaded, version, credential, security, capability, acPower, memory,
    cpuFeature, cpus, environment, user, group, controlGroupController, osRelease, memoryPressure, cpuPressure, ioPressure

  /// `PathExists`
  public var name: StaticString {
    switch self {
    case .pathExists: "PathExists"
    case .pathExistsGlob: "PathExistsGlob"
    case .pathIsDirectory: "PathIsDirectory"
    case .pathIsSymbolicLink: "PathIsSymbolicLink"
    case .pathIsMountPoint: "PathIsMountPoint"
    case .pathIsReadWrite: "PathIsReadWrite"
    case .pathIsEncrypted: "PathIsEncrypted"
    case .pathIsSocket: "PathIsSocket"
    case .directoryNotEmpty: "DirectoryNotEmpty"
    case .fileNotEmpty: "FileNotEmpty"
    case .fileIsExecutable: "FileIsExecutable"
    case .needsUpdate: "NeedsUpdate"
    case .firstBoot: "FirstBoot"
    case .architecture: "Architecture"
    case .firmware: "Firmware"
    case .virtualization: "Virtualization"
    case .host: "Host"
    case .kernelCommandLine: "KernelCommandLine"
    case .kernelVersion: "KernelVersion"
    case .kernelModuleLoaded: "KernelModuleLoaded"
    case .version: "Version"
    case .credential: "Credential"
    case .security: "Security"
    case .capability: "Capability"
    case .acPower: "ACPower"
    case .memory: "Memory"
    case .cpuFeature: "CPUFeature"
    case .cpus: "CPUs"
    case .environment: "Environment"
    case .user: "User"
    case .group: "Group"
    case .controlGroupController: "ControlGroupController"
    case .osRelease: "OSRelease"
    case .memoryPressure: "MemoryPressure"
    case .cpuPressure: "CPUPressure"
    case .ioPressure: "IOPressure"
    }
  }

  /// Whether it looks at a path of the unit's choice: such a look may hang, so that a helper process does it.
  public var looksAtPath: Bool {
    switch self {
    case .pathExists, .pathExistsGlob, .pathIsDirectory, .pathIsSymbolicLink, .pathIsMountPoint, .pathIsReadWrite, .pathIsEncrypted,
      .pathIsSocket, .directoryNotEmpty, .fileNotEmpty, .fileIsExecutable, .needsUpdate:
      true
    case .firstBoot, .architecture, .firmware, .virtualization, .host, .kernelCommandLine, .kernelVersion, .kernelModuleLoaded,
      .version, .credential, .security, .capability, .acPower, .memory, .cpuFeature, .cpus, .environment, .user, .group,
      .controlGroupController, .osRelease, .memoryPressure, .cpuPressure, .ioPressure:
      false
    }
  }
}

/// What came of looking at all conditions and asserts of one start.
public enum CheckOutcome: Equatable, Sendable {
  case met
  /// The start is skipped: its job ends well, the unit stays inactive.
  case conditionFailed(Condition)
  /// The job fails.
  case assertFailed(Condition)
  /// They could not be looked at (the helper did not start, or hung): the job fails, with the reason.
  case failed(Bytes)
}
