import Calendar
import Model

// What the lists, `status` and `show` tell of sockets, paths, and of what starts what.

extension Manager {
  /// Instances of a socket that a report names; further ones are in NConnections= only.
  static var reportedInstancesMax: Int { 256 }

  /// `isWhole`: with what takes a walk over all units.
  func describeTriggers(_ id: UnitID, _ report: inout UnitReport, isWhole: Bool) {
    let record = self[id]
    switch record.unit.kind {
    case .timer(let settings): report.triggers = [settings.unit.bytes]
    case .path(let settings):
      report.triggers = [settings.unit.bytes]
      report.result = record.path?.failure ?? .success
      for spec in settings.specs { report.paths.append(text("\(spec.path) (\(spec.kind.name))")) }
      if isWhole { report.properties += pathProperties(settings) }
    case .socket(let settings):
      var socket = SocketReport()
      for listener in settings.listen.listeners { socket.listen.append(text("\(listener.text) (\(listener.kind.name))")) }
      socket.accepts = settings.accepts
      count(record, &socket)
      report.socket = socket
      report.result = record.service.result
      report.controlPID = record.service.control?.pid ?? 0
      if record.service.invocation != 0 { report.invocationID = invocationID(seed: options.seed, number: record.service.invocation) }
      if !settings.accepts {
        report.triggers = [settings.service.bytes]
      } else if isWhole {
        for index in records.indices where isShown(index) && records[index].unit.name.template == settings.service {
          if report.triggers.count == Manager.reportedInstancesMax { break }
          report.triggers.append(records[index].name)
        }
      }
      if isWhole { report.properties += socketProperties(record.name, settings) }
    case .service, .target, .other: break
    }
    if isWhole { report.triggeredBy = triggers(of: record) }
  }

  /// The numbers of a socket: the one place that asks where they are kept.
  private func count(_ record: UnitRecord, _ socket: inout SocketReport) {
    guard let book = record.socket else { return }
    socket.connections = book.connections
    socket.accepted = book.accepted
    socket.refused = book.refused
    socket.held = UInt32(clamping: book.held.count)
  }

  /// Timers, paths and sockets that start it.
  private func triggers(of record: UnitRecord) -> [Bytes] {
    let name = record.unit.name
    var result: [Bytes] = []
    for index in records.indices where isShown(index) {
      let isTrigger: Bool
      switch records[index].unit.kind {
      case .timer(let settings): isTrigger = settings.unit == name
      case .path(let settings): isTrigger = settings.unit == name
      case .socket(let settings): isTrigger = settings.service == (settings.accepts ? name.template : name)
      case .service, .target, .other: isTrigger = false
      }
      if isTrigger { result.append(records[index].name) }
    }
    return result
  }

  private func pathProperties(_ settings: PathSettings) -> [Bytes] {
    var list: [Bytes] = []
    list.append("Unit=" + settings.unit.bytes)
    list.append(flag("MakeDirectory", settings.makesDirectory != nil))
    list.append("DirectoryMode=" + Bytes(octal: settings.makesDirectory ?? 0o755))
    limit("TriggerLimit", settings.triggerLimit, &list)
    return list
  }

  private func limit(_ name: StaticString, _ limit: RateLimit, _ list: inout [Bytes]) {
    list.append(Bytes(name) + span("IntervalUSec", limit.interval))
    list.append(Bytes(name) + "Burst=" + Bytes(decimal: limit.burst))
  }

  private func socketProperties(_ name: Bytes, _ settings: SocketSettings) -> [Bytes] {
    let listen = settings.listen
    var list: [Bytes] = []
    /// What the unit does not say is left out.
    func add(_ key: StaticString, _ value: Bytes) { if !value.isEmpty { list.append(Bytes(key) + "=" + value) } }
    for option in SocketOption.allCases { list.append(property(option, listen.value(option))) }
    add("Backlog", Bytes(decimal: listen.backlog))
    list.append(span("TimeoutUSec", settings.process.timeoutStart))
    add("BindToDevice", listen.device)
    add("TCPCongestion", listen.congestion)
    add("SocketUser", listen.user)
    add("SocketGroup", listen.group)
    add("SocketMode", Bytes(octal: listen.mode))
    add("DirectoryMode", Bytes(octal: listen.directoryMode))
    for link in listen.symlinks { add("Symlinks", link) }
    list.append(flag("FlushPending", settings.flushPending))
    list.append(flag("RemoveOnStop", settings.removeOnStop))
    list.append(flag("PassFileDescriptorsToExec", settings.passesToExec))
    add("MaxConnections", Bytes(decimal: settings.maxConnections))
    add("MaxConnectionsPerSource", Bytes(decimal: settings.maxConnectionsPerSource))
    add("FileDescriptorName", settings.descriptorName.isEmpty ? name : settings.descriptorName)
    limit("TriggerLimit", settings.triggerLimit, &list)
    limit("PollLimit", settings.pollLimit, &list)
    if let source = settings.sourceLimit { limit("SourceLimit", source, &list) }
    if let rearm = settings.rearm { list.append(span("RearmUSec", rearm)) }
    add("AccessAllow", ranges(settings.allowed))
    add("AccessDeny", ranges(settings.denied))
    add("AccessTimes", times(settings.times))
    add("Banner", settings.banner)
    add("BannerSuccess", settings.bannerSuccess)
    add("BannerFail", settings.bannerFail)
    return list
  }

  private func ranges(_ ranges: [IPRange]) -> Bytes {
    var out = Bytes()
    for range in ranges { out += (out.isEmpty ? Bytes() : Bytes(" ")) + range.text }
    return out
  }

  private func times(_ times: [DayRange]) -> Bytes {
    var out = Bytes()
    for range in times {
      if !out.isEmpty { out.append(32) }
      out.append(minuteOfDay: Int(range.from))
      out.append(45)
      out.append(minuteOfDay: Int(range.to))
    }
    return out
  }

  /// A letter for each option, in their order: yes or no (`B`: yes unless said otherwise), a span, a number that is 0 or (`m`) -1
  /// unless said otherwise, Timestamping= and BindIPv6Only=.
  private func property(_ option: SocketOption, _ value: Int64?) -> Bytes {
    let letters: StaticString = "bssnbmnnmmmbbbbbbbbBtsvnnnbn"
    var name = Bytes(option.name)
    let shown: Bytes
    switch Bytes(letters)[Int(option.rawValue)] {
    case 98: shown = Bytes(value ?? 0 != 0 ? "yes" : "no")
    case 66: shown = Bytes(value ?? 1 != 0 ? "yes" : "no")
    case 115:
      if name.ends(with: "Sec") { name = Bytes(name.dropLast(3)) }
      name += "USec"
      shown = value.map { formatTimeSpan(TimeSpan(seconds: UInt64(clamping: min($0, 1 << 40)))) } ?? Bytes("0")
    case 109: shown = value.map { Bytes(decimal: $0) } ?? Bytes("-1")
    case 116: shown = Bytes(value == 1 ? "us" : value == 2 ? "ns" : "off")
    case 118: shown = Bytes(value == 1 ? "both" : value == 2 ? "ipv6-only" : "default")
    default: shown = Bytes(decimal: value ?? 0)
    }
    return name + "=" + shown
  }
}
