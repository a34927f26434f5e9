#if !EMBEDDED
import Model

/// Makes a folder of unit files from a seed: every kind of service, job and timer that apus has, with small times so that
/// much happens. All of it is valid; what is broken is broken on purpose (`brokenText`).
struct UnitGenerator {
  static let folder = "/units"
  var random: SeededRandom
  /// One unit in so many seeds may end the whole run (`SuccessAction=`, `FailureAction=`).
  var hasActions: Bool
  var names: [String] = []
  private var fresh = 0
  /// The PID file of the unit in the making.
  var path = ""
  /// What this seed has much of: swarm testing finds what an even mix hides.
  let taste: Taste

  init(random: SeededRandom) {
    self.random = random
    hasActions = self.random.chance(perMille: 30)
    taste = Taste(&self.random)
  }

  mutating func percent(_ share: Int) -> Bool { random.below(100) < share }
  mutating func number(_ range: ClosedRange<Int64>) -> Int64 { random.within(range) }

  // MARK: The folder

  /// At least 20 units: name and text of each.
  mutating func folder() -> [(name: String, text: String)] {
    let count = 20 + random.below(10)
    var files: [(String, String)] = []
    for index in 0..<count {
      if taste.listens && index % 5 == 3 {
        files.append(contentsOf: percent(60) ? socketPair(index) : acceptPair(index))
      } else if taste.watchesPaths && index % 9 == 4 {
        files.append(contentsOf: pathPair(index))
      } else if index % 7 == 6 {
        files.append(contentsOf: timerPair(index))
      } else if index % 11 == 10 {
        files.append(("g\(index).target", target(index)))
        names.append("g\(index).target")
      } else {
        let name = "s\(index).service"
        files.append((name, service(index)))
        names.append(name)
      }
    }
    // Nobody but OnFailure= and OnSuccess= starts these by themselves.
    for name in UnitGenerator.handlers { files.append((name, handler())) }
    return files
  }

  static let handlers = ["h0.service", "h1.service"]

  private mutating func handler() -> String {
    var unit = UnitText()
    unit.add(.unit, "StartLimitIntervalSec", "0")
    unit.add(.service, "Type", "oneshot")
    unit.add(.service, "ExecStart", command("life=0..300 end=exit:0,exit:0,exit:1"))
    return unit.text
  }

  /// A unit that was not there before.
  mutating func newUnit() -> (name: String, text: String) {
    fresh += 1
    let name = "n\(fresh).service"
    names.append(name)
    return (name, service(names.count))
  }

  /// Another text for a unit that is there.
  mutating func changedText(of name: String) -> String {
    if UnitGenerator.handlers.contains(name) { return handler() }
    if name.hasSuffix(".target") { return target(index(of: name)) }
    if name.hasSuffix(".timer") { return timer(index(of: name)) }
    switch name.first {
    case "k": return name.hasSuffix(".socket") ? socket(own(name)) : socketService(own(name))
    case "a": return name.hasSuffix(".socket") ? acceptingSocket(own(name)) : template(own(name))
    case "p": return name.hasSuffix(".path") ? pathUnit(own(name)) : pathService(own(name))
    default: break
    }
    if name.hasPrefix("w") { return service(index(of: name), isTriggered: true) }
    return service(index(of: name))
  }

  private func index(of name: String) -> Int { names.firstIndex(of: name) ?? names.count }

  /// The number in a name: what listens somewhere keeps its place.
  private func own(_ name: String) -> Int { Int(String(name.filter { $0.isNumber })) ?? 0 }

  /// What no parser should take.
  mutating func brokenText(_ text: String) -> String {
    switch random.below(6) {
    case 0: text + "[Service\n"
    case 1: text + "[Service]\nRestartSecs=3\n"
    case 2: text + "[Service]\nExecStart=relative/path\n"
    case 3: text + "[Service]\nRestart=perhaps\n"
    case 4: text + "[Unit]\nthis line has no equals sign\n"
    default: "[Service]\nType=simple\n"
    }
  }

  // MARK: Targets and timers

