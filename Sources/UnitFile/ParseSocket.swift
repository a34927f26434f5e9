import Calendar
import Model

extension UnitParser {
  /// Things that one unit listens on.
  static let maximumListeners = 1024

  /// `[Socket]`, but for options of the kernel's socket and for what it has in common with services (units.md d.1).
  func applySocket(_ directive: Directive) {
    switch directive {
    case .listenStream, .listenDatagram, .listenSequentialPacket, .listenFIFO, .listenSpecial, .listenNetlink, .listenMessageQueue:
      addListener(ListenKind.allCases[directive.place(from: .listenStream)])
    case .listenUSBFunction:
      if value.isEmpty {
        forgetListeners()
      } else {
        fail(
          ignoredSeverity, state: .badSetting, at: valuePosition,
          message: "cannot use " + key + "=" + value.quotable + ": a container is no USB gadget")
      }
    case .accept: set(&socket.accepts)
    case .socketService: applySocketService()
    case .backlog: setCount(&listen.backlog)
    case .bindToDevice:
      if value.isEmpty || value == "*" {
        listen.device = []
      } else if value.isInterfaceName {
        listen.device = value
      } else {
        badValue("no name of a network interface")
      }
    case .tcpCongestion:
      if value.count > 15 { badValue("no name of an algorithm", hint: "for example cubic, bbr") } else { listen.congestion = value }
    case .socketUser: setUser(&listen.user)
    case .socketGroup: setUser(&listen.group)
    case .socketMode: setMode(&listen.mode, example: "for example 0660")
    case .symlinks: addSymlinks()
    case .maxConnections: setCount(&socket.maxConnections)
    case .maxConnectionsPerSource: setCount(&socket.maxConnectionsPerSource)
    case .flushPending: set(&socket.flushPending)
    case .removeOnStop: set(&socket.removeOnStop)
    case .fileDescriptorName:
      guard let name = expanded(value) else { return }
      if name.isDescriptorName {
        socket.descriptorName = name
      } else {
        badValue("no name of a descriptor", hint: "up to 255 printable letters but the colon")
      }
    case .passFileDescriptorsToExec: set(&socket.passesToExec)
    default: addCommands(to: &service.stop)
    }
  }

  private func forgetListeners() {
    listen.listeners = []
    written.listeners = []
  }

  /// An empty value of any kind takes back all listeners, whatever their kind.
  private func addListener(_ kind: ListenKind) {
    if value.isEmpty { return forgetListeners() }
    guard let text = expanded(value) else { return }
    do throws(ListenError) {
      let listener = try ListenParser.parse(text, kind)
      if listen.listeners.count == UnitParser.maximumListeners { return badValue("more than 1024 things to listen on") }
      listen.listeners.append(listener)
      written.listeners.append((valuePosition, []))
    } catch {
      badValue(error.message, hint: error.hint)
    }
  }

  /// An address that is given twice would be in its own way for ever; what is opened by a path is opened again. With ReusePort= it
  /// is meant: the kernel shares them out.
  private func dropTwins() {
    if listen.value(.reusePort) == 1 { return }
    var index = listen.listeners.count
    while index > 0 {
      index -= 1
      let kind = listen.listeners[index].kind
      guard kind == .stream || kind == .datagram || kind == .sequentialPacket else { continue }
      let text = listen.listeners[index].text
      for other in 0..<index where listen.listeners[other].kind == kind && listen.listeners[other].text == text {
        listen.listeners.remove(at: index)
        ignore("this address is given twice", at: written.listeners[index].at, hint: "once is enough, or write ReusePort=yes")
        break
      }
    }
  }

  private func applySocketService() {
    written.socketServiceIsBad = true
    guard let word = words(.retain).first, let name = unitName(word) else {
      if value.isEmpty { badValue("the name of the service is missing") }
      return
    }
    if name.type != .service {
      badValue("a socket starts services only")
      return
    }
    socket.service = name
    written.socketService = valuePosition
    written.socketServiceIsBad = false
  }

