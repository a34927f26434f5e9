import Model

extension Array where Element == UInt8 {
  /// Four numbers of 0 to 255 between dots.
  var isIPv4: Bool {
    let parts = pieces(separatedBy: 46, keepEmpty: true)
    return parts.count == 4 && parts.allSatisfy { $0.count <= 3 && ($0.unsignedDecimal ?? 256) <= 255 }
  }

  /// Groups of hexadecimal digits between colons, `::` at most once, an IPv4 address at the end if need be.
  var isIPv6: Bool {
    let parts = pieces(separatedBy: 58, keepEmpty: true)
    guard parts.count >= 3, parts.count <= 8 else { return isIPv6AtAnEnd }
    var empty = 0
    for (index, part) in parts.enumerated() {
      if part.isEmpty {
        empty += index == 0 || index == parts.count - 1 ? 0 : 1
      } else if index == parts.count - 1, part.isIPv4 {
        continue
      } else if part.count > 4 || !part.allSatisfy({ $0.hexValue != nil }) {
        return false
      }
    }
    if parts[0].isEmpty && !parts[1].isEmpty { return false }
    if parts[parts.count - 1].isEmpty && !parts[parts.count - 2].isEmpty { return false }
    return empty == 1 || (empty == 0 && parts.count == (parts[parts.count - 1].isIPv4 ? 7 : 8))
  }

  /// `1:2:3:4:5:6:7::` has nine pieces.
  private var isIPv6AtAnEnd: Bool {
    let parts = pieces(separatedBy: 58, keepEmpty: true)
    guard parts.count == 9, parts[8].isEmpty != parts[0].isEmpty else { return false }
    let groups = parts[0].isEmpty ? parts[2...] : parts[..<7]
    return groups.allSatisfy { !$0.isEmpty && $0.count <= 4 && $0.allSatisfy { $0.hexValue != nil } }
      && (parts[0].isEmpty ? parts[1].isEmpty : parts[7].isEmpty)
  }

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
