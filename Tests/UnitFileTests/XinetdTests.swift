import Foundation
import Model
import Testing

@testable import UnitFile

/// Configurations of xinetd: entries in, unit files and findings out.
@Suite struct XinetdTests {
  static let services = Bytes("ftp 21/tcp fsp # control\nftp 21/udp\necho 7/tcp\necho 7/udp\nmysql\t3306/tcp\ntftp 69/udp\n")

  static func translate(_ text: Bytes, all: Bool = false) -> XinetdTranslation {
    let reader = XinetdReader()
    _ = reader.read(text, file: Bytes("x"))
    return XinetdTranslation(reader, services: services, relay: Bytes("/usr/bin/apus"), all: all)
  }

  static func translate(_ text: String, all: Bool = false) -> XinetdTranslation { translate(Bytes(text.utf8), all: all) }

  /// One service with these lines beside what every service needs.
  static func service(_ lines: String, name: String = "ftp") -> XinetdTranslation {
    translate("service \(name)\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/ftpd\n\(lines)\n}\n")
  }

  static func file(_ translation: XinetdTranslation, _ name: String) -> String {
    translation.files.first { $0.name.shown == name }?.contents.shown ?? "none: \(messages(translation))"
  }

  static func messages(_ translation: XinetdTranslation) -> [String] { translation.diagnostics.map { $0.text.shown } }

