import Model

extension Array where Element == UInt8 {
  /// Four numbers of 0 to 255 between dots.
  var isIPv4: Bool { !contains(58) && IPAddress(self) != nil }

  /// Groups of hexadecimal digits between colons.
  var isIPv6: Bool { contains(58) && IPAddress(self) != nil }

  /// A host's name or address: letters, digits, `-` and `.` in parts, or an IPv4 address.
  var isHostName: Bool {
    guard !isEmpty, count <= 253 else { return false }
    if allSatisfy({ $0.isDigit || $0 == 46 }) { return isIPv4 }
    return pieces(separatedBy: 46, keepEmpty: true).allSatisfy { part in
      !part.isEmpty && part.count <= 63 && part.first != 45 && part.last != 45
        && part.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 45 || $0 == 95 }
    }
  }

  /// 1 to 65535.
  var isPort: Bool { unsignedDecimal.map { $0 >= 1 && $0 <= 65535 } ?? false }

  /// `HOST:PORT`, `[V6]:PORT`; without a port where that is allowed.
  func isHostAndPort(portIsOptional: Bool) -> Bool {
    if first == 91 {
      guard let close = firstIndex(of: 93), Bytes(self[1..<close]).isIPv6 else { return false }
      let rest = self[(close + 1)...]
      return rest.isEmpty ? portIsOptional : rest.first == 58 && Bytes(rest.dropFirst()).isPort
    }
    guard let colon = lastIndex(of: 58) else { return portIsOptional && isHostName }
    return Bytes(self[..<colon]).isHostName && Bytes(self[(colon + 1)...]).isPort
  }
}
