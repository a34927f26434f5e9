import Foundation
import Testing

/// The loop's primitives: waiting, signals, messages, files, control connections.
@Suite struct LoopTests {
  @Test func waitIsNeverEarly() throws { try ProbeRunner.expectRight(["wait"]) }
  @Test func everySignalArrives() throws { try ProbeRunner.expectRight(["signals"]) }

  @Test func filesAndGlobs() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["files", scratch.path])
  }

  @Test func controlConnections() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["accept", scratch.path])
  }

  /// stderr is a pipe that nobody reads.
  @Test func aFullPipeDropsAndCounts() throws {
    let errors = Pipe()
    let (process, output) = try ProbeRunner.process([ProbeRunner.probe, "ring"], errors: errors)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    withExtendedLifetime(errors) {}
  }

  /// The same where RWF_NOWAIT is refused: a FIFO opened by its path, and a writer child.
  @Test func aFullFifoDropsAndCounts() throws {
    let scratch = try Scratch()
    let fifo = "\(scratch.path)/fifo"
    mkfifo(fifo, 0o600)
    let outcome = try ProbeRunner.run(["/bin/sh", "-c", "exec 3<>\(fifo) 2>\(fifo); exec \(ProbeRunner.probe) ring 3<&3"])
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test func messagesAreWholeAndInOrder() throws {
    let scratch = try Scratch()
    let expected = (0..<500).map { "line \($0)\n" }.joined()
    for form in ["2>\(scratch.path)/out", "2>>\(scratch.path)/out2", "2>&1 >/dev/null | cat >\(scratch.path)/out3"] {
      let file = form.split(separator: ">").last.map(String.init) ?? ""
      _ = try ProbeRunner.run(["/bin/sh", "-c", "\(ProbeRunner.probe) writer \(form)"])
      #expect(try String(contentsOfFile: file, encoding: .utf8) == expected, "\(form)")
    }
  }

  @Test func whatMayWaitGoesOutTogether() throws {
    let outcome = try ProbeRunner.run([ProbeRunner.probe, "held"])
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  /// A pipe with room, and a file: what one turn says is more than the ring holds.
  @Test func aTurnMaySayMoreThanTheRingHolds() throws {
    let scratch = try Scratch()
    let expected = (0..<4000).map { "line \($0) \(String(repeating: "-", count: 90))\n" }.joined()
    let errors = Pipe()
    #expect(fcntl(errors.fileHandleForWriting.fileDescriptor, 1031, 1 << 20) >= expected.utf8.count, "the pipe is made larger")
    let (process, output) = try ProbeRunner.process([ProbeRunner.probe, "flood"], errors: errors)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    try errors.fileHandleForWriting.close()
    #expect(String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == expected)
    // A file is written by a child, which a busy machine may let wait for longer than the ring lasts; not always.
    for attempt in 1...10 {
      let outcome = try ProbeRunner.run(["/bin/sh", "-c", "exec \(ProbeRunner.probe) flood 2>\(scratch.path)/out"])
      if outcome.status != 0 && attempt < 10 { continue }
      #expect(outcome.status == 0, "\(outcome.output)")
      #expect(try String(contentsOfFile: "\(scratch.path)/out", encoding: .utf8) == expected)
      break
    }
  }

  /// Zero wake-ups: the voluntary context switches of a second are none.
  @Test func idleMeansIdle() throws {
    let (process, output) = try ProbeRunner.process([ProbeRunner.probe, "idle"])
    defer { process.waitUntilExit() }
    var text = ""
    while !text.contains("idle") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
    }
    let pid = try #require(Self.child(of: process.processIdentifier))
    func switches() -> String? {
      try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n").first { $0.hasPrefix("voluntary") }
        .map(String.init)
    }
    func sleeps() -> Bool { (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") S ") == true }
    #expect(ProbeRunner.eventually { sleeps() })
    let before = switches()
    usleep(1_000_000)
    #expect(before != nil && switches() == before)
    kill(pid, SIGTERM)
    text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text.contains("ok ended by"), "\(text)")
  }

  static func child(of pid: Int32) -> Int32? {
    let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
    return text?.split(separator: " ").first.flatMap { Int32($0) }
  }

  @Test func crashesLeaveOneLine() throws {
    for (words, wanted) in [
      (["crash"], "apus: internal error: illegal instruction (a trap)\n"), (["crash", "invariant"], "apus: internal error: tried\n"),
    ] {
      let outcome = try ProbeRunner.run([ProbeRunner.probe] + words)
      #expect(outcome.status == 70 && outcome.errors.hasSuffix(wanted), "\(outcome)")
    }
  }

  /// kill -SEGV from outside is a signal to be forwarded, not a crash.
  @Test func aSentCrashSignalIsASignal() throws {
    let (process, output) = try ProbeRunner.process([ProbeRunner.probe, "crash", "sent"])
    _ = output.fileHandleForReading.availableData
    let pid = try #require(Self.child(of: process.processIdentifier))
    kill(pid, SIGSEGV)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && text.contains("ok a sent SIGSEGV"), "\(text)")
  }

  @Test func diesWithItsParent() throws {
    let scratch = try Scratch()
    let file = "\(scratch.path)/out"
    // The shell in between ends at once.
    let script = "PROBE_DIE=1 \(ProbeRunner.probe) idle >\(file) 2>&1 & until grep -q idle \(file); do sleep 0.01; done"
    _ = try ProbeRunner.run(["/bin/sh", "-c", script])
    #expect(ProbeRunner.eventually { (try? String(contentsOfFile: file, encoding: .utf8))?.contains("ok ended by") == true })
  }

  @Test(arguments: ["path", "abstract"]) func notifySocket(form: String) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["notify", scratch.path, form])
  }
}
