#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// Connections, counted by sock_diag, or by /proc/net where the test's filter refuses netlink.
  static func counting(_ bench: Bench) {
    let path = Bytes("\(bench.arguments[0])/count me".utf8)
    let abstract = "apus-count-\(getpid())"
    typealias Case = (String, Listener, () -> Int32)
    let cases: [Case] = [
      ("v4", bench.listener(.stream, bench.ip("127.0.0.1", Bench.port)), { Peer.connect("127.0.0.1", Bench.port) }),
      ("any v4", bench.listener(.stream, bench.ip("0.0.0.0", Bench.port)), { Peer.connect("127.0.0.2", Bench.port) }),
      ("v6", bench.listener(.stream, bench.ip("::1", Bench.port)), { Peer.connect("::1", Bench.port) }),
      ("dual, v6", bench.listener(.stream, bench.ip("::", Bench.port)), { Peer.connect("::1", Bench.port) }),
      ("dual, v4", bench.listener(.stream, bench.ip("::", Bench.port)), { Peer.connect("127.0.0.1", Bench.port) }),
      ("unix", bench.listener(.stream, .unix(path)), { Peer.connect(unix: path.shown) }),
      ("seqpacket", bench.listener(.sequentialPacket, .unix(path)), { Peer.connect(unix: path.shown, type: SOCK_SEQPACKET) }),
      ("abstract", bench.listener(.stream, .abstract(Bytes(abstract.utf8))), { Peer.connect(unix: "@" + abstract) }),
    ]
    // Somebody else's, on another address and port, and another path.
    let other = bench.open([
      bench.listener(.stream, bench.ip("127.0.0.1", Bench.port + 1)),
      bench.listener(.stream, .unix(path + "x")),
    ])
    let strangers = [
      Peer.connect("127.0.0.1", Bench.port + 1), Peer.connect(unix: path.shown + "x"),
    ]
    bench.check(other.ids?.count == 2 && strangers.allSatisfy { $0 >= 0 }, "strangers \(other)")
    for (name, listener, connect) in cases { count(bench, name, listener, connect) }
    for id in other.ids ?? [] { bench.kernel.closeDescriptor(id) }
    bench.kernel.removeNode(path + "x")

    oneOfTwo(bench)
    let silent = bench.open([bench.listener(.datagram, bench.ip("127.0.0.1", Bench.port))])
    bench.check(bench.kernel.countConnections(silent.ids ?? []).count == 0, "datagrams have no connections")
    bench.check(bench.kernel.countConnections([]).count == 0, "nobody")
    bench.check(bench.kernel.countConnections([DescriptorID(99_999)]).count == 0, "who is gone")
    many(bench)
  }

  private static func count(_ bench: Bench, _ name: String, _ listener: Listener, _ connect: () -> Int32) {
    guard let id = bench.open([listener]).ids?.first else { return bench.check(false, "\(name): opened") }
    func check(_ count: UInt32, _ hadTraffic: Bool, _ what: String) {
      // What came is told by a wait that tells nobody else.
      bench.check(traffic(bench, for: 0.02) == [], "\(name), \(what): a wait tells nothing")
      let found = bench.kernel.countConnections([id])
      bench.check(found.count == count && found.hadTraffic == hadTraffic, "\(name), \(what): \(found), not (\(count), \(hadTraffic))")
    }
    check(0, false, "at first")
    let clients = (0..<3).map { _ in connect() }
    bench.check(clients.allSatisfy { $0 >= 0 }, "\(name): connected \(clients)")
    // AF_UNIX does not list what waits in the queue; that it waits is told as traffic, each time.
    let isLocal = !name.hasSuffix("v4") && !name.hasSuffix("v6")
    for _ in 0..<2 { check(isLocal ? 0 : 3, true, "not yet accepted") }
    var accepted: [DescriptorID] = []
    while case .connection(let connection) = bench.kernel.acceptConnection(id) { accepted.append(connection.id) }
    bench.check(accepted.count == 3, "\(name): \(accepted.count) accepted")
    check(3, false, "accepted")
    bench.kernel.closeDescriptor(accepted.removeFirst())
    check(2, false, "one is ended by the server")
    close(clients[1])
    check(2, false, "one is left by its client")
    for id in accepted { bench.kernel.closeDescriptor(id) }
    check(0, false, "all ended")
    for client in [clients[0], clients[2]] { close(client) }
    // Watched for somebody, it is not touched.
    bench.check(bench.kernel.watchListener(UnitID(1), id, accepts: false) == 0, "\(name): watched")
    bench.check(bench.kernel.countConnections([id]).count == 0, "\(name): counted while it is watched")
    let last = connect()
    bench.check(traffic(bench, for: 5) == [.traffic(UnitID(1), id)], "\(name): told all the same")
    close(last)
    bench.kernel.closeDescriptor(id)
    bench.check(bench.kernel.countConnections([id]).count == 0, "\(name): closed")
    if case .unix(let path) = listener.address { bench.kernel.removeNode(path) }
  }

  /// The same port of another address is another's.
  private static func oneOfTwo(_ bench: Bench) {
    for (one, other) in [("127.0.0.1", "127.0.0.9"), ("::1", "127.0.0.1")] {
      let ids =
        bench.open([bench.listener(.stream, bench.ip(one, Bench.port)), bench.listener(.stream, bench.ip(other, Bench.port))]).ids ?? []
      let clients = [Peer.connect(one, Bench.port), Peer.connect(other, Bench.port), Peer.connect(other, Bench.port)]
      bench.check(ids.count == 2 && clients.allSatisfy { $0 >= 0 }, "\(one) and \(other)")
      let counts = ids.map { bench.kernel.countConnections([$0]).count }
      bench.check(counts == [1, 2] && bench.kernel.countConnections(ids).count == 3, "\(counts)")
      for client in clients { close(client) }
      for id in ids { bench.kernel.closeDescriptor(id) }
    }
  }

  /// More than one answer of the kernel.
  private static func many(_ bench: Bench) {
    guard let id = bench.open([bench.listener(.stream, bench.ip("127.0.0.1", Bench.port))]).ids?.first else { return }
    let clients = (0..<400).map { _ in Peer.connect("127.0.0.1", Bench.port) }
    let count = bench.kernel.countConnections([id]).count
    bench.check(count == 400, "400: \(String(describing: count))")
    for client in clients { close(client) }
    bench.kernel.closeDescriptor(id)
  }

  /// Accepting stops while there are descriptors left for a child.
  static func exhausted(_ bench: Bench) {
    guard let id = bench.open([bench.listener(.stream, .abstract(Bytes("apus-many-\(getpid())".utf8)))]).ids?.first else { return }
    let clients = (0..<38).map { _ in Peer.connect(unix: "@apus-many-\(getpid())") }
    // So many that the margin is 32, and no quarter of what is allowed.
    // Whatever else is open, inherited from a runner of many tests, has a lower number than what comes: numbers are counted here.
    let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }) ?? []
    var fillers = (0..<100).map { _ in dup(0) }
    while let last = fillers.last, last >= 0, last < open.max() ?? 0 { fillers.append(dup(0)) }
    defer { for filler in fillers { close(filler) } }
    let next = dup(0)
    close(next)
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(7), &limit)
    limit.rlim_cur = rlim_t(next + 32 + 10)
    setrlimit(__rlimit_resource_t(7), &limit)
    var accepted: [DescriptorID] = []
    func accept() -> Int32 {
      while true {
        switch bench.kernel.acceptConnection(id) {
        case .connection(let connection): accepted.append(connection.id)
        case .nothing: return 0
        case .failed(let errno): return errno
        }
      }
    }
    bench.check(accept() == EMFILE && accepted.count == 11, "\(accepted.count) accepted, then short of descriptors")
    bench.check(accept() == EMFILE && accepted.count == 11, "still short")
    var (report, end) = bench.finish(bench.plan(["/bin/true"]))
    bench.check(report == .executed && end == .exited(0), "a child all the same: \(String(describing: (report, end)))")
    for id in accepted.prefix(5) { bench.kernel.closeDescriptor(id) }
    accepted.removeFirst(5)
    bench.check(accept() == EMFILE && accepted.count == 12, "\(accepted.count) when five had ended")
    for id in accepted { bench.kernel.closeDescriptor(id) }
    accepted = []
    bench.check(accept() == EMFILE && accepted.count == 11, "again")
    for id in accepted { bench.kernel.closeDescriptor(id) }
    accepted = []
    // Somebody lowers the limit from outside: the kernel says so, and from then on the margin is that of the new one.
    if case .connection(let connection) = bench.kernel.acceptConnection(id) { accepted.append(connection.id) }
    limit.rlim_cur = rlim_t(next + 4)
    setrlimit(__rlimit_resource_t(7), &limit)
    bench.check(accept() == EMFILE && accepted.count == 4, "\(accepted.count) up to a lowered limit")
    for id in accepted.prefix(2) { bench.kernel.closeDescriptor(id) }
    bench.check(accept() == EMFILE && accepted.count == 4, "\(accepted.count) when two had ended: its margin")
    limit.rlim_cur = rlim_t(next + 32 + 10)
    setrlimit(__rlimit_resource_t(7), &limit)
    bench.check(accept() == 0 && accepted.count == 38 - 17 - 11, "none was lost: the last \(accepted.count)")
    (report, end) = bench.finish(bench.plan(["/bin/true"]))
    bench.check(report == .executed && end == .exited(0), "a child at the end")
    for client in clients { close(client) }
  }
}
#endif
