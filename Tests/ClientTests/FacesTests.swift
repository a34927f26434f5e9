import Foundation
import Model
import Testing

/// How long ago something was depends on the day of the test.
private func withoutAges(_ text: String) -> String {
  text.replacing(#/[0-9]+ days ago/#, with: "N days ago")
}

@Suite struct FacesTests {
  private func run(
    _ arguments: [String], zone: String = "UTC0", _ answer: @escaping @Sendable (Request) -> Reply = Samples.answer
  ) throws -> (Outcome, [Request]) {
    let folder = Folder()
    let server = try TableServer(folder.path + "/s", answer: answer)
    defer { server.stop() }
    var outcome = try apus(arguments, environment: ["APUS_CONTROL": server.path, "TZ": zone])
    outcome.out = withoutAges(outcome.out)
    return (outcome, server.requests)
  }

  /// What people and programs see, and the exit statuses of units.md e.3.
  @Test func golden() throws {
    let lines = [
      "status", "status web flaky.service", "status broken done dead", "status tick.timer job", "status nope", "status web nope",
      "-q status done",
      "-o json status done", "show web", "show done -p LoadState,ActiveState,SubState", "show flaky -p ExecMainCode -p ExecMainStatus",
      "show --value -p NRestarts web", "show nope -p LoadState", "-o json show nope",
      "show tick.timer -p Timer,Unit,LeftUSec,Runs,LastTriggerUSec",
      "show web flaky -p Id -p NextRestartUSec -p RestartUSecNext", "list-units", "list-units --all", "list-units --no-legend web",
      "list-units --all *e*.service", "list-units -a -t timer,target", "list-units --state=failed,auto-restart", "list-units -o json flaky",
      "list-timers", "list-timers --all --no-legend", "list-timers tick.timer -o json", "list-sockets", "list-sockets --all --show-types",
      "list-sockets web.socket --no-legend", "list-sockets -o json echo.socket", "list-paths", "list-paths --no-legend sp*",
      "list-paths -o json",
      "status echo.socket web.socket spool.path", "show echo.socket -p Listen -p Accept -p NConnections,NAccepted,NRefused,Triggers",
      "show spool.path -p Paths -p Triggers", "show web -p TriggeredBy,Triggers,Listen,Paths", "is-active web", "is-active done",
      "is-active nope",
      "is-active -q web", "is-active done web", "is-failed dead", "is-failed web nope", "is-failed -o json dead", "start web", "start nope",
      "start broken", "start dead", "start --no-block dead", "start --no-block -o json web", "start --job-mode=fail web",
      "start nope broken web",
      "stop web", "restart web", "try-restart web", "reload web", "reload nope", "kill web", "kill -s HUP --kill-whom=main web",
      "kill --kill-whom=control web", "kill nope", "reset-failed", "reset-failed nope", "daemon-reload", "apply", "apply --plan",
      "apply -o json", "exit", "exit 3",
    ]
    var text = ""
    for line in lines {
      let (outcome, _) = try run(line.split(separator: " ").map(String.init))
      text +=
        "$ apus \(line)\n" + outcome.out + outcome.err.split(separator: "\n").map { "2> \($0)\n" }.joined() + "[\(outcome.status)]\n\n"
    }
    expectGolden(text, "faces.txt")
  }

  /// As systemctl: by the clock on the wall where the client runs.
  @Test func localTimes() throws {
    for arguments in [["status", "web"], ["status", "tick.timer"], ["list-timers"], ["show", "web"], ["show", "tick.timer"]] {
      let (there, _) = try run(arguments, zone: "CET-1CEST,M3.5.0,M10.5.0/3")
      #expect(there.out.contains("Thu 2024-02-29 13:34:56 CET") && !there.out.contains("UTC") && there.err.isEmpty, "\(there)")
      let (nowhere, _) = try run(arguments, zone: "Mars/Olympus")
      #expect(nowhere.out == (try run(arguments).0.out) && nowhere.status == there.status)
      #expect(
        nowhere.err == "apus: times are shown in UTC: TZ=Mars/Olympus is no time zone (install the package tzdata, or set TZ=UTC)\n")
      for option in ["-q", "--output=json"] { #expect(try run([option] + arguments, zone: "Mars/Olympus").0.err.isEmpty) }
    }
  }

  /// What goes over the wire.
  @Test func requests() throws {
    func sent(_ line: String) throws -> [Request] { try run(line.split(separator: " ").map(String.init)).1 }
    #expect(try sent("start web") == [.job(.start, unit: bytes("web.service"), mode: .replace, wait: true)])
    #expect(
      try sent("stop --no-block web.timer") == [
        .job(.stop, unit: bytes("web.timer"), mode: .replace, wait: false), .unit(bytes("web.timer")),
      ])
    #expect(try sent("-q stop web") == [.job(.stop, unit: bytes("web.service"), mode: .replace, wait: true)])
    // What can still start it.
    #expect(
      try sent("stop web web.path").suffix(4) == [
        .unit(bytes("web.service")), .unit(bytes("web.socket")), .unit(bytes("web.path")), .unit(bytes("web.path")),
      ])
    #expect(try sent("try-restart --job-mode fail a@b") == [.job(.tryRestart, unit: bytes("a@b.service"), mode: .fail, wait: true)])
    #expect(try sent("start odd/näme&x=1") == [.job(.start, unit: bytes("odd/näme&x=1.service"), mode: .replace, wait: true)])
    #expect(try sent("kill -s RTMIN+3 --kill-who=main web") == [.kill(unit: bytes("web.service"), signal: Signal(37), whom: .main)])
    // A pattern is of the loaded units.
    #expect(
      try sent("stop d?ad.*") == [
        .units, .job(.stop, unit: bytes("dead.service"), mode: .replace, wait: true), .unit(bytes("dead.service")),
      ])
    #expect(try sent("stop no-*") == [.units])
    #expect(try sent("kill web") == [.kill(unit: bytes("web.service"), signal: .terminate, whom: .all)])
    #expect(try sent("reset-failed") == [.units, .resetFailed(unit: bytes("dead.service"))])
    #expect(try sent("exit 3") == [.exit(status: 3)])
    #expect(try sent("exit") == [.exit(status: nil)])
    #expect(try sent("apply --plan") == [.apply(planOnly: true)])
    let many = try sent("start " + (0..<40).map { "u\($0)" }.joined(separator: " "))
    #expect(many.count == 40)
  }

  @Test func applyThatIsRefused() throws {
    let (outcome, _) = try run(["apply"]) { _ in
      .failed(.badConfiguration, message: bytes("1 error"), diagnostics: Samples.diagnostics)
    }
    #expect(outcome.status == 78 && outcome.out.isEmpty)
    #expect(
      outcome.err == """
        /u/a.service:3:9: error: unknown key RestartSecs= (did you mean RestartSec=?)
        /u/b.service: warning: empty file
        apus: cannot apply, nothing was changed: 1 error

        """)
  }

  /// Waits as long as the job takes, for all units at once.
  @Test func waitsForTheAnswer() throws {
    let started = Counter()
    let (outcome, _) = try run(["start", "web", "done", "flaky"]) { request in
      // No answer before all three are there: the client must have sent them all.
      started.increment()
      let deadline = Date().addingTimeInterval(20)
      while started.value < 3, Date() < deadline { usleep(1000) }
      return Samples.answer(request)
    }
    #expect(started.value == 3)
    #expect(outcome == Outcome(status: 0, out: "", err: ""))
  }

  /// Strangers and the dead behind the address: one line, status 1, no hang.
  @Test func serversThatAreNone() throws {
    let answers: [(String, String)] = [
      ("", "closed without an answer"), ("HTTP/1.1 200 OK\r\n", "closed without an answer"),
      ("SSH-2.0-x\r\n\r\n", "does not answer as apus does"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{,}", "the answer is no JSON: a key is no string at byte 1"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", ""),
    ]
    for (answer, message) in answers {
      let folder = Folder()
      let server = try listening(folder.path + "/s")
      let thread = Thread {
        let connection = accept(server, nil, nil)
        var chunk = [UInt8](repeating: 0, count: 4096)
        _ = read(connection, &chunk, chunk.count)
        _ = write(connection, answer, answer.utf8.count)
        close(connection)
      }
      thread.start()
      let outcome = try apus(["list-units", "--no-legend", "--control", folder.path + "/s"])
      close(server)
      #expect(outcome.out.isEmpty && outcome.status == (message.isEmpty ? 0 : 1), "\(answer): \(outcome)")
      #expect(
        (message.isEmpty ? outcome.err.isEmpty : outcome.err.contains(message)) && outcome.err.split(separator: "\n").count <= 1,
        "\(outcome)")
    }
  }
}

/// A number that threads share.
final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  var value: Int { lock.withLock { count } }
  func increment() { lock.withLock { count += 1 } }
}
