import Foundation
import Testing

extension SystemTests {
  /// The table of `Restart=`: what happened × the seven policies, measured from the real systemd and kept by hand.
  @Suite struct RestartTable {
    static let policies = ["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"]

    struct Row: CustomTestStringConvertible {
      var what: String
      /// One letter for each policy: R restarts, - does not, x is refused at load.
      var cells: String
      /// Ways in which it can happen, as `[Service]` lines.
      var ways: [[String]]
      var result: String?
      var testDescription: String { what }
    }

    static func script(_ text: String) -> String { Units.shell(text).split(separator: "\n")[1].description }

    static let rows: [Row] = [
      Row(
        what: "clean exit → success", cells: "-RR----",
        ways: [
          [script("exit 0")], [script("kill -HUP $$")], [script("kill -INT $$")], [script("kill -TERM $$")], [script("kill -PIPE $$")],
          ["ExecStart=-/bin/sh -c 'exit 5'"], ["ExecStart=-/nowhere/missing"], [script("exit 7"), "SuccessExitStatus=7"],
        ], result: "success"),
      Row(
        what: "exit ≠ 0 → exit-code", cells: "-R-R---",
        ways: [
          [script("exit 1")], [script("exit 143")], ["ExecStart=/nowhere/missing"], ["ExecStart=/bin/true", "User=no-such-user"],
          ["ExecStartPre=/bin/false", "ExecStart=/bin/sleep 100"], ["ExecStart=/bin/sleep 100", "ExecStartPost=/bin/false"],
          ["ExecCondition=/bin/sh -c 'exit 255'", "ExecStart=/bin/sleep 100"],
        ], result: "exit-code"),
      Row(
        what: "another signal → signal", cells: "-R-RRR-",
        ways: [
          [script("kill -KILL $$")], [script("kill -USR1 $$")],
          ["ExecCondition=\(script("kill -KILL $$").dropFirst("ExecStart=".count))", "ExecStart=/bin/sleep 100"],
        ], result: "signal"),
      Row(what: "core dump → core-dump", cells: "-R-RRR-", ways: [[script("kill -SEGV $$"), "LimitCORE=infinity"]], result: "core-dump"),
      Row(
        what: "timeout → timeout", cells: "-R-RR--",
        ways: [
          ["ExecStartPre=/bin/sleep 100", "ExecStart=/bin/true", "TimeoutStartSec=100ms"],
          ["ExecStart=/bin/sleep 100", "ExecStartPost=/bin/sleep 100", "TimeoutStartSec=100ms"],
          ["ExecStart=/bin/sleep 100", "RuntimeMaxSec=100ms"],
        ], result: "timeout"),
      Row(
        what: "EnvironmentFile missing → resources", cells: "-R-RR--",
        ways: [["ExecStart=/bin/true", "EnvironmentFile=/nowhere/environment"]], result: "resources"),
      Row(
        what: "ExecCondition 1..254", cells: "-------",
        ways: [1, 2, 254].map { ["ExecCondition=/bin/sh -c 'exit \($0)'", "ExecStart=/bin/sleep 100"] }),
      Row(what: "oneshot, exit 0", cells: "-xx----", ways: [["Type=oneshot", script("exit 0")]], result: "success"),
      Row(what: "oneshot, exit 1", cells: "-xxR---", ways: [["Type=oneshot", script("exit 1")]], result: "exit-code"),
      Row(what: "oneshot, SIGTERM", cells: "-xxRRR-", ways: [["Type=oneshot", script("kill -TERM $$")]], result: "signal"),
      Row(
        what: "RestartPreventExitStatus=", cells: "-------",
        ways: [
          [script("exit 7"), "RestartPreventExitStatus=7 SIGKILL"], [script("kill -KILL $$"), "RestartPreventExitStatus=7 SIGKILL"],
        ]),
      Row(what: "RestartForceExitStatus=", cells: "RRRRRRR", ways: [[script("exit 7"), "RestartForceExitStatus=7"]]),
    ]

