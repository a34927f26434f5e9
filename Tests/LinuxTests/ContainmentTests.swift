import Foundation
import Testing

/// Who belongs to a service, and that nobody else does.
@Suite(.serialized) struct ContainmentTests {
  static let ways: [[String: String]] = [
    ["PROBE_CONTAINMENT": "auto"], ["PROBE_CONTAINMENT": "tag"], ["PROBE_CONTAINMENT": "tag", "PROBE_SPAWN": "fork"],
    ["PROBE_CONTAINMENT": "auto", "PROBE_SPAWN": "fork"],
  ]

  @Test(arguments: ways) func theEscapeeIsFound(way: [String: String]) throws {
    let scratch = try Scratch()
    let text = try ProbeRunner.expectRight(["escapee", scratch.path], environment: way).output
    #expect(text.contains("containment \(way["PROBE_CONTAINMENT"] == "tag" || !ProbeRunner.hasCgroup ? "tag" : "cgroup")"))
  }

  @Test(arguments: ways) func aBombIsGone(way: [String: String]) throws { try ProbeRunner.expectRight(["bomb"], environment: way) }
  @Test(arguments: ways) func theSweepLeavesNobody(way: [String: String]) throws {
    try ProbeRunner.expectRight(["sweep"], environment: way)
  }

  @Test func theSweepByGroups() throws { try ProbeRunner.expectRight(["sweep"], environment: ["PROBE_CONTAINMENT": "group"]) }

  @Test(.enabled(if: ProbeRunner.isRoot)) func withoutPrivilege() throws {
    let user = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups"]
    for experiment in ["escapee", "bomb", "sweep"] {
      let scratch = try Scratch()
      try ProbeRunner.expectRight([experiment, scratch.path], prefix: user)
    }
  }

  @Test(.enabled(if: ProbeRunner.hasNamespaces)) func asInit() throws {
    for experiment in ["escapee", "bomb", "sweep", "stages"] {
      let scratch = try Scratch()
      try ProbeRunner.expectRight(
        experiment == "stages" ? [experiment] : [experiment, scratch.path],
        prefix: ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
    }
  }

  /// An apus that is a service of another: its tags lie below the outer's, and both find theirs.
  @Test func nested() throws {
    let scratch = try Scratch()
    let inner = ["/usr/bin/env", "PROBE_CONTAINMENT=tag", ProbeRunner.probe, "escapee", scratch.path]
    let outcome = try ProbeRunner.run([ProbeRunner.probe, "run"] + inner, environment: ["PROBE_CONTAINMENT": "tag"])
    #expect(outcome.status == 0 && outcome.wrong.isEmpty && outcome.output.contains("containment tag"), "\(outcome)")
    #expect(outcome.output.contains("end Optional(Model.ExitStatus.exited(0))"), "\(outcome)")
  }

  /// Without the /proc of our own namespace there is no tag, and that is said.
  @Test(.enabled(if: ProbeRunner.hasNamespaces)) func foreignProc() throws {
    let prefix = ["unshare", "--pid", "--fork", "--kill-child"]
    let refused = try ProbeRunner.run(prefix + [ProbeRunner.probe, "sweep"], environment: ["PROBE_CONTAINMENT": "tag"])
    #expect(refused.status == 2 && refused.output.contains("/proc is not that of this PID namespace"), "\(refused)")
  }

  @Test(.enabled(if: ProbeRunner.seccompExec != nil), arguments: ["ENOSYS", "EPERM"], ["auto", "tag"])
  func oldKernelsAndProfiles(answer: String, containment: String) throws {
    let prefix = [try #require(ProbeRunner.seccompExec), answer]
    for experiment in ["stages", "quiet", "burst", "fifo", "escapee", "bomb", "sweep"] {
      let scratch = try Scratch()
      let argument = ["stages": [], "quiet": [], "burst": ["200"]][experiment] ?? [scratch.path]
      try ProbeRunner.expectRight(
        [experiment] + argument, prefix: prefix,
        environment: ["PROBE_CONTAINMENT": containment])
    }
  }

  /// The folder of an apus that was killed goes with the next start; that of a living one stays.
  @Test(.enabled(if: ProbeRunner.hasCgroup)) func deadFoldersAreRemoved() throws {
    let (first, firstOutput) = try ProbeRunner.process([ProbeRunner.probe, "idle"], environment: ["PROBE_CONTAINMENT": "cgroup"])
    _ = firstOutput.fileHandleForReading.availableData
    let pid = try #require(LoopTests.child(of: first.processIdentifier))
    #expect(ProbeRunner.eventually { LoopTests.child(of: pid) != nil })
    let service = try #require(LoopTests.child(of: pid))
    #expect(ProbeRunner.eventually { Self.folder(of: service) != nil })
    let folder = try #require(Self.folder(of: service))
    #expect(FileManager.default.fileExists(atPath: folder), "\(folder)")
    _ = try ProbeRunner.run([ProbeRunner.probe, "run", "/bin/true"])
    #expect(FileManager.default.fileExists(atPath: folder), "a living one stays")
    kill(pid, SIGKILL)
    kill(service, SIGKILL)
    first.waitUntilExit()
    let base = (folder as NSString).deletingLastPathComponent
    #expect(
      try ProbeRunner.eventually {
        _ = try ProbeRunner.run([ProbeRunner.probe, "run", "/bin/true"])
        return !FileManager.default.fileExists(atPath: base)
      }, "a dead one goes")
  }

  /// `…/apus-NONCE/UNIT-NUMBER` of a process, found by its path in /proc.
  private static func folder(of pid: Int32) -> String? {
    let own = try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8)
    guard let path = own?.split(separator: "\n").first(where: { $0.hasPrefix("0::") })?.dropFirst(3), path.contains("/apus-") else {
      return nil
    }
    for root in ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"] where FileManager.default.fileExists(atPath: root + path) {
      return root + path
    }
    return nil
  }
}
