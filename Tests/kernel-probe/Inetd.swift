#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// A connection as stdin, stdout and stderr, with and without stored descriptors.
  static func inetd(_ bench: Bench) {
    let path = Bytes("\(bench.arguments[0])/inetd".utf8)
    guard let listener = bench.open([bench.listener(.stream, .unix(path))]).ids?.first else { return bench.check(false, "a listener") }
    let script = """
      read line; ls /proc/self/fd | tr '\n' ' '; grep flags /proc/self/fdinfo/0 | tr -d '\n'; echo " $line $LISTEN_FDS"; echo err >&2
      """
    for stored in 0..<3 {
      let client = Peer.connect(unix: path.shown)
      guard case .connection(let connection) = bench.kernel.acceptConnection(listener) else { return bench.check(false, "accepted") }
      Peer.send(client, "hello\n")
      let kept =
        stored == 0
        ? [] : bench.open((0..<stored).map { bench.listener(.datagram, .abstract(Bytes("apus-\(getpid())-\($0)".utf8))) }).ids ?? []
      let plan = bench.plan(["/bin/sh", "-c", script])
      plan.descriptors = kept
      plan.socket = connection.id
      plan.stdin = .descriptor(kept.count)
      plan.stdout = .sameAsStdin
      plan.stderr = .sameAsStdout
      let pid = bench.start(plan)
      bench.kernel.closeDescriptor(connection.id)
      bench.turn { bench.ends[pid] != nil }
      for id in kept { bench.kernel.closeDescriptor(id) }
      // `ls` has one more of its own, on the folder.
      let numbers = (0..<(4 + stored)).map { "\($0) " }.joined()
      let said = Peer.read(client)
      bench.check(said == "\(numbers)flags:\t02 hello \nerr\n", "\(stored) stored: \(said.debugDescription)")
      close(client)
    }
    bench.kernel.removeNode(path)
  }
}
#endif
