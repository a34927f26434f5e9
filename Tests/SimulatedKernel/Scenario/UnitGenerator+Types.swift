#if !EMBEDDED
import Model

// Services that talk to apus, that fork away, that are asked how they are, and what they leave behind.

extension UnitGenerator {
  /// The command of a long-running service, with what its type adds.
  mutating func daemon(of type: String) -> String {
    switch type {
    case "notify", "notify-reload": return daemon() + speech(of: type)
    case "forking": return forkingDaemon()
    default: return daemon() + (percent(taste.isChatty ? 70 : 15) ? speech(of: type) : "")
    }
  }

  /// Most get ready, some late, some never.
  private mutating func speech(of type: String) -> String {
    var text = ""
    if !percent(8) { text += " ready=\(random.pick(["0", "0..20", "5..400", "100..3000"]))" }
    if type == "notify-reload" { text += percent(65) ? " reload=0..300" : "" }
    if percent(35) { text += " watch=50..150" }
    if percent(12) { text += " watchstop=200..5000" }
    if type == "notify-reload", percent(12) { text += " term=ignore" }
    if percent(4) { text += " trigger=100..5000" }
    if percent(10) { text += " stopping=200..6000" }
    if percent(14) { text += " store=\(number(1...3))" }
    if percent(taste.isChatty ? 70 : 20) { text += " chats=\(number(1...9))" }
    if percent(8) { text += " lastwords=1" }
    if percent(8) { text += " forks=0..400 mainpid=1 daemonlife=100..9000 daemonend=exit:0,exit:1,kill:9 daemonterm=\(disposition())" }
    return text
  }

  private mutating func forkingDaemon() -> String {
    if percent(5) { return command("life=0..100 end=exit:0,exit:1,kill:9,kill:15") }
    var text = "forks=\(random.pick(["0", "0..60", "50..900"])) end=exit:0,exit:0,exit:0,exit:0,exit:0,exit:1,kill:9"
    text += " daemonterm=\(disposition()) daemonend=exit:0,exit:1,exit:75,kill:9,kill:11\(percent(taste.isHungry ? 30 : 2) ? ",oom" : "")"
    if !percent(40) { text += " daemonlife=\(random.pick(["0..200", "100..9000", "500..31000"]))" }
    if percent(55) { text += " pidfile=\(path)" + (percent(40) ? " pidlate=0..700" : "") + (percent(15) ? " pidwrong=1" : "") }
    if percent(taste.isChatty ? 60 : 15) { text += " daemonchats=\(number(1...9))" }
    if percent(taste.isChatty ? 40 : 5) { text += " chats=\(number(1...4))" }
    if percent(10) { text += " lastwords=1" }
    if percent(20) { text += " daemons=1 daemonterm=default" }
    return command(text)
  }

  /// Keys that belong to a type, and those that any type may have.
  mutating func addTypeSettings(_ unit: inout UnitText, type: String, _ index: Int) {
    let isNotify = type == "notify" || type == "notify-reload"
    if type == "dbus" { unit.add(.service, "BusName", "org.example.S\(index)") }
    if type == "forking", percent(60) { unit.add(.service, "PIDFile", path) }
    if type == "forking", percent(15) { unit.add(.service, "GuessMainPID", "no") }
    if type != "forking", type != "oneshot", percent(4) { unit.add(.service, "PIDFile", path) }
    if type != "oneshot", percent(isNotify ? 40 : 8) { unit.add(.service, "WatchdogSec", span(300...2500)) }
    if percent(isNotify ? 50 : taste.isChatty ? 75 : 12) {
      unit.add(.service, "NotifyAccess", random.pick(["main", "exec", "all", "all", "none"]))
    }
    if isNotify, percent(25) { unit.add(.service, "FileDescriptorStoreMax", "\(number(1...4))") }
    if isNotify, percent(10) { unit.add(.service, "FileDescriptorStorePreserve", random.pick(["yes", "no", "restart"])) }
    if type == "notify-reload", percent(20) { unit.add(.service, "ReloadSignal", "SIGUSR1") }
    if type == "notify-reload", percent(30) { unit.add(.service, "ExecReload", shortCommand()) }
    if percent(14) { unit.add(.service, "RuntimeDirectory", "s\(index)") }
    if percent(4) { unit.add(.service, "RuntimeDirectoryPreserve", random.pick(["yes", "restart"])) }
    if percent(taste.drains ? 50 : 8) { unit.add(.apus, "DrainSec", span(taste.drains ? 300...6000 : 50...1500)) }
    if ["simple", "exec", "idle", "dbus"].contains(type), percent(taste.isSick ? 30 : 12) { addReadiness(&unit) }
    if type == "forking", percent(6) { unit.add(.apus, "ReadyExec", "/sim/prog life=0..40 end=exit:0,exit:1") }
    if type != "oneshot", percent(taste.isSick ? 50 : 10) { addHealth(&unit) }
  }

  private mutating func addReadiness(_ unit: inout UnitText) {
    switch random.below(4) {
    case 0:
      unit.add(.apus, "ReadyFd", "\(number(3...9))")
      unit.add(.service, "ExecStart", "")
      unit.add(.service, "ExecStart", command("readyfd=\(random.pick(["0", "0..300", "100..4000"])) life=500..20000 end=exit:0,exit:1"))
    case 1: unit.add(.apus, "ReadyTcp", "127.0.0.1:\(number(1000...60000))")
    case 2: unit.add(.apus, "ReadyHttp", "http://127.0.0.1:8080/ready")
    default: unit.add(.apus, "ReadyExec", "/sim/prog life=0..40 end=exit:0,exit:1,exit:1,kill:9")
    }
  }

  private mutating func addHealth(_ unit: inout UnitText) {
    switch random.below(3) {
    case 0: unit.add(.apus, "HealthTcp", "127.0.0.1:80")
    case 1: unit.add(.apus, "HealthHttp", "http://127.0.0.1/health")
    default:
      unit.add(
        .apus, "HealthExec",
        "/sim/prog life=\(percent(20) ? "100..3000" : "0..40") end=exit:0,exit:0,exit:0,exit:1\(taste.isSick ? ",exit:1,exit:1" : "")")
    }
    unit.add(.apus, "HealthIntervalSec", span(100...2000))
    unit.add(.apus, "HealthTimeoutSec", span(50...900))
    if percent(60) { unit.add(.apus, "HealthRetries", "\(number(1...3))") }
    if percent(30) { unit.add(.apus, "HealthStartPeriodSec", span(0...2000)) }
    if percent(40) { unit.add(.apus, "HealthAction", random.pick(["restart", "restart", "none"])) }
  }
}
#endif
