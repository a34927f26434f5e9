#if !EMBEDDED
import Foundation
import Linux
import Model
import Runtime

extension Bench {
  /// One whole pass.
  func pass(_ wanted: [Invocation]) -> [Member] {
    var cursor = ScanCursor()
    var members: [Member] = []
    while !kernel.scan(wanted, roots: roots, cursor: &cursor, into: &members) {}
    return members
  }

  /// The order that converges: stop until nobody is new, then kill until two passes are empty.
  func killAll(_ invocation: Invocation) {
    if kernel.killWhole(invocation) { return }
    kernel.killProcessGroup(invocation, .kill)
    var known: Set<Int32> = []
    while true {
      let new = pass([invocation]).filter { !known.contains($0.pid) }
      if new.isEmpty { break }
      for member in new {
        known.insert(member.pid)
        _ = kernel.signalMember(member, .stop)
      }
    }
    var emptyPasses = 0
    while emptyPasses < 2 {
      let members = pass([invocation])
      emptyPasses = members.isEmpty ? emptyPasses + 1 : 0
      for member in members { _ = kernel.signalMember(member, .kill) }
      turn(for: 0.005) { false }
    }
  }
}

extension Probe {
  static func escapee(_ bench: Bench) {
    print("containment \(bench.kernel.containment(ofOwnRTTime: false).name)")
    let file = "\(bench.arguments[0])/pid"
    // Double fork, new session, another user, empty environment, ignoring SIGTERM, its parent dead.
    let user = getuid() == 0 ? "setpriv --reuid=4242 --regid=4242 --clear-groups " : ""
    let text = "exec \(user)sh -c \"trap '' TERM; echo \\$\\$ >\(file); exec sleep 300\""
    chmod(bench.arguments[0], 0o777)
    let plan = bench.plan(
      ["/bin/sh", "-c", "setsid env -i /bin/sh -c '(\(text.replacingOccurrences(of: "'", with: "'\\''"))) & exit 0' & exit 0"],
      environment: ["PATH=/usr/sbin:/usr/bin:/bin:/sbin", "INVOCATION_ID=0123456789abcdef0123456789abcdef"])
    let invocation = plan.key.invocation
    let pid = bench.start(plan)
    bench.turn { bench.ends[pid] != nil }
    bench.turn(for: 5) {
      (try? String(contentsOfFile: file, encoding: .utf8))?.hasSuffix("\n") == true
    }
    let escaped = Int32((try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .newlines) ?? "") ?? -1
    bench.turn(for: 5) { bench.pass([invocation]).map(\.pid) == [escaped] }
    bench.check(bench.pass([invocation]).map(\.pid) == [escaped], "found \(bench.pass([invocation])) \(escaped)")
    bench.check(!bench.kernel.isEmpty(invocation, roots: bench.roots), "not empty")
    // A bystander of the same user is nobody's.
    let other = Invocation(unit: UnitID(9), number: 999)
    bench.check(bench.kernel.isEmpty(other, roots: bench.roots), "another invocation is empty")
    // A bystander of equal uid: our parent, with a harmless signal.
    let stranger = Member(pid: getppid(), invocation: invocation)
    bench.check(!bench.kernel.signalMember(stranger, .continue), "a stranger is not signalled")
    for member in bench.pass([invocation]) { bench.check(bench.kernel.signalMember(member, .kill), "killed") }
    bench.check(bench.turn(for: 5) { bench.kernel.isEmpty(invocation, roots: bench.roots) }, "empty")
    bench.check(bench.pass([invocation]).isEmpty, "nobody is found")
    bench.kernel.forget(invocation)
  }

  static func bomb(_ bench: Bench) {
    // Bounded: at most 300 processes, and they end by themselves after 20 s.
    let text = "f() { sleep 20 & setsid sh -c 'sleep 20 & sleep 20' & sleep 0.01; }; for i in $(seq 60); do f; done; wait"
    let plan = bench.plan(["/bin/sh", "-c", text])
    let pid = bench.start(plan)
    bench.turn(for: 5) { bench.pass([plan.key.invocation]).count > 40 }
    let begin = bench.kernel.now().instant
    bench.killAll(plan.key.invocation)
    bench.check(bench.turn(for: 5) { bench.ends[pid] != nil }, "the main process is gone")
    bench.check(bench.turn(for: 5) { bench.kernel.isEmpty(plan.key.invocation, roots: bench.roots) }, "empty")
    print("bomb \(bench.kernel.now().instant.since(begin).microseconds / 1000) ms")
    bench.kernel.forget(plan.key.invocation)
  }

  static func sweep(_ bench: Bench) {
    for _ in 0..<5 { _ = bench.start(bench.plan(["/bin/sh", "-c", "setsid sleep 300 & setsid sleep 300 & exec sleep 300"])) }
    bench.turn(for: 5) { bench.reports.count == 5 && bench.roots.flatMap { bench.pass([$0.invocation]) }.count >= 15 }
    bench.check(bench.kernel.anyoneLeft(), "somebody is left")
    bench.kernel.signalAll(.kill)
    bench.check(bench.turn(for: 5) { !bench.kernel.anyoneLeft() && bench.roots.isEmpty }, "nobody is left")
  }
}
#endif
