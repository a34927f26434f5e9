#if !EMBEDDED
import Model

/// A bug that the `Planted` build has in its sources, and the checkers whose duty it is to catch it.
public struct PlantedBug: Sendable {
  public var number: Int
  public var name: String
  /// The first is the one meant; the others see its consequences.
  public var checkers: [String]

  public static let all: [PlantedBug] =
    [
      PlantedBug(number: 1, name: "an event of an old run is taken for the present one's", checkers: ["stale"]),
      PlantedBug(number: 2, name: "exits are handled before exec reports", checkers: ["attribution"]),
      PlantedBug(number: 3, name: "a failed fork has no next step", checkers: ["stuck"]),
      PlantedBug(number: 4, name: "SIGKILL is sent in one pass and believed", checkers: ["verified-empty"]),
      PlantedBug(number: 5, name: "half an apply", checkers: ["apply", "timer"]),
      PlantedBug(number: 6, name: "a waiter is answered twice", checkers: ["answered-once"]),
      PlantedBug(number: 7, name: "the backoff is off by one", checkers: ["backoff"]),
      PlantedBug(number: 8, name: "the backoff is never reset", checkers: ["backoff"]),
      PlantedBug(number: 9, name: "a timer's next slot is in the past", checkers: ["timer"]),
      PlantedBug(number: 10, name: "units stop in the order of their start", checkers: ["order", "dependency"]),
      PlantedBug(number: 11, name: "a skipped slot is not counted", checkers: ["calendar", "timer"]),
      PlantedBug(
        number: 12, name: "the end of a reused pid is taken for an echo",
        checkers: ["attribution", "live-pid", "stuck", "end", "answered-once", "handlers", "calendar"]),
      PlantedBug(number: 13, name: "the dead are reaped before SIGCHLD is read", checkers: ["zombie", "live-pid"]),
      PlantedBug(number: 14, name: "a command list goes on in a stop that has overtaken it", checkers: ["role"]),
      PlantedBug(number: 15, name: "an automatic restart whose job came to nothing is dropped", checkers: ["stuck"]),
      PlantedBug(number: 16, name: "a start that meets a waiting automatic restart counts as one", checkers: ["backoff"]),
      PlantedBug(number: 17, name: "a dependent begins before its dependency is ready", checkers: ["dependency", "order"]),
      PlantedBug(number: 18, name: "who requires a unit does not fail with it", checkers: ["dependency"]),
      PlantedBug(number: 19, name: "BindsTo= does not see a crash", checkers: ["lasting"]),
      PlantedBug(number: 20, name: "OnFailure= is triggered twice", checkers: ["handlers"]),
      PlantedBug(number: 21, name: "StopWhenUnneeded= forgets", checkers: ["lasting"]),
      PlantedBug(number: 22, name: "whoever writes into the notify socket is believed", checkers: ["notify"]),
      PlantedBug(number: 23, name: "processes of an older run speak for the present one", checkers: ["notify"]),
      PlantedBug(number: 24, name: "the watchdog is not disarmed by a stop", checkers: ["watchdog"]),
      PlantedBug(number: 25, name: "ExecStopPost= is left out after a watchdog's kill", checkers: ["stop-post"]),
      PlantedBug(number: 26, name: "a service is not drained", checkers: ["drain"]),
      PlantedBug(number: 27, name: "a start by hand does not reset NRestarts", checkers: ["backoff"]),
      PlantedBug(number: 28, name: "a reload that nobody answers never ends", checkers: ["stuck"]),
      PlantedBug(number: 29, name: "a job ends twice", checkers: ["job-end", "answered-once"]),
      PlantedBug(number: 30, name: "a PID file of anybody may name any process", checkers: ["main-pid"]),
      PlantedBug(number: 31, name: "stored descriptors are kept for ever", checkers: ["store"]),
      PlantedBug(number: 32, name: "runtime directories are left behind", checkers: ["clean"]),
      PlantedBug(number: 33, name: "a readiness probe that failed counts as ready", checkers: ["readiness"]),
      PlantedBug(number: 34, name: "conditions are looked at and ignored", checkers: ["condition", "dependency"]),
      PlantedBug(number: 35, name: "want of memory is taken for a plain SIGKILL", checkers: ["oom"]),
      PlantedBug(number: 36, name: "Type=notify is ready when it is executed", checkers: ["readiness"]),
    ] + ofCalendars + ofSockets
}

/// Chooses the planted bug of this process; 0: none. False: this build has none of them.
public func plant(_ number: Int) -> Bool {
  #if PLANTED
  guard number == 0 || PlantedBug.all.contains(where: { $0.number == number }) else { return false }
  plantedBug = number
  return true
  #else
  return false
  #endif
}
#endif
