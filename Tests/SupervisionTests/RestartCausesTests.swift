import Model
import Testing

@testable import Supervision

/// What ends a service, with which result, and which of the seven policies restart it (units.md c.5; every row asked of
/// systemd 252 but the last three, which are its source's).
@Suite struct RestartCausesTests {
  struct Row: Sendable {
    var what: String
    var result: ServiceResult
    /// A letter a policy, R for a restart: no always on-success on-failure on-abnormal on-abort on-watchdog.
    var policies: String
    var change: @Sendable (inout ServiceSettings) -> Void
    var happen: @Sendable (inout World) -> Void
    init(
      _ what: String, _ result: ServiceResult, _ policies: String, _ change: @escaping @Sendable (inout ServiceSettings) -> Void,
      _ happen: @escaping @Sendable (inout World) -> Void
    ) {
      self.what = what
      self.result = result
      self.policies = policies
      self.change = change
      self.happen = happen
    }
  }

  @Sendable static func notify(_ settings: inout ServiceSettings) {
    settings.type = .notify
    settings.notifyAccess = .main
    settings.timeoutStart = TimeSpan(seconds: 5)
  }
  @Sendable static func watched(_ settings: inout ServiceSettings) {
    settings.notifyAccess = .main
    settings.watchdog = TimeSpan(seconds: 5)
  }
  @Sendable static func forking(_ settings: inout ServiceSettings) {
    settings.type = .forking
    settings.timeoutStart = TimeSpan(seconds: 5)
  }
  @Sendable static func withFile(_ settings: inout ServiceSettings) {
    forking(&settings)
    settings.pidFile = Bytes("/run/a.pid")
  }
  static func ready(_ world: inout World) { world.notify("a.service") { $0.isReady = true } }
  static func end(_ status: Model.ExitStatus) -> @Sendable (inout World) -> Void { { $0.end("a.service", .main, status) } }
  static func readyThen(_ status: Model.ExitStatus, stopping: Bool = false) -> @Sendable (inout World) -> Void {
    {
      ready(&$0)
      if stopping { $0.notify("a.service") { $0.isStopping = true } }
      $0.end("a.service", .main, status)
    }
  }
  /// The parent leaves a daemon behind, which is guessed, and ends so.
  static func daemon(_ status: Model.ExitStatus) -> @Sendable (inout World) -> Void {
    {
      guard let run = $0.invocation("a.service") else { return }
      $0.others[run] = 1
      $0.end("a.service")
      $0.answerSearch(.guess, .found(pid: 70))
      $0.others[run] = 0
      $0.end("a.service", .main, status)
    }
  }
  @Sendable static func late(_ world: inout World) { world.advance(TimeSpan(seconds: 5)) }

  static let rows: [Row] = [
    Row("notify: exit 0 before READY", .protocol, "-R-RR--", notify, end(.exited(0))),
    Row("notify: SIGTERM before READY", .protocol, "-R-RR--", notify, end(.killed(.terminate))),
    Row("notify: exit 1 before READY", .exitCode, "-R-R---", notify, end(.exited(1))),
    Row("notify: KILL before READY", .signal, "-R-RRR-", notify, end(.killed(.kill))),
    Row("notify: no READY in time", .timeout, "-R-RR--", notify, late),
    Row("notify: ready, exit 0", .success, "-RR----", notify, readyThen(.exited(0))),
    Row("notify: ready, SIGTERM", .success, "-RR----", notify, readyThen(.killed(.terminate))),
    Row("notify: ready, exit 3", .exitCode, "-R-R---", notify, readyThen(.exited(3))),
    Row("notify: ready, KILL", .signal, "-R-RRR-", notify, readyThen(.killed(.kill))),
    Row("notify: STOPPING, exit 0", .success, "-RR----", notify, readyThen(.exited(0), stopping: true)),
    Row("notify: STOPPING, exit 3", .exitCode, "-R-R---", notify, readyThen(.exited(3), stopping: true)),
    Row("simple: watchdog silent", .watchdog, "-R-RR-R", watched, late),
    Row("simple: WATCHDOG=trigger", .watchdog, "-R-RR-R", watched) { $0.notify("a.service") { $0.watchdog = .trigger } },
    Row("simple: watchdog, and exit 0 on SIGABRT", .watchdog, "-R-RR-R", watched) {
      $0.isStubborn = true
      $0.advance(TimeSpan(seconds: 5))
      $0.end("a.service", .main, .exited(0))
    },
    Row("forking: parent exit 1", .exitCode, "-R-R---", forking, end(.exited(1))),
    Row("forking: parent KILL", .signal, "-R-RRR-", forking, end(.killed(.kill))),
    Row("forking: parent does not end in time", .timeout, "-R-RR--", forking, late),
    Row("forking: parent SIGTERM", .success, "-RR----", forking) {
      $0.end("a.service", .main, .killed(.terminate))
      $0.answerSearch(.guess, .absent)
    },
    Row("forking: parent exit 0, nobody left", .success, "-RR----", forking) {
      $0.end("a.service")
      $0.answerSearch(.guess, .absent)
    },
    Row("forking: PID file never written, daemon lives", .timeout, "-R-RR--", withFile) {
      if let run = $0.invocation("a.service") { $0.others[run] = 1 }
      $0.end("a.service")
      $0.answerSearch(.pidFile, .absent)
      $0.advance(TimeSpan(seconds: 5))
    },
    Row("forking: PID file never written, nobody left", .protocol, "-R-RR--", withFile, end(.exited(0))),
    Row("forking: daemon exit 0", .success, "-RR----", forking, daemon(.exited(0))),
    Row("forking: daemon exit 3", .exitCode, "-R-R---", forking, daemon(.exited(3))),
    Row("forking: daemon KILL", .signal, "-R-RRR-", forking, daemon(.killed(.kill))),
    Row("forking: two daemons, both exit 3", .success, "-RR----", forking) {
      if let run = $0.invocation("a.service") { $0.others[run] = 2 }
      $0.end("a.service")
      $0.answerSearch(.guess, .absent)
      $0.emptied("a.service")
    },
    Row("ExecCondition 1", .execCondition, "-------", { $0.condition = [command("/c")] }) { $0.end("a.service", .condition, .exited(1)) },
    Row("out of memory, OOMPolicy=stop", .oomKill, "-R-RR--", { _ in }, outOfMemory),
    Row("out of memory, OOMPolicy=kill", .oomKill, "-R-RR--", { $0.oomPolicy = .kill }, outOfMemory),
    Row("out of memory, OOMPolicy=continue: as the kernel's SIGKILL", .signal, "-R-RRR-", { $0.oomPolicy = .continue }) {
      if let key = $0.record("a.service")?.service.main?.key { $0.send(.outOfMemory(key)) }
      $0.end("a.service", .main, .killed(.kill))
    },
  ]

