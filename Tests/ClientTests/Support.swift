import Foundation
import Glibc
import Model
import Testing

@testable import Wire

/// The bytes of a text.
func bytes(_ text: String) -> Bytes { Bytes(text.utf8) }

/// Compares with a committed file; `APUS_GOLDEN=write` writes it anew, for the reviewer to read the difference.
func expectGolden(_ actual: String, _ name: String, file: String = #filePath, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
  let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
  if ProcessInfo.processInfo.environment["APUS_GOLDEN"] == "write" {
    try? actual.write(to: url, atomically: true, encoding: .utf8)
  }
  let expected = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
  #expect(actual == expected, "differs from \(name)", sourceLocation: sourceLocation)
}

/// A folder of its own, removed at the end. Below /tmp, because a socket's path may have 107 bytes.
final class Folder {
  let path: String
  init() {
    var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What a run of the binary gave.
struct Outcome: Equatable {
  var status: Int32
  var out: String
  var err: String
}

/// The binary under test: `APUS_BINARY`, else the ordinary build's.
let binaryPath: String = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  guard let given = ProcessInfo.processInfo.environment["APUS_BINARY"] else { return root + "/.build/debug/apus" }
  return given.hasPrefix("/") ? given : root + "/" + given
}()

/// Runs the binary to its end, under another name if `program` is one.
func apus(_ arguments: [String], environment: [String: String] = [:], program: String = binaryPath) throws -> Outcome {
  let process = Foundation.Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.environment = environment
  process.standardInput = FileHandle.nullDevice
  let out = Pipe()
  let err = Pipe()
  process.standardOutput = out
  process.standardError = err
  try process.run()
  // What is said on stderr fits a pipe; stdout is read to its end first.
  let text = out.fileHandleForReading.readDataToEndOfFile()
  let errors = err.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Outcome(
    status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
    out: String(decoding: text, as: UTF8.self), err: String(decoding: errors, as: UTF8.self))
}

/// A control server that answers from a table, on threads of its own, with the real wire code.
final class TableServer: @unchecked Sendable {
  let path: String
  private let listener: Int32
  private let answer: @Sendable (Request) -> Reply
  private let lock = NSLock()
  private var seen: [Request] = []

  /// Requests in the order they came.
  var requests: [Request] { lock.withLock { seen } }

  init(_ path: String, answer: @escaping @Sendable (Request) -> Reply) throws {
    self.path = path
    self.answer = answer
    listener = try listening(path)
    let thread = Thread { [listener] in
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { return }
        Thread { self.serve(connection) }.start()
      }
    }
    thread.start()
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var parser = HTTPRequestParser()
    var chunk = Bytes(repeating: 0, count: 4096)
    while true {
      let count = read(connection, &chunk, chunk.count)
      if count <= 0 { return }
      parser.feed(Bytes(chunk[..<count]))
      guard case .request(let request) = parser.next() else { continue }
      let response: Bytes
      switch route(request) {
      case .success(let question):
        lock.withLock { seen.append(question) }
        response = httpResponse(answer(question), keepAlive: false)
      case .failure(let error): response = httpError(status: error.status, message: error.message, keepAlive: false)
      }
      _ = write(connection, response, response.count)
      return
    }
  }
}

/// A listening socket at a path.
func listening(_ path: String) throws -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  let bound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
  }
  guard bound == 0, listen(descriptor, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
  return descriptor
}
