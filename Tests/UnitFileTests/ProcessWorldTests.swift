import Model
import Testing

@testable import UnitFile

/// What a command's process gets (units.md c.9–c.11); expectations as systemd 252 answered.
@Suite struct ProcessWorldTests {
  func exec(_ lines: String, name: String = "web.service", strictness: Strictness = .lenient) throws -> ExecSettings {
    try service("[Service]\nExecStart=/bin/true\n" + lines, name: name, strictness: strictness).exec
  }

  static let chown: UInt64 = 1 << 0
  static let kill: UInt64 = 1 << 5

  static let boundingSets: [(String, UInt64?)] = [
    ("", nil), ("CapabilityBoundingSet=", 0), ("CapabilityBoundingSet=~", nil), ("CapabilityBoundingSet=CAP_CHOWN", chown),
    ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=cap_kill CAP_FOO 21", chown | kill | 1 << 21),
    ("CapabilityBoundingSet=~CAP_CHOWN", ~chown), ("CapabilityBoundingSet=~CAP_CHOWN CAP_KILL", ~(chown | kill)),
    ("CapabilityBoundingSet=~CAP_CHOWN\nCapabilityBoundingSet=CAP_CHOWN", nil),
    ("CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL", chown),
    ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=", 0),
  ]

  @Test(arguments: boundingSets)
  func boundingSet(_ lines: String, _ wanted: UInt64?) throws {
    #expect(try exec(lines).privileges.boundingSet?.bits == wanted)
  }

  static let ambientSets: [(String, UInt64?)] = [
    ("", nil), ("AmbientCapabilities=", nil), ("AmbientCapabilities=~", .max), ("AmbientCapabilities=~CAP_CHOWN", ~chown),
    ("AmbientCapabilities=CAP_KILL\nAmbientCapabilities=", nil),
    ("AmbientCapabilities=CAP_KILL\nAmbientCapabilities=CAP_CHOWN", chown | kill),
    ("AmbientCapabilities=CAP_KILL CAP_CHOWN\nAmbientCapabilities=~CAP_CHOWN", kill),
  ]

  @Test(arguments: ambientSets)
  func ambientSet(_ lines: String, _ wanted: UInt64?) throws {
    #expect(try exec(lines).privileges.ambientSet?.bits == wanted)
  }

