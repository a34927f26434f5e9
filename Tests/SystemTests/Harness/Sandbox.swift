import Foundation
import Testing

/// One test's world: a folder of its own, the supervisors it starts, and the proof that nothing of either is left.
final class Sandbox {
  let folder: String
  private var supervisors: [Supervisor] = []
  private var others: [Running] = []
  /// A cgroup of the test's own, in which its supervisors make theirs: what is left there is theirs.
  private let cgroup: String?

  init() throws {
    var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure("mkdtemp: \(String(cString: strerror(errno)))") }
    folder = String(cString: made)
    chmod(folder, 0o755)
    cgroup = Machine.cgroup2.map { "\($0)/apustest-\(getpid())-\(UInt32.random(in: 0 ... .max))" }
    if let cgroup, mkdir(cgroup, 0o755) != 0 { throw Failure("mkdir \(cgroup): \(String(cString: strerror(errno)))") }
  }

  private func cgroupsLeft() -> [String] {
    guard let cgroup else { return [] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: cgroup)) ?? []).filter { $0.hasPrefix("apus-") }
  }

  func path(_ name: String) -> String { folder + "/" + name }

  /// Writes a file below the sandbox, making its folders.
  @discardableResult
  func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
    let path = path(name)
    let parent = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    // Written beside and renamed, so that nobody reads a half-written file.
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "~"))
    chmod(path + "~", mode)
    guard rename(path + "~", path) == 0 else { throw Failure("rename \(path): \(String(cString: strerror(errno)))") }
    return path
  }

  /// A folder below the sandbox.
  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    return path(name)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// A file's text; empty while there is none.
  func read(_ name: String) -> String {
    FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  func lines(_ name: String) -> [String] { read(name).split(separator: "\n").map(String.init) }

  /// Starts apus: as PID 1 of a new PID namespace where the machine allows it and the test does not say otherwise.
  func apus(
    _ arguments: [String], asInit: Bool = Machine.hasNamespaces, environment: [String: String] = [:], wrapper: [String] = [],
    control: Bool = true, stdin: Int32? = nil, stdout: Running.Output = .captured, stderr: Running.Output = .captured,
    terminal: String? = nil, unshareOptions: [String] = ["--mount-proc"], setup: String? = nil
  ) throws -> Supervisor {
    let supervisor = try Supervisor(
      arguments, number: supervisors.count, folder: folder, cgroup: cgroup, asInit: asInit, environment: environment, wrapper: wrapper,
      control: control,
      stdin: stdin, stdout: stdout, stderr: stderr, terminal: terminal, unshareOptions: unshareOptions, setup: setup)
    supervisors.append(supervisor)
    return supervisor
  }

  /// `apus run FOLDER ARGUMENTS…`, and waits until its control socket answers.
  func run(
    _ name: String = "units", _ arguments: [String] = [], asInit: Bool = Machine.hasNamespaces, options: [String] = [],
    environment: [String: String] = [:], wrapper: [String] = []
  ) throws -> Supervisor {
    let supervisor = try apus(
      ["run"] + options + [path(name)] + arguments, asInit: asInit, environment: environment, wrapper: wrapper)
    try supervisor.waitUntilReady()
    return supervisor
  }

  /// Any other process that has to be gone at the end.
  func start(_ argv: [String], environment: [String: String]? = nil, stdout: Running.Output = .captured) throws -> Running {
    let running = try Running(argv, environment: environment, stdout: stdout)
    others.append(running)
    return running
  }

  /// Ends everything that still runs, and looks whether anything is left.
  func close(_ location: SourceLocation) {
    for running in others where !running.hasEnded {
      running.send(SIGKILL)
      _ = try? running.waitForEnd(within: 5)
    }
    for supervisor in supervisors { supervisor.destroy(location) }
    // Who is killed cannot clean up; the next one does that for him.
    let left = supervisors.contains { $0.wasKilled } ? [] : cgroupsLeft()
    #expect(left.isEmpty, "cgroups are left: \(left)", sourceLocation: location)
    if let cgroup {
      Sandbox.removeCgroup(cgroup)
      #expect(access(cgroup, F_OK) != 0, "processes are left in \(cgroup)", sourceLocation: location)
    }
    try? FileManager.default.removeItem(atPath: folder)
    #expect(access(folder, F_OK) != 0, "the test's folder is left", sourceLocation: location)
  }

  private static func removeCgroup(_ path: String) {
    try? Data("1".utf8).write(to: URL(fileURLWithPath: path + "/cgroup.kill"))
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      var info = stat()
      if lstat(path + "/" + name, &info) == 0, info.st_mode & S_IFMT == S_IFDIR { removeCgroup(path + "/" + name) }
    }
    _ = try? eventually("removal of \(path)", within: 2) { rmdir(path) == 0 || errno == ENOENT }
  }
}

/// Runs a test in a sandbox; whatever happens, the sandbox is closed and looked over.
func sandboxed(_ location: SourceLocation = #_sourceLocation, _ body: (Sandbox) throws -> Void) throws {
  let sandbox = try Sandbox()
  defer { sandbox.close(location) }
  try body(sandbox)
}
