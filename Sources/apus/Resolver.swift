import CLinux
import Linux
import Model
import Wire

/// The addresses of a host for `apus relay`: a static program has no resolver of the C library's, so it asks the name servers itself.
enum Resolver {
  /// All questions about one name together: so long an answer is waited for at most.
  static let limit = 5_000_000_000 as Int64
  /// One question to one server, which may be lost.
  static let attemptMs: Int32 = 1500

  /// Of numbers and /etc/hosts first, as everywhere; else by DNS, IPv4 before IPv6. Empty: it has none.
  static func addresses(of host: Bytes) -> [IPAddress] {
    let own = Probing.addresses(of: host)
    if !own.isEmpty { return own }
    var text = Bytes()
    if case .contents(let bytes) = HostFiles.read(Bytes("/etc/resolv.conf"), limit: 1 << 16) { text = bytes }
    let settings = ResolverSettings(text)
    let end = apus_monotonic() + limit
    for name in settings.candidates(host) {
      var found: [IPAddress] = []
      for kind in DNSQuestion.Kind.allCases { found += ask(name, kind, settings.servers, end) }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// Twice around all servers; the first answer counts.
  private static func ask(_ name: Bytes, _ kind: DNSQuestion.Kind, _ servers: [IPAddress], _ end: Int64) -> [IPAddress] {
    for attempt in 0..<(2 * servers.count) {
      let left = (end - apus_monotonic()) / 1_000_000
      if left <= 0 { return [] }
      // A number that nobody guesses; the clock's, if the kernel has no randomness yet.
      var random: UInt64 = 0
      if apus_random(&random) == 0 { random = UInt64(bitPattern: apus_monotonic()) }
      guard let question = DNSQuestion(name, kind, id: UInt16(truncatingIfNeeded: random >> 16)) else { return [] }
      let server = servers[attempt % servers.count]
      if let answer = ask(question, server, min(Int32(left), attemptMs)) { return answer }
    }
    return []
  }

  private static func ask(_ question: DNSQuestion, _ server: IPAddress, _ timeoutMs: Int32) -> [IPAddress]? {
    var state: Int32 = 0
    let socket = relay_connect(server.bytes, server.isV4 ? 0 : 1, 53, 1, &state)
    if socket < 0 { return nil }
    defer { _ = apus_close(socket) }
    let message = question.message
    guard state == 0, apus_send_nowait(socket, message, UInt64(message.count)) == Int64(message.count) else { return nil }
    let end = apus_monotonic() + Int64(timeoutMs) * 1_000_000
    var buffer = Bytes(repeating: 0, count: 1500)
    while true {
      let left = Int32(max(0, (end - apus_monotonic()) / 1_000_000))
      if control_poll(socket, 0, left) <= 0 { return nil }
      let count = apus_receive_nowait(socket, &buffer, UInt64(buffer.count))
      // Refused: nobody is there.
      if count < 0 { return nil }
      if let addresses = question.addresses(in: Bytes(buffer[..<Int(count)])) { return addresses }
    }
  }
}
