import Foundation
import Testing

extension SystemTests {
  /// What a long life must not leave behind.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces)) struct Leaks {
    private struct Belongings: Equatable {
      var descriptors: Int
      var runFolders: [String]
      /// Resident, in kB.
      var memory: Int
    }

    private func look(_ apus: Supervisor) throws -> Belongings {
      let pid = try apus.pid()
      let files = FileManager.default
      let run = "/proc/\(pid)/root/run"
      let folders = (files.enumerator(atPath: run)?.allObjects as? [String] ?? []).sorted()
      let memory = Processes.status(pid)?["RssAnon"].flatMap { Int($0.split(separator: " ")[0]) } ?? 0
      return Belongings(descriptors: try files.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count, runFolders: folders, memory: memory)
    }

    /// A notify service with everything that a run makes, restarted a thousand times.
    @Test func aThousandRestartsLeaveNothing() throws {
      try sandboxed { box in
        let tell = try Tools.path("tell")
        try box.write(
          "units/a.service",
          Units.shell(
            "echo $$ > /run/a.pid; exec \(tell) -d 0 READY=1 FDSTOREREMOVE=1 FDSTORE=1 FDNAME=x -- sh -c \"[ -e \(box.path("stop")) ] && exec sleep 1000\"",
            "Type=notify", "NotifyAccess=all", "PIDFile=/run/a.pid", "RuntimeDirectory=a/b", "FileDescriptorStoreMax=5", "Restart=always",
            "RestartSec=1us"))
        let apus = try box.apus(["run", box.path("units")], setup: "mount -t tmpfs -o mode=755 tmpfs /run")
        try apus.waitUntilReady()
        func restarts() throws -> Int { Int(try apus.property("NRestarts", of: "a.service") ?? "") ?? 0 }
        func rest() throws -> Belongings {
          try box.write("stop", "")
          try apus.wait(for: "a.service", toBe: "active", within: 30)
          // One run that stays: what is there now is what a run has.
          try eventually("one that stays: \(apus.process.stderr.suffix(1000))", within: 30) {
            try apus.mainPid(of: "a.service").flatMap { Processes.one($0)?.command.first } == "sleep"
          }
          return try look(apus)
        }
        try eventually("100 restarts: \(apus.process.stderr.suffix(1000))", within: 60) { try restarts() >= 100 }
        let early = try rest()
        let begin = try restarts()
        try box.remove("stop")
        kill(try #require(try apus.mainPid(of: "a.service")), SIGKILL)
        try eventually("1,000 restarts: \(apus.process.stderr.suffix(1000))", within: 120) { try restarts() >= begin + 1000 }
        let late = try rest()
        #expect(late.descriptors == early.descriptors)
        #expect(late.runFolders == early.runFolders)
        // The ring of messages and the allocator's arenas are full by then; a leak of 200 bytes a run would show.
        #expect(late.memory - early.memory < 200, "\(early) \(late)")
      }
    }
  }
}
