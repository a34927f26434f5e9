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
}
#endif
