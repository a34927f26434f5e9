import Calendar
import Linux
import Model
import Wire

/// What a server answered.
final class Answer {
  let status: Int
  let json: JSONValue
  /// As it came, without its newline.
  let body: Bytes

  init(_ status: Int, _ json: JSONValue, _ body: Bytes) {
    self.status = status
    self.json = json
    self.body = body
  }

  var isRefusal: Bool { status >= 300 }
  /// `Error.Name` of a refusal; empty for success.
  var errorName: Bytes { json["Error"]?.text("Name") ?? [] }
  var isNotFound: Bool { errorName == RequestError.notFound.name }
  /// `Error.Message`, or a job's.
  var message: Bytes { (json["Error"] ?? json["Job"])?.text("Message") ?? [] }
  /// The message, or at least the error's name.
  var reason: Bytes { message.isEmpty ? errorName : message }
  /// Those of an error or of a plan.
  var diagnostics: [JSONValue] { (json["Error"]?["Diagnostics"] ?? json["Diagnostics"])?.elements ?? [] }
}

/// A request that was sent, or could not be.
final class PendingAnswer {
  let request: Bytes
  /// A held answer may take as long as its job.
  let timeoutMs: Int32
  /// The unit that it is about, where it is about one.
  let unit: Bytes
  var connection: ControlConnection? = nil
  /// Why there is no answer, for people.
  var failure = Bytes()

  init(_ request: Bytes, timeoutMs: Int32, unit: Bytes) {
    self.request = request
    self.timeoutMs = timeoutMs
    self.unit = unit
  }
}

/// The client verbs: they ask the server, and print what it says as systemctl would.
final class Client {
  var face: Face
  var verb: VerbSpec
  let parsed: ParsedArguments
  let values: OptionValues
  var operands: [Bytes]
  let environment: [Bytes]
  let isJSON: Bool
  let isQuiet: Bool
  private let control: Bytes?
  private let runtimeFolder: Bytes?

  init(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) {
    self.parsed = parsed
    face = parsed.face
    verb = parsed.verb
    values = parsed.values
    operands = parsed.operands
    environment = process.environment
    isQuiet = parsed.values.has(.quiet)
    control = parsed.values.value(.control)
    runtimeFolder = process.variable(Bytes("XDG_RUNTIME_DIR"))
    let form = parsed.values.value(.output) ?? Bytes("text")
    isJSON = form == "json"
    if !isJSON, form != "text" { throw parsed.invalid(.output, "is neither text nor json") }
  }

  func perform() throws(ArgumentError) -> Int32 {
    if hasPatterns(), let names = namesOfLoaded() {
      if names.isEmpty { return face == .isActive ? Status.notRunning : face == .isFailed ? Status.failure : Status.success }
      operands = names
    }
    switch face {
    case .status: return operands.isEmpty ? try statusOfAll() : try statusOfUnits()
    case .show: return try show()
    case .listUnits, .listTimers, .listSockets, .listPaths: return try list()
    case .isActive, .isFailed: return try checkStates()
    case .start, .stop, .restart, .tryRestart, .reload: return try runJobs()
    case .kill: return try killUnits()
    case .resetFailed: return try resetFailed()
    case .daemonReload: return try daemonReload()
    case .apply: return try apply()
    case .exit: return try exitServer()
    case .cat, .isEnabled, .listUnitFiles, .getDefault: return lookAtFiles()
    case .enable, .disable, .reenable, .preset, .mask, .unmask, .setDefault: return try install()
    case .listDependencies: return try listDependencies()
    case .isSystemRunning: return isSystemRunning()
    case .reloadOrRestart, .tryReloadOrRestart: return try reloadOrRestart()
    case .run, .wrap, .boot, .check, .plan, .tmpfiles, .escape, .calendar, .timespan, .timestamp, .relay, .import: return Status.usage
    }
  }

  /// Goes on as another verb, on other units.
  func become(_ face: Face, _ units: [Bytes]) {
    self.face = face
    verb = .of(face)
    operands = units
  }

  private func hasPatterns() -> Bool {
    for operand in operands where isPattern(operand) { return true }
    return false
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
    guard let answer = ask(.get, Bytes("/v1/units")) else { return nil }
    var names: [Bytes] = []
    func add(_ name: Bytes) { if !names.contains(name) { names.append(name) } }
    for operand in operands {
      if !isPattern(operand) {
        add(fullUnitName(operand))
        continue
      }
      for unit in answer.json.elements("Units") where matches(unit.text("Id"), pattern: operand) { add(unit.text("Id")) }
    }
    return names
  }

  // MARK: Asking

  /// Sends one request on a connection of its own.
  func send(_ method: HTTPMethod, _ path: Bytes, waits: Bool = false, unit: Bytes = []) -> PendingAnswer {
    let request = filled("% % HTTP/1.1\r\nHost: apus\r\nConnection: close\r\n\r\n", Bytes(method.name), path)
    let pending = PendingAnswer(request, timeoutMs: waits ? -1 : 25_000, unit: unit)
    send(pending)
    return pending
  }

  private func send(_ pending: PendingAnswer) {
    pending.connection = nil
    switch ControlConnection.connect(explicit: control, runtimeFolder: runtimeFolder) {
    case .failure(let error): pending.failure = reason(for: error)
    case .success(let connection):
      // A server that closes early may have said why: that is read below.
      if let error = connection.send(pending.request, timeoutMs: 10_000), error == .timedOut {
        connection.close()
        pending.failure = reason(for: error)
      } else {
        pending.connection = connection
      }
    }
  }

  /// A request for which the server has no slot is sent again for so long: the slots of others become free.
  static let busyLimitMs: Int32 = 25_000

