import CLinux
import Model
import Runtime

// What `.socket` units listen on, opened (units.md d.1).

extension LinuxKernel {
  /// Opens every line of the unit, or none.
  public func openListeners(_ plan: ListenPlan, warnings: inout [Bytes]) -> ListenOutcome {
    // Folders get the very mode that is asked for.
    let mask = apus_umask(0)
    defer { _ = apus_umask(mask) }
    var opened: [Int32] = []
    for listener in plan.settings.listeners {
      let opening = ListenerOpening(plan, listener)
      let descriptor = opening.open()
      warnings += opening.warnings
      if descriptor < 0 {
        for descriptor in opened { _ = apus_close(descriptor) }
        return .failed(opening.sentence(descriptor), mayPass: opening.mayPass(-descriptor))
      }
      opened.append(noted(descriptor))
    }
    if let ids = heldDescriptors.hold(opened[...], options: plan.settings) { return .open(ids) }
    for descriptor in opened { _ = apus_close(descriptor) }
    return .failed(text("apus holds \(HeldDescriptors.max) descriptors for its units and takes no more"), mayPass: true)
  }

  /// Of RemoveOnStop=.
  public func removeNode(_ path: Bytes) {
    if path.first == 47 { _ = ListenerOpening.removeNode(path) } else { _ = apus_remove_queue(path.terminated) }
  }
}

/// One line of a `.socket` being opened.
final class ListenerOpening {
  private let plan: ListenPlan
  private let listener: Listener
  private(set) var warnings: [Bytes] = []
  private let settings: ListenSettings

  init(_ plan: ListenPlan, _ listener: Listener) {
    self.plan = plan
    settings = plan.settings
    self.listener = listener
  }

  /// A descriptor, or -errno.
  func open() -> Int32 {
    switch listener.address {
    case .path(let path): return special(path)
    case .unix(let path): return socket(address(APUS_FAMILY_UNIX), path)
    case .abstract(let name): return socket(address(APUS_FAMILY_UNIX), [0] + name)
    case .vsock(let cid, let port): return socket(address(APUS_FAMILY_VSOCK, port: port, scope: cid))
    case .netlink(let family, let group): return socket(address(APUS_FAMILY_NETLINK, port: group, protocol: Int32(family)))
    case .ip(let ip, let port, let interface): return internet(ip, UInt32(port), interface)
    }
  }

  // MARK: What is no socket

  private func special(_ path: Bytes) -> Int32 {
    switch listener.kind {
    case .fifo:
      HostFiles.makeFolders(above: path, mode: settings.directoryMode)
      let opened = apus_open_fifo(path.terminated, settings.mode, plan.uid ?? .max)
      if opened < 0 { return opened }
      setOptions(opened)
      return closed(opened, unless: finishNode(path))
    case .messageQueue:
      let opened = apus_open_queue(
        Bytes(path.dropFirst()).terminated, settings.mode, plan.uid ?? .max, settings.value(.messageQueueMaxMessages) ?? 0,
        settings.value(.messageQueueMessageSize) ?? 0)
      if opened < 0 || (plan.uid == nil && plan.gid == nil) { return opened }
      return closed(opened, unless: apus_change_owner_of(opened, plan.uid ?? .max, plan.gid ?? .max))
    case .special, .stream, .datagram, .sequentialPacket, .netlink:
      return apus_open_special(path.terminated, settings.value(.writable) == 1 ? 1 : 0)
    }
  }

  /// A file node becomes whose it shall be, and its links are made.
  private func finishNode(_ path: Bytes) -> Int32 {
    if plan.uid != nil || plan.gid != nil {
      let result = apus_change_owner(path.terminated, plan.uid ?? .max, plan.gid ?? .max)
      if result < 0 { return result }
    }
    for link in settings.symlinks {
      HostFiles.makeFolders(above: link, mode: settings.directoryMode)
      if HostFiles.readLink(link) == path { continue }
      var result = apus_make_link_at(path.terminated, Int32(APUS_AT_CWD), link.terminated)
      if result == -Errno.EEXIST, ListenerOpening.removeNode(link) {
        result = apus_make_link_at(path.terminated, Int32(APUS_AT_CWD), link.terminated)
      }
      if result < 0 { warnings.append("Symlinks=" + link + ": cannot be made: " + errorText(-result)) }
    }
    return 0
  }

  /// Removes what may stand in a listener's place: a socket, a FIFO or a link.
  static func removeNode(_ path: Bytes) -> Bool {
    var status = apus_status()
    guard apus_status_at(Int32(APUS_AT_CWD), path.terminated, &status) >= 0 else { return false }
    switch status.mode & 0o170000 {
    case 0o140000, 0o010000, 0o120000: return apus_remove_at(Int32(APUS_AT_CWD), path.terminated, 0) >= 0
    default: return false
    }
  }

  // MARK: Sockets

  private struct Wanted {
    var address: apus_address
    var `protocol`: Int32
  }

  private func address(
    _ family: Int, _ ip: IPAddress = IPAddress(high: 0, low: 0), port: UInt32 = 0, scope: UInt32 = 0, protocol: Int32 = 0
  ) -> Wanted {
    Wanted(
      address: apus_address(high: ip.high, low: ip.low, port: port, scope: scope, family: Int32(family)), protocol: `protocol`)
  }

