import Model
import Testing

@testable import Supervision

/// What a run leaves behind: directories and PID files that go, and processes that stay (units.md c.3, c.6, c.9).
@Suite struct CleaningTests {
  static func withDirectories(_ preserve: Preservation) -> Unit {
    service("a") {
      var runtime = DirectorySettings(kind: .runtime)
      runtime.directories = [ManagedDirectory(name: Bytes("a"), symlink: Bytes("b")), ManagedDirectory(name: Bytes("c/d"))]
      var state = DirectorySettings(kind: .state)
      state.directories = [ManagedDirectory(name: Bytes("s"))]
      $0.exec = ExecSettings()
      $0.exec.directories = [state, runtime]
      $0.exec.runtimeDirectoryPreserve = preserve
      $0.restart = .always
    }
  }

  //                                  stop  restart job  by itself
  static let cells: [(Preservation, [Bool])] = [
    (.no, [true, true, true]), (.restart, [true, false, false]), (.yes, [false, false, false]),
  ]

  @Test(arguments: cells.indices) func runtimeDirectoriesGo(row: Int) {
    let (preserve, cells) = Self.cells[row]
    for (way, isRemoved) in cells.enumerated() {
      var world = World([Self.withDirectories(preserve)], starting: ["a.service"], options: staying())
      switch way {
      case 0: _ = world.job(.stop, "a.service")
      case 1: _ = world.job(.restart, "a.service")
      default: world.end("a.service")
      }
      let paths = world.cleaned.map { $0.map { $0.shown } }
      #expect(paths == (isRemoved ? [["/run/a", "/run/b", "/run/c/d"]] : []), "\(preserve.name) × \(way)")
    }
  }

  @Test func aStopIsDoneWhenTheyAreGone() {
    var world = World([Self.withDirectories(.no)], starting: ["a.service"], options: staying())
    world.cleansAtOnce = false
    let stop = world.job(.stop, "a.service")
    #expect(world.state("a.service") == .cleaning)
    #expect(world.state("a.service")?.active == .deactivating)
    #expect(world.result(stop) == nil)
    guard let run = world.invocation("a.service") else { return }
    world.send(.cleaned(Invocation(unit: run.unit, number: run.number + 7)))
    #expect(world.state("a.service") == .cleaning)
    world.send(.cleaned(run))
    #expect(world.result(stop) == .done)
    #expect(world.state("a.service") == .dead)
    world.send(.cleaned(run))
    #expect(world.state("a.service") == .dead)
  }

  /// A start that comes meanwhile waits, and a stop takes the restart back.
  @Test func requestsWhileItCleans() {
    for stops in [true, false] {
      var world = World([Self.withDirectories(.no)], starting: ["a.service"], options: staying())
      world.cleansAtOnce = false
      world.end("a.service", .main, .exited(1))
      #expect(world.state("a.service") == .cleaning)
      let job = world.job(stops ? .stop : .start, "a.service")
      #expect(world.result(job) == nil)
      if let run = world.invocation("a.service") { world.send(.cleaned(run)) }
      #expect(world.result(job) == .done)
      #expect(world.state("a.service") == (stops ? .failed : .running))
    }
  }

  // MARK: Processes that SendSIGKILL=no leaves

  static func database(_ mode: KillMode = .mixed) -> Unit {
    service("a") {
      $0.sendSIGKILL = false
      $0.killMode = mode
      $0.restart = .no
      $0.timeoutStop = TimeSpan(seconds: 2)
      $0.startPre = [command("/bin/pre")]
    }
  }

  /// The service is stopped, and somebody of it stays.
  static func left(_ mode: KillMode = .mixed) -> (World, Invocation)? {
    var world = World([database(mode)], starting: ["a.service"], options: staying())
    world.end("a.service", .startPre)
    guard let run = world.invocation("a.service") else { return nil }
    world.others[run] = 1
    world.isStubborn = true
    _ = world.job(.stop, "a.service")
    world.advance(TimeSpan(seconds: 20))
    return (world, run)
  }

  @Test(arguments: KillMode.allCases) func whatIsLeftKeepsTheNextStartBack(mode: KillMode) {
    guard case (var world, let run)? = Self.left(mode) else { return }
    // Only the modes that mean to end everybody mind.
    let minds = mode == .mixed || mode == .controlGroup
    #expect(world.record("a.service")?.isDown == true)
    let spawned = world.spawns.count
    let refused = world.job(.start, "a.service")
    if !minds {
      #expect(world.spawns.count == spawned + 1)
      return
    }
    #expect(world.result(refused) == .failed)
    #expect(world.state("a.service") == .failed)
    #expect(world.record("a.service")?.service.result == .resources)
    #expect(world.spawns.count == spawned, "nothing was started")
    let again = world.job(.start, "a.service")
    #expect(world.result(again) == .failed)
    world.others[run] = 0
    let allowed = world.job(.start, "a.service")
    world.end("a.service", .startPre)
    #expect(world.result(allowed) == .done)
    #expect(world.state("a.service") == .running)
  }

  /// A refused start removes nothing: the PID file belongs to who still lives.
  @Test func aRefusedStartRemovesNothing() {
    guard var (world, _) = Self.left() else { return }
    let before = world.cleaned.count
    _ = world.job(.start, "a.service")
    #expect(world.cleaned.count == before)
  }
}
