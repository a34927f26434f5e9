import Model
import Testing

@testable import Supervision

/// When a start is done, and what an end before it means (units.md c.3; the results asked of systemd 252).
@Suite struct ServiceTypeTests {
  static let notifyTypes: [ServiceType] = [.notify, .notifyReload]

  static func notifyService(_ type: ServiceType = .notify, _ change: @escaping (inout ServiceSettings) -> Void = { _ in }) -> Unit {
    service("a") {
      $0.type = type
      $0.notifyAccess = .main
      change(&$0)
    }
  }

  @Test(arguments: notifyTypes) func readyEndsTheStart(type: ServiceType) {
    var world = World([Self.notifyService(type) { $0.startPost = [command("/p")] }], starting: ["a.service"])
    #expect(world.state("a.service") == .start)
    #expect(world.spawns.last?.notifies == true)
    world.notify("a.service") { $0.isReady = true }
    #expect(world.state("a.service") == .startPost)
    #expect(world.spawns.last?.notifies == false, "control commands only with exec and all")
    world.end("a.service", .startPost)
    #expect(world.state("a.service") == .running)
  }

  //                       exit before READY        result
  static let endsBeforeReady: [(Model.ExitStatus, ServiceResult)] = [
    (.exited(0), .protocol), (.killed(.terminate), .protocol), (.killed(.hangup), .protocol), (.killed(.interrupt), .protocol),
    (.killed(.pipe), .protocol), (.exited(1), .exitCode), (.exited(255), .exitCode), (.killed(.kill), .signal),
    (.dumped(.abort), .coreDump),
  ]

  @Test(arguments: endsBeforeReady.indices, notifyTypes) func endBeforeReady(row: Int, type: ServiceType) {
    let (status, result) = Self.endsBeforeReady[row]
    var world = World([Self.notifyService(type)], starting: ["a.service"])
    world.end("a.service", .main, status)
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == result)
  }

  @Test func withoutReadyTheStartTimesOut() {
    var world = World([Self.notifyService { $0.timeoutStart = TimeSpan(seconds: 3) }], starting: ["a.service"])
    world.advance(TimeSpan(milliseconds: 2999))
    #expect(world.state("a.service") == .start)
    world.advance(TimeSpan(milliseconds: 2))
    #expect(world.record("a.service")?.service.result == .timeout)
  }

  /// Somebody else may say READY=1 where that is believed and the unit remains; if nobody is left it is `protocol`.
  @Test func remainAfterExitWaitsForOthers() {
    for others in [true, false] {
      var world = World(
        [
          Self.notifyService {
            $0.remainAfterExit = true
            $0.notifyAccess = .all
          }
        ], starting: ["a.service"], options: staying())
      guard let invocation = world.invocation("a.service") else { return }
      world.others[invocation] = 1
      world.end("a.service")
      #expect(world.state("a.service") == .start)
      if others {
        world.notify("a.service", from: .member) { $0.isReady = true }
        #expect(world.state("a.service") == .exited)
      } else {
        world.emptied("a.service")
        #expect(world.record("a.service")?.service.result == .protocol)
      }
    }
  }

  @Test func dbusIsAsSimple() {
    let world = World(
      [
        service("a") {
          $0.type = .dbus; $0.busName = Bytes("a.b")
        }
      ], starting: ["a.service"])
    #expect(world.state("a.service") == .running)
  }

  /// An idle service, and a job that holds it back.
  private func idleWorld() -> World {
    World([service("a") { $0.type = .idle }, service("slow") { $0.type = .oneshot }], starting: ["a.service", "slow.service"])
  }

  @Test func idleIsHeldBackAtMostFiveSeconds() {
    for ends in [true, false] {
      var world = idleWorld()
      #expect(world.state("a.service") == .start)
      #expect(world.begun == "slow")
      if ends {
        world.end("slow.service")
      } else {
        world.advance(TimeSpan(milliseconds: 4999))
        #expect(world.begun == "slow")
        world.advance(TimeSpan(milliseconds: 2))
      }
      #expect(world.state("a.service") == .running)
      #expect(world.begun == "slow a")
    }
  }

  @Test func idleServicesDoNotHoldEachOtherBack() {
    let world = World([service("a") { $0.type = .idle }, service("b") { $0.type = .idle }], starting: ["a.service", "b.service"])
    #expect(world.begun == "a b")
  }

  @Test func anIdleServiceThatIsHeldBackCanBeStopped() {
    var world = idleWorld()
    let stop = world.job(.stop, "a.service")
    #expect(world.result(stop) == .done)
    world.advance(TimeSpan(seconds: 10))
    #expect(world.begun == "slow")
  }
}

/// Type=forking: the parent, the PID file, the guess (units.md c.3).
@Suite struct ForkingTests {
  static func daemon(_ change: @escaping (inout ServiceSettings) -> Void = { _ in }) -> Unit {
    service("a") {
      $0.type = .forking
      $0.timeoutStart = TimeSpan(seconds: 10)
      change(&$0)
    }
  }

