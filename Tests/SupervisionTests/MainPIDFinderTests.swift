import Model
import Testing

@testable import Runtime
@testable import Supervision

/// Main processes that apus did not fork as such (units.md c.3).
@Suite struct MainPIDFinderTests {
  private let run = Invocation(unit: UnitID(3), number: 7)
  private let path = Bytes("/run/x.pid")
  private let now = Instant(nanoseconds: 1)

  private static func request(_ key: ProcessKey) -> SpawnRequest {
    SpawnRequest(
      key: key, unitName: Bytes("a.service"), command: ExecCommand(path: Bytes("/bin/a"), arguments: []), exec: ExecSettings(),
      environment: [])
  }

  private func found(_ query: MainPIDQuery, _ kernel: StubKernel, children: ChildTable = ChildTable()) -> MainPIDOutcome? {
    var kernel = kernel
    var events: [Event] = []
    var finder = MainPIDFinder()
    finder.find(run, query, waitsForFile: false, now: now, children, &kernel, &events)
    guard events.count == 1, case .mainPID(run, _, let outcome) = events[0] else { return nil }
    return outcome
  }

  private enum Verdict { case found, refused }

  /// Who may be named × what the process is.
  @Test func trustByRelation() {
    let relations: [(ProcessRelation, owned: Verdict, foreign: Verdict, unsafePath: Verdict)] = [
      (.gone, .refused, .refused, .refused), (.unreaped, .refused, .refused, .refused), (.supervisor, .refused, .refused, .refused),
      (.stranger(isChild: false), .found, .refused, .refused), (.stranger(isChild: true), .found, .refused, .refused),
      (.member(isChild: true), .found, .found, .found), (.member(isChild: false), .found, .found, .found),
    ]
    func expect(_ query: MainPIDQuery, _ kernel: StubKernel, _ verdict: Verdict) {
      let outcome = found(query, kernel)
      switch verdict {
      case .found: #expect(outcome == .found(pid: 42), "\(query) \(kernel.relations)")
      case .refused:
        guard case .refused(let reason)? = outcome else {
          Issue.record("\(query) \(kernel.relations): \(String(describing: outcome))")
          return
        }
        #expect(reason.shown.contains("process 42 "))
      }
    }
    for (relation, owned, foreign, unsafePath) in relations {
      var kernel = StubKernel()
      kernel.relations[42] = relation
      for (trust, verdict) in [(PIDFileTrust.owned, owned), (.foreign, foreign), (.unsafePath, unsafePath)] {
        kernel.pidFile = .pid(42, trust)
        expect(.file(path), kernel, verdict)
      }
      expect(.verify(pid: 42, byRoot: true), kernel, owned)
      expect(.verify(pid: 42, byRoot: false), kernel, foreign)
    }
  }

  @Test func theControlProcessIsNoMainProcess() {
    var kernel = StubKernel()
    kernel.relations[42] = .member(isChild: true)
    kernel.pidFile = .pid(42, .owned)
    for role in Role.allCases {
      let children = ChildTable()
      children.add(42, MainPIDFinderTests.request(ProcessKey(run, role, serial: 0)))
      if role == .main {
        #expect(found(.file(path), kernel, children: children) == .found(pid: 42))
      } else {
        #expect(found(.file(path), kernel, children: children) == .refused(Bytes("PID file /run/x.pid: process 42 is the control process")))
      }
    }
  }

  @Test func aGuessNeedsExactlyOne() {
    var kernel = StubKernel()
    #expect(found(.guess, kernel) == .absent)
    kernel.direct = [5]
    #expect(found(.guess, kernel) == .found(pid: 5))
    kernel.direct = [5, 6]
    #expect(found(.guess, kernel) == .absent)
  }

  @Test func aFileThatIsWaitedFor() {
    for canWatch in [true, false] {
      var kernel = StubKernel()
      kernel.canWatch = canWatch
      var events: [Event] = []
      var finder = MainPIDFinder()
      let children = ChildTable()
      var now = now
      func change() {
        if canWatch { return finder.pathChanged(run.unit, children, &kernel, &events) }
        #expect(finder.wake < .never)
        now = finder.wake
        finder.step(now: now, children, &kernel, &events)
      }
      finder.find(run, .file(path), waitsForFile: true, now: now, children, &kernel, &events)
      #expect(events == [.mainPID(run, .pidFile, .absent)])
      change()
      #expect(events.count == 1, "nothing new")
      kernel.pidFile = .pid(42, .owned)
      change()
      change()
      #expect(events.count == 2, "told once")
      guard case .mainPID(run, .pidFile, .refused)? = events.last else {
        Issue.record("\(events)")
        return
      }
      kernel.relations[42] = .member(isChild: true)
      change()
      #expect(events.last == .mainPID(run, .pidFile, .found(pid: 42)))
      finder.stop(run, &kernel)
      #expect(finder.wake == .never && kernel.watchedPaths.isEmpty)
      kernel.pidFile = .pid(43, .owned)
      finder.pathChanged(run.unit, children, &kernel, &events)
      #expect(events.count == 3)
    }
  }

