import Model

/// One queued or running job of one unit (units.md e.3). A unit has at most one.
struct Job: Equatable, Sendable {
  var id: UInt32
  var type: JobType
  var isRunning = false
  /// Requests that wait for its end; each is answered once, by `finish`.
  var waiters: [RequestID] = []
  /// For the start: TRIGGER_UNIT and its kin.
  var environment: [Bytes] = []
  /// Queued by the end of a restart's backoff.
  var isAutoRestart = false
  /// A client asked for it by name.
  var isManual = false
  /// Only there because of another job: a backoff that is under way is not cut short for it.
  var isPulled = false
  /// Of the first start: COMMAND and READY=1 wait for its end.
  var isBoot = false
  /// The restart's stop phase is over; it is a start now.
  var wasRestart = false
  /// `--job-mode=ignore-dependencies`: it waits for nobody.
  var ignoresOrder = false
  /// `JobTimeoutSec=`, `JobRunningTimeoutSec=`: when its time is over.
  var timeoutAt = Instant.never
}

enum JobMerge {
  /// What two jobs of one unit become (units.md e.3); nil: they conflict.
  static func merge(_ a: JobType, _ b: JobType) -> JobType? {
    if a == b { return a }
    switch (a, b) {
    case (.start, .verifyActive), (.verifyActive, .start): return .start
    case (.reload, .start), (.start, .reload), (.reloadOrStart, .start), (.start, .reloadOrStart): return .reloadOrStart
    case (.reload, .verifyActive), (.verifyActive, .reload): return .reload
    case (.reloadOrStart, .verifyActive), (.verifyActive, .reloadOrStart): return .reloadOrStart
    case (.reloadOrStart, .reload), (.reload, .reloadOrStart): return .reloadOrStart
    case (.restart, .start), (.restart, .verifyActive), (.restart, .reload), (.restart, .reloadOrStart), (.restart, .tryRestart),
      (.start, .restart), (.verifyActive, .restart), (.reload, .restart), (.reloadOrStart, .restart), (.tryRestart, .restart):
      return .restart
    case (.tryRestart, .start), (.start, .tryRestart), (.tryRestart, .reloadOrStart), (.reloadOrStart, .tryRestart): return .restart
    case (.tryRestart, .verifyActive), (.verifyActive, .tryRestart), (.tryRestart, .reload), (.reload, .tryRestart):
      return .tryRestart
    case (.stop, _), (_, .stop): return nil
    case (.start, .start), (.verifyActive, .verifyActive), (.reload, .reload), (.restart, .restart), (.tryRestart, .tryRestart),
      (.reloadOrStart, .reloadOrStart):
      return a
    }
  }

  /// Whether a job on a unit must wait for the other one's. `after`: the first unit is ordered After= the second;
  /// otherwise Before= it. A stop goes first whichever way the arrow points; two stops go in reverse order.
  static func waits(_ job: JobType, forJob other: JobType, after: Bool) -> Bool {
    let stops = job == .stop || job == .restart || job == .tryRestart
    let otherStops = other == .stop || other == .restart || other == .tryRestart
    #if PLANTED
    if plantedBug == 10 && stops && otherStops { return after }
    #endif
    return after ? !stops : otherStops
  }
}
