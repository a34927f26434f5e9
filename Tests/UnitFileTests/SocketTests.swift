import Foundation
import Model
import Testing

@testable import UnitFile

/// `.socket` files.
@Suite struct SocketTests {
  static let plain = "[Service]\nExecStart=/bin/true\n"

  func socket(_ text: String, name: String = "web.socket", strictness: Strictness = .strict) throws -> SocketSettings {
    let parsed = try parse(text, name: name, strictness: strictness)
    guard case .socket(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    return settings
  }

  func loaded(_ lines: String, name: String = "web.socket") throws -> SocketSettings {
    let parsed = try parse("[Socket]\n" + lines, name: name)
    #expect(parsed.unit.loadState == .loaded, "\(parsed.unit.loadError.shown)")
    #expect(parsed.diagnostics.isEmpty, "\(parsed.diagnostics.map { $0.text.shown })")
    return try socket("[Socket]\n" + lines, name: name)
  }

  func refusal(_ lines: String, name: String = "web.socket") throws -> String {
    let parsed = try parse("[Socket]\n" + lines, name: name)
    #expect(parsed.unit.loadState == .badSetting && parsed.diagnostics.contains { $0.severity == .error })
    return parsed.unit.loadError.shown
  }

  // MARK: addresses

  struct Row: CustomTestStringConvertible {
    var key: String
    var value: String
    var wanted: String?
    var testDescription: String { key + "=" + value }
  }

  static let rows: [Row] = {
    guard let text = try? String(decoding: fixture("listen.txt"), as: UTF8.self) else { return [] }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let parts = line.components(separatedBy: " | ")
      guard parts.count == 3 else { return nil }
      return Row(key: parts[0], value: parts[1], wanted: parts[2] == "-" ? nil : parts[2])
    }
  }()

  @Test func answersAreThere() { #expect(Self.rows.count > 160) }

  @Test(arguments: rows)
  func whatSystemdShows(_ row: Row) throws {
    let parsed = try parse("[Socket]\nListenStream=/run/base\n\(row.key)=\(row.value)\n", name: "web.socket")
    guard case .socket(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(settings.listen.listeners.dropFirst().map { $0.text.shown } == (row.wanted.map { [$0] } ?? []))
    let kind = ListenKind.allCases.first { "Listen" + Bytes($0.name).shown == row.key }
    #expect(settings.listen.listeners.dropFirst().allSatisfy { $0.kind == kind })
    #expect(parsed.diagnostics.contains { $0.severity == .error && $0.line == 3 && $0.column > 0 } == (row.wanted == nil))
    #expect(parsed.unit.loadState == .loaded)
  }

  /// systemd takes these at load and cannot open them.
  @Test func whatCouldNeverBeOpenedIsRefused() throws {
    for line in [
      "ListenStream=/run/../x", "ListenMessageQueue=/", "ListenMessageQueue=/q/r",
      "ListenMessageQueue=/" + String(repeating: "q", count: 256),
    ] {
      let parsed = try parse("[Socket]\nListenStream=1\n\(line)\n", name: "web.socket", strictness: .lenient)
      #expect(parsed.diagnostics.map { $0.severity } == [.warning] && parsed.unit.loadState == .loaded, "\(line)")
    }
    #expect(try refusal("ListenUSBFunction=/dev/ffs\n").contains("USB"))
  }

  @Test func addressesAreTheKernelsOwn() throws {
    let all = try loaded(
      """
      ListenStream=80
      ListenDatagram=127.0.0.1:81
      ListenStream=[2001:db8::1]:82
      ListenStream=[fe80::1]:83%%eth0
      ListenSequentialPacket=/var/run/web
      ListenStream=@web
      ListenStream=vsock::5
      ListenNetlink=kobject-uevent 1
      ListenFIFO=/run//fifo/
      ListenSpecial=/dev/kmsg
      ListenMessageQueue=/queue

      """
    ).listen
    #expect(
      all.listeners.map { $0.address } == [
        .ip(IPAddress(high: 0, low: 0), port: 80, interface: []), .ip(IPAddress(v4: 0x7f00_0001), port: 81, interface: []),
        .ip(IPAddress(high: 0x2001_0db8_0000_0000, low: 1), port: 82, interface: []),
        .ip(IPAddress(high: 0xfe80_0000_0000_0000, low: 1), port: 83, interface: Bytes("eth0")), .unix(Bytes("/run/web")),
        .abstract(Bytes("web")), .vsock(cid: .max, port: 5), .netlink(family: 15, group: 1), .path(Bytes("/run/fifo")),
        .path(Bytes("/dev/kmsg")), .path(Bytes("/queue")),
      ])
    #expect(all.nodes.map { $0.shown } == ["/run/web", "/run/fifo"])
    #expect(try loaded("ListenStream=vsock-stream::5\n").listen.listeners.map { $0.text.shown } == ["vsock::5"])
    #expect(try loaded("ListenDatagram=vsock-dgram:2:5\n").listen.listeners.map { $0.text.shown } == ["vsock:2:5"])
  }

  @Test func anEmptyLineTakesBackAllListenersOfWhateverKind() throws {
    #expect(
      try loaded("ListenStream=90\nListenDatagram=91\nListenFIFO=\nListenStream=92\n").listen.listeners.map { $0.text.shown } == ["[::]:92"]
    )
    #expect(try refusal("ListenStream=90\nListenNetlink=\n").contains("nothing"))
  }