  private mutating func target(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "target \(index)")
    addDependencies(&unit, index)
    return unit.text
  }

  private mutating func timerPair(_ index: Int) -> [(String, String)] {
    names.append("w\(index).service")
    names.append("w\(index).timer")
    return [("w\(index).service", service(index, isTriggered: true)), ("w\(index).timer", timer(index))]
  }

  private mutating func timer(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "timer \(index)")
    switch random.below(5) {
    case 0: unit.add(.timer, "OnActiveSec", span(10...3000))
    case 1: unit.add(.timer, "OnBootSec", span(10...3000))
    case 2: unit.add(.timer, "OnStartupSec", span(10...3000))
    default: unit.add(.timer, "OnActiveSec", span(0...50))
    }
    if percent(60) { unit.add(.timer, "OnUnitActiveSec", span(150...8000)) }
    if percent(40) { unit.add(.timer, "OnUnitInactiveSec", span(150...8000)) }
    if percent(25) { unit.add(.timer, "RandomizedDelaySec", span(10...800)) }
    if percent(20) { unit.add(.timer, "AccuracySec", span(1...500)) }
    addCalendar(toTimer: &unit)
    if percent(40) { unit.add(.apus, "Overlap", overlap()) }
    return unit.text
  }

  private mutating func overlap() -> String { random.pick(["skip", "queue", "replace", "parallel"]) }
  mutating func span(_ range: ClosedRange<Int64>) -> String { "\(number(range))ms" }

  // MARK: Services

  private mutating func service(_ index: Int, isTriggered: Bool = false) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "service \(index)")
    addDependencies(&unit, index)
    let isScheduled = !isTriggered && percent(22)
    path = "/run/s\(index)-\(random.below(3)).pid"
    let type = isTriggered || isScheduled ? ["oneshot", "oneshot", "simple", "exec"][random.below(4)] : kindOfService()
    unit.add(.service, "Type", type)
    addCommands(&unit, type: type, runsOnce: isTriggered || isScheduled)
    addRestart(&unit, type: type)
    addTimeouts(&unit, type: type)
    if percent(taste.isStubborn ? 30 : 7) { addStubborn(&unit, type: type) } else { addKill(&unit) }
    addOther(&unit, type: type)
    addTypeSettings(&unit, type: type, index)
    if isScheduled { addSchedule(&unit) }
    return unit.text
  }

  private mutating func kindOfService() -> String {
    if let favourite = taste.type, percent(60) { return favourite }
    return ["simple", "exec", "oneshot", "notify", "notify-reload", "forking", "idle", "dbus"][
      random.weighted([20, 13, 17, 16, 10, 14, 5, 5])]
  }

  private mutating func addDependencies(_ unit: inout UnitText, _ index: Int) {
    guard names.count > 1 else { return }
    // Order only points to earlier units: a cycle has tests of its own.
    let earlier = names.prefix(index).filter { !$0.hasPrefix("n") && !$0.contains("@") }
    func one() -> String { earlier[random.below(earlier.count)] }
    guard !earlier.isEmpty else { return }
    for _ in 0..<random.below(3) { unit.add(.unit, "After", one()) }
    if percent(25) { unit.add(.unit, "Wants", one()) }
    if percent(20) {
      let needed = one()
      unit.add(.unit, "Requires", needed)
      if percent(70) { unit.add(.unit, "After", needed) }
    }
    if percent(10) { unit.add(.unit, "Before", "s\(index + 1 + random.below(5)).service") }
    addRelations(&unit, earlier)
  }

  private mutating func addCommands(_ unit: inout UnitText, type: String, runsOnce: Bool) {
    if percent(9) {
      let pace = percent(40) ? "life=100..900 term=3:60" : "life=0..50"
      unit.add(.service, "ExecCondition", command("\(pace) end=exit:0,exit:0,exit:0,exit:3,exit:255,kill:9"))
    }
    if percent(20) { for _ in 0...random.below(2) { unit.add(.service, "ExecStartPre", shortCommand()) } }
    if type == "oneshot" {
      for _ in 0...random.below(3) { unit.add(.service, "ExecStart", job()) }
    } else {
      unit.add(.service, "ExecStart", runsOnce ? job() : daemon(of: type))
    }
    if percent(14) { unit.add(.service, "ExecStartPost", shortCommand()) }
    if percent(taste.reloads ? 60 : 25) { unit.add(.service, "ExecReload", shortCommand(hangs: 25)) }
    if percent(taste.isStubborn ? 40 : 20) { for _ in 0...random.below(2) { unit.add(.service, "ExecStop", shortCommand(hangs: 12)) } }
    if percent(24) { unit.add(.service, "ExecStopPost", shortCommand(hangs: 20)) }
  }

  /// Prefixes as the syntax has them.
  mutating func command(_ arguments: String) -> String {
    let prefix = percent(6) ? "-" : percent(3) ? ":" : percent(2) ? "+" : ""
    return "\(prefix)/sim/prog \(arguments)"
  }

  mutating func shortCommand(hangs: Int = 6) -> String {
    if percent(3) { return command("life=0").replacing("/prog", with: "/missing") }
    var text = "life=0..\(random.pick([0, 5, 60, 400])) end=exit:0,exit:0,exit:0,exit:0,exit:0,exit:0,exit:1,kill:6"
    if percent(taste.isHungry ? 15 : 2) { text += ",oom" }
    if percent(hangs) { text = "end=exit:0" }
    if percent(10 + hangs / 2) { text += " term=\(disposition())" }
    if percent(8) { text += " daemons=1 daemonterm=ignore escape=1" }
    return command(text)
  }

  private mutating func job() -> String {
    if percent(3) { return command("life=0").replacing("/prog", with: "/missing") }
    var text = "life=\(random.pick(["0", "1..20", "20..500", "500..3000"])) end=exit:0,exit:0,exit:0,exit:1,exit:75,kill:9,kill:15,kill:11"
    if percent(taste.isHungry ? 20 : 2) { text += ",oom" }
    if percent(10) { text += " term=\(disposition())" }
    if percent(8) { text += " \(family())" }
    if percent(taste.isChatty ? 50 : 10) { text += " chats=\(number(1...6))" }
    return command(text)
  }

  mutating func daemon() -> String {
    if percent(4) { return command("life=0").replacing("/prog", with: "/missing") }
    var text = ""
    switch random.below(10) {
    case 0...3: break
    case 4, 5: text = "life=0..40 end=exit:0,exit:1,exit:3,kill:9,kill:11"
    case 6: text = "life=30..31000 end=exit:0,exit:1,kill:6"
    default: text = "life=200..9000 end=exit:0,exit:1,exit:75,kill:9,kill:10,kill:15,kill:11"
    }
    if percent(45) { text += " term=\(disposition())" }
    if percent(12) { text += " catch=1" }
    if percent(30) { text += " \(family())" }
    if percent(5) { text += " dstate=\(number(100...4000))" }
    return command(text)
  }

  mutating func disposition() -> String {
    if percent(taste.isHungry ? 30 : 2) { return "oom:\(random.pick([0, 300, 2000]))" }
    return switch random.below(5) {
    case 0: "ignore"
    case 1: "0:\(number(0...300))"
    case 2: "143:\(number(0...300))"
    case 3: "0:\(number(300...4000))"
    default: "default"
    }
  }

  /// Children that outlive, escape or multiply.
  mutating func family() -> String {
    if percent(22) { return "bomb=\(number(5...25))" }
    var text = "daemons=\(number(1...4)) daemonterm=\(disposition())"
    if percent(50) { text += " escape=1" }
    if percent(40) { text += " daemonlife=0..\(number(1...9000))" }
    if percent(30) { text += " slack=1" }
    if percent(taste.isChatty ? 60 : 15) { text += " daemonchats=\(number(1...6))" }
    if percent(15) { text += " lastwords=1" }
    return text
  }

  mutating func addRestart(_ unit: inout UnitText, type: String) {
    if percent(65) {
      let policies = ["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"]
      let policy = random.pick(policies)
      if type != "oneshot" || (policy != "always" && policy != "on-success") { unit.add(.service, "Restart", policy) }
    }
    if percent(45) { unit.add(.service, "RestartSec", random.pick(["0", "10ms", "200ms", "1s", "0.37s"])) }
    if percent(20) {
      unit.add(.service, "RestartSteps", "\(number(1...7))")
      unit.add(.service, "RestartMaxDelaySec", random.pick(["2s", "9s", "21s"]))
    }
    if percent(15) { unit.add(.apus, "RestartResetSec", random.pick(["100ms", "1s", "4s"])) }
    if percent(8) { unit.add(.service, "RestartPreventExitStatus", random.pick(["75", "3 SIGKILL", "TEMPFAIL"])) }
    if percent(6) { unit.add(.service, "RestartForceExitStatus", random.pick(["75", "0", "SIGSEGV"])) }
    if percent(10) { unit.add(.service, "RestartMode", "direct") }
    if percent(10) {
      unit.add(.unit, "StartLimitIntervalSec", random.pick(["1s", "5s", "0"]))
      unit.add(.unit, "StartLimitBurst", "\(number(1...5))")
    }
  }

  mutating func addTimeouts(_ unit: inout UnitText, type: String) {
    if percent(60) { unit.add(.service, "TimeoutStartSec", span(100...5000)) }
    if percent(80) { unit.add(.service, "TimeoutStopSec", span(50...3000)) }
    if percent(15) { unit.add(.service, "TimeoutAbortSec", span(50...2000)) }
    if percent(10) { unit.add(.service, "TimeoutStartFailureMode", random.pick(["terminate", "abort", "kill"])) }
    if percent(28) { unit.add(.service, "TimeoutStopFailureMode", random.pick(["terminate", "abort", "kill"])) }
    if type != "oneshot", percent(12) { unit.add(.service, "RuntimeMaxSec", span(200...20_000)) }
  }

  mutating func addKill(_ unit: inout UnitText) {
    if percent(45) { unit.add(.service, "KillMode", ["control-group", "mixed", "process", "none"][random.weighted([4, 4, 2, 1])]) }
    if percent(12) { unit.add(.service, "KillSignal", random.pick(["SIGINT", "SIGQUIT", "SIGUSR1", "SIGHUP"])) }
    if percent(6) { unit.add(.service, "RestartKillSignal", "SIGINT") }
    if percent(6) { unit.add(.service, "SendSIGKILL", "no") }
    if percent(8) { unit.add(.service, "SendSIGHUP", "yes") }
    if percent(4) { unit.add(.service, "FinalKillSignal", "SIGQUIT") }
  }

  /// A main process that outlives its own stop, so that it ends beside or behind ExecStopPost=.
  private mutating func addStubborn(_ unit: inout UnitText, type: String) {
    unit.add(.service, "ExecStart", "")
    var text = "life=100..4000 end=exit:0,exit:0,exit:1,kill:9,oom term=ignore"
    if type == "notify" || type == "notify-reload" { text += " ready=0..20" }
    if type == "forking" {
      text = "forks=0..60 end=exit:0 daemonterm=ignore daemonlife=100..4000 daemonend=exit:0,exit:0,exit:1,kill:9,oom"
    }
    if percent(30) { text += " catch=1" }
    unit.add(.service, "ExecStart", command(text))
    if percent(60) { unit.add(.service, "SendSIGKILL", "no") } else { unit.add(.service, "KillMode", "none") }
    unit.add(.service, "ExecStopPost", command(percent(60) ? "term=\(disposition())" : "life=0..800 term=ignore"))
    unit.add(.service, "TimeoutStopSec", span(50...900))
    if percent(50) { unit.add(.service, "WatchdogSignal", "SIGHUP") }
    unit.add(.service, "TimeoutStopFailureMode", random.pick(["abort", "abort", "kill", "terminate"]))
  }

  private mutating func addOther(_ unit: inout UnitText, type: String) {
    if percent(18) {
      unit.add(.service, "RemainAfterExit", "yes")
      if type == "oneshot", percent(50) { unit.add(.service, "ExecReload", command("life=0..9000")) }
    }
    if percent(10) { unit.add(.service, "SuccessExitStatus", random.pick(["143", "1", "75 SIGKILL"])) }
    if type != "oneshot", percent(8) { unit.add(.service, "ExitType", "cgroup") }
    if percent(30) { unit.add(.service, "OOMPolicy", random.pick(["stop", "continue", "kill"])) }
    if percent(4) { unit.add(.service, "EnvironmentFile", "-/etc/none") }
    if percent(3) { unit.add(.service, "EnvironmentFile", "/etc/none") }
    if percent(2) { unit.add(.service, "User", "nobody-here") }
    if percent(3) { unit.add(.service, "LimitRTTIME", "10s") }
    guard hasActions, percent(10) else { return }
    unit.add(.unit, random.pick(["SuccessAction", "FailureAction"]), random.pick(["exit", "exit", "poweroff-force"]))
    if percent(50) { unit.add(.unit, random.pick(["SuccessActionExitStatus", "FailureActionExitStatus"]), "\(number(0...255))") }
  }

  private mutating func addSchedule(_ unit: inout UnitText) {
    switch random.below(8) {
    case _ where addCalendar(toService: &unit): break
    case 0: unit.add(.apus, "Schedule", "@reboot")
    case 1, 2: unit.add(.apus, "Schedule", "after \(span(150...6000))")
    default: unit.add(.apus, "Schedule", "every \(span(150...6000))")
    }
    if percent(15) { unit.add(.apus, "Schedule", "every \(span(900...9000))") }
    if percent(75) { unit.add(.apus, "Overlap", overlap()) }
    if percent(20) { unit.add(.apus, "RandomizedDelaySec", span(10...500)) }
  }
}
#endif
