import Foundation
import Glibc
import Testing

/// The relay and the names of its targets: a name server of the test's own.
@Suite struct RelayNameTests {
  /// With a mount namespace `/etc/resolv.conf` is ours; the server has an address of the loopback for itself.
  static let isPossible: Bool = {
    guard getuid() == 0, access("/etc/resolv.conf", F_OK) == 0 else { return false }
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["--mount", "--propagation", "private", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// Says of every name that there is none, and counts.
  final class NameServer: @unchecked Sendable {
    let address: String
    private let socket: Int32
    private let lock = NSLock()
    private var asked = 0

    init() throws {
      let octets = (UInt8.random(in: 2...250), UInt8.random(in: 2...250), UInt8.random(in: 2...250))
      address = "127.\(octets.0).\(octets.1).\(octets.2)"
      socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = UInt16(53).bigEndian
      name.sin_addr.s_addr = inet_addr(address)
      let result = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
      if result != 0 { throw POSIXError(.EADDRINUSE) }
      Thread.detachNewThread { [self] in serve() }
    }

    var questions: Int { lock.withLock { asked } }

    private func serve() {
      var block = [UInt8](repeating: 0, count: 1500)
      while true {
        var peer = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &peer) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(socket, &block, block.count, 0, $0, &size) }
        }
        if count < 12 { return }
        lock.withLock { asked += 1 }
        var answer = Array(block[..<count])
        // An answer, with NXDOMAIN.
        answer[2] |= 0x80
        answer[3] = 0x83
        _ = withUnsafePointer(to: &peer) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(socket, answer, answer.count, 0, $0, size) }
        }
      }
    }

    func close() { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  /// All wait while a name is looked up: one that is not there is not asked for anew for each connection.
  @Test(.enabled(if: isPossible, "needs root and mount namespaces")) func aNameThatIsNotThereIsAskedForOnce() throws {
    let folder = Folder()
    let server = try NameServer()
    defer { server.close() }
    try "nameserver \(server.address)\n".write(toFile: "\(folder.path)/resolv.conf", atomically: true, encoding: .utf8)
    let (front, port) = try RelayTests.listener()
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    let script =
      "mount --bind \(folder.path)/resolv.conf /etc/resolv.conf && exec 3<&0 </dev/null && LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""
    process.arguments =
      ["--mount", "--propagation", "private", "sh", "-c", script, "sh", binaryPath, "relay", "--exit-idle-time=1s", "nowhere.example.:80"]
    process.standardInput = FileHandle(fileDescriptor: front, closeOnDealloc: false)
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    for _ in 0..<20 {
      let client = try RelayTests.connect(port)
      #expect(RelayTests.readAll(client).bytes.isEmpty)
      close(client)
    }
    let (status, text) = RelayTests.end(process, errors)
    close(front)
    #expect(status == 0)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 20 && lines.allSatisfy { $0.hasSuffix(": the name has no address") }, "\(text)")
    // For IPv4 and for IPv6.
    #expect(server.questions == 2, "\(server.questions) questions")
  }
}
