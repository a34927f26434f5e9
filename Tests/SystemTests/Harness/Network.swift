import Foundation
import Testing

/// An apus in a network namespace of its own, so that ports are the test's alone; clients are started beside it.
final class Network {
  static let isPossible = Machine.hasNamespaces && Machine.has("nsenter")
  static let notPossible: Comment = "needs root, namespaces and nsenter"

  /// IPv6 addresses of the namespace, beside ::1; of IPv4 all of 127.0.0.0/8 are there.
  static let addresses = ["fd00::1", "fd00::2"]

  let box: Sandbox
  let apus: Supervisor
  /// What is its own, in unshare's words.
  private let namespaces: [String]

  /// `apus run OPTIONS units`, answering, with its sockets up if they are to be. `setup`: lines for the shell, before it.
  init(
    _ box: Sandbox, options: [String] = [], environment: [String: String] = [:], wrapper: [String] = [], setup: String = "",
    awaitsSockets: Bool = true, namespaces: [String] = ["net"]
  ) throws {
    self.box = box
    self.namespaces = namespaces
    let prepare = ([try Tools.path("load"), "net"] + Network.addresses).joined(separator: " ")
    apus = try box.apus(
      ["run"] + options + [box.path("units")], environment: environment, wrapper: wrapper,
      unshareOptions: ["--mount-proc"] + namespaces.map { "--" + $0 },
      setup: prepare + "\n" + setup)
    try apus.waitUntilReady()
    guard awaitsSockets else { return }
    for name in try FileManager.default.contentsOfDirectory(atPath: box.path("units")) where name.hasSuffix(".socket") {
      try apus.wait(for: name, toBe: "active")
    }
  }

  private func inside(_ argv: [String]) throws -> [String] {
    let pid = try apus.pid()
    return ["nsenter"] + namespaces.map { "--\($0)=/proc/\(pid)/ns/\($0)" } + ["--"] + argv
  }

  /// Runs a command in its namespaces to its end.
  @discardableResult
  func run(_ argv: String...) throws -> Finished { try runToEnd(inside(argv)) }

  /// Runs Tests/tools/load to its end.
  func load(_ arguments: String..., within seconds: Double = 60) throws -> Load {
    Load(try runToEnd(inside([Tools.path("load")] + arguments), within: seconds).stdout)
  }

  /// The same, in the background.
  func startLoad(_ arguments: String...) throws -> Running { try box.start(inside([Tools.path("load")] + arguments)) }

  /// Waits until all of its connections are open.
  func waitUntilOpen(_ load: Running) throws {
    try eventually("open connections: \(load.stdout) \(load.stderr)") {
      if load.hasEnded { throw Failure("load ended: \(load.stdout) \(load.stderr)") }
      return load.stdout.contains("open\n")
    }
  }

  /// The first thing that a connection to there is told, once it is told something.
  func answer(_ address: String) throws -> String {
    var answer = ""
    try eventually("an answer from \(address); stderr: \(apus.process.stderr.suffix(2000))") {
      guard let line = try load("--hold", "--tell", address, "1").told.first, line.hasPrefix("served ") else { return false }
      answer = String(line.dropFirst("served ".count))
      return true
    }
    return answer
  }

  /// Seconds of processor time that apus has used.
  func processorTime() throws -> Double {
    let stat = try String(contentsOfFile: "/proc/\(try apus.pid())/stat", encoding: .utf8)
    // Behind the name, which may have blanks: utime is the 12th, stime the 13th.
    guard let end = stat.lastIndex(of: ")") else { throw Failure(stat) }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw Failure(stat) }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// What apus holds open.
  func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(try apus.pid())/fd").count }
}

/// What Tests/tools/load has printed.
struct Load: CustomStringConvertible {
  let description: String
  /// `--tell`: how each connection ended, and what it got.
  let told: [String]
  private let numbers: [String: Double]

  init(_ text: String) {
    description = text.split(separator: "\n").last.map(String.init) ?? "nothing"
    told = text.split(separator: "\n").dropLast().map(String.init).filter { $0 != "open" }
    var found: [String: Double] = [:]
    for word in description.split(separator: " ") {
      let pair = word.split(separator: "=")
      if pair.count == 2 { found[String(pair[0])] = Double(pair[1]) }
    }
    numbers = found
  }

  private subscript(name: String) -> Int { numbers[name].map { Int($0) } ?? -1 }
  /// Got something.
  var served: Int { self["served"] }
  /// Saw the end, and nothing before.
  var empty: Int { self["empty"] }
  var refused: Int { self["refused"] }
  var reset: Int { self["reset"] }
  var failed: Int { self["failed"] }
  var late: Int { self["late"] }
  /// Everything but served.
  var lost: Int { empty + refused + reset + failed + late }
  var seconds: Double { numbers["seconds"] ?? -1 }
  /// The longest, in seconds.
  var longest: Double { (numbers["max"] ?? -1) / 1e6 }
}
