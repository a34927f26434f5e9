import Model

/// Why a `Listen…=` line cannot be used, and the remedy.
struct ListenError: Error {
  var message: StaticString
  var hint: StaticString
  init(_ message: StaticString, hint: StaticString = "") {
    self.message = message
    self.hint = hint
  }
}

/// `Listen…=` values, specifiers expanded, as systemd reads and shows them (units.md b.9, d.1).
enum ListenParser {
  /// `sun_path` without its NUL.
  static let longestPath = 107

  static func parse(_ text: Bytes, _ kind: ListenKind) throws(ListenError) -> Listener {
    switch kind {
    case .stream, .datagram, .sequentialPacket: return try socket(text, kind)
    case .fifo, .special:
      let path = try path(text).simplifiedPath
      // A special file is somebody else's.
      return node(kind == .fifo ? path.withoutVarRun : path, kind)
    case .messageQueue:
      let path = try path(text).simplifiedPath
      if path.count < 2 || path.count > 256 || path[1...].contains(47) {
        throw ListenError("no name of a message queue", hint: "write one slash and up to 255 bytes behind it: /NAME")
      }
      return node(path, kind)
    case .netlink: return try netlink(text)
    }
  }

  private static func node(_ path: Bytes, _ kind: ListenKind) -> Listener { Listener(kind: kind, address: .path(path), text: path) }

  private static func path(_ text: Bytes) throws(ListenError) -> Bytes {
    if text.first != 47 { throw ListenError("the path is not absolute") }
    if !text.isAbsolutePath { throw ListenError("the path is too long") }
    if text.pieces(separatedBy: 47).contains(where: { $0 == ".." }) { throw ListenError("the path has .. in it") }
    return text
  }

  // MARK: Sockets

  private static func socket(_ text: Bytes, _ kind: ListenKind) throws(ListenError) -> Listener {
    let (address, normal) = try address(text, kind)
    switch address {
    case .unix, .abstract: break
    case .ip, .vsock, .netlink, .path:
      if kind == .sequentialPacket {
        throw ListenError("packets in sequence are had of UNIX sockets only", hint: "write /PATH or @NAME, or ListenStream=")
      }
    }
    return Listener(kind: kind, address: address, text: normal)
  }

  private static func address(_ text: Bytes, _ kind: ListenKind) throws(ListenError) -> (ListenAddress, Bytes) {
    if text.first == 47 || text.first == 64 {
      if text.count > longestPath { throw ListenError("longer than the 107 bytes that the kernel takes", hint: "take a shorter path") }
      if text.count < 2 { throw ListenError("the name is missing") }
      if text[0] == 64 { return (.abstract(Bytes(text[1...])), text) }
      let path = try path(text).withoutVarRun
      return (.unix(path), path)
    }
    if text.starts(with: "vsock") { return try vsock(text, kind) }
    if let port = portNumber(text) { return (.ip(IPAddress(high: 0, low: 0), port: port, interface: []), "[::]:" + Bytes(decimal: port)) }
    return try internet(text)
  }

  /// `A.B.C.D:PORT`, `[V6]:PORT`, both with `%INTERFACE` behind it.
  private static func internet(_ text: Bytes) throws(ListenError) -> (ListenAddress, Bytes) {
    let anything: StaticString = "write PORT, A.B.C.D:PORT, [V6]:PORT, /PATH, @NAME or vsock:CID:PORT"
    let isV6 = text.first == 91
    guard let colon = text.lastIndex(of: 58) else { throw ListenError("no address and no port", hint: anything) }
    var host = Bytes(text[..<colon])
    if isV6 {
      if host.contains(37) {
        throw ListenError("no address and no port", hint: "the interface stands behind the port: [V6]:PORT%%INTERFACE")
      }
      guard host.last == 93, host.count > 2 else { throw ListenError("no address and no port", hint: anything) }
      host = Bytes(host[1..<(host.count - 1)])
    }
    guard let address = IPAddress(host), host.contains(58) == isV6 else {
      let isName = !isV6 && host.isHostName
      throw ListenError(
        isName ? "a host's name is not looked up" : "no Internet address",
        hint: isName ? "write the number of one of this host's addresses, or the port alone" : anything)
    }
    let rest = text[(colon + 1)...]
    let percent = rest.firstIndex(of: 37)
    guard let port = portNumber(Bytes(rest[..<(percent ?? rest.endIndex)])) else {
      throw ListenError("no port", hint: "write a number from 1 to 65535")
    }
    let shown = isV6 ? "[" + (address.isV4 ? "::ffff:" + address.text : address.text) + "]:" : address.text + ":"
    var interface = Bytes()
    if let percent {
      interface = Bytes(rest[(percent + 1)...])
      if !interface.isInterfaceName { throw ListenError("no name of a network interface") }
      // It means nothing to an IPv4 address.
      if !isV6 { interface = [] }
    }
    let normal = shown + Bytes(decimal: port) + (interface.isEmpty ? [] : "%" + interface)
    return (.ip(address, port: port, interface: interface), normal)
  }

