import Foundation

/// A process of a test, with its output. Output is read whenever the test looks, so nobody else is needed, and a
/// descriptor that a descendant keeps open holds nothing up.
final class Running {
  struct Output {
    /// Through a pipe, kept in `stdout` and `stderr`.
    static let captured = Output(descriptor: -1)
    /// The descriptor, which stays the test's own.
    static func given(_ descriptor: Int32) -> Output { Output(descriptor: descriptor) }
    let descriptor: Int32
  }

  let pid: pid_t
  let name: String
  private(set) var waitStatus: Int32?
  private var pipes: [Int32] = [-1, -1]
  private var collected = [Data(), Data()]

  init(
    _ argv: [String], environment: [String: String]? = nil, folder: String? = nil, stdin: Int32? = nil, stdout: Output = .captured,
    stderr: Output = .captured, newSession: Bool = true, terminal: String? = nil,
    ownsTerminal: Bool = true
  ) throws {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    var given: [Int32] = []
    if let terminal {
      // A session leader that opens a terminal gets it as its own.
      posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR | (ownsTerminal ? 0 : O_NOCTTY), 0)
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
      posix_spawn_file_actions_adddup2(&actions, 0, 2)
    } else {
      if let stdin {
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
      } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      }
      for (index, output) in [stdout, stderr].enumerated() {
        if output.descriptor >= 0 {
          posix_spawn_file_actions_adddup2(&actions, output.descriptor, Int32(index + 1))
          continue
        }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure("pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        // F_SETPIPE_SZ, a macro that Swift does not import.
        _ = fcntl(ends[1], 1031, 1 << 20)
        pipes[index] = ends[0]
        given.append(ends[1])
        posix_spawn_file_actions_adddup2(&actions, ends[1], Int32(index + 1))
      }
    }
    var all = sigset_t()
    var none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    // POSIX_SPAWN_SETSID is 0x80 in glibc, which Swift does not import.
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? 0x80 : 0)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    // `env -C` stays the same process; posix_spawn's own chdir is hidden from Swift.
    let argv = folder.map { ["env", "-C", $0] + argv } ?? argv
    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
    var arguments: [UnsafeMutablePointer<CChar>?] = argv.map { strdup($0) } + [nil]
    var values: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer {
      for pointer in arguments + values { free(pointer) }
      for descriptor in given { close(descriptor) }
    }
    var pid: pid_t = 0
    let error = posix_spawnp(&pid, argv[0], &actions, &attributes, &arguments, &values)
    guard error == 0 else { throw Failure("cannot run \(argv[0]): \(String(cString: strerror(error)))") }
    self.pid = pid
    name = argv.joined(separator: " ")
  }

  deinit {
    for descriptor in pipes where descriptor >= 0 { close(descriptor) }
  }

  /// What it has written so far.
  var stdout: String { text(0) }
  var stderr: String { text(1) }

  private func text(_ index: Int) -> String {
    drain()
    return String(decoding: collected[index], as: UTF8.self)
  }

  private func drain() {
    var block = [UInt8](repeating: 0, count: 65536)
    for index in 0...1 where pipes[index] >= 0 {
      while true {
        let count = read(pipes[index], &block, block.count)
        if count > 0 {
          collected[index].append(contentsOf: block[..<count])
          continue
        }
        if count == 0 {
          close(pipes[index])
          pipes[index] = -1
        }
        break
      }
    }
  }

  /// Whether it has ended (and takes its status if so).
  var hasEnded: Bool {
    drain()
    if waitStatus != nil { return true }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return false }
    waitStatus = status
    drain()
    return true
  }

  /// As a shell says it: the status, or 128 + signal.
  var status: Int32? {
    guard let waitStatus else { return nil }
    let signal = waitStatus & 0x7f
    return signal == 0 ? (waitStatus >> 8) & 0xff : 128 + signal
  }

  func send(_ signal: Int32) { if waitStatus == nil { kill(pid, signal) } }

  @discardableResult
  func waitForEnd(within seconds: Double = 10) throws -> Int32 {
    try eventually("the end of `\(name)`; stdout so far: \(stdout.suffix(2000)); stderr: \(stderr.suffix(2000))", within: seconds) {
      hasEnded
    }
    return status ?? -1
  }
}

struct Finished {
  var status: Int32
  var stdout: String
  var stderr: String
  var seconds: Double
}

/// Runs a command to its end; kills it at the deadline.
@discardableResult
func runToEnd(
  _ argv: [String], environment: [String: String]? = nil, folder: String? = nil, stdin: Int32? = nil, within seconds: Double = 20
) throws -> Finished {
  let start = monotonic()
  let running = try Running(argv, environment: environment, folder: folder, stdin: stdin)
  do {
    try running.waitForEnd(within: seconds)
  } catch {
    running.send(SIGKILL)
    _ = try? running.waitForEnd(within: 5)
    throw error
  }
  return Finished(status: running.status ?? -1, stdout: running.stdout, stderr: running.stderr, seconds: monotonic() - start)
}
