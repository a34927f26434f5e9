/// What a `.path` waits for (units.md d.3).
public enum PathKind: UInt8, CaseIterable, Sendable {
  case exists, existsGlob, changed, modified, directoryNotEmpty

  /// The key.
  public var name: StaticString {
    switch self {
    case .exists: "PathExists"
    case .existsGlob: "PathExistsGlob"
    case .changed: "PathChanged"
    case .modified: "PathModified"
    case .directoryNotEmpty: "DirectoryNotEmpty"
    }
  }

  /// Holds or not at any time, and so is looked at again when the unit has ended; the others are events.
  public var isLevel: Bool {
    switch self {
    case .exists, .existsGlob, .directoryNotEmpty: true
    case .changed, .modified: false
    }
  }
}

/// One line of `[Path]`.
public struct PathSpec: Equatable, Sendable {
  public var kind: PathKind
  /// Absolute; of `existsGlob` a pattern.
  public var path: Bytes
  public init(kind: PathKind, path: Bytes) {
    self.kind = kind
    self.path = path
  }
}

/// `[Path]`.
public struct PathSettings: Equatable, Sendable {
  /// In the order of their lines.
  public var specs: [PathSpec] = []
  /// `Unit=`, by default the service of equal name.
  public var unit: UnitName
  /// `MakeDirectory=`: with `DirectoryMode=`; nil: not made.
  public var makesDirectory: UInt32? = nil
  public var triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 200)
  public init(unit: UnitName) { self.unit = unit }
}
