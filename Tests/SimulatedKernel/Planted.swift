#if !EMBEDDED
import Model

/// A bug that the `Planted` build has in its sources, and the checkers whose duty it is to catch it.
public struct PlantedBug: Sendable {
  public var number: Int
  public var name: String
  /// The first is the one meant; the others see its consequences.
  public var checkers: [String]

  public static let all: [PlantedBug] = [
    PlantedBug(number: 1, name: "an event of an old run is taken for the present one's", checkers: ["stale"]),
    PlantedBug(number: 2, name: "exits are handled before exec reports", checkers: ["attribution"]),
    PlantedBug(number: 3, name: "a failed fork has no next step", checkers: ["stuck"]),
    PlantedBug(number: 4, name: "SIGKILL is sent in one pass and believed", checkers: ["verified-empty"]),
    PlantedBug(number: 5, name: "half an apply", checkers: ["apply", "timer"]),
    PlantedBug(number: 6, name: "a waiter is answered twice", checkers: ["answered-once"]),
    PlantedBug(number: 7, name: "the backoff is off by one", checkers: ["backoff"]),
    PlantedBug(number: 8, name: "the backoff is never reset", checkers: ["backoff"]),
    PlantedBug(number: 9, name: "a timer's next slot is in the past", checkers: ["timer"]),
    PlantedBug(number: 10, name: "units stop in the order of their start", checkers: ["order"]),
    PlantedBug(number: 11, name: "a skipped slot is not counted", checkers: ["timer"]),
    PlantedBug(
      number: 12, name: "the end of a reused pid is taken for an echo",
      checkers: ["attribution", "live-pid", "stuck", "end", "answered-once"]),
    PlantedBug(number: 13, name: "the dead are reaped before SIGCHLD is read", checkers: ["zombie"]),
    PlantedBug(number: 14, name: "a command list goes on in a stop that has overtaken it", checkers: ["role"]),
    PlantedBug(number: 15, name: "an automatic restart whose job came to nothing is dropped", checkers: ["stuck"]),
    PlantedBug(number: 16, name: "a start that meets a waiting automatic restart counts as one", checkers: ["backoff"]),
  ]
}

/// Chooses the planted bug of this process; 0: none. False: this build has none of them.
public func plant(_ number: Int) -> Bool {
  #if PLANTED
  guard number >= 0, number <= PlantedBug.all.count else { return false }
  plantedBug = number
  return true
  #else
  return false
  #endif
}
#endif
