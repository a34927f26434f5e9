import CLinux
import Model
import Runtime

/// The notify socket of one unit.
struct UnitSocket {
  var descriptor: Int32
  var path: Bytes
}

// MARK: sd_notify

extension LinuxKernel {
  /// systemd's bound for a datagram of sd_notify.
  static let datagramMax = 4096

  /// The unit's socket, made at the first call, or again when somebody has cleaned it away.
  public func openNotifySocket(_ unit: UnitID) -> NotifySocketOutcome {
    if let socket = unitSockets[unit.index] {
      if apus_path_kind(socket.path.terminated) == Int32(APUS_KIND_SOCKET) { return .open(path: socket.path) }
      closeNotifySocket(unit)
    }
    if let folder = notifyFolder, apus_path_kind(folder.path.terminated) < 0 {
      folder.remove()
      notifyFolder = nil
    }
    if notifyFolder == nil {
      switch NotifyFolder.make(nonce: random(), uid: apus_getuid()) {
      case .success(let folder): notifyFolder = folder
      case .failure(let refusal): return .refused(refusal.reason)
      }
    }
    guard let folder = notifyFolder else { return .refused(Bytes("no folder")) }
    let path = folder.path + "/" + Bytes(decimal: unit.index)
    _ = apus_remove_at(-100, path.terminated, 0)
    let descriptor = apus_notify_socket(path.terminated)
    if descriptor < 0 { return .refused(path + ": " + errorText(-descriptor)) }
    unitSockets[unit.index] = UnitSocket(descriptor: descriptor, path: path)
    watch(descriptor, APUS_READABLE, .unitNotify, UInt32(bitPattern: unit.index))
    return .open(path: path)
  }

  /// Ends it; what waits in it is dropped.
  public func closeNotifySocket(_ unit: UnitID) {
    guard let socket = unitSockets.removeValue(forKey: unit.index) else { return }
    unwatchAndClose(socket.descriptor)
    _ = apus_remove_at(-100, socket.path.terminated, 0)
  }

  /// The next datagram; of one that is too long, or whose descriptors cannot all be held, nothing is kept.
  public func receiveNotify(_ unit: UnitID) -> ReceivedDatagram? {
    guard let socket = unitSockets[unit.index] else { return nil }
    var buffer = Bytes(repeating: 0, count: LinuxKernel.datagramMax)
    var descriptors = [Int32](repeating: -1, count: Int(APUS_MESSAGE_DESCRIPTORS))
    var message = apus_message()
    let count = apus_receive_message(socket.descriptor, &buffer, UInt64(buffer.count), &descriptors, &message)
    if count < 0 { return nil }
    let given = descriptors[0..<Int(message.descriptor_count)]
    var datagram = ReceivedDatagram(
      bytes: [], pid: message.has_sender == 1 ? message.pid : 0, uid: message.uid, isTruncated: message.is_truncated == 1)
    if !datagram.isTruncated, let ids = heldDescriptors.hold(given) {
      for descriptor in given { _ = noted(descriptor) }
      datagram.descriptors = ids
      datagram.bytes = Bytes(buffer[0..<Int(count)])
    } else {
      for descriptor in given { _ = apus_close(descriptor) }
      datagram.isTruncated = true
    }
    return datagram
  }

  /// At the end of apus.
  func removeNotifyFolder() {
    notifyFolder?.remove()
    notifyFolder = nil
  }
}
