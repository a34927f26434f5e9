import Model
import Testing

@testable import Runtime
@testable import Supervision

/// Conditions that look at the host; the expected answers are systemd 252's, as PID 1 of such a container.
@Suite struct HostConditionTests {
  private static let files: [String: String] = [
    "/proc/sys/kernel/osrelease": "6.18.44-fc-v669\n", "/proc/sys/kernel/hostname": "Oracle\n", "/.dockerenv": "",
    "/proc/1/cmdline": "/sbin/apus\0run\0quiet\0a.b=c\0", "/proc/cmdline": "root=/dev/vda quiet splash\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/proc/self/status": "Name:\tapus\nCapBnd:\t00000000a80425fb\nCpus_allowed_list:\t0-1,4\n",
    "/proc/meminfo": "MemTotal:        8000000 kB\nMemFree: 1 kB\n", "/sys/fs/cgroup/memory.max": "1073741824\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset io memory\n", "/proc/self/loginuid": "0",
    "/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu sse2 pclmulqdq fma xsave constant_tsc\nprocessor\t: 1\n",
    "/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\nNAME=\"Debian GNU/Linux\"\n", "/etc/passwd": "root:x:0:0::/:\ndaemon:x:1:1::/:\n",
    "/etc/group": "root:x:0:\ndaemon:x:1:\n", "/proc/self/uid_map": "         0          0 4294967295\n",
    "/proc/pressure/memory": "some avg10=12.00 avg60=6.50 avg300=0.50 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
    "/sys/module/kvm/initstate": "live\n", "/run/credentials/@system/secret": "x",
  ]

  private func kernel(without: [String] = [], with: [String: String] = [:]) -> StubKernel {
    var kernel = StubKernel()
    for (path, text) in Self.files where !without.contains(path) { kernel.files[Bytes(path.utf8)] = Bytes(text.utf8) }
    for (path, text) in with { kernel.files[Bytes(path.utf8)] = Bytes(text.utf8) }
    kernel.folders[Bytes("/sys/module/kvm")] = [Bytes("initstate")]
    return kernel
  }

  private func holds(_ text: String, _ kernel: StubKernel) -> Bool? {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { Bytes($0.utf8) }
    guard let kind = ConditionKind.allCases.first(where: { parts[0] == $0.name }) else {
      Issue.record("\(text)")
      return nil
    }
    var configuration = SupervisorConfiguration()
    configuration.environment = [Bytes("PATH=/bin"), Bytes("A=b")]
    var kernel = kernel
    return HostConditions(configuration).holds(Condition(kind, parts[1]), &kernel)
  }

