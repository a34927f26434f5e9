#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// stderr is a full pipe whose reader stands still.
  static func ring(_ bench: Bench) {
    let line = Bytes(repeating: 97, count: 99) + [10]
    let begin = bench.kernel.now().instant
    for round in 0..<6000 {
      bench.kernel.say(line, mayWait: false)
      guard round % 10 == 0 else { continue }
      var ready: [Readiness] = []
      bench.kernel.wait(until: Instant(nanoseconds: bench.kernel.now().instant.nanoseconds + 1_000_000), into: &ready)
      while bench.kernel.reap() != nil {}
      while bench.kernel.nextSignal() != nil {}
    }
    let took = bench.kernel.now().instant.since(begin)
    // 600,000 bytes into a pipe of 65,536 and a ring of 262,144.
    bench.check(bench.kernel.droppedMessages > 2650 && bench.kernel.droppedMessages < 3000, "dropped \(bench.kernel.droppedMessages)")
    bench.check(took < TimeSpan(seconds: 5), "never blocked: \(took.microseconds / 1000) ms")
    // A writer child that stands on a full pipe goes with us.
    defer { bench.kernel.flushMessages(milliseconds: 1) }
    // Nothing spins: a wait of 300 ms uses no time.
    let before = clock()
    var ready: [Readiness] = []
    let end = Instant(nanoseconds: bench.kernel.now().instant.nanoseconds + 300_000_000)
    bench.kernel.wait(until: end, into: &ready)
    bench.check(ready.isEmpty && bench.kernel.now().instant >= end, "waits to the end: \(ready)")
    bench.check(clock() - before < CLOCKS_PER_SEC / 50, "no spinning")
  }

  /// stderr is what the test made it; 500 lines go there whole and in order.
  static func writer(_ bench: Bench) {
    for number in 0..<500 {
      bench.kernel.say(Bytes("line \(number)\n".utf8), mayWait: number % 3 != 0)
      if number % 50 == 0 { bench.turn(for: 0.002) { false } }
    }
    bench.kernel.flushMessages(milliseconds: 5000)
    bench.check(bench.kernel.droppedMessages == 0, "nothing dropped")
  }

  /// One turn says more than the ring holds, and stderr takes it: nothing is dropped.
  static func flood(_ bench: Bench) {
    let begin = bench.kernel.now().instant
    for number in 0..<4000 { bench.kernel.say(Bytes("line \(number) \(String(repeating: "-", count: 90))\n".utf8), mayWait: false) }
    let took = bench.kernel.now().instant.since(begin)
    bench.check(bench.kernel.droppedMessages == 0, "dropped \(bench.kernel.droppedMessages)")
    print("4000 lines in \(took.microseconds) us")
    bench.kernel.flushMessages(milliseconds: 5000)
  }

  /// What may wait goes out at once after a silence, a little later in a storm, and before what may not.
  static func held(_ bench: Bench) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0, dup2(ends[1], 2) == 2, fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 else { return bench.check(false, "no pipe") }
    func written() -> String {
      var buffer = [UInt8](repeating: 0, count: 100)
      let count = read(ends[0], &buffer, buffer.count)
      return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
    var ready: [Readiness] = []
    func turn(_ text: String, mayWait: Bool, for nanoseconds: Int64 = 0) {
      bench.kernel.say(Bytes((text + "\n").utf8), mayWait: mayWait)
      let now = bench.kernel.now().instant
      bench.kernel.wait(until: nanoseconds == 0 ? .zero : Instant(nanoseconds: now.nanoseconds + nanoseconds), into: &ready)
    }
    turn("first", mayWait: true)
    bench.check(written() == "first\n", "the first at once")
    // The machine may take longer than the span between two lines; not each time.
    var wasHeld = false
    for _ in 0..<1000 where !wasHeld {
      turn("storm", mayWait: true)
      wasHeld = written().isEmpty
    }
    bench.check(wasHeld, "one of a storm waits")
    turn("last", mayWait: true, for: 50_000_000)
    bench.check(written() == "storm\nlast\n", "and goes out while nothing happens")
    turn("may wait", mayWait: true)
    turn("may not", mayWait: false)
    bench.check(written().hasSuffix("may wait\nmay not\n"), "what may not wait takes the others along")
  }

  static func waiting(_ bench: Bench) {
    for span: Int64 in [1_000_000, 20_000_000, 100_000_000] {
      let begin = bench.kernel.now().instant
      var ready: [Readiness] = []
      let end = Instant(nanoseconds: begin.nanoseconds + span)
      bench.kernel.wait(until: end, into: &ready)
      let now = bench.kernel.now().instant
      bench.check(ready.isEmpty && now >= end, "not early")
      bench.check(now.nanoseconds - end.nanoseconds < 50_000_000, "not late: \(now.nanoseconds - end.nanoseconds) ns")
    }
    var ready: [Readiness] = []
    bench.kernel.wait(until: .zero, into: &ready)
    bench.check(ready.isEmpty, "a past deadline only looks")
  }

  /// Waits for ever; the test counts our context switches.
  static func idle(_ bench: Bench) {
    _ = bench.start(bench.plan(["/bin/sleep", "100"]))
    bench.turn { !bench.reports.isEmpty }
    print("idle")
    fflush(nil)
    var ready: [Readiness] = []
    bench.kernel.wait(until: .never, into: &ready)
    let signal = bench.kernel.nextSignal()
    bench.check(signal?.signal == .terminate, "ended by \(String(describing: signal))")
    bench.kernel.signalAll(.kill)
    bench.turn { bench.roots.isEmpty }
  }

  static func signals(_ bench: Bench) {
    let me = ProcessInfo.processInfo.processIdentifier
    var wrong: [Int32] = []
    for number: Int32 in 1...64 where ![4, 5, 6, 7, 8, 9, 11, 17, 19].contains(number) {
      kill(me, number)
      var got: ReceivedSignal? = nil
      bench.turn(for: 2) {
        got = bench.kernel.nextSignal()
        return got != nil
      }
      if got?.signal.number != number || got?.fromKernel != false { wrong.append(number) }
    }
    // kill(getpid()) of a crash signal is a crash of ours (abort); the test sends those from outside.
    bench.check(wrong.isEmpty, "signals that did not arrive: \(wrong)")
  }

  /// Dies by a trap.
  static func crash(_ bench: Bench) {
    if bench.arguments.first == "sent" {
      print("ready")
      fflush(nil)
      var got: ReceivedSignal? = nil
      bench.turn(for: 10) {
        got = bench.kernel.nextSignal()
        return got != nil
      }
      bench.check(got?.signal == Signal(11), "a sent SIGSEGV is a signal: \(String(describing: got))")
      return
    }
    if bench.arguments.first == "invariant" { invariant("tried") }
    let none = [Int]()
    print(none[bench.arguments.count])
  }

  static func files(_ bench: Bench) {
    let folder = bench.arguments[0]
    func path(_ name: String) -> Bytes { Bytes("\(folder)/\(name)".utf8) }
    try? "text".write(toFile: "\(folder)/b", atomically: true, encoding: .utf8)
    try? String(repeating: "x", count: 100).write(toFile: "\(folder)/a", atomically: true, encoding: .utf8)
    mkfifo("\(folder)/fifo", 0o600)
    mkdir("\(folder)/.hidden", 0o700)
    bench.check(bench.kernel.readFile(path("b"), limit: 10) == .contents(Bytes("text")), "read")
    bench.check(bench.kernel.readFile(path("a"), limit: 99) == .tooLarge, "too large")
    bench.check(bench.kernel.readFile(path("a"), limit: 100) != .tooLarge, "just small enough")
    bench.check(bench.kernel.readFile(path("none"), limit: 10) == .failed(errno: 2), "missing")
    bench.check(bench.kernel.readFile(path("fifo"), limit: 10) == .notRegular(.fifo), "fifo")
    bench.check(bench.kernel.readFile(Bytes(folder.utf8), limit: 10) == .notRegular(.folder), "folder")
    bench.check(bench.kernel.readFile(Bytes("/dev/null"), limit: 10) == .notRegular(.device), "device")
    bench.check(
      bench.kernel.listFolder(Bytes(folder.utf8)) == .entries([Bytes(".hidden"), Bytes("a"), Bytes("b"), Bytes("fifo")]), "list")
    bench.check(bench.kernel.listFolder(path("b")) == .failed(errno: 20), "not a folder")
    bench.check(bench.kernel.glob(path("[ab]")) == [path("a"), path("b")], "glob set")
    bench.check(bench.kernel.glob(path("*")) == [path("a"), path("b"), path("fifo")], "glob star leaves dots out")
    bench.check(bench.kernel.glob(path("?*o")) == [path("fifo")], "glob question mark")
    bench.check(bench.kernel.glob(path("[!a]")) == [path("b")], "glob negated")
    bench.check(bench.kernel.glob(path("none*")) == [], "glob nothing")
    bench.check(bench.kernel.glob(path("b")) == [path("b")], "glob without wildcard")
    bench.check(bench.kernel.random() != bench.kernel.random(), "random")
  }

  nonisolated(unsafe) private static var notifyReceiver: Int32 = -1

  /// Binds the socket that `LinuxKernel` is to find: a path, or an abstract name.
  static func notifyAddress(_ arguments: [String]) -> Bytes {
    let name = arguments[2] == "path" ? "\(arguments[1])/notify" : "@apus-probe-\(ProcessInfo.processInfo.processIdentifier)"
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { raw in
      for (index, byte) in name.utf8.enumerated() { raw[index] = byte }
      if name.hasPrefix("@") { raw[0] = 0 }
    }
    notifyReceiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count + (name.hasPrefix("@") ? 0 : 1))
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(notifyReceiver, $0, length) }
    }
    return Bytes(name.utf8)
  }

  static func notify(_ bench: Bench) {
    bench.kernel.notify(Bytes("READY=1\nSTATUS=x"))
    var buffer = [UInt8](repeating: 0, count: 100)
    let count = recv(notifyReceiver, &buffer, 100, 0)
    bench.check(count == 16 && Bytes(buffer[0..<16]) == Bytes("READY=1\nSTATUS=x"), "received \(count)")
  }

  /// A client that fills the descriptors: accept must not spin.
  static func accept(_ bench: Bench) {
    let path = "\(bench.arguments[0])/socket"
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { raw in
      for (index, byte) in path.utf8.enumerated() { raw[index] = byte }
    }
    func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
      }
    }
    bench.check(withAddress { bind(listener, $0, $1) } == 0 && Foundation.listen(listener, 16) == 0, "listening")
    bench.kernel.listen(on: listener)
    func connected() -> Int32 {
      let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      return withAddress { connect(client, $0, $1) } == 0 ? client : -1
    }
    let peer = connected()
    var ready: [Readiness] = []
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(ready == [.listener], "listener ready")
    guard let client = bench.kernel.accept() else { return bench.check(false, "accepted") }
    bench.check(client.uid == getuid() && client.gid == getgid(), "credentials")
    bench.check(bench.kernel.accept() == nil, "no second one")
    write(peer, "hello", 5)
    ready = []
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(ready == [.readable(client.id)], "readable")
    bench.check(bench.kernel.receive(client.id, limit: 100) == .bytes(Bytes("hello")), "received")
    bench.check(bench.kernel.receive(client.id, limit: 100) == .nothingYet, "nothing yet")
    let much = Bytes(repeating: 120, count: 1 << 20)
    var sent = 0
    while let count = bench.kernel.send(client.id, much[sent...]), count > 0 { sent += count }
    bench.check(sent > 0 && sent < much.count, "the socket fills at \(sent)")
    bench.kernel.setWantsWritable(client.id, true)
    bench.kernel.setWantsReadable(client.id, false)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    read(peer, &buffer, buffer.count)
    ready = []
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(ready == [.writable(client.id)], "writable")
    bench.kernel.setWantsWritable(client.id, false)
    Foundation.close(peer)
    ready = []
    let end = Instant(nanoseconds: bench.kernel.now().instant.nanoseconds + 50_000_000)
    bench.kernel.wait(until: end, into: &ready)
    bench.check(ready.isEmpty, "who wants nothing is not told of the hang-up")
    bench.kernel.setWantsReadable(client.id, true)
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(ready == [.readable(client.id)], "but then")
    while case .bytes = bench.kernel.receive(client.id, limit: 65536) {}
    bench.check(bench.kernel.receive(client.id, limit: 100) == .closed, "closed")
    bench.kernel.close(client.id)
    bench.check(bench.kernel.receive(client.id, limit: 100) == .closed, "gone")
    // Descriptors run out.
    let last = connected()
    var hogs: [Int32] = []
    while true {
      let hog = dup(0)
      if hog < 0 { break }
      hogs.append(hog)
    }
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(bench.kernel.accept() == nil, "refused")
    let before = clock()
    let rest = Instant(nanoseconds: bench.kernel.now().instant.nanoseconds + 200_000_000)
    ready = []
    bench.kernel.wait(until: rest, into: &ready)
    bench.check(ready.isEmpty && clock() - before < CLOCKS_PER_SEC / 50, "no spinning without descriptors")
    for hog in hogs { Foundation.close(hog) }
    Foundation.close(last)
    let next = connected()
    bench.kernel.wait(until: .never, into: &ready)
    bench.check(bench.kernel.accept() != nil, "and again")
    Foundation.close(next)
  }
}
#endif
