/// Where something was written, for messages that come later than parsing.
public struct SourceLocation: Equatable, Sendable {
  public var file: Bytes
  public var line: Int
  public init(file: Bytes, line: Int) {
    self.file = file
    self.line = line
  }
}

/// One loaded unit: everything its files said, every default filled in.
///
/// A reference, since it is large and handed from one to the next: the parser makes it, `assemble` fills in what other units
/// decide, and from then on it never changes (but for further names that become known). Who wants another one copies it.
public final class Unit: Equatable, @unchecked Sendable {
  public var name: UnitName
  public var loadState: LoadState = .loaded
  /// Why it could not be loaded; empty when `loadState` is `.loaded`.
  public var loadError: Bytes = []
  /// The main file, `FragmentPath=`; empty for a built-in unit.
  public var fragmentPath: Bytes = []
  /// A stub of a name of the host side that is always satisfied (units.md a.3).
  public var isBuiltIn = false
  public var description: Bytes = []
  public var documentation: [Bytes] = []
  public var dependencies = Dependencies()
  public var startLimit = StartLimit()
  public var successAction = EmergencyAction.none
  public var failureAction = EmergencyAction.none
  /// `SuccessActionExitStatus=`, `FailureActionExitStatus=`; nil: the main process's status.
  public var successActionExitStatus: UInt8? = nil
  public var failureActionExitStatus: UInt8? = nil
  public var kind: UnitKind

  /// Further names of the same unit: links in the unit path (units.md b.8).
  public var aliases: [UnitName] = []
  /// Drop-ins in the order in which they were applied.
  public var dropInPaths: [Bytes] = []
  public var origin = UnitOrigin.commandLine
  /// `DefaultDependencies=` (units.md e.2).
  public var defaultDependencies = true
  public var conditions: [Condition] = []
  public var asserts: [Condition] = []
  public var stopWhenUnneeded = false
  public var refuseManualStart = false
  public var refuseManualStop = false
  /// `JobTimeoutSec=`: from queueing to the job's end.
  public var jobTimeout = TimeSpan.infinity
  /// `JobRunningTimeoutSec=`: from the job's beginning to its end.
  public var jobRunningTimeout = TimeSpan.infinity
  public var jobTimeoutAction = EmergencyAction.none
  public var startLimitAction = EmergencyAction.none
  public var install = InstallSettings()
  /// Keys that were checked and are not enforced, as `apus check --explain` lists them (units.md f.2).
  public var unenforced: [Bytes] = []

  public init(name: UnitName, kind: UnitKind) {
    self.name = name
    self.kind = kind
  }

  /// One of its own that may be changed; a service's and a socket's settings are still the same.
  public func copy() -> Unit {
    let other = Unit(name: name, kind: kind)
    other.loadState = loadState
    other.loadError = loadError
    other.fragmentPath = fragmentPath
    other.isBuiltIn = isBuiltIn
    other.description = description
    other.documentation = documentation
    other.dependencies = dependencies
    other.startLimit = startLimit
    other.successAction = successAction
    other.failureAction = failureAction
    other.successActionExitStatus = successActionExitStatus
    other.failureActionExitStatus = failureActionExitStatus
    other.aliases = aliases
    other.dropInPaths = dropInPaths
    other.origin = origin
    other.defaultDependencies = defaultDependencies
    other.conditions = conditions
    other.asserts = asserts
    other.stopWhenUnneeded = stopWhenUnneeded
    other.refuseManualStart = refuseManualStart
    other.refuseManualStop = refuseManualStop
    other.jobTimeout = jobTimeout
    other.jobRunningTimeout = jobRunningTimeout
    other.jobTimeoutAction = jobTimeoutAction
    other.startLimitAction = startLimitAction
    other.install = install
    other.unenforced = unenforced
    return other
  }