  private func internet(_ ip: IPAddress, _ port: UInt32, _ interface: Bytes) -> Int32 {
    var scope: UInt32 = 0
    if !interface.isEmpty {
      let found = interface.unsignedDecimal.map { Int32(truncatingIfNeeded: $0) } ?? apus_interface(interface.terminated)
      if found < 0 { return found }
      scope = UInt32(bitPattern: found)
    }
    let kind = internetProtocol
    let made = socket(address(ip.isV4 ? APUS_FAMILY_V4 : APUS_FAMILY_V6, ip, port: port, scope: scope, protocol: kind))
    // All addresses of a kernel without IPv6 are those of IPv4.
    guard made == -Errno.EAFNOSUPPORT, ip.high == 0, ip.low == 0, settings.value(.bindIPv6Only) != 2 else { return made }
    return socket(address(APUS_FAMILY_V4, port: port, protocol: kind))
  }

  /// `SocketProtocol=` is for the lines that can have it: UDP-Lite for datagrams, the others for connections.
  private var internetProtocol: Int32 {
    guard let value = settings.value(.socketProtocol), (value == 136) == (listener.kind == .datagram) else { return 0 }
    return Int32(truncatingIfNeeded: value)
  }

  private func socket(_ wanted: Wanted, _ name: Bytes = []) -> Int32 {
    let type =
      switch listener.kind {
      case .datagram: APUS_TYPE_DATAGRAM
      case .sequentialPacket: APUS_TYPE_SEQUENTIAL_PACKET
      case .netlink: APUS_TYPE_RAW
      case .stream, .fifo, .special, .messageQueue: APUS_TYPE_STREAM
      }
    let made = apus_socket(wanted.address.family, Int32(type), wanted.protocol)
    return made < 0 ? made : closed(made, unless: prepare(made, wanted.address, name))
  }

  private func closed(_ descriptor: Int32, unless result: Int32) -> Int32 {
    if result >= 0 { return descriptor }
    _ = apus_close(descriptor)
    return result
  }

  /// Options come before the name: no datagram is queued without its sender, and TCP's buffers count for its first packet.
  private func prepare(_ socket: Int32, _ address: apus_address, _ name: Bytes) -> Int32 {
    var result: Int32 = 0
    // Not a warning: what is kept to one interface must not be open to all.
    if case .ip = listener.address, !settings.device.isEmpty {
      result = apus_bind_to_device(socket, settings.device, UInt64(settings.device.count))
      if result < 0 { return result }
    }
    setOptions(socket)
    _ = apus_reuse_address(socket)
    if case .unix = listener.address {
      result = bindNode(socket, address, name)
    } else {
      result = bind(socket, address, name)
    }
    if result >= 0, listener.kind == .stream || listener.kind == .sequentialPacket {
      result = apus_listen(socket, Int32(clamping: settings.backlog))
    }
    return result
  }

  private func bind(_ socket: Int32, _ address: apus_address, _ name: Bytes) -> Int32 {
    var address = address
    return apus_bind_address(socket, &address, name, UInt64(name.count))
  }

  /// Whoever listened there before is replaced, alive or not, as systemd does; but what is no socket stays where it is.
  private func bindNode(_ socket: Int32, _ address: apus_address, _ path: Bytes) -> Int32 {
    HostFiles.makeFolders(above: path, mode: settings.directoryMode)
    let mask = apus_umask(~settings.mode & 0o777)
    defer { _ = apus_umask(mask) }
    var result = bind(socket, address, path)
    if result == -Errno.EADDRINUSE, ListenerOpening.removeNode(path) { result = bind(socket, address, path) }
    _ = apus_umask(mask)
    return result < 0 ? result : finishNode(path)
  }

  private func setOptions(_ descriptor: Int32) {
    for setting in settings.options {
      let result = apus_set_option(descriptor, Int32(setting.option.rawValue), Int32(clamping: setting.value))
      if result < 0 { warn(Bytes(setting.option.name) + "=", result) }
    }
    if case .ip = listener.address, listener.kind == .stream, !settings.congestion.isEmpty {
      let result = apus_set_congestion(descriptor, settings.congestion, UInt64(settings.congestion.count))
      if result < 0 { warn("TCPCongestion=" + settings.congestion, result) }
    }
  }

  private func warn(_ what: Bytes, _ result: Int32) {
    warnings.append(what + ": cannot be set on " + listener.text + ": " + errorText(-result))
  }

  // MARK: What went wrong

  func sentence(_ result: Int32) -> Bytes {
    text("Listen\(Bytes(listener.kind.name))=\(listener.text): \(errorText(-result))") + hint(-result)
  }

  /// Whether the same may succeed later with nothing changed but what others do.
  func mayPass(_ errno: Int32) -> Bool {
    switch (errno, listener.address) {
    case (Errno.EADDRINUSE, .unix): false
    case (Errno.EADDRINUSE, _), (Errno.EMFILE, _), (Errno.ENFILE, _), (Errno.ENOMEM, _), (Errno.ENOBUFS, _): true
    default: false
    }
  }

  private func hint(_ errno: Int32) -> StaticString {
    switch (errno, listener.address) {
    case (Errno.EADDRINUSE, .unix): ": something that is no socket is there, remove it"
    case (Errno.EADDRINUSE, _): ": somebody else listens there, `ss -lp` shows who"
    case (Errno.EADDRNOTAVAIL, .ip): ": no interface has it; FreeBind=yes listens all the same"
    case (Errno.EACCES, .ip): ": ports below 1024 take CAP_NET_BIND_SERVICE"
    case (Errno.ENODEV, .ip): ": the interface of BindToDevice=, or of the address, is not there"
    case (Errno.EPERM, _) where plan.uid != nil || plan.gid != nil: ": SocketUser= and SocketGroup= take CAP_CHOWN"
    case (Errno.EEXIST, _): ": what is there is of another kind, or has another mode or owner; remove it"
    case (Errno.EAFNOSUPPORT, _), (Errno.EPROTONOSUPPORT, _), (Errno.ENOSYS, _): ": this kernel, or the container's rules, have none of it"
    default: ""
    }
  }
}