  // MARK: settings

  @Test func defaults() throws {
    let one = try loaded("ListenStream=80\n")
    #expect(!one.accepts && one.service.bytes == "web.service" && one.maxConnections == 64 && one.maxConnectionsPerSource == 0)
    #expect(one.triggerLimit == RateLimit(interval: TimeSpan(seconds: 2), burst: 20))
    #expect(one.pollLimit == RateLimit(interval: TimeSpan(seconds: 2), burst: 15))
    #expect(one.descriptorName.isEmpty && one.listen.mode == 0o666 && one.listen.directoryMode == 0o755 && one.listen.backlog == .max)
    #expect(one.listen.options.isEmpty && one.sourceLimit == nil && one.rearm == nil && !one.passesToExec)
    #expect(one.process.timeoutStart == TimeSpan(seconds: 90) && one.process.timeoutStop == TimeSpan(seconds: 90))
    #expect(one.process.type == .oneshot && one.process.remainAfterExit && one.process.start.isEmpty && one.process.restart == .no)
    let two = try loaded("ListenStream=80\nAccept=yes\nTriggerLimitIntervalSec=infinity\nPollLimitIntervalSec=1\n")
    #expect(two.accepts && two.service.bytes == "web@.service")
    #expect(two.triggerLimit == RateLimit(interval: TimeSpan(seconds: 2), burst: 200))
    #expect(two.pollLimit == RateLimit(interval: TimeSpan(seconds: 1), burst: 150))
    #expect(try loaded("ListenStream=80\nAccept=yes\n", name: "web@a.socket").service.bytes == "web@.service")
    #expect(try loaded("ListenStream=80\n", name: "web@a.socket").service.bytes == "web@a.service")
    #expect(try loaded("ListenStream=80\nTriggerLimitBurst=0\n").triggerLimit.isOff)
  }

