import Model

/// Why a request is none of ours: 400, 404 or 405.
public struct RouteError: Error, Equatable, Sendable {
  public var status: Int
  public var message: Bytes
  /// For 405, the method that the path takes.
  public var allow: HTTPMethod? = nil

  init(_ status: Int, _ message: Bytes, allow: HTTPMethod? = nil) {
    self.status = status
    self.message = message
    self.allow = allow
  }
}

/// Which question of Model a request is (DESIGN section 8). Unit names are passed on as they came, percent-decoded:
/// whether there is such a unit is the manager's to say. A parameter that a path does not know is refused, because one
/// that is silently ignored (`?wiat=1`) does something else than was asked for.
public func route(_ request: HTTPRequest) -> Result<Request, RouteError> {
  var query = RouteQuery(items: request.query)
  do throws(RouteError) {
    let result = try routed(request, &query)
    if let left = query.items.first { throw RouteError(400, "unknown parameter " + left.name) }
    return .success(result)
  } catch {
    return .failure(error)
  }
}

/// Whether a request needs the authority to change something; reading is open to the control group (DESIGN section 8).
public func requiresWrite(_ request: Request) -> Bool {
  switch request {
  case .units, .unit, .timers, .sockets, .paths: false
  case .job, .kill, .resetFailed, .apply, .daemonReload, .exit: true
  }
}

private func routed(_ request: HTTPRequest, _ query: inout RouteQuery) throws(RouteError) -> Request {
  let path = request.path
  guard path.count >= 2, path[0] == "v1" else { throw notFound() }
  switch (path[1], path.count) {
  case ("units", 2):
    try require(.get, request)
    return .units
  case ("units", 3):
    try require(.get, request)
    return .unit(try unitName(path[2]))
  case ("units", 4): return try unitVerb(request, unit: path[2], verb: path[3], &query)
  case ("timers", 2):
    try require(.get, request)
    return .timers
  case ("sockets", 2):
    try require(.get, request)
    return .sockets
  case ("paths", 2):
    try require(.get, request)
    return .paths
  case ("apply", 2):
    try require(.post, request)
    return .apply(planOnly: try query.flag("plan"))
  case ("daemon-reload", 2):
    try require(.post, request)
    return .daemonReload
  case ("exit", 2):
    try require(.post, request)
    guard let text = query.take("status") else { return .exit(status: nil) }
    guard let status = text.unsignedDecimal, status <= 255 else { throw RouteError(400, "status is no number from 0 to 255: " + text) }
    return .exit(status: UInt8(status))
  default: throw notFound()
  }
}

private func unitVerb(_ request: HTTPRequest, unit: Bytes, verb: Bytes, _ query: inout RouteQuery) throws(RouteError) -> Request {
  let type: JobType
  switch verb {
  case "start": type = .start
  case "stop": type = .stop
  case "restart": type = .restart
  case "try-restart": type = .tryRestart
  case "reload": type = .reload
  case "kill":
    try require(.post, request)
    return .kill(unit: try unitName(unit), signal: try query.signal(), whom: try query.whom())
  case "reset-failed":
    try require(.post, request)
    return .resetFailed(unit: try unitName(unit))
  default: throw notFound()
  }
  try require(.post, request)
  return .job(type, unit: try unitName(unit), mode: try query.mode(), wait: try query.flag("wait"))
}

private func notFound() -> RouteError { RouteError(404, Bytes("no such path")) }

private func require(_ method: HTTPMethod, _ request: HTTPRequest) throws(RouteError) {
  if request.method == method { return }
  throw RouteError(405, "this path takes " + Bytes(method.name), allow: method)
}

private func unitName(_ segment: Bytes) throws(RouteError) -> Bytes {
  if segment.isEmpty { throw RouteError(400, Bytes("the unit's name is missing")) }
  return segment
}

/// The parameters that were not taken yet.
private struct RouteQuery {
  var items: [HTTPQueryItem]

  /// The first value of a name; a second one stays and is refused as unknown.
  mutating func take(_ name: StaticString) -> Bytes? {
    guard let index = items.firstIndex(where: { $0.name == name }) else { return nil }
    return items.remove(at: index).value
  }

  /// `?wait=1`, `?wait=0`, or the bare name for 1.
  mutating func flag(_ name: StaticString) throws(RouteError) -> Bool {
    guard let value = take(name) else { return false }
    switch value {
    case "", "1", "true", "yes": return true
    case "0", "false", "no": return false
    default: throw RouteError(400, Bytes(name) + " is neither 0 nor 1: " + value)
    }
  }

  mutating func mode() throws(RouteError) -> JobMode {
    guard let value = take("mode") else { return .replace }
    for mode in JobMode.allCases where value == mode.name { return mode }
    throw RouteError(400, "mode is neither replace, fail nor ignore-dependencies: " + value)
  }

  mutating func signal() throws(RouteError) -> Signal {
    guard let value = take("signal") else { return .terminate }
    guard let signal = Signal(named: value) else { throw RouteError(400, "no such signal: " + value) }
    return signal
  }

  mutating func whom() throws(RouteError) -> KillWhom {
    guard let value = take("whom") else { return .all }
    for whom in KillWhom.allCases where value == whom.name { return whom }
    throw RouteError(400, "whom is neither all, main nor control: " + value)
  }
}
