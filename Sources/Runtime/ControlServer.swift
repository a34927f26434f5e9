import Model
import Supervision
import Wire

/// What a client of the control socket has to reckon with.
public enum ControlLimits {
  /// Connections at once, of all clients together; one more is answered `busy`, and its client tries again.
  public static let clientsMax = 64
}

/// The control connections: bytes in, requests out; replies in, bytes out (DESIGN section 8). Every request that was
/// taken is answered once, or its client is gone.
struct ControlServer {
  /// Slots that readers of the control group cannot take.
  static let reservedSlots = 4
  /// Beyond so much unsent output no further request of that client is taken.
  static let unsentMax = 256 * 1024
  /// A request that was begun must be whole by then; a silent connection may be dropped for another after it.
  static let idleLimit = TimeSpan(seconds: 10)
  /// Bytes of one read.
  static let readSize = 4096

  /// Of a class, because it is large and taken out of its list everywhere.
  private final class Client {
    let id: ClientID
    let mayWrite: Bool
    var parser = HTTPRequestParser()
    var output = Bytes()
    var sent = 0
    /// The request that waits for its reply.
    var request: RequestID? = nil
    var keepAlive = true
    var closesWhenSent = false
    /// Its socket is watched for bytes.
    var isRead = true
    var lastActivity: Instant
    var unsent: Int { output.count - sent }

    init(_ id: ClientID, mayWrite: Bool, now: Instant) {
      self.id = id
      self.mayWrite = mayWrite
      lastActivity = now
    }
  }

  private let ownUID: UInt32
  private let groupID: UInt32?
  private var clients: [Client] = []
  private var nextRequest: UInt64 = 1

  init(ownUID: UInt32, groupID: UInt32?) {
    self.ownUID = ownUID
    self.groupID = groupID
  }

  /// Only a request that was begun and is not whole has a deadline: an idle connection wakes nobody.
  var wake: Instant {
    var earliest = Instant.never
    for client in clients where client.parser.isInRequest && client.request == nil {
      earliest = min(earliest, client.lastActivity + ControlServer.idleLimit)
    }
    return earliest
  }

  // MARK: Connections

  mutating func accept(now: Instant, _ kernel: inout some Kernel) {
    for _ in 0..<ControlLimits.clientsMax {
      guard let accepted = kernel.accept() else { return }
      // 65534 is what the kernel says of a uid that has no name in this user namespace.
      let isPrivileged = accepted.uid != 65534 && (accepted.uid == 0 || accepted.uid == ownUID)
      let isReader = groupID != nil && accepted.gid == groupID
      let limit = isPrivileged ? ControlLimits.clientsMax : ControlLimits.clientsMax - ControlServer.reservedSlots
      if !isPrivileged && !isReader {
        kernel.close(accepted.id)
        continue
      }
      if clients.count >= limit && !makeRoom(forPrivileged: isPrivileged, &kernel) {
        refuse(accepted.id, &kernel)
        continue
      }
      clients.append(Client(accepted.id, mayWrite: isPrivileged, now: now))
    }
  }

  /// Full: who has been silent longest without a whole request gives way; readers first, for the privileged.
  private mutating func makeRoom(forPrivileged: Bool, _ kernel: inout some Kernel) -> Bool {
    var victim: Int? = nil
    for index in clients.indices where clients[index].request == nil && (forPrivileged || !clients[index].mayWrite) {
      if let best = victim, clients[best].lastActivity <= clients[index].lastActivity { continue }
      victim = index
    }
    guard let victim else { return forPrivileged && dropVanished(&kernel) }
    // Its request may be on its way.
    if clients[victim].unsent == 0 { refuse(clients[victim].id, &kernel) } else { kernel.close(clients[victim].id) }
    clients.remove(at: victim)
    return true
  }

  /// Whoever apus serves is told that there is no slot for him now, so that he asks again.
  private func refuse(_ id: ClientID, _ kernel: inout some Kernel) {
    let answer = httpError(status: 503, message: Bytes("too many clients at once"), keepAlive: false)
    _ = kernel.send(id, answer[...])
    kernel.close(id)
  }

  /// All slots wait for answers. Who waits is not read, so that nobody has noticed that a client is gone: now it is asked.
  private mutating func dropVanished(_ kernel: inout some Kernel) -> Bool {
    for index in clients.indices where clients[index].parser.room > 0 {
      switch kernel.receive(clients[index].id, limit: min(ControlServer.readSize, clients[index].parser.room)) {
      case .nothingYet: continue
      case .bytes(let bytes): clients[index].parser.feed(bytes)
      case .closed:
        drop(index, &kernel)
        return true
      }
    }
    return false
  }

  private mutating func drop(_ index: Int, _ kernel: inout some Kernel) {
    kernel.close(clients[index].id)
    clients.remove(at: index)
  }

  mutating func dropIdle(now: Instant, _ kernel: inout some Kernel) {
    var index = clients.count - 1
    while index >= 0 {
      let client = clients[index]
      if client.parser.isInRequest && client.request == nil && client.lastActivity + ControlServer.idleLimit <= now {
        drop(index, &kernel)
      }
      index -= 1
    }
  }

  private func find(_ id: ClientID) -> Int? { clients.firstIndex { $0.id == id } }

  // MARK: In

