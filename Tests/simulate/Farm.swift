#if !EMBEDDED
import Foundation
import SimulatedKernel

/// Runs the seeds in several processes: a trap ends one of them, and the seed under way is named.
final class Farm: @unchecked Sendable {
  struct Failure {
    var seed: UInt64
    var checker: String
    var text: String
  }

  /// What the workers told; written under the lock only.
  private final class Ledger: @unchecked Sendable {
    let lock = NSLock()
    var done = 0
    var turns = 0
    var events = 0
    var spawned = 0
    var seconds = 0
    var failures: [Failure] = []
    var cells: Set<String> = []
  }

  /// A seed that takes longer hangs.
  static let patience: TimeInterval = 60
  private let command: Command
  private let ledger = Ledger()
  /// Stops all workers at the first failure.
  var stopsAtFailure = false
  var isQuiet = false

  init(command: Command) { self.command = command }

  var failures: [Failure] { ledger.failures }

  func run() -> Int32 {
    let began = Date()
    let group = DispatchGroup()
    for index in 0..<command.workers {
      group.enter()
      let thread = Thread { [self] in
        runWorker(index)
        group.leave()
      }
      thread.start()
    }
    group.wait()
    if isQuiet { return ledger.failures.isEmpty ? 0 : 1 }
    for failure in ledger.failures.prefix(5) { print(failure.text) }
    let time = Date().timeIntervalSince(began)
    print(
      "\(ledger.done) seeds, \(ledger.turns) turns, \(ledger.events) events, \(ledger.spawned) processes, \(ledger.seconds) virtual seconds "
        + "in \(String(format: "%.1f", time)) s; \(ledger.failures.count) failed")
    if ledger.failures.count > 1 {
      print("failed: " + ledger.failures.map { "\($0.seed) (\($0.checker))" }.joined(separator: ", "))
    }
    if command.showsCoverage, !Coverage.report(ledger.cells) { return 1 }
    return ledger.failures.isEmpty ? 0 : 1
  }

  private func runWorker(_ index: Int) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = workerArguments(index)
    let pipe = Pipe()
    process.standardOutput = pipe
    var reader = WorkerReader()
    do { try process.run() } catch {
      add(Failure(seed: 0, checker: "start", text: "cannot start a worker: \(error)"))
      return
    }
    let pid = process.processIdentifier
    let watch = Watch(patience: Farm.patience) { kill(pid, SIGKILL) }
    while true {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty { break }
      watch.touch()
      for message in reader.feed(data) { take(message) }
      if stopsAtFailure, hasFailures { kill(pid, SIGKILL) }
    }
    process.waitUntilExit()
    watch.end()
    if let seed = reader.current, !(stopsAtFailure && hasFailures) {
      let how = watch.isOver ? "hangs" : "crashed (signal \(process.terminationStatus))"
      add(
        Failure(
          seed: seed, checker: watch.isOver ? "hang" : "crash", text: "FAILED seed \(seed): \(how)\n  replay: \(command.replay(seed))"))
    }
  }

  private func workerArguments(_ index: Int) -> [String] {
    var arguments = ["--share", "\(index)/\(command.workers)", "--seeds", "\(command.seeds)", "--first", "\(command.first)"]
    arguments += ["--turns", "\(command.turns)"]
    if let commit = command.commit { arguments += ["--commit", commit] }
    if let planted = command.planted { arguments += ["--planted", planted] }
    if command.showsCoverage { arguments.append("--coverage") }
    for name in command.silenced.sorted() { arguments += ["--without-checker", name] }
    return arguments
  }

  private var hasFailures: Bool {
    ledger.lock.lock()
    defer { ledger.lock.unlock() }
    return !ledger.failures.isEmpty
  }

  private func add(_ failure: Failure) {
    ledger.lock.lock()
    defer { ledger.lock.unlock() }
    ledger.failures.append(failure)
  }

  private func take(_ message: WorkerReader.Message) {
    ledger.lock.lock()
    defer { ledger.lock.unlock() }
    switch message {
    case .end(let numbers):
      ledger.done += 1
      ledger.turns += numbers[0]
      ledger.events += numbers[1]
      ledger.spawned += numbers[2]
      ledger.seconds += numbers[3]
    case .failure(let failure):
      ledger.done += 1
      ledger.failures.append(failure)
    case .cell(let cell): ledger.cells.insert(cell)
    }
  }
}

/// Cuts a worker's output into messages.
struct WorkerReader {
  enum Message {
    case end([Int])
    case failure(Farm.Failure)
    case cell(String)
  }

  private var buffer = Data()
  private var failure: Farm.Failure? = nil
  /// The seed under way.
  private(set) var current: UInt64? = nil

  mutating func feed(_ data: Data) -> [Message] {
    buffer.append(data)
    var messages: [Message] = []
    while let newline = buffer.firstIndex(of: 10) {
      let line = String(decoding: buffer[buffer.startIndex..<newline], as: UTF8.self)
      buffer.removeSubrange(buffer.startIndex...newline)
      if let message = take(line) { messages.append(message) }
    }
    return messages
  }

  private mutating func take(_ line: String) -> Message? {
    if var open = failure {
      if line == "done" {
        failure = nil
        current = nil
        return .failure(open)
      }
      open.text += (open.text.isEmpty ? "" : "\n") + line
      failure = open
      return nil
    }
    let words = line.split(separator: " ")
    switch words.first {
    case "begin": current = words.count > 1 ? UInt64(words[1]) : nil
    case "fail" where words.count > 2: failure = Farm.Failure(seed: UInt64(words[1]) ?? 0, checker: String(words[2]), text: "")
    case "end" where words.count > 5:
      current = nil
      return .end(words[2...5].compactMap { Int($0) })
    case "cell": return .cell(String(line.dropFirst(5)))
    default: break
    }
    return nil
  }
}

/// Ends somebody who has said nothing for too long.
final class Watch: @unchecked Sendable {
  private let lock = NSLock()
  private let ended = DispatchSemaphore(value: 0)
  private var last = Date()
  private(set) var isOver = false

  init(patience: TimeInterval, _ act: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [self] in
      while ended.wait(timeout: .now() + 0.5) == .timedOut {
        lock.lock()
        isOver = Date().timeIntervalSince(last) > patience
        lock.unlock()
        if isOver {
          act()
          return
        }
      }
    }
  }

  func touch() {
    lock.lock()
    last = Date()
    lock.unlock()
  }

  func end() { ended.signal() }
}
#endif
