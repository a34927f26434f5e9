import Foundation
import Testing

extension SystemTests {
  /// Debian's own packages under their own unit files, as examples/memcached runs them.
  @Suite(.enabled(if: Machine.hasNamespaces, Machine.noNamespaces))
  struct DistributionUnits {
    static func unit(_ name: String) -> String? {
      ["/lib/systemd/system/", "/usr/lib/systemd/system/"].map { $0 + name }.first { path in access(path, R_OK) == 0 }
    }
    static let memcachedUnit = unit("memcached.service")
    static let cronUnit = unit("cron.service")
    static let containments = Machine.cgroup2 == nil ? ["tag"] : ["cgroup", "tag"]

    /// In a network of its own, with nothing but loopback.
    private func loopback(_ apus: Supervisor, _ request: String) throws -> String {
      let script = "exec 3<>/dev/tcp/127.0.0.1/11211 && printf '\(request)\\r\\nquit\\r\\n' >&3 && cat <&3"
      return try runToEnd(["nsenter", "--target", "\(try apus.pid())", "--net", "--", "bash", "-c", script]).stdout
    }

    @Test(
      .enabled(if: memcachedUnit != nil && Machine.has("memcached") && Machine.has("busybox"), Machine.missing("memcached (or busybox)")),
      arguments: containments)
    func memcached(_ containment: String) throws {
      try sandboxed { box in
        try box.write("units/memcached.service", String(contentsOfFile: Self.memcachedUnit ?? "", encoding: .utf8))
        let apus = try box.apus(
          ["run", "--containment=\(containment)", box.path("units")], unshareOptions: ["--mount-proc", "--net"],
          setup: "mount -t tmpfs none /run && \(Machine.root)/examples/memcached/prepare && busybox ip link set lo up")
        try apus.waitUntilReady()
        try eventually("memcached to answer; stderr: \(apus.process.stderr)") { try loopback(apus, "stats").contains("STAT pid ") }
        let first = try #require(try apus.mainPid(of: "memcached.service"))
        #expect(Processes.one(first)?.uid != 0, "it runs as root")

        kill(first, SIGKILL)
        try eventually("another memcached") {
          let pid = try apus.mainPid(of: "memcached.service")
          return pid != nil && pid != first
        }
        try eventually("memcached to answer again") { try loopback(apus, "stats").contains("STAT pid ") }
        #expect(try apus.property("NRestarts", of: "memcached.service") == "1")
        let second = try #require(try apus.mainPid(of: "memcached.service"))

        let stopped = try apus.client(["stop", "memcached.service"])
        #expect(stopped.status == 0)
        #expect(stopped.seconds < 30)
        for pid in [first, second] { #expect(!Processes.isAlive(pid), "\(pid) is left") }
        let left = Processes.inNamespace(of: try apus.pid()).filter { $0.command.first?.hasSuffix("memcached") == true }
        #expect(left.isEmpty, "\(left)")
      }
    }

    @Test(.enabled(if: cronUnit != nil && Machine.has("cron"), Machine.missing("cron")), arguments: containments)
    func cron(_ containment: String) throws {
      try sandboxed { box in
        try box.write("units/cron.service", String(contentsOfFile: Self.cronUnit ?? "", encoding: .utf8))
        // Its PID file would be the machine's: a /run of its own.
        let apus = try box.apus(
          ["run", "--containment=\(containment)", box.path("units")], unshareOptions: ["--mount-proc"],
          setup: "mount -t tmpfs none /run")
        try apus.waitUntilReady()
        try apus.wait(for: "cron.service", toBe: "active")
        let pid = try #require(try apus.mainPid(of: "cron.service"))
        #expect(Processes.one(pid)?.command.first == "/usr/sbin/cron")
        #expect(try apus.client(["stop", "cron.service"]).status == 0)
        #expect(!Processes.isAlive(pid))
      }
    }
  }
}
