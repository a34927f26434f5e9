import Model

@testable import Supervision

/// Sockets and paths as a manager sees them: what is open, what is watched, and what tests let happen there.
struct OutsideWorld {
  /// Open listeners, and the unit each belongs to.
  var open: [DescriptorID: UnitID] = [:]
  var watched: [DescriptorID: Bool] = [:]
  var flushed: [DescriptorID] = []
  var removed: [Bytes] = []
  var sent: [(DescriptorID, Bytes)] = []
  /// Why nothing can be opened.
  var listenFailure: Bytes? = nil
  var mayPass = false
  /// What templates make; nil: nothing can be made.
  var template: Unit? = nil
  var connections: UInt32? = 0
  var hadTraffic = false
  var counted = 0
  var paths: [UnitID: (run: UInt32, specs: [PathSpec], looks: Bool)] = [:]
  /// Index of a spec that holds whenever it is looked at.
  var holds: Int? = nil
  var pathFailure: Bytes? = nil
  private var next: UInt32 = 100

  mutating func perform(_ effect: Effect) -> [Event] {
    switch effect {
    case .listen(let request):
      if let listenFailure { return [.listening(request.unit, run: request.run, .failed(listenFailure, mayPass: mayPass))] }
      var ids: [DescriptorID] = []
      for _ in request.settings.listeners {
        ids.append(descriptor())
        open[ids[ids.count - 1]] = request.unit
      }
      return [.listening(request.unit, run: request.run, .open(ids))]
    case .watchListener(_, let id, let accepts): watched[id] = accepts
    case .unwatchListener(let id): watched[id] = nil
    case .flushListener(let id): flushed.append(id)
    case .removeNodes(let nodes): removed += nodes
    case .sendFile(let id, let path): sent.append((id, path))
    case .countConnections(let unit, let run, _):
      counted += 1
      return [.connections(unit, run: run, count: connections, hadTraffic: hadTraffic)]
    case .instantiate(let unit, _, let name):
      let made = template?.copy()
      made?.name = name
      return [.instantiated(unit, name: name, made)]
    case .watchPaths(let unit, let run, let specs, _, let looks):
      if let pathFailure { return [.pathsFailed(unit, run: run, pathFailure)] }
      paths[unit] = (run, specs, looks)
      if looks, let holds { return [.pathHit(unit, run: run, index: holds)] }
    case .unwatchPaths(let unit): paths[unit] = nil
    default: break
    }
    return []
  }

  mutating func descriptor() -> DescriptorID {
    next += 1
    return DescriptorID(next)
  }
}

extension World {
  func sub(_ name: String) -> String { record(name).map { "\($0.subState)" } ?? "" }
  func listeners(_ name: String) -> [DescriptorID] { record(name)?.socket?.descriptors ?? [] }
  func isWatched(_ name: String) -> Bool {
    let ids = listeners(name)
    return !ids.isEmpty && ids.allSatisfy { outside.watched[$0] != nil }
  }

  /// Something waits at the first listener of a socket that is watched.
  mutating func traffic(_ name: String, _ index: Int = 0) {
    guard let unit = manager.find(Bytes(name.utf8)), outside.watched.removeValue(forKey: listeners(name)[index]) != nil else { return }
    send(.traffic(unit, listeners(name)[index]))
  }

  /// A connection; its descriptor.
  @discardableResult
  mutating func connect(_ name: String, from peer: SocketAddress = .ip(IPAddress(v4: 0x7f00_0001), port: 5000)) -> DescriptorID? {
    guard let unit = manager.find(Bytes(name.utf8)), listeners(name).contains(where: { outside.watched[$0] == true }) else { return nil }
    let id = outside.descriptor()
    send(.accepted(unit, AcceptedConnection(id: id, local: .ip(IPAddress(v4: 0x7f00_0001), port: 80), peer: peer)))
    return id
  }

  mutating func hit(_ name: String, _ index: Int = 0) {
    guard let unit = manager.find(Bytes(name.utf8)), let watch = outside.paths[unit] else { return }
    send(.pathHit(unit, run: watch.run, index: index))
  }
}