  /// MAINPID= while a PID file is waited for.
  @Test func anotherQuestionLeavesTheWaitAsItIs() {
    for query in [MainPIDQuery.verify(pid: 42, byRoot: false), .guess] {
      var kernel = StubKernel()
      var events: [Event] = []
      var finder = MainPIDFinder()
      let children = ChildTable()
      finder.find(run, .file(path), waitsForFile: true, now: now, children, &kernel, &events)
      finder.find(run, query, waitsForFile: false, now: now, children, &kernel, &events)
      kernel.relations[43] = .member(isChild: true)
      kernel.pidFile = .pid(43, .foreign)
      finder.pathChanged(run.unit, children, &kernel, &events)
      #expect(events.last == .mainPID(run, .pidFile, .found(pid: 43)), "\(query)")
      finder.find(run, .file(Bytes("/run/y.pid")), waitsForFile: false, now: now, children, &kernel, &events)
      #expect(kernel.watchedPaths.isEmpty, "a new question about a file takes the place of the old one")
    }
  }

  /// What an adopted process is × whether its end is told, and how.
  @Test func adopting() {
    let key = ProcessKey(run, .main, serial: 1)
    func adopt(_ relation: ProcessRelation?, endedBefore: Model.ExitStatus? = nil) -> (StubKernel, ChildTable, [Event]) {
      var kernel = StubKernel()
      let children = ChildTable()
      var events: [Event] = []
      var finder = MainPIDFinder()
      kernel.relations[42] = .member(isChild: true)
      kernel.pidFile = .pid(42, .owned)
      finder.find(run, .file(path), waitsForFile: false, now: now, children, &kernel, &events)
      events = []
      kernel.relations[42] = relation
      if let endedBefore { finder.ended(42, endedBefore) }
      finder.adopt(key, 42, children, &kernel, &events)
      return (kernel, children, events)
    }
    for relation in [ProcessRelation.member(isChild: true), .stranger(isChild: true), .unreaped] {
      let (kernel, children, events) = adopt(relation)
      #expect(events.isEmpty && kernel.watchedProcesses.isEmpty)
      #expect(children.find(42)?.key == key && children.known == [KnownChild(pid: 42, invocation: run)] && children.unreported == 0)
    }
    for relation in [ProcessRelation.member(isChild: false), .stranger(isChild: false)] {
      let (kernel, children, events) = adopt(relation)
      #expect(events.isEmpty && kernel.watchedProcesses == [42])
      #expect(children.find(42)?.key == key && children.known.isEmpty && children.pid(of: key) == 42)
      var order = KillOrder(run, number: 1, signal: .terminate, main: true, control: false, others: false)
      #expect(children.pids(of: order) == [42])
      order.main = false
      #expect(children.pids(of: order) == [])
      #expect(children.takeFollowed(42) == key && children.find(42) == nil && children.takeFollowed(42) == nil)
    }
    #expect(adopt(nil).2 == [.exited(key, .exited(0))])
    // It ended between being found and being adopted: its status is not lost.
    #expect(adopt(nil, endedBefore: .exited(4)).2 == [.exited(key, .exited(4))])
    // Its number may even be somebody else's by then.
    #expect(adopt(.stranger(isChild: false), endedBefore: .killed(.kill)).2 == [.exited(key, .killed(.kill))])
  }

  /// It stays the other run's child, whose end is told with its status; this run learns of the end besides.
  @Test func anotherRunsProcessIsSharedNotTaken() {
    var kernel = StubKernel()
    kernel.relations[42] = .stranger(isChild: true)
    let children = ChildTable()
    var events: [Event] = []
    var finder = MainPIDFinder()
    let other = ProcessKey(Invocation(unit: UnitID(8), number: 3), .main, serial: 0)
    let key = ProcessKey(run, .main, serial: 1)
    children.add(42, MainPIDFinderTests.request(other))
    finder.adopt(key, 42, children, &kernel, &events)
    #expect(events.isEmpty && children.find(42)?.key == other && kernel.watchedProcesses == [42])
    #expect(children.pid(of: key) == 42 && children.pid(of: other) == 42)
    children.remove(42)
    #expect(children.takeFollowed(42) == key)
  }
}
