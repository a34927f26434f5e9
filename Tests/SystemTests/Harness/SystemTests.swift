import Foundation
import Testing

/// Everything that is seen from outside, against the running binary. The suites run one after the other: they measure
/// times, and they look at the machine's processes.
@Suite(.serialized) struct SystemTests {}

/// Why a test cannot go on; its text is what the runner prints.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What this machine allows. A test that needs more is skipped, with the reason printed by the runner.
enum Machine {
  static let isRoot = geteuid() == 0

  /// A new PID namespace with its own /proc can be made.
  static let hasNamespaces: Bool = isRoot && (try? runToEnd(["unshare", "--pid", "--fork", "--mount-proc", "true"]).status) == 0
  static let noNamespaces: Comment = "PID namespaces are refused here (not root, or unshare(2) forbidden)"

  /// Where cgroup2 is mounted and writable.
  static let cgroup2: String? = {
    guard isRoot, let mounts = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return nil }
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 3, fields[2] == "cgroup2", fields[3].split(separator: ",").contains("rw") else { continue }
      let path = String(fields[1])
      let probe = path + "/apustest-probe"
      guard mkdir(probe, 0o755) == 0 else { continue }
      rmdir(probe)
      return path
    }
    return nil
  }()
  static let noCgroup2: Comment = "no writable cgroup2 here"

  static func has(_ command: String) -> Bool {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains { access("\($0)/\(command)", X_OK) == 0 }
  }
  static func missing(_ command: String) -> Comment { "\(command) is not installed" }

  /// The long measurements (a minute of the services folder): in CI, or when asked for.
  static let runsLong = ProcessInfo.processInfo.environment["CI"] == "true" || ProcessInfo.processInfo.environment["APUS_LONG"] == "1"

  /// In front of an apus whose times are measured: what else the machine does meanwhile (other tests, for one) is not the
  /// subject.
  static let undisturbed = isRoot ? ["nice", "-n", "-15"] : []

  /// The package's root folder.
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    return parts.joined(separator: "/")
  }()
}

/// The binary under test: `APUS_BINARY`, else the ordinary build's.
enum Binary {
  static func path() throws -> String {
    if let given = ProcessInfo.processInfo.environment["APUS_BINARY"] {
      let path = given.hasPrefix("/") ? given : Machine.root + "/" + given
      guard access(path, X_OK) == 0 else { throw Failure("APUS_BINARY names \(path), which cannot be executed") }
      return path
    }
    let path = Machine.root + "/.build/debug/apus"
    guard access(path, X_OK) == 0 else { throw Failure("there is no \(path): run `swift build` first, or set APUS_BINARY") }
    return path
  }

  /// True for the static release: it has no interpreter.
  static func isStatic() throws -> Bool {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path()), options: .alwaysMapped).prefix(4096)
    return bytes.range(of: Data("/ld-linux".utf8)) == nil
  }
}

/// Monotonic seconds.
func monotonic() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Waits until `condition` holds, looking every few milliseconds; throws, naming `what`, at the deadline.
func eventually(_ what: @autoclosure () -> String, within seconds: Double = 30, until condition: () throws -> Bool) throws {
  let end = monotonic() + seconds
  while true {
    if try condition() { return }
    if monotonic() > end { throw Failure("waited \(seconds) s in vain for: \(what())") }
    poll(nil, 0, 4)
  }
}

/// The whole time is needed: nothing may happen in it. Only for what cannot be seen otherwise (idleness, absence).
func observe(for seconds: Double) {
  let end = monotonic() + seconds
  while monotonic() < end { poll(nil, 0, 10) }
}
