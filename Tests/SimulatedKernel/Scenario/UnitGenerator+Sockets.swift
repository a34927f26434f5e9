#if !EMBEDDED

// Sockets and paths with what they start: services that take what comes, that never do, that crash, that end when nobody is there.

extension UnitGenerator {
  static let sourceRanges = ["10.0.0.1", "10.0.0.0/8", "10.0.0.2/31", "2001:db8::/32", "::1", "0.0.0.0/0", "::ffff:10.0.0.3", "any"]

  // MARK: Accept=no

  mutating func socketPair(_ index: Int) -> [(String, String)] {
    names += ["k\(index).socket", "k\(index).service"]
    return [("k\(index).socket", socket(index)), ("k\(index).service", socketService(index))]
  }

  /// Everybody listens where nobody else does.
  mutating func socket(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "socket \(index)")
    addSocketUnit(&unit)
    var count = 0
    func port() -> Int {
      count += 1
      return 1000 + index * 20 + count
    }
    for _ in 0...(percent(65) ? 0 : random.below(3)) {
      switch random.weighted([55, 12, 8, 10, 5, 5, 5]) {
      case 0: unit.add(.socket, "ListenStream", "\(port())")
      case 1: unit.add(.socket, "ListenStream", "/run/k\(index)-\(port())")
      case 2: unit.add(.socket, "ListenStream", "127.0.0.1:\(port())")
      case 3: unit.add(.socket, "ListenDatagram", "\(port())")
      case 4: unit.add(.socket, "ListenFIFO", "/run/fifo\(index)-\(port())")
      case 5: unit.add(.socket, "ListenSpecial", "/run/special\(index)-\(port())")
      default: unit.add(.socket, "ListenSequentialPacket", "@k\(index)-\(port())")
      }
    }
    if percent(30) { unit.add(.socket, "FlushPending", "yes") }
    if percent(15) { unit.add(.socket, "PassFileDescriptorsToExec", "yes") }
    if percent(15) { unit.add(.socket, "FileDescriptorName", "fd\(index)") }
    if percent(15) { unit.add(.socket, "RemoveOnStop", "yes") }
    addSocketCommands(&unit)
    addLimits(&unit)
    return unit.text
  }

  private mutating func addSocketUnit(_ unit: inout UnitText) {
    if percent(12) { unit.add(.unit, random.pick(["OnFailure", "OnSuccess"]), random.pick(UnitGenerator.handlers)) }
    if percent(8) { unit.add(.unit, "ConditionPathExists", random.pick(["/sim/there", "!/sim/not-there"])) }
    if percent(8) { unit.add(.unit, "JobTimeoutSec", span(300...9000)) }
    if percent(10) {
      unit.add(.unit, "StartLimitIntervalSec", random.pick(["1s", "5s", "0"]))
      unit.add(.unit, "StartLimitBurst", "\(number(1...5))")
    }
  }

  private mutating func addSocketCommands(_ unit: inout UnitText) {
    for key in ["ExecStartPre", "ExecStartPost", "ExecStopPre", "ExecStopPost"] where percent(16) {
      unit.add(.socket, key, shortCommand(hangs: 12))
    }
    if percent(50) { unit.add(.socket, "TimeoutSec", span(100...4000)) }
    if percent(20) { unit.add(.socket, "KillMode", random.pick(["control-group", "mixed", "process", "none"])) }
    if percent(40) { unit.add(.socket, random.pick(["KeepAlive", "NoDelay", "ReusePort"]), "yes") }
    if percent(25) { unit.add(.socket, "Backlog", "\(number(1...200))") }
  }

  private mutating func addLimits(_ unit: inout UnitText) {
    if percent(50) {
      unit.add(.socket, "TriggerLimitIntervalSec", random.pick(["1s", "5s", "0", "300ms"]))
      unit.add(.socket, "TriggerLimitBurst", "\(number(1...9))")
    }
    if percent(30) {
      unit.add(.socket, "PollLimitIntervalSec", random.pick(["1s", "500ms", "0"]))
      unit.add(.socket, "PollLimitBurst", "\(number(1...9))")
    }
    if percent(60) { unit.add(.apus, "RearmSec", random.pick(["100ms", "1s", "4s"])) }
  }

  /// Types that a socket starts, and what they do with what they get.
  mutating func socketService(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "service of socket \(index)")
    if percent(35) {
      unit.add(.unit, "StartLimitIntervalSec", random.pick(["1s", "5s", "0", "0"]))
      unit.add(.unit, "StartLimitBurst", "\(number(1...9))")
    }
    path = "/run/k\(index).pid"
    let type = random.pick(["simple", "simple", "exec", "notify", "oneshot", "forking"])
    unit.add(.service, "Type", type)
    unit.add(.service, "ExecStart", server(type))
    if percent(15) { unit.add(.service, "ExecStartPre", shortCommand()) }
    if percent(12) { unit.add(.service, "ExecStopPost", shortCommand(hangs: 20)) }
    if percent(60) { addRestart(&unit, type: type) }
    addTimeouts(&unit, type: type)
    if percent(40) { addKill(&unit) }
    if percent(10) { unit.add(.service, "NonBlocking", "yes") }
    if percent(55), type != "oneshot" { unit.add(.apus, "IdleStopSec", random.pick(["300ms", "1s", "3s", "7s"])) }
    if percent(10) { unit.add(.apus, "DrainSec", span(50...1500)) }
    return unit.text
  }

  private mutating func server(_ type: String) -> String {
    if percent(3) { return command("life=0").replacing("/prog", with: "/missing") }
    if type == "oneshot" { return command("life=0..\(random.pick([20, 300])) serve=0 end=exit:0,exit:0,exit:0,exit:1") }
    var text =
      switch random.below(10) {
      // It never takes anything.
      case 0: "life=0..50 end=exit:0,exit:0,exit:1"
      case 1: "life=0..30 end=exit:1,kill:11"
      // One run takes a little.
      case 2, 3: "serve=0..20 life=20..900 end=exit:0,exit:0,exit:1,kill:9"
      case 4: "serve=0..400 life=500..9000 end=exit:0,exit:1,kill:11"
      default: "serve=0..30"
      }
    if type == "forking" {
      text += " forks=0..60 daemonterm=\(disposition())" + (percent(50) ? " daemonlife=100..9000 daemonend=exit:0,exit:1,kill:9" : "")
    } else {
      if percent(40) { text += " term=\(disposition())" }
      if percent(20) { text += " \(family())" }
    }
    if type == "notify" { text += " ready=0..200" }
    return command(text)
  }

  // MARK: Accept=yes

  mutating func acceptPair(_ index: Int) -> [(String, String)] {
    names += ["a\(index).socket", "a\(index)@.service"]
    return [("a\(index).socket", acceptingSocket(index)), ("a\(index)@.service", template(index))]
  }

  mutating func acceptingSocket(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "socket of connections \(index)")
    addSocketUnit(&unit)
    unit.add(.socket, "Accept", "yes")
    unit.add(.socket, "ListenStream", percent(75) ? "\(20_000 + index)" : "/run/a\(index)")
    if percent(25) { unit.add(.socket, "ListenStream", "\(21_000 + index)") }
    if percent(60) { unit.add(.socket, "MaxConnections", random.pick(["1", "2", "3", "8", "100"])) }
    if percent(40) { unit.add(.socket, "MaxConnectionsPerSource", "\(number(1...4))") }
    if percent(55) {
      if percent(60) { unit.add(.apus, "SourceLimitIntervalSec", random.pick(["300ms", "2s", "9s"])) }
      unit.add(.apus, "SourceLimitBurst", "\(number(1...4))")
    }
    if percent(25) { unit.add(.apus, "AccessDeny", random.pick(UnitGenerator.sourceRanges)) }
    if percent(20) {
      unit.add(.apus, "AccessAllow", random.pick(UnitGenerator.sourceRanges) + " " + random.pick(UnitGenerator.sourceRanges))
    }
    if percent(8) { unit.add(.apus, "AccessTimes", "06:00-18:00 22:00-02:30") }
    for key in ["Banner", "BannerSuccess", "BannerFail"] where percent(10) { unit.add(.apus, key, "/etc/motd") }
    if percent(10) { unit.add(.socket, "FileDescriptorName", "conn") }
    addSocketCommands(&unit)
    addLimits(&unit)
    return unit.text
  }

  mutating func template(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "connection %i of \(index)")
    if percent(10) { unit.add(.unit, "ConditionPathExists", random.pick(["/sim/there", "!/sim/not-there"])) }
    if percent(8) { unit.add(.unit, "OnFailure", random.pick(UnitGenerator.handlers)) }
    let type = random.pick(["simple", "simple", "simple", "exec", "oneshot", "notify"])
    unit.add(.service, "Type", type)
    if percent(50) { unit.add(.service, "StandardInput", "socket") }
    let life = random.pick(["0..20", "0..300", "100..5000", "1000..40000"])
    var text = "life=\(life) end=exit:0,exit:0,exit:0,exit:1,kill:9"
    if type == "notify" { text += " ready=0..200" }
    if percent(15) { text += " term=\(disposition())" }
    if percent(10) { text += " \(family())" }
    unit.add(.service, "ExecStart", percent(3) ? command("life=0").replacing("/prog", with: "/missing") : command(text))
    if type == "oneshot", percent(30) { unit.add(.service, "ExecStart", command("life=0..200")) }
    if percent(10) { unit.add(.service, "ExecStartPre", shortCommand()) }
    if percent(10) { unit.add(.service, "ExecStopPost", shortCommand(hangs: 15)) }
    if percent(10) { unit.add(.service, "RemainAfterExit", "yes") }
    if percent(15) { addRestart(&unit, type: type) }
    addTimeouts(&unit, type: type)
    if percent(30) { addKill(&unit) }
    return unit.text
  }

  // MARK: Paths

  mutating func pathPair(_ index: Int) -> [(String, String)] {
    names += ["p\(index).path", "p\(index).service"]
    return [("p\(index).path", pathUnit(index)), ("p\(index).service", pathService(index))]
  }

  mutating func pathUnit(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "path \(index)")
    if percent(10) { unit.add(.unit, "OnFailure", random.pick(UnitGenerator.handlers)) }
    for number in 0...random.below(3) {
      let key = random.pick(["PathExists", "PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"])
      unit.add(.path, key, "/spool/p\(index)-\(key)-\(number)" + (key == "PathExistsGlob" ? "-*" : ""))
    }
    if percent(20) { unit.add(.path, "MakeDirectory", "yes") }
    if percent(40) {
      unit.add(.path, "TriggerLimitIntervalSec", random.pick(["1s", "5s", "0"]))
      unit.add(.path, "TriggerLimitBurst", "\(number(2...40))")
    }
    return unit.text
  }

  mutating func pathService(_ index: Int) -> String {
    var unit = UnitText()
    unit.add(.unit, "Description", "service of path \(index)")
    if percent(40) { unit.add(.unit, "StartLimitIntervalSec", "0") }
    let type = random.pick(["oneshot", "oneshot", "simple", "exec"])
    unit.add(.service, "Type", type)
    unit.add(
      .service, "ExecStart", command("life=\(random.pick(["0..20", "0..400", "200..3000"])) end=exit:0,exit:0,exit:0,exit:1,kill:9"))
    if percent(20) { unit.add(.service, "ExecStop", shortCommand(hangs: 12)) }
    if percent(20) { unit.add(.service, "ExecStopPost", shortCommand(hangs: 20)) }
    if percent(30) { addRestart(&unit, type: type) }
    addTimeouts(&unit, type: type)
    return unit.text
  }
}
#endif
