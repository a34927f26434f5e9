import CLinux
import Model

/// Where a probe connects to: `HOST:PORT`, `PORT` (on this machine), `[V6]:PORT`, or the path of a socket.
enum ProbeAddress: Equatable {
  case path(Bytes)
  case host(Bytes, port: UInt16)

  /// nil: it is none.
  init?(_ text: Bytes, defaultPort: UInt16? = nil) {
    if text.first == 47 {
      self = .path(text)
      return
    }
    func number(_ digits: Bytes) -> UInt16? {
      guard let value = digits.unsignedDecimal, value > 0, value <= 65_535 else { return nil }
      return UInt16(value)
    }
    if let port = number(text), defaultPort == nil {
      self = .host(Bytes("localhost"), port: port)
    } else if text.first == 91 {
      guard let end = text.firstIndex(of: 93) else { return nil }
      let rest = Bytes(text[(end + 1)...])
      guard let port = rest.isEmpty ? defaultPort : rest.first == 58 ? number(Bytes(rest.dropFirst())) : nil else { return nil }
      self = .host(Bytes(text[1..<end]), port: port)
    } else if let colon = text.lastIndex(of: 58) {
      guard colon > 0, let port = number(Bytes(text[(colon + 1)...])) else { return nil }
      self = .host(Bytes(text[..<colon]), port: port)
    } else {
      guard let defaultPort, !text.isEmpty else { return nil }
      self = .host(text, port: defaultPort)
    }
  }
}

extension IPAddress {
  /// All addresses of a name: numbers, this machine's, those of /etc/hosts. There is no resolver in a static binary, and
  /// a probe that asks another machine for its address would tell of that machine's health.
  static func resolve(_ host: Bytes) -> [IPAddress] {
    if let number = IPAddress(host) { return [number] }
    var result: [IPAddress] = []
    let wanted = host.lowercasedASCII
    for line in (FolderReader.readPseudo(Bytes("/etc/hosts")) ?? []).pieces(separatedBy: 10) {
      let text = line.prefix { $0 != 35 }.map { $0 == 9 ? UInt8(32) : $0 }
      let words = text.pieces(separatedBy: 32)
      guard let first = words.first, let address = IPAddress(first) else { continue }
      if words.dropFirst().contains(where: { $0.lowercasedASCII == wanted }) && !result.contains(address) { result.append(address) }
    }
    if wanted == "localhost" {
      for own in ["127.0.0.1", "::1"] as [StaticString] {
        if let address = IPAddress(Bytes(own)), !result.contains(address) { result.append(address) }
      }
    }
    return result
  }
}
