import Model

/// `--containment=` (DESIGN section 5).
public enum ContainmentChoice: UInt8, CaseIterable, Sendable {
  case auto, cgroup, tag, group

  public var name: StaticString {
    switch self {
    case .auto: "auto"
    case .cgroup: "cgroup"
    case .tag: "tag"
    case .group: "group"
    }
  }

  /// The choice with that name.
  public init?(named name: Bytes) {
    for choice in ContainmentChoice.allCases where name == choice.name {
      self = choice
      return
    }
    return nil
  }
}

/// What the command line decides about `LinuxKernel`.
public struct KernelOptions: Sendable {
  public var containment = ContainmentChoice.auto
  /// `--spawn=fork`: children do not share memory before exec.
  public var forksOnly = false
  /// `--die-with-parent`: SIGTERM when the process that started apus ends.
  public var dieWithParent = false
  /// apus's own NOTIFY_SOCKET: a path, or an abstract name with a leading `@`; empty: none.
  public var notifySocket: Bytes = []
  public init() {}
}

/// Why the kernel cannot be used as asked: one sentence for the person who asked.
public struct KernelFailure: Error, Equatable, Sendable {
  public var message: Bytes
  public init(message: Bytes) { self.message = message }
}
