import Foundation
import Model
import Testing

@testable import UnitFile

/// What the keys of a service mean.
@Suite struct ServiceTests {
  @Test func everythingIsRead() throws {
    let contents = Bytes(try Data(contentsOf: BadFilesTests.source.appendingPathComponent("good/everything.service")))
    let parsed = try parse(contents, name: "everything.service")
    #expect(
      parsed.diagnostics.map { $0.text.shown } == [
        "/etc/apus/everything.service: notice: not enforced in this container: PrivateTmp= (apus check --explain says what is done instead)"
      ])
    let unit = parsed.unit
    #expect(unit.loadState == .loaded)
    #expect(unit.description.shown == "Everything for everything on oracle.example")
    #expect(unit.documentation.map { $0.shown } == ["man:everything(8)", "https://example.org/everything"])
    #expect(unit.dependencies[.after].map { $0.bytes.shown } == ["network.target", "database.service"])
    #expect(unit.dependencies[.before].map { $0.bytes.shown } == ["late.service"])
    #expect(unit.dependencies[.wants].map { $0.bytes.shown } == ["database.service"])
    #expect(unit.startLimit.interval == TimeSpan(seconds: 60) && unit.startLimit.burst == 4)
    #expect(unit.failureAction == .exit && unit.failureActionExitStatus == 7)

