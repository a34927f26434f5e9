import Model
import Testing

@testable import Supervision

/// The restart table of units.md c.5, kept by hand, cell by cell: a letter a policy, R for a restart.
@Suite struct RestartTableTests {
  //                                    no  alw succ fail abnormal abort watchdog
  static let rows: [(ServiceResult, [Bool])] = [
    (.success, [false, true, true, false, false, false, false]),
    (.exitCode, [false, true, false, true, false, false, false]),
    (.signal, [false, true, false, true, true, true, false]),
    (.coreDump, [false, true, false, true, true, true, false]),
    (.timeout, [false, true, false, true, true, false, false]),
    (.watchdog, [false, true, false, true, true, false, true]),
    (.protocol, [false, true, false, true, true, false, false]),
    (.resources, [false, true, false, true, true, false, false]),
    (.oomKill, [false, true, false, true, true, false, false]),
    (.execCondition, [false, false, false, false, false, false, false]),
  ]
  static let policies: [RestartPolicy] = [.no, .always, .onSuccess, .onFailure, .onAbnormal, .onAbort, .onWatchdog]

  @Test(arguments: rows.indices) func everyCell(row: Int) {
    let (result, cells) = Self.rows[row]
    for (policy, expected) in zip(Self.policies, cells) {
      #expect(policy.restarts(after: result) == expected, "\(result.name) × \(policy.name)")
    }
  }

  @Test func aRequestedStopIsNeverRestarted() {
    let settings = ServiceSettings()
    settings.restart = .always
    #expect(!RestartDecision.shouldRestart(settings, result: .success, mainStatus: .exited(0), stoppedByRequest: true))
  }

  @Test func preventWinsOverForceAndPolicy() {
    let settings = ServiceSettings()
    settings.restart = .always
    settings.restartPreventExitStatus.codes = [3]
    settings.restartForceExitStatus.codes = [3, 4]
    #expect(!RestartDecision.shouldRestart(settings, result: .exitCode, mainStatus: .exited(3), stoppedByRequest: false))
    settings.restart = .no
    #expect(RestartDecision.shouldRestart(settings, result: .exitCode, mainStatus: .exited(4), stoppedByRequest: false))
    settings.restartForceExitStatus.codes = [0]
    #expect(RestartDecision.shouldRestart(settings, result: .success, mainStatus: .exited(0), stoppedByRequest: false))
    settings.type = .oneshot
    #expect(!RestartDecision.shouldRestart(settings, result: .success, mainStatus: .exited(0), stoppedByRequest: false))
  }

  @Test func cleanEnds() {
    for number in Int32(1)...31 {
      let signal = Signal(number)
      let isClean = [1, 2, 13, 15].contains(number)
      #expect(CleanExit.result(.killed(signal), isDaemon: true, success: .init()) == (isClean ? .success : .signal))
      #expect(CleanExit.result(.killed(signal), isDaemon: false, success: .init()) == .signal)
      #expect(CleanExit.result(.dumped(signal), isDaemon: true, success: .init()) == .coreDump)
    }
    for code in UInt8.min...UInt8.max {
      #expect(CleanExit.result(.exited(code), isDaemon: true, success: .init()) == (code == 0 ? .success : .exitCode))
    }
    var tomcat = ExitStatusSet()
    tomcat.codes = [143]
    #expect(CleanExit.result(.exited(143), isDaemon: true, success: tomcat) == .success)
  }
}

@Suite struct BackoffTests {
  /// 100 ms to 30 s in 8 steps: DESIGN section 2; computed by hand as 0.1 · 300^((i-1)/8).
  @Test func defaultDelays() {
    let expected: [Double] = [0.1, 0.20400, 0.41617, 0.84900, 1.73205, 3.53349, 7.20857, 14.70603, 30, 30, 30]
    let effective = Backoff.effective(BackoffSettings())
    for (index, seconds) in expected.enumerated() {
      let delay = Double(Backoff.delay(number: UInt32(index + 1), effective).microseconds) / 1e6
      #expect(abs(delay - seconds) < seconds * 0.001, "restart \(index + 1): \(delay)")
    }
  }

