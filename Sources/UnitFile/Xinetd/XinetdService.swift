import Model

/// One service of xinetd on its way to a socket and a service unit (units.md d.4). Every attribute is looked at in one switch,
/// so none is dropped without a word.
struct XinetdService {
  let settings: XinetdSettings
  let name: XinetdWord
  let services: Bytes
  let relay: Bytes
  var diagnostics: [Diagnostic] = []
  /// Without what was not understood it would be another service, or an open one.
  var isBroken = false
  var socket = Bytes()
  var service = Bytes()
  /// `[X-Apus]` of the socket.
  var access = Bytes()

  init(_ settings: XinetdSettings, name: XinetdWord, services: Bytes, relay: Bytes) {
    self.settings = settings
    self.name = name
    self.services = services
    self.relay = relay
  }

  /// The server gets the listening socket; else one connection.
  var waits: Bool { settings.has(.wait, "yes") || isDatagram }
  var isDatagram: Bool { socketType == "dgram" }

  var socketType: Bytes {
    if let word = settings.first(.socketType) { return word.text }
    switch settings.first(.protocol)?.text {
    case .some("tcp"): return Bytes("stream")
    case .some("udp"): return Bytes("dgram")
    default: return []
    }
  }

  var protocolName: Bytes { settings.first(.protocol)?.text ?? Bytes(isDatagram ? "udp" : "tcp") }

  // MARK: Saying

  mutating func say(_ severity: Severity, _ word: XinetdWord, _ message: Bytes, hint: StaticString) {
    diagnostics.append(Diagnostic(severity, file: word.file, line: word.line, message: message, hint: Bytes(hint)))
    if severity == .error { isBroken = true }
  }

  mutating func warn(_ word: XinetdWord, _ message: Bytes, hint: StaticString = "") {
    say(.warning, word, message, hint: hint)
  }

  mutating func fail(_ word: XinetdWord, _ message: Bytes, hint: StaticString = "") { say(.error, word, message, hint: hint) }

  // MARK: Translating

  mutating func translate() {
    listen()
    command()
    for key in XinetdKey.allCases {
      guard settings.has(key), let place = settings.places[Int(key.rawValue)] else { continue }
      translate(key, settings.list(key), place)
    }
    // xinetd's own default, which it needs no line for.
    if !settings.has(.cps) { limitRate(Bytes("50"), wait: Bytes("10")) }
    if !waits, !settings.has(.instances) { add(&socket, "MaxConnections", XinetdService.unlimited) }
  }

  /// More connections than a machine has processes.
  static var unlimited: Bytes { Bytes("1000000") }

  mutating func translate(_ key: XinetdKey, _ values: [XinetdWord], _ place: XinetdWord) {
    let first = values.first ?? place
    switch key {
    // In `listen` and `command`, or before.
    case .bind, .interface, .id, .disabled, .enabled, .port, .protocol, .redirect, .server, .serverArgs, .socketType, .wait: break
    case .disable, .v6only, .groups: flag(key, first)
    case .type: for word in values { type(word) }
    case .flags: for word in values { flag(word) }
    case .user: add(&service, "User", value(first))
    case .group: add(&service, "Group", value(first))
    case .nice: add(&service, "Nice", number(first, signed: true))
    case .umask: add(&service, "UMask", value(first))
    case .env: for word in values { environment(word) }
    case .passenv:
      for word in values { add(&service, "PassEnvironment", value(word)) }
      warn(place, Bytes("passenv does not keep other variables out: the server gets all that apus has"), hint: "UnsetEnvironment=")
    case .rlimitAS: limit("LimitAS", first)
    case .rlimitCPU: limit("LimitCPU", first)
    case .rlimitData: limit("LimitDATA", first)
    case .rlimitFiles: limit("LimitNOFILE", first)
    case .rlimitRSS: limit("LimitRSS", first)
    case .rlimitStack: limit("LimitSTACK", first)
    case .instances: count("MaxConnections", first, unlimited: XinetdService.unlimited)
    case .perSource: count("MaxConnectionsPerSource", first, unlimited: [])
    case .cps: limitRate(number(values[0]), wait: number(values[1]))
    case .onlyFrom, .noAccess: addresses(key, values, place)
    case .accessTimes: times(values, place)
    case .banner, .bannerSuccess, .bannerFail: banner(key, first)
    case .logOnSuccess, .logOnFailure:
      for word in values where word.text == "USERID" || word.text == "TRAFFIC" {
        warn(word, word.text + " is not logged", hint: "apus logs peer, duration and exit status of each connection")
      }
    case .logType: warn(place, Bytes("log_type has no equivalent: what apus says goes to its own output"))
    case .maxLoad: warn(place, Bytes("max_load has no equivalent"), hint: "instances and cps hold")
    case .denyTime: warn(place, Bytes("deny_time has no equivalent, because SENSOR has none"))
    case .libwrap: warn(place, Bytes("libwrap has no equivalent: hosts.allow and hosts.deny are not read"), hint: "only_from, no_access")
    case .mdns: warn(place, Bytes("mdns has no equivalent: nothing is announced"))
    case .rpcNumber, .rpcVersion: break
    }
  }