  /// The answer to a request that was sent; nil if there is none, which it then says why.
  func receive(_ pending: PendingAnswer) -> Answer? {
    var pauseMs: Int32 = 10
    var left = Client.busyLimitMs
    while true {
      guard let answer = receiveOnce(pending) else { return nil }
      if answer.errorName != RequestError.busy.name || left <= 0 { return answer }
      ControlConnection.pause(pauseMs)
      left -= pauseMs
      pauseMs = min(pauseMs * 2, 250)
      send(pending)
    }
  }

  private func receiveOnce(_ pending: PendingAnswer) -> Answer? {
    guard let connection = pending.connection else { return nil }
    defer { connection.close() }
    var parser = HTTPResponseParser()
    while true {
      switch parser.next() {
      case .response(let response): return read(response, pending)
      case .malformed(let message):
        pending.failure = filled("% does not answer as apus does: %", connection.path, message)
        return nil
      case .needMore: break
      }
      switch connection.receive(timeoutMs: pending.timeoutMs) {
      case .failure(let error):
        pending.failure = reason(for: error)
        return nil
      case .success(let bytes):
        if bytes.isEmpty {
          pending.failure = filled(
            "% closed without an answer: it serves root, its own user and its control group, or it has just ended", connection.path)
          return nil
        }
        parser.feed(bytes)
      }
    }
  }

  /// The answer, if there is one and it is no refusal.
  func ask(_ method: HTTPMethod, _ path: Bytes) -> Answer? {
    guard let answer = receive(send(method, path)), !answer.isRefusal else { return nil }
    return answer
  }

  /// Any answer; the end of the verb, which is said, where there is none.
  func obtain(_ method: HTTPMethod, _ path: Bytes) throws(ArgumentError) -> Answer {
    let pending = send(method, path)
    if let answer = receive(pending) { return answer }
    throw .status(give(up: pending))
  }

  /// The answer to what must not be refused: what is, is said and ends the verb.
  func demand(_ method: HTTPMethod, _ path: Bytes, to intent: StaticString) throws(ArgumentError) -> Answer {
    let answer = try obtain(method, path)
    if answer.isRefusal { throw .status(refuse(Bytes(intent), answer)) }
    return answer
  }

  /// What is known of all units.
  func units() throws(ArgumentError) -> Answer { try demand(.get, Bytes("/v1/units"), to: "list the units") }

  /// What is known of a unit, and be it that there is none.
  func unit(_ name: Bytes) throws(ArgumentError) -> Answer {
    let answer = try obtain(.get, unitPath(name))
    if answer.isRefusal, !answer.isNotFound { throw .status(refuse("show " + name, answer)) }
    return answer
  }

  private func read(_ response: HTTPResponse, _ pending: PendingAnswer) -> Answer? {
    switch parseJSON(response.body) {
    case .success(let json): return Answer(response.status, json, response.body.trimmed)
    case .failure(let error):
      pending.failure = filled("the answer is no JSON: % at byte %", Bytes(error.message.value), Bytes(decimal: error.offset))
      return nil
    }
  }

  private func reason(for error: ControlClientError) -> Bytes {
    switch error {
    case .timedOut: return Bytes("apus does not answer")
    case .broken(let reason): return filled("the connection to apus broke: %", reason)
    case .noServer(let tried):
      var out = Bytes()
      for address in tried { out = filled(out.isEmpty ? "cannot reach apus: tried %%" : "%, %", out, address) }
      return out
    }
  }

  // MARK: Saying

  /// Writes to stdout; the exit status.
  func say(_ text: Bytes, status: Int32 = Status.success) -> Int32 {
    writeAll(text, to: 1) ? status : Status.failure
  }

  /// With `--output=json` the answer as it came; the exit status.
  func pass(_ answer: Answer) -> Int32 { isJSON ? say(answer.body + "\n") : Status.success }

  /// Says why there is no answer.
  func give(up pending: PendingAnswer) -> Int32 {
    complain(pending.failure)
    return Status.failure
  }

  /// `cannot …`, unless the reason says so itself.
  func refuse(_ intent: Bytes, because reason: Bytes) {
    complain(reason.starts(with: "cannot ") ? reason : filled("cannot %: %", intent, reason))
  }

  /// Says what was refused, with the findings; the exit status.
  func refuse(_ intent: Bytes, _ answer: Answer) -> Int32 {
    _ = pass(answer)
    printDiagnostics(answer)
    refuse(intent, because: answer.reason)
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
      let severity = item.text("Severity")
      let diagnostic = Diagnostic(
        severity == "warning" ? .warning : severity == "notice" ? .notice : .error, file: item.text("File"),
        line: Int(item.count("Line")), column: Int(item.count("Column")), message: item.text("Message"), hint: item.text("Hint"))
      out += diagnostic.text + "\n"
    }
    if !out.isEmpty { writeAll(out, to: 2) }
  }
}

extension JSONValue {
  /// The number of a key; 0 if it has none.
  @inline(never) func count(_ key: StaticString) -> Int64 { number(key) ?? 0 }
  /// It in decimal.
  @inline(never) func digits(_ key: StaticString) -> Bytes { Bytes(decimal: count(key)) }
}

/// A line of JSON.
func jsonLine(_ value: JSONValue) -> Bytes {
  var writer = JSONWriter()
  writer.value(value)
  return writer.bytes + "\n"
}

/// An object of texts: their keys, and as many values.
func textObject(_ keys: StaticString, _ values: [Bytes]) -> JSONValue {
  var members: [JSONMember] = []
  for key in Bytes(keys).pieces(separatedBy: 32) { members.append(JSONMember(key: key, value: .string(values[members.count]))) }
  return .object(members)
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
func unitPath(_ name: Bytes) -> Bytes { filled("/v1/units/%", percentEncoded(name)) }

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
