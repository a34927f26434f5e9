#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Probe {
  /// Scheduling, I/O priority, personality, timer slack, core dump filter, secure bits: as set, and refused with its stage.
  static func settings(_ bench: Bench) {
    let file = Bytes("\(bench.arguments[0])/settings".utf8)
    func printed(_ script: String, _ change: (inout SpawnPlan) -> Void) -> String {
      let (report, end) = bench.shell(script) {
        $0.stdout = .truncate(file)
        $0.stderr = .sameAsStdout
        change(&$0)
      }
      let text = (try? String(contentsOfFile: file.shown, encoding: .utf8)) ?? ""
      return end == .exited(0) ? text.trimmingCharacters(in: .whitespacesAndNewlines) : "\(String(describing: (report, end))) \(text)"
    }
    func expect(_ name: String, _ script: String, _ wanted: String, _ change: (inout SpawnPlan) -> Void) {
      let got = printed(script, change)
      bench.check(got == wanted, "\(name): \(got)")
    }
    func refused(_ name: String, _ stage: ExecStage, _ errno: Int32, _ change: (inout SpawnPlan) -> Void) {
      let (report, end) = bench.shell("true", change)
      guard case .failed(stage, errno, _) = report, end == .exited(stage.rawValue) else {
        return bench.check(false, "\(name): \(String(describing: (report, end)))")
      }
      bench.check(true, name)
    }
    expect("batch and nice", "cut -d' ' -f 19,41 /proc/self/stat", "5 3") {
      $0.scheduling.policy = .batch
      $0.nice = 5
    }
    expect("idle, reset on fork", "chrt -p $$ | sed -n 's/.*policy: //p'", "SCHED_IDLE|SCHED_RESET_ON_FORK") {
      $0.scheduling.policy = .idle
      $0.scheduling.resetOnFork = true
    }
    refused("a priority without a real-time policy", .scheduler, 22) { $0.scheduling.priority = 7 }
    expect("the first CPU", "taskset -p $$ | sed 's/.*: //'", "1") { $0.scheduling.affinity = [0] }
    refused("a CPU that is not there", .affinity, 22) { $0.scheduling.affinity = [7000] }
    expect("idle I/O", "ionice -p $$", "idle") { $0.scheduling.ioClass = 3 }
    expect("an I/O priority alone", "ionice -p $$", "best-effort: prio 2") { $0.scheduling.ioPriority = 2 }
    expect("no I/O class", "ionice -p $$", "best-effort: prio 4") { $0.scheduling.ioClass = 0 }
    expect("timer slack", "cat /proc/$$/timerslack_ns || echo 1000000", "1000000") { $0.scheduling.timerSlack = 1_000_000 }
    expect("personality", "cat /proc/$$/personality", "00000008") { $0.personality = 8 }
    expect("core dump filter", "cat /proc/$$/coredump_filter", "0000003f") { $0.coredumpFilter = 0x3f }
    expect("no new privileges", "grep -o 'NoNewPrivs.*' /proc/$$/status | tr -d '\\t'", "NoNewPrivs:1") {
      $0.privileges.noNewPrivileges = true
    }
    refused("a root that is not there", .chroot, 2) { $0.rootDirectory = Bytes("/nonexistent") }
    inputData(bench, file)
    if geteuid() == 0 { capabilities(bench, expect) }
  }

  private static func inputData(_ bench: Bench, _ file: Bytes) {
    for count in [0, 1, 65_536, 1 << 20] {
      let data = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) })
      let (report, end) = bench.shell("cat") {
        $0.stdin = .data(data)
        $0.stdout = .truncate(file)
      }
      let read = FileManager.default.contents(atPath: file.shown).map { Bytes($0) }
      bench.check(end == .exited(0) && read == data, "\(count) bytes of input \(String(describing: report))")
    }
  }

  /// The expected values are the real systemd's (inheritable, permitted, effective, bounding, ambient).
  private static func capabilities(_ bench: Bench, _ expect: (String, String, String, (inout SpawnPlan) -> Void) -> Void) {
    let script = "grep -E '^Cap' /proc/$$/status | sed 's/.*\\t0*//; s/^$/0/' | tr '\\n' ' '"
    func asNobody(_ plan: inout SpawnPlan) {
      plan.uid = 65_534
      plan.gid = 65_534
      plan.groups = [65_534]
    }
    expect("bounding set of root", script, "0 401 401 401 0") { $0.privileges.boundingSet = CapabilitySet(bits: 0x401) }
    expect("ambient set of another user", script, "400 400 400 401 400") {
      asNobody(&$0)
      $0.privileges.boundingSet = CapabilitySet(bits: 0x401)
      $0.privileges.ambientSet = CapabilitySet(bits: 0x400)
    }
    expect("nothing at all", script, "0 0 0 0 0") {
      asNobody(&$0)
      $0.privileges.boundingSet = .empty
    }
    expect("ambient set of root", script, "400 401 401 401 400") {
      $0.privileges.boundingSet = CapabilitySet(bits: 0x401)
      $0.privileges.ambientSet = CapabilitySet(bits: 0x400)
    }
    // Without the rights of uid 0.
    expect("secure bits of root", script, "0 0 0 401 0") {
      $0.privileges.boundingSet = CapabilitySet(bits: 0x401)
      $0.privileges.secureBits = 3
    }
    expect("secure bits of another user", script, "400 400 400 401 400") {
      asNobody(&$0)
      $0.privileges.boundingSet = CapabilitySet(bits: 0x401)
      $0.privileges.ambientSet = CapabilitySet(bits: 0x400)
      $0.privileges.secureBits = 3
    }
  }
}
#endif
