import Calendar
import Linux
import Model
import Wire

/// What a server answered.
struct Answer {
  var status: Int
  var json: JSONValue
  /// As it came, without its newline.
  var body: Bytes

  /// `Error.Name` of a refusal; empty for success.
  var errorName: Bytes { json["Error"]?["Name"]?.text ?? [] }
  var isNotFound: Bool { errorName == RequestError.notFound.name }
  /// `Error.Message`, or a job's.
  var message: Bytes { (json["Error"] ?? json["Job"])?["Message"]?.text ?? [] }
  /// The message, or at least the error's name.
  var reason: Bytes { message.isEmpty ? errorName : message }
  /// Those of an error or of a plan.
  var diagnostics: [JSONValue] { (json["Error"]?["Diagnostics"] ?? json["Diagnostics"])?.elements ?? [] }
}

/// Why there is no answer, for people.
struct ClientFailure: Error {
  var text: Bytes
}

/// A request that was sent.
struct PendingAnswer {
  var connection: ControlConnection
  /// A held answer may take as long as its job.
  var timeoutMs: Int32
  var request: Bytes
}

/// The client verbs: they ask the server, and print what it says as systemctl would.
struct Client {
  var face: Face
  var verb: VerbSpec
  let values: OptionValues
  var operands: [Bytes]
  let environment: [Bytes]
  let isJSON: Bool
  let isQuiet: Bool
  private let control: Bytes?
  private let runtimeFolder: Bytes?

  init(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) {
    face = parsed.face
    verb = parsed.verb
    values = parsed.values
    operands = parsed.operands
    environment = process.environment
    isQuiet = parsed.values.has(.quiet)
    control = parsed.values.value(.control)
    runtimeFolder = process.variable(Bytes("XDG_RUNTIME_DIR"))
    switch parsed.values.value(.output) {
    case nil, .some("text"): isJSON = false
    case .some("json"): isJSON = true
    case .some(let form): throw .usage(parsed.values.source(.output) + ": '" + form + "' is neither text nor json", parsed.verb)
    }
  }

  func perform() throws(ArgumentError) -> Int32 {
    if operands.contains(where: isPattern), let names = namesOfLoaded() {
      if names.isEmpty { return face == .isActive ? Status.notRunning : face == .isFailed ? Status.failure : Status.success }
      var other = self
      other.operands = names
      return try other.perform()
    }
    switch face {
    case .status: return operands.isEmpty ? statusOfAll() : statusOfUnits()
    case .show: return show()
    case .listUnits: return listUnits()
    case .listTimers: return listTimers()
    case .listSockets: return listSockets()
    case .listPaths: return listPaths()
    case .isActive, .isFailed: return checkStates()
    case .start, .stop, .restart, .tryRestart, .reload: return try runJobs()
    case .kill: return try killUnits()
    case .resetFailed: return resetFailed()
    case .daemonReload: return daemonReload()
    case .apply: return apply()
    case .exit: return try exitServer()
    case .cat, .isEnabled, .listUnitFiles, .getDefault: return lookAtFiles()
    case .enable, .disable, .reenable, .preset, .mask, .unmask, .setDefault: return install()
    case .listDependencies: return listDependencies()
    case .isSystemRunning: return isSystemRunning()
    case .reloadOrRestart, .tryReloadOrRestart: return try reloadOrRestart()
    case .run, .wrap, .boot, .check, .plan, .tmpfiles, .escape, .calendar, .timespan, .timestamp, .relay, .import: return Status.usage
    }
  }

  /// A shell pattern stands for the loaded units that it matches, none included (systemctl(1)); nil where patterns are not of
  /// loaded units, or their owner matches them himself.
  private func namesOfLoaded() -> [Bytes]? {
    switch face {
    case .status, .show, .isActive, .isFailed, .start, .stop, .restart, .tryRestart, .reload, .kill, .resetFailed, .reloadOrRestart,
      .tryReloadOrRestart:
      break
    default: return nil
    }
    guard case .success(let answer) = ask(.get, Bytes("/v1/units")), answer.status < 300 else { return nil }
    let loaded = answer.json.elements("Units").map { $0.text("Id") }
    var names: [Bytes] = []
    for operand in operands {
      let found = isPattern(operand) ? loaded.filter { matches($0, pattern: operand) } : [fullUnitName(operand)]
      for name in found where !names.contains(name) { names.append(name) }
    }
    return names
  }

  // MARK: Asking

  /// Sends one request on a connection of its own.
  func send(_ method: HTTPMethod, _ path: Bytes, waits: Bool = false) -> Result<PendingAnswer, ClientFailure> {
    var request = Bytes(method.name) + " " + path
    request += " HTTP/1.1\r\nHost: apus\r\nConnection: close\r\n\r\n"
    return send(request, timeoutMs: waits ? -1 : 25_000)
  }

  private func send(_ request: Bytes, timeoutMs: Int32) -> Result<PendingAnswer, ClientFailure> {
    let connection: ControlConnection
    switch ControlConnection.connect(explicit: control, runtimeFolder: runtimeFolder) {
    case .success(let made): connection = made
    case .failure(let error): return .failure(failure(error))
    }
    // A server that closes early may have said why: that is read below.
    if let error = connection.send(request, timeoutMs: 10_000), error == .timedOut {
      connection.close()
      return .failure(failure(error))
    }
    return .success(PendingAnswer(connection: connection, timeoutMs: timeoutMs, request: request))
  }

  /// A request for which the server has no slot is sent again for so long: the slots of others become free.
  static let busyLimitMs: Int32 = 25_000

