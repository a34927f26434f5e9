import Foundation
import Testing

extension SystemTests {
  /// `Accept=yes`: a process for each connection, by the running binary.
  @Suite(.enabled(if: Network.isPossible, Network.notPossible)) struct OnDemand {
    /// A socket unit that accepts, and its template. The limits on rates are off: a test that means one sets it.
    private func write(_ box: Sandbox, _ listen: String, run command: String, _ more: String..., extra: String = "") throws {
      let lines = ["ListenStream=\(listen)", "Accept=yes", "TriggerLimitIntervalSec=0", "PollLimitIntervalSec=0"] + more
      try box.write(
        "units/each.socket", "[Socket]\n" + lines.joined(separator: "\n") + "\n" + (extra.isEmpty ? "" : "[X-Apus]\n\(extra)\n"))
      try box.write(
        "units/each@.service", Units.service("ExecStart=\(try Tools.path("serve")) \(command)", "StandardInput=socket"))
    }

    @Test func aProcessForEachConnection() throws {
      try sandboxed { box in
        try write(box, "7000", run: "hello %n")
        let net = try Network(box)
        let first = try net.answer("127.0.0.1:7000")
        #expect(first.contains(/^each@0-127\.0\.0\.1:7000-127\.0\.0\.1:[0-9]+\.service$/), "\(first)")
        let second = try net.answer("[fd00::1]:7000")
        #expect(second.contains(/^each@1-.*\.service$/) && second.contains("fd00::1"), "\(second)")
        // A finished instance is forgotten.
        try eventually("no instance is left") { try !net.apus.client(["list-units", "--all", "--no-legend"]).stdout.contains("each@") }
      }
    }

    /// What inetd's servers know of their peer; and that they are no server of LISTEN_FDS.
    @Test func thePeerIsInTheEnvironment() throws {
      try sandboxed { box in
        try write(box, "7000", run: "greet")
        let net = try Network(box)
        let v4 = try net.load("--hold", "--tell", "--from=127.0.0.7", "127.0.0.1:7000", "1")
        #expect(v4.told.first?.contains(/^served 127\.0\.0\.7 [0-9]+ - -$/) == true, "\(v4.told)")
        let v6 = try net.load("--hold", "--tell", "--from=fd00::2", "[fd00::1]:7000", "1")
        #expect(v6.told.first?.contains(/^served fd00::2 [0-9]+ - -$/) == true, "\(v6.told)")
      }
    }

    @Test func aUNIXSocketNamesItsPeer() throws {
      try sandboxed { box in
        try write(box, box.path("each.sock"), run: "hello %i")
        let net = try Network(box)
        let answer = try net.answer(box.path("each.sock"))
        // The client lives in another PID namespace, where its number says nothing: 0.
        #expect(answer.contains(/^0-[0-9]+-0$/), "\(answer)")
      }
    }

    @Test func aThousandInARowAndTwoHundredAtOnce() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello", "MaxConnections=1000")
        let net = try Network(box)
        let row = try net.load("127.0.0.1:7000", "1000")
        #expect(row.served == 1000 && row.lost == 0, "\(row)")
        try write(box, "127.0.0.1:7001", run: "greet", "MaxConnections=1000")
        #expect(try net.apus.client(["apply"]).status == 0)
        _ = try net.answer("127.0.0.1:7001")
        let before = try net.descriptors()
        let crowd = try net.load("--hold", "127.0.0.1:7001", "200", "200")
        #expect(crowd.served == 200 && crowd.lost == 0, "\(crowd)")
        try eventually("all descriptors are given back") { try net.descriptors() <= before }
        print("in a row: \(row)\nat once: \(crowd)")
      }
    }

    /// The default is 64: those beyond are accepted, and see the end.
    /// All connections are made, and what they send is sent, before apus sees the first.
    private func whileStopped(_ net: Network, _ start: () throws -> Running) throws -> Load {
      let pid = try net.apus.pid()
      kill(pid, SIGSTOP)
      defer { kill(pid, SIGCONT) }
      let crowd = try start()
      try net.waitUntilOpen(crowd)
      kill(pid, SIGCONT)
      try crowd.waitForEnd(within: 30)
      return Load(crowd.stdout)
    }

    @Test func exactlyTheSurplusSeesTheEnd() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "greet")
        let net = try Network(box)
        let crowd = try net.load("--hold", "127.0.0.1:7000", "100", "100")
        #expect(crowd.served == 64 && crowd.empty == 36, "\(crowd)")
        try eventually("room again") { try net.load("--hold", "127.0.0.1:7000", "64", "64").served == 64 }
        // Who has got his answer may be there still.
        try eventually("no instance is left") { try !net.apus.client(["list-units", "--no-legend"]).stdout.contains("each@") }
        // Nor does a peer that has spoken by then see a reset.
        let talkers = try whileStopped(net) { try net.startLoad("--open", "--hold", "--send=hello", "127.0.0.1:7000", "100", "100") }
        #expect(talkers.served == 64 && talkers.empty == 36, "\(talkers)")
        // Those who left make room.
        try eventually("room") { try net.load("--hold", "127.0.0.1:7000", "64", "64").served == 64 }
      }
    }

    @Test func maxConnectionsPerSource() throws {
      try sandboxed { box in
        try write(box, "7000", run: "greet", "MaxConnectionsPerSource=3")
        let net = try Network(box)
        let held = try net.startLoad("--open", "--from=127.0.0.2", "127.0.0.1:7000", "5", "5")
        try net.waitUntilOpen(held)
        // The first source's limit is not the others'.
        for source in ["127.0.0.3", "127.0.0.4"] {
          let other = try net.load("--hold", "--from=\(source)", "127.0.0.1:7000", "4", "4")
          #expect(other.served == 3 && other.empty == 1, "\(source): \(other)")
        }
        let v6 = try net.load("--hold", "--from=fd00::1", "[fd00::1]:7000", "4", "4")
        #expect(v6.served == 3 && v6.empty == 1, "\(v6)")
        held.send(SIGTERM)
        try held.waitForEnd()
        #expect(Load(held.stdout).served == 3 && Load(held.stdout).empty == 2, "\(held.stdout)")
      }
    }

    /// The most specific range decides, a tie denies; v4 peers of a dual-stack socket are v4.
    @Test(arguments: [
      ("AccessAllow=127.0.0.0/24 fd00::1", ["127.0.0.2", "fd00::1"], ["127.0.1.2", "fd00::2"]),
      ("AccessDeny=127.0.0.2 fd00::/127", ["127.0.0.3", "fd00::2"], ["127.0.0.2", "fd00::1"]),
      ("AccessAllow=127.0.0.2\nAccessDeny=127.0.0.0/8", ["127.0.0.2"], ["127.0.0.3", "fd00::1"]),
      ("AccessAllow=127.0.0.0/8\nAccessDeny=127.0.0.2", ["127.0.0.3"], ["127.0.0.2"]),
      ("AccessAllow=127.0.0.2\nAccessDeny=127.0.0.2\nAccessAllow=fd00::/16", ["fd00::1"], ["127.0.0.2", "127.0.0.3"]),
    ])
    func access(rules: String, allowed: [String], denied: [String]) throws {
      try sandboxed { box in
        try write(box, "7000", run: "hello", extra: rules)
        let net = try Network(box)
        func load(_ source: String) throws -> Load {
          try net.load("--from=\(source)", source.contains(":") ? "[fd00::1]:7000" : "127.0.0.1:7000", "1")
        }
        for source in allowed { #expect(try load(source).served == 1, "\(source) is allowed by \(rules)") }
        for source in denied { #expect(try load(source).empty == 1, "\(source) is denied by \(rules)") }
      }
    }

    /// A flood from one address waits; others do not notice.
    @Test func theSourceLimitSlowsOneSource() throws {
      try sandboxed { box in
        try write(
          box, "127.0.0.1:7000", run: "hello", "MaxConnections=1000", extra: "SourceLimitIntervalSec=1s\nSourceLimitBurst=5")
        let net = try Network(box)
        let flood = try net.startLoad("--from=127.0.0.2", "127.0.0.1:7000", "20", "20")
        for other in 3...8 {
          let served = try net.load("--from=127.0.0.\(other)", "127.0.0.1:7000", "2", "2")
          #expect(served.served == 2 && served.longest < 1, "127.0.0.\(other): \(served)")
        }
        try flood.waitForEnd(within: 30)
        let slowed = Load(flood.stdout)
        // Five at once, fifteen at five a second.
        #expect(slowed.served == 20 && slowed.lost == 0, "\(slowed)")
        #expect(slowed.seconds > 2.5, "\(slowed)")
      }
    }

    /// Who connected first is served first, with as many waiting as the kernel lets wait.
    @Test func aFullQueueIsServedInOrder() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello %i", "MaxConnections=2000")
        let net = try Network(box, setup: "echo 1024 > /proc/sys/net/core/somaxconn")
        _ = try net.answer("127.0.0.1:7000")
        try net.apus.send(SIGSTOP)
        let load = try net.startLoad("--open", "--tell", "127.0.0.1:7000", "1024", "1024")
        try net.waitUntilOpen(load)
        try net.apus.send(SIGCONT)
        try load.waitForEnd(within: 60)
        let result = Load(load.stdout)
        #expect(result.served == 1024 && result.lost == 0, "\(result)")
        let numbers = result.told.compactMap { $0.dropFirst("served ".count).split(separator: "-").first.flatMap { Int($0) } }
        #expect(numbers == Array(1...1024), "\(numbers.prefix(20))")
      }
    }

    /// With all descriptors used, connections wait: nothing spins, nothing is lost, and it goes on by itself.
    @Test func withoutDescriptorsAcceptingPauses() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello", "MaxConnections=1000")
        let net = try Network(box)
        _ = try net.answer("127.0.0.1:7000")
        try eventually("no instance") { try !net.apus.client(["list-units", "--no-legend"]).stdout.contains("each@") }
        // No number below the limit is free.
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(try net.apus.pid())/fd").compactMap { Int($0) }
        let free = (0...).first { !numbers.contains($0) } ?? 0
        func limit(_ number: Int) throws {
          let done = try runToEnd(["prlimit", "--pid", "\(try net.apus.pid())", "--nofile=\(number):4096"])
          guard done.status == 0 else { throw Failure(done.stderr) }
        }
        try limit(free)
        let crowd = try net.startLoad("--open", "127.0.0.1:7000", "100", "100")
        try net.waitUntilOpen(crowd)
        let before = try net.processorTime()
        observe(for: 2)
        let used = try net.processorTime() - before
        print("processor time of a paused listener: \(String(format: "%.1f", used / 2 * 100)) % of one processor")
        #expect(used < 1, "\(used) s of 2 s: it spins")
        #expect(!crowd.hasEnded, "nobody was sent away: \(crowd.stdout)")
        try limit(1024)
        try crowd.waitForEnd(within: 30)
        let result = Load(crowd.stdout)
        #expect(result.served == 100 && result.lost == 0, "\(result); \(net.apus.process.stderr.suffix(2000))")
      }
    }

    /// The same by its own doing: more are accepted in one turn than there is room for.
    @Test func withFewDescriptorsACrowdIsServed() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello", "MaxConnections=1000")
        let net = try Network(box, wrapper: ["prlimit", "--nofile=64:64", "--"])
        let crowd = try net.load("127.0.0.1:7000", "300", "150")
        #expect(crowd.served == 300 && crowd.lost == 0, "\(crowd); \(net.apus.process.stderr.suffix(2000))")
      }
    }

    @Test func theTriggerLimitIsTheEnd() throws {
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello", "TriggerLimitIntervalSec=60", "TriggerLimitBurst=5")
        let net = try Network(box, options: ["--stay"])
        let load = try net.load("127.0.0.1:7000", "10")
        #expect(load.served == 5 && load.lost == 5, "\(load)")
        try net.apus.wait(for: "each.socket", toBe: "failed")
        #expect(try net.apus.property("Result", of: "each.socket") == "trigger-limit-hit")
        #expect(try net.load("127.0.0.1:7000", "1").refused == 1)
        #expect(try net.apus.client(["start", "each.socket"]).status == 0)
      }
    }

    @Test func rearmSecMakesItAPause() throws {
      try sandboxed { box in
        try write(
          box, "127.0.0.1:7000", run: "hello", "TriggerLimitIntervalSec=60", "TriggerLimitBurst=5", extra: "RearmSec=500ms")
        let net = try Network(box)
        let load = try net.load("127.0.0.1:7000", "12")
        // One that comes when the limit is hit may see the end; those who come in the pause wait.
        #expect(load.served >= 10 && load.refused == 0 && load.seconds > 0.95, "\(load)")
        #expect(try net.apus.property("ActiveState", of: "each.socket") == "active")
        // And all at once: three rounds, each of the limit and the one that hits it.
        observe(for: 0.6)
        let crowd = try net.load("127.0.0.1:7000", "17", "17")
        #expect(crowd.served == 17 && crowd.lost == 0 && crowd.seconds > 0.95, "\(crowd)")
      }
    }

    /// By the clock of the machine, hours away from the times' ends.
    @Test(arguments: [true, false]) func accessTimes(isOpen: Bool) throws {
      let isMorning = Calendar.current.component(.hour, from: Date()) < 12
      let times = isMorning ? ["18:00-24:00", "00:00-18:00"] : ["04:00-06:00", "06:00-04:00"]
      try sandboxed { box in
        try write(box, "127.0.0.1:7000", run: "hello", extra: "AccessTimes=\(times[isOpen ? 1 : 0])")
        let net = try Network(box)
        let load = try net.load("127.0.0.1:7000", "5")
        #expect(isOpen ? load.served == 5 : load.empty == 5, "\(load)")
      }
    }

    @Test func bannersAreSent() throws {
      try sandboxed { box in
        for name in ["Banner", "BannerSuccess", "BannerFail"] { try box.write(name, "\(name)\n") }
        let lines = ["Banner", "BannerSuccess", "BannerFail"].map { "\($0)=\(box.path($0))" }.joined(separator: "\n")
        try write(box, "127.0.0.1:7000", run: "hello", extra: lines + "\nAccessDeny=127.0.0.2")
        let net = try Network(box)
        let served = try net.load("--tell", "127.0.0.1:7000", "1").told.first ?? ""
        #expect(served.hasPrefix("served Banner|BannerSuccess|"), "\(served)")
        // What it has sent first does not take the banner away.
        for sends in ["--send=", "--send=hello"] {
          let denied = try whileStopped(net) {
            try net.startLoad("--open", "--tell", sends, "--from=127.0.0.2", "127.0.0.1:7000", "20", "20")
          }
          #expect(denied.told == [String](repeating: "served Banner|BannerFail", count: 20), "\(denied)")
        }
      }
    }
  }
}
