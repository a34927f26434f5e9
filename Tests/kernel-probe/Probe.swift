#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

/// Drives `LinuxKernel` in a process of its own, because first acts change the process. Each sub-command is one experiment
/// of LinuxTests; it prints `ok` lines and facts on stdout and exits 0, or says what was wrong and exits 1.
enum Probe {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // The probe as its own helper.
    if CommandLine.arguments[0] == "apus-helper" { exit(arguments == ["a", "b c"] ? 17 : 18) }
    guard let name = arguments.first, let experiment = experiments[name] else {
      print("kernel-probe: one of \(experiments.keys.sorted())")
      exit(64)
    }
    var options = KernelOptions()
    let environment = ProcessInfo.processInfo.environment
    if let choice = environment["PROBE_CONTAINMENT"] { options.containment = ContainmentChoice(named: Bytes(choice.utf8)) ?? .auto }
    options.forksOnly = environment["PROBE_SPAWN"] == "fork"
    options.dieWithParent = environment["PROBE_DIE"] != nil
    if name == "notify" { options.notifySocket = notifyAddress(arguments) }
    let state = FirstActs.perform()
    do throws(KernelFailure) {
      let kernel = try LinuxKernel(inherited: state, options: options)
      let bench = Bench(kernel: kernel, arguments: Array(arguments.dropFirst()))
      experiment(bench)
      bench.kernel.flushMessages(milliseconds: 1)
      exit(bench.failures == 0 ? 0 : 1)
    } catch {
      print("refused: \(error.message.shown)")
      exit(2)
    }
  }

  static var experiments: [String: (Bench) -> Void] {
    [
      "stages": stages, "streams": streams, "world": world, "fifo": hangingStdin, "quiet": quiet, "burst": burst,
      "ring": ring, "run": run, "escapee": escapee, "bomb": bomb, "idle": idle, "passing": passing, "settings": settings,
      "folders": folders, "wait": waiting, "traced": traced,
      "oom": oomScore, "files": files, "writer": writer, "crash": crash, "sweep": sweep, "signals": signals,
      "command": command, "opening": opening, "accepting": accepting, "counting": counting, "exhausted": exhausted, "watching": watching,
      "flood": flood, "held": held, "v4-only": withoutV6, "inetd": inetd, "accept": accept, "notify": notify,
    ]
  }
}

/// One kernel and what has been seen of its children.
final class Bench {
  let kernel: LinuxKernel
  let arguments: [String]
  var failures = 0
  var reports: [Int32: ExecReport] = [:]
  var ends: [Int32: ExitStatus] = [:]
  var roots: [KnownChild] = []
  var nextNumber: UInt32 = 1

  init(kernel: LinuxKernel, arguments: [String]) {
    self.kernel = kernel
    self.arguments = arguments
  }

  func check(_ condition: Bool, _ what: String) {
    print(condition ? "ok \(what)" : "WRONG \(what)")
    if !condition { failures += 1 }
  }

  func plan(_ words: [String], unit: Int = 0, environment: [String] = ["PATH=/usr/bin:/bin"]) -> SpawnPlan {
    let invocation = Invocation(unit: UnitID(unit), number: nextNumber)
    nextNumber += 1
    return SpawnPlan(
      key: ProcessKey(invocation, .main, serial: 0), candidates: [Bytes(words[0].utf8)],
      arguments: words.map { Bytes($0.utf8) }, environment: environment.map { Bytes($0.utf8) })
  }

  func start(_ plan: SpawnPlan) -> Int32 {
    guard case .started(let pid) = kernel.spawn(plan) else {
      check(false, "spawn")
      return -1
    }
    reports[pid] = nil
    ends[pid] = nil
    roots.append(KnownChild(pid: pid, invocation: plan.key.invocation))
    return pid
  }

  /// Turns until the condition holds, at most `seconds`.
  @discardableResult
  func turn(for seconds: Double = 10, until condition: () -> Bool) -> Bool {
    let end = Instant(nanoseconds: kernel.now().instant.nanoseconds + Int64(seconds * 1e9))
    var ready: [Readiness] = []
    while !condition() {
      if kernel.now().instant >= end { return false }
      ready.removeAll()
      kernel.wait(until: end, into: &ready)
      while let child = kernel.reap() {
        guard case .ended(let status) = child.kind else { continue }
        ends[child.pid] = status
        roots.removeAll { $0.pid == child.pid }
        if reports[child.pid] == nil { reports[child.pid] = kernel.execReport(child.pid) }
      }
      for item in ready {
        guard case .execReport(let pid) = item, reports[pid] == nil else { continue }
        let report = kernel.execReport(pid)
        if report != .pending { reports[pid] = report }
      }
    }
    return true
  }

  /// Starts it and waits for its end.
  func finish(_ plan: SpawnPlan) -> (ExecReport?, ExitStatus?) {
    let pid = start(plan)
    turn { ends[pid] != nil }
    return (reports[pid], ends[pid])
  }

  func shell(_ text: String, _ change: (inout SpawnPlan) -> Void = { _ in }) -> (ExecReport?, ExitStatus?) {
    var plan = plan(["/bin/sh", "-c", text])
    change(&plan)
    return finish(plan)
  }
}
#endif
