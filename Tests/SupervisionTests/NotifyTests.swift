import Model
import Testing

@testable import Supervision

/// sd_notify (units.md c.7): whom the machine believes, and what each message means in each state.
@Suite struct NotifyTests {
  static func running(_ change: @escaping (inout ServiceSettings) -> Void = { _ in }) -> World {
    var world = World([ServiceTypeTests.notifyService(.notify, change)], starting: ["a.service"], options: staying())
    world.notify("a.service") { $0.isReady = true }
    return world
  }

  // MARK: Access

  //                                     main   control member earlier run, stranger, root outside
  static let access: [(NotifyAccess, [Bool])] = [
    (.none, [false, false, false, false, false, false]), (.main, [true, false, false, false, false, false]),
    (.exec, [true, true, false, false, false, false]), (.all, [true, true, true, false, false, false]),
  ]
  static let senders: [World.Sender] = [.main, .control, .member, .earlier, .stranger, .root]

  @Test(arguments: access.indices) func whoIsBelieved(row: Int) {
    let (access, cells) = Self.access[row]
    for (sender, isBelieved) in zip(Self.senders, cells) {
      var world = World(
        [
          service("a") {
            $0.notifyAccess = access
            $0.reload = [command("/r")]
          }
        ], starting: ["a.service"])
      _ = world.job(.reload, "a.service")
      world.notify("a.service", from: sender, descriptors: [5]) { $0.status = Bytes("hello") }
      #expect(world.record("a.service")?.service.said.statusText == (isBelieved ? Bytes("hello") : []), "\(access.name) × \(sender)")
      #expect(world.closed == [DescriptorID(5)], "descriptors that nobody wants are closed")
    }
  }

  /// NOTIFY_SOCKET: for main unless none, for control commands only with exec and all.
  @Test func whoGetsASocket() {
    for (access, main, control) in [
      (NotifyAccess.none, false, false), (.main, true, false), (.exec, true, true), (.all, true, true),
    ] {
      let world = World(
        [
          service("a") {
            $0.notifyAccess = access
            $0.startPost = [command("/p")]
          }
        ], starting: ["a.service"])
      #expect(world.spawns.map { $0.notifies } == [main, control], "\(access.name)")
    }
  }

  @Test func strangersAreSaidOnceARunAndCounted() {
    var world = Self.running()
    for _ in 0..<50 { world.notify("a.service", from: .stranger) { $0.isStopping = true } }
    #expect(world.state("a.service") == .running)
    #expect(world.messages.filter { $0.contains("dropped: NotifyAccess=main") }.count == 1)
    #expect(world.record("a.service")?.service.said.strangers == 50)
    _ = world.job(.stop, "a.service")
    #expect(world.messages.filter { $0.contains("50 notifications") }.count == 1)
  }

  @Test func theServiceMayChangeTheAccess() {
    var world = Self.running { $0.restart = .always }
    world.notify("a.service", from: .member) { $0.status = Bytes("1") }
    world.notify("a.service") { $0.notifyAccess = .all }
    world.notify("a.service", from: .member) { $0.status = Bytes("2") }
    #expect(world.record("a.service")?.service.said.statusText == Bytes("2"))
    world.end("a.service")
    world.advance(TimeSpan(seconds: 1))
    #expect(world.state("a.service") == .start)
    world.notify("a.service", from: .member) { $0.isReady = true }
    #expect(world.state("a.service") == .start, "only for one run")
  }

  // MARK: Message × state

  enum Message: CaseIterable { case ready, reloading, stopping, status, errno, alive, trigger, extend, barrier }

  static func fill(_ message: Message, _ into: inout NotifyMessage) {
    switch message {
    case .ready: into.isReady = true
    case .reloading:
      into.isReloading = true
      into.monotonic = TimeSpan(seconds: 1000)
    case .stopping: into.isStopping = true
    case .status: into.status = Bytes("s")
    case .errno: into.errno = 5
    case .alive: into.watchdog = .alive
    case .trigger: into.watchdog = .trigger
    case .extend: into.extendTimeout = TimeSpan(seconds: 500)
    case .barrier: into.isBarrier = true
    }
  }

