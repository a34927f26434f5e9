import Model
import Testing

@testable import Supervision

/// The commands of a socket: when they run, and what they get (units.md d.1).
@Suite struct SocketCommandTests {
  /// A socket with all commands, two of ExecStopPost=, and its service.
  private func withCommands(_ change: (inout SocketSettings) -> Void = { _ in }) -> World {
    let socket = ActivationTests.socket("a") {
      $0.process.startPre = [ExecCommand(path: Bytes("/pre"), arguments: [])]
      $0.process.startPost = [ExecCommand(path: Bytes("/post"), arguments: [])]
      $0.process.stop = [ExecCommand(path: Bytes("/stoppre"), arguments: [])]
      $0.process.stopPost = [ExecCommand(path: Bytes("/stoppost"), arguments: []), ExecCommand(path: Bytes("/last"), arguments: [])]
      $0.removeOnStop = true
      $0.listen.listeners = [
        Listener(kind: .stream, address: .unix(Bytes("/run/a")), text: Bytes("/run/a")),
        Listener(kind: .messageQueue, address: .path(Bytes("/queue")), text: Bytes("/queue")),
      ]
      change(&$0)
    }
    return World([socket, service("a")], starting: ["a.socket"])
  }

  /// Only the socket's own, and only once there is something to get; not the service's (systemd 256).
  @Test(arguments: [false, true]) func itsCommandsGetWhatItListensOn(passes: Bool) {
    var world = withCommands {
      $0.passesToExec = passes
      $0.descriptorName = Bytes("web")
    }
    for role in [Role.startPre, .startPost] { world.end("a.socket", role) }
    let listeners = world.listeners("a.socket")
    _ = world.job(.stop, "a.socket")
    world.end("a.socket", .stop)
    #expect(world.closed == listeners, "closed as soon as the first ExecStopPost= has its own")
    for _ in 0..<2 { world.end("a.socket", .stopPost) }
    let given = passes ? listeners : []
    #expect(world.spawns.map { $0.descriptors.map { $0.id } } == [[], given, given, given, []])
    #expect(world.spawns.allSatisfy { $0.descriptors.allSatisfy { $0.name == Bytes("web") } })
    #expect(world.state("a.socket") == .dead && world.closed == listeners)
  }

  /// systemd 252: before it has opened anything there is nothing to stop; then it is closed as by a stop.
  @Test func itsCommandsThatFail() {
    var world = withCommands()
    world.end("a.socket", .startPre, .exited(1))
    #expect(world.state("a.socket") == .failed && world.spawns.count == 1)
    world = withCommands()
    world.outside.listenFailure = Bytes("no")
    world.end("a.socket", .startPre)
    for role in [Role.stop, .stopPost, .stopPost] { world.end("a.socket", role) }
    #expect(world.state("a.socket") == .failed)
    #expect(world.spawns.map { $0.command.path.shown } == ["/pre", "/stoppre", "/stoppost", "/last"])
    world = withCommands()
    world.end("a.socket", .startPre)
    world.end("a.socket", .startPost, .exited(1))
    #expect(world.sub("a.socket") == "stop-pre" && world.closed.isEmpty)
    for role in [Role.stop, .stopPost, .stopPost] { world.end("a.socket", role) }
    #expect(world.state("a.socket") == .failed && world.closed.count == 2)
  }

  @Test func itsCommandsRunAroundIt() {
    var world = withCommands()
    #expect(world.sub("a.socket") == "start-pre")
    #expect(world.listeners("a.socket").isEmpty)
    world.end("a.socket", .startPre)
    #expect(world.sub("a.socket") == "start-post")
    #expect(world.listeners("a.socket").count == 2)
    #expect(!world.isWatched("a.socket"))
    world.end("a.socket", .startPost)
    #expect(world.isWatched("a.socket"))
    _ = world.job(.stop, "a.socket")
    #expect(world.sub("a.socket") == "stop-pre")
    #expect(world.closed.isEmpty, "still open in ExecStopPre=")
    world.end("a.socket", .stop)
    #expect(world.sub("a.socket") == "stop-post")
    #expect(world.closed.count == 2)
    #expect(world.outside.removed == [Bytes("/run/a"), Bytes("queue")])
    for _ in 0..<2 { world.end("a.socket", .stopPost) }
    #expect(world.state("a.socket") == .dead)
  }
}
