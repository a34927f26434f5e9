import CLinux
import Model
import Runtime

/// One control connection.
struct Client {
  var socket: Int32
  var wantsReadable = true
  var wantsWritable = false
  var isWatched = true
}

// MARK: Control connections

extension LinuxKernel {
  /// Takes a bound and listening socket, which stays open as long as apus runs.
  public func listen(on socket: Int32) {
    listener = noted(socket)
    armListener()
  }

  func armListener() {
    if listener < 0 || listenerIsArmed { return }
    watch(listener, APUS_READABLE, .listener)
    listenerIsArmed = true
  }

  /// The next connection with SO_PEERCRED; out of descriptors the listener rests instead of spinning.
  public func accept() -> AcceptedClient? {
    guard listener >= 0 else { return nil }
    var uid: UInt32 = 65_534
    var gid: UInt32 = 65_534
    let socket = apus_accept(listener, &uid, &gid)
    if socket < 0 {
      acceptFailed(-socket)
      return nil
    }
    let number = nextClient
    nextClient &+= 1
    clients[number] = Client(socket: socket)
    watch(socket, APUS_READABLE, .client, number)
    return AcceptedClient(id: ClientID(number), uid: uid, gid: gid)
  }

  /// Out of descriptors, the listener would stay readable for ever: the spare one takes the connection and drops it, and
  /// where that does not help the listener rests a second.
  private func acceptFailed(_ errno: Int32) {
    switch errno {
    case Errno.EMFILE, Errno.ENFILE:
      var uid: UInt32 = 0
      var gid: UInt32 = 0
      if spareDescriptor >= 0 { _ = apus_close(spareDescriptor) }
      let socket = apus_accept(listener, &uid, &gid)
      if socket >= 0 { _ = apus_close_socket(socket) }
      spareDescriptor = apus_open_file(Bytes("/").terminated)
      if socket < 0 { restListener() }
    case Errno.ENOMEM, Errno.ENOBUFS: restListener()
    default: break
    }
  }

  private func restListener() {
    _ = apus_epoll_remove(epoll, listener)
    listenerIsArmed = false
    retryLater()
  }

  /// What the client has sent, at most `limit` bytes; never waits.
  public func receive(_ client: ClientID, limit: Int) -> ReceiveOutcome {
    guard let socket = clients[client.number]?.socket, limit > 0 else { return .closed }
    var buffer = Bytes(repeating: 0, count: min(limit, 65_536))
    let count = apus_receive_nowait(socket, &buffer, UInt64(buffer.count))
    if count > 0 { return .bytes(Bytes(buffer[0..<Int(count)])) }
    return -count == Int64(Errno.EAGAIN) ? .nothingYet : .closed
  }

  /// Sends what the socket takes: 0 when it is full, nil when the client is gone.
  public func send(_ client: ClientID, _ bytes: ArraySlice<UInt8>) -> Int? {
    guard let socket = clients[client.number]?.socket else { return nil }
    let count = bytes.withUnsafeBufferPointer { apus_send_nowait(socket, $0.baseAddress, UInt64($0.count)) }
    if count >= 0 { return Int(count) }
    return -count == Int64(Errno.EAGAIN) ? 0 : nil
  }

  /// Whether `wait` reports that the client takes bytes again.
  public func setWantsWritable(_ client: ClientID, _ wanted: Bool) {
    clients[client.number]?.wantsWritable = wanted
    update(client.number)
  }

  /// Whether `wait` reports that the client has sent something.
  public func setWantsReadable(_ client: ClientID, _ wanted: Bool) {
    clients[client.number]?.wantsReadable = wanted
    update(client.number)
  }

  /// Who wants nothing is not watched at all: epoll tells a hang-up also to those who did not ask, again and again.
  private func update(_ number: UInt32) {
    guard let client = clients[number] else { return }
    let events = (client.wantsReadable ? UInt32(APUS_READABLE) : 0) | (client.wantsWritable ? UInt32(APUS_WRITABLE) : 0)
    let data = WatchKind.client.rawValue << 56 | UInt64(number)
    if events == 0 {
      _ = apus_epoll_remove(epoll, client.socket)
    } else if client.isWatched {
      _ = apus_epoll_change(epoll, client.socket, events, data)
    } else {
      _ = apus_epoll_add(epoll, client.socket, events, data)
    }
    clients[number]?.isWatched = events != 0
  }

  /// Ends the connection.
  public func close(_ client: ClientID) {
    guard let socket = clients.removeValue(forKey: client.number)?.socket else { return }
    _ = apus_epoll_remove(epoll, socket)
    _ = apus_close_socket(socket)
  }

  func translate(client number: UInt32, _ events: UInt32, into ready: inout [Readiness]) {
    guard let client = clients[number] else { return }
    let failed = events & (UInt32(APUS_ERROR) | UInt32(APUS_HUNG_UP)) != 0
    if client.wantsReadable && (failed || events & UInt32(APUS_READABLE) != 0) { ready.append(.readable(ClientID(number))) }
    if client.wantsWritable && (failed || events & UInt32(APUS_WRITABLE) != 0) { ready.append(.writable(ClientID(number))) }
  }
}