  private func addSymlinks() {
    if value.isEmpty {
      listen.symlinks = []
      return
    }
    for word in words(.strict) {
      guard let text = expanded(word.text, offset: word.offset), let path = checkedPath(text, offset: word.offset) else { continue }
      if listen.symlinks.count < UnitParser.maximumListeners {
        listen.symlinks.append(path)
      } else {
        badValue("more than 1024 links", at: word.offset)
        return
      }
    }
  }

  /// A number of 32 bits.
  private func count() -> UInt32? {
    if let number = value.unsignedNumber, number <= UInt64(UInt32.max) { return UInt32(number) }
    badValue("no number from 0 to 4294967295")
    return nil
  }

  private func setCount(_ number: inout UInt32) {
    if let value = count() { number = value }
  }

  private func setCount(_ number: inout UInt32?) {
    if let value = count() { number = value }
  }

  /// What sockets and paths have in common, and the limits of sources.
  func applyTriggering(_ directive: Directive) {
    switch directive {
    case .directoryMode: setMode(&listen.directoryMode, example: "for example 0660")
    case .triggerLimitIntervalSec: limitInterval(&written.trigger)
    case .triggerLimitBurst: setCount(&written.trigger.burst)
    case .pollLimitIntervalSec: limitInterval(&written.poll)
    case .pollLimitBurst: setCount(&written.poll.burst)
    case .sourceLimitIntervalSec:
      limitInterval(&written.sourceLimit)
      written.access = valuePosition
    default:
      setCount(&written.sourceLimit.burst)
      written.access = valuePosition
    }
  }

  /// Infinity is the default, as with systemd.
  private func limitInterval(_ limit: inout WrittenLimit) {
    if let span = span() { limit.interval = span.isInfinite ? nil : span }
  }

  // MARK: options

  /// What becomes one option of the kernel's socket.
  func apply(_ option: SocketOption) {
    switch option {
    case .keepAlive, .noDelay, .reusePort, .freeBind, .transparent, .broadcast, .passCredentials, .passPIDFD, .passSecurity,
      .passPacketInfo, .acceptFileDescriptors, .writable:
      if let value = boolean() { set(option, value ? 1 : 0) }
    case .keepAliveTime, .keepAliveInterval, .deferAccept:
      guard let span = span() else { return }
      // In whole seconds; none at all would mean something else than a bit of one.
      let seconds = span.microseconds / 1_000_000
      set(option, Int64(min(seconds == 0 && span != .zero ? 1 : seconds, UInt64(Int32.max))))
    case .keepAliveProbes, .mark: if let number = number(in: 0...Int64(Int32.max)) { set(option, number) }
    case .messageQueueMaxMessages, .messageQueueMessageSize: if let number = number(in: 1...Int64(Int32.max)) { set(option, number) }
    case .priority: if let number = number(in: Int64(Int32.min)...Int64(Int32.max)) { set(option, number) }
    case .ipTTL: if let number = number(in: 1...255) { set(option, number) }
    case .receiveBuffer, .sendBuffer, .pipeSize:
      if let size = value.sizeValue {
        set(option, Int64(min(size, UInt64(Int32.max))))
      } else {
        badValue("no size", hint: "write a number of bytes, or with K, M, G behind it")
      }
    case .ipTOS: setNamed(option, " reliability low-cost throughput low-delay ", [4, 2, 8, 16], upTo: 255)
    case .timestamping: setNamed(option, " off us usec µs ns nsec ", [0, 1, 1, 1, 2, 2], upTo: -1)
    case .bindIPv6Only:
      if let value = value.booleanValue {
        set(option, value ? 2 : 1)
      } else {
        setNamed(option, " default both ipv6-only ", [0, 1, 2], upTo: -1)
      }
    case .socketProtocol: setNamed(option, " sctp udplite mptcp ", [132, 136, 262], upTo: -1)
    }
  }

  /// One of some words, or a number; nothing, and 0 of a word, is the default.
  private func setNamed(_ option: SocketOption, _ names: StaticString, _ values: [Int64], upTo limit: Int64) {
    if value.isEmpty {
      set(option, nil)
    } else if let index = names.wordIndex(value) {
      set(option, values[index] == 0 ? nil : values[index])
    } else if let number = value.unsignedNumber, Int64(truncatingIfNeeded: min(number, 256)) <= limit {
      set(option, Int64(number))
    } else {
      let list = names.words
      var hint = didYouMean(value, among: list)
      if hint.isEmpty {
        hint = Bytes("one of")
        for (index, name) in list.enumerated() { hint += (index == 0 ? " " : ", ") + name }
        if limit > 0 { hint += ", or a number up to " + Bytes(decimal: limit) }
      }
      badValue("no such value", hint: hint)
    }
  }

