import CLinux
import Model

/// A client and the connection that is made for it. States: connecting (one address after the other), then open until both directions
/// are done. While it connects nothing is read of the client.
final class RelayConnection {
  /// For each address that is tried.
  static let connectLimit = 10_000_000_000 as Int64
  /// A Unix socket whose queue is full says so at once, and is asked again after so long.
  static let queuePause = 50_000_000 as Int64

  let client: Int32
  private let addresses: [RelayAddress]
  private var next = 0
  private var server: Int32 = -1
  private var flows: [RelayFlow] = []
  /// When the present attempt is over, or (with `isWaiting`) is made again.
  private(set) var deadline: Int64 = 0
  private var givenUpAt: Int64 = 0
  private var isWaiting = false
  private var failure = Bytes()
  /// There is more to move at once.
  private(set) var isBusy = false

  enum Outcome {
    case goesOn, done
    /// Why no address could be reached.
    case failed(Bytes)
  }

  init(_ client: Int32, _ addresses: [RelayAddress]) {
    self.client = client
    self.addresses = addresses
  }

  var isConnecting: Bool { flows.isEmpty }

  /// Begins with the next address. `watch` has the loop look at a socket; false: it cannot.
  func connect(_ now: Int64, _ watch: (Int32) -> Bool) -> Outcome {
    while next < addresses.count {
      let address = addresses[next]
      if !isWaiting { givenUpAt = now + RelayConnection.connectLimit }
      isWaiting = false
      var state: Int32 = 0
      server = address.connect(&state)
      if server < 0 { state = server }
      if server >= 0, state == 0 || state == -115 {
        deadline = givenUpAt
        guard watch(server) else { return .failed(Bytes("out of memory")) }
        return state == 0 ? open() : .goesOn
      }
      dropServer()
      if state == -Errno.EAGAIN, now < givenUpAt {
        isWaiting = true
        deadline = now + RelayConnection.queuePause
        return .goesOn
      }
      note(address, -state)
    }
    return .failed(failure)
  }

  /// An event on one of its sockets, or more to move.
  func advance(_ now: Int64, _ watch: (Int32) -> Bool) -> Outcome {
    if !isConnecting { return pump() }
    guard server >= 0, control_poll(server, 1, 0) > 0 else { return .goesOn }
    let error = relay_error(server)
    if error == 0 { return open() }
    return tryNext(-error, now, watch)
  }

  /// Its deadline has come.
  func expire(_ now: Int64, _ watch: (Int32) -> Bool) -> Outcome {
    isWaiting ? connect(now, watch) : tryNext(110, now, watch)
  }

  private func tryNext(_ errno: Int32, _ now: Int64, _ watch: (Int32) -> Bool) -> Outcome {
    note(addresses[next], errno)
    dropServer()
    return connect(now, watch)
  }

  private func note(_ address: RelayAddress, _ errno: Int32) {
    if !failure.isEmpty { failure += "; " }
    failure += filled("%: %", address.text, errorText(errno))
    next += 1
  }

  private func dropServer() {
    if server >= 0 { _ = apus_close(server) }
    server = -1
  }

  private func open() -> Outcome {
    guard let up = RelayFlow(from: client, to: server) else { return .failed(Bytes("too many open files")) }
    guard let down = RelayFlow(from: server, to: client) else {
      up.close()
      return .failed(Bytes("too many open files"))
    }
    flows = [up, down]
    return pump()
  }

  private func pump() -> Outcome {
    let up = flows[0].pump()
    let down = flows[1].pump()
    isBusy = up || down
    // Who broke off is gone in both directions; of one who takes nothing more there may still be something to read.
    let isCut = (flows[0].isDone && flows[0].isCutOff) || (flows[1].isDone && flows[1].isCutOff)
    return isCut || (flows[0].isDone && flows[1].isDone) ? .done : .goesOn
  }

  /// Both ends see an end, or a reset if something was lost.
  func close() {
    var isBroken = false
    for flow in flows {
      if flow.isCutOff || flow.isRefused { isBroken = true }
      flow.close()
    }
    close(client, isBroken)
    close(server, isBroken)
    server = -1
  }

  private func close(_ socket: Int32, _ isBroken: Bool) {
    if socket < 0 { return }
    if isBroken { relay_reset(socket) } else { _ = apus_close(socket) }
  }
}
