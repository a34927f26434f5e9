import CLinux
import Model

/// The loop of `apus relay`: listeners that were passed, or one connection. One process, one wait, edges only: it wakes when there is
/// something to move, and never else.
final class Relay {
  /// Connections accepted in one turn of one listener.
  static let acceptMax = 64
  /// Without descriptors nothing is accepted for so long, or until a connection ends.
  static let restPause = 1_000_000_000 as Int64
  /// Addresses of a name are asked for anew after so long.
  static let addressesAge = 10_000_000_000 as Int64
  /// A name that had none is not asked for so long: each question may take `Resolver.limit`, in which everybody waits.
  static let absenceAge = 5_000_000_000 as Int64
  /// Above all slots.
  private static let listenerMark: UInt64 = 1 << 32

  let target: RelayTarget
  let connectionsMax: Int
  /// Nanoseconds; nil: for ever.
  let idleLimit: Int64?
  /// Said to nobody when stderr is the peer.
  let isSilent: Bool
  private let epoll: Int32
  private var listeners: [Int32] = []
  private var slots: [RelayConnection?] = []
  private var open = 0
  private var isPaused = false
  private var restsUntil: Int64? = nil
  private var emptySince: Int64 = 0
  private var addresses: [RelayAddress] = []
  private var resolvedAt: Int64? = nil
  private var status = Status.success

  init?(_ target: RelayTarget, connectionsMax: Int, idleLimit: Int64?, isSilent: Bool) {
    epoll = apus_epoll_create()
    if epoll < 0 { return nil }
    self.target = target
    self.connectionsMax = connectionsMax
    self.idleLimit = idleLimit
    self.isSilent = isSilent
  }

  private func say(_ message: Bytes) { if !isSilent { complain("relay: %", message) } }

  // MARK: Beginning

  /// Takes a descriptor that was passed; why it is of no use, or nil.
  func take(_ descriptor: Int32) -> Bytes? {
    let kind = relay_is_listener(descriptor)
    if kind < 0 { return kind == -Errno.ENOTSOCK ? Bytes("it is no socket") : errorText(-kind) }
    _ = relay_prepare(descriptor)
    _ = apus_set_closes_on_exec(descriptor)
    if kind == 0 {
      begin(descriptor, apus_monotonic())
      return nil
    }
    let result = apus_epoll_add(epoll, descriptor, UInt32(APUS_READABLE), Relay.listenerMark | UInt64(listeners.count))
    if result < 0 { return errorText(-result) }
    listeners.append(descriptor)
    return nil
  }

  private func begin(_ client: Int32, _ now: Int64) {
    resolve(now)
    var slot = 0
    while slot < slots.count, slots[slot] != nil { slot += 1 }
    if slot == slots.count { slots.append(nil) }
    let connection = RelayConnection(client, addresses)
    slots[slot] = connection
    open += 1
    if addresses.isEmpty {
      settle(slot, .failed(Bytes("the name has no address")), now)
    } else if !watch(client, slot) {
      settle(slot, .failed(Bytes("out of memory")), now)
    } else {
      settle(slot, connection.connect(now) { watch($0, slot) }, now)
    }
  }

  private func watch(_ socket: Int32, _ slot: Int) -> Bool {
    apus_epoll_add(epoll, socket, UInt32(bitPattern: Int32(RELAY_EDGES)), UInt64(slot)) >= 0
  }

  /// A name server that hangs keeps all connections waiting for `Resolver.limit` then; addresses that were known before stay, and
  /// without any, who comes in the next seconds is sent away at once.
  private func resolve(_ now: Int64) {
    switch target {
    case .path(let path): addresses = [.path(path)]
    case .host(let host, let port):
      if let resolvedAt, now - resolvedAt < (addresses.isEmpty ? Relay.absenceAge : Relay.addressesAge) { return }
      let found = Resolver.addresses(of: host)
      if !found.isEmpty { addresses = [] }
      for address in found { addresses.append(.ip(address, port: port)) }
      resolvedAt = apus_monotonic()
    }
  }