  /// Where READY, RELOADING, STOPPING and WATCHDOG=trigger lead to from each state; nil: the state stays.
  static let cells: [(ServiceState, ready: ServiceState?, reloading: ServiceState?, stopping: ServiceState?, trigger: ServiceState?)] = [
    (.dead, nil, nil, nil, nil),
    (.condition, nil, nil, nil, nil),
    (.startPre, nil, nil, nil, nil),
    (.start, .running, nil, nil, .stopWatchdog),
    (.startPost, nil, nil, nil, .stopWatchdog),
    (.running, nil, .reloadNotify, .stopSigterm, .stopWatchdog),
    (.exited, nil, nil, nil, .stopWatchdog),
    (.reload, nil, nil, nil, .stopWatchdog),
    (.reloadSignal, nil, .reloadNotify, .stopSigterm, .stopWatchdog),
    (.reloadNotify, .running, nil, .stopSigterm, .stopWatchdog),
    (.drain, nil, nil, .stopSigterm, nil),
    (.stop, nil, nil, nil, .stopWatchdog),
    (.stopWatchdog, nil, nil, nil, nil),
    (.stopSigterm, nil, nil, nil, nil),
    (.stopSigkill, nil, nil, nil, nil),
    (.stopPost, nil, nil, nil, nil),
    (.finalWatchdog, nil, nil, nil, nil),
    (.finalSigterm, nil, nil, nil, nil),
    (.finalSigkill, nil, nil, nil, nil),
    (.cleaning, nil, nil, nil, nil),
    (.failed, nil, nil, nil, nil),
    (.autoRestart, nil, nil, nil, nil),
    (.autoRestartQueued, nil, nil, nil, nil),
  ]

  @Test func everyMessageInEveryState() {
    #expect(Self.cells.map { $0.0 } == ServiceState.allCases)
    for cell in Self.cells {
      for message in Message.allCases {
        let (machine, context) = Self.hear(message, in: cell.0)
        let expected: ServiceState? =
          switch message {
          case .ready: cell.ready
          case .reloading: cell.reloading
          case .stopping: cell.stopping
          case .trigger: cell.trigger
          case .status, .errno, .alive, .extend, .barrier: nil
          }
        let label = "\(message) in \(cell.0.name)"
        #expect(machine.state == expected ?? cell.0, "\(label)")
        let isOver = cell.0.isOver
        #expect(machine.said.statusText == (message == .status && !isOver ? Bytes("s") : []), "\(label)")
        #expect(machine.said.statusErrno == (message == .errno && !isOver ? 5 : 0), "\(label)")
        // STOPPING=1 sends no signal; only the watchdog does.
        let signals = context.effects.contains { if case .kill = $0 { true } else { false } }
        #expect(signals == (message == .trigger && cell.trigger != nil), "\(label)")
        #expect(context.effects.contains(.closeDescriptors([DescriptorID(9)])), "\(label)")
        let arms = context.effects.contains { if case .arm(let deadline, _) = $0 { deadline.key.kind == .watchdog } else { false } }
        let watches = message == .alive && cell.0.isWatched || message == .ready && cell.0 == .start || message == .extend && !isOver
        #expect(arms == watches, "\(label)")
      }
    }
  }