  /// The answer to a request that was sent.
  func receive(_ pending: PendingAnswer) -> Result<Answer, ClientFailure> {
    var pending = pending
    var pauseMs: Int32 = 10
    var left = Client.busyLimitMs
    while true {
      let result = receiveOnce(pending)
      guard case .success(let answer) = result, answer.errorName == RequestError.busy.name, left > 0 else { return result }
      ControlConnection.pause(pauseMs)
      left -= pauseMs
      pauseMs = min(pauseMs * 2, 250)
      switch send(pending.request, timeoutMs: pending.timeoutMs) {
      case .success(let sent): pending = sent
      case .failure(let failure): return .failure(failure)
      }
    }
  }

  private func receiveOnce(_ pending: PendingAnswer) -> Result<Answer, ClientFailure> {
    defer { pending.connection.close() }
    var parser = HTTPResponseParser()
    while true {
      switch parser.next() {
      case .response(let response): return read(response)
      case .malformed(let message):
        return .failure(ClientFailure(text: pending.connection.path + " does not answer as apus does: " + message))
      case .needMore: break
      }
      switch pending.connection.receive(timeoutMs: pending.timeoutMs) {
      case .failure(let error): return .failure(failure(error))
      case .success(let bytes):
        if bytes.isEmpty {
          let rule: StaticString = " closed without an answer: it serves root, its own user and its control group, or it has just ended"
          return .failure(ClientFailure(text: pending.connection.path + rule))
        }
        parser.feed(bytes)
      }
    }
  }

  func ask(_ method: HTTPMethod, _ path: Bytes) -> Result<Answer, ClientFailure> {
    switch send(method, path) {
    case .failure(let failure): return .failure(failure)
    case .success(let pending): return receive(pending)
    }
  }

  private func read(_ response: HTTPResponse) -> Result<Answer, ClientFailure> {
    switch parseJSON(response.body) {
    case .success(let json): return .success(Answer(status: response.status, json: json, body: response.body.trimmed))
    case .failure(let error):
      let place = " at byte " + Bytes(decimal: error.offset)
      return .failure(ClientFailure(text: "the answer is no JSON: " + Bytes(error.message.value) + place))
    }
  }

  private func failure(_ error: ControlClientError) -> ClientFailure {
    switch error {
    case .timedOut: return ClientFailure(text: Bytes("apus does not answer"))
    case .broken(let reason): return ClientFailure(text: "the connection to apus broke: " + reason)
    case .noServer(let tried):
      var out = Bytes("cannot reach apus: tried ")
      for (index, address) in tried.enumerated() { out += (index == 0 ? Bytes() : Bytes(", ")) + address }
      return ClientFailure(text: out)
    }
  }

  // MARK: Saying

  /// Writes to stdout; the exit status.
  func say(_ text: Bytes, status: Int32 = Status.success) -> Int32 {
    writeAll(text, to: 1) ? status : Status.failure
  }

  /// A failure to get any answer.
  func give(up failure: ClientFailure) -> Int32 {
    complain(failure.text)
    return Status.failure
  }

  /// Says what was refused, with the findings; the exit status.
  func refuse(_ intent: Bytes, _ answer: Answer) -> Int32 {
    if isJSON { writeAll(answer.body + "\n", to: 1) }
    printDiagnostics(answer)
    complain(answer.message.starts(with: "cannot ") ? answer.message : "cannot " + intent + ": " + answer.reason)
    switch answer.errorName {
    // As systemctl: it looks for the unit, and these two only ask for what is loaded.
    case _ where answer.isNotFound: return face == .kill || face == .resetFailed ? Status.failure : Status.notInstalled
    case RequestError.notApplicable.name where face == .reload: return Status.notRunning
    case RequestError.denied.name: return Status.notPermitted
    case RequestError.badConfiguration.name: return Status.badConfiguration
    default: return Status.failure
    }
  }

  /// `file:line:column: error: message (hint)` each, on stderr.
  func printDiagnostics(_ answer: Answer) {
    var out = Bytes()
    for item in answer.diagnostics {
      var severity = Severity.error
      if item.says("Severity", "warning") { severity = .warning }
      if item.says("Severity", "notice") { severity = .notice }
      let diagnostic = Diagnostic(
        severity, file: item.text("File"), line: Int(item.number("Line") ?? 0),
        column: Int(item.number("Column") ?? 0), message: item.text("Message"), hint: item.text("Hint"))
      out += diagnostic.text + "\n"
    }
    if !out.isEmpty { writeAll(out, to: 2) }
  }
}

/// A unit's name as systemctl takes it: without a known suffix it is a service.
func fullUnitName(_ operand: Bytes) -> Bytes {
  if let dot = operand.lastIndex(of: 46) {
    let suffix = Bytes(operand[(dot + 1)...])
    for type in UnitType.allCases where suffix == type.name { return operand }
  }
  // One of several parallel runs has no file of its own: `job.service#2`.
  if operand.contains(35) { return operand }
  return operand + ".service"
}

/// `/v1/units/NAME`, percent-encoded.
func unitPath(_ name: Bytes) -> Bytes { "/v1/units/" + percentEncoded(name) }

func percentEncoded(_ text: Bytes) -> Bytes {
  var out = Bytes()
  for byte in text {
    switch byte {
    case 45, 46, 58, 64, 95, 126: out.append(byte)
    case _ where byte.isDigit || byte.isASCIILetter: out.append(byte)
    default: out += "%" + Bytes(hex: UInt64(byte), width: 2)
    }
  }
  return out
}