  @Test func aWholeConfiguration() {
    let translation = Self.translate(
      """
      # a comment
      defaults
      {
        log_type = SYSLOG daemon info
        only_from = 10.0.0.0
        only_from = 192.168.1.0
        cps = 25 30
        instances = 60
      }

      service ftp
      {
        disable = no
        socket_type = stream
        wait = no
        user = ftp
        group = ftp
        server = /usr/sbin/vsftpd
        server_args = -o banner=100% $HOME a;b "q" \\x
        only_from += 2001:db8::/32
        no_access = 10.0.0.{5,6}
        per_source = 3
        nice = -5
        umask = 027
        env = A=1% B="x\\
        access_times = 8:00-17:00 22:15-23:59
        banner_fail = /etc/denied
        flags = KEEPALIVE NODELAY
        rlimit_as = 64M
        rlimit_files = UNLIMITED
        log_on_success = PID HOST USERID
      }
      """)
    #expect(
      Self.file(translation, "ftp.socket") == """
        # Made by 'apus import xinetd' from x:11
        [Unit]
        Description=ftp

        [Socket]
        ListenStream=21
        Accept=yes
        TriggerLimitIntervalSec=1s
        TriggerLimitBurst=25
        KeepAlive=yes
        NoDelay=yes
        MaxConnections=60
        MaxConnectionsPerSource=3

        [Install]
        WantedBy=sockets.target

        [X-Apus]
        AccessTimes=08:00-17:01 22:15-24:00
        BannerFail=/etc/denied
        RearmSec=30s
        AccessDeny=10.0.0.5 10.0.0.6
        AccessAllow=10.0.0.0/8 192.168.1.0/24 2001:db8::/32

        """)
    #expect(
      Self.file(translation, "ftp@.service") == """
        # Made by 'apus import xinetd' from x:11
        [Unit]
        Description=ftp

        [Service]
        ExecStart=-/usr/sbin/vsftpd -o banner=100%% $$HOME "a;b" "\\"q\\"" "\\\\x"
        StandardInput=socket
        Environment=A=1%%
        Environment="B=\\"x\\\\"
        Group=ftp
        Nice=-5
        LimitAS=64M
        LimitNOFILE=infinity
        UMask=027
        User=ftp

        """)
    #expect(
      Self.messages(translation) == [
        "x:31: warning: USERID is not logged (apus logs peer, duration and exit status of each connection)",
        "x:4: warning: log_type has no equivalent: what apus says goes to its own output",
      ])
  }

  /// What is translated is read again as what was meant.
  @Test func theServiceIsReadAsItWasMeant() throws {
    let translation = Self.service("server_args = 100% $HOME ; \"a b' \\x #\nenv = A=%i\\ B=\"\nflags = NAMEINARGS")
    let contents = Self.file(translation, "ftp@.service")
    let unit = try parse(contents, name: "ftp@1.service")
    #expect(unit.diagnostics.isEmpty, "\(unit.diagnostics.map { $0.text.shown })")
    guard case .service(let settings) = unit.unit.kind else { throw NoSuchKind() }
    let command = try #require(settings.start.first)
    #expect(command.path.shown == "/bin/ftpd" && command.ignoreFailure)
    #expect(command.arguments.map(\.shown) == ["100%", "$$HOME", ";", "\"a", "b'", "\\x", "#"], "\(command.arguments.map(\.shown))")
  }

  struct Row {
    var lines: String
    var has: String
    var file = "ftp.socket"
  }

  @Test(arguments: [
    Row(lines: "", has: "MaxConnections=1000000\n"), Row(lines: "", has: "TriggerLimitBurst=50\n"), Row(lines: "", has: "RearmSec=10s\n"),
    Row(lines: "instances = UNLIMITED", has: "MaxConnections=1000000\n"), Row(lines: "flags = IPv4", has: "ListenStream=0.0.0.0:21\n"),
    Row(lines: "flags = IPv6", has: "ListenStream=[::]:21\n"), Row(lines: "bind = ::1", has: "ListenStream=[::1]:21\n"),
    Row(lines: "interface = 127.0.0.1", has: "ListenStream=127.0.0.1:21\n"), Row(lines: "port=2121", has: "ListenStream=2121\n"),
    Row(lines: "type = UNLISTED\nport = 99", has: "ListenStream=99\n"), Row(lines: "v6only = yes", has: "BindIPv6Only=ipv6-only\n"),
    Row(lines: "only_from =", has: "AccessDeny=0.0.0.0/0 ::/0\n"),
    Row(lines: "only_from = 0.0.0.0 ::", has: "AccessAllow=0.0.0.0/0 ::/0\n"),
    Row(lines: "only_from = 10.1.0.0 10.1.0.0/17 1.2.3.4", has: "AccessAllow=10.1.0.0/16 10.1.0.0/17 1.2.3.4\n"),
    Row(lines: "only_from = 10.{1,2}", has: "AccessAllow=10.1.0.0/16 10.2.0.0/16\n"),
    Row(lines: "only_from = 1.2.3.{4} {7,8}", has: "AccessAllow=1.2.3.4 7.0.0.0/8 8.0.0.0/8\n"),
    Row(lines: "only_from = 10.0.0.0 11.0.0.0\nonly_from -= 10.0.0.0/8", has: "AccessAllow=11.0.0.0/8\n"),
    Row(lines: "only_from = 10.0.0.0\nonly_from = 11.0.0.0", has: "AccessAllow=11.0.0.0/8\n"),
    Row(lines: "only_from = example.com", has: "AccessDeny=0.0.0.0/0 ::/0\n"),
    Row(lines: "access_times = 0:00-23:59", has: "AccessTimes=00:00-24:00\n"), Row(lines: "banner = /b%", has: "Banner=/b%%\n"),
    Row(lines: "protocol = sctp\nport = 5", has: "SocketProtocol=sctp\n"),
    Row(lines: "id = my-ftp", has: "ListenStream=21\n", file: "my-ftp.socket"),
    Row(lines: "cps = 3 0", has: "RearmSec=1s\n"),
    Row(lines: "flags = NAMEINARGS\nserver_args = in.ftpd -l", has: "ExecStart=-@/bin/ftpd in.ftpd -l\n", file: "ftp@.service"),
    Row(lines: "redirect = db mysql", has: "ExecStart=-/usr/bin/apus relay db:3306\n", file: "ftp@.service"),
    Row(lines: "redirect = ::1 80", has: "ExecStart=-/usr/bin/apus relay [::1]:80\n", file: "ftp@.service"),
    Row(lines: "redirect = ::1 80", has: "StandardError=journal\n", file: "ftp@.service"),
    Row(lines: "passenv = PATH", has: "PassEnvironment=PATH\n", file: "ftp@.service"),
    Row(lines: "rlimit_cpu = 20\nrlimit_stack = 8k", has: "LimitCPU=20\nLimitSTACK=8K\n", file: "ftp@.service"),
  ])
  func whatALineBecomes(_ row: Row) {
    let translation = Self.service(row.lines)
    let contents = Self.file(translation, row.file)
    #expect(contents.contains("\n" + row.has), "\(contents)")
  }

  /// A server that waits gets the listening socket itself.
  @Test func aServerThatWaits() {
    let translation = Self.translate(
      "service tftp\n{\nprotocol = udp\nwait = yes\nuser = nobody\nserver = /bin/tftpd\nserver_args = -s /t\n}\n")
    #expect(translation.files.map { $0.name.shown } == ["tftp.socket", "tftp.service"])
    let socket = Self.file(translation, "tftp.socket")
    #expect(socket.contains("\nListenDatagram=69\n") && !socket.contains("Accept=") && !socket.contains("MaxConnections"), "\(socket)")
    #expect(Self.file(translation, "tftp.service").contains("StartLimitIntervalSec=0\n\n[Service]\nExecStart=-/bin/tftpd -s /t\n"))
    #expect(Self.messages(translation).isEmpty)
  }

  /// Whom it speaks to is not known, so it cannot be limited; what counts connections has nothing to count.
  @Test(arguments: [
    (
      "only_from = 10.0.0.0",
      "x:7: error: only_from cannot be kept with wait = yes: apus does not see who sends (let the server check, or bind)"
    ),
    (
      "no_access = 10.0.0.0",
      "x:7: error: no_access cannot be kept with wait = yes: apus does not see who sends (let the server check, or bind)"
    ),
    (
      "access_times = 1:00-2:00",
      "x:7: error: access_times cannot be kept with wait = yes: apus does not see who sends (let the server check)"
    ),
    ("instances = 4", "x:7: warning: instances has no effect with wait = yes: there is one server"),
    ("banner = /b", "x:7: warning: banner is not sent with wait = yes: the server answers, not apus"),
    ("redirect = h 80", "x:7: error: datagrams are not redirected"),
  ])
  func whatCannotWait(_ line: String, _ message: String) {
    let translation = Self.translate("service tftp\n{\nprotocol = udp\nwait = yes\nuser = nobody\nserver = /bin/tftpd\n\(line)\n}\n")
    #expect(Self.messages(translation).first == message, "\(Self.messages(translation))")
    #expect(translation.files.isEmpty == message.contains("error"))
  }

  /// Entries with one name are told apart.
  @Test func oneNameTwice() {
    let entry = "{\nwait = yes\nuser = root\nserver = /bin/cat\n"
    let translation = Self.translate(
      "service echo\n\(entry)protocol = tcp\n}\nservice echo\n\(entry)protocol = udp\n}\nservice echo\n\(entry)protocol=udp\nid = third\n}\n"
        + "service echo\n\(entry)protocol = udp\n}\n")
    #expect(
      translation.files.map { $0.name.shown } == [
        "echo.socket", "echo.service", "echo-udp.socket", "echo-udp.service", "third.socket", "third.service",
      ])
    let refused = "error: 'echo' is no name for a unit, or another service has it (set id)"
    #expect(Self.messages(translation) == ["x:23: " + refused])
    // Twice the same, though its name would be free.
    let twice = Self.translate("service echo\n\(entry)protocol = tcp\n}\nservice echo\n\(entry)protocol = tcp\n}\n")
    #expect(twice.files.count == 2 && Self.messages(twice) == ["x:8: " + refused])
  }

  @Test func disabledServices() {
    let entry = "{\nprotocol = tcp\nwait = no\nuser = root\nserver = /bin/cat\n"
    let text =
      "defaults\n{\nenabled = echo off\ndisabled = ftp\n}\nservice echo\n\(entry)}\nservice off\n\(entry)disable = yes\nport=1\n}\n"
      + "service ftp\n\(entry)}\n"
    let some = Self.translate(text)
    #expect(some.files.map { $0.name.shown } == ["echo.socket", "echo@.service"])
    #expect(
      Self.messages(some) == [
        "x:13: notice: service off is disabled and left out (--all writes it, too)",
        "x:22: notice: service ftp is disabled and left out (--all writes it, too)",
      ])
    #expect(Self.translate(text, all: true).files.count == 6)
  }

  /// Each with the line that it is about; a service that would be another one without it is not written.
  @Test(arguments: [
    ("max_load = 2", "x:7: warning: max_load has no equivalent (instances and cps hold)", true),
    ("deny_time = 60", "x:7: warning: deny_time has no equivalent, because SENSOR has none", true),
    ("libwrap = x", "x:7: warning: libwrap has no equivalent: hosts.allow and hosts.deny are not read (only_from, no_access)", true),
    ("mdns = yes", "x:7: warning: mdns has no equivalent: nothing is announced", true),
    ("groups = no", "x:7: warning: groups = no has no equivalent: the server has its user's supplementary groups", true),
    ("flags = INTERCEPT", "x:7: warning: the flag INTERCEPT has no equivalent", true),
    ("log_on_success += USERID", "x:7: warning: USERID is not logged (apus logs peer, duration and exit status of each connection)", true),
    ("passenv =", "x:7: warning: passenv does not keep other variables out: the server gets all that apus has (UnsetEnvironment=)", true),
    (
      "only_from = a.org 10.0.0.0",
      "x:7: warning: 'a.org' is no address: its hosts are not let in (names are not looked up: write addresses)", true
    ),
    (
      "only_from = 1.2.3.4,1.2.3.5",
      "x:7: warning: there is a comma in '1.2.3.4,1.2.3.5': its hosts are not let in (names are not looked up: write addresses)", true
    ),
    ("redirect = h 80", "x:6: warning: redirect takes the server's place, as in xinetd", true),
    ("banner = b", "x:7: warning: b is no absolute path: banner is left out", true),
    ("user = nobody", "x:7: warning: 'user' is set already: xinetd does not read this line", true),
    (
      "no_access = .org",
      "x:7: error: '.org' is no address, and without it its hosts would be let in (names are not looked up: write addresses)", false
    ),
    ("flags = SENSOR", "x:7: error: SENSOR has no equivalent (SourceLimitBurst= slows who comes too often)", false),
    ("type = INTERNAL", "x:7: error: apus has no ftp service of its own (echo is ExecStart=/bin/cat, for one)", false),
    ("type = RPC", "x:7: error: services of RPC are not known: nothing is registered with a portmapper", false),
    ("type = TCPMUX", "x:7: error: tcpmux is not known (give the service a port of its own)", false),
    (
      "bind = eth0", "x:7: error: 'eth0' is no address, and without it the service would listen everywhere (names are not looked up)", false
    ),
    ("only_form = 10.0.0.0", "x:7: error: there is no attribute 'only_form' (did you mean only_from?)", false),
    ("enabled = ftp", "x:7: error: 'enabled' stands in defaults only", false),
    ("nice += 5", "x:7: error: 'nice' takes no += and -=", false),
    ("nice", "x:7: error: an operator is missing behind 'nice' (NAME = VALUE...)", false),
    ("cps = 5", "x:7: error: 'cps' takes 2 values, not 1", false), ("nice = x", "x:7: error: 'x' is no number, or too large", false),
    ("rlimit_as = 5G", "x:7: error: 5G is no limit", false), ("env = A", "x:7: error: 'A' is no NAME=value", false),
    ("access_times = 9-17", "x:7: error: '9-17' is no span of the day (HH:MM-HH:MM)", false),
    ("port = 0", "x:7: error: 0 is no port", false),
    ("group = a\"", "x:7: error: 'a\"' has a quote, a backslash, or bytes that are no text, which cannot be written here", false),
    ("instances = 0", "x:7: error: 0 lets nobody in (disable = yes)", false),
    ("disable = maybe", "x:7: error: disable is neither yes nor no: maybe", false),
    ("protocol = ddp", "x:7: error: the protocol ddp is not known (tcp, udp, sctp, udplite)", false),
    ("type = UNLISTED", "x:1: error: port is missing, and /etc/services has no ftp/tcp", false),
  ])
  func whatIsSaid(_ line: String, _ message: String, _ isWritten: Bool) {
    let translation = Self.service(line)
    let messages = Self.messages(translation)
    #expect(messages.first == message && messages.count == (isWritten ? 1 : 2), "\(messages)")
    #expect(translation.files.isEmpty == !isWritten)
    if !isWritten { #expect(messages.last == "x:1: error: service ftp is not translated") }
  }

  /// Every attribute is either in a file or in a message.
  @Test func noAttributeIsDroppedWithoutAWord() {
    let values: [XinetdKey: String] = [
      .accessTimes: "1:00-2:00", .banner: "/b", .bannerFail: "/b", .bannerSuccess: "/b", .bind: "1.1.1.1", .interface: "1.1.1.1",
      .cps: "1 2",
      .disable: "yes", .env: "A=1", .flags: "KEEPALIVE", .groups: "no", .id: "name", .instances: "5", .perSource: "5", .nice: "5",
      .onlyFrom: "1.1.1.1", .noAccess: "1.1.1.1", .port: "77", .protocol: "udplite", .redirect: "h 7", .rlimitAS: "1", .rlimitCPU: "1",
      .rlimitData: "1", .rlimitFiles: "1", .rlimitRSS: "1", .rlimitStack: "1", .serverArgs: "x", .type: "INTERNAL", .umask: "077",
      .v6only: "yes", .logOnSuccess: "USERID", .logOnFailure: "USERID", .group: "g", .passenv: "A",
    ]
    let plain = Self.service("")
    for key in XinetdKey.allCases where key.isForServices {
      // Needed by each, or of RPC, which is refused by its type.
      if [.server, .user, .wait, .socketType, .rpcNumber, .rpcVersion].contains(key) { continue }
      let translation = Self.service("\(key.name.shown) = \(values[key] ?? "x")")
      let isSame =
        translation.files.map(\.contents) == plain.files.map(\.contents) && translation.files.count == plain.files.count
        && translation.files.map(\.name) == plain.files.map(\.name)
      #expect(!isSame || !translation.diagnostics.isEmpty, "\(key.name.shown)")
    }
  }

  @Test func brokenEntries() {
    let broken: [(String, String)] = [
      ("service a {\nid = x\n}\n", "x:1: error: the { does not stand on a line of its own (xinetd does not read such an entry)"),
      ("service\n", "x:1: error: the name is missing behind service"),
      ("servise a\n", "x:1: error: 'servise' begins no entry (did you mean service?)"),
      ("service a\n{\nid = x\n", "x:4: error: the entry does not end (a line with } alone is missing)"),
      ("service a\nid = x\n}\n", "x:2: error: a { is missing (it stands alone on the line behind the entry's name)"),
      ("}\n", "x:1: error: '}' begins no entry"), ("\0\n", "x:1: error: the line is longer than 16 KiB, or has a NUL byte"),
      ("defaults\n{\nonly_form = 1\n}\n", "x:3: error: there is no attribute 'only_form' (did you mean only_from?)"),
      ("defaults\n{\nnice = 1\n}\n", "x:3: warning: 'nice' has no effect in defaults: xinetd does not read it there"),
      ("service a\n{\n}\n", "x:1: error: socket_type is missing"),
    ]
    for (text, message) in broken {
      let translation = Self.translate(text)
      #expect(Self.messages(translation).first == message, "\(Self.messages(translation))")
      #expect(translation.files.isEmpty)
    }
    // With defaults that are not understood every service might be open.
    let translation = Self.translate("defaults\n{\nonly_form = 1\n}\nservice ftp\n{\nprotocol=tcp\nwait=no\nuser=a\nserver=/b\n}\n")
    #expect(translation.files.isEmpty && Self.messages(translation).last?.contains("defaults are not understood") == true)
  }

  @Test func includes() {
    let reader = XinetdReader()
    let found = reader.read(Bytes("include /a\nincludedir /b # c\n".utf8), file: Bytes("x"))
    #expect(found.map { "\($0.word.text.shown) \($0.isFolder) \($0.word.line)" } == ["/a false 1", "/b true 2"])
  }

  /// Every prefix and many changes: nothing traps, findings have places, and what is written is read without an error.
  @Test func everyPrefixAndChange() {
    let text = Bytes(
      """
      defaults
      {
       only_from = 10.0.0.0 1.2.{3,4}
       cps = 2 3
      }
      service ftp
      {
       socket_type = stream
       wait = no
       user = root
       server = /bin/f
       server_args = a%b $c
       env += A=1
       access_times = 1:00-2:00
       redirect = h 80
       rlimit_as = 5M
      }

      """.utf8)
    var random = Generator(state: 7)
    for end in 0...text.count { check(Bytes(text[..<end])) }
    for _ in 0..<4_000 {
      var changed = text
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed[at] = UInt8.random(in: 0...255, using: &random)
        case 1: changed.remove(at: at)
        case 2: changed.insert(Bytes("{}=+-/:%$\"\\\n #0".utf8).randomElement(using: &random) ?? 0, at: at)
        default: changed.swapAt(at, Int.random(in: 0..<changed.count, using: &random))
        }
      }
      check(changed)
    }
  }

  private func check(_ text: Bytes) {
    let translation = Self.translate(text)
    for diagnostic in translation.diagnostics { #expect(diagnostic.line > 0 && !diagnostic.message.isEmpty) }
    for file in translation.files {
      let (name, contents) = (file.name, file.contents)
      guard let unit = UnitName(name), let parsed = try? parse(contents, name: (unit.with(instance: Bytes("1")) ?? unit).bytes.shown) else {
        Issue.record("\(name.shown)")
        continue
      }
      let errors = parsed.diagnostics.filter { $0.severity == .error }
      #expect(errors.isEmpty, "\(errors.map { $0.text.shown })\n\(contents.shown)\n\(text.shown)")
    }
  }

  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }
}
