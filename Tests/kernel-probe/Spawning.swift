#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  static func stages(_ bench: Bench) {
    let (report, end) = bench.finish(bench.plan(["/bin/true"]))
    bench.check(report == .executed && end == .exited(0), "true \(String(describing: (report, end)))")
    func expect(_ name: String, _ stage: ExecStage, _ errno: Int32, _ change: (inout SpawnPlan) -> Void) {
      for reportsExec in [true, false] {
        var plan = bench.plan(["/bin/true"])
        plan.reportsExec = reportsExec
        change(&plan)
        let (report, end) = bench.finish(plan)
        guard case .failed(let gotStage, let gotErrno, _) = report else {
          bench.check(false, "\(name): \(String(describing: report))")
          continue
        }
        bench.check(
          gotStage == stage && gotErrno == errno && end == .exited(stage.rawValue),
          "\(name) \(gotStage.rawValue) errno \(gotErrno)\(reportsExec ? "" : ", quietly")")
      }
    }
    expect("missing binary", .exec, 2) { $0.candidates = [Bytes("/nonexistent/x")] }
    expect("no permission", .exec, 13) { $0.candidates = [Bytes("/nonexistent/x"), Bytes("/etc/passwd"), Bytes("/nonexistent/y")] }
    expect("missing folder", .chdir, 2) { $0.workingDirectory = Bytes("/nonexistent") }
    expect("missing stdin", .stdin, 2) { $0.stdin = .read(Bytes("/nonexistent")) }
    expect("stdout in a missing folder", .stdout, 2) { $0.stdout = .append(Bytes("/nonexistent/x")) }
    expect("stderr is a folder", .stderr, 21) { $0.stderr = .truncate(Bytes("/tmp")) }
    expect("preset", .user, 0) { $0.presetFailure = PresetFailure(stage: .user, errno: 0) }
    expect("COMMAND not found", .commandNotFound, 2) {
      $0.inheritsEverything = true
      $0.candidates = [Bytes("/nonexistent/x")]
    }
    expect("COMMAND not executable", .commandNotExecutable, 13) {
      $0.inheritsEverything = true
      $0.candidates = [Bytes("/etc/passwd")]
    }
    var plan = bench.plan(["/bin/true"])
    plan.workingDirectory = Bytes("/nonexistent")
    plan.workingDirectoryOptional = true
    bench.check(bench.finish(plan).1 == .exited(0), "optional folder")
    plan = bench.plan(["/bin/true"])
    plan.candidates = [Bytes("/nonexistent/true"), Bytes("/bin/true")]
    bench.check(bench.finish(plan).1 == .exited(0), "second candidate")
    if bench.arguments.first == "unprivileged" {
      expect("another user without privilege", .user, 1) {
        $0.uid = 12345
        $0.gid = 12345
        $0.groups = []
      }
    } else {
      plan = bench.plan(["/bin/sh", "-c", "test $(id -u) = 4242 && test $(id -G) = 4243"])
      plan.uid = 4242
      plan.gid = 4243
      plan.groups = [4243]
      bench.check(bench.finish(plan).1 == .exited(0), "another user")
    }
  }

  static func streams(_ bench: Bench) {
    let folder = bench.arguments[0]
    func path(_ name: String) -> Bytes { Bytes("\(folder)/\(name)".utf8) }
    func text(_ name: String) -> String { (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "" }
    try? "input\n".write(toFile: "\(folder)/in", atomically: true, encoding: .utf8)
    try? "0123456789\n".write(toFile: "\(folder)/write", atomically: true, encoding: .utf8)
    try? "old\n".write(toFile: "\(folder)/append", atomically: true, encoding: .utf8)
    try? "old and long\n".write(toFile: "\(folder)/truncate", atomically: true, encoding: .utf8)
    _ = bench.shell("cat") {
      $0.stdin = .read(path("in"))
      $0.stdout = .write(path("write"))
    }
    bench.check(text("write") == "input\n6789\n", "read and write")
    _ = bench.shell("echo out; echo err >&2") {
      $0.stdout = .append(path("append"))
      $0.stderr = .sameAsStdout
    }
    bench.check(text("append") == "old\nout\nerr\n", "append and same as stdout")
    _ = bench.shell("echo new") { $0.stdout = .truncate(path("truncate")) }
    bench.check(text("truncate") == "new\n", "truncate")
    _ = bench.shell("readlink /proc/self/fd/0 /proc/self/fd/2; ls -l /proc/self/fd | wc -l") {
      $0.stdout = .truncate(path("list"))
      $0.stderr = .null
    }
    // total, 0, 1, 2 and ls's own folder.
    bench.check(
      text("list").split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) } == ["/dev/null", "/dev/null", "5"],
      "only 0 to 2: \(text("list"))")
  }

  static func world(_ bench: Bench) {
    let file = Bytes("\(bench.arguments[0])/world".utf8)
    let (_, end) = bench.shell(
      "umask; nice; ulimit -n; ulimit -Hn; pwd; ps -o pid=,pgid=,sid= $$ | tr -s ' '; grep -E '^Sig(Ign|Blk)' /proc/self/status; grep realtime\\ timeout /proc/self/limits; echo $$"
    ) {
      $0.stdout = .truncate(file)
      $0.umask = 0o027
      $0.nice = 7
      $0.limits = [LimitSetting(resource: .nofile, limit: ResourceLimit(soft: 100, hard: 200))]
      $0.workingDirectory = Bytes("/usr")
    }
    bench.check(end == .exited(0), "ran \(String(describing: end))")
    print((try? String(contentsOfFile: file.shown, encoding: .utf8)) ?? "")
    let (_, second) = bench.shell("ulimit -Sn; grep realtime\\ timeout /proc/self/limits") { $0.stdout = .truncate(file) }
    bench.check(second == .exited(0), "ran again")
    print("original " + ((try? String(contentsOfFile: file.shown, encoding: .utf8)) ?? ""))
    let (_, clamped) = bench.shell("ulimit -Hn") {
      $0.stdout = .truncate(file)
      $0.limits = [LimitSetting(resource: .nofile, limit: ResourceLimit(soft: 1 << 40, hard: 1 << 40))]
    }
    bench.check(clamped == .exited(0), "a limit above all is clamped, or the kernel's")
  }

  /// Children whose exec nobody waits for: what is told of it, and when.
  static func quiet(_ bench: Bench) {
    func plan(_ argv: [String]) -> SpawnPlan {
      let plan = bench.plan(argv)
      plan.reportsExec = false
      return plan
    }
    let (report, end) = bench.finish(plan(["/bin/true"]))
    bench.check(report == .executed && end == .exited(0), "true \(String(describing: (report, end)))")
    // Nothing else happens that would wake anybody.
    let sleeper = bench.start(plan(["/bin/sleep", "1000"]))
    bench.check(bench.turn { bench.reports[sleeper] != nil }, "the exec is told in the end")
    bench.check(bench.reports[sleeper] == .executed, "executed")
    // As many more than may be quiet; each says for itself what it was given.
    var pids: [Int32] = []
    for number in 0..<40 {
      let next = plan(["/bin/sh", "-c", "exit \(number)"])
      if number % 5 == 0 { next.workingDirectory = Bytes("/nonexistent") }
      pids.append(bench.start(next))
    }
    bench.turn { pids.allSatisfy { bench.ends[$0] != nil } }
    for (number, pid) in pids.enumerated() {
      let isRight =
        number % 5 == 0
        ? bench.ends[pid] == .exited(200) && bench.reports[pid] == .failed(stage: .chdir, errno: 2, detail: 0)
        : bench.ends[pid] == .exited(UInt8(number)) && bench.reports[pid] == .executed
      bench.check(isRight, "\(number): \(String(describing: bench.ends[pid])) \(String(describing: bench.reports[pid]))")
    }
    bench.check(bench.kernel.signalChild(sleeper, .kill), "killed")
    bench.turn { bench.ends[sleeper] != nil }
  }

  static func hangingStdin(_ bench: Bench) { for reportsExec in [true, false] { hangingStdin(bench, reportsExec: reportsExec) } }

  private static func hangingStdin(_ bench: Bench, reportsExec: Bool) {
    let fifo = "\(bench.arguments[0])/fifo"
    mkfifo(fifo, 0o600)
    let plan = bench.plan(["/bin/cat"])
    plan.stdin = .read(Bytes(fifo.utf8))
    plan.reportsExec = reportsExec
    let begin = bench.kernel.now().instant
    let hanging = bench.start(plan)
    bench.check(bench.kernel.now().instant.since(begin) < TimeSpan(milliseconds: 500), "spawn did not wait")
    bench.check(bench.finish(bench.plan(["/bin/true"])).1 == .exited(0), "others run meanwhile")
    bench.check(bench.kernel.execReport(hanging) == .pending, "pending")
    bench.check(bench.kernel.signalChild(hanging, .kill), "killed")
    bench.turn { bench.ends[hanging] != nil }
    bench.check(bench.ends[hanging] == .killed(.kill) && bench.reports[hanging] == .executed, "gone")
    // 64 of them are the bound.
    var pids: [Int32] = []
    var refused: SpawnOutcome? = nil
    for _ in 0..<70 {
      plan.key.invocation.number += 1
      let outcome = bench.kernel.spawn(plan)
      if case .started(let pid) = outcome { pids.append(pid) } else { refused = outcome }
    }
    bench.check(pids.count == 64 && refused == .failed(errno: 11), "64 and then EAGAIN: \(pids.count)")
    for pid in pids { _ = bench.kernel.signalChild(pid, .kill) }
    bench.turn { pids.allSatisfy { bench.ends[$0] != nil } }
    bench.check(bench.finish(bench.plan(["/bin/true"])).1 == .exited(0), "slots are free again")
  }

  static func burst(_ bench: Bench) {
    let total = Int(bench.arguments.first ?? "") ?? 1000
    let begin = bench.kernel.now().instant
    var started: [Int32] = []
    var ended = 0
    var executed = 0
    while ended < total {
      while started.count < total, case .started(let pid) = bench.kernel.spawn(bench.plan(["/bin/true"])) { started.append(pid) }
      let before = (bench.ends.count, bench.reports.count)
      bench.turn { bench.ends.count != before.0 || bench.reports.count != before.1 }
      for (pid, status) in bench.ends {
        if bench.reports[pid] == .executed && status == .exited(0) { executed += 1 }
        ended += 1
        bench.reports[pid] = nil
      }
      bench.ends.removeAll()
    }
    bench.check(executed == total, "\(executed) of \(total) ran")
    print("burst \(bench.kernel.now().instant.since(begin).microseconds / 1000) ms")
  }

  static func oomScore(_ bench: Bench) {
    let own = try? String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)
    let file = Bytes("\(bench.arguments[0])/oom".utf8)
    let (_, end) = bench.shell("cat /proc/self/oom_score_adj") {
      $0.stdout = .truncate(file)
      $0.oomScoreAdjust = 321
    }
    bench.check(end == .exited(0), "ran \(String(describing: end))")
    bench.check((try? String(contentsOfFile: file.shown, encoding: .utf8)) == "321\n", "the child's is set")
    bench.check((try? String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)) == own, "apus's own is untouched")
  }

  /// A child of another uid hangs before exec in our memory; nobody of that uid may look into it.
  static func traced(_ bench: Bench) {
    let fifo = "\(bench.arguments[0])/nofolder"
    mkdir(fifo, 0o700)
    let plan = bench.plan(["/bin/true"])
    plan.uid = 4242
    plan.gid = 4242
    plan.groups = []
    plan.workingDirectory = Bytes("\(bench.arguments[0])/slow".utf8)
    // The window after setuid is short: try often.
    var opened = 0
    let me = ProcessInfo.processInfo.processIdentifier
    let (_, end) = bench.shell("cat /proc/\(me)/mem >/dev/null 2>&1; cat /proc/\(me)/environ >/dev/null 2>&1") {
      $0.uid = 4242
      $0.gid = 4242
      $0.groups = []
    }
    if end == .exited(0) { opened += 1 }
    for _ in 0..<200 { _ = bench.finish(plan) }
    let (_, again) = bench.shell("cat /proc/\(me)/environ >/dev/null 2>&1") {
      $0.uid = 4242
      $0.gid = 4242
      $0.groups = []
    }
    if again == .exited(0) { opened += 1 }
    bench.check(opened == 0, "apus's memory and environment are closed to the service's uid")
  }

  static func command(_ bench: Bench) {
    let plan = bench.plan(bench.arguments, environment: ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" })
    plan.inheritsEverything = true
    plan.stdin = .inherit
    plan.workingDirectory = []
    let (report, end) = bench.finish(plan)
    bench.kernel.takeTerminalBack()
    bench.check(report == .executed && end == .exited(0), "COMMAND \(String(describing: (report, end)))")
  }

  /// `run N WORDS…`: exits as the command does.
  static func run(_ bench: Bench) {
    let (report, end) = bench.finish(bench.plan(bench.arguments))
    print("report \(String(describing: report)) end \(String(describing: end))")
  }
}
#endif