  /// The kernel says so before the process's end comes.
  @Sendable static func outOfMemory(_ world: inout World) {
    guard let key = world.record("a.service")?.service.main?.key else { return }
    world.isStubborn = true
    world.send(.outOfMemory(key))
    world.live.removeAll { $0.key == key }
    world.isStubborn = false
    world.send(.exited(key, .killed(.kill)))
    world.emptied("a.service")
  }

  @Test(arguments: rows.indices) func everyPolicy(row: Int) {
    let row = Self.rows[row]
    for (policy, letter) in zip(RestartTableTests.policies, row.policies) {
      var world = World(
        [
          service("a") {
            $0.restart = policy
            row.change(&$0)
          }
        ], starting: ["a.service"], options: staying())
      row.happen(&world)
      let label = "\(row.what) × \(policy.name)"
      #expect(world.record("a.service")?.service.result == row.result, "\(label)")
      let isDown: ServiceState = row.result == .success || row.result == .execCondition ? .dead : .failed
      #expect(world.state("a.service") == (letter == "R" ? .autoRestart : isDown), "\(label)")
      world.advance(TimeSpan(seconds: 1))
      #expect(world.record("a.service")?.service.restarts == (letter == "R" ? 1 : 0), "\(label)")
    }
  }

  /// The restart that the limit refuses is counted; a chain of successes then is a failure, one of failures keeps its own.
  @Test(arguments: [Model.ExitStatus.exited(0), .exited(7)]) func theStartLimitEndsTheChain(status: Model.ExitStatus) {
    var world = World(
      [
        service(
          "a",
          {
            $0.restart = .always
            $0.backoff.delay = .zero
          }, unit: { $0.startLimit.burst = 3 })
      ], starting: ["a.service"], options: staying())
    for _ in 0..<3 {
      world.end("a.service", .main, status)
      world.advance(TimeSpan(milliseconds: 1))
    }
    #expect(world.spawns.count == 3)
    #expect(world.record("a.service")?.service.restarts == 3)
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == (status == .exited(0) ? .startLimitHit : .exitCode))
  }

  /// No process ends then, so the restart alone would not say why; a reload that could not be made is no cause of a later end.
  @Test func whatCannotBeMadeIsSaid() {
    let unit = service("a") {
      $0.restart = .always
      $0.reload = [command("/r")]
    }
    var world = World([unit], starting: ["a.service"])
    world.refusesSpawns = "fork: no"
    let reload = world.job(.reload, "a.service")
    #expect(world.result(reload) == .failed && world.state("a.service") == .running)
    world.messages = []
    world.end("a.service", .main, .exited(3))
    #expect(!world.messages.contains { $0.contains("fork: no") }, "\(world.messages)")
    world.advance(TimeSpan(seconds: 1))
    #expect(world.messages.contains { $0.contains("a.service: resources: fork: no") }, "\(world.messages)")
  }
}
