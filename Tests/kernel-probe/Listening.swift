#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

/// Sockets as the tests open them: on the other side of a listener.
enum Peer {
  static func ip(_ text: String) -> IPAddress {
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return IPAddress(high: 0, low: 0) }
    let bytes = withUnsafeBytes(of: &v6) { Array($0) }
    func number(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reduce(0) { $0 << 8 | UInt64($1) } }
    return IPAddress(high: number(bytes[0..<8]), low: number(bytes[8..<16]))
  }

  /// Connected, or an error number below 0.
  static func connect(_ address: String, _ port: UInt16, type: __socket_type = SOCK_STREAM) -> Int32 {
    let isV6 = address.contains(":")
    let socket = socket(isV6 ? AF_INET6 : AF_INET, Int32(type.rawValue), 0)
    var result: Int32 = -1
    if isV6 {
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      inet_pton(AF_INET6, address, &name.sin6_addr)
      result = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
      }
    } else {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      inet_pton(AF_INET, address, &name.sin_addr)
      result = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    if result == 0 { return socket }
    let error = errno
    Glibc.close(socket)
    return -error
  }

  /// A leading `@`: an abstract name.
  static func connect(unix path: String, type: __socket_type = SOCK_STREAM) -> Int32 {
    let socket = socket(AF_UNIX, Int32(type.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    withUnsafeMutableBytes(of: &name.sun_path) { target in
      for (index, byte) in bytes.enumerated() { target[index] = index == 0 && byte == 64 ? 0 : byte }
    }
    let size = socklen_t(2 + bytes.count + (path.hasPrefix("@") ? 0 : 1))
    let result = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, size) }
    }
    if result == 0 { return socket }
    let error = errno
    Glibc.close(socket)
    return -error
  }

  static func send(_ socket: Int32, _ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  /// What comes until the end, at most ten seconds.
  static func read(_ socket: Int32) -> String {
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count <= 0 { return String(decoding: result, as: UTF8.self) }
      result += buffer[0..<count]
    }
  }

  static func option(_ socket: Int32, _ level: Int32, _ name: Int32) -> Int32 {
    var value: Int32 = -1
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(socket, level, name, &value, &size) == 0 ? value : -errno
  }
}

extension Bench {
  func listener(_ kind: ListenKind, _ address: ListenAddress, _ text: String = "") -> Listener {
    Listener(kind: kind, address: address, text: Bytes(text.utf8))
  }

  /// Opened, or nil and the reason.
  func open(_ settings: ListenSettings, uid: UInt32? = nil, gid: UInt32? = nil) -> (ids: [DescriptorID]?, why: String, warnings: [String]) {
    var warnings: [Bytes] = []
    let outcome = kernel.openListeners(ListenPlan(settings: settings, uid: uid, gid: gid), warnings: &warnings)
    switch outcome {
    case .open(let ids): return (ids, "", warnings.map { $0.shown })
    case .failed(let why, let mayPass): return (nil, why.shown + (mayPass ? " (may pass)" : ""), warnings.map { $0.shown })
    }
  }

  func open(_ listeners: [Listener], _ change: (inout ListenSettings) -> Void = { _ in }) -> (
    ids: [DescriptorID]?, why: String, warnings: [String]
  ) {
    var settings = ListenSettings()
    settings.listeners = listeners
    change(&settings)
    return open(settings)
  }

  func ip(_ text: String, _ port: UInt16) -> ListenAddress { .ip(Peer.ip(text), port: port, interface: []) }

  /// Ports that nobody else of this machine's tests takes: they run in a network namespace of their own.
  static let port: UInt16 = 4711
}

