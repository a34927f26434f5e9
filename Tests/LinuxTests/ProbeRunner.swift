import Foundation
import Testing

/// Runs `kernel-probe`, which stands beside the test bundle.
enum ProbeRunner {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    var wrong: [String] { output.split(separator: "\n").map(String.init).filter { $0.hasPrefix("WRONG") } }
  }

  static let folder: URL = {
    for argument in CommandLine.arguments where argument.contains(".xctest") {
      return URL(fileURLWithPath: String(argument.prefix(upTo: argument.range(of: ".xctest")!.upperBound))).deletingLastPathComponent()
    }
    return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  }()
  static var probe: String { folder.appendingPathComponent("kernel-probe").path }
  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let isRoot = getuid() == 0

  /// A folder that everybody may use, for one test.
  static func scratch() throws -> String {
    let path = "/tmp/apus-linux-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    chmod(path, 0o777)
    return path
  }

  /// A command line; ended by SIGKILL after `seconds` (the probe takes the milder ones for itself).
  static func process(
    _ words: [String], environment: [String: String] = [:], errors: Any? = nil, seconds: Int = 60
  ) throws -> (Process, Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = ["--signal=KILL", "\(seconds)"] + words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    if let errors { process.standardError = errors }
    try process.run()
    return (process, output)
  }

  static func run(_ words: [String], environment: [String: String] = [:], seconds: Int = 60) throws -> Outcome {
    let file = try scratch() + "/errors"
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    let errors = try #require(FileHandle(forWritingAtPath: file))
    let (process, output) = try process(words, environment: environment, errors: errors, seconds: seconds)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let said = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    try? FileManager.default.removeItem(atPath: (file as NSString).deletingLastPathComponent)
    return Outcome(status: process.terminationStatus, output: text, errors: said)
  }

  /// One experiment that must find everything right.
  @discardableResult
  static func expectRight(
    _ words: [String], prefix: [String] = [], environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(prefix + [probe] + words, environment: environment)
    #expect(
      outcome.status == 0 && outcome.wrong.isEmpty && outcome.output.contains("ok "),
      "\(words) \(environment): status \(outcome.status) \(outcome.wrong) \(outcome.output.suffix(500)) \(outcome.errors.suffix(500))",
      sourceLocation: sourceLocation)
    return outcome
  }

  /// A condition within a deadline.
  static func eventually(seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
      if try condition() { return true }
      usleep(2000)
    }
    return try condition()
  }

  static let hasCgroup: Bool =
    (try? run([probe, "run", "/bin/true"], environment: ["PROBE_CONTAINMENT": "cgroup"]).status) == 0
  /// A PID namespace of our own can be made.
  static let hasNamespaces: Bool =
    (try? run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "/bin/true"]).status) == 0

  /// Tests/tools/seccomp-exec.c, compiled once; nil where it cannot be used.
  static let seccompExec: String? = {
    let folder = ProbeRunner.folder.path
    let source = sources.appendingPathComponent("Tests/tools/seccomp-exec.c").path
    guard (try? run(["cc", "-o", "\(folder)/seccomp-exec", source]).status) == 0,
      (try? run(["\(folder)/seccomp-exec", "ENOSYS", "/bin/true"]).status) == 0
    else { return nil }
    return "\(folder)/seccomp-exec"
  }()
}

/// A scratch folder that goes with the test.
final class Scratch {
  let path: String
  init() throws { path = try ProbeRunner.scratch() }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