  @Test func optionsStandInTheirOrder() throws {
    let options = try loaded(
      """
      ListenStream=80
      ReusePort=yes
      KeepAlive=no
      DeferAcceptSec=200ms
      KeepAliveTimeSec=1min
      ReceiveBuffer=64K
      IPTOS=throughput
      BindIPv6Only=ipv6-only
      Timestamping=ns
      SocketProtocol=mptcp
      Mark=1
      Mark=0x10
      IPTTL=3

      """
    ).listen
    #expect(
      options.options == [
        SocketOptionSetting(.keepAlive, 0), SocketOptionSetting(.keepAliveTime, 60), SocketOptionSetting(.receiveBuffer, 65536),
        SocketOptionSetting(.ipTOS, 8), SocketOptionSetting(.ipTTL, 3), SocketOptionSetting(.mark, 16), SocketOptionSetting(.reusePort, 1),
        SocketOptionSetting(.timestamping, 2), SocketOptionSetting(.deferAccept, 1), SocketOptionSetting(.bindIPv6Only, 2),
        SocketOptionSetting(.socketProtocol, 262),
      ])
    #expect(options.value(.mark) == 16 && options.value(.noDelay) == nil)
    #expect(
      try loaded("ListenStream=80\nTimestamping=us\nTimestamping=off\nBindIPv6Only=both\nBindIPv6Only=default\n").listen.options.isEmpty)
  }

  @Test func commandsAndTheirWorld() throws {
    let process = try loaded(
      """
      ListenStream=80
      ExecStartPre=/bin/a %n
      ExecStartPost=-/bin/b
      ExecStopPre=/bin/c
      ExecStopPost=/bin/d ; /bin/e
      TimeoutSec=5
      KillMode=process
      KillSignal=SIGINT
      User=nobody
      Environment=A=%p
      LimitNOFILE=100
      RuntimeDirectory=web
      PrivateTmp=no

      """
    ).process
    #expect(process.startPre.map { $0.arguments.map { $0.shown } } == [["/bin/a", "web.socket"]])
    #expect(process.startPost.map { $0.ignoreFailure } == [true] && process.stop.map { $0.path.shown } == ["/bin/c"])
    #expect(process.stopPost.map { $0.path.shown } == ["/bin/d", "/bin/e"])
    #expect(process.timeoutStart == TimeSpan(seconds: 5) && process.timeoutStop == TimeSpan(seconds: 5))
    #expect(process.isSocket && process.type == .oneshot)
    #expect(process.killMode == .process && process.killSignal == .interrupt && process.exec.user.shown == "nobody")
    #expect(process.exec.environment.map { $0.shown } == ["A=web"] && process.exec.directories.count == 1)
    #expect(try refusal("ListenStream=80\nExecStartPre=a/b\n").contains("ExecStartPre"))
  }

  @Test func whatBelongsToServicesOnly() throws {
    for key in ["ExecStart=/bin/x", "ExecStop=/bin/x", "Restart=always", "Sockets=a.socket", "Type=simple", "NonBlocking=yes"] {
      let parsed = try parse("[Socket]\nListenStream=80\n\(key)\n", name: "web.socket")
      #expect(parsed.diagnostics.map { $0.severity } == [.error], "\(key)")
      #expect(
        parsed.diagnostics[0].message.shown.contains("unknown key") && parsed.diagnostics[0].hint.shown.hasSuffix("belongs in [Service]"))
    }
    for key in ["SmackLabel=x", "ListenStream=80"] {
      #expect(try parse(Self.plain + key + "\n").diagnostics.contains { $0.message.shown.contains("unknown key") })
    }
    let ours = try parse("[Socket]\nListenStream=80\n[X-Apus]\nIdleStopSec=5\n", name: "web.socket")
    #expect(ours.diagnostics.map { $0.message.shown } == ["cannot use IdleStopSec=5: IdleStopSec= belongs in the service"])
    let theirs = try parse(Self.plain + "[X-Apus]\nRearmSec=5\n")
    #expect(theirs.diagnostics.map { $0.message.shown } == ["cannot use RearmSec=5: RearmSec= belongs in a .socket file"])
  }

  @Test func keysThatAreNotEnforcedAreSaidOnce() throws {
    let parsed = try parse("[Socket]\nListenStream=80\nSmackLabel=a\nSlice=web.slice\nSELinuxContextFromNet=yes\n", name: "web.socket")
    #expect(parsed.unit.unenforced.map { $0.shown } == ["SmackLabel", "Slice", "SELinuxContextFromNet"])
    #expect(parsed.diagnostics.map { $0.severity } == [.notice])
    for key in parsed.unit.unenforced { #expect(explanationOfUnenforced(key)?.isEmpty == false) }
  }

  // MARK: checks

  @Test func whatSystemdRefuses() throws {
    for kind in ["ListenDatagram=9", "ListenFIFO=/run/f", "ListenSpecial=/dev/kmsg", "ListenNetlink=route", "ListenMessageQueue=/q"] {
      #expect(try refusal(kind + "\nAccept=yes\n").contains("Accept=yes"), "\(kind)")
    }
    #expect(try loaded("ListenSequentialPacket=@s\nAccept=yes\n").accepts)
    #expect(try refusal("ListenStream=9\nAccept=yes\nService=a.service\n").contains("Service="))
    #expect(try refusal("ListenStream=9\nAccept=yes\nMaxConnections=0\n").contains("MaxConnections"))
    #expect(try loaded("ListenStream=9\nMaxConnections=0\n").maxConnections == 0)
    #expect(try refusal("").contains("nothing"))
    #expect(try refusal("ListenStream=/run/a\nListenFIFO=/run/b\nSymlinks=/run/l\n").contains("Symlinks"))
    #expect(try refusal("ListenStream=94\nSymlinks=/run/l\n").contains("Symlinks"))
    #expect(
      try loaded("ListenStream=/run/a\nListenStream=93\nSymlinks=/run/x\nSymlinks=\nSymlinks=/run/l /run//l2/\n").listen.symlinks.map {
        $0.shown
      }
        == ["/run/l", "/run/l2"])
    #expect(try refusal("ListenStream=/run/a\nSocketUser=a:b\n").contains("SocketUser"))
    #expect(try loaded("ListenStream=/run/a\nService=a.service\nService=b.service\n").service.bytes == "b.service")
  }

  @Test func aListenerBoundIsSaid() throws {
    var text = "[Socket]\n"
    for port in 1...1025 { text += "ListenStream=\(port)\n" }
    let parsed = try parse(text, name: "web.socket")
    #expect(parsed.diagnostics.map { $0.message.shown } == ["cannot use ListenStream=1025: more than 1024 things to listen on"])
  }

  // MARK: access

  @Test func accessRules() throws {
    let text =
      "[Socket]\nListenStream=80\nAccept=yes\n[X-Apus]\nAccessAllow=1.2.3.4\nAccessAllow=\nAccessAllow=10.1.2.3/8 ::1\n"
      + "AccessDeny=2001:db8::/32 ::ffff:1.2.3.4/128\nAccessTimes=8:00-17:30 22:00-06:00\nAccessTimes=00:00-24:00\nRearmSec=5\n"
      + "SourceLimitBurst=3\nBanner=/a//b\nBannerFail=/c\nBannerSuccess=/d\nBannerSuccess=\n"
    let parsed = try parse(text, name: "web.socket")
    #expect(parsed.diagnostics.isEmpty, "\(parsed.diagnostics.map { $0.text.shown })")
    let rules = try socket(text)
    #expect(
      rules.allowed == [
        IPRange(address: IPAddress(v4: 0x0a01_0203), prefix: 104), IPRange(address: IPAddress(high: 0, low: 1), prefix: 128),
      ])
    #expect(rules.denied.map { $0.prefix } == [32, 128] && rules.denied[1].address.isV4)
    #expect(rules.times == [DayRange(from: 480, to: 1050), DayRange(from: 1320, to: 360), DayRange(from: 0, to: 1440)])
    #expect(rules.rearm == TimeSpan(seconds: 5) && rules.sourceLimit == RateLimit(interval: TimeSpan(seconds: 1), burst: 3))
    #expect(rules.banner.shown == "/a/b" && rules.bannerFail.shown == "/c" && rules.bannerSuccess.isEmpty)
    let named = try socket(
      "[Socket]\nListenStream=80\nAccept=yes\n[X-Apus]\nAccessAllow=localhost link-local\nAccessDeny=any multicast any\n")
    #expect(named.allowed.map { $0.prefix } == [104, 128, 112, 64])
    #expect(named.denied.map { $0.prefix } == [96, 0, 100, 8])
    let interval = try socket("[Socket]\nListenStream=80\nAccept=yes\n[X-Apus]\nSourceLimitIntervalSec=1min\n")
    #expect(interval.sourceLimit == RateLimit(interval: TimeSpan(seconds: 60), burst: 10))
  }

  @Test func aRuleThatCannotBeReadLetsNobodyIn() throws {
    for line in ["AccessAllow=10.0.0.0/33", "AccessDeny=1.2.3.4 x", "AccessAllow=::1/129", "AccessTimes=17:00", "AccessTimes=9:00-9:00"] {
      let parsed = try parse("[Socket]\nListenStream=80\nAccept=yes\n[X-Apus]\n\(line)\n", name: "web.socket", strictness: .lenient)
      #expect(parsed.unit.loadState == .badSetting, "\(line)")
    }
    for line in ["AccessAllow=::1", "AccessTimes=1:00-2:00", "SourceLimitBurst=1", "Banner=/a"] {
      let parsed = try parse("[Socket]\nListenStream=80\n[X-Apus]\n\(line)\n", name: "web.socket")
      #expect(parsed.unit.loadState == .badSetting && parsed.unit.loadError.shown.contains("need Accept=yes"), "\(line)")
    }
  }

  // MARK: the same twice

  /// It would be in its own way for ever.
  @Test func theSameAddressTwice() throws {
    let text = "[Socket]\nListenStream=7001\nListenDatagram=7001\nListenStream=[::]:7001\nListenStream=7002\nListenStream=7001\n"
    let parsed = try parse(text, name: "web.socket")
    guard case .socket(let settings) = parsed.unit.kind else { throw NoSuchKind() }
    #expect(
      settings.listen.listeners.map { "\(Bytes($0.kind.name).shown) \($0.text.shown)" } == [
        "Stream [::]:7001", "Datagram [::]:7001", "Stream [::]:7002",
      ])
    #expect(
      parsed.diagnostics.map { $0.text.shown }.sorted() == [
        "/etc/apus/web.socket:4:14: error: this address is given twice (once is enough, or write ReusePort=yes)",
        "/etc/apus/web.socket:6:14: error: this address is given twice (once is enough, or write ReusePort=yes)",
      ], "\(parsed.diagnostics.map { $0.text.shown })")
    #expect(parsed.unit.loadState == .loaded)
    for twice in ["Stream=/run/a", "SequentialPacket=@a", "Stream=vsock::80", "Datagram=127.0.0.1:80"] {
      let parsed = try parse("[Socket]\nListen\(twice)\nListen\(twice)\n", name: "web.socket", strictness: .lenient)
      #expect(parsed.diagnostics.map { $0.severity } == [.warning] && parsed.diagnostics[0].line == 3, "\(twice)")
    }
  }

  @Test(arguments: [
    "ListenStream=80\nListenStream=\nListenStream=80", "ListenStream=80\nListenStream=80\nListenFIFO=\nListenStream=81\nListenStream=82",
    "ListenStream=80\nListenStream=80\nReusePort=yes", "ListenStream=80\nListenStream=127.0.0.1:80", "ListenFIFO=/f\nListenFIFO=/f",
    "ListenSpecial=/dev/zero\nListenSpecial=/dev/zero", "ListenStream=/a\nListenDatagram=/a",
  ]) func whatIsNotTheSame(_ lines: String) throws { _ = try loaded(lines + "\n") }
}
