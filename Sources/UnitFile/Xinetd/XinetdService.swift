import Model

/// One service of xinetd on its way to a socket and a service unit (units.md d.4). Every attribute is looked at in one switch,
/// so none is dropped without a word.
final class XinetdService {
  let settings: XinetdSettings
  let name: XinetdWord
  let services: Bytes
  let relay: Bytes
  var diagnostics: [Diagnostic] = []
  /// Without what was not understood it would be another service, or an open one.
  var isBroken = false
  private var socket = Bytes()
  private var service = Bytes()
  /// `[X-Apus]` of the socket.
  private var access = Bytes()

  let socketType: Bytes
  let protocolName: Bytes
  let isDatagram: Bool
  /// The server gets the listening socket; else one connection.
  let waits: Bool

  init(_ settings: XinetdSettings, name: XinetdWord, services: Bytes, relay: Bytes) {
    self.settings = settings
    self.name = name
    self.services = services
    self.relay = relay
    let given = settings.first(.protocol)?.text ?? []
    let implied: StaticString = given == "tcp" ? "stream" : given == "udp" ? "dgram" : ""
    socketType = settings.first(.socketType)?.text ?? Bytes(implied)
    isDatagram = socketType == "dgram"
    protocolName = settings.has(.protocol) ? given : Bytes(isDatagram ? "udp" : "tcp")
    waits = settings.has(.wait, Bytes("yes")) || isDatagram
  }

  // MARK: Saying

  /// `pattern` is the message, and behind `|` the remedy. Each `%` is a value: the given one, if there is one, then the word.
  private func say(_ severity: Severity, _ word: XinetdWord, _ pattern: StaticString, _ value: Bytes?) {
    let parts = Bytes(pattern).pieces(separatedBy: 124)
    var message = Bytes()
    var next = value ?? word.text
    for byte in parts[0] {
      if byte == 37 {
        message += next
        next = word.text
      } else {
        message.append(byte)
      }
    }
    diagnostics.append(word.finding(severity, message, hint: parts.count > 1 ? parts[1] : []))
    if severity == .error { isBroken = true }
  }

  /// Something is left out.
  func warn(_ word: XinetdWord, _ pattern: StaticString, _ value: Bytes? = nil) { say(.warning, word, pattern, value) }

  /// The service is not translated.
  func fail(_ word: XinetdWord, _ pattern: StaticString, _ value: Bytes? = nil) { say(.error, word, pattern, value) }

  // MARK: Translating

  func translate() {
    listen()
    command()
    for key in XinetdKey.allCases {
      if let place = settings.places[Int(key.rawValue)] { translate(key, settings.list(key), place) }
    }
    // xinetd's own default, which it needs no line for.
    if !settings.has(.cps) { limitRate(Bytes("50"), wait: Bytes("10")) }
    if !waits, !settings.has(.instances) { addSocket("MaxConnections", XinetdService.unlimited) }
  }

  /// More connections than a machine has processes.
  static var unlimited: Bytes { Bytes("1000000") }

  private func translate(_ key: XinetdKey, _ values: [XinetdWord], _ place: XinetdWord) {
    let first = values.first ?? place
    switch key {
    // In `listen` and `command`, or before.
    case .bind, .interface, .id, .disabled, .enabled, .port, .protocol, .redirect, .server, .serverArgs, .socketType, .wait: break
    case .disable, .v6only, .groups: choice(key, first)
    case .type: for word in values { type(word) }
    case .flags: for word in values { flag(word) }
    case .user: addService("User", value(first))
    case .group: addService("Group", value(first))
    case .nice: nice(first)
    case .umask: umask(first)
    case .env: for word in values { environment(word) }
    case .passenv:
      for word in values { addService("PassEnvironment", value(word)) }
      warn(place, "passenv does not keep other variables out: the server gets all that apus has|UnsetEnvironment=")
    case .rlimitAS: limit("LimitAS", first)
    case .rlimitCPU: limit("LimitCPU", first)
    case .rlimitData: limit("LimitDATA", first)
    case .rlimitFiles: limit("LimitNOFILE", first)
    case .rlimitRSS: limit("LimitRSS", first)
    case .rlimitStack: limit("LimitSTACK", first)
    case .instances: count("MaxConnections", key, first, place, unlimited: XinetdService.unlimited)
    case .perSource: count("MaxConnectionsPerSource", key, first, place, unlimited: [])
    case .cps: limitRate(number(values[0]), wait: number(values[1]))
    case .onlyFrom, .noAccess: addresses(key, values, place)
    case .accessTimes: times(values, place)
    case .banner: banner("Banner", place, first)
    case .bannerSuccess: banner("BannerSuccess", place, first)
    case .bannerFail: banner("BannerFail", place, first)
    case .logOnSuccess, .logOnFailure:
      for word in values where word.text == "USERID" || word.text == "TRAFFIC" {
        warn(word, "% is not logged|apus logs peer, duration and exit status of each connection")
      }
    case .logType: warn(place, "log_type has no equivalent: what apus says goes to its own output")
    case .maxLoad: warn(place, "max_load has no equivalent|instances and cps hold")
    case .denyTime: warn(place, "deny_time has no equivalent, because SENSOR has none")
    case .libwrap: warn(place, "libwrap has no equivalent: hosts.allow and hosts.deny are not read|only_from, no_access")
    case .mdns: warn(place, "mdns has no equivalent: nothing is announced")
    case .rpcNumber, .rpcVersion:
      // One of RPC is refused for that.
      if !settings.has(.type, Bytes("RPC")) { warn(place, "% has no effect: type = RPC is missing") }
    }
  }

