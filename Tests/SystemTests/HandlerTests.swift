import Foundation
import Testing

extension SystemTests {
  /// What an end brings about: handlers, actions of the unit, direct restarts, and units that are upheld by a link.
  @Suite struct Handlers {
    private static func handler(_ file: String) -> String {
      Units.shell("env | grep ^MONITOR_ | sort > \(file).new; mv \(file).new \(file)", "Type=oneshot")
    }

    /// OnFailure= and OnSuccess= are told of whom, how and in which run.
    @Test func handlersAreToldHowItEnded() throws {
      try sandboxed { box in
        try box.write("units/bad.service", Units.shell("exit 3", "Restart=no", more: "[Unit]\nOnFailure=sad.service\n"))
        try box.write("units/killed.service", Units.shell("kill -KILL $$", "Restart=no", more: "[Unit]\nOnFailure=gone.service\n"))
        try box.write("units/good.service", Units.shell("exit 0", "Type=oneshot", more: "[Unit]\nOnSuccess=glad.service\n"))
        for name in ["sad", "gone", "glad"] { try box.write("units/\(name).service", Self.handler(box.path(name))) }
        let apus = try box.run(options: ["--stay"])
        for (handler, unit, result, code, status) in [
          ("sad", "bad", "exit-code", "exited", "3"), ("gone", "killed", "signal", "killed", "KILL"),
          ("glad", "good", "success", "exited", "0"),
        ] {
          try eventually("\(handler): \(apus.process.stderr)") { !box.read(handler).isEmpty }
          let run = try #require(try apus.property("InvocationID", of: "\(unit).service"))
          #expect(run.count == 32)
          #expect(
            box.lines(handler) == [
              "MONITOR_EXIT_CODE=\(code)", "MONITOR_EXIT_STATUS=\(status)", "MONITOR_INVOCATION_ID=\(run)",
              "MONITOR_SERVICE_RESULT=\(result)", "MONITOR_UNIT=\(unit).service",
            ], "\(handler)")
        }
      }
    }

    struct Action: CustomTestStringConvertible {
      var testDescription: String
      var unit: String
      var status: Int32
    }
    static let actions = [
      Action(
        testDescription: "JobTimeoutAction=",
        unit: Units.service(
          "Type=notify", "ExecStart=/bin/sleep 1000", "TimeoutStartSec=infinity",
          more: "[Unit]\nJobTimeoutSec=200ms\nJobTimeoutAction=exit\nFailureActionExitStatus=21\n"), status: 21),
      Action(
        testDescription: "StartLimitAction=",
        unit: Units.shell(
          "exit 9", "Restart=always", "RestartSec=10ms",
          more: "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\nStartLimitAction=exit\n"), status: 9),
    ]

    @Test(arguments: actions) func anActionEndsApus(_ action: Action) throws {
      try sandboxed { box in
        try box.write("units/acts.service", action.unit)
        try box.write("units/keep.service", Units.longRunning)
        let apus = try box.apus(["run", box.path("units")])
        #expect(try apus.waitForEnd() == action.status, "\(apus.process.stderr)")
        #expect(apus.lastWord.contains("acts.service: \(action.testDescription)"), "\(apus.lastWord)")
      }
    }

    /// RestartMode=direct: on the way the unit is neither inactive nor failed for anybody. Whom its end stops it stops either
    /// way, as in systemd, since it is deactivating; no handler is told of an end that is none; who waits for it waits on.
    @Test(arguments: [true, false]) func aDirectRestartPassesNoEnd(_ isDirect: Bool) throws {
      try sandboxed { box in
        let again = box.path("again")
        let script = "[ -e \(again) ] && exec \(try Tools.path("tell")) READY=1 -- sleep 1000; : > \(again); exit 1"
        try box.write(
          "units/base.service",
          Units.shell(
            script, "Type=notify", "Restart=always", "RestartSec=50ms", "RestartMode=\(isDirect ? "direct" : "normal")",
            more: "[Unit]\nOnFailure=told.service\n"))
        try box.write("units/told.service", Self.handler(box.path("told")))
        try box.write(
          "units/needs.service",
          Units.service("ExecStart=/bin/sleep 1000", "Restart=no", more: "[Unit]\nRequires=base.service\nAfter=base.service\n"))
        let apus = try box.run()
        try apus.wait(for: "needs.service", toBe: "active")
        let shown = try apus.properties(of: "base.service")
        #expect(shown["NRestarts"] == "1" && shown["ActiveState"] == "active", "\(shown)")
        let down = shown["InactiveEnterTimestampMonotonic"] ?? shown["InactiveEnterTimestamp"] ?? ""
        #expect((down.isEmpty || down == "0" || down == "n/a") == isDirect, "\(down)")
        #expect(box.read("told").isEmpty)
      }
    }

    /// A link in `.upholds/` is Upholds=.
    @Test func aLinkUpholds() throws {
      try sandboxed { box in
        try box.write("units/a.service", Units.longRunning)
        try box.write("units/b.service", Units.service("ExecStart=/bin/sleep 1000", "Restart=no"))
        _ = try box.folder("units/a.service.upholds")
        try FileManager.default.createSymbolicLink(
          atPath: box.path("units/a.service.upholds/b.service"), withDestinationPath: "../b.service")
        let apus = try box.run()
        try apus.wait(for: "b.service", toBe: "active")
        for _ in 0..<3 {
          let pid = try #require(try apus.mainPid(of: "b.service"))
          kill(pid, SIGKILL)
          try eventually("another b: \(apus.process.stderr)") {
            let now = try apus.mainPid(of: "b.service")
            return now != nil && now != pid
          }
        }
        #expect(apus.process.stderr.contains("a.service upholds it"))
      }
    }
  }
}
