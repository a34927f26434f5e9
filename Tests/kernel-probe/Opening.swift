#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Bench {
  static func openFiles() -> Set<Int32> {
    Set(
      ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }.filter {
        fcntl($0, F_GETFD) >= 0
      })
  }

  /// Opens, and finds the very descriptors by what is new.
  func opened(_ what: String, _ listeners: [Listener], _ change: (inout ListenSettings) -> Void = { _ in }) -> [(DescriptorID, Int32)] {
    let before = Bench.openFiles()
    let outcome = open(listeners, change)
    check(outcome.ids?.count == listeners.count && outcome.warnings.isEmpty, "\(what): \(outcome)")
    let new = Bench.openFiles().subtracting(before).sorted()
    guard let ids = outcome.ids, new.count == ids.count else { return [] }
    for descriptor in new {
      check(fcntl(descriptor, F_GETFD) == FD_CLOEXEC && fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0, "\(what): flags of \(descriptor)")
    }
    return Array(zip(ids, new))
  }

  /// That it is refused, with these words, and leaves nothing open.
  func refused(_ words: String, _ listeners: [Listener], _ change: (inout ListenSettings) -> Void = { _ in }) {
    let before = Bench.openFiles()
    let outcome = open(listeners, change)
    check(outcome.ids == nil && outcome.why == words, "refused: \(outcome.why)")
    check(Bench.openFiles() == before, "nothing is left open")
  }

  /// What this kernel may not have: false and said, if it is for that.
  func mayLack(_ what: String, _ listener: Listener, _ change: (inout ListenSettings) -> Void = { _ in }) {
    let outcome = open([listener], change)
    if outcome.why.contains("have none of it") || outcome.why.contains("not permitted") { return print("skipped \(what): \(outcome.why)") }
    check(outcome.ids?.count == 1, "\(what): \(outcome)")
    for id in outcome.ids ?? [] { kernel.closeDescriptor(id) }
  }

  func close(_ opened: [(DescriptorID, Int32)]) {
    for (id, _) in opened { kernel.closeDescriptor(id) }
  }
}

extension Probe {
  /// Every kind of listener, every option, what becomes of nodes, and what is said of what cannot be.
  static func opening(_ bench: Bench) {
    let folder = bench.arguments[0]
    options(bench)
    nodes(bench, folder)
    fifos(bench, folder)
    refusals(bench, folder)
    let others = bench.opened(
      "netlink and special files",
      [
        bench.listener(.netlink, .netlink(family: 15, group: 1)), bench.listener(.special, .path(Bytes("/dev/zero"))),
        bench.listener(.special, .path(Bytes("/proc/self/mounts"))),
      ])
    bench.check(others.count == 3 && Peer.option(others[0].1, SOL_SOCKET, 38) == 15, "the netlink family")
    bench.check(others.count == 3 && bench.kernel.watchListener(UnitID(1), others[2].0, accepts: false) == 0, "mounts can be watched")
    bench.close(others)
    netlink(bench)

    let queue = Bytes("/apus-probe-\(getpid())".utf8)
    bench.mayLack("a message queue", bench.listener(.messageQueue, .path(queue))) {
      $0.options = [SocketOptionSetting(.messageQueueMaxMessages, 4), SocketOptionSetting(.messageQueueMessageSize, 128)]
    }
    unlink("/dev/mqueue" + queue.shown)
    bench.mayLack("vsock", bench.listener(.stream, .vsock(cid: .max, port: 4711)))
    for (name, kind, number) in [("SCTP", ListenKind.stream, 132), ("MPTCP", .stream, 262), ("UDP-Lite", .datagram, 136)] {
      bench.mayLack(name, bench.listener(kind, bench.ip("127.0.0.1", 4712))) {
        $0.options = [SocketOptionSetting(.socketProtocol, Int64(number))]
      }
    }
  }