    guard case .service(let service) = unit.kind else { throw NoSuchKind() }
    #expect(service.type == .exec)
    #expect(service.exec.environment.map { $0.shown } == ["ONE=1", "TWO=2 2", "THREE=everything.service"])
    #expect(service.exec.environmentFiles == [EnvironmentFile(path: Bytes("/etc/default/everything"), optional: true)])
    #expect(service.exec.passEnvironment.map { $0.shown } == ["TZ", "LANG"])
    #expect(service.exec.unsetEnvironment.map { $0.shown } == ["SECRET", "DEBUG=1"])
    #expect(service.condition.count == 1 && service.startPre.count == 1 && service.startPre[0].ignoreFailure)
    #expect(
      service.start[0].arguments.map { $0.shown } == ["everything", "--name=${ONE}", "$TWO", "--quoted", "a b", "c d", ";"])
    #expect(service.start[0].path.shown == "/usr/bin/env")
    #expect(service.startPost.map { $0.path.shown } == ["/bin/true", "/bin/echo"])
    #expect(service.stop[0].noExpansion && service.stopPost[0].fullPrivileges)
    #expect(service.restart == .onFailure && service.restartSource == .unit && service.restartMode == .direct)
    #expect(service.backoff.delay == TimeSpan(milliseconds: 250) && service.backoff.steps == 4)
    #expect(service.backoff.delayMax == TimeSpan(seconds: 60) && service.backoff.resetAfter == TimeSpan(seconds: 60))
    #expect(service.restartPreventExitStatus.codes == [3, 75] && service.restartPreventExitStatus.signals == [.user1])
    #expect(service.restartForceExitStatus.codes == [9] && service.restartForceExitStatus.signals.isEmpty)
    #expect(service.successExitStatus.codes == [143])
    #expect(service.timeoutStart == TimeSpan(seconds: 30) && service.timeoutStop == .infinity)
    #expect(service.timeoutAbort == TimeSpan(seconds: 5) && service.timeoutStopFailureMode == .kill)
    #expect(service.runtimeMax == TimeSpan(seconds: 86400) && service.runtimeRandomizedExtra == TimeSpan(seconds: 3600))
    #expect(service.killMode == .mixed && service.killSignal == .interrupt && service.restartKillSignal == .user1)
    #expect(service.finalKillSignal == .kill && service.sendSIGHUP && service.sendSIGKILL)
    #expect(service.exec.user.shown == "nobody" && service.exec.group.shown == "65534")
    #expect(service.exec.supplementaryGroups.map { $0.shown } == ["audio", "video"])
    #expect(service.exec.workingDirectory.shown == "/srv/data" && service.exec.workingDirectoryOptional)
    #expect(service.exec.umask == 0o027 && service.exec.nice == 5 && service.exec.oomScoreAdjust == -100)
    #expect(!service.exec.ignoreSIGPIPE)
    #expect(service.exec.standardInput == .null && service.exec.standardError == .inherit)
    #expect(service.exec.standardOutput == .append(Bytes("/var/log/everything.log")))
    let limits = service.exec.limits.map { "\($0.resource.key)=\($0.limit.soft):\($0.limit.hard)" }
    #expect(
      limits == [
        "LimitNOFILE=1024:65536", "LimitCORE=\(UInt64.max):\(UInt64.max)", "LimitCPU=60:60", "LimitNPROC=64:64",
        "LimitMEMLOCK=1572864:1572864", "LimitRTTIME=500000:500000", "LimitNICE=15:15",
      ])
  }

  @Test func everyDependencyAndConditionIsRead() throws {
    let contents = Bytes(try Data(contentsOf: BadFilesTests.source.appendingPathComponent("good/daemon.service")))
    let parsed = try parse(contents, name: "daemon.service")
    #expect(parsed.diagnostics.isEmpty)
    let unit = parsed.unit
    let expected: [(ReferenceKind, String)] = [
      (.requires, "old.service"), (.requisite, "base.service"), (.bindsTo, "disk.service"), (.partOf, "web.target group.target"),
      (.upholds, "helper.service"), (.conflicts, "other.service"), (.onFailure, "alarm@daemon.service.service"),
      (.onSuccess, "cheer.service"), (.propagatesReloadTo, "child.service oldchild.service"),
      (.reloadPropagatedFrom, "parent.service oldparent.service"), (.propagatesStopTo, "tail.service"),
      (.stopPropagatedFrom, "head.service"), (.wants, ""), (.after, ""), (.before, ""), (.trigger, ""),
    ]
    #expect(expected.count == ReferenceKind.allCases.count)
    for (kind, names) in expected {
      #expect(unit.dependencies[kind].map { $0.bytes.shown }.joined(separator: " ") == names, "\(kind)")
    }
    #expect(!unit.defaultDependencies && unit.stopWhenUnneeded && unit.refuseManualStart && unit.refuseManualStop)
    #expect(unit.jobTimeout == TimeSpan(seconds: 300) && unit.jobRunningTimeout == TimeSpan(seconds: 60))
    #expect(unit.jobTimeoutAction == .exit && unit.startLimitAction == .exitForce)
    #expect(
      unit.conditions.map { Bytes($0.kind.name).shown + "=" + $0.text.shown } == [
        "PathExists=!/etc/daemon/off", "PathExists=|/etc/a", "PathExistsGlob=|!/etc/*.b", "Virtualization=!container",
        "ACPower=true", "Memory=>=1G",
      ])
    #expect(unit.asserts.map { $0.text.shown } == ["/etc/daemon", "root"])
    #expect(unit.install.alias.map { $0.shown } == ["d.service"])
    #expect(unit.install.wantedBy.map { $0.shown } == ["multi-user.target", "web@daemon.target"])
    #expect(unit.install.requiredBy.map { $0.shown } == ["all.target"] && unit.install.upheldBy.map { $0.shown } == ["sure.target"])
    #expect(unit.install.also.map { $0.shown } == ["daemon.timer"])
    guard case .service(let service) = unit.kind else { throw NoSuchKind() }
    #expect(service.type == .forking && service.pidFile.shown == "/run/daemon/main.pid" && !service.guessMainPID)
    #expect(service.busName.shown == "org.example.Daemon" && service.notifyAccess == .exec)
    #expect(service.watchdog == TimeSpan(seconds: 20) && service.reloadSignal == .user2)
    #expect(service.fileDescriptorStoreMax == 8 && service.fileDescriptorStorePreserve == .yes)
    #expect(service.oomPolicy == .continue && service.nonBlocking)
    #expect(!service.start[0].fullPrivileges && service.startPre[0].fullPrivileges && service.reload[0].fullPrivileges)
    #expect(!service.start[0].outsideRootDirectory && service.startPre[0].outsideRootDirectory)
  }

  // As systemd 252 answered.
  @Test(arguments: [
    ("Type=notify\nNotifyAccess=none", NotifyAccess.main), ("WatchdogSec=5", .main), ("FileDescriptorStoreMax=5", .main),
    ("Type=notify\nNotifyAccess=exec", .exec), ("", .none), ("WatchdogSec=0", .none), ("Type=notify-reload", .main),
    ("NotifyAccess=all\nType=simple", .all),
  ])
  func whoseMessagesAreBelieved(_ lines: String, _ wanted: NotifyAccess) throws {
    #expect(try service("[Service]\nExecStart=/bin/true\n" + lines).notifyAccess == wanted)
  }

  @Test(arguments: [
    ("JobTimeoutSec=0", TimeSpan.infinity, TimeSpan.infinity), ("JobTimeoutSec=7", TimeSpan(seconds: 7), TimeSpan(seconds: 7)),
    ("JobRunningTimeoutSec=3", .infinity, TimeSpan(seconds: 3)),
    ("JobRunningTimeoutSec=3\nJobTimeoutSec=7", TimeSpan(seconds: 7), TimeSpan(seconds: 3)),
  ])
  func timeoutsOfJobs(_ lines: String, _ whole: TimeSpan, _ running: TimeSpan) throws {
    let unit = try parse("[Unit]\n" + lines + "\n[Service]\nExecStart=/bin/true").unit
    #expect(unit.jobTimeout == whole && unit.jobRunningTimeout == running)
  }

  @Test func anEmptyConditionTakesAllBack() throws {
    let unit = try parse(
      "[Unit]\nConditionPathExists=/a\nAssertPathExists=/b\nConditionHost=\nConditionUser=root\n[Service]\nExecStart=/bin/true"
    ).unit
    #expect(unit.conditions == [Condition(.user, Bytes("root"))])
    #expect(unit.asserts == [Condition(.pathExists, Bytes("/b"))])
  }

  /// What can never hold is an error here; where systemd rules it is a condition that never holds.
  @Test(arguments: [
    "ConditionCapability=CAP_FLY", "ConditionACPower=maybe", "ConditionFirstBoot=maybe", "ConditionMemory=much",
    "ConditionCPUs=>=few", "ConditionUser=a:b", "ConditionCPUPressure=high", "ConditionArchitecture=!",
  ])
  func parametersThatMeanNothing(_ line: String) throws {
    let text = "[Unit]\n" + line + "\n[Service]\nExecStart=/bin/true"
    let strict = try parse(text)
    #expect(strict.diagnostics.map { $0.severity } == [.error] && strict.unit.conditions.isEmpty)
    let lenient = try parse(text, strictness: .lenient)
    #expect(lenient.diagnostics.map { $0.severity } == [.warning] && lenient.unit.conditions.count == 1)
  }

  @Test(arguments: ConditionKind.allCases)
  func everyConditionIsAKey(_ kind: ConditionKind) throws {
    let name = Bytes(kind.name).shown
    let good: [ConditionKind: String] = [
      .firstBoot: "no", .acPower: "yes", .capability: "CAP_CHOWN", .memory: "<=4G", .cpus: "!=3", .user: "0", .group: "adm",
      .memoryPressure: "system.slice:10%/1min", .cpuPressure: "50%", .ioPressure: "3.5%/5min",
    ]
    let parameter = good[kind] ?? (kind.looksAtPath ? "/etc" : "word")
    for prefix in ["Condition", "Assert"] {
      let parsed = try parse("[Unit]\n\(prefix)\(name)=|!\(parameter)\n[Service]\nExecStart=/bin/true")
      #expect(parsed.diagnostics.isEmpty)
      let wanted = Condition(kind, Bytes(parameter), isTrigger: true, isNegated: true)
      #expect((prefix == "Assert" ? parsed.unit.asserts : parsed.unit.conditions) == [wanted])
    }
  }

  @Test func defaultsAreSystemds() throws {
    let settings = try service("[Service]\nExecStart=/bin/true\n")
    #expect(settings.type == .simple && settings.exitType == .main && !settings.remainAfterExit)
    #expect(settings.timeoutStart == TimeSpan(seconds: 90) && settings.timeoutStop == TimeSpan(seconds: 90))
    #expect(settings.timeoutAbort == nil && settings.runtimeMax == .infinity)
    #expect(settings.killMode == .controlGroup && settings.killSignal == .terminate && settings.restartKillSignal == nil)
    #expect(settings.backoff == BackoffSettings() && settings.restartSource == .default)
    #expect(settings.exec == ExecSettings())
  }

  static let timeoutLines: [(String, TimeSpan, TimeSpan)] = [
    // Only a oneshot has no start timeout by default.
    ("Type=oneshot", .infinity, TimeSpan(seconds: 90)),
    ("Type=oneshot\nTimeoutStartSec=5", TimeSpan(seconds: 5), TimeSpan(seconds: 90)),
    ("TimeoutStartSec=5\nType=oneshot", TimeSpan(seconds: 5), TimeSpan(seconds: 90)),
    ("TimeoutSec=7", TimeSpan(seconds: 7), TimeSpan(seconds: 7)),
    ("TimeoutSec=0", .infinity, .infinity),
    ("TimeoutStartSec=infinity\nTimeoutStopSec=0", .infinity, .infinity),
    ("TimeoutStopSec=1min 30s", TimeSpan(seconds: 90), TimeSpan(seconds: 90)),
  ]

  @Test(arguments: timeoutLines)
  func timeouts(_ lines: String, _ start: TimeSpan, _ stop: TimeSpan) throws {
    let settings = try service("[Service]\nExecStart=/bin/true\n" + lines)
    #expect(settings.timeoutStart == start)
    #expect(settings.timeoutStop == stop)
  }

  @Test func typeFollowsTheCommands() throws {
    #expect(try service("[Service]\nExecStart=/bin/true").type == .simple)
    let stopOnly = try parse("[Service]\nExecStop=/bin/true\nRemainAfterExit=yes")
    #expect(stopOnly.unit.loadState == .loaded)
    #expect(try service("[Service]\nExecStop=/bin/true\nRemainAfterExit=yes").type == .oneshot)
    #expect(try parse("[Unit]\nSuccessAction=exit\n[Service]\nType=oneshot").unit.loadState == .loaded)
  }

  @Test(arguments: [
    "[Service]", "[Service]\nExecStop=/bin/true\nType=simple", "[Service]\nExecStop=/bin/true",
    "[Service]\nExecStart=/bin/a\nExecStart=/bin/b", "[Service]\nExecStart=/bin/a ; /bin/b",
    "[Service]\nType=oneshot\nExecStart=/bin/a\nRestart=always", "[Service]\nType=oneshot\nExecStart=/bin/a\nRestart=on-success",
    "[Service]\nType=oneshot\nExecStart=/bin/a\nExitType=cgroup", "[Service]\nType=dbus\nExecStart=/bin/a",
    "[Service]\nExecStart=/bin/a\nUser=a:b", "[Service]\nExecStart=/bin/a\nSupplementaryGroups=a b:c",
    "[Service]\nExecStart=/bin/a\nWorkingDirectory=/a/../b", "[Service]\nExecStart=/bin/a\nStandardInput=file:x",
    "[Service]\nExecStart=a/b", "[Service]\nExecStart=/bin/a\nExecStartPre=/bin/x \"",
  ])
  func checksAtLoad(_ text: String) throws {
    for strictness in [Strictness.strict, .lenient] {
      let parsed = try parse(text, strictness: strictness)
      #expect(parsed.unit.loadState == .badSetting)
      #expect(!parsed.unit.loadError.isEmpty)
      #expect(parsed.diagnostics.contains { $0.severity == (strictness == .strict ? .error : .warning) })
    }
  }

  @Test func emptyExecStartTakesBackTheFirst() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b")
    #expect(parsed.unit.loadState == .loaded && parsed.diagnostics.isEmpty)
    #expect(try service("[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b").start.map { $0.path.shown } == ["/bin/b"])
  }

  @Test(arguments: ServiceType.allCases)
  func everyTypeIsAccepted(_ type: ServiceType) throws {
    let name = Bytes(type.name).shown
    let parsed = try parse("[Service]\nExecStart=/bin/true\nBusName=org.example\nType=\(name)")
    #expect(parsed.unit.loadState == .loaded)
    #expect(parsed.diagnostics.filter { $0.severity != .notice }.isEmpty)
    guard case .service(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(settings.type == type)
  }

  @Test func aServiceOfABusIsSaidToBeSimple() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/true\nBusName=org.example")
    #expect(
      parsed.diagnostics.map { $0.text.shown } == [
        "/etc/apus/web.service:3:9: notice: Type=dbus is as simple: there is no bus that could tell of its name"
      ])
  }

  @Test func restartDelayIsLoweredToItsCap() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/a\nRestartSec=10s\nRestartSteps=3\nRestartMaxDelaySec=5s")
    #expect(parsed.diagnostics.map { $0.severity } == [.warning])
    guard case .service(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(settings.backoff.delay == TimeSpan(seconds: 5))
  }

  @Test func formerPlacesOfKeysStillCount() throws {
    let parsed = try parse("[Service]\nExecStart=/bin/a\nStartLimitInterval=5s\nStartLimitBurst=2\nFailureAction=exit")
    #expect(parsed.diagnostics.isEmpty)
    #expect(parsed.unit.startLimit.interval == TimeSpan(seconds: 5) && parsed.unit.startLimit.burst == 2)
    #expect(parsed.unit.failureAction == .exit)
    #expect(try parse("[Unit]\nStartLimitInterval=6s\n[Service]\nExecStart=/bin/a").unit.startLimit.interval == TimeSpan(seconds: 6))
  }

  static let streams: [(String, StandardStream)] = [
    ("null", .null), ("inherit", .inherit), ("journal", .journal), ("syslog+console", .journal), ("kmsg", .journal),
    ("file:/a//b", .file(Bytes("/a/b"))), ("append:/%p.log", .append(Bytes("/web.log"))),
    ("truncate:/x", .truncate(Bytes("/x"))),
  ]

  @Test(arguments: streams)
  func outputStreams(_ value: String, _ stream: StandardStream) throws {
    #expect(try service("[Service]\nExecStart=/bin/a\nStandardOutput=\(value)").exec.standardOutput == stream)
    #expect(try service("[Service]\nExecStart=/bin/a\nStandardError=\(value)").exec.standardError == stream)
  }

  @Test(arguments: [
    ("1", "y", true), ("yes", "TRUE", true), ("t", "On", true), ("0", "n", false), ("no", "False", false), ("f", "OFF", false),
  ])
  func booleans(_ one: String, _ other: String, _ wanted: Bool) throws {
    for value in [one, other] {
      #expect(try service("[Service]\nExecStart=/bin/a\nRemainAfterExit=\(value)").remainAfterExit == wanted)
    }
  }

  static let numbers: [(String, Int64?)] = [
    ("10", 10), ("-10", -10), ("+7", 7), ("0", 0), ("010", 8), ("0x1f", 31), ("0b11", 3), ("0o17", 15), ("08", nil),
    ("0x", nil), ("0xg", nil), ("2147483648", nil), ("", nil), ("-", nil), ("1 ", nil), ("0x11111111111111111", nil),
  ]

  @Test(arguments: numbers)
  func numbersAreWrittenAsInC(_ text: String, _ wanted: Int64?) {
    #expect(Bytes(text).signedNumber == wanted)
  }

  static let sizes: [(String, UInt64?)] = [
    ("10", 10), ("1K", 1024), ("1.5M", 1_572_864), ("2G", 2_147_483_648), ("1E", 1_152_921_504_606_846_976),
    ("1G512M", 1_610_612_736), ("7B", 7), ("1 K", 1024), ("infinity", .max), ("16E", nil), ("5M1G", nil), ("1KB", nil),
    ("x", nil), ("-1", nil), ("", nil),
  ]

  @Test(arguments: sizes)
  func sizesInBytes(_ text: String, _ wanted: UInt64?) {
    #expect(Bytes(text).limitNumber(inBytes: true) == wanted)
  }
}
