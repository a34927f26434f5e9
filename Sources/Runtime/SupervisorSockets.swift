import Model
import Supervision

/// A listener that is watched: whose it is, and whether its connections are accepted here.
struct WatchedListener {
  var unit: UnitID
  var accepts: Bool
  /// How often in a row one connection was all there was, as far as was asked.
  var alone = 0
  /// The turn that accepted here last, and how many turns in a row did not ask for more.
  var last: (turn: UInt64, unasked: Int) = (0, 0)
}

// Sockets and paths: what comes there, and what Supervision wants done with them.

extension Supervisor {
  /// Connections accepted at one listener in one turn; more wait in its queue, in order.
  static var acceptLimit: Int { 64 }
  /// After so many connections that came alone, it is not asked whether there is another,
  static var aloneMin: Int { 4 }
  /// but in every so many turns in a row.
  static var unaskedLimit: Int { 3 }

  /// Something waits at a listener: it is told, or accepted. A watch that nobody wants any more says nothing.
  mutating func collectTraffic(_ unit: UnitID, _ id: DescriptorID, _ came: inout [Event]) {
    guard let watched = listeners[id], watched.unit == unit else { return }
    if !watched.accepts {
      listeners[id] = nil
      came.append(.traffic(unit, id))
      return
    }
    // To ask whether there is another costs as much as to accept it. Where they come one by one that is spared: if one was not
    // alone, the rest wakes the next turn at once.
    let unasked = watched.last.turn &+ 1 == turns ? watched.last.unasked : 0
    let takesOne = watched.alone >= Self.aloneMin && unasked < Self.unaskedLimit
    var count = 0
    defer {
      var next = watched
      next.last = (turns, takesOne ? unasked + 1 : 0)
      if !takesOne { next.alone = count == 1 ? min(watched.alone + 1, Self.aloneMin) : 0 }
      if listeners[id] != nil { listeners[id] = next }
    }
    for _ in 0..<(takesOne ? 1 : Self.acceptLimit) {
      switch lacksDescriptors ? .failed(errno: Errno.EMFILE) : kernel.acceptConnection(id) {
      case .connection(let connection):
        came.append(.accepted(unit, connection))
        count += 1
      case .nothing: return
      case .failed(let errno):
        unwatchListener(id)
        came.append(.listenerFailed(unit, id, errno: errno, isWatch: false))
        return
      }
    }
  }

  mutating func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) {
    if listeners[id] != nil { kernel.unwatchListener(id) }
    let errno = kernel.watchListener(unit, id, accepts: accepts)
    listeners[id] = errno == 0 ? WatchedListener(unit: unit, accepts: accepts) : nil
    if errno != 0 { pending.append(.listenerFailed(unit, id, errno: errno, isWatch: true)) }
  }

  mutating func unwatchListener(_ id: DescriptorID) {
    if listeners.removeValue(forKey: id) != nil { kernel.unwatchListener(id) }
  }

  mutating func listen(_ request: ListenRequest) {
    dropUntold(request.unit)
    var plan = ListenPlan(settings: request.settings, uid: nil, gid: nil)
    let settings = request.settings
    if !settings.user.isEmpty {
      let passwd = accountFile("/etc/passwd")
      guard let uid = Accounts.userID(settings.user, in: passwd) else {
        return cannotListen(request, "SocketUser=" + settings.user + ": no such user")
      }
      plan.uid = uid
      plan.gid = Accounts.user(settings.user, in: passwd)?.gid
    }
    if !settings.group.isEmpty {
      guard let gid = Accounts.group(settings.group, in: accountFile("/etc/group")) else {
        return cannotListen(request, "SocketGroup=" + settings.group + ": no such group")
      }
      plan.gid = gid
    }
    var warnings: [Bytes] = []
    let outcome = kernel.openListeners(plan, warnings: &warnings)
    for warning in warnings { say(.warning, request.unitName + ": " + warning) }
    pending.append(.listening(request.unit, run: request.run, outcome))
  }

  /// What a start opened that a restart in the same turn has overtaken: it would be in the new one's way.
  private mutating func dropUntold(_ unit: UnitID) {
    for index in pending.indices.reversed() {
      guard case .listening(unit, _, let outcome) = pending[index] else { continue }
      if case .open(let ids) = outcome { close(ids) }
      pending.remove(at: index)
    }
  }

  private mutating func cannotListen(_ request: ListenRequest, _ why: Bytes) {
    pending.append(.listening(request.unit, run: request.run, .failed(why, mayPass: false)))
  }

  private mutating func accountFile(_ path: StaticString) -> Bytes {
    if case .contents(let bytes) = kernel.readFile(Bytes(path), limit: 1 << 20) { return bytes }
    return []
  }

  mutating func watchPaths(_ unit: UnitID, run: UInt32, _ specs: [PathSpec], makesDirectory: UInt32?, looks: Bool) {
    if let why = kernel.watchPaths(unit, specs, makesDirectory: makesDirectory, looks: looks) {
      watchedPaths[unit] = nil
      pending.append(.pathsFailed(unit, run: run, why))
    } else {
      watchedPaths[unit] = run
    }
  }

  mutating func unwatchPaths(_ unit: UnitID) {
    if watchedPaths.removeValue(forKey: unit) != nil { kernel.unwatchPaths(unit) }
  }
}

extension Supervisor {
  /// An instance for a connection: made of what was read at the last load, without touching a file.
  mutating func instantiate(_ unit: UnitID, _ template: UnitName, _ name: UnitName) {
    var made: Unit? = nil
    var problem = Bytes("it is not loaded")
    if let socket = manager.name(of: unit), let found = manager.templates.first(where: { $0.name == template }) {
      switch found.make(name, socket) {
      case .made(let instance): made = instance
      case .failed(let why): problem = why
      }
    }
    if made == nil { say(.warning, text("cannot make \(name.bytes) of its template: \(problem)")) }
    pending.append(.instantiated(unit, name: name, made))
  }
}