  /// `vsock:CID:PORT`; without CID any.
  private static func vsock(_ text: Bytes, _ kind: ListenKind) throws(ListenError) -> (ListenAddress, Bytes) {
    let parts = text.pieces(separatedBy: 58, keepEmpty: true)
    let families: StaticString = " vsock-stream vsock-dgram vsock-seqpacket "
    let family = families.wordIndex(parts[0])
    guard parts.count == 3, parts[0] == "vsock" || family != nil, let port = unsigned(parts[2]),
      let cid = parts[1].isEmpty ? UInt32.max : unsigned(parts[1])
    else { throw ListenError("no vsock address", hint: "write vsock:CID:PORT, or vsock::PORT for any CID") }
    if let family, family != Int(kind.rawValue) { throw ListenError("the address is of another kind of socket than the key") }
    let normal = "vsock:" + (cid == .max ? [] : Bytes(decimal: cid)) + ":" + Bytes(decimal: port)
    return (.vsock(cid: cid, port: port), normal)
  }

  /// `FAMILY` or `FAMILY GROUP`.
  private static func netlink(_ text: Bytes) throws(ListenError) -> Listener {
    // In the kernel's numbering; `-` has no name with systemd.
    let names: StaticString = """
       route - - firewall inet-diag nflog xfrm selinux iscsi audit fib-lookup connector netfilter ip6-fw dnrtmsg kobject-uevent \
      generic - scsitransport ecryptfs rdma 
      """
    var words: [Bytes] = []
    for word in text.pieces(separatedBy: 32) { words += word.pieces(separatedBy: 9) }
    guard let first = words.first, words.count <= 2 else { throw ListenError("no netlink family, and no family and group") }
    let number = first == "-" ? nil : names.wordIndex(first).map { UInt32($0) } ?? unsigned(first)
    guard let number, number <= 255 else {
      throw ListenError("no such netlink family", hint: "for example route, kobject-uevent, audit")
    }
    var group: UInt32 = 0
    if words.count == 2 {
      guard let given = unsigned(words[1]) else { throw ListenError("no number of a multicast group") }
      group = given
    }
    let list = names.words
    let name = number < UInt32(list.count) && list[Int(number)] != "-" ? list[Int(number)] : Bytes(decimal: number)
    return Listener(
      kind: .netlink, address: .netlink(family: UInt16(number), group: group), text: name + " " + Bytes(decimal: group))
  }

  /// 1 to 65535, as C writes numbers.
  static func portNumber(_ text: Bytes) -> UInt16? {
    unsigned(text).flatMap { $0 >= 1 && $0 <= 65535 ? UInt16($0) : nil }
  }

  /// A number of 32 bits, a `+` before it or none.
  private static func unsigned(_ text: Bytes) -> UInt32? {
    let digits = text.first == 43 ? Bytes(text[1...]) : text
    return digits.unsignedNumber.flatMap { $0 <= UInt64(UInt32.max) ? UInt32($0) : nil }
  }
}

extension Array where Element == UInt8 {
  /// What the kernel may call a network interface, or its number.
  var isInterfaceName: Bool {
    !isEmpty && count < 16 && self != "." && self != ".." && allSatisfy { $0 > 32 && $0 < 127 && $0 != 47 && $0 != 58 && $0 != 37 }
  }
}
