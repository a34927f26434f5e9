import CLinux
import Model
import Runtime

// What comes at the listeners of `.socket` units.

/// What epoll is asked of a held descriptor.
enum HeldWatch: UInt8 {
  case none
  /// For its hang-up: of a service's store.
  case hangUp
  /// As long as something waits: connections that are accepted here.
  case accepts
  /// Once.
  case once
  /// Once, for `countConnections` alone.
  case counted
  /// It was told once, and is not armed.
  case spent
}

extension LinuxKernel {
  /// Reports `.traffic` from now on.
  public func watchListener(_ unit: UnitID, _ id: DescriptorID, accepts: Bool) -> Int32 {
    guard let descriptor = heldDescriptors.find(id) else { return Errno.EBADF }
    if accepts { _ = apus_set_nonblocking(descriptor, 1) }
    return arm(id, descriptor, accepts ? .accepts : .once, unit)
  }

  func arm(_ id: DescriptorID, _ descriptor: Int32, _ watch: HeldWatch, _ unit: UnitID? = nil) -> Int32 {
    let events = UInt32(APUS_READABLE) | (watch == .accepts ? 0 : UInt32(APUS_ONCE))
    let data = WatchKind.traffic.rawValue << 56 | UInt64(id.number)
    let isNew = heldDescriptors.watch(id) == .none
    let result = isNew ? apus_epoll_add(epoll, descriptor, events, data) : apus_epoll_change(epoll, descriptor, events, data)
    if result < 0 { return -result }
    heldDescriptors.setWatch(id, watch, unit)
    return 0
  }

  /// Reports nothing any more.
  public func unwatchListener(_ id: DescriptorID) {
    guard let descriptor = heldDescriptors.find(id), heldDescriptors.watch(id) != .none else { return }
    _ = apus_epoll_remove(epoll, descriptor)
    heldDescriptors.setWatch(id, .none, nil)
  }

  /// Something waits there, or it is broken.
  func trafficAt(_ id: DescriptorID, into ready: inout [Readiness]) {
    switch heldDescriptors.watch(id) {
    case .none, .hangUp, .spent: return
    case .accepts: break
    case .once: heldDescriptors.setWatch(id, .spent, heldDescriptors.unit(id))
    case .counted:
      heldDescriptors.setWatch(id, .spent, nil)
      _ = heldDescriptors.exchangeTraffic(id, true)
      return
    }
    if let unit = heldDescriptors.unit(id) { ready.append(.traffic(unit, id)) }
  }

  /// Descriptors that accepting leaves to apus's other work: a child takes two pipes, a cgroup's folder and a few more, and
  /// the control socket must answer whoever asks why no connection is served. Where few are allowed at all: a quarter.
  private static var descriptorMargin: UInt64 { 32 }
  /// Connections in a row that were gone before they could be accepted.
  private static var goneLimit: Int { 64 }

  /// The next connection.
  public func acceptConnection(_ id: DescriptorID) -> AcceptOutcome {
    guard let listener = heldDescriptors.find(id) else { return .failed(errno: Errno.EBADF) }
    if heldDescriptors.isFull || (descriptorsAreShort && stillShort()) { return .failed(errno: Errno.EMFILE) }
    var connection = apus_connection()
    for _ in 0..<LinuxKernel.goneLimit {
      let made = apus_accept_connection(listener, &connection)
      if made >= 0 { return accepted(noted(made), connection, from: id) }
      switch -made {
      case Errno.EAGAIN: return .nothing
      // The peer has gone again, or the network told of what befell it: accept(2) has them treated as nothing.
      case Errno.ECONNABORTED, Errno.EPROTO, Errno.ENOPROTOOPT, Errno.EOPNOTSUPP, Errno.ENETDOWN, Errno.ENETUNREACH,
        Errno.EHOSTDOWN, Errno.EHOSTUNREACH, Errno.ENONET, Errno.ETIMEDOUT, Errno.ECONNRESET:
        continue
      case Errno.EMFILE:
        // The limit may have been lowered: it is asked again.
        descriptorsAreShort = true
        return .failed(errno: -made)
      default: return .failed(errno: -made)
      }
    }
    return .nothing
  }

  private func accepted(_ made: Int32, _ connection: apus_connection, from listener: DescriptorID) -> AcceptOutcome {
    // The lowest free number is given, so that it tells how many are left.
    descriptorsAreShort = made >= acceptBoundSeen && made >= acceptBound()
    guard let id = heldDescriptors.hold([made])?.first else {
      _ = apus_close(made)
      return .nothing
    }
    // Connections of TCP have the options of their listener; those of AF_UNIX have none.
    if connection.peer.family == Int32(APUS_FAMILY_UNIX), let settings = heldDescriptors.options(listener) {
      for setting in settings.options {
        _ = apus_set_option(made, Int32(setting.option.rawValue), Int32(clamping: setting.value))
      }
    }
    let isLocal = connection.peer.family == Int32(APUS_FAMILY_UNIX)
    return .connection(
      AcceptedConnection(
        id: id, local: LinuxKernel.shown(connection.local),
        peer: isLocal ? .process(pid: connection.pid, uid: connection.uid) : LinuxKernel.shown(connection.peer)))
  }

  private static func shown(_ address: apus_address) -> SocketAddress {
    switch address.family {
    case Int32(APUS_FAMILY_V4), Int32(APUS_FAMILY_V6):
      .ip(IPAddress(high: address.high, low: address.low), port: UInt16(truncatingIfNeeded: address.port))
    case Int32(APUS_FAMILY_VSOCK): .vsock(cid: address.scope, port: address.port)
    default: .unknown
    }
  }

  /// From this number on nothing more is accepted.
  private func acceptBound() -> Int32 {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    _ = apus_get_limit(FirstActs.openFilesResource, &soft, &hard)
    acceptBoundSeen = Int32(clamping: soft - min(LinuxKernel.descriptorMargin, soft / 4))
    return acceptBoundSeen
  }

  private func stillShort() -> Bool {
    let next = apus_next_descriptor()
    descriptorsAreShort = next < 0 || next >= acceptBound()
    return descriptorsAreShort
  }

  /// At most 4096 items.
  public func flushListener(_ id: DescriptorID) {
    if let descriptor = heldDescriptors.find(id) { apus_flush(descriptor, 4096) }
  }

  /// At most 4 KiB of a regular file.
  public func sendFile(_ id: DescriptorID, path: Bytes) {
    guard let socket = heldDescriptors.find(id), !path.contains(0) else { return }
    let file = apus_open_file(path.terminated)
    if file < 0 { return }
    defer { _ = apus_close(file) }
    var size: UInt64 = 0
    guard apus_file_kind(file, &size) == Int32(APUS_KIND_REGULAR) else { return }
    var buffer = Bytes(repeating: 0, count: 4096)
    let count = apus_read(file, &buffer, UInt64(buffer.count))
    if count > 0 { _ = apus_send_nowait(socket, buffer, UInt64(count)) }
  }
}
