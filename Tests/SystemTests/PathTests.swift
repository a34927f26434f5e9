import Foundation
import Testing

extension SystemTests {
  /// `.path` units.
  @Suite struct Paths {
    /// A path unit, and a service that notes each of its runs, then runs `more`.
    private func run(_ box: Sandbox, _ path: String, then more: String = "", options: [String] = []) throws -> Supervisor {
      try box.write("units/spool.path", "[Path]\n\(path)\n")
      try box.write(
        "units/spool.service",
        Units.shell("echo \"$TRIGGER_UNIT $TRIGGER_PATH\" >> \(box.path("runs")); \(more)", "Type=oneshot"))
      let apus = try box.run(options: options)
      try apus.wait(for: "spool.path", toBe: "active")
      return apus
    }

    private func runs(_ box: Sandbox, toBe count: Int) throws {
      try eventually("\(count) runs, not \(box.lines("runs").count)") { box.lines("runs").count == count }
    }

    /// A level: it holds, or not; looked at again when the service has ended.
    @Test(arguments: [("PathExists", "spool/job"), ("PathExistsGlob", "spool/jo?")])
    func exists(key: String, path: String) throws {
      try sandboxed { box in
        _ = try box.folder("spool")
        // Three times as long as it takes, then it is removed.
        let more = "[ $(wc -l < \(box.path("runs"))) -lt 3 ] || rm -f \(box.path("spool/job"))"
        let apus = try run(box, "\(key)=\(box.path(path))", then: more)
        #expect(box.read("runs").isEmpty)
        try box.write("spool/job", "")
        try runs(box, toBe: 3)
        try apus.wait(for: "spool.service", toBe: "inactive")
        try eventually("waiting") { try apus.property("SubState", of: "spool.path") == "waiting" }
        #expect(box.lines("runs").first == "spool.path \(box.path("spool/job"))", "\(box.lines("runs"))")
        // One more: the count is three already.
        try box.write("spool/job", "")
        try runs(box, toBe: 4)
      }
    }

    @Test func existsAtBoot() throws {
      try sandboxed { box in
        try box.write("spool/job", "")
        _ = try run(box, "PathExists=\(box.path("spool/job"))", then: "rm -f \(box.path("spool/job"))")
        try runs(box, toBe: 1)
      }
    }

    /// Folders above it that are not there yet.
    @Test func existsDeepDown() throws {
      try sandboxed { box in
        let apus = try run(box, "PathExists=\(box.path("a/b/c/job"))", then: "rm -rf \(box.path("a"))")
        for round in 1...3 {
          try eventually("waiting") { try apus.property("SubState", of: "spool.path") == "waiting" }
          _ = try box.folder("a/b/c")
          try box.write("a/b/c/job", "")
          try runs(box, toBe: round)
        }
      }
    }

    /// Only what happens counts: a close after writing, not the write.
    @Test(arguments: ["PathChanged", "PathModified"])
    func changes(key: String) throws {
      try sandboxed { box in
        try box.write("file", "one\n")
        let apus = try run(box, "\(key)=\(box.path("file"))")
        #expect(box.read("runs").isEmpty, "an event, not a level")
        let descriptor = open(box.path("file"), O_WRONLY | O_APPEND | O_CLOEXEC)
        #expect(write(descriptor, "two\n", 4) == 4)
        if key == "PathModified" {
          try runs(box, toBe: 1)
          try apus.wait(for: "spool.service", toBe: "inactive")
        } else {
          observe(for: 0.3)
          #expect(box.read("runs").isEmpty, "a write is no change yet")
        }
        let before = box.lines("runs").count
        close(descriptor)
        try runs(box, toBe: before + 1)
        #expect(box.lines("runs").last == "spool.path \(box.path("file"))")
      }
    }

    /// A file that is not there is watched by its folder, and one that is replaced is watched on.
    @Test func aFileThatComesAndGoes() throws {
      try sandboxed { box in
        let apus = try run(box, "PathChanged=\(box.path("file"))")
        for _ in 1...3 {
          let before = box.lines("runs").count
          // Written beside and renamed.
          try box.write("file", "text\n")
          try eventually("a run more than \(before)") { box.lines("runs").count > before }
          try eventually("waiting") { try apus.property("SubState", of: "spool.path") == "waiting" }
        }
      }
    }

    @Test func directoryNotEmpty() throws {
      try sandboxed { box in
        let apus = try run(
          box, "DirectoryNotEmpty=\(box.path("deep/spool"))\nMakeDirectory=yes\nDirectoryMode=0700",
          then: "rm -f \(box.path("deep/spool"))/*")
        var info = stat()
        #expect(lstat(box.path("deep/spool"), &info) == 0 && info.st_mode & 0o777 == 0o700)
        for round in 1...3 {
          try box.write("deep/job", "")
          #expect(rename(box.path("deep/job"), box.path("deep/spool/job")) == 0)
          try runs(box, toBe: round)
          try eventually("waiting") { try apus.property("SubState", of: "spool.path") == "waiting" }
        }
      }
    }

    @Test func theTriggerLimit() throws {
      try sandboxed { box in
        let apus = try run(
          box, "PathExists=\(box.path("job"))\nTriggerLimitIntervalSec=60\nTriggerLimitBurst=5", options: ["--stay"])
        try box.write("job", "")
        try apus.wait(for: "spool.path", toBe: "failed")
        #expect(try apus.property("Result", of: "spool.path") == "trigger-limit-hit")
        #expect(box.lines("runs").count == 5)
      }
    }

    /// `Unit=`: another service, which other paths may start as well.
    @Test func anotherUnit() throws {
      try sandboxed { box in
        for name in ["one", "two"] { try box.write("units/\(name).path", "[Path]\nPathExists=\(box.path(name))\nUnit=both.service\n") }
        try box.write(
          "units/both.service",
          Units.shell("echo $TRIGGER_PATH >> \(box.path("runs")); rm -f \(box.path("one")) \(box.path("two"))", "Type=oneshot"))
        let apus = try box.run()
        for name in ["one", "two"] {
          // The run before removes both, the new one as well if that is there by then.
          try apus.wait(for: "both.service", toBe: "inactive")
          let before = box.lines("runs").count
          try box.write(name, "")
          try eventually("a run") { box.lines("runs").count > before }
          #expect(box.lines("runs").last == box.path(name))
        }
      }
    }
  }
}