  /// The example of units.md c.5.
  @Test func documentedExample() {
    var settings = BackoffSettings()
    settings.delay = TimeSpan(seconds: 10)
    settings.steps = 4
    settings.delayMax = TimeSpan(seconds: 160)
    let effective = Backoff.effective(settings)
    let delays = (1...7).map { (Backoff.delay(number: $0, effective).microseconds + 500_000) / 1_000_000 }
    #expect(delays == [10, 20, 40, 80, 160, 160, 160])
  }

  @Test func onlyRestartSecIsConstant() {
    var settings = BackoffSettings()
    settings.delay = TimeSpan(milliseconds: 300)
    var backoff = Backoff()
    for _ in 0..<20 { let delay = backoff.next(settings, uptime: nil); #expect(delay == TimeSpan(milliseconds: 300)) }
    settings.delay = .zero
    settings.steps = 5
    settings.delayMax = TimeSpan(seconds: 5)
    let delay = backoff.next(settings, uptime: nil); #expect(delay == .zero)
  }

  @Test func healthyUptimeStartsAnew() {
    var backoff = Backoff()
    let settings = BackoffSettings()
    for _ in 0..<5 { _ = backoff.next(settings, uptime: nil) }
    #expect(backoff.step == 5)
    _ = backoff.next(settings, uptime: TimeSpan(milliseconds: 29_999))
    #expect(backoff.step == 6)
    let anew = backoff.next(settings, uptime: TimeSpan(seconds: 30)); #expect(anew == TimeSpan(milliseconds: 100))
    #expect(backoff.step == 1)
  }

  @Test func extremesDoNotTrap() {
    var settings = BackoffSettings()
    settings.delay = TimeSpan(microseconds: 1)
    settings.steps = .max
    settings.delayMax = TimeSpan(microseconds: .max - 1)
    let effective = Backoff.effective(settings)
    for number in [1, 2, 1000, UInt32.max - 1, UInt32.max] { _ = Backoff.delay(number: number, effective) }
  }
}

@Suite struct StartLimiterTests {
  @Test func exactlyBurstStartsAreAllowed() {
    var limiter = StartLimiter()
    var limit = StartLimit()
    limit.burst = 3
    let second: Int64 = 1_000_000_000
    var allowed: [Bool] = []
    for seconds in [1, 1, 1, 2, 10, 11] as [Int64] { allowed.append(limiter.allow(limit, now: Instant(nanoseconds: seconds * second))) }
    #expect(allowed == [true, true, true, false, false, true])
  }

  @Test func noLimitUnlessTheUnitSetsOne() {
    var limiter = StartLimiter()
    for _ in 0..<1000 { let allowed = limiter.allow(StartLimit(), now: .zero); #expect(allowed == true) }
    var off = StartLimit()
    off.interval = .zero
    for _ in 0..<1000 { let allowed = limiter.allow(off, now: .zero); #expect(allowed == true) }
  }

  /// RestartMode=direct: a start that came to nothing is no end. Its job goes on with the next run, and so does who waits for it.
  @Test func aDirectRestartKeepsTheJobOfItsStart() {
    for mode in [RestartMode.direct, .normal] {
      let units = [
        ServiceTypeTests.notifyService(.notify) {
          $0.restart = .always
          $0.restartMode = mode
        },
        service(
          "b",
          unit: {
            $0.dependencies[.requires] = [name("a.service")]
            $0.dependencies[.after] = [name("a.service")]
          }),
      ]
      var world = World(units, starting: [], options: stay())
      let first = world.job(.start, "a.service")
      let second = world.job(.start, "b.service")
      for round in 1...3 {
        world.end("a.service", .main, .exited(1))
        #expect(world.result(first) == (mode == .direct ? nil : .failed), "\(mode) \(round)")
        #expect(world.state("b.service") == .dead)
        world.advance(TimeSpan(seconds: 1))
        #expect(world.record("a.service")?.service.state == .start, "\(mode) \(round)")
        #expect(world.record("a.service")?.service.restarts == UInt32(round))
      }
      world.notify("a.service") { $0.isReady = true }
      #expect(world.state("a.service") == .running && world.state("b.service") == .running)
      #expect(world.result(second) == .done && world.result(first) == (mode == .direct ? .done : .failed))
    }
  }
}