  /// A message to a group is traffic, and gone when flushed.
  private static func netlink(_ bench: Bench) {
    guard let id = bench.opened("NETLINK_USERSOCK", [bench.listener(.netlink, .netlink(family: 2, group: 1))]).first?.0 else { return }
    bench.check(bench.kernel.watchListener(UnitID(2), id, accepts: false) == 0 && traffic(bench, for: 0.05) == [], "nothing yet")
    let sender = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 2)
    // struct sockaddr_nl: family, port, groups.
    let address: [UInt8] = [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    // The group has got it when the kernel refuses its own copy.
    _ = address.withUnsafeBytes {
      sendto(sender, "x", 1, 0, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
    }
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(2), id)], "a message")
    bench.kernel.flushListener(id)
    bench.check(bench.kernel.watchListener(UnitID(2), id, accepts: false) == 0 && traffic(bench, for: 0.05) == [], "flushed")
    Glibc.close(sender)
    bench.kernel.closeDescriptor(id)
  }

  /// Option, value, level, name, what is read back; nil: anything above 0.
  private typealias Row = (SocketOption, Int64, Int32, Int32, Int32?)

  private static func options(_ bench: Bench) {
    let tcp: [Row] = [
      (.keepAlive, 1, SOL_SOCKET, SO_KEEPALIVE, 1), (.keepAliveTime, 111, 6, 4, 111), (.keepAliveInterval, 12, 6, 5, 12),
      (.keepAliveProbes, 3, 6, 6, 3), (.noDelay, 1, 6, 1, 1), (.priority, 5, SOL_SOCKET, SO_PRIORITY, 5),
      (.receiveBuffer, 65_536, SOL_SOCKET, SO_RCVBUF, 131_072), (.sendBuffer, 32_768, SOL_SOCKET, SO_SNDBUF, 65_536),
      (.ipTOS, 16, 0, 1, 16), (.ipTTL, 33, 0, 2, 33), (.mark, 7, SOL_SOCKET, SO_MARK, 7), (.reusePort, 1, SOL_SOCKET, SO_REUSEPORT, 1),
      (.freeBind, 1, 0, 15, 1), (.transparent, 1, 0, 19, 1), (.deferAccept, 5, 6, 9, nil),
    ]
    let v6: [Row] = [
      (.ipTOS, 16, 41, 67, 16), (.ipTTL, 33, 41, 16, 33), (.freeBind, 1, 41, 78, 1), (.transparent, 1, 41, 75, 1),
      (.bindIPv6Only, 2, 41, 26, 1),
    ]
    let udp: [Row] = [
      (.broadcast, 1, SOL_SOCKET, SO_BROADCAST, 1), (.passPacketInfo, 1, 0, 8, 1), (.timestamping, 1, SOL_SOCKET, SO_TIMESTAMP, 1),
      (.timestamping, 2, SOL_SOCKET, 35, 1), (.bindIPv6Only, 2, SOL_SOCKET, SO_TYPE, 2),
    ]
    let local: [Row] = [
      (.passCredentials, 1, SOL_SOCKET, SO_PASSCRED, 1), (.passSecurity, 1, SOL_SOCKET, SO_PASSSEC, 1),
      // Off, what is not said, is as the kernel has it.
      (.passCredentials, 0, SOL_SOCKET, SO_PASSCRED, 0), (.receiveBuffer, 65_536, SOL_SOCKET, SO_RCVBUF, 131_072),
      (.reusePort, 1, SOL_SOCKET, SO_REUSEPORT, 0),
    ]
    readBack(bench, "TCP", bench.listener(.stream, bench.ip("127.0.0.1", Bench.port)), tcp)
    readBack(bench, "TCP over IPv6", bench.listener(.stream, bench.ip("::1", Bench.port)), tcp + v6)
    readBack(bench, "UDP", bench.listener(.datagram, bench.ip("127.0.0.1", Bench.port)), udp)
    readBack(bench, "UDP over IPv6", bench.listener(.datagram, bench.ip("::1", Bench.port)), [(.passPacketInfo, 1, 41, 49, 1)] + v6)
    readBack(bench, "AF_UNIX", bench.listener(.stream, .abstract(Bytes("apus-options-\(getpid())".utf8))), local)
    for (option, name) in [(SocketOption.passPIDFD, Int32(76)), (.acceptFileDescriptors, 83)] {
      mayLackOption(bench, option, name)
    }
    warnings(bench)
  }

  private static func readBack(_ bench: Bench, _ what: String, _ listener: Listener, _ rows: [Row]) {
    for row in rows {
      let opened = bench.opened("\(what) \(row.0.name)", [listener]) { $0.options = [SocketOptionSetting(row.0, row.1)] }
      guard let socket = opened.first?.1 else { continue }
      let value = Peer.option(socket, row.2, row.3)
      bench.check(row.4.map { $0 == value } ?? (value > 0), "\(what) \(row.0.name)=\(row.1): \(value)")
      bench.close(opened)
    }
    // All at once.
    let opened = bench.opened("\(what), all", [listener]) { settings in
      settings.options = rows.map { SocketOptionSetting($0.0, $0.1) }
      settings.backlog = 7
    }
    bench.close(opened)
  }

  private static func mayLackOption(_ bench: Bench, _ option: SocketOption, _ name: Int32) {
    let value: Int64 = option == .acceptFileDescriptors ? 0 : 1
    let before = Bench.openFiles()
    let outcome = bench.open([bench.listener(.stream, .abstract(Bytes("apus-option-\(getpid())".utf8)), "@x")]) {
      $0.options = [SocketOptionSetting(option, value)]
    }
    let socket = Bench.openFiles().subtracting(before).first ?? -1
    let read = Peer.option(socket, SOL_SOCKET, name)
    bench.check(
      read == Int32(value) || outcome.warnings == ["\(option.name)=: cannot be set on @x: protocol not available"],
      "\(option.name): \(read) \(outcome)")
    for id in outcome.ids ?? [] { bench.kernel.closeDescriptor(id) }
  }

  private static func warnings(_ bench: Bench) {
    var outcome = bench.open([bench.listener(.datagram, bench.ip("::1", Bench.port), "[::1]:4711")]) {
      $0.options = [SocketOptionSetting(.noDelay, 1), SocketOptionSetting(.deferAccept, 3), SocketOptionSetting(.keepAlive, 1)]
    }
    bench.check(outcome.ids?.count == 1 && outcome.warnings.count == 2, "UDP takes no options of TCP: \(outcome)")
    bench.check(outcome.warnings.first == "NoDelay=: cannot be set on [::1]:4711: protocol not available", "warning: \(outcome.warnings)")
    for id in outcome.ids ?? [] { bench.kernel.closeDescriptor(id) }
    outcome = bench.open([bench.listener(.stream, bench.ip("127.0.0.1", Bench.port), "127.0.0.1:4711")]) {
      $0.congestion = Bytes("none-such")
    }
    bench.check(
      outcome.ids?.count == 1
        && outcome.warnings == ["TCPCongestion=none-such: cannot be set on 127.0.0.1:4711: no such file or directory"],
      "congestion: \(outcome)")
    for id in outcome.ids ?? [] { bench.kernel.closeDescriptor(id) }
    let reno = bench.opened("reno", [bench.listener(.stream, bench.ip("127.0.0.1", Bench.port))]) { $0.congestion = Bytes("reno") }
    bench.close(reno)
    let bound = bench.opened("one interface", [bench.listener(.stream, bench.ip("0.0.0.0", Bench.port))]) { $0.device = Bytes("lo") }
    bench.close(bound)
    bench.refused("ListenStream=x" + noDevice, [bench.listener(.stream, bench.ip("0.0.0.0", Bench.port), "x")]) {
      $0.device = Bytes("none9")
    }
  }

  private static let noDevice = ": no such device: the interface of BindToDevice=, or of the address, is not there"

  static func status(_ path: String) -> stat {
    var status = stat()
    if lstat(path, &status) != 0 { status.st_mode = 0 }
    return status
  }

  private static func nodes(_ bench: Bench, _ folder: String) {
    let path = "\(folder)/n1/n2/socket"
    let link = "\(folder)/l1/link"
    let settings = ListenSettings()
    settings.listeners = [bench.listener(.stream, .unix(Bytes(path.utf8)))]
    settings.mode = 0o640
    settings.directoryMode = 0o717
    settings.symlinks = [Bytes(link.utf8)]
    let isRoot = geteuid() == 0
    for round in 0..<2 {
      // The second time everything is there: a node that nobody listens at is replaced, a link that is right stays.
      let outcome = bench.open(settings, uid: isRoot ? 4242 : nil, gid: isRoot ? 4243 : nil)
      bench.check(outcome.ids?.count == 1 && outcome.warnings.isEmpty, "node \(round): \(outcome)")
      let node = status(path)
      bench.check(node.st_mode == S_IFSOCK | 0o640 && (!isRoot || node.st_uid == 4242 && node.st_gid == 4243), "mode and owner")
      for made in ["\(folder)/n1", "\(folder)/n1/n2", "\(folder)/l1"] {
        bench.check(status(made).st_mode == S_IFDIR | 0o717 && status(made).st_uid == geteuid(), "folder \(made)")
      }
      bench.check((try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == path, "link")
      let client = Peer.connect(unix: link)
      bench.check(client >= 0, "connected by the link")
      close(client)
      for id in outcome.ids ?? [] { bench.kernel.closeDescriptor(id) }
    }
    bench.kernel.removeNode(Bytes(path.utf8))
    bench.kernel.removeNode(Bytes(link.utf8))
    bench.check(status(path).st_mode == 0 && status(link).st_mode == 0, "both removed")

    // What is no socket, FIFO or link is nobody's to remove.
    for name in [path, link] { _ = FileManager.default.createFile(atPath: name, contents: Data("mine".utf8)) }
    bench.kernel.removeNode(Bytes(path.utf8))
    bench.kernel.removeNode(Bytes("\(folder)/n1".utf8))
    bench.refused(
      "ListenStream=s: address already in use: something that is no socket is there, remove it",
      [bench.listener(.stream, .unix(Bytes(path.utf8)), "s")])
    bench.check((try? String(contentsOfFile: path, encoding: .utf8)) == "mine", "the file stays")
    unlink(path)
    let outcome = bench.open(settings)
    bench.check(outcome.warnings == ["Symlinks=\(link): cannot be made: file exists"], "\(outcome)")
    for id in outcome.ids ?? [] { bench.kernel.closeDescriptor(id) }
    unlink(path)
    unlink(link)
    bench.refused("ListenStream=long: file name too long", [bench.listener(.stream, .unix(Bytes(repeating: 47, count: 109)), "long")])
  }

  private static func fifos(_ bench: Bench, _ folder: String) {
    let path = "\(folder)/f1/fifo"
    let line = bench.listener(.fifo, .path(Bytes(path.utf8)), "f")
    for _ in 0..<2 {
      let opened = bench.opened("a FIFO", [line]) {
        $0.mode = 0o620
        $0.options = [SocketOptionSetting(.pipeSize, 8192)]
      }
      guard let (id, descriptor) = opened.first else { return }
      bench.check(status(path).st_mode == S_IFIFO | 0o620, "its mode")
      bench.check(fcntl(descriptor, 1032 /* F_GETPIPE_SZ */) == 8192, "its size")
      bench.check(bench.kernel.watchListener(UnitID(3), id, accepts: false) == 0 && traffic(bench, for: 0.05) == [], "nothing yet")
      let writer = Glibc.open(path, O_WRONLY | O_NONBLOCK)
      bench.check(write(writer, "x", 1) == 1, "written")
      close(writer)
      bench.check(traffic(bench, for: 5) == [.traffic(UnitID(3), id)], "told")
      bench.kernel.flushListener(id)
      bench.check(bench.kernel.watchListener(UnitID(3), id, accepts: false) == 0 && traffic(bench, for: 0.05) == [], "flushed")
      bench.close(opened)
    }
    let taken = "ListenFIFO=f: file exists: what is there is of another kind, or has another mode or owner; remove it"
    bench.refused(taken, [line]) { $0.mode = 0o600 }
    unlink(path)
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    bench.refused(taken, [line])
    unlink(path)
    symlink("/dev/null", path)
    bench.refused("ListenFIFO=f: too many levels of symbolic links", [line])
    unlink(path)
  }

  /// Under a filter that refuses sockets of IPv6.
  static func withoutV6(_ bench: Bench) {
    let any = bench.listener(.stream, bench.ip("::", Bench.port), "[::]:4711")
    bench.close(bench.opened("any", [any]))
    guard let (id, socket) = bench.opened("any", [any]).first else { return }
    bench.check(Peer.option(socket, SOL_SOCKET, 39 /* SO_DOMAIN */) == AF_INET, "IPv4 instead")
    let client = Peer.connect("127.0.0.1", Bench.port)
    bench.check(client >= 0, "connected")
    guard case .connection(let connection) = bench.kernel.acceptConnection(id) else { return bench.check(false, "accepted") }
    bench.check(connection.local == .ip(Peer.ip("127.0.0.1"), port: Bench.port), "\(connection)")
    let none = "ListenStream=x: address family not supported: this kernel, or the container's rules, have none of it"
    bench.refused(none, [bench.listener(.stream, bench.ip("::1", 80), "x")])
    bench.refused(none, [bench.listener(.stream, bench.ip("::", 80), "x")]) { $0.options = [SocketOptionSetting(.bindIPv6Only, 2)] }
  }

  private static func refusals(_ bench: Bench, _ folder: String) {
    let first = bench.listener(.stream, .abstract(Bytes("apus-first-\(getpid())".utf8)), "@first")
    let second = bench.listener(.stream, bench.ip("127.0.0.1", Bench.port), "127.0.0.1:4711")
    let opened = bench.opened("two", [first, second])
    bench.refused(
      "ListenStream=127.0.0.1:4711: address already in use: somebody else listens there, `ss -lp` shows who (may pass)",
      [bench.listener(.stream, .abstract(Bytes("apus-other-\(getpid())".utf8))), second])
    bench.refused("ListenStream=@first: address already in use: somebody else listens there, `ss -lp` shows who (may pass)", [first])
    bench.close(opened)
    bench.close(bench.opened("two again", [first, second]))

    let foreign = bench.listener(.stream, bench.ip("192.0.2.77", 80), "192.0.2.77:80")
    bench.refused(
      "ListenStream=192.0.2.77:80: cannot assign requested address: no interface has it; FreeBind=yes listens all the same", [foreign])
    bench.close(bench.opened("FreeBind", [foreign]) { $0.options = [SocketOptionSetting(.freeBind, 1)] })
    bench.refused(
      "ListenSpecial=d: file exists: what is there is of another kind, or has another mode or owner; remove it",
      [bench.listener(.special, .path(Bytes(folder.utf8)), "d")])
    bench.refused("ListenSpecial=n: no such file or directory", [bench.listener(.special, .path(Bytes("\(folder)/none".utf8)), "n")])
    bench.refused(
      "ListenStream=l" + noDevice, [bench.listener(.stream, .ip(Peer.ip("fe80::1"), port: 80, interface: Bytes("none9")), "l")])
    bench.check(bench.open([]).ids == [], "nothing to open")
  }
}
#endif
