import Foundation
import Glibc
import Testing

/// The running relay: a client on one side, a server on the other, bytes through it.
@Suite(.serialized) struct RelayTests {
  /// Waits for so long at most.
  static let limitMs: Int32 = 30_000

  /// A listening socket on the loopback, and its port.
  static func listener(backlog: Int32 = 64) throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        bind(descriptor, name, size) == 0 && listen(descriptor, backlog) == 0 && getsockname(descriptor, name, &size) == 0
      }
    }
    if !bound { throw POSIXError(.EADDRINUSE) }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  static func connect(_ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if result != 0 { throw POSIXError(.ECONNREFUSED) }
    limit(descriptor)
    return descriptor
  }

  /// Neither reads nor writes for ever.
  static func limit(_ descriptor: Int32) {
    var time = timeval(tv_sec: Int(limitMs / 1000), tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  static func accepted(_ listener: Int32) throws -> Int32 {
    var item = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    guard poll(&item, 1, limitMs) == 1 else { throw POSIXError(.ETIMEDOUT) }
    let descriptor = accept(listener, nil, nil)
    limit(descriptor)
    return descriptor
  }

  /// All until the end, or an error as a negative number at the end.
  static func readAll(_ descriptor: Int32) -> (bytes: [UInt8], errno: Int32) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count == 0 { return (bytes, 0) }
      if count < 0 { return (bytes, errno) }
      bytes += buffer[..<count]
    }
  }

  static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var at = 0
    while at < bytes.count {
      let count = bytes[at...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      at += count
    }
    return true
  }

  /// A relay with this standard input.
  static func start(_ input: Int32, _ arguments: [String], throughEnvironment: Bool = false) throws -> (Foundation.Process, Pipe) {
    let process = Foundation.Process()
    if throughEnvironment {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""
      process.arguments = ["-c", script, "sh", binaryPath, "relay"] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: binaryPath)
      process.arguments = ["relay"] + arguments
    }
    process.standardInput = FileHandle(fileDescriptor: input, closeOnDealloc: false)
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    return (process, errors)
  }

  static func pair() -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
    limit(ends[0])
    return (ends[0], ends[1])
  }

  static func end(_ process: Foundation.Process, _ errors: Pipe) -> (Int32, String) {
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// One connection, as with Accept=yes: the client ends its side first and still gets the answer, which comes after it.
  @Test func halfClose() throws {
    let (server, port) = try Self.listener()
    let (near, far) = Self.pair()
    let (process, errors) = try Self.start(far, ["localhost:\(port)"])
    close(far)
    let request = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
    let answer = request.reversed().map { ~$0 }
    let writer = Thread {
      _ = Self.writeAll(near, request)
      shutdown(near, Int32(SHUT_WR))
    }
    writer.start()
    let connection = try Self.accepted(server)
    let got = Self.readAll(connection)
    #expect(got.bytes == request && got.errno == 0)
    // The other way is still open.
    let answering = Thread {
      _ = Self.writeAll(connection, answer)
      close(connection)
    }
    answering.start()
    let back = Self.readAll(near)
    #expect(back.bytes == answer && back.errno == 0)
    close(near)
    let (status, text) = Self.end(process, errors)
    #expect(status == 0 && text.isEmpty)
    close(server)
  }

  /// The server's end comes first, the client still sends.
  @Test func halfCloseOfTheServer() throws {
    let (server, port) = try Self.listener()
    let (near, far) = Self.pair()
    let (process, errors) = try Self.start(far, ["127.0.0.1:\(port)"])
    close(far)
    let connection = try Self.accepted(server)
    #expect(Self.writeAll(connection, [1, 2, 3]))
    shutdown(connection, Int32(SHUT_WR))
    #expect(Self.readAll(near).bytes == [1, 2, 3])
    #expect(Self.writeAll(near, [4, 5]))
    close(near)
    #expect(Self.readAll(connection).bytes == [4, 5])
    close(connection)
    #expect(Self.end(process, errors) == (0, ""))
    close(server)
  }

  /// A connection that broke is not passed on as one that ended.
  @Test func breaks() throws {
    let (server, port) = try Self.listener()
    let (front, frontPort) = try Self.listener()
    let (process, errors) = try Self.start(front, ["127.0.0.1:\(port)"])
    close(front)
    let client = try Self.connect(frontPort)
    let connection = try Self.accepted(server)
    #expect(Self.writeAll(client, [1]))
    var byte: UInt8 = 0
    #expect(read(connection, &byte, 1) == 1)
    var none = linger(l_onoff: 1, l_linger: 0)
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
    close(connection)
    #expect(Self.readAll(client).errno == ECONNRESET)
    close(client)
    // Tests run with SIGTERM blocked.
    kill(process.processIdentifier, SIGKILL)
    _ = Self.end(process, errors)
    close(server)
  }

  /// Who does not read keeps the other side from sending, and both get all of it in the end.
  @Test func backPressure() throws {
    let (server, port) = try Self.listener()
    let (near, far) = Self.pair()
    let (process, errors) = try Self.start(far, ["127.0.0.1:\(port)"])
    close(far)
    let connection = try Self.accepted(server)
    var sent = 0
    let block = [UInt8](repeating: 7, count: 65_536)
    // As long as the kernel's buffers take something.
    while true {
      var item = pollfd(fd: near, events: Int16(POLLOUT), revents: 0)
      if poll(&item, 1, 500) == 0 { break }
      let count = send(near, block, block.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
      if count > 0 { sent += count } else if errno != EAGAIN { break }
      if sent > 256 << 20 { break }
    }
    #expect(sent > 65_536 && sent < 64 << 20)
    // What it holds is not in its memory.
    let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
    let resident = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }.flatMap { Int($0.split(separator: " ")[1]) } ?? .max
    #expect(resident < 4096, "\(resident) KiB")
    shutdown(near, Int32(SHUT_WR))
    #expect(Self.readAll(connection).bytes.count == sent)
    close(connection)
    close(near)
    #expect(Self.end(process, errors) == (0, ""))
    close(server)
  }

  /// Many connections in one process, more than it holds at once; then it leaves by itself.
  @Test(arguments: [false, true]) func listens(_ throughEnvironment: Bool) throws {
    let (server, port) = try Self.listener(backlog: 512)
    let (front, frontPort) = try Self.listener(backlog: 512)
    let arguments = ["--exit-idle-time=300ms", "--connections-max=4", "127.0.0.1:\(port)"]
    let (process, errors) = try Self.start(front, arguments, throughEnvironment: throughEnvironment)
    let clients = try (0..<20).map { _ in try Self.connect(frontPort) }
    for client in clients {
      #expect(Self.writeAll(client, Array("hello".utf8)))
      shutdown(client, Int32(SHUT_WR))
    }
    // Four at once; the others wait in the listener's queue.
    var open = try (0..<4).map { _ in try Self.accepted(server) }
    var item = pollfd(fd: server, events: Int16(POLLIN), revents: 0)
    #expect(poll(&item, 1, 100) == 0)
    var served = 0
    while let connection = open.popLast() {
      #expect(Self.readAll(connection).bytes == Array("hello".utf8) && Self.writeAll(connection, Array("world".utf8)))
      close(connection)
      served += 1
      if served <= 16 { open.append(try Self.accepted(server)) }
    }
    #expect(served == 20)
    for client in clients {
      let got = Self.readAll(client)
      #expect(got.errno == 0 && got.bytes == Array("world".utf8), "\(got)")
      close(client)
    }
    #expect(Self.end(process, errors) == (0, ""))
    // The listener is whole: it was only lent.
    let late = try Self.connect(frontPort)
    close(late)
    close(front)
    close(server)
  }

  @Test func whatCannotBeReached() throws {
    let (server, port) = try Self.listener()
    close(server)
    let cases = [
      // An address is not said twice.
      ("127.0.0.1:\(port)", "connection refused"), ("/no/such", "no such file or directory"),
      ("no-such-name.invalid:1", "the name has no address"),
    ]
    for (target, reason) in cases {
      let (near, far) = Self.pair()
      let (process, errors) = try Self.start(far, [target])
      close(far)
      #expect(Self.readAll(near).bytes.isEmpty)
      let (status, text) = Self.end(process, errors)
      #expect(status == 1 && text == "apus: relay: cannot connect to \(target): \(reason)\n", "\(text)")
      close(near)
    }
    // Not where the peer would read it.
    let (near, far) = Self.pair()
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: binaryPath)
    process.arguments = ["relay", "/no/such"]
    process.standardInput = FileHandle(fileDescriptor: far, closeOnDealloc: false)
    process.standardOutput = FileHandle(fileDescriptor: far, closeOnDealloc: false)
    process.standardError = FileHandle(fileDescriptor: far, closeOnDealloc: false)
    try process.run()
    close(far)
    #expect(Self.readAll(near).bytes.isEmpty)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    close(near)
  }

  @Test(arguments: ["x", ":80", "a:0", "a:65536", "[::1]", "::1:80", "[1.2.3.4]:80", "a b:80", "[a]:80", ""])
  func whatIsNoTarget(_ target: String) throws {
    let outcome = try apus(["relay", target])
    #expect(outcome.status == 64 && outcome.err.contains("is no target"), "\(outcome)")
  }

  @Test func whatIsNoSocket() throws {
    let outcome = try apus(["relay", "127.0.0.1:1"])
    #expect(outcome.status == 1 && outcome.err.contains("standard input cannot be relayed: it is no socket"), "\(outcome)")
    for bad in ["--connections-max=0", "--connections-max=x", "--exit-idle-time=x"] {
      #expect(try apus(["relay", bad, "127.0.0.1:1"]).status == 64)
    }
  }
}
