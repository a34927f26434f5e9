import Model
import Testing

@testable import Runtime
@testable import Supervision

/// `StandardInput=socket` and its kin, as systemd 252 was seen to do it; stored descriptors are passed besides (units.md d.1).
@Suite struct SocketStreamTests {
  private static let socket = PassedDescriptor(id: DescriptorID(7), name: Bytes("connection"), isStored: false)
  private static let stored = PassedDescriptor(id: DescriptorID(8), name: Bytes("kept"))

  private func plan(
    _ descriptors: [PassedDescriptor], role: Role = .main, _ input: StandardStream, _ output: StandardStream = .unset,
    _ error: StandardStream = .unset
  ) -> Result<SpawnPlan, SpawnFailure> {
    let exec = ExecSettings()
    exec.standardInput = input
    exec.standardOutput = output
    exec.standardError = error
    var request = SpawnRequest(
      key: ProcessKey(Invocation(unit: UnitID(1), number: 1), role, serial: 1), unitName: Bytes("a.service"),
      command: ExecCommand(path: Bytes("/bin/true"), arguments: [Bytes("true")]), exec: exec, environment: [])
    request.descriptors = descriptors
    request.isInetd = exec.usesSocket
    var kernel = StubKernel()
    return SpawnPreparation(environment: [], ownUID: 0, ownGID: 0).plan(request, &kernel)
  }

  private func streams(
    _ descriptors: [PassedDescriptor], role: Role = .main, _ input: StandardStream, _ output: StandardStream = .unset,
    _ error: StandardStream = .unset
  ) -> [StreamPlan] {
    guard case .success(let plan) = plan(descriptors, role: role, input, output, error) else { return [] }
    return [plan.stdin, plan.stdout, plan.stderr]
  }

  @Test func whichStreamIsTheSocket() {
    let own = StreamPlan.descriptor(0)
    let one = [Self.socket]
    #expect(streams(one, .socket) == [own, .sameAsStdin, .sameAsStdout])
    #expect(streams(one, .socket, .inherit, .inherit) == [own, .sameAsStdin, .sameAsStdout])
    #expect(streams(one, .socket, .socket, .socket) == [own, own, .sameAsStdout])
    #expect(streams(one, .socket, .journal) == [own, .inherit, .inherit])
    #expect(streams(one, .socket, .unset, .journal) == [own, .sameAsStdin, .inherit])
    #expect(streams(one, .socket, .null) == [own, .null, .sameAsStdout])
    #expect(streams(one, .unset, .socket) == [.null, own, .sameAsStdout])
    #expect(streams(one, .null, .journal, .socket) == [.null, .inherit, own])
    #expect(streams(one, .unset) == [.null, .inherit, .inherit], "nobody asks for it")
    for role in [Role.startPre, .startPost, .stop, .stopPost, .reload, .condition] {
      #expect(streams(one, role: role, .socket) == [own, .sameAsStdin, .sameAsStdout], "all commands have it")
    }
  }

  @Test func whatElseIsPassed() throws {
    let plan = try plan([Self.socket, Self.stored], .socket, .unset, .descriptor(Bytes("kept"))).get()
    #expect(plan.socket == DescriptorID(7) && plan.descriptors == [DescriptorID(8)] && plan.activatedDescriptors == 0)
    #expect([plan.stdin, plan.stdout, plan.stderr] == [.descriptor(1), .sameAsStdin, .descriptor(0)])
    #expect(plan.environment.contains(Bytes("LISTEN_FDS=1")) && plan.environment.contains(Bytes("LISTEN_FDNAMES=kept")))
    let alone = try self.plan([Self.socket], .socket).get()
    #expect(alone.descriptors.isEmpty && !alone.environment.contains { $0.starts(with: "LISTEN_") })
    let plain = try self.plan([Self.socket, Self.stored], .unset).get()
    #expect(plain.socket == nil && plain.descriptors.count == 2 && plain.activatedDescriptors == 1)
    #expect(plain.environment.contains(Bytes("LISTEN_FDNAMES=connection:kept")))
  }

  @Test func noneOrTooMany() {
    guard case .failure(let none) = plan([Self.stored], .socket) else { return #expect(Bool(false), "without a socket") }
    #expect(none.message.shown == "StandardInput=socket: no socket is passed to the service; start its .socket unit")
    guard case .failure(let two) = plan([Self.socket, Self.socket], .socket) else { return #expect(Bool(false), "with two sockets") }
    #expect(two.message.shown == "StandardInput=socket: 2 sockets are passed to the service, one can be its stream")
    #expect(streams([], role: .stopPost, .socket) == [.null, .inherit, .inherit])
    #expect(streams([], role: .stopPost, .unset, .socket) == [.null, .inherit, .inherit])
  }
}