  @Test func capabilitiesAreNumberedAsTheKernelDoes() {
    let numbers: [(String, UInt8?)] = [
      ("CAP_CHOWN", 0), ("CAP_NET_BIND_SERVICE", 10), ("CAP_NET_ADMIN", 12), ("CAP_SYS_ADMIN", 21), ("CAP_SETFCAP", 31),
      ("CAP_SYSLOG", 34), ("CAP_AUDIT_READ", 37), ("CAP_BPF", 39), ("cap_checkpoint_restore", 40), ("62", 62), ("63", nil), ("CHOWN", nil),
    ]
    for (name, number) in numbers { #expect(CapabilityNames.number(of: Bytes(name)) == number, "\(name)") }
    #expect(CapabilityNames.all.count == 41)
  }

  @Test func secureBitsAreTheKernels() throws {
    #expect(try exec("SecureBits=keep-caps foo noroot").privileges.secureBits == 17)
    #expect(try exec("SecureBits=no-setuid-fixup no-setuid-fixup-locked keep-caps-locked noroot-locked").privileges.secureBits == 0b101110)
    #expect(try exec("SecureBits=noroot\nSecureBits=").privileges.secureBits == 0)
  }

  @Test func scheduling() throws {
    let all = try exec(
      "CPUSchedulingPolicy=rr\nCPUSchedulingPriority=5\nCPUSchedulingResetOnFork=yes\nIOSchedulingClass=idle\nIOSchedulingPriority=9\n"
        + "CPUAffinity=0 2-4,1\nTimerSlackNSec=50ms"
    ).scheduling
    #expect(all.policy == .roundRobin && all.priority == 5 && all.resetOnFork && all.ioClass == 3 && all.ioPriority == nil)
    #expect(all.affinity == [0, 1, 2, 3, 4] && all.timerSlack == 50_000_000)
    #expect(try exec("CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=0").scheduling.priority == 0)
    #expect(try exec("CPUSchedulingPolicy=2").scheduling.priority == 1)
    #expect(try exec("CPUSchedulingPriority=7\nCPUSchedulingPolicy=idle").scheduling.priority == 0)
    let slacks: [(String, UInt64?)] = [("5", 5), ("1us", 1000), ("7ns", 7), ("8 nsec", 8), ("infinity", .max), ("x", nil)]
    for (text, wanted) in slacks { #expect(try exec("TimerSlackNSec=" + text).scheduling.timerSlack == wanted, "\(text)") }
    for bad in ["a-b", "5-2", "1:2", "99999"] { #expect(try exec("CPUAffinity=" + bad).scheduling.affinity == []) }
    #expect(try exec("CPUAffinity=1\nCPUAffinity=\nCPUAffinity=2,,3").scheduling.affinity == [2, 3])
    #expect(try exec("CPUAffinity=1\nCPUAffinity=0").scheduling.affinity == [0, 1])
  }

  @Test func coreDumpsAndPersonality() throws {
    #expect(try exec("CoredumpFilter=private-anonymous 0x3 elf-headers").coredumpFilter == 0x13)
    #expect(try exec("CoredumpFilter=default").coredumpFilter == 0x33)
    #expect(try exec("CoredumpFilter=all").coredumpFilter == .max)
    #expect(try exec("CoredumpFilter=bogus").coredumpFilter == nil)
    #expect(try exec("Personality=x86").personality == 8)
    #expect(try exec("Personality=x86-64").personality == 0)
    #expect(try exec("Personality=arm").personality == nil)
  }

  func directories(_ exec: ExecSettings) -> [String] {
    exec.directories.map { settings in
      let names = settings.directories.map { $0.name.shown + ($0.symlink.isEmpty ? "" : ":" + $0.symlink.shown) }
      return Bytes(settings.kind.key).shown + "=" + names.joined(separator: ",")
    }
  }

  @Test func managedDirectories() throws {
    let first = try exec(
      "StateDirectory=st:lnk1\nRuntimeDirectory=a b/c %n d:e ../x /abs f/../g h: . \"\"\nRuntimeDirectoryMode=2755\n"
        + "RuntimeDirectoryPreserve=restart", name: "rd.service")
    #expect(directories(first) == ["RuntimeDirectory=a,b/c,rd.service,d:e,h", "StateDirectory=st:lnk1"])
    #expect(first.directories[0].mode == 0o2755 && first.directories[1].mode == 0o755)
    #expect(first.runtimeDirectoryPreserve == .restart)
    let second = try exec(
      "ConfigurationDirectory=a:b\nStateDirectory=private x:private z:a/../b y:/abs w:v:ro\nRuntimeDirectory=x\\x20y \"a b\" q\\q")
    #expect(directories(second) == ["RuntimeDirectory=x y,a b", "StateDirectory=x:private,w:v"])
    #expect(directories(try exec("StateDirectory=a b\nStateDirectory=\nStateDirectory=c c\nStateDirectory=d")) == ["StateDirectory=c,d"])
    for (text, kept) in [("no", Preservation.no), ("yes", .yes), ("true", .yes), ("restart", .restart)] {
      #expect(try exec("RuntimeDirectoryPreserve=" + text).runtimeDirectoryPreserve == kept)
    }
  }

  @Test func inputFromTheUnit() throws {
    let both = try exec("StandardInputText=hello\\nx \"q\" %%n\nStandardInputText=two\nStandardInputData=aGFs bG8K")
    #expect(both.standardInput == .data && both.standardInputData.shown == "hello\nx \"q\" %n\ntwo\nhallo\n")
    #expect(try exec("StandardInputText=hello\nStandardInput=null").standardInput == .data)
    #expect(try exec("StandardInput=tty\nStandardInputText=x").standardInput == .tty(.wait))
    #expect(try exec("StandardInputText=x\nStandardInputText=\nStandardInputData=YQ==").standardInputData.shown == "a")
    #expect(try exec("StandardInputText=a\\q\nStandardInputData=!!").standardInputData.isEmpty)
    let encoded: [(String, String?)] = [
      ("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("YQ=", nil), ("YQ", nil), ("Y", nil), ("Y===", nil), ("=", nil),
      ("YQ==YQ==", nil),
    ]
    for (text, wanted) in encoded { #expect(Bytes(text).decodedBase64?.shown == wanted, "\(text)") }
  }

  @Test func streamsToDescriptorsAndTerminals() throws {
    let all = try exec(
      "StandardInput=fd\nStandardOutput=fd:%N\nStandardError=fd:\nTTYPath=/dev/x//y\nTTYRows=5\nTTYColumns=x\nTTYReset=yes")
    #expect(all.standardInput == .descriptor([]) && all.standardOutput == .descriptor(Bytes("web")) && all.standardError == .descriptor([]))
    #expect(all.terminal.path.shown == "/dev/x/y" && all.terminal.rows == 5 && all.terminal.columns == nil && all.terminal.reset)
    #expect(try exec("StandardOutput=tty").standardOutput == .tty(.wait))
    #expect(try exec("StandardInput=tty-fail").standardInput == .tty(.fail))
    #expect(try parse("[Service]\nExecStart=/x\nStandardInput=fd:a:b", strictness: .lenient).unit.loadState == .badSetting)
    let socket = try parse("[Service]\nExecStart=/x\nStandardInput=socket", strictness: .lenient)
    #expect(socket.unit.loadState == .loaded && socket.diagnostics.isEmpty)
  }

  @Test func foldersAndUsers() throws {
    #expect(try exec("ExecSearchPath=/a:/b//c\nExecSearchPath=/d:/a").execSearchPath.map { $0.shown } == ["/a", "/b/c", "/d"])
    #expect(try exec("ExecSearchPath=a:/b").execSearchPath.isEmpty)
    #expect(try exec("RootDirectory=/%n//").rootDirectory.shown == "/web.service")
    #expect(try parse("[Service]\nExecStart=/x\nRootDirectory=rel", strictness: .lenient).unit.loadState == .badSetting)
    let dynamic = try exec("DynamicUser=yes\nNoNewPrivileges=no", name: "dy@q.service")
    #expect(dynamic.dynamicUser && dynamic.user.shown == "dy" && dynamic.privileges.noNewPrivileges)
    #expect(try exec("DynamicUser=yes\nUser=foo").user.shown == "foo")
    let hashed = try exec("DynamicUser=yes", name: "dy.x.service").user
    #expect(hashed.starts(with: "_du") && hashed.count == 19)
  }

  // MARK: [X-Apus]

  @Test func readiness() throws {
    let targets: [(String, ProbeTarget)] = [
      ("ReadyFd=3", .descriptor(3)), ("ReadyTcp=80", .tcp(Bytes("80"))), ("ReadyTcp=localhost:80", .tcp(Bytes("localhost:80"))),
      ("ReadyTcp=/run//%N.sock", .tcp(Bytes("/run/web.sock"))), ("ReadyHttp=http://[::1]:8080/", .http(Bytes("http://[::1]:8080/"))),
      ("ReadyExec=-/bin/test -e /run/%N", .exec(command(["/bin/test", "-e", "/run/web"], ignoreFailure: true))),
    ]
    for (line, target) in targets {
      let settings = try service("[Service]\nExecStart=/bin/true\n[X-Apus]\n" + line)
      #expect(settings.ready == ReadySettings(target: target) && settings.health == nil, "\(line)")
    }
    #expect(try service("[Service]\nExecStart=/bin/true\n[X-Apus]\nReadyTcp=1\nReadyTcp=\nReadyFd=4").ready?.target == .descriptor(4))
    #expect(try service("[Service]\nExecStart=/bin/true\n[X-Apus]\nReadyTcp=1\nReadyTcp=2").ready?.target == .tcp(Bytes("2")))
  }

  private func command(_ words: [String], ignoreFailure: Bool) -> ExecCommand {
    var command = ExecCommand(path: Bytes(words[0]), arguments: words.map { Bytes($0) })
    command.ignoreFailure = ignoreFailure
    return command
  }

  @Test func health() throws {
    let settings = try service(
      "[Service]\nExecStart=/bin/true\n[X-Apus]\nHealthHttp=http://localhost/healthz\nHealthIntervalSec=5s\nHealthTimeoutSec=1s\n"
        + "HealthRetries=7\nHealthStartPeriodSec=1min\nHealthAction=exit\nDrainSec=3s")
    let health = try #require(settings.health)
    #expect(health.target == .http(Bytes("http://localhost/healthz")) && health.interval == TimeSpan(seconds: 5))
    #expect(health.timeout == TimeSpan(seconds: 1) && health.retries == 7 && health.startPeriod == TimeSpan(seconds: 60))
    #expect(health.action == .exit && settings.drain == TimeSpan(seconds: 3))
    #expect(try service("[Service]\nExecStart=/x\n[X-Apus]\nHealthTcp=80").health == HealthSettings(target: .tcp(Bytes("80"))))
  }

  @Test(arguments: [
    "[X-Apus]\nReadyTcp=80\nReadyFd=3", "[X-Apus]\nHealthTcp=80\nHealthExec=/x", "Type=oneshot\n[X-Apus]\nReadyTcp=80",
    "Type=notify\n[X-Apus]\nReadyTcp=80", "Type=forking\n[X-Apus]\nReadyFd=3", "Type=oneshot\n[X-Apus]\nHealthTcp=80",
  ])
  func probesThatCannotBe(_ lines: String) throws {
    for strictness in [Strictness.strict, .lenient] {
      let parsed = try parse("[Service]\nExecStart=/bin/true\n" + lines, strictness: strictness)
      #expect(parsed.unit.loadState == .badSetting && parsed.diagnostics.count == 1)
      #expect(parsed.diagnostics[0].line > 0 && parsed.diagnostics[0].severity == (strictness == .strict ? .error : .warning))
    }
  }

  @Test func healthCompanionsNeedAQuestion() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/true\n[X-Apus]\nHealthRetries=3")
    #expect(
      parsed.diagnostics.map { $0.text.shown } == [
        "/etc/apus/web.service:4:15: error: Health…= needs a question: one of HealthTcp=, HealthHttp= and HealthExec="
      ])
  }

  @Test func addresses() {
    for good in [
      "::", "::1", "1::", "1:2:3:4:5:6:7:8", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::a", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
    ] {
      #expect(Bytes(good).isIPv6, "\(good)")
    }
    for bad in [
      "", ":", "1", "1:2", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "g::", "12345::", ":1", "1:", "1.2.3.4", "::1:", ":1::", "1:2:3:4:5:6:7",
    ] {
      #expect(!Bytes(bad).isIPv6, "\(bad)")
    }
    #expect(Bytes("1.2.3.4").isIPv4 && !Bytes("1.2.3").isIPv4 && !Bytes("1.2.3.256").isIPv4 && !Bytes("1.2.3.").isIPv4)
    for good in ["a:1", "a-b.c:65535", "1.2.3.4:80", "[::1]:80"] { #expect(Bytes(good).isHostAndPort(portIsOptional: false), "\(good)") }
    for bad in ["a", "a:0", "a:65536", ":80", "[::1]", "[x]:80", "-a:1", "1.2.3:80", "[::1]80", "[", "a..b:1"] {
      #expect(!Bytes(bad).isHostAndPort(portIsOptional: false), "\(bad)")
    }
  }

  // MARK: what is not enforced

  @Test func oneLineNamesAllThatIsNotEnforced() throws {
    let parsed = try parse(
      "[Service]\nExecStart=/bin/true\nPrivateTmp=yes\nProtectSystem=full\nPrivateDevices=no\nProtectHome=yes\nProtectHome=no\n"
        + "SyslogIdentifier=x\nMemoryMax=infinity\nReadWritePaths=/a\nReadWritePaths=\nRestrictAddressFamilies=none\nPrivateTmp=true\n")
    #expect(
      parsed.diagnostics.map { $0.text.shown } == [
        "/etc/apus/web.service: notice: not enforced in this container: PrivateTmp=, ProtectSystem=, RestrictAddressFamilies= "
          + "(apus check --explain says what is done instead)"
      ])
    #expect(parsed.unit.unenforced.map { $0.shown } == ["PrivateTmp", "ProtectSystem", "RestrictAddressFamilies"])
    for key in parsed.unit.unenforced { #expect(explanationOfUnenforced(key)?.isEmpty == false) }
    #expect(explanationOfUnenforced(Bytes("ExecStart")) == nil)
  }

  /// What would show the service another world refuses the unit; haproxy's bind of /dev/log only warns (units.md f.2).
  @Test func whatCannotBeDoneWithoutIsRefused() throws {
    for line in ["TemporaryFileSystem=/var", "RootImage=/x", "BindPaths=/a:/b", "NetworkNamespacePath=/run/netns/x", "LogNamespace=x"] {
      let parsed = try parse("[Service]\nExecStart=/bin/true\n" + line, strictness: .lenient)
      #expect(parsed.unit.loadState == .badSetting && parsed.unit.loadError.shown.contains("226/NAMESPACE"), "\(line)")
      #expect(parsed.diagnostics.map { $0.severity } == [.warning])
    }
    for line in ["BindReadOnlyPaths=/dev/log:/var/lib/haproxy/dev/log", "BindPaths=-/a:/b"] {
      let parsed = try parse("[Service]\nExecStart=/bin/true\n" + line)
      #expect(parsed.unit.loadState == .loaded && parsed.diagnostics.map { $0.severity } == [.warning, .notice], "\(line)")
    }
    #expect(try parse("[Service]\nExecStart=/bin/true\nBindPaths=/a /b:/b").unit.loadState == .loaded)
  }

  @Test func whoManagesGroupsGoesOnAfterAnOutOfMemoryKill() throws {
    #expect(try service("[Service]\nExecStart=/x\nDelegate=yes").oomPolicy == .continue)
    #expect(try service("[Service]\nExecStart=/x\nDelegate=yes\nOOMPolicy=kill").oomPolicy == .kill)
    #expect(try service("[Service]\nExecStart=/x\nDelegate=no").oomPolicy == .stop)
  }
}
