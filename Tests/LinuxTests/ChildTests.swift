import Foundation
import Testing

/// child.c, and the children it becomes.
@Suite struct ChildTests {
  /// Between clone and exec nothing of the C library may be reached: the object file asks for no symbol.
  @Test(arguments: ["-O0", "-O2", "-Os"]) func childObjectHasNoUndefinedSymbols(level: String) throws {
    let scratch = try Scratch()
    let sources = ProbeRunner.sources.appendingPathComponent("Sources/CLinux").path
    let object = "\(scratch.path)/child.o"
    let manifest = try String(contentsOf: ProbeRunner.sources.appendingPathComponent("Package.swift"), encoding: .utf8)
    #expect(manifest.contains(#""-fno-stack-protector", "-fno-builtin""#), "the flags that are tried here are the build's")
    let compiled = try ProbeRunner.run([
      "clang", "-std=gnu11", level, "-fno-stack-protector", "-fno-builtin", "-I\(sources)/include", "-c", "\(sources)/child.c", "-o",
      object,
    ])
    #expect(compiled.status == 0, "\(compiled.errors)")
    #expect(try ProbeRunner.run(["nm", "-u", object]).output == "")
    // The object of this very build, and no global that could be written.
    let built = ProbeRunner.folder.appendingPathComponent("CLinux.build/child.c.o").path
    for file in [object, built] where FileManager.default.fileExists(atPath: file) {
      let symbols = try ProbeRunner.run(["nm", file]).output.split(separator: "\n")
      #expect(!symbols.isEmpty)
      #expect(symbols.filter { line in [" U ", " D ", " d ", " B ", " b ", " C "].contains { line.contains($0) } }.isEmpty, "\(symbols)")
    }
  }

  @Test(arguments: ["clone", "fork"]) func stagesReportWhatFailed(way: String) throws {
    try ProbeRunner.expectRight(["stages"], environment: ["PROBE_SPAWN": way])
  }

  @Test(.enabled(if: ProbeRunner.isRoot)) func withoutPrivilegeAnotherUserIsRefused() throws {
    try ProbeRunner.expectRight(
      ["stages", "unprivileged"], prefix: ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups"])
  }

  @Test(arguments: ["clone", "fork"]) func streamsAreOpened(way: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["streams", scratch.path], environment: ["PROBE_SPAWN": way])
  }

  @Test(arguments: ["clone", "fork"]) func descriptorsAndPidsArePassed(way: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["passing", scratch.path], environment: ["PROBE_SPAWN": way])
  }

  @Test(arguments: ["clone", "fork"]) func scheduling(way: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["settings", scratch.path], environment: ["PROBE_SPAWN": way])
  }

  @Test(.enabled(if: ProbeRunner.isRoot), arguments: ["clone", "fork"]) func managedDirectories(way: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["folders", scratch.path], environment: ["PROBE_SPAWN": way])
  }

  @Test(arguments: ["clone", "fork"]) func theWorldOfAService(way: String) throws {
    let scratch = try Scratch()
    let text = try ProbeRunner.expectRight(["world", scratch.path], environment: ["PROBE_SPAWN": way]).output
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    guard lines.count > 9 else { return }
    #expect(lines[1...5] == ["0027", "7", "100", "200", "/usr"], "\(text)")
    let ids = lines[6].split(separator: " ")
    #expect(ids.count == 3 && ids[0] == ids[1] && ids[1] == ids[2], "leader of its own session and group: \(text)")
    #expect(lines[7].hasSuffix("\t0000000000000000"), "nothing blocked")
    #expect(lines[8].hasSuffix("\t0000000000001000"), "SIGPIPE ignored and nothing else")
    #expect(lines.contains { $0.hasPrefix("original ") }, "\(text)")
    // The tag is in both columns, and counts invocations.
    let tags = lines.filter { $0.hasPrefix("Max realtime timeout") }.map { $0.split(separator: " ").compactMap { UInt64($0) } }
    #expect(tags.count == 2 && tags[0].count == 2 && tags[0][0] == tags[0][1] && tags[0][0] >= 1 << 62, "\(tags)")
    #expect(tags.count == 2 && tags[1].first == tags[0].first.map { $0 + 1 })
  }

  @Test(arguments: ["clone", "fork"]) func aChildThatHangsBeforeExecStopsNobody(way: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["fifo", scratch.path], environment: ["PROBE_SPAWN": way])
  }

  @Test(arguments: ["clone", "fork"]) func anExecThatNobodyWaitsForIsToldInTheEnd(way: String) throws {
    try ProbeRunner.expectRight(["quiet"], environment: ["PROBE_SPAWN": way])
  }

  @Test(arguments: ["clone", "fork"]) func aThousandInABurst(way: String) throws {
    try ProbeRunner.expectRight(["burst", "1000"], environment: ["PROBE_SPAWN": way])
  }

  /// A write to oom_score_adj reaches everybody who shares the memory.
  @Test func oomScoreIsTheChildsAlone() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["oom", scratch.path])
  }

  @Test(.enabled(if: ProbeRunner.isRoot)) func sharedMemoryIsNoDoor() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["traced", scratch.path])
  }

  /// COMMAND gets umask, dispositions, descriptors and LISTEN_PID; apus's own descriptors and limits stay apus's.
  @Test func commandInherits() throws {
    let scratch = try Scratch()
    let file = "\(scratch.path)/five"
    try "five\n".write(toFile: file, atomically: true, encoding: .utf8)
    let inner =
      "cat <&5; umask; grep SigIgn /proc/self/status; test $LISTEN_PID = $$ && echo pid; ulimit -n; ps -o pgid= $$ | tr -d ' '; echo $$"
    let outer =
      "trap '' USR1; umask 077; ulimit -Sn 512; exec 5<\(file); LISTEN_PID=$$; export LISTEN_PID; exec \(ProbeRunner.probe) command /bin/sh -c \"$0\""
    let outcome = try ProbeRunner.run(["/bin/sh", "-c", outer, inner], environment: ["LISTEN_FDS": "1"])
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(outcome.status == 0 && lines.count == 8, "\(outcome)")
    guard lines.count == 8 else { return }
    #expect(lines[0] == "five" && lines[1] == "0077" && lines[2].hasSuffix("200") && lines[3] == "pid" && lines[4] == "512", "\(lines)")
    #expect(lines[5] == lines[6], "leader of its own group")
  }
}