  @Test func asSystemdAnswers() {
    let table: [(String, Bool?)] = [
      ("FirstBoot=yes", false), ("FirstBoot=no", true), ("FirstBoot=bogus", nil),
      ("Architecture=x86-64", true), ("Architecture=x86", false), ("Architecture=native", true), ("Architecture=bogus", false),
      ("Firmware=uefi", false), ("Firmware=device-tree", false), ("Firmware=bogus", false),
      ("Virtualization=yes", true), ("Virtualization=no", false), ("Virtualization=container", true), ("Virtualization=vm", false),
      ("Virtualization=docker", true), ("Virtualization=podman", false), ("Virtualization=kvm", false), ("Virtualization=bogus", false),
      ("Virtualization=private-users", false), ("Host=oracle", true), ("Host=ORA*", true), ("Host=ora", false), ("Host=o[a-z]acle", true),
      ("Host=01234567-89ab-cdef-0123-456789abcdef", true), ("Host=0123456789abcdef0123456789abcde0", false),
      ("KernelCommandLine=quiet", true), ("KernelCommandLine=a.b", true), ("KernelCommandLine=a.b=c", true),
      ("KernelCommandLine=a.b=d", false), ("KernelCommandLine=splash", false), ("KernelCommandLine=qui", false),
      ("KernelVersion=*", true), ("KernelVersion=6.*", true), ("KernelVersion=>=5.4", true), ("KernelVersion=>= 5.4", true),
      ("KernelVersion=<5.4", false), ("KernelVersion=>=5.4 <99", true), ("KernelVersion=!=5.4", true), ("KernelVersion=5.4 6.*", false),
      ("KernelVersion=>=", nil), ("KernelVersion=>=5 >=", nil), ("Version=kernel >=5", true), ("Version=>=5", true),
      ("Version=systemd >=1", false), ("KernelModuleLoaded=kvm", true), ("KernelModuleLoaded=nope", false), ("KernelModuleLoaded=a/b", nil),
      ("Capability=CAP_SYS_TIME", false), ("Capability=cap_chown", true), ("Capability=CAP_NET_BIND_SERVICE", true),
      ("Capability=bogus", nil), ("Security=selinux", false), ("Security=audit", true), ("Security=bogus", false),
      ("Security=uefi-secureboot", false), ("ACPower=true", true), ("ACPower=false", false), ("ACPower=bogus", nil),
      ("Memory=1M", true), ("Memory=>= 1M", true), ("Memory=>=1M", true), ("Memory=<1M", false), ("Memory=!=1M", true),
      ("Memory==1G", true), ("Memory=2G", false), ("Memory=bogus", nil), ("CPUs=1", true), ("CPUs=>=3", true), ("CPUs=< 1", false),
      ("CPUs=4", false), ("CPUs=bogus", nil), ("CPUFeature=sse2", true), ("CPUFeature=SSE2", true), ("CPUFeature=pclmul", true),
      ("CPUFeature=fma3", true), ("CPUFeature=osxsave", true), ("CPUFeature=constant_tsc", true), ("CPUFeature=bogus", false),
      ("Environment=PATH", true), ("Environment=NOPE", false), ("Environment=A=b", true), ("Environment=A=c", false),
      ("User=root", true), ("User=0", true), ("User=1", false), ("User=@system", true), ("User=daemon", false), ("User=bogus", false),
      ("Group=root", true), ("Group=0", true), ("Group=1", false), ("Group=daemon", false), ("Group=bogus", false),
      ("ControlGroupController=v2", true), ("ControlGroupController=v1", false), ("ControlGroupController=cpu", false),
      ("ControlGroupController=memory io", true), ("ControlGroupController=cpu memory", false), ("ControlGroupController=bogus", true),
      ("ControlGroupController=bogus cpu", false), ("OSRelease=ID=debian", true), ("OSRelease=ID!=debian", false),
      ("OSRelease=ID=bogus", false), ("OSRelease=VERSION_ID>=11", true), ("OSRelease=VERSION_ID >= 11", nil),
      ("OSRelease=VERSION_ID<11", false), ("OSRelease=VERSION_ID>=11 ID=debian", true), ("OSRelease=ID=debian ID=bogus", false),
      ("OSRelease=NOPE=", nil), ("OSRelease=NOPE=x", false), ("OSRelease=ID", nil), ("Credential=x", false), ("Credential=secret", true),
      ("Credential=../x", nil), ("MemoryPressure=50%", true), ("MemoryPressure=0.4%", false), ("MemoryPressure=0.5%", true),
      ("MemoryPressure=bogus", nil), ("MemoryPressure=5%/1min", false), ("MemoryPressure=7%/1min", true), ("MemoryPressure=50%/2min", nil),
      ("MemoryPressure=11.99%/10s", false), ("CPUPressure=100%", true), ("IOPressure=system.slice:50%", true),
      ("IOPressure=nope.slice:x", nil),
    ]
    for (text, wanted) in table { #expect(holds(text, kernel()) == wanted, "\(text)") }
    for kind in ConditionKind.allCases where !kind.looksAtPath {
      #expect(table.contains { $0.0.hasPrefix(Bytes(kind.name).shown + "=") }, "\(Bytes(kind.name).shown) is not asked")
    }
  }

  /// What apus may run in, and by which mark it is known.
  @Test func containers() {
    let marks: [([String: String], String)] = [
      (["/.dockerenv": ""], "docker"), (["/run/.containerenv": ""], "podman"),
      (["/run/host/container-manager": "systemd-nspawn\n"], "systemd-nspawn"),
      (["/run/systemd/container": "lxc"], "lxc"), (["/run/systemd/container": "oci", "/.dockerenv": ""], "docker"),
      (["/run/systemd/container": "oci"], "container-other"), (["/run/systemd/container": "mystery"], "container-other"),
      (["/proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2"], "wsl"), (["/proc/vz": ""], "openvz"),
      (["/sys/class/dmi/id/sys_vendor": "QEMU\n"], "qemu"), (["/sys/class/dmi/id/sys_vendor": "Amazon EC2"], "amazon"),
      (["/proc/cpuinfo": "flags : fpu hypervisor\n"], "vm-other"), ([:], "none"),
    ]
    for (files, wanted) in marks {
      var kernel = kernel(without: ["/.dockerenv"], with: files)
      let found = Virtualization.detect([], &kernel)
      #expect(found.name.shown == wanted, "\(files)")
      #expect(found.isContainer == !["qemu", "amazon", "vm-other", "none"].contains(wanted))
    }
    var kernel = kernel(without: ["/.dockerenv"])
    #expect(Virtualization.detect([Bytes("container=podman")], &kernel).name == "podman")
    #expect(holds("KernelCommandLine=splash", kernel) == true, "outside of a container it is the kernel's own")
  }

  @Test func powerSupplies() {
    let table: [([(String, [String: String])], Bool)] = [
      ([], true), ([("AC", ["type": "Mains", "online": "1"])], true), ([("AC", ["type": "Mains", "online": "0"])], false),
      ([("AC", ["type": "Mains", "online": "0"]), ("USB", ["type": "USB", "online": "1"])], true),
      ([("BAT0", ["type": "Battery", "status": "Discharging"])], false), ([("BAT0", ["type": "Battery", "status": "Full"])], true),
      ([("mouse", ["type": "Battery", "status": "Discharging", "scope": "Device"])], true),
    ]
    for (supplies, wanted) in table {
      var kernel = kernel()
      kernel.folders[Bytes("/sys/class/power_supply")] = supplies.map { Bytes($0.0.utf8) }
      for (name, files) in supplies {
        for (file, text) in files { kernel.files[Bytes("/sys/class/power_supply/\(name)/\(file)".utf8)] = Bytes("\(text)\n".utf8) }
      }
      #expect(holds("ACPower=yes", kernel) == wanted, "\(supplies)")
    }
  }

  /// The examples of systemd's version specification, and each separator against each.
  @Test func versions() {
    let rising = [
      "~1", "", "ab", "abb", "abc", "0001", "002", "12", "122", "122.9", "123~rc1", "123", "123-a", "123-a.1", "123-a1", "123-a1.1",
      "123-3", "123-3.1", "123^patch1", "123^1", "123.a-1", "123.1-1", "123a-1", "124",
    ]
    for (low, left) in rising.enumerated() {
      for (high, right) in rising.enumerated() {
        let order = versionOrder(Bytes(left.utf8), Bytes(right.utf8))
        #expect((order < 0) == (low < high) && (order > 0) == (low > high), "\(left) \(right): \(order)")
      }
    }
    #expect(versionOrder(Bytes("1_2"), Bytes("1+2")) == 0)
    #expect(versionOrder(Bytes("007"), Bytes("7")) == 0)
  }
}

@Suite struct ConditionCheckerTests {
  private let root = Condition(.user, Bytes("root"))
  private let nobody = Condition(.user, Bytes("nobody"))
  private let path = Condition(.pathExists, Bytes("/x"))
  private let other = Condition(.pathIsDirectory, Bytes("/y"), isNegated: true)
  private func trigger(_ condition: Condition) -> Condition {
    var condition = condition
    condition.isTrigger = true
    return condition
  }

