import Model

/// Incremental HTTP/1.1 request parser of the control socket, one per connection; bytes come in any split.
///
/// Bounds (DESIGN section 8): a head and a body of 8 KiB each, 64 header fields, 8 path segments, 16 query items; at
/// most `maximumBuffered` bytes are kept. Behind a bound the request is malformed. Pipelined requests come out one by
/// one, in order. Lines may end in LF alone, because people type requests by hand; there is no proxy to be confused.
public struct HTTPRequestParser: Sendable {
  /// Bytes of a head, and of a body.
  public static let maximumRequest = 8192
  /// Bytes kept between `feed` and `next`: one request and its body, or many small ones.
  public static let maximumBuffered = 2 * maximumRequest

  private enum Phase: Sendable {
    case head
    case body(HTTPRequest, left: Int)
    case broken(status: Int, message: Bytes)
  }

  private var phase = Phase.head
  private var buffer = Bytes()
  /// How much of the head was searched for its end, so that a byte at a time costs no more than all at once.
  private var searched = 0
  /// Where the current line of the head began.
  private var lineStart = 0
  /// Whether a line that is not empty came (empty ones before a request are skipped, RFC 9112 section 2.2).
  private var hasRequestLine = false

  public init() {}

  /// How many bytes may be fed now without breaking the bound on what is kept.
  public var room: Int { max(0, HTTPRequestParser.maximumBuffered - buffer.count) }
  /// Whether a request has begun and not ended: such a client counts as idle, not as done.
  public var isInRequest: Bool {
    switch phase {
    case .head: !buffer.isEmpty
    case .body: true
    case .broken: false
    }
  }

  /// Takes what was read. More than `room` makes the connection malformed.
  public mutating func feed(_ bytes: Bytes) {
    if case .broken = phase { return }
    if bytes.count > room {
      fail(HTTPFault(413, "more bytes than a connection may have waiting"))
      return
    }
    buffer += bytes
  }

  /// The next request of what was fed; call again until it gives `.needMore`.
  public mutating func next() -> HTTPParseResult {
    if case .head = phase { takeHead() }
    if case .body(let request, let left) = phase {
      let taken = min(left, buffer.count)
      buffer.removeFirst(taken)
      if taken < left {
        phase = .body(request, left: left - taken)
        return .needMore
      }
      phase = .head
      return .request(request)
    }
    if case .broken(let status, let message) = phase { return .malformed(status: status, message: message) }
    return .needMore
  }

  private mutating func fail(_ fault: HTTPFault) {
    phase = .broken(status: fault.status, message: Bytes(fault.message))
    buffer = []
  }

  /// Searches the end of the head; with it, the phase becomes `.body` or `.broken`.
  private mutating func takeHead() {
    while searched < buffer.count {
      if searched >= HTTPRequestParser.maximumRequest {
        fail(HTTPFault(431, "a request may have 8192 bytes"))
        return
      }
      let byte = buffer[searched]
      searched += 1
      // Refused at once, so that a client that talks another protocol is not waited for.
      if byte < 32, byte != 10, byte != 13, byte != 9 {
        fail(HTTPFault(400, "a control character in the head"))
        return
      }
      if byte != 10 { continue }
      let isEmpty = searched - lineStart == 1 || (searched - lineStart == 2 && buffer[lineStart] == 13)
      lineStart = searched
      if !isEmpty { hasRequestLine = true }
      if isEmpty && hasRequestLine {
        finishHead()
        return
      }
    }
  }

  private mutating func finishHead() {
    let head = Bytes(buffer[..<searched])
    buffer.removeFirst(searched)
    searched = 0
    lineStart = 0
    hasRequestLine = false
    do throws(HTTPFault) {
      let request = try parseHead(head)
      phase = .body(request, left: request.bodyLength)
    } catch {
      fail(error)
    }
  }
}
