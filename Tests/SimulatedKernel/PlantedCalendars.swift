#if !EMBEDDED

extension PlantedBug {
  static let ofCalendars: [PlantedBug] = [
    PlantedBug(number: 37, name: "jitter is drawn anew for the same slot", checkers: ["calendar"]),
    PlantedBug(number: 38, name: "a step back forgets what ran", checkers: ["calendar"]),
    PlantedBug(number: 39, name: "a calendar's next slot is now", checkers: ["calendar", "timer", "wake"]),
    PlantedBug(number: 40, name: "slots that were slept through are not counted", checkers: ["calendar"]),
    PlantedBug(number: 41, name: "the wall clock wakes a millisecond early", checkers: ["calendar"]),
    PlantedBug(number: 42, name: "a step drops the slot that has come", checkers: ["calendar"]),
  ]

  static let ofSockets: [PlantedBug] = [
    PlantedBug(number: 43, name: "a socket does not listen again when its service has ended", checkers: ["socket-lost"]),
    PlantedBug(number: 44, name: "a connection's descriptor is not closed", checkers: ["socket-leak"]),
    PlantedBug(number: 45, name: "MaxConnections= is off by one", checkers: ["socket-limit"]),
    PlantedBug(number: 46, name: "a path does not look again when its unit has ended", checkers: ["path"]),
    PlantedBug(number: 47, name: "a connection that waits for its turn is forgotten at the socket's stop", checkers: ["socket-leak"]),
    PlantedBug(number: 48, name: "IdleStopSec= does not count connections", checkers: ["idle-stop"]),
  ]
}
#endif