  mutating func readable(_ id: ClientID, now: Instant, _ kernel: inout some Kernel, _ requests: inout [(RequestID, Request)]) {
    guard let index = find(id) else { return }
    switch kernel.receive(id, limit: min(ControlServer.readSize, max(1, clients[index].parser.room))) {
    case .nothingYet: return
    case .closed: drop(index, &kernel)
    case .bytes(let bytes):
      // Progress is a whole request: a byte now and then does not keep a slot.
      if !clients[index].parser.isInRequest { clients[index].lastActivity = now }
      clients[index].parser.feed(bytes)
      advance(index, now: now, &kernel, &requests)
    }
  }

  /// Takes the next request, if none waits for its answer and the output is not piled up, and sends what it can.
  private mutating func advance(_ start: Int, now: Instant, _ kernel: inout some Kernel, _ requests: inout [(RequestID, Request)]) {
    let id = clients[start].id
    var index = start
    while true {
      let isPiledUp = takeRequests(index, now: now, &requests)
      flush(index, &kernel)
      guard let found = find(id) else { return }
      index = found
      if !isPiledUp || clients[index].unsent >= ControlServer.unsentMax { break }
    }
    // One request at a time: what comes behind it stays in the socket, and so it does behind answers that are not read.
    let client = clients[index]
    setReads(index, client.request == nil && !client.closesWhenSent && client.unsent < ControlServer.unsentMax, &kernel)
  }

  /// True when it stopped at `unsentMax`.
  private mutating func takeRequests(_ index: Int, now: Instant, _ requests: inout [(RequestID, Request)]) -> Bool {
    while clients[index].request == nil && !clients[index].closesWhenSent {
      if clients[index].unsent >= ControlServer.unsentMax { return true }
      switch clients[index].parser.next() {
      case .needMore: return false
      case .malformed(let status, let message):
        clients[index].closesWhenSent = true
        clients[index].output += httpError(status: status, message: message, keepAlive: false)
      case .request(let request):
        clients[index].lastActivity = now
        take(request, index, &requests)
      }
    }
    return false
  }

  private mutating func setReads(_ index: Int, _ wanted: Bool, _ kernel: inout some Kernel) {
    if clients[index].isRead == wanted { return }
    clients[index].isRead = wanted
    kernel.setWantsReadable(clients[index].id, wanted)
  }

  private mutating func take(_ request: HTTPRequest, _ index: Int, _ requests: inout [(RequestID, Request)]) {
    clients[index].keepAlive = request.keepAlive
    switch route(request) {
    case .failure(let error):
      clients[index].output += httpError(
        status: error.status, message: error.message, keepAlive: request.keepAlive, allow: error.allow)
      clients[index].closesWhenSent = !request.keepAlive
    case .success(let wanted) where requiresWrite(wanted) && !clients[index].mayWrite:
      clients[index].output += httpError(
        status: 403, message: Bytes("members of the control group may only read"), keepAlive: request.keepAlive)
      clients[index].closesWhenSent = !request.keepAlive
    case .success(let wanted):
      let id = RequestID(nextRequest)
      nextRequest += 1
      clients[index].request = id
      requests.append((id, wanted))
    }
  }

  // MARK: Out

  /// Hands a reply to its client, if that is still there, and goes on with what it sent meanwhile.
  mutating func reply(_ id: RequestID, _ reply: Reply, now: Instant, _ kernel: inout some Kernel, _ requests: inout [(RequestID, Request)])
  {
    guard let index = clients.firstIndex(where: { $0.request == id }) else { return }
    clients[index].request = nil
    clients[index].lastActivity = now
    clients[index].output += httpResponse(reply, keepAlive: clients[index].keepAlive)
    clients[index].closesWhenSent = !clients[index].keepAlive
    advance(index, now: now, &kernel, &requests)
  }

  mutating func writable(_ id: ClientID, now: Instant, _ kernel: inout some Kernel, _ requests: inout [(RequestID, Request)]) {
    guard let index = find(id) else { return }
    flush(index, &kernel)
    if let index = find(id) { advance(index, now: now, &kernel, &requests) }
  }

  private mutating func flush(_ index: Int, _ kernel: inout some Kernel) {
    while clients[index].unsent > 0 {
      guard let count = kernel.send(clients[index].id, clients[index].output[clients[index].sent...]) else {
        return drop(index, &kernel)
      }
      if count == 0 {
        kernel.setWantsWritable(clients[index].id, true)
        return
      }
      clients[index].sent += count
    }
    if clients[index].sent > 0 {
      clients[index].output.removeAll()
      clients[index].sent = 0
      kernel.setWantsWritable(clients[index].id, false)
    }
    if clients[index].closesWhenSent { drop(index, &kernel) }
  }

  /// Apus leaves: who still waits is told, and what can be sent at once is sent.
  mutating func closeAll(_ kernel: inout some Kernel) {
    while !clients.isEmpty {
      let index = clients.count - 1
      if clients[index].request != nil {
        let reply = Reply.failed(.shuttingDown, message: Bytes("apus is leaving"), diagnostics: [])
        clients[index].output += httpResponse(reply, keepAlive: false)
      }
      while clients[index].unsent > 0 {
        guard let count = kernel.send(clients[index].id, clients[index].output[clients[index].sent...]), count > 0 else { break }
        clients[index].sent += count
      }
      drop(index, &kernel)
    }
  }
}
