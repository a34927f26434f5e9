import Model

/// One question to a name server, and its answer (RFC 1035, RFC 3596): what a static program without a resolver needs.
public struct DNSQuestion: Equatable, Sendable {
  /// Which addresses are asked for: records A and AAAA.
  public enum Kind: UInt16, CaseIterable, Sendable {
    case a = 1
    case aaaa = 28
  }

  /// The message to be sent.
  public let message: Bytes
  private let kind: Kind

  /// nil: `name` is none that DNS has (parts of 1 to 63 bytes, together at most 253).
  public init?(_ name: Bytes, _ kind: Kind, id: UInt16) {
    guard name.count <= 253 else { return nil }
    // Recursion desired, one question.
    var message: Bytes = [UInt8(id >> 8), UInt8(id & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for part in name.pieces(separatedBy: 46, keepEmpty: true) {
      guard !part.isEmpty, part.count <= 63 else { return nil }
      message.append(UInt8(part.count))
      message += part
    }
    message += [0, 0, UInt8(kind.rawValue), 0, 1]
    self.message = message
    self.kind = kind
  }

  /// What an answer says: all addresses in it, those of aliases included; none, if there is no such name, or the server cannot say.
  /// nil: this is not the answer (another id or question, or broken).
  public func addresses(in answer: Bytes) -> [IPAddress]? {
    // The question comes back as it was, but that some servers change the case of letters.
    guard answer.count >= message.count, answer[0] == message[0], answer[1] == message[1], answer[2] & 0x80 != 0,
      answer[4] == 0, answer[5] == 1, Bytes(answer[12..<message.count]).lowercasedASCII == Bytes(message[12...]).lowercasedASCII
    else { return nil }
    var result: [IPAddress] = []
    var at = message.count
    for _ in 0..<(Int(answer[6]) << 8 | Int(answer[7])) {
      // A name ends with a zero, or with a pointer of two bytes.
      while at < answer.count, answer[at] > 0, answer[at] < 0xC0 { at += Int(answer[at]) + 1 }
      guard at < answer.count else { return result }
      at += answer[at] == 0 ? 1 : 2
      guard at + 10 <= answer.count else { return result }
      let type = UInt16(answer[at]) << 8 | UInt16(answer[at + 1])
      let isInternet = answer[at + 2] == 0 && answer[at + 3] == 1
      let length = Int(answer[at + 8]) << 8 | Int(answer[at + 9])
      at += 10
      guard at + length <= answer.count else { return result }
      if type == kind.rawValue, isInternet, length == (kind == .a ? 4 : 16),
        let address = IPAddress(bytes: Bytes(answer[at..<(at + length)]))
      {
        result.append(address)
      }
      at += length
    }
    return result
  }
}

/// What /etc/resolv.conf says: whom to ask, and for what.
public struct ResolverSettings: Equatable, Sendable {
  /// At most three, as the C library's.
  public var servers: [IPAddress] = []
  /// At most six; of `search`, or `domain`.
  public var domains: [Bytes] = []
  public var dots: UInt64 = 1

  public init(_ text: Bytes) {
    for line in text.pieces(separatedBy: 10) {
      let words = line.map { $0.isBlank ? 32 : $0 }.pieces(separatedBy: 32)
      guard words.count >= 2 else { continue }
      switch words[0] {
      case "nameserver":
        // A zone (`fe80::1%eth0`) is left to those who have a resolver.
        if servers.count < 3, let server = IPAddress(words[1]) { servers.append(server) }
      case "search", "domain": domains = Array<Bytes>(words[1...].prefix(6))
      case "options":
        for word in words[1...] where word.starts(with: "ndots:") { dots = min(Bytes(word.dropFirst(6)).unsignedDecimal ?? 1, 15) }
      default: break
      }
    }
    if servers.isEmpty { servers = [IPAddress(v4: 0x7F00_0001)] }
  }

  /// The full names that a name may mean, in the order in which they are asked for.
  public func candidates(_ name: Bytes) -> [Bytes] {
    if name.last == 46 { return [Bytes(name.dropLast())] }
    var result: [Bytes] = []
    for domain in domains { result.append(name + "." + (domain.last == 46 ? Bytes(domain.dropLast()) : domain)) }
    let count = name.filter { $0 == 46 }.count
    if UInt64(count) >= dots { result.insert(name, at: 0) } else { result.append(name) }
    return result
  }
}
