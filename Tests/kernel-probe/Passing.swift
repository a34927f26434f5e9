#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// Helpers, the child's pid in its strings, and the pipe of `ReadyFd=` at numbers that are taken.
  static func passing(_ bench: Bench) {
    let file = Bytes("\(bench.arguments[0])/passing".utf8)
    func written() -> String { (try? String(contentsOfFile: file.shown, encoding: .utf8)) ?? "" }
    helpers(bench)

    let mark = String(decoding: SpawnPlan.pidMark, as: UTF8.self)
    let plan = bench.plan(
      ["/bin/sh", "-c", "echo $$ $LISTEN_PID $X $0 $1", mark, "a\(mark)b\(mark)"],
      environment: ["LISTEN_PID=\(mark)", "X=\(mark)/\u{1}\u{1}"])
    plan.stdout = .truncate(file)
    let pid = bench.start(plan)
    bench.turn { bench.ends[pid] != nil }
    bench.check(written() == "\(pid) \(pid) \(pid)/\u{1}\u{1} \(pid) a\(pid)b\(pid)\n", "the child's pid: \(written())")

    for number in [Int32(3), 4, 5, 7, 9, 20, 200] { readyPipe(bench, number, file, written) }
  }

  private static func helpers(_ bench: Bench) {
    let plan = bench.plan(["apus-helper", "a", "b c"])
    plan.isHelper = true
    plan.candidates = [Bytes("/proc/self/exe")]
    var (report, end) = bench.finish(plan)
    bench.check(report == .executed && end == .exited(17), "a helper \(String(describing: (report, end)))")
    guard geteuid() == 0 else { return }
    // As another user, from a folder that this one may not enter, and without a way that /proc offers.
    plan.uid = 4242
    plan.gid = 4242
    plan.groups = []
    plan.candidates = [Bytes("/nonexistent/apus")]
    (report, end) = bench.finish(plan)
    bench.check(end == .exited(17), "a helper of another user \(String(describing: (report, end)))")
  }

  private static func readyPipe(_ bench: Bench, _ number: Int32, _ file: Bytes, _ written: () -> String) {
    func start(_ script: String) -> Int32 {
      let plan = bench.plan(["/bin/bash", "-c", script])
      plan.readyDescriptor = number
      plan.stdout = .truncate(file)
      plan.stderr = .sameAsStdout
      return bench.start(plan)
    }
    // `ls` has one more of its own, on the folder.
    var pid = start("ls /proc/self/fd | wc -l; printf 'not yet' >&\(number); echo >&\(number)")
    var answer = ReadyReport.pending
    bench.turn {
      answer = bench.kernel.readyReport(pid)
      return answer != .pending
    }
    bench.check(answer == .ready, "ready on \(number)")
    bench.turn { bench.ends[pid] != nil }
    bench.check(written() == "5\n", "0 to 2 and \(number): \(written())")
    bench.check(bench.kernel.readyReport(pid) == .closed, "forgotten \(number)")

    pid = start("exec \(number)>&-; printf x >&2")
    bench.turn {
      answer = bench.kernel.readyReport(pid)
      return answer != .pending
    }
    bench.check(answer == .closed, "closed without a word on \(number)")
    bench.turn { bench.ends[pid] != nil }
  }
}
#endif