  /// The parent has forked a daemon, and ends.
  static func forked(_ status: Model.ExitStatus = .exited(0), _ change: @escaping (inout ServiceSettings) -> Void = { _ in }) -> World {
    var world = World([daemon(change)], starting: ["a.service"])
    if let invocation = world.invocation("a.service") { world.others[invocation] = 1 }
    world.end("a.service", .main, status)
    return world
  }

  //                        how the parent ends      result (success: the start goes on)
  static let parents: [(Model.ExitStatus, ServiceResult)] = [
    (.exited(0), .success), (.killed(.terminate), .success), (.exited(1), .exitCode), (.killed(.kill), .signal),
    (.dumped(.abort), .coreDump),
  ]

  @Test(arguments: parents.indices) func parentEnds(row: Int) {
    let (status, result) = Self.parents[row]
    var world = Self.forked(status)
    if result == .success {
      #expect(world.searches.map { $0.query } == [.guess])
      world.answerSearch(.guess, .found(pid: 4242))
      #expect(world.state("a.service") == .running)
      #expect(world.record("a.service")?.service.main?.pid == 4242)
      #expect(world.adopted.map { $0.pid } == [4242])
    } else {
      #expect(world.state("a.service") == .failed)
      #expect(world.record("a.service")?.service.result == result)
    }
  }

  /// The last exit is the parent's, who is no main process: `show` says so, as systemd does (asked of 252), and says it once.
  @Test func theParentIsNoMainProcess() throws {
    var world = Self.forked()
    world.answerSearch(.guess, .found(pid: 4242))
    let id = try #require(world.manager.find(Bytes("a.service")))
    let report = world.manager.report(id, isWhole: true)
    #expect(report.lastExit?.role == .main)
    #expect(report.properties.filter { $0.starts(with: Bytes("ExecMainCode=")) } == [Bytes("ExecMainCode=0")])
  }

  @Test func theParentIsStoppedAsMain() {
    var world = World([Self.daemon()], starting: ["a.service"])
    let stop = world.job(.stop, "a.service")
    #expect(world.kills.map { $0.main } == [true])
    #expect(world.result(stop) == .done)
  }

