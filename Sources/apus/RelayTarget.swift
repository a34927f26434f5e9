import CLinux
import Model

/// Where `apus relay` connects to: `HOST:PORT`, `[V6]:PORT`, or the path of a socket.
enum RelayTarget: Equatable {
  case path(Bytes)
  case host(Bytes, port: UInt16)

  /// nil: it is none.
  init?(_ text: Bytes) {
    if text.first == 47 {
      self = .path(text)
      return
    }
    guard let colon = text.lastIndex(of: 58), let port = Bytes(text[(colon + 1)...]).unsignedDecimal, port > 0, port <= 65_535 else {
      return nil
    }
    var host = Bytes(text[..<colon])
    if host.first == 91, host.last == 93 {
      host = Bytes(host.dropFirst().dropLast())
      guard host.contains(58), IPAddress(host) != nil else { return nil }
    } else if host.isEmpty || host.contains(where: { $0 <= 32 || $0 == 47 || $0 == 58 || $0 == 91 || $0 == 93 || $0 == 127 }) {
      return nil
    }
    self = .host(host, port: UInt16(port))
  }
}

/// One place to try.
enum RelayAddress: Equatable {
  case path(Bytes)
  case ip(IPAddress, port: UInt16)

  var text: Bytes {
    switch self {
    case .path(let path): path
    case .ip(let address, let port): SocketAddress.ip(address, port: port).text
    }
  }

  /// A socket that connects; `state` is connect's result.
  func connect(_ state: inout Int32) -> Int32 {
    switch self {
    case .path(let path): relay_connect_path(path + [0], &state)
    case .ip(let address, let port): relay_connect(address.bytes, address.isV4 ? 0 : 1, port, 0, &state)
    }
  }
}
