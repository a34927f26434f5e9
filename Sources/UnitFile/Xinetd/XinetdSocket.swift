import Model

// What becomes `[Socket]`, and `[X-Apus]` of the socket.
extension XinetdService {
  func listen() {
    let key: StaticString
    let typePlace = settings.first(.socketType) ?? name
    switch socketType {
    case "stream": key = "ListenStream"
    case "dgram": key = "ListenDatagram"
    case "seqpacket": key = "ListenSequentialPacket"
    case "": return fail(name, "socket_type is missing")
    case "raw": return fail(typePlace, "raw sockets are not known")
    default: return fail(typePlace, "there is no socket_type %", socketType)
    }
    if let wait = settings.first(.wait) {
      if wait.text == "no" {
        if isDatagram { warn(wait, "datagrams have no connections: it is written as wait = yes, one server at a time") }
      } else if wait.text != "yes" {
        fail(wait, "wait is neither yes nor no")
      }
    } else {
      fail(name, "wait is missing")
    }
    switch protocolName {
    case "tcp", "udp": break
    case "sctp", "udplite": addSocket("SocketProtocol", protocolName)
    default:
      return fail(settings.first(.protocol) ?? name, "the protocol % is not known|tcp, udp, sctp, udplite", protocolName)
    }
    let isUnlisted = settings.has(.type, Bytes("UNLISTED"))
    let given = settings.first(.port)
    if let given, !given.text.isPort { return fail(given, "% is no port") }
    guard let number = given?.text ?? (isUnlisted ? nil : port(of: name.text, protocol: protocolName, in: services)) else {
      // Any other type is refused for itself.
      for word in settings.list(.type) where word.text == "INTERNAL" || word.text == "RPC" || word.text == "TCPMUX" { return }
      return fail(name, "port is missing, and /etc/services has no %", name.text + "/" + protocolName)
    }
    addSocket(key, address(number))
    if !waits { addSocket("Accept", Bytes("yes")) }
  }

  private func address(_ port: Bytes) -> Bytes {
    guard let word = settings.list(.interface).last ?? settings.list(.bind).last else {
      let isAny4 = settings.has(.flags, Bytes("IPv4"))
      return filled(settings.has(.flags, Bytes("IPv6")) ? "[::]:%" : isAny4 ? "0.0.0.0:%" : "%", port)
    }
    guard let address = IPAddress(word.text) else {
      fail(word, "'%' is no address, and without it the service would listen everywhere|names are not looked up")
      return port
    }
    return address.textInBrackets + ":" + port
  }

  /// The trigger limit of systemd, which a pause follows here instead of the end.
  func limitRate(_ rate: Bytes, wait: Bytes) {
    addSocket("TriggerLimitIntervalSec", Bytes("1s"))
    addSocket("TriggerLimitBurst", rate)
    addAccess("RearmSec", wait.unsignedDecimal == 0 ? Bytes("1s") : wait + "s")
  }

  /// `place`: where the attribute's name stands.
  func count(_ key: StaticString, _ attribute: XinetdKey, _ word: XinetdWord, _ place: XinetdWord, unlimited: Bytes) {
    // One server at a time, whoever speaks to it; defaults are meant for others.
    if waits {
      if word.text != "UNLIMITED", settings.isOwn(attribute) { warn(place, "% has no effect with wait = yes: there is one server") }
      return
    }
    let value = word.text == "UNLIMITED" ? unlimited : number(word)
    if value.unsignedDecimal == 0 { return fail(word, "0 lets nobody in|disable = yes") }
    if !value.isEmpty { addSocket(key, value) }
  }

  func addresses(_ key: XinetdKey, _ values: [XinetdWord], _ place: XinetdWord) {
    if waits {
      return fail(place, "% cannot be kept with wait = yes: apus does not see who sends|let the server check, or bind", key.name)
    }
    let isAllowing = key == .onlyFrom
    var list = Bytes()
    for word in values {
      guard let ranges = xinetdRanges(word.text) else {
        let what = filled(word.text.contains(44) ? "there is a comma in '%'" : "'%' is no address", word.text)
        if isAllowing {
          warn(word, "%: its hosts are not let in|names are not looked up: write addresses", what)
        } else {
          fail(word, "%, and without it its hosts would be let in|names are not looked up: write addresses", what)
        }
        continue
      }
      for range in ranges { list.appendWord(range) }
    }
    if !list.isEmpty {
      addAccess(isAllowing ? "AccessAllow" : "AccessDeny", list)
    } else if isAllowing {
      // Nobody, as in xinetd.
      addAccess("AccessDeny", Bytes("0.0.0.0/0 ::/0"))
    }
  }

  /// xinetd still lets in at the last minute, AccessTimes= ends before it.
  func times(_ values: [XinetdWord], _ place: XinetdWord) {
    if waits { return fail(place, "access_times cannot be kept with wait = yes: apus does not see who sends|let the server check") }
    var list = Bytes()
    for word in values {
      let ends = word.text.pieces(separatedBy: 45)
      guard ends.count == 2, let from = minutes(ends[0]), let to = minutes(ends[1]), from <= to else {
        fail(word, "'%' is no span of the day|HH:MM-HH:MM")
        continue
      }
      list.appendWord(clock(from) + "-" + clock(to + 1))
    }
    if !list.isEmpty { addAccess("AccessTimes", list) }
  }

  private func minutes(_ text: Bytes) -> UInt64? {
    let parts = text.pieces(separatedBy: 58)
    guard parts.count == 2, let hour = parts[0].unsignedDecimal, let minute = parts[1].unsignedDecimal, hour < 24, minute < 60 else {
      return nil
    }
    return hour * 60 + minute
  }

  private func clock(_ minutes: UInt64) -> Bytes {
    var out = Bytes()
    out.append(minuteOfDay: Int(minutes))
    return out
  }

  /// `place`: where the attribute's name stands.
  func banner(_ key: StaticString, _ place: XinetdWord, _ word: XinetdWord) {
    if waits { return warn(word, "% is not sent with wait = yes: the server answers, not apus", place.text) }
    if word.text.first != 47 { return warn(word, "%", filled("% is no absolute path: % is left out", word.text, place.text)) }
    addAccess(key, value(word))
  }
}

extension Bytes {
  /// One more word behind a blank.
  fileprivate mutating func appendWord(_ word: Bytes) {
    if !isEmpty { append(32) }
    self += word
  }
}