  static func hear(_ message: Message, in state: ServiceState) -> (ServiceMachine, ServiceContext) {
    let settings = ServiceSettings()
    settings.type = .notifyReload
    settings.notifyAccess = .all
    settings.start = [command("/m")]
    settings.watchdog = TimeSpan(seconds: 30)
    let machine = ServiceMachine()
    machine.state = state
    machine.invocation = 1
    machine.isVerifiedEmpty = false
    machine.search.isKnown = true
    machine.stateDeadlineAt = Instant(nanoseconds: 2_000_000_000)
    machine.watchdogAt = Instant(nanoseconds: 2_000_000_000)
    let wall = WallTime(microseconds: 0)
    if state != .exited {
      machine.main = .init(key: ProcessKey(Invocation(unit: UnitID(0), number: 1), .main, serial: 1), pid: 10, startedAt: wall)
    }
    var context = ServiceContext(
      id: UnitID(0), name: Bytes("u"), settings: settings, startLimit: StartLimit(),
      now: Now(instant: Instant(nanoseconds: 1_000_000_000), wall: wall), nextInvocation: 2, invocationSeed: 1)
    var notify = NotifyMessage()
    fill(message, &notify)
    let sender = NotifySender(pid: state == .exited ? 11 : 10, uid: 0, run: machine.invocation)
    machine.handle(.notified(notify, sender, descriptors: [OfferedDescriptor(DescriptorID(9))]), &context)
    return (machine, context)
  }

  // MARK: Reload

  @Test func aReloadIsOverAtReady() {
    var world = Self.running { $0.reload = [command("/r")] }
    let reload = world.job(.reload, "a.service")
    world.notify("a.service") { $0.isReloading = true }
    #expect(world.state("a.service") == .reload)
    world.end("a.service", .reload)
    #expect(world.state("a.service") == .reloadNotify)
    #expect(world.result(reload) == nil)
    world.notify("a.service") { $0.isReady = true }
    #expect(world.result(reload) == .done)
    #expect(world.state("a.service") == .running)
  }

  @Test func notifyReloadIsSignalledAndAnswers() {
    var world = World([ServiceTypeTests.notifyService(.notifyReload)], starting: ["a.service"], options: staying())
    world.notify("a.service") { $0.isReady = true }
    world.isStubborn = true
    world.advance(TimeSpan(seconds: 50))
    let reload = world.job(.reload, "a.service")
    #expect(world.kills.map { $0.signal } == [.hangup])
    #expect(world.kills.map { [$0.main, $0.control, $0.others] } == [[true, false, false]])
    #expect(world.state("a.service") == .reloadSignal)
    // An answer that is older than the question, and one without a time.
    world.notify("a.service") {
      $0.isReloading = true; $0.monotonic = TimeSpan(seconds: 49)
    }
    world.notify("a.service") { $0.isReloading = true }
    #expect(world.state("a.service") == .reloadSignal)
    world.notify("a.service") {
      $0.isReloading = true; $0.monotonic = TimeSpan(seconds: 50)
    }
    #expect(world.state("a.service") == .reloadNotify)
    world.notify("a.service") { $0.isReady = true }
    #expect(world.result(reload) == .done)
    #expect(world.state("a.service") == .running)
    // Both in one datagram.
    let again = world.job(.reload, "a.service")
    world.notify("a.service") {
      $0.isReloading = true; $0.isReady = true; $0.monotonic = TimeSpan(seconds: 51)
    }
    #expect(world.result(again) == .done)
  }

  @Test(arguments: [false, true]) func aReloadWithoutAnAnswerTimesOutAndLeavesTheServiceRunning(isAnswered: Bool) {
    var world = World(
      [ServiceTypeTests.notifyService(.notifyReload) { $0.timeoutStart = TimeSpan(seconds: 7) }], starting: ["a.service"])
    world.notify("a.service") { $0.isReady = true }
    world.isStubborn = true
    let reload = world.job(.reload, "a.service")
    if isAnswered {
      world.notify("a.service") {
        $0.isReloading = true; $0.monotonic = TimeSpan(seconds: 9)
      }
    }
    world.advance(TimeSpan(milliseconds: 6999))
    #expect(world.result(reload) == nil)
    world.advance(TimeSpan(milliseconds: 2))
    #expect(world.result(reload) == .failed)
    #expect(world.state("a.service") == .running)
    world.advance(TimeSpan(seconds: 60))
    #expect(world.state("a.service") == .running)
  }