    /// All units of a row at once: three starts are allowed each, so a restart is seen and the machine is not worn out.
    @Test(arguments: rows) func row(_ row: Row) throws {
      try sandboxed { box in
        for (number, way) in row.ways.enumerated() {
          for (policy, cell) in zip(Self.policies, row.cells) where cell != "x" {
            // A folder each: two core dumps in one are one too many for the kernel.
            let folder = try box.folder("cores/w\(number)-\(policy)")
            let lines = way + ["Restart=\(policy)", "RestartSec=10ms", "WorkingDirectory=\(folder)", "TimeoutStopSec=1s"]
            let limit = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=3\n\n"
            try box.write("units/w\(number)-\(policy).service", limit + "[Service]\n" + lines.joined(separator: "\n") + "\n")
          }
        }
        let apus = try box.run(options: ["--stay"])
        var wrong: [String] = []
        for (number, way) in row.ways.enumerated() {
          for (policy, cell) in zip(Self.policies, row.cells) where cell != "x" {
            let unit = "w\(number)-\(policy).service"
            var state: [String: String] = [:]
            // It has come to rest: ended for good, which a restarting one does at its start limit.
            try eventually("\(unit) to rest: \(state["ActiveState"] ?? "?") \(state["SubState"] ?? "?")", within: 30) {
              state = try apus.properties(of: unit)
              return ["inactive", "failed"].contains(state["ActiveState"] ?? "") && state["StateChangeTimestamp"] != ""
            }
            let restarts = state["NRestarts"] ?? "none"
            // As in systemd the one that the limit refuses is counted, too.
            if restarts != (cell == "R" ? "3" : "0") {
              wrong.append("\(way) with Restart=\(policy): \(restarts) restarts, \(state["ActiveState"] ?? "")/\(state["Result"] ?? "")")
            }
            if cell == "-", let result = row.result, state["Result"] != result {
              wrong.append("\(way) with Restart=\(policy): result \(state["Result"] ?? "none"), not \(result)")
            }
          }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
      }
    }

    @Test(arguments: ["always", "on-success"]) func aOneshotRefuses(_ policy: String) throws {
      try sandboxed { box in
        try box.write("units/one.service", Units.service("Type=oneshot", "ExecStart=/bin/true", "Restart=\(policy)"))
        let checked = try runToEnd([try Binary.path(), "check", box.path("units")])
        #expect(checked.status == 78, "\(checked.stdout)\(checked.stderr)")
      }
    }

    @Test(arguments: policies) func aStopByRequestIsNoReason(_ policy: String) throws {
      try sandboxed { box in
        try box.write("units/keep.service", Units.service("ExecStart=/bin/sleep 1000", "Restart=\(policy)", "RestartSec=10ms"))
        let apus = try box.run()
        try apus.wait(for: "keep.service", toBe: "active")
        #expect(try apus.client(["stop", "keep.service"]).status == 0)
        observe(for: 0.15)
        #expect(try apus.property("ActiveState", of: "keep.service") == "inactive")
        #expect(try apus.property("NRestarts", of: "keep.service") == "0")
      }
    }

    /// A stop while the backoff runs ends it; a start there comes at once, and counts restarts anew.
    @Test func stopAndStartInTheBackoff() throws {
      try sandboxed { box in
        try box.write("units/flaky.service", Units.shell("echo x >> \(box.path("log")); exit 1", "RestartSec=1h"))
        let apus = try box.run()
        try eventually("the backoff") { try apus.property("SubState", of: "flaky.service") == "auto-restart" }
        #expect(try apus.property("ActiveState", of: "flaky.service") == "activating")
        let status = try apus.client(["status", "flaky.service"]).stdout
        #expect(status.contains("status=1"), "status does not say how it ended: \(status)")
        #expect(try apus.client(["start", "flaky.service"]).status == 0)
        try eventually("a second run") { box.lines("log").count == 2 }
        try eventually("the backoff") { try apus.property("SubState", of: "flaky.service") == "auto-restart" }
        #expect(try apus.client(["stop", "flaky.service"]).status == 0)
        #expect(try apus.property("SubState", of: "flaky.service") == "dead")
        #expect(box.lines("log").count == 2)
      }
    }

    /// Without a limit in its file a service is started for ever; with one, exactly so often.
    @Test func startLimits() throws {
      try sandboxed { box in
        try box.write("units/ever.service", Units.shell("echo x >> \(box.path("ever")); exit 1", "RestartSec=5ms"))
        let limit = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=3\n"
        try box.write("units/thrice.service", Units.shell("echo x >> \(box.path("thrice")); exit 1", "RestartSec=5ms", more: limit))
        let apus = try box.run()
        try apus.wait(for: "thrice.service", toBe: "failed")
        try eventually("thirty starts") { box.lines("ever").count >= 30 }
        #expect(box.lines("thrice").count == 3)
        let refused = try apus.client(["start", "thrice.service"])
        #expect(refused.status == 1)
        // The first result that is none of success stays.
        #expect(try apus.property("Result", of: "thrice.service") == "exit-code")

        let twice = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n"
        try box.write("units/twice.service", Units.shell("exit 0", "Type=oneshot", more: twice))
        #expect(try apus.client(["apply"]).status == 0)
        // Applying started it once.
        try eventually("its first run") { try apus.property("InactiveEnterTimestamp", of: "twice.service") != "" }
        #expect(try apus.client(["start", "twice.service"]).status == 0)
        #expect(try apus.client(["start", "twice.service"]).status == 1)
        #expect(try apus.property("Result", of: "twice.service") == "start-limit-hit")
        #expect(try apus.client(["reset-failed", "twice.service"]).status == 0)
        #expect(try apus.client(["start", "twice.service"]).status == 0)
      }
    }
  }
}
