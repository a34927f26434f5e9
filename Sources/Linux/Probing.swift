import CLinux
import Model

/// What a probe found: nil is well, else the reason.
public enum Probing {
  /// A step that takes longer has failed, whoever started the probe and forgot it.
  static let stepTimeoutMs: Int32 = 60_000
  /// Of an answer's first line.
  static let lineMax = 4096

  /// `apus-helper probe-tcp ADDRESS`: a connection is accepted.
  public static func tcp(_ text: Bytes) -> Bytes? {
    guard let address = ProbeAddress(text) else { return filled("%: not an address: HOST:PORT, PORT, [V6]:PORT or a path", text) }
    switch connect(address) {
    case .success(let socket):
      _ = apus_close(socket)
      return nil
    case .failure(let failure): return filled("%: %", text, failure.reason)
    }
  }

  /// `apus-helper probe-http URL`: the answer is 2xx or 3xx.
  public static func http(_ url: Bytes) -> Bytes? {
    guard url.lowercasedASCII.starts(with: "http://") else { return url + ": only http:// can be asked" }
    let rest = Bytes(url[7...])
    let end = rest.firstIndex { $0 == 47 || $0 == 63 } ?? rest.count
    let authority = Bytes(rest[..<end])
    var path = Bytes(rest[end...].prefix { $0 != 35 })
    if path.first != 47 { path = "/" + path }
    // No line of the request may come from a blank or a newline in the unit file.
    if path.contains(where: { $0 <= 32 || $0 == 127 }) { return url + ": there is a blank or a control character in it" }
    guard let address = ProbeAddress(authority, defaultPort: 80), case .host = address else { return url + ": not a host and port" }
    switch connect(address) {
    case .failure(let failure): return filled("%: %", url, failure.reason)
    case .success(let socket):
      defer { _ = apus_close(socket) }
      let form: StaticString = "GET % HTTP/1.1\r\nHost: %\r\nUser-Agent: apus\r\nAccept: */*\r\nConnection: close\r\n\r\n"
      let request = filled(form, path, authority)
      guard send(request, socket) else { return url + ": the connection ended while it was asked" }
      return judge(firstLine(socket)).map { url + ": " + $0 }
    }
  }

  /// Of numbers, this machine's own names, and what /etc/hosts says.
  public static func addresses(of host: Bytes) -> [IPAddress] { IPAddress.resolve(host) }

  struct Failure: Error {
    var reason: Bytes
  }

  /// To the first address of the host that accepts.
  private static func connect(_ address: ProbeAddress) -> Result<Int32, Failure> {
    switch address {
    case .path(let path):
      let socket = apus_connect_path(path.terminated, stepTimeoutMs)
      return socket >= 0 ? .success(socket) : .failure(Failure(reason: errorText(-socket)))
    case .host(let host, let port):
      let addresses = IPAddress.resolve(host)
      if addresses.isEmpty {
        return .failure(Failure(reason: filled("'%' is no address and not in /etc/hosts (probes do not ask a name server)", host)))
      }
      var failure: Int32 = 0
      for candidate in addresses {
        let socket = apus_connect_address(candidate.bytes, candidate.isV4 ? 0 : 1, port, stepTimeoutMs)
        if socket >= 0 { return .success(socket) }
        if failure == 0 { failure = -socket }
      }
      return .failure(Failure(reason: errorText(failure)))
    }
  }

  private static func send(_ bytes: Bytes, _ socket: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBufferPointer { apus_send_nowait(socket, $0.baseAddress, UInt64($0.count)) }
      if count > 0 {
        sent += Int(count)
      } else if -count != Int64(Errno.EAGAIN) || control_poll(socket, 1, stepTimeoutMs) <= 0 {
        return false
      }
    }
    return true
  }

  /// What came until a newline, the end, or the bounds.
  private static func firstLine(_ socket: Int32) -> Bytes {
    var line = Bytes()
    var buffer = Bytes(repeating: 0, count: 1024)
    while line.count < lineMax, !line.contains(10) {
      let count = apus_receive_nowait(socket, &buffer, UInt64(buffer.count))
      if count > 0 {
        line += buffer[0..<Int(count)]
      } else if -count != Int64(Errno.EAGAIN) || control_poll(socket, 0, stepTimeoutMs) <= 0 {
        break
      }
    }
    return Bytes(line.prefix { $0 != 10 }).trimmed
  }

  /// `HTTP/1.1 200 OK`; nil is well.
  static func judge(_ line: Bytes) -> Bytes? {
    let words = line.pieces(separatedBy: 32)
    guard words.count >= 2, words[0].starts(with: "HTTP/"), words[1].count == 3, let status = words[1].unsignedDecimal else {
      return Bytes(line.isEmpty ? "no answer" : "the answer is not HTTP")
    }
    return status >= 200 && status < 400 ? nil : "the answer was " + words[1]
  }
}
