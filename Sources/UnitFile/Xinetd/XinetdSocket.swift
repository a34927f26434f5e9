import Model

// What becomes `[Socket]`, and `[X-Apus]` of the socket.
extension XinetdService {
  mutating func listen() {
    let key: StaticString
    switch socketType {
    case "stream": key = "ListenStream"
    case "dgram": key = "ListenDatagram"
    case "seqpacket": key = "ListenSequentialPacket"
    case "": return fail(name, Bytes("socket_type is missing"))
    case "raw": return fail(settings.first(.socketType) ?? name, Bytes("raw sockets are not known"))
    default: return fail(settings.first(.socketType) ?? name, "there is no socket_type " + socketType)
    }
    switch settings.first(.wait)?.text {
    case .some("yes"): break
    case .some("no"):
      if isDatagram {
        warn(settings.first(.wait) ?? name, Bytes("datagrams have no connections: it is written as wait = yes, one server at a time"))
      }
    case nil: fail(name, Bytes("wait is missing"))
    default: fail(settings.first(.wait) ?? name, Bytes("wait is neither yes nor no"))
    }
    switch protocolName {
    case "tcp", "udp": break
    case "sctp", "udplite": add(&socket, "SocketProtocol", protocolName)
    default:
      return fail(settings.first(.protocol) ?? name, "the protocol " + protocolName + " is not known", hint: "tcp, udp, sctp, udplite")
    }
    let known = settings.has(.type, "UNLISTED") ? nil : port(of: name.text, protocol: protocolName, in: services)
    let given = settings.first(.port)
    if let given, !given.text.isPort { return fail(given, given.text + " is no port") }
    guard let number = given?.text ?? known else {
      if settings.has(.type, "INTERNAL") || settings.has(.type, "RPC") || settings.has(.type, "TCPMUX") { return }
      return fail(name, "port is missing, and /etc/services has no " + name.text + "/" + protocolName)
    }
    add(&socket, key, address(number))
    if !waits { add(&socket, "Accept", Bytes("yes")) }
  }

  mutating func address(_ port: Bytes) -> Bytes {
    let both = settings.list(.bind) + settings.list(.interface)
    guard let word = both.last else {
      return settings.has(.flags, "IPv6") ? "[::]:" + port : settings.has(.flags, "IPv4") ? "0.0.0.0:" + port : port
    }
    guard let address = IPAddress(word.text) else {
      fail(word, "'" + word.text + "' is no address, and without it the service would listen everywhere", hint: "names are not looked up")
      return port
    }
    return address.textInBrackets + ":" + port
  }

  /// The trigger limit of systemd, which a pause follows here instead of the end.
  mutating func limitRate(_ rate: Bytes, wait: Bytes) {
    add(&socket, "TriggerLimitIntervalSec", Bytes("1s"))
    add(&socket, "TriggerLimitBurst", rate)
    add(&access, "RearmSec", (wait.unsignedDecimal == 0 ? Bytes("1") : wait) + "s")
  }

  mutating func count(_ key: StaticString, _ word: XinetdWord, unlimited: Bytes) {
    // One server at a time, whoever speaks to it.
    if waits {
      if word.text != "UNLISTED", word.file == name.file { warn(word, word.text + " has no effect with wait = yes: there is one server") }
      return
    }
    let value = word.text == "UNLIMITED" ? unlimited : number(word)
    if value.unsignedDecimal == 0 { return fail(word, Bytes("0 lets nobody in"), hint: "disable = yes") }
    if !value.isEmpty { add(&socket, key, value) }
  }

  mutating func addresses(_ key: XinetdKey, _ values: [XinetdWord], _ place: XinetdWord) {
    if waits {
      return fail(place, key.name + " cannot be kept with wait = yes: apus does not see who sends", hint: "let the server check, or bind")
    }
    var list = Bytes()
    for word in values {
      guard let ranges = xinetdRanges(word.text) else {
        let what = word.text.contains(44) ? "there is a comma in '" + word.text + "'" : "'" + word.text + "' is no address"
        if key == .noAccess {
          fail(word, what + ", and without it its hosts would be let in", hint: "names are not looked up: write addresses")
        } else {
          warn(word, what + ": its hosts are not let in", hint: "names are not looked up: write addresses")
        }
        continue
      }
      for range in ranges { list += (list.isEmpty ? Bytes() : Bytes(" ")) + range }
    }
    if key == .onlyFrom, list.isEmpty {
      // Nobody, as in xinetd.
      add(&access, "AccessDeny", Bytes("0.0.0.0/0 ::/0"))
    } else if !list.isEmpty {
      add(&access, key == .onlyFrom ? "AccessAllow" : "AccessDeny", list)
    }
  }

  /// xinetd still lets in at the last minute, AccessTimes= ends before it.
  mutating func times(_ values: [XinetdWord], _ place: XinetdWord) {
    if waits {
      return fail(place, Bytes("access_times cannot be kept with wait = yes: apus does not see who sends"), hint: "let the server check")
    }
    var list = Bytes()
    for word in values {
      let ends = word.text.pieces(separatedBy: 45)
      guard ends.count == 2, let from = minutes(ends[0]), let to = minutes(ends[1]), from <= to else {
        fail(word, "'" + word.text + "' is no span of the day", hint: "HH:MM-HH:MM")
        continue
      }
      list += (list.isEmpty ? Bytes() : Bytes(" ")) + clock(from) + "-" + clock(to + 1)
    }
    if !list.isEmpty { add(&access, "AccessTimes", list) }
  }

  func minutes(_ text: Bytes) -> UInt64? {
    let parts = text.pieces(separatedBy: 58)
    guard parts.count == 2, let hour = parts[0].unsignedDecimal, let minute = parts[1].unsignedDecimal, hour < 24, minute < 60 else {
      return nil
    }
    return hour * 60 + minute
  }

  func clock(_ minutes: UInt64) -> Bytes {
    func two(_ value: UInt64) -> Bytes { (value < 10 ? Bytes("0") : Bytes()) + Bytes(decimal: value) }
    return two(minutes / 60) + ":" + two(minutes % 60)
  }

  mutating func banner(_ key: XinetdKey, _ word: XinetdWord) {
    if waits { return warn(word, key.name + " is not sent with wait = yes: the server answers, not apus") }
    if word.text.first != 47 { return warn(word, word.text + " is no absolute path: " + key.name + " is left out") }
    add(&access, key == .banner ? "Banner" : key == .bannerSuccess ? "BannerSuccess" : "BannerFail", value(word))
  }
}