  @Test func aServiceThatDiesInItsReloadFailsTheJob() {
    var world = World([ServiceTypeTests.notifyService(.notifyReload)], starting: ["a.service"], options: staying())
    world.notify("a.service") { $0.isReady = true }
    let reload = world.job(.reload, "a.service")  // it dies of SIGHUP
    #expect(world.result(reload) == .failed)
    #expect(world.state("a.service") == .dead)
  }

  // MARK: Stopping

  @Test(arguments: [Model.ExitStatus.exited(0), .exited(3)]) func stoppingIsAStopWithoutASignal(status: Model.ExitStatus) {
    var world = Self.running()
    world.notify("a.service") { $0.isStopping = true }
    #expect(world.state("a.service") == .stopSigterm)
    #expect(world.kills.isEmpty)
    world.end("a.service", .main, status)
    #expect(world.record("a.service")?.service.result == (status == .exited(0) ? .success : .exitCode))
  }

  @Test func stoppingThatNeverEndsIsKilledAtTheTimeout() {
    var world = Self.running { $0.timeoutStop = TimeSpan(seconds: 4) }
    world.notify("a.service") { $0.isStopping = true }
    world.advance(TimeSpan(seconds: 5))
    #expect(world.kills.map { $0.signal } == [.kill])
    #expect(world.record("a.service")?.service.result == .timeout)
  }

  @Test func whatIsSaidBeforeReadinessIsRemembered() {
    for stops in [true, false] {
      var world = World(
        [ServiceTypeTests.notifyService(.notify) { $0.startPost = [command("/p")] }], starting: ["a.service"], options: staying())
      world.notify("a.service") { $0.isReady = true }
      world.notify("a.service") { if stops { $0.isStopping = true } else { $0.isReloading = true } }
      #expect(world.state("a.service") == .startPost)
      world.end("a.service", .startPost)
      #expect(world.state("a.service") == (stops ? .stopSigterm : .reloadNotify))
    }
  }

  // MARK: MAINPID

  @Test func mainPIDIsVerifiedBeforeTheRestOfItsMessage() {
    var world = World([ServiceTypeTests.notifyService(.notify) { $0.notifyAccess = .all }], starting: ["a.service"], options: staying())
    guard let invocation = world.invocation("a.service") else { return }
    world.others[invocation] = 1
    world.notify("a.service", from: .member) {
      $0.mainPID = 500; $0.isReady = true
    }
    #expect(world.searches.map { $0.query } == [.verify(pid: 500, byRoot: false)])
    #expect(world.state("a.service") == .start)
    // The first process ends as soon as it has handed over: that is not the end of the service.
    world.end("a.service", .main, .exited(0))
    #expect(world.state("a.service") == .start)
    world.answerSearch(.notify, .found(pid: 500))
    #expect(world.state("a.service") == .running)
    #expect(world.record("a.service")?.service.main?.pid == 500)
    world.others[invocation] = 0
    world.end("a.service", .main, .exited(2))
    #expect(world.record("a.service")?.service.result == .exitCode)
  }

  @Test func aRefusedMainPIDChangesNothing() {
    var world = Self.running()
    let main = world.record("a.service")?.service.main?.pid
    world.notify("a.service") {
      $0.mainPID = 1; $0.status = Bytes("x")
    }
    world.answerSearch(.notify, .refused(Bytes("1 is apus itself")))
    #expect(world.record("a.service")?.service.main?.pid == main)
    #expect(world.record("a.service")?.service.said.statusText == Bytes("x"), "the rest of the message counts")
    world.notify("a.service") { $0.mainPID = 2 }
    world.end("a.service", .main, .exited(3))
    #expect(world.state("a.service") == .running)
    world.answerSearch(.notify, .absent)
    #expect(world.state("a.service") == .failed, "the end that was held back")
  }

  @Test func itsOwnMainPIDIsNoQuestion() {
    var world = Self.running()
    guard let pid = world.record("a.service")?.service.main?.pid else { return }
    world.notify("a.service") { $0.mainPID = pid }
    #expect(world.searches.isEmpty)
  }
}
