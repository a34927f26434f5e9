#if !EMBEDDED
import Model
import Runtime

/// One control client: its moves are laid down at birth, its bytes pass through a virtual socket.
public final class VirtualClient {
  public enum Move: Sendable {
    /// Bytes become readable for apus.
    case give(Bytes)
    /// It reads: so many more bytes fit into the socket.
    case take(Int)
    /// It closes; what it gave before stays readable.
    case hangUp
  }

  public let id: UInt32
  public let uid: UInt32
  var moves: [(afterMs: Int64, move: Move)]
  /// Given, not yet received by apus.
  var inbox = Bytes()
  /// What apus sent.
  public internal(set) var received = Bytes()
  var room: Int
  let connectedAt: Int64
  var isAccepted = false
  public internal(set) var hasHungUp = false
  public internal(set) var closedByServer = false
  var wantsReadable = true
  var wantsWritable = false
  /// Opaque to the world: which conversation of the scenario this is.
  public let conversation: Int

  init(id: UInt32, uid: UInt32, moves: [(afterMs: Int64, move: Move)], room: Int, connectedAt: Int64, conversation: Int) {
    self.id = id
    self.connectedAt = connectedAt
    self.uid = uid
    self.moves = moves
    self.room = room
    self.conversation = conversation
  }

  /// apus has taken everything it ever says, and it has room for an answer.
  var wasHeard: Bool {
    for case (_, .give) in moves { return false }
    return isAccepted && inbox.isEmpty && room > 100_000
  }

  var isReadable: Bool { !inbox.isEmpty || hasHungUp }
  var isWritable: Bool { room > 0 || hasHungUp }
}

extension World {
  /// Connections that nobody has closed.
  var openClients: [VirtualClient] { clients.filter(\.isAccepted) }

  /// A client connects; its first move comes after its own delay.
  public func connect(uid: UInt32, moves: [(afterMs: Int64, move: VirtualClient.Move)], room: Int, conversation: Int) {
    nextClient += 1
    let client = VirtualClient(id: nextClient, uid: uid, moves: moves, room: room, connectedAt: clock, conversation: conversation)
    clients.append(client)
    backlog.append(client.id)
    note("client-connects", Int64(client.id), Int64(uid))
    scheduleNextMove(client)
  }

  private func scheduleNextMove(_ client: VirtualClient) {
    guard let next = client.moves.first else { return }
    later(.client(client.id), ms: next.afterMs)
  }

  func client(_ id: UInt32) -> VirtualClient? {
    for client in clients where client.id == id { return client }
    return nil
  }

  func moveClient(_ id: UInt32) {
    guard let client = client(id), !client.moves.isEmpty else { return }
    switch client.moves.removeFirst().move {
    case .give(let bytes): client.inbox += bytes
    case .take(let count): client.room += count
    case .hangUp:
      client.hasHungUp = true
      note("client-hangs-up", Int64(id))
      if !client.isAccepted { end(client) }
    }
    scheduleNextMove(client)
  }

  /// The connection is over: its answers are judged now.
  private func end(_ client: VirtualClient) {
    clients.removeAll { $0.id == client.id }
    backlog.removeAll { $0 == client.id }
    onClientEnd?(client)
  }

  private func accepted(_ id: ClientID, _ call: StaticString) -> VirtualClient? {
    if let client = client(id.number), client.isAccepted { return client }
    violate("client-after-close", Bytes(call) + " on client \(id.number), which is closed".bytes)
    return nil
  }

  func acceptNext() -> AcceptedClient? {
    while !backlog.isEmpty {
      let id = backlog.removeFirst()
      guard let client = client(id) else { continue }
      client.isAccepted = true
      note("accept", Int64(id))
      return AcceptedClient(id: ClientID(id), uid: client.uid, gid: client.uid)
    }
    return nil
  }

  func receiveFrom(_ id: ClientID, limit: Int) -> ReceiveOutcome {
    guard let client = accepted(id, "receive") else { return .closed }
    guard !client.inbox.isEmpty else { return client.hasHungUp ? .closed : .nothingYet }
    var count = min(limit, client.inbox.count)
    if strikes("a client gives a part", perMille: faults.partial) { count = 1 + random.below(count) }
    let bytes = Bytes(client.inbox.prefix(count))
    client.inbox.removeFirst(count)
    return .bytes(bytes)
  }

  func sendTo(_ id: ClientID, _ bytes: ArraySlice<UInt8>) -> Int? {
    guard let client = accepted(id, "send") else { return nil }
    if client.hasHungUp { return nil }
    var count = min(client.room, bytes.count)
    if count > 1, random.chance(perMille: faults.partial) { count = 1 + random.below(count) }
    client.received += bytes.prefix(count)
    client.room -= count
    return count
  }

  func wants(_ id: ClientID, readable: Bool? = nil, writable: Bool? = nil) {
    guard let client = accepted(id, "setWants") else { return }
    if let readable { client.wantsReadable = readable }
    if let writable { client.wantsWritable = writable }
  }

  func closeClient(_ id: ClientID) {
    guard let client = accepted(id, "close") else { return }
    client.closedByServer = true
    note("close", Int64(id.number), Int64(client.received.count))
    end(client)
  }
}
#endif