  private func begin(_ conditions: [Condition], _ asserts: [Condition] = []) -> ConditionChecker.Step {
    var kernel = StubKernel()
    let request = CheckRequest(unit: UnitID(1), number: 9, unitName: Bytes("a"), conditions: conditions, asserts: asserts)
    return ConditionChecker(host: HostConditions(SupervisorConfiguration())).begin(request, &kernel)
  }

  @Test func whatNeedsNoHelper() {
    #expect(begin([]) == .done(.met))
    #expect(begin([root, root]) == .done(.met))
    #expect(begin([root, nobody]) == .done(.conditionFailed(nobody)))
    #expect(begin([path, nobody]) == .done(.conditionFailed(nobody)))
    #expect(begin([trigger(nobody), trigger(root)]) == .done(.met))
    #expect(begin([trigger(nobody), trigger(nobody)]) == .done(.conditionFailed(trigger(nobody))))
    #expect(begin([trigger(root), trigger(path)]) == .done(.met))
    #expect(begin([root], [nobody]) == .done(.assertFailed(nobody)))
    #expect(begin([nobody], [nobody]) == .done(.conditionFailed(nobody)))
    let bogus = Condition(.acPower, Bytes("bogus"), isNegated: true)
    #expect(begin([bogus]) == .done(.conditionFailed(bogus)), "what cannot be told fails, negated or not")
    #expect(begin(Array(repeating: path, count: 191)) == .done(.failed(Bytes("it has more than 190 conditions on paths"))))
  }

  @Test func whatAHelperIsAsked() throws {
    guard case .helper(let pending, let arguments) = begin([root, path, trigger(nobody), trigger(path)], [other]) else {
      Issue.record("no helper")
      return
    }
    #expect(arguments == [Bytes("cPathExists=/x"), Bytes("c|PathExists=/x"), Bytes("aPathIsDirectory=!/y")])
    let table: [(Model.ExitStatus, CheckOutcome)] = [
      (.exited(0), .met), (.exited(1), .conditionFailed(path)), (.exited(2), .conditionFailed(trigger(path))),
      (.exited(3), .assertFailed(other)),
    ]
    for (status, outcome) in table { #expect(ConditionChecker.outcome(pending, status) == outcome) }
    for status in [Model.ExitStatus.exited(4), .exited(203), .exited(255), .killed(.kill)] {
      guard case .failed = ConditionChecker.outcome(pending, status) else {
        Issue.record("\(status)")
        continue
      }
    }
    guard case .helper(let second, _) = begin([path], [nobody]) else {
      Issue.record("no helper")
      return
    }
    #expect(ConditionChecker.outcome(second, .exited(0)) == .assertFailed(nobody))
    #expect(ConditionChecker.outcome(second, .exited(1)) == .conditionFailed(path))
  }
}
