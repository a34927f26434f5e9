#if !EMBEDDED

// Calendar schedules: dense ones, so that a life of some minutes meets many slots, and sparse ones for steps of the clock.

extension UnitGenerator {
  mutating func addCalendar(toTimer unit: inout UnitText) {
    guard percent(40) else { return }
    for _ in 0...random.below(2) { unit.add(.timer, "OnCalendar", expression()) }
    if percent(35) { unit.add(.timer, "Persistent", "yes") }
    if percent(10) { unit.add(.timer, "DeferReactivation", "yes") }
    if percent(10) { unit.add(.timer, "FixedRandomDelay", "yes") }
    if percent(8) { unit.add(.timer, "OnTimezoneChange", "yes") }
    addCompanions(&unit)
  }

  /// True: the service has one.
  mutating func addCalendar(toService unit: inout UnitText) -> Bool {
    guard percent(35) else { return false }
    unit.add(.apus, "Schedule", percent(25) ? random.pick(["* * * * *", "*/5 * * * *", "@hourly", "30 4 * * 1-5"]) : expression())
    if percent(30) { unit.add(.apus, "Persistent", "yes") }
    addCompanions(&unit)
    return true
  }

  private mutating func addCompanions(_ unit: inout UnitText) {
    if percent(25) { unit.add(.apus, "Timezone", random.pick(["UTC", "Europe/Berlin", "America/New_York"])) }
    if percent(20) { unit.add(.apus, "StartingDeadlineSec", random.pick(["1s", "1min", "1h"])) }
  }

  private mutating func expression() -> String {
    let body = random.pick([
      "*:*:*", "*:*:0/2", "*:*:0/5", "*:*:1,7,8,30", "*:*:0/7", "*:0/1", "*:0/10", "hourly", "*-*-* 02:30", "Mon..Fri *:*:0/3",
      "*-*~1 12:00", "daily", "*:*:0.5/2",
    ])
    return percent(15) ? body + " " + random.pick(["UTC", "Europe/Berlin", "America/New_York"]) : body
  }
}

extension World {
  static let zoneRules = ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45"]

  /// The zones that units name, a local one, and stamps of a former life.
  func furnishTime(_ random: inout SeededRandom, units: [String]) {
    setZone(random.pick(World.zoneRules))
    files.write("/usr/share/zoneinfo/Europe/Berlin".bytes, TZif.bytes(World.zoneRules[1]))
    files.write("/usr/share/zoneinfo/America/New_York".bytes, TZif.bytes(World.zoneRules[2]))
    for name in units where random.chance(perMille: 400) {
      wall.stamps["stamp-\(name)".bytes] = now.wall.microseconds + random.within(-100_000_000_000...3_000_000_000)
    }
  }

  func changeZone(_ random: inout SeededRandom) {
    setZone(random.pick(World.zoneRules))
    note("zone")
    changePath(.zone)
  }

  /// /var/lib is full, read-only, or well again.
  func troubleStamps(_ random: inout SeededRandom) {
    wall.stampError = random.pick([0, 0, 28, 30, 13])
    note("stamps", Int64(wall.stampError))
  }
}
#endif
