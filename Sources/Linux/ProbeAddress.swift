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

/// An IP address: 4 or 16 bytes.
struct IPAddress: Equatable {
  var bytes: Bytes
  var isV6: Bool { bytes.count == 16 }

  /// A numeric address.
  init?(_ text: Bytes) {
    guard let bytes = text.contains(58) ? IPAddress.v6(text) : IPAddress.v4(text) else { return nil }
    self.bytes = bytes
  }

  private static func v4(_ text: Bytes) -> Bytes? {
    let parts = text.pieces(separatedBy: 46, keepEmpty: true)
    guard parts.count == 4 else { return nil }
    var result = Bytes()
    for part in parts {
      guard let value = part.unsignedDecimal, value <= 255, part.count <= 3 else { return nil }
      result.append(UInt8(value))
    }
    return result
  }

  /// Eight groups, of which `::` stands for those that are left out; the last two may be an IPv4 address.
  private static func v6(_ text: Bytes) -> Bytes? {
    var halves: [Bytes] = [[]]
    var index = 0
    while index < text.count {
      if text[index] == 58, index + 1 < text.count, text[index + 1] == 58 {
        halves.append([])
        index += 2
      } else {
        halves[halves.count - 1].append(text[index])
        index += 1
      }
    }
    guard halves.count <= 2, let head = groups(halves[0], mayEndInV4: halves.count == 1) else { return nil }
    if halves.count == 1 { return head.count == 16 ? head : nil }
    guard let tail = groups(halves[1], mayEndInV4: true), head.count + tail.count <= 14 else { return nil }
    return head + Bytes(repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  private static func groups(_ text: Bytes, mayEndInV4: Bool) -> Bytes? {
    if text.isEmpty { return [] }
    var result = Bytes()
    let parts = text.pieces(separatedBy: 58, keepEmpty: true)
    for (index, part) in parts.enumerated() {
      if mayEndInV4, index == parts.count - 1, part.contains(46) {
        guard let last = v4(part) else { return nil }
        result += last
        continue
      }
      guard !part.isEmpty, part.count <= 4 else { return nil }
      var value: UInt16 = 0
      for digit in part {
        guard let digit = digit.hexValue else { return nil }
        value = value << 4 | UInt16(digit)
      }
      result += [UInt8(value >> 8), UInt8(value & 255)]
    }
    return result.count <= 16 ? result : nil
  }

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