  mutating func flag(_ key: XinetdKey, _ word: XinetdWord) {
    guard word.text == "yes" || word.text == "no" else {
      return fail(word, key.name + " is neither yes nor no: " + word.text)
    }
    if key == .v6only, word.text == "yes" { add(&socket, "BindIPv6Only", Bytes("ipv6-only")) }
    if key == .groups, word.text == "no" {
      warn(word, Bytes("groups = no has no equivalent: the server has its user's supplementary groups"))
    }
  }

  mutating func type(_ word: XinetdWord) {
    switch word.text {
    case "UNLISTED": break
    case "INTERNAL": fail(word, "apus has no " + name.text + " service of its own", hint: "echo is ExecStart=/bin/cat, for one")
    case "RPC": fail(word, Bytes("services of RPC are not known: nothing is registered with a portmapper"))
    case "TCPMUX", "TCPMUXPLUS": fail(word, Bytes("tcpmux is not known"), hint: "give the service a port of its own")
    default: fail(word, "there is no type " + word.text)
    }
  }

  mutating func flag(_ word: XinetdWord) {
    switch word.text {
    case "REUSE", "NOLIBWRAP", "NAMEINARGS", "IPv4", "IPv6": break
    case "KEEPALIVE": if !isDatagram { add(&socket, "KeepAlive", Bytes("yes")) }
    case "NODELAY": if !isDatagram { add(&socket, "NoDelay", Bytes("yes")) }
    case "SENSOR": fail(word, Bytes("SENSOR has no equivalent"), hint: "SourceLimitBurst= slows who comes too often")
    case "INTERCEPT", "NORETRY", "IDONLY", "LABELED": warn(word, "the flag " + word.text + " has no equivalent")
    default: fail(word, "there is no flag " + word.text)
    }
  }

  // MARK: Values and files

  mutating func number(_ word: XinetdWord, signed: Bool = false) -> Bytes {
    let digits = signed && word.text.first == 45 ? Bytes(word.text.dropFirst()) : word.text
    if let value = digits.unsignedDecimal, value <= UInt64(UInt32.max) { return word.text }
    fail(word, "'" + word.text + "' is no number, or too large")
    return []
  }

  /// One that is not quoted: specifiers are doubled; what a unit file would read otherwise is refused.
  mutating func value(_ word: XinetdWord) -> Bytes {
    var out = Bytes()
    for byte in word.text.firstInvalidUTF8 == nil ? word.text : [92] {
      if byte == 92 || byte == 34 || byte == 39 || byte < 32 || byte == 127 {
        fail(word, "'" + word.text + "' has a quote, a backslash, or bytes that are no text, which cannot be written here")
        return []
      }
      out.append(byte)
      if byte == 37 { out.append(37) }
    }
    return out
  }

  func add(_ section: inout Bytes, _ key: StaticString, _ value: Bytes) {
    section += key
    section += "=" + value + "\n"
  }

  func head(_ id: Bytes, _ more: StaticString) -> Bytes {
    // Neither may end its line, or have bytes that are no text.
    func plain(_ text: Bytes) -> Bytes { text.map { $0 <= 32 || $0 >= 127 || $0 == 92 ? 63 : $0 } }
    var shown = Bytes()
    for byte in plain(id) { shown += byte == 37 ? [37, 37] : [byte] }
    let file = plain(name.file)
    var out = "# Made by 'apus import xinetd' from " + file + ":" + Bytes(decimal: name.line) + "\n[Unit]\nDescription=" + shown
    out += "\n"
    out += more
    return out
  }

  func socketFile(_ id: Bytes) -> Bytes {
    head(id, "\n[Socket]\n") + socket + "\n[Install]\nWantedBy=sockets.target\n\n[X-Apus]\n" + access
  }

  /// With wait = yes only the socket's limit counts: systemd would stop listening after five quick ends of the server.
  func serviceFile(_ id: Bytes) -> Bytes {
    head(id, waits ? "StartLimitIntervalSec=0\n\n[Service]\n" : "\n[Service]\n") + service
  }
}