  private func settle(_ slot: Int, _ outcome: RelayConnection.Outcome, _ now: Int64) {
    guard let connection = slots[slot] else { return }
    switch outcome {
    case .goesOn: return
    case .done: break
    case .failed(let reason):
      // An address that stands there as the target is not said twice.
      let target = filled("%: ", targetText)
      say(filled("cannot connect to %", reason.starts(with: target) ? reason : target + reason))
      if listeners.isEmpty { status = Status.failure }
    }
    connection.close()
    slots[slot] = nil
    open -= 1
    emptySince = now
    restsUntil = nil
  }

  private var targetText: Bytes {
    switch target {
    case .path(let path): path
    case .host(let host, let port): filled(host.contains(58) ? "[%]:%" : "%:%", host, Bytes(decimal: port))
    }
  }

  // MARK: Turns

  /// Until there is nothing left to do; the exit status.
  func run() -> Int32 {
    var ready = [apus_ready](repeating: apus_ready(), count: 64)
    emptySince = apus_monotonic()
    while true {
      if listeners.isEmpty, open == 0 { return status }
      let before = apus_monotonic()
      if let idleLimit, open == 0, before - emptySince >= idleLimit { return status }
      pauseOrGoOn(before)
      let count = relay_wait(epoll, &ready, 64, timeoutMs(before))
      if count < 0 && count != -Errno.EINTR {
        say(filled("cannot wait: %", errorText(-count)))
        return Status.failure
      }
      let now = apus_monotonic()
      for index in 0..<Int(max(0, count)) {
        let event = ready[index]
        if event.data & Relay.listenerMark != 0 {
          accept(listeners[Int(event.data & 0xFFFF_FFFF)], now)
        } else {
          advance(Int(event.data), now)
        }
      }
      for slot in slots.indices {
        guard let connection = slots[slot] else { continue }
        if connection.isConnecting {
          if now >= connection.deadline { settle(slot, connection.expire(now) { watch($0, slot) }, now) }
        } else if connection.isBusy {
          advance(slot, now)
        }
      }
    }
  }

  private func advance(_ slot: Int, _ now: Int64) {
    guard slot < slots.count, let connection = slots[slot] else { return }
    settle(slot, connection.advance(now) { watch($0, slot) }, now)
  }

  /// When the next deadline is, if any.
  private func timeoutMs(_ now: Int64) -> Int32 {
    var end = restsUntil ?? .max
    if let idleLimit, open == 0 { end = min(end, emptySince + idleLimit) }
    for slot in slots {
      guard let connection = slot else { continue }
      if connection.isConnecting { end = min(end, connection.deadline) } else if connection.isBusy { return 0 }
    }
    // Rounded up: a wait that ends too early would be made again at once.
    return end == .max ? -1 : Int32(clamping: max(0, (end - now + 999_999) / 1_000_000))
  }

  /// At the bound, or without descriptors, connections wait in the kernel's queue, and none is refused.
  private func pauseOrGoOn(_ now: Int64) {
    if let until = restsUntil, now >= until { restsUntil = nil }
    let pauses = open >= connectionsMax || restsUntil != nil
    if pauses == isPaused { return }
    isPaused = pauses
    for index in listeners.indices {
      let events = pauses ? 0 : UInt32(APUS_READABLE)
      _ = apus_epoll_change(epoll, listeners[index], events, Relay.listenerMark | UInt64(index))
    }
  }

  private func accept(_ listener: Int32, _ now: Int64) {
    for _ in 0..<Relay.acceptMax {
      if open >= connectionsMax || restsUntil != nil { return }
      let client = relay_accept(listener)
      if client >= 0 {
        _ = relay_prepare(client)
        begin(client, now)
        continue
      }
      switch -client {
      // Nobody is there, or no longer.
      case Errno.EAGAIN: return
      case 103, 71: continue
      default:
        say(filled("cannot accept: %", errorText(-client)))
        restsUntil = now + Relay.restPause
        return
      }
    }
  }
}
