import Foundation
import Testing

extension SystemTests {
  /// What a newcomer sees first: `apus run services`, as README says.
  @Suite struct ServicesFolder {
    static let folder = Machine.root + "/services"

    /// The times in lines of that beginning, seconds since 1970.
    static func times(_ text: String, _ beginning: String) -> [Double] {
      text.split(separator: "\n").compactMap { line in
        guard line.hasPrefix(beginning) else { return nil }
        return Double(line.dropFirst(beginning.count).prefix { $0.isNumber || $0 == "." })
      }
    }

    /// How long the folder is watched.
    static var seconds: Double { Machine.runsLong ? 60 : 12 }

    @Test func servicesRunJobsKeepTheirGridAndCtrlCStopsAll() throws {
      try sandboxed { box in
        let started = Date().timeIntervalSince1970
        let apus = try box.apus(["run", Self.folder], wrapper: Machine.undisturbed)
        _ = try apus.pid()
        let end = monotonic() + Self.seconds + 0.5
        while monotonic() < end, !apus.process.hasEnded { poll(nil, 0, 50) }
        #expect(!apus.process.hasEnded, "\(apus.process.stderr)")
        let text = apus.process.stdout
        #expect(text.contains("heartbeat: up"))

        try backoff(Self.times(text, "flaky: started at "))
        for interval in [2.0, 5, 10] { try grid(Self.times(text, "every \(Int(interval)) s: "), interval: interval, started: started) }
        let begins = Self.times(text, "overlap: begin at ")
        #expect(begins.count >= Int((Self.seconds - 3) / 9), "\(begins)")
        for (one, next) in zip(begins, begins.dropFirst()) { #expect(next - one > 7, "two runs at a time: \(begins)") }
        #expect(apus.process.stderr.contains("overlap.service"), "no skip was said: \(apus.process.stderr)")

        try apus.send(SIGINT)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
      }
    }

    /// Delay i is 0.1 s · (30 s / 0.1 s)^((i-1)/8), and what a busy machine takes.
    private func backoff(_ starts: [Double]) throws {
      let expected = (0..<8).map { 0.1 * pow(300, Double($0) / 8) }
      let delays = zip(starts, starts.dropFirst()).map { $1 - $0 }
      try #require(delays.count >= 5, "only \(starts.count) starts of the flaky service")
      for (delay, expected) in zip(delays, expected) {
        #expect(delay > expected * 0.95 && delay < expected * 1.2 + 1, "a delay of \(delay) s instead of \(expected) s; all: \(delays)")
      }
    }

    /// Run k at anchor + k · interval: most within 20 ms, and none moves those after it. The anchor is that of the promptest run.
    private func grid(_ runs: [Double], interval: Double, started: Double) throws {
      #expect(abs(runs.count - Int(Self.seconds / interval)) <= 1, "every \(interval) s: \(runs.count) runs")
      let anchors = runs.enumerated().map { $1 - Double($0 + 1) * interval }
      guard let least = anchors.min(), let most = anchors.max() else { return }
      let middle = anchors.sorted()[anchors.count / 2]
      #expect(middle - least <= 0.020 && most - least < 1, "every \(interval) s: anchors \(anchors.map { $0 - started })")
      #expect(least - started > -0.05 && least - started < 10, "every \(interval) s: anchored \(least - started) s after the start")
    }

    /// At a terminal, Ctrl-C is what people type.
    @Test(arguments: [true, false]) func ctrlCAtATerminal(asInit: Bool) throws {
      try sandboxed { box in
        guard !asInit || Machine.hasNamespaces else { return }
        let terminal = try Terminal()
        let apus = try box.apus(["run", Self.folder], asInit: asInit, terminal: terminal.path)
        var seen = ""
        try eventually("the services; seen: \(seen)") {
          seen += terminal.read()
          return seen.contains("heartbeat: up") && seen.contains("flaky: started")
        }
        terminal.type("\u{3}")
        try eventually("the end; seen: \(seen.suffix(1000))") {
          seen += terminal.read()
          return apus.process.hasEnded
        }
        #expect(apus.process.status == 0, "\(seen.suffix(1000))")
      }
    }

    /// The folder is free of findings, and the files that README shows are those of the folder.
    @Test func checkFindsNothing() throws {
      let checked = try runToEnd([try Binary.path(), "check", Self.folder])
      #expect(checked.status == 0)
      #expect(checked.stderr == "")
    }
  }
}
