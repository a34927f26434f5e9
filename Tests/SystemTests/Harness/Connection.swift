import Foundation

/// A plain client of the control socket.
final class Connection {
  private var descriptor: Int32

  init(to path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard descriptor >= 0, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Failure("no socket for \(path)") }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard result == 0 else { throw Failure("connect \(path): \(String(cString: strerror(errno)))") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close() }

  func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  /// Sends, and waits for a whole answer (by its Content-Length) or the end of the connection.
  func ask(_ text: String, within seconds: Double = 30) throws -> String {
    send(text)
    var collected: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    try eventually("an answer; so far \(String(decoding: collected, as: UTF8.self))", within: seconds) {
      let count = read(descriptor, &block, block.count)
      if count > 0 { collected += block[..<count] }
      if count == 0 { return true }
      let answer = String(decoding: collected, as: UTF8.self)
      guard let end = answer.range(of: "\r\n\r\n") else { return false }
      let length = answer[..<end.lowerBound].lowercased().firstMatch(of: /content-length: *([0-9]+)/).flatMap { Int($0.1) } ?? 0
      return answer[end.upperBound...].utf8.count >= length
    }
    return String(decoding: collected, as: UTF8.self)
  }
}

/// The receiving end of sd_notify.
final class DatagramSocket {
  private let descriptor: Int32

  init(at path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard descriptor >= 0, result == 0 else { throw Failure("bind \(path): \(String(cString: strerror(errno)))") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  func read() -> String {
    var text = ""
    var block = [UInt8](repeating: 0, count: 8192)
    while case let count = Glibc.read(descriptor, &block, block.count), count > 0 {
      text += String(decoding: block[..<count], as: UTF8.self)
    }
    return text
  }
}
