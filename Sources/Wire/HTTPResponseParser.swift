import Model

/// An answer as the client sees it.
public struct HTTPResponse: Equatable, Sendable {
  public var status: Int
  public var body: Bytes
}

/// What the bytes fed so far amount to.
public enum HTTPResponseResult: Equatable, Sendable {
  case needMore
  case response(HTTPResponse)
  /// What came is no answer of a control socket.
  case malformed(message: Bytes)
}

/// Incremental parser of one answer, for the client side; it takes what `httpResponse` writes: HTTP/1.1 with
/// Content-Length. Bounds: a head of 8 KiB, a body of 64 MiB.
public struct HTTPResponseParser: Sendable {
  static let maximumHead = 8192
  static let maximumBody: UInt64 = 64 << 20
  private var buffer = Bytes()
  private var searched = 0
  /// Status, where the body begins, and where it ends.
  private var found: (status: Int, start: Int, end: Int)? = nil
  private var fault: Bytes? = nil

  public init() {}

  /// Takes what was read.
  public mutating func feed(_ bytes: Bytes) { buffer += bytes }

  /// The answer, once it is whole.
  public mutating func next() -> HTTPResponseResult {
    if found == nil && fault == nil { takeHead() }
    if let fault { return .malformed(message: fault) }
    guard let found, buffer.count >= found.end else { return .needMore }
    return .response(HTTPResponse(status: found.status, body: Bytes(buffer[found.start..<found.end])))
  }

  private mutating func takeHead() {
    while searched < buffer.count {
      if searched >= HTTPResponseParser.maximumHead {
        fault = Bytes("its head has more than 8192 bytes")
        return
      }
      searched += 1
      guard searched >= 4, buffer[searched - 1] == 10, buffer[searched - 2] == 13, buffer[searched - 3] == 10 else { continue }
      do throws(HTTPFault) {
        let (status, length) = try parseResponseHead(Bytes(buffer[..<searched]))
        found = (status, searched, searched + length)
      } catch {
        fault = Bytes(error.message)
      }
      return
    }
  }
}

private func parseResponseHead(_ head: Bytes) throws(HTTPFault) -> (status: Int, length: Int) {
  let lines = try headLines(head)
  guard let first = lines.first, first.count >= 12, first.starts(with: "HTTP/1."), first[8] == 32,
    let status = Bytes(first[9..<12]).unsignedDecimal, status >= 100
  else { throw HTTPFault(0, "it does not begin with HTTP/1.1 and a status") }
  for line in lines.dropFirst() {
    let colon = line.firstIndex(of: 58) ?? line.count
    guard Bytes(line[..<colon]).lowercasedASCII == "content-length" else { continue }
    guard let length = Bytes(line[min(colon + 1, line.count)...]).trimmed.unsignedDecimal, length <= HTTPResponseParser.maximumBody
    else { break }
    return (Int(status), Int(length))
  }
  throw HTTPFault(0, "it has no Content-Length")
}
