import Foundation
import Testing

/// A running apus.
final class Supervisor {
  let process: Running
  /// It is PID 1 of its namespace.
  let isInit: Bool
  /// It lives in a PID namespace of the test's: so that, init or not, it can only ever reach what is the test's.
  private let isInside: Bool
  /// Where its control socket is.
  let control: String
  /// By the harness, because it did not end when it was asked to.
  private(set) var wasKilled = false
  private let binary: String
  private var found: pid_t?
  private var namespace: String?
  /// Keeps the namespace, so that its number is nobody else's until this test has looked who is left in it: a number is
  /// given again as soon as a namespace is gone.
  private var heldNamespace: Int32 = -1

  init(
    _ arguments: [String], number: Int, folder: String, cgroup: String?, asInit: Bool, environment: [String: String], wrapper: [String],
    control: Bool,
    stdin: Int32?, stdout: Running.Output, stderr: Running.Output, terminal: String?, unshareOptions: [String], setup: String?
  ) throws {
    binary = try Binary.path()
    isInit = asInit
    isInside = Machine.hasNamespaces
    self.control = folder + "/control\(number).sock"
    var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"]
    // Server and client alike find the socket by this; no test uses the machine's own.
    variables["APUS_CONTROL"] = self.control
    if !control { variables["APUS_CONTROL"] = nil }
    variables.merge(environment) { $1 }
    var argv = wrapper + [binary] + arguments
    if let setup { argv = ["/bin/sh", "-c", setup + "\nexec \"$@\"", "sh"] + argv }
    if isInside {
      let first = asInit ? [] : [try Tools.path("first")]
      let enter = cgroup.map { ["/bin/sh", "-c", "echo 0 > \($0)/cgroup.procs; exec \"$@\"", "sh"] } ?? []
      argv = ["unshare", "--pid", "--fork", "--kill-child"] + unshareOptions + ["--"] + enter + first + argv
    }
    process = try Running(
      argv, environment: variables, folder: folder, stdin: stdin, stdout: stdout, stderr: stderr, terminal: terminal,
      ownsTerminal: asInit || !isInside)
  }

  /// Its pid as the test sees it.
  func pid() throws -> pid_t {
    if let found { return found }
    if !isInside {
      found = process.pid
      return process.pid
    }
    try eventually("apus below unshare; stderr: \(process.stderr)") {
      guard let first = Processes.children(process.pid).first else { return process.hasEnded }
      if heldNamespace < 0 {
        heldNamespace = open("/proc/\(first)/ns/pid", O_RDONLY | O_CLOEXEC)
        namespace = heldNamespace < 0 ? nil : try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(heldNamespace)")
      }
      found = isInit ? first : Processes.children(first).first
      return found != nil || process.hasEnded
    }
    guard let found else { throw Failure("apus ended at once, status \(process.status ?? -1): \(process.stderr)") }
    return found
  }

  /// Waits until the client gets an answer.
  func waitUntilReady(within seconds: Double = 30) throws {
    _ = try pid()
    try eventually("the control socket of `\(process.name)`; stderr: \(process.stderr.suffix(2000))", within: seconds) {
      if process.hasEnded { throw Failure("apus ended, status \(process.status ?? -1): \(process.stderr.suffix(4000))") }
      // Its file is there a moment before anybody listens.
      return (try? Connection(to: control)) != nil
    }
  }

  func send(_ signal: Int32) throws {
    guard Glibc.kill(try pid(), signal) == 0 else { throw Failure("kill \(signal): \(String(cString: strerror(errno)))") }
  }

  /// Kills it, as the kernel's OOM killer would.
  func kill() throws {
    wasKilled = true
    try send(SIGKILL)
    try process.waitForEnd()
  }

  /// Its end, as a shell says it.
  @discardableResult
  func waitForEnd(within seconds: Double = 10) throws -> Int32 {
    if isInside { _ = try? pid() }
    return try process.waitForEnd(within: seconds)
  }

  /// The last line that apus itself wrote.
  var lastWord: String { process.stderr.split(separator: "\n").last.map(String.init) ?? "" }

  /// Runs a client face against this apus.
  func client(_ arguments: [String], within seconds: Double = 10) throws -> Finished {
    try runToEnd([binary] + arguments, environment: ["APUS_CONTROL": control, "PATH": "/usr/bin:/bin"], within: seconds)
  }

  /// One property of `apus show UNIT`.
  func property(_ name: String, of unit: String) throws -> String? {
    try properties(of: unit)[name]
  }

  func properties(of unit: String) throws -> [String: String] {
    let shown = try client(["show", unit])
    var result: [String: String] = [:]
    for line in shown.stdout.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      result[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return result
  }

  /// Waits until a unit is in this active state.
  func wait(for unit: String, toBe state: String, within seconds: Double = 30) throws {
    var last = ""
    try eventually("\(unit) to be \(state), it is \(last)", within: seconds) {
      last = try property("ActiveState", of: unit) ?? "unknown"
      return last == state
    }
  }

  /// The main process of a unit, as the test sees it.
  func mainPid(of unit: String) throws -> pid_t? {
    guard let text = try property("MainPID", of: unit), let inner = pid_t(text), inner > 0 else { return nil }
    return try outerPid(inner)
  }

  /// The pid outside of a process of this apus's namespace.
  func outerPid(_ inner: pid_t) throws -> pid_t? {
    if !isInside { return inner }
    return Processes.inNamespace(of: try pid()).first { Processes.innerPid($0.pid) == inner }?.pid
  }

  /// Ends it by force if it still runs; everything of its namespace has to be gone afterwards.
  func destroy(_ location: SourceLocation) {
    if !process.hasEnded {
      if let found = try? pid() {
        // Orderly at first, so that cgroups and sockets are taken away.
        Glibc.kill(found, SIGTERM)
        if (try? process.waitForEnd(within: 3)) == nil {
          Glibc.kill(found, SIGKILL)
          wasKilled = true
        }
      }
      process.send(SIGKILL)
      _ = try? process.waitForEnd(within: 5)
    }
    guard let namespace else { return }
    let gone: Void? = try? eventually("end of \(namespace)", within: 3) {
      !Processes.all().contains { Processes.namespace($0.pid) == namespace }
    }
    close(heldNamespace)
    heldNamespace = -1
    #expect(gone != nil, "processes of the namespace are left", sourceLocation: location)
  }
}
