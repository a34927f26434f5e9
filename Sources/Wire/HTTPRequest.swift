import Model

/// The methods that the control socket tells apart.
public enum HTTPMethod: UInt8, Sendable {
  case get, post, other

  /// As on the request line; `OTHER` for all that no route takes.
  public var name: StaticString {
    switch self {
    case .get: "GET"
    case .post: "POST"
    case .other: "OTHER"
    }
  }
}

/// One `name=value` of a query, percent-decoded. A name without `=` has an empty value.
public struct HTTPQueryItem: Equatable, Sendable {
  public var name: Bytes
  public var value: Bytes
  public init(name: Bytes, value: Bytes) {
    self.name = name
    self.value = value
  }
}

/// One request of the control socket, head only: PID 1 never looks into a body (DESIGN section 8).
public struct HTTPRequest: Equatable, Sendable {
  public var method: HTTPMethod
  /// The path between its slashes, percent-decoded behind the split: `%2F` stays inside its segment.
  public var path: [Bytes]
  /// Behind `?`, in order. A `+` is a plus (`RTMIN+3`), not a blank.
  public var query: [HTTPQueryItem]
  /// Whether the client wants the connection kept (RFC 9112 section 9.3).
  public var keepAlive: Bool
  /// Bytes of the body that was read and thrown away.
  public var bodyLength: Int

  public init(method: HTTPMethod, path: [Bytes], query: [HTTPQueryItem] = [], keepAlive: Bool = true, bodyLength: Int = 0) {
    self.method = method
    self.path = path
    self.query = query
    self.keepAlive = keepAlive
    self.bodyLength = bodyLength
  }

  public var hasBody: Bool { bodyLength > 0 }
}

/// What the bytes fed so far amount to.
public enum HTTPParseResult: Equatable, Sendable {
  /// No whole request yet.
  case needMore
  case request(HTTPRequest)
  /// Answer with `httpError(status:message:keepAlive: false)` and close. The parser says the same for ever after.
  case malformed(status: Int, message: Bytes)
}

/// Why a head is refused. One concrete error of the module's parsers.
struct HTTPFault: Error {
  var status: Int
  var message: StaticString
  init(_ status: Int, _ message: StaticString) {
    self.status = status
    self.message = message
  }
}