extension Probe {
  /// Who connects to what, and as whom.
  static func accepting(_ bench: Bench) {
    let folder = bench.arguments[0]
    let path = Bytes("\(folder)/a/b/stream".utf8)
    let opened = bench.open([
      bench.listener(.stream, bench.ip("::", Bench.port), "[::]:4711"), bench.listener(.stream, .unix(path)),
      bench.listener(.stream, .abstract(Bytes("apus-probe-\(getpid())".utf8))), bench.listener(.sequentialPacket, .unix(path + "seq")),
      bench.listener(.datagram, bench.ip("127.0.0.1", Bench.port)),
    ])
    guard let ids = opened.ids, ids.count == 5 else { return bench.check(false, "opened: \(opened)") }
    for (index, id) in ids.enumerated() {
      bench.check(bench.kernel.watchListener(UnitID(index), id, accepts: index < 4) == 0, "watched \(index)")
    }
    expect(bench, ids[0], 0, "v4 on the dual socket", { Peer.connect("127.0.0.1", Bench.port) }) {
      guard case .ip(let peer, let port) = $0.peer, port > 0 else { return false }
      return peer == Peer.ip("127.0.0.1") && $0.local == .ip(Peer.ip("127.0.0.1"), port: Bench.port)
    }
    expect(bench, ids[0], 0, "v6", { Peer.connect("::1", Bench.port) }) {
      guard case .ip(let peer, let port) = $0.peer, port > 0 else { return false }
      return peer == Peer.ip("::1") && $0.local == .ip(Peer.ip("::1"), port: Bench.port)
    }
    let own = SocketAddress.process(pid: getpid(), uid: getuid())
    expect(bench, ids[1], 1, "unix", { Peer.connect(unix: path.shown) }) { $0.peer == own }
    expect(bench, ids[2], 2, "abstract", { Peer.connect(unix: "@apus-probe-\(getpid())") }) { $0.peer == own }
    expect(bench, ids[3], 3, "seqpacket", { Peer.connect(unix: path.shown + "seq", type: SOCK_SEQPACKET) }) { $0.peer == own }

    // Once told, a datagram is not told again until the listener is watched again.
    let sender = Peer.connect("127.0.0.1", Bench.port, type: SOCK_DGRAM)
    Peer.send(sender, "one")
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(4), ids[4])], "a datagram")
    bench.check(traffic(bench, for: 0.1) == [], "once")
    bench.check(bench.kernel.watchListener(UnitID(4), ids[4], accepts: false) == 0, "watched again")
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(4), ids[4])], "still there")
    bench.kernel.flushListener(ids[4])
    bench.check(bench.kernel.watchListener(UnitID(4), ids[4], accepts: false) == 0, "watched once more")
    bench.check(traffic(bench, for: 0.1) == [], "flushed")

    let waiting = (0..<5).map { _ in Peer.connect("127.0.0.1", Bench.port) }
    bench.kernel.flushListener(ids[0])
    bench.check(bench.kernel.acceptConnection(ids[0]) == .nothing, "connections flushed")
    bench.check(waiting.allSatisfy { Peer.read($0) == "" }, "they see an end")
    bench.kernel.unwatchListener(ids[1])
    let unseen = Peer.connect(unix: path.shown)
    bench.check(traffic(bench, for: 0.1) == [], "not watched, not told")
    bench.check(bench.kernel.watchListener(UnitID(1), ids[1], accepts: true) == 0, "watched anew")
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(1), ids[1])], "told what waited")
    for id in ids { bench.kernel.closeDescriptor(id) }
    bench.check(traffic(bench, for: 0.1) == [], "closed")
    bench.check(Peer.read(unseen) == "", "the one that waited sees an end")
    for path in [path, path + "seq"] { bench.kernel.removeNode(path) }
    bench.check(!FileManager.default.fileExists(atPath: path.shown), "removed")
    errors(bench)
    banners(bench)
  }

  /// Connects, and looks at what is accepted.
  private static func expect(
    _ bench: Bench, _ id: DescriptorID, _ unit: Int, _ what: String, _ connect: () -> Int32, _ test: (AcceptedConnection) -> Bool
  ) {
    let socket = connect()
    bench.check(socket >= 0, "\(what): connected \(socket)")
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(unit), id)], "\(what): told")
    guard case .connection(let connection) = bench.kernel.acceptConnection(id) else { return bench.check(false, "\(what): accepted") }
    bench.check(test(connection), "\(what): \(connection)")
    bench.check(bench.kernel.acceptConnection(id) == .nothing, "\(what): only one")
    bench.kernel.closeDescriptor(connection.id)
    bench.check(Peer.read(socket) == "", "\(what): ended")
    close(socket)
  }

  /// What one wait tells of listeners.
  static func traffic(_ bench: Bench, for seconds: Double) -> [Readiness] {
    var ready: [Readiness] = []
    bench.kernel.wait(until: Instant(nanoseconds: bench.kernel.now().instant.nanoseconds + Int64(seconds * 1e9)), into: &ready)
    return ready
  }

  /// At most 4 KiB of a regular file, and nothing ever waits.
  private static func banners(_ bench: Bench) {
    let name = "apus-banner-\(getpid())"
    guard let id = bench.open([bench.listener(.stream, .abstract(Bytes(name.utf8)))]).ids?.first else { return }
    let file = bench.arguments[0] + "/banner"
    mkfifo(bench.arguments[0] + "/banner-fifo", 0o600)
    try? String(repeating: "x", count: 10_000).write(toFile: file, atomically: false, encoding: .utf8)
    let cases = [(file, 4096), (file + "-none", 0), (bench.arguments[0], 0), (file + "-fifo", 0), ("/dev/zero", 0), ("/etc/hostname\0", 0)]
    for (path, count) in cases {
      let client = Peer.connect(unix: "@" + name)
      guard case .connection(let connection) = bench.kernel.acceptConnection(id) else { return bench.check(false, "accepted") }
      bench.kernel.sendFile(connection.id, path: Bytes(path.utf8))
      bench.kernel.closeDescriptor(connection.id)
      let read = Peer.read(client).utf8.count
      bench.check(read == count, "\(path.debugDescription): \(read) bytes")
      close(client)
    }
    // A peer that reads nothing, and one that has gone.
    let client = Peer.connect(unix: "@" + name)
    guard case .connection(let connection) = bench.kernel.acceptConnection(id) else { return bench.check(false, "accepted") }
    for _ in 0..<500 { bench.kernel.sendFile(connection.id, path: Bytes(file.utf8)) }
    close(client)
    bench.kernel.sendFile(connection.id, path: Bytes(file.utf8))
    bench.check(true, "neither waits")
    bench.kernel.closeDescriptor(connection.id)
    bench.kernel.closeDescriptor(id)
  }

  private static func errors(_ bench: Bench) {
    bench.check(bench.kernel.acceptConnection(DescriptorID(99_999)) == .failed(errno: EBADF), "no such listener")
    guard let id = bench.open([bench.listener(.datagram, bench.ip("127.0.0.1", Bench.port))]).ids?.first else {
      return bench.check(false, "a datagram socket")
    }
    bench.check(
      bench.kernel.acceptConnection(id) == .failed(errno: EOPNOTSUPP) || bench.kernel.acceptConnection(id) == .nothing, "no listener")
    bench.kernel.closeDescriptor(id)
  }
}
#endif
