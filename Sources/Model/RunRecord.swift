/// What became of one slot of a job, or of a row of slots that were not run.
public enum RunResult: Equatable, Sendable {
  case running
  /// For the end of the run that it replaces.
  case waiting
  /// The last attempt's result.
  case ended(ServiceResult)
  /// The unit still ran.
  case skipped
  /// They passed while apus slept, or were too old for StartingDeadlineSec=.
  case missed
  /// Its job was refused, or came to nothing.
  case canceled

  /// For people and JSON.
  public var name: StaticString {
    switch self {
    case .running: "running"
    case .waiting: "waiting"
    case .ended(let result): result.name
    case .skipped: "skipped"
    case .missed: "missed"
    case .canceled: "canceled"
    }
  }
}

/// One of the last runs of a job.
public struct RunRecord: Equatable, Sendable {
  /// Kept of each job.
  public static let kept = 10

  /// The slot's own time; of a row the first one's.
  public var slot: WallTime
  /// nil: it did not start.
  public var startedAt: WallTime? = nil
  /// nil: it runs, or did not start.
  public var endedAt: WallTime? = nil
  /// With automatic restarts, until the next slot.
  public var attempts: UInt32 = 0
  /// Who runs it: the job itself, or a parallel run of it.
  public var unit = UnitID.helper
  /// Of the last attempt.
  public var result: RunResult
  /// Slots in a row of skipped or missed ones.
  public var slots: UInt64 = 1
  public init(slot: WallTime, result: RunResult) {
    self.slot = slot
    self.result = result
  }
}