  private func nice(_ word: XinetdWord) {
    let value = number(word, signed: true)
    let isBelow = value.first == 45
    guard let size = Bytes(value.dropFirst(isBelow ? 1 : 0)).unsignedDecimal else { return }
    if size > (isBelow ? 20 : 19) { return fail(word, "there is no nice %|-20 to 19") }
    addService("Nice", value)
  }

  private func umask(_ word: XinetdWord) {
    var digits = 0
    for byte in word.text {
      if byte < 48 || byte > 55 { return fail(word, "% is no umask|octal digits: 000 to 777") }
      if byte != 48 || digits > 0 { digits += 1 }
    }
    if digits > 3 { return fail(word, "% is no umask|octal digits: 000 to 777") }
    addService("UMask", word.text)
  }

  private func choice(_ key: XinetdKey, _ word: XinetdWord) {
    let isYes = word.text == "yes"
    if !isYes, word.text != "no" { return fail(word, "% is neither yes nor no: %", key.name) }
    if key == .v6only, isYes { addSocket("BindIPv6Only", Bytes("ipv6-only")) }
    if key == .groups, !isYes { warn(word, "groups = no has no equivalent: the server has its user's supplementary groups") }
  }

  private func type(_ word: XinetdWord) {
    switch word.text {
    case "UNLISTED": break
    case "INTERNAL": fail(word, "apus has no % service of its own|echo is ExecStart=/bin/cat, for one", name.text)
    case "RPC": fail(word, "services of RPC are not known: nothing is registered with a portmapper")
    case "TCPMUX", "TCPMUXPLUS": fail(word, "tcpmux is not known|give the service a port of its own")
    default: fail(word, "there is no type %")
    }
  }

  private func flag(_ word: XinetdWord) {
    switch word.text {
    case "REUSE", "NOLIBWRAP", "NAMEINARGS", "IPv4", "IPv6": break
    case "KEEPALIVE": if !isDatagram { addSocket("KeepAlive", Bytes("yes")) }
    case "NODELAY": if !isDatagram { addSocket("NoDelay", Bytes("yes")) }
    case "SENSOR": fail(word, "SENSOR has no equivalent|SourceLimitBurst= slows who comes too often")
    case "INTERCEPT", "NORETRY", "IDONLY", "LABELED": warn(word, "the flag % has no equivalent")
    default: fail(word, "there is no flag %")
    }
  }

  // MARK: Values and files

  func number(_ word: XinetdWord, signed: Bool = false) -> Bytes {
    let digits = signed && word.text.first == 45 ? Bytes(word.text.dropFirst()) : word.text
    if let value = digits.unsignedDecimal, value <= UInt64(UInt32.max) { return word.text }
    fail(word, "'%' is no number, or too large")
    return []
  }

  /// One that is not quoted: specifiers are doubled; what a unit file would read otherwise is refused.
  func value(_ word: XinetdWord) -> Bytes {
    var out = Bytes()
    for byte in word.text.firstInvalidUTF8 == nil ? word.text : [92] {
      if byte == 92 || byte == 34 || byte == 39 || byte < 32 || byte == 127 {
        fail(word, "'%' has a quote, a backslash, or bytes that are no text, which cannot be written here")
        return []
      }
      out.append(byte)
      if byte == 37 { out.append(37) }
    }
    return out
  }

  private func add(_ section: inout Bytes, _ key: StaticString, _ value: Bytes) {
    section += key
    section.append(61)
    section += value
    section.append(10)
  }

  func addSocket(_ key: StaticString, _ value: Bytes) { add(&socket, key, value) }
  func addService(_ key: StaticString, _ value: Bytes) { add(&service, key, value) }
  func addAccess(_ key: StaticString, _ value: Bytes) { add(&access, key, value) }

  /// Neither an id nor a path may end its line, or have bytes that are no text.
  private func plain(_ text: Bytes) -> Bytes {
    var out = Bytes()
    for byte in text { out.append(byte <= 32 || byte >= 127 || byte == 92 ? 63 : byte) }
    return out
  }

  private func head(_ id: Bytes) -> Bytes {
    var shown = Bytes()
    for byte in plain(id) {
      shown.append(byte)
      if byte == 37 { shown.append(37) }
    }
    let line = Bytes(decimal: name.line)
    return filled("# Made by 'apus import xinetd' from %:%\n[Unit]\nDescription=%\n", plain(name.file), line, shown)
  }

  func socketFile(_ id: Bytes) -> Bytes {
    filled("%\n[Socket]\n%\n[Install]\nWantedBy=sockets.target\n\n[X-Apus]\n%", head(id), socket, access)
  }

  /// With wait = yes only the socket's limit counts: systemd would stop listening after five quick ends of the server.
  func serviceFile(_ id: Bytes) -> Bytes {
    filled(waits ? "%StartLimitIntervalSec=0\n\n[Service]\n%" : "%\n[Service]\n%", head(id), service)
  }
}