  @Test func withoutAMainPIDItIsActiveAsLongAsAnybodyLives() {
    for guesses in [true, false] {
      var world = Self.forked { $0.guessMainPID = guesses }
      if guesses { world.answerSearch(.guess, .absent) } else { #expect(world.searches.isEmpty) }
      #expect(world.state("a.service") == .running)
      #expect(world.record("a.service")?.service.main == nil)
      world.emptied("a.service")
      #expect(world.state("a.service") == .dead)
      #expect(world.record("a.service")?.service.result == .success)
    }
  }

  @Test func nobodyLeftWithoutPIDFileIsSuccess() {
    var world = World([Self.daemon()], starting: ["a.service"])
    world.end("a.service", .main)
    world.answerSearch(.guess, .absent)
    #expect(world.state("a.service") == .dead)
    #expect(world.record("a.service")?.service.result == .success)
  }

  @Test(arguments: [Model.ExitStatus.exited(0), .exited(3), .killed(.kill), .killed(.terminate)])
  func theEndOfTheDaemonIsTheEndOfTheService(status: Model.ExitStatus) {
    var world = Self.forked()
    world.answerSearch(.guess, .found(pid: 4242))
    if let invocation = world.invocation("a.service") { world.others[invocation] = 0 }
    world.end("a.service", .main, status)
    let expected = CleanExit.result(status, isDaemon: true, success: .init())
    #expect(world.record("a.service")?.service.result == expected)
    #expect(world.record("a.service")?.service.lastMainExit?.pid == 4242)
  }

  // MARK: PID files

  @Test func aPIDFileIsWaitedFor() {
    var world = Self.forked { $0.pidFile = Bytes("/run/a.pid") }
    #expect(world.searches.map { $0.query } == [.file(Bytes("/run/a.pid"))])
    #expect(world.searches.last?.waits == true)
    world.answerSearch(.pidFile, .absent)
    world.answerSearch(.pidFile, .refused(Bytes("1 is apus itself")))
    world.answerSearch(.pidFile, .refused(Bytes("1 is apus itself")))
    #expect(world.state("a.service") == .start)
    #expect(world.messages.filter { $0.contains("refused: 1 is apus itself") }.count == 1, "said once")
    world.answerSearch(.pidFile, .found(pid: 77))
    #expect(world.state("a.service") == .running)
    #expect(world.record("a.service")?.service.main?.pid == 77)
    #expect(world.endedSearches.count == 1)
  }

  @Test func aPIDFileThatNeverComesIsATimeout() {
    var world = Self.forked { $0.pidFile = Bytes("/run/a.pid") }
    world.answerSearch(.pidFile, .absent)
    world.advance(TimeSpan(seconds: 11))
    #expect(world.record("a.service")?.service.result == .timeout)
    #expect(world.endedSearches.count == 1)
    #expect(world.cleaned == [[Bytes("file:/run/a.pid")]], "the PID file goes with the service")
  }

  @Test func aPIDFileThatNobodyIsLeftToWriteIsProtocol() {
    var world = Self.forked { $0.pidFile = Bytes("/run/a.pid") }
    world.emptied("a.service")
    #expect(world.record("a.service")?.service.result == .protocol)
    #expect(world.state("a.service") == .failed)
  }

  /// With ExecStartPost= the file may be that command's work: looked at once before it, waited for after it.
  @Test func startPostMayWriteThePIDFile() {
    var world = Self.forked {
      $0.pidFile = Bytes("/run/a.pid")
      $0.startPost = [command("/p")]
    }
    #expect(world.state("a.service") == .start)
    #expect(world.searches.map { $0.waits } == [false])
    world.answerSearch(.pidFile, .absent)
    #expect(world.state("a.service") == .startPost)
    world.end("a.service", .startPost)
    #expect(world.state("a.service") == .startPost)
    #expect(world.searches.map { $0.waits } == [false, true])
    world.answerSearch(.pidFile, .found(pid: 77))
    #expect(world.state("a.service") == .running)
  }

  /// units.md c.3, measured: any other type waits for its PID file only after an ExecStartPost=.
  @Test(arguments: ServiceType.allCases.filter { $0 != .forking && $0 != .oneshot }, [true, false])
  func otherTypesWithAPIDFile(type: ServiceType, hasStartPost: Bool) {
    var world = World(
      [
        service("a") {
          $0.type = type
          $0.notifyAccess = .main
          $0.pidFile = Bytes("/run/a.pid")
          $0.startPost = hasStartPost ? [command("/p")] : []
          $0.timeoutStart = TimeSpan(seconds: 10)
        }
      ], starting: ["a.service"])
    world.advance(TimeSpan(seconds: 6))
    if type == .notify || type == .notifyReload { world.notify("a.service") { $0.isReady = true } }
    if !hasStartPost {
      #expect(world.state("a.service") == .running)
      #expect(world.searches.isEmpty)
      return
    }
    world.end("a.service", .startPost)
    #expect(world.state("a.service") == .startPost)
    world.answerSearch(.pidFile, .absent)
    world.advance(TimeSpan(seconds: 11))
    #expect(world.record("a.service")?.service.result == .timeout)
  }

  /// A daemon that executes itself anew writes its PID file before the old process ends.
  @Test func aDaemonMayMoveToAnotherPID() {
    var world = Self.forked { $0.pidFile = Bytes("/run/a.pid") }
    world.answerSearch(.pidFile, .found(pid: 77))
    let stay = world.record("a.service")?.service.state
    world.end("a.service", .main, .exited(0))
    #expect(world.state("a.service") == stay, "the answer of the PID file is waited for")
    world.answerSearch(.pidFile, .found(pid: 78))
    #expect(world.state("a.service") == .running)
    #expect(world.record("a.service")?.service.main?.pid == 78)
    #expect(world.record("a.service")?.service.lastMainExit == nil)
    world.end("a.service", .main, .exited(4))
    world.answerSearch(.pidFile, .found(pid: 78))
    #expect(world.record("a.service")?.service.result == .exitCode, "its own PID is nobody new")
    #expect(world.record("a.service")?.service.lastMainExit?.status == .exited(4))
  }

  @Test func afterAReloadThePIDFileIsReadAgain() {
    var world = Self.forked {
      $0.pidFile = Bytes("/run/a.pid")
      $0.reload = [command("/r")]
    }
    world.answerSearch(.pidFile, .found(pid: 77))
    let reload = world.job(.reload, "a.service")
    world.end("a.service", .reload)
    #expect(world.result(reload) == .done)
    world.answerSearch(.pidFile, .found(pid: 79))
    #expect(world.record("a.service")?.service.main?.pid == 79)
    #expect(world.state("a.service") == .running)
  }

  @Test func answersOfAnOldRunChangeNothing() {
    var world = Self.forked {
      $0.pidFile = Bytes("/run/a.pid")
      $0.restart = .always
    }
    guard let old = world.invocation("a.service") else { return }
    world.emptied("a.service")
    world.advance(TimeSpan(seconds: 1))
    #expect(world.state("a.service") == .start)
    #expect(world.invocation("a.service") != old)
    world.send(.mainPID(old, .pidFile, .found(pid: 66)))
    world.send(.cleaned(old))
    world.send(.deadline(Deadline(old.unit, .watchdog, invocation: old.number)))
    world.send(.deadline(Deadline(old.unit, .probe, invocation: old.number)))
    world.send(.readyLine(ProcessKey(old, .main, serial: 1), true))
    #expect(world.state("a.service") == .start)
    #expect(world.adopted.isEmpty)
  }
}
