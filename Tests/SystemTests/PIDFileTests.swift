import Foundation
import Testing

extension SystemTests {
  /// Type=forking: PID files, guesses, and main processes that apus did not fork (units.md c.3). The real systemd gave the
  /// same answers to the same files.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct PIDFiles {
    struct Way: CustomTestStringConvertible {
      var containment: String
      /// Without pidfds, and by fork.
      var isOld: Bool
      var testDescription: String { containment + (isOld ? ", an old kernel" : "") }
      func wrapper() throws -> [String] { isOld ? try Ways.old() : [] }
    }
    static let ways =
      Ways.containments.map { Way(containment: $0, isOld: false) }
      + (Tools.has("seccomp-exec") ? [Way(containment: "tag", isOld: true)] : [])

    @Test(arguments: ways) func aDaemonIsFoundAndItsEndIsTold(_ way: Way) throws {
      try sandboxed { box in
        let stop = "while ! [ -e \(box.path("go")) ]; do sleep 0.02; done; exit 4"
        let file = box.path("d.pid")
        let daemon: (String) -> String = { "setsid sh -c \"\(stop)\" & \($0)" }
        func unit(_ script: String, _ lines: String...) -> String {
          Units.shell(script, "Type=forking", "Restart=no", "TimeoutStartSec=20s") + lines.map { $0 + "\n" }.joined()
        }
        try box.write("units/file.service", unit(daemon("echo $! > \(file)"), "PIDFile=\(file)"))
        // It comes after its parent has ended, into a folder that is not there yet.
        try box.write(
          "units/late.service",
          unit(
            daemon("pid=$!; (sleep 0.4; mkdir -p \(box.path("deep/er")); echo $pid > \(box.path("deep/er/l.pid"))) &"),
            "PIDFile=\(box.path("deep/er/l.pid"))"))
        try box.write("units/guess.service", unit(daemon(":")))
        let apus = try box.run(options: ["--containment=\(way.containment)", "--stay"], wrapper: try way.wrapper())
        for name in ["file", "late", "guess"] {
          try apus.wait(for: "\(name).service", toBe: "active", within: 30)
          #expect(try apus.mainPid(of: "\(name).service") != nil, "\(name)")
        }
        #expect(try apus.property("MainPID", of: "file.service") == box.read("d.pid").trimmingCharacters(in: .newlines))
        try box.write("go", "")
        for name in ["file", "late", "guess"] {
          try apus.wait(for: "\(name).service", toBe: "failed")
          #expect(try apus.property("Result", of: "\(name).service") == "exit-code", "\(name)")
          #expect(try apus.property("ExecMainStatus", of: "\(name).service") == "4", "\(name)")
        }
      }
    }

    /// The file names a process that is not the service's.
    @Test(arguments: ways) func whoseFileMayNameAnother(_ way: Way) throws {
      try sandboxed { box in
        try FileManager.default.createDirectory(atPath: box.path("theirs"), withIntermediateDirectories: true)
        // The pid as apus sees it: of a service of its own.
        try box.write("units/outsider.service", Units.shell("echo $$ > \(box.path("outside.pid")); exec sleep 1000", "Restart=no"))
        // root's link is as good as root's file; that of another user is not, wherever it leads.
        let prepare = """
          while ! [ -s \(box.path("outside.pid")) ]; do sleep 0.02; done; cd \(box.folder); ln -s outside.pid rootlink.pid
          ln -s \(box.path("outside.pid")) link.pid; chown -h nobody link.pid; cp outside.pid foreign.pid; chown nobody foreign.pid
          cp outside.pid theirs/x.pid; chown nobody theirs; echo 1 > one.pid; ln -s \(box.path("own")) ownlink.pid; chown -h nobody ownlink.pid
          echo hello > garbage.pid; mkfifo fifo.pid
          """.replacing("\n", with: "; ")
        try box.write("units/prepare.service", Units.service("Type=oneshot", "RemainAfterExit=yes", "ExecStart=/bin/sh -ec '\(prepare)'"))
        let files: [(String, isBelieved: Bool)] = [
          ("outside.pid", true), ("rootlink.pid", true), ("link.pid", false), ("foreign.pid", false), ("theirs/x.pid", false),
          ("one.pid", false), ("ownlink.pid", true), ("garbage.pid", false), ("fifo.pid", false),
        ]
        for (index, (file, _)) in files.enumerated() {
          let script = file == "ownlink.pid" ? "sleep 1000 & echo $! > \(box.path("own"))" : "sleep 1000 & :"
          try box.write(
            "units/f\(index).service",
            Units.shell(
              script, "Type=forking", "PIDFile=\(box.path(file))", "Restart=no", "TimeoutStartSec=2s",
              more: "[Unit]\nAfter=prepare.service"))
        }
        let apus = try box.run(options: ["--containment=\(way.containment)", "--stay"], wrapper: try way.wrapper())
        let outside = { box.read("outside.pid").trimmingCharacters(in: .newlines) }
        for (index, (file, isBelieved)) in files.enumerated() {
          try apus.wait(for: "f\(index).service", toBe: isBelieved ? "active" : "failed", within: 30)
          let main = try apus.property("MainPID", of: "f\(index).service")
          if file == "outside.pid" || file == "rootlink.pid" { #expect(main == outside(), "\(file)") }
          if !isBelieved { #expect(try apus.property("Result", of: "f\(index).service") == "timeout", "\(file)") }
        }
        // The end of one that is no child of the service is noticed.
        #expect(try apus.client(["stop", "outsider.service"]).status == 0)
        for name in ["f0.service", "f1.service"] { try apus.wait(for: name, toBe: "inactive", within: 30) }
      }
    }
  }
}
