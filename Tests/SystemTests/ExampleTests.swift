import Foundation
import Testing

extension SystemTests {
  /// The folder examples/, as its own texts say to use it. (examples/container/check is run by .ci/run.)
  @Suite struct Examples {
    @Test func aMainCommandWithAServiceBesideIt() throws {
      try sandboxed { box in
        let example = Machine.root + "/examples/main-command"
        let apus = try box.apus(["run", example + "/services", "--", example + "/work"])
        #expect(try apus.waitForEnd() == 42, "\(apus.process.stderr)")
        let lines = apus.process.stdout.split(separator: "\n").map(String.init)
        #expect(lines.filter { $0 != "cache: up" } == ["work: begin", "work: end", "cache: stopped"], "\(lines)")
        #expect(lines.contains("cache: up"))
      }
    }

    @Test(
      .enabled(
        if: Machine.hasNamespaces && DistributionUnits.memcachedUnit != nil && DistributionUnits.cronUnit != nil && Machine.has("busybox"),
        "needs root, memcached, cron and busybox"))
    func memcachedAndCron() throws {
      try sandboxed { box in
        // The script's own command line: what the harness would have run is dropped.
        let script = "shift; APUS_BINARY='\(try Binary.path())' exec \(Machine.root)/examples/memcached/run \"$@\""
        let apus = try box.apus(
          [], wrapper: ["/bin/sh", "-c", script, "sh"], unshareOptions: ["--mount-proc", "--net"],
          setup: "mount -t tmpfs none /run && busybox ip link set lo up")
        try apus.waitUntilReady()
        for unit in ["memcached.service", "cron.service"] { try apus.wait(for: unit, toBe: "active") }
        try apus.send(SIGTERM)
        #expect(try apus.waitForEnd() == 0, "\(apus.process.stderr)")
      }
    }

    /// Checked, planned, run, and its jobs started by hand.
    @Test func crontab() throws {
      let end = try runToEnd([Machine.root + "/examples/crontab/check", try Binary.path()])
      #expect(end.status == 0, "\(end.stderr)")
      #expect(end.stdout.contains("plan: ") && end.stdout.contains("run: "), "\(end.stdout)")
    }

    /// Echo, web server, datagrams, and a configuration that comes from xinetd: started when they are asked for, gone when not.
    @Test(.enabled(if: Network.isPossible && access("/usr/bin/python3", X_OK) == 0, "needs root, namespaces and python3"))
    func onDemand() throws {
      let end = try runToEnd([Machine.root + "/examples/on-demand/check", try Binary.path()], within: 60)
      #expect(end.status == 0, "\(end.stderr)")
      #expect(end.stdout.contains("web: started by its first request, stopped when idle"), "\(end.stdout)")
    }

    /// What the script says of a line that it cannot do. (.ci/run has it do its work.)
    @Test(arguments: [
      (["--nonsense"], "run: --nonsense: not an option"),
      (["--containment=group", "nginx"], "run: --containment=group: not an option"),
      (["nginx", "nosuch"], "run: nosuch: there is no such check; there are: apache2 cron dnsmasq nginx"),
    ])
    func distributionsDaemonsWrongCommandLine(arguments: [String], message: String) throws {
      let end = try runToEnd([Machine.root + "/examples/distro/run"] + arguments)
      #expect(end.status == 64)
      #expect(end.stdout.isEmpty)
      #expect(end.stderr.hasPrefix(message), "\(end.stderr)")
    }

    /// What the scripts of examples/container make is a bundle that runc takes.
    @Test(.enabled(if: Bundle.isPossible, Bundle.notPossible))
    func theContainersContext() throws {
      try sandboxed { box in
        let made = try runToEnd([Machine.root + "/examples/container/bundle", box.path("bundle"), try Binary.path(), "run", "/services"])
        #expect(made.status == 0, "\(made.stderr)")
        for name in ["Dockerfile", "config.json", "rootfs/apus", "rootfs/bin/busybox", "rootfs/services/heartbeat.service"] {
          #expect(access(box.path("bundle/" + name), F_OK) == 0, "\(name) is missing")
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: box.path("bundle/config.json")))
        let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect((document?["process"] as? [String: Any])?["args"] as? [String] == ["/apus", "run", "/services"])
      }
    }
  }
}