  private func set(_ option: SocketOption, _ value: Int64?) {
    listen.options.removeAll { $0.option == option }
    guard let value else { return }
    let place = listen.options.firstIndex { $0.option.rawValue > option.rawValue } ?? listen.options.count
    listen.options.insert(SocketOptionSetting(option, value), at: place)
  }

  // MARK: the whole file

  /// Defaults and checks that need the whole file.
  func finishSocket() {
    finishDirectories()
    finishStreams()
    finishDynamicUser()
    dropTwins()
    checkListeners()
    socket.triggerLimit = limit(written.trigger, burst: socket.accepts ? 200 : 20)
    socket.pollLimit = limit(written.poll, burst: socket.accepts ? 150 : 15)
    if written.sourceLimit.interval != nil || written.sourceLimit.burst != nil {
      socket.sourceLimit = RateLimit(
        interval: written.sourceLimit.interval ?? TimeSpan(seconds: 1), burst: written.sourceLimit.burst ?? 10)
    }
    if socket.accepts, written.socketService == nil, let template = UnitName(unit.name.prefix + "@.service") {
      socket.service = template
    }
    if !written.socketServiceIsBad {
      references.append(
        Reference(kind: .trigger, name: socket.service, position: written.socketService ?? Position(line: 0, column: 0)))
    }
  }

  func limit(_ written: WrittenLimit, burst: UInt32) -> RateLimit {
    RateLimit(interval: written.interval ?? TimeSpan(seconds: 2), burst: written.burst ?? burst)
  }

  private func checkListeners() {
    if unit.loadState != .loaded || (written.undecided && listen.listeners.isEmpty) { return }
    if listen.listeners.isEmpty {
      return refuse("the socket listens on nothing", hint: "write [Socket] ListenStream=, ListenDatagram= or another")
    }
    if socket.accepts {
      if listen.listeners.contains(where: { $0.kind != .stream && $0.kind != .sequentialPacket }) {
        return refuse(
          "Accept=yes needs connections, which only ListenStream= and ListenSequentialPacket= have", hint: "write Accept=no")
      }
      if socket.maxConnections == 0 { return refuse("with Accept=yes MaxConnections=0 lets nobody in") }
      if let position = written.socketService {
        return refuse(
          "Service= cannot be had with Accept=yes", at: position, hint: "the template of equal name is taken: NAME@.service")
      }
    } else if let position = written.access {
      refuse(
        "AccessAllow=, AccessTimes=, SourceLimit…=, Banner= and their kin need Accept=yes: without it apus sees no peer", at: position,
        hint: "write [Socket] Accept=yes, and a template NAME@.service")
    }
    if !listen.symlinks.isEmpty, listen.nodes.count != 1 {
      refuse("Symlinks= needs exactly one node of the file system to lead to", hint: "one ListenStream=/PATH, or another")
    }
  }

  /// `Sockets=`: whose descriptors the service gets too.
  func addSockets() {
    if value.isEmpty { return }
    for word in words(.retain) {
      guard let name = unitName(word) else { continue }
      if name.type != .socket {
        badWord(word, "no name of a socket unit", hint: name.with(type: .socket).map { "did you mean " + $0.bytes + "?" } ?? [])
        continue
      }
      if references.count >= UnitParser.maximumWords || service.sockets.contains(name) { continue }
      service.sockets.append(name)
      let position = line.position(of: valueOffset + word.offset)
      references.append(Reference(kind: .wants, name: name, position: position))
      unit.dependencies.add(name, .wants)
      unit.dependencies.add(name, .after)
    }
  }
}

extension Directive {
  /// A key of `[X-Apus]` that only sockets have.
  var isOfSocketOnly: Bool { rawValue >= Directive.accessAllow.rawValue && rawValue <= Directive.bannerFail.rawValue }
}