  /// Every setting.
  public static func == (one: Unit, other: Unit) -> Bool {
    if one === other { return true }
    guard one.loadState == other.loadState, one.isBuiltIn == other.isBuiltIn, one.startLimit == other.startLimit else { return false }
    guard one.successAction == other.successAction, one.failureAction == other.failureAction else { return false }
    guard one.successActionExitStatus == other.successActionExitStatus else { return false }
    guard one.failureActionExitStatus == other.failureActionExitStatus, one.origin == other.origin else { return false }
    guard one.defaultDependencies == other.defaultDependencies, one.stopWhenUnneeded == other.stopWhenUnneeded else { return false }
    guard one.refuseManualStart == other.refuseManualStart, one.refuseManualStop == other.refuseManualStop else { return false }
    guard one.jobTimeout == other.jobTimeout, one.jobRunningTimeout == other.jobRunningTimeout else { return false }
    guard one.jobTimeoutAction == other.jobTimeoutAction, one.startLimitAction == other.startLimitAction else { return false }
    guard one.texts == other.texts, one.aliases == other.aliases, one.dependencies == other.dependencies else { return false }
    return one.conditions == other.conditions && one.asserts == other.asserts && one.kind == other.kind
  }

  /// All settings that are texts or lists of texts: compared one by one they cost the static binary three times as much.
  private var texts: [[Bytes]] {
    [
      [name.bytes, loadError, fragmentPath, description, install.defaultInstance], documentation, dropInPaths, unenforced,
      install.alias, install.wantedBy, install.requiredBy, install.upheldBy, install.also,
    ]
  }
}

/// What a unit is, with its settings.
public enum UnitKind: Equatable, Sendable {
  case service(ServiceSettings)
  indirect case timer(TimerSettings)
  case socket(SocketSettings)
  indirect case path(PathSettings)
  case target
  /// Mounts, slices …: names only.
  case other
}

extension UnitKind {
  /// The unit that a timer, socket or path starts; of a socket with Accept=yes the template.
  public var triggered: UnitName? {
    get {
      switch self {
      case .timer(let settings): settings.unit
      case .socket(let settings): settings.service
      case .path(let settings): settings.unit
      case .service, .target, .other: nil
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .timer(var settings):
        settings.unit = newValue
        self = .timer(settings)
      case .socket(let settings):
        settings.service = newValue
        self = .socket(settings)
      case .path(var settings):
        settings.unit = newValue
        self = .path(settings)
      case .service, .target, .other: break
      }
    }
  }
}

/// `StartLimitIntervalSec=` and `StartLimitBurst=`. Off (nil) unless the unit sets one of them (DESIGN section 2).
public struct StartLimit: Equatable, Sendable {
  public var interval: TimeSpan? = nil
  public var burst: UInt32? = nil
  public init() {}

  /// Both values once either is set, systemd's default for the other; nil when there is no limit.
  public var effective: (interval: TimeSpan, burst: UInt32)? {
    if interval == nil && burst == nil { return nil }
    let interval = self.interval ?? TimeSpan(seconds: 10)
    let burst = self.burst ?? 5
    return interval == .zero || burst == 0 ? nil : (interval, burst)
  }
}

/// `SuccessAction=`, `FailureAction=`. Poweroff, halt and reboot mean exit (DESIGN section 2).
public enum EmergencyAction: UInt8, CaseIterable, Sendable {
  case none, exit, exitForce, poweroff, poweroffForce, poweroffImmediate, reboot, rebootForce, rebootImmediate, halt,
    haltForce, haltImmediate

  public var name: StaticString {
    switch self {
    case .none: "none"
    case .exit: "exit"
    case .exitForce: "exit-force"
    case .poweroff: "poweroff"
    case .poweroffForce: "poweroff-force"
    case .poweroffImmediate: "poweroff-immediate"
    case .reboot: "reboot"
    case .rebootForce: "reboot-force"
    case .rebootImmediate: "reboot-immediate"
    case .halt: "halt"
    case .haltForce: "halt-force"
    case .haltImmediate: "halt-immediate"
    }
  }

  /// What an action means in a container.
  public enum Effect: Sendable { case nothing, orderlyExit, exitAtOnce }
  public var effect: Effect {
    switch self {
    case .none: .nothing
    case .exit, .poweroff, .reboot, .halt: .orderlyExit
    case .exitForce, .poweroffForce, .poweroffImmediate, .rebootForce, .rebootImmediate, .haltForce, .haltImmediate:
      .exitAtOnce
    }
  }
}

/// Who decided a setting that has a default of apus's own (`show` prints `RestartSource=`).
public enum SettingSource: UInt8, Sendable {
  case unit, `default`
  public var name: StaticString {
    switch self {
    case .unit: "unit"
    case .default: "default"
    }
  }
}
