#if !EMBEDDED

extension PlantedBug {
  static let ofCalendars: [PlantedBug] = [
    PlantedBug(number: 41, name: "jitter is drawn anew for the same slot", checkers: ["calendar"]),
    PlantedBug(number: 42, name: "a step back forgets what ran", checkers: ["calendar"]),
    PlantedBug(number: 43, name: "a calendar's next slot is now", checkers: ["calendar", "timer", "wake", "endless-turn"]),
    PlantedBug(number: 44, name: "slots that were slept through are not counted", checkers: ["calendar"]),
    PlantedBug(number: 45, name: "the wall clock wakes a millisecond early", checkers: ["calendar"]),
    PlantedBug(number: 46, name: "a step drops the slot that has come", checkers: ["calendar"]),
  ]
}
#endif
