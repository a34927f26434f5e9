/// `Listen…=` (units.md d.1).
public enum ListenKind: UInt8, CaseIterable, Sendable {
  case stream, datagram, sequentialPacket, fifo, special, netlink, messageQueue

  /// As `list-sockets` and `show` say it.
  public var name: StaticString {
    switch self {
    case .stream: "Stream"
    case .datagram: "Datagram"
    case .sequentialPacket: "SequentialPacket"
    case .fifo: "FIFO"
    case .special: "Special"
    case .netlink: "Netlink"
    case .messageQueue: "MessageQueue"
    }
  }
}

/// What a listener is bound to.
public enum ListenAddress: Equatable, Sendable {
  /// A plain port is `::`. `interface`: of a link-local address, a name or number; empty: none.
  case ip(IPAddress, port: UInt16, interface: Bytes)
  /// A file node.
  case unix(Bytes)
  /// Without its leading NUL.
  case abstract(Bytes)
  /// `UInt32.max`: any.
  case vsock(cid: UInt32, port: UInt32)
  /// The kernel's number of the family, and the multicast group.
  case netlink(family: UInt16, group: UInt32)
  /// Of a FIFO, a special file; of a message queue its name with the slash.
  case path(Bytes)
}

/// One `Listen…=` line.
public struct Listener: Equatable, Sendable {
  public var kind: ListenKind
  public var address: ListenAddress
  /// In systemd's normal form: `[::]:80`, `127.0.0.1:80`, `/run/x`, `@abstract`, `vsock::1234`.
  public var text: Bytes
  public init(kind: ListenKind, address: ListenAddress, text: Bytes) {
    self.kind = kind
    self.address = address
    self.text = text
  }
}

/// Keys that become one option of the kernel's socket, or of what else is opened. One that the kernel refuses is warned of,
/// never fatal, as in systemd.
public enum SocketOption: UInt8, CaseIterable, Sendable {
  case keepAlive, keepAliveTime, keepAliveInterval, keepAliveProbes, noDelay, priority, receiveBuffer, sendBuffer, ipTOS, ipTTL, mark,
    reusePort, freeBind, transparent, broadcast, passCredentials, passPIDFD, passSecurity, passPacketInfo, acceptFileDescriptors,
    timestamping, deferAccept, bindIPv6Only, pipeSize, messageQueueMaxMessages, messageQueueMessageSize, writable, socketProtocol

  /// The key.
  public var name: StaticString {
    switch self {
    case .keepAlive: "KeepAlive"
    case .keepAliveTime: "KeepAliveTimeSec"
    case .keepAliveInterval: "KeepAliveIntervalSec"
    case .keepAliveProbes: "KeepAliveProbes"
    case .noDelay: "NoDelay"
    case .priority: "Priority"
    case .receiveBuffer: "ReceiveBuffer"
    case .sendBuffer: "SendBuffer"
    case .ipTOS: "IPTOS"
    case .ipTTL: "IPTTL"
    case .mark: "Mark"
    case .reusePort: "ReusePort"
    case .freeBind: "FreeBind"
    case .transparent: "Transparent"
    case .broadcast: "Broadcast"
    case .passCredentials: "PassCredentials"
    case .passPIDFD: "PassPIDFD"
    case .passSecurity: "PassSecurity"
    case .passPacketInfo: "PassPacketInfo"
    case .acceptFileDescriptors: "AcceptFileDescriptors"
    case .timestamping: "Timestamping"
    case .deferAccept: "DeferAcceptSec"
    case .bindIPv6Only: "BindIPv6Only"
    case .pipeSize: "PipeSize"
    case .messageQueueMaxMessages: "MessageQueueMaxMessages"
    case .messageQueueMessageSize: "MessageQueueMessageSize"
    case .writable: "Writable"
    case .socketProtocol: "SocketProtocol"
    }
  }
}

/// One of them with its value: yes is 1, no 0; spans in seconds; BindIPv6Only= 1 both, 2 ipv6-only; Timestamping= 1 us, 2 ns;
/// SocketProtocol= the kernel's number (132 sctp, 136 udplite, 262 mptcp).
public struct SocketOptionSetting: Equatable, Sendable {
  public var option: SocketOption
  public var value: Int64
  public init(_ option: SocketOption, _ value: Int64) {
    self.option = option
    self.value = value
  }
}

/// At most so many times in a span: `TriggerLimit…=`, `PollLimit…=`, `SourceLimit…=`.
public struct RateLimit: Equatable, Sendable {
  public var interval: TimeSpan
  public var burst: UInt32
  public init(interval: TimeSpan, burst: UInt32) {
    self.interval = interval
    self.burst = burst
  }
  public var isOff: Bool { interval == .zero || burst == 0 }
}

/// Minutes of the day in the local zone, the last one left out; with `from` > `to` over midnight.
public struct DayRange: Equatable, Sendable {
  public var from: UInt16
  public var to: UInt16
  public init(from: UInt16, to: UInt16) {
    self.from = from
    self.to = to
  }
}

/// What is opened, and how: what the kernel needs of a `.socket`. A reference, as the other settings.
public final class ListenSettings: Equatable, @unchecked Sendable {
  /// In the order of their lines.
  public var listeners: [Listener] = []
  /// In the order of `SocketOption`; what the unit does not say is left out.
  public var options: [SocketOptionSetting] = []
  public var backlog: UInt32 = .max
  /// `BindToDevice=`; empty: none.
  public var device: Bytes = []
  /// `TCPCongestion=`; empty: the kernel's.
  public var congestion: Bytes = []
  /// `SocketUser=`, `SocketGroup=`: names or numbers; of file nodes and message queues.
  public var user: Bytes = []
  public var group: Bytes = []
  public var mode: UInt32 = 0o666
  public var directoryMode: UInt32 = 0o755
  /// `Symlinks=`: to the one file node.
  public var symlinks: [Bytes] = []
  public init() {}

  /// Every setting.
  public static func == (one: ListenSettings, other: ListenSettings) -> Bool {
    if one === other { return true }
    guard one.listeners == other.listeners, one.options == other.options, one.backlog == other.backlog else { return false }
    return one.mode == other.mode && one.directoryMode == other.directoryMode && one.texts == other.texts
  }

  private var texts: [[Bytes]] { [[device, congestion, user, group], symlinks] }

  /// The value of an option, nil where the unit does not say.
  public func value(_ option: SocketOption) -> Int64? {
    for setting in options where setting.option == option { return setting.value }
    return nil
  }

  /// The file nodes that it makes: of RemoveOnStop=.
  public var nodes: [Bytes] {
    var result: [Bytes] = []
    for listener in listeners {
      switch listener.address {
      case .unix(let path): result.append(path)
      case .path(let path): if listener.kind == .fifo { result.append(path) }
      case .ip, .abstract, .vsock, .netlink: break
      }
    }
    return result
  }

  /// The message queues that it makes, by the kernel's names: without the slash.
  public var queues: [Bytes] {
    var result: [Bytes] = []
    for listener in listeners where listener.kind == .messageQueue {
      if case .path(let path) = listener.address { result.append(Bytes(path.dropFirst())) }
    }
    return result
  }
}

/// `[Socket]`, and of `[X-Apus]` what belongs to it (units.md d.1, d.4).
///
/// A reference, since it is large and often looked at; it is never changed once its unit is put together.
public final class SocketSettings: Equatable, @unchecked Sendable {
  public var listen = ListenSettings()
  /// `Accept=yes`: an instance of `service`, which is a template then, for each connection.
  public var accepts = false
  /// `Service=`, by default the service or template of equal name.
  public var service: UnitName
  public var maxConnections: UInt32 = 64
  /// 0: no limit but `maxConnections`.
  public var maxConnectionsPerSource: UInt32 = 0
  /// With its default filled in.
  public var triggerLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 20)
  public var pollLimit = RateLimit(interval: TimeSpan(seconds: 2), burst: 15)
  /// `FileDescriptorName=`; empty: the unit's name, with Accept=yes `connection`.
  public var descriptorName: Bytes = []
  public var flushPending = false
  public var removeOnStop = false
  /// To ExecStartPost=, ExecStopPre= and the first ExecStopPost= of the socket.
  public var passesToExec = false
  /// Its commands, timeouts and their world, as those of a oneshot that remains: `startPre`, `startPost`, `stop` (ExecStopPre=),
  /// `stopPost`; `timeoutStart` and `timeoutStop` are TimeoutSec=.
  public var process = ServiceSettings()

  // [X-Apus]
  /// `AccessAllow=`, `AccessDeny=`: the most specific range that holds the peer decides, a tie denies; peers that are in none are
  /// let in unless something is allowed. Accept=yes only.
  public var allowed: [IPRange] = []
  public var denied: [IPRange] = []
  /// `AccessTimes=`; empty: always.
  public var times: [DayRange] = []
  /// `RearmSec=`: after a trigger limit it pauses so long instead of failing; nil: it fails, as in systemd.
  public var rearm: TimeSpan? = nil
  /// `SourceLimitIntervalSec=`, `SourceLimitBurst=`: a token bucket for each peer; what comes too soon waits.
  public var sourceLimit: RateLimit? = nil
  /// `Banner=`, `BannerSuccess=`, `BannerFail=`: files that are sent to every peer, to those let in, to those sent away.
  public var banner: Bytes = []
  public var bannerSuccess: Bytes = []
  public var bannerFail: Bytes = []

  /// Every setting.
  public static func == (one: SocketSettings, other: SocketSettings) -> Bool {
    if one === other { return true }
    guard one.listen == other.listen, one.accepts == other.accepts, one.service == other.service else { return false }
    guard one.maxConnections == other.maxConnections, one.maxConnectionsPerSource == other.maxConnectionsPerSource else { return false }
    guard one.triggerLimit == other.triggerLimit else { return false }
    guard one.pollLimit == other.pollLimit, one.descriptorName == other.descriptorName else { return false }
    guard one.flushPending == other.flushPending, one.process == other.process else { return false }
    guard one.removeOnStop == other.removeOnStop, one.passesToExec == other.passesToExec else { return false }
    guard one.allowed == other.allowed, one.denied == other.denied, one.times == other.times else { return false }
    guard one.rearm == other.rearm, one.sourceLimit == other.sourceLimit, one.banner == other.banner else { return false }
    return one.bannerSuccess == other.bannerSuccess && one.bannerFail == other.bannerFail
  }

  public init(service: UnitName) {
    self.service = service
    process.type = .oneshot
    process.remainAfterExit = true
    process.isSocket = true
  }
}

/// What came of opening everything that a `.socket` listens on.
public enum ListenOutcome: Equatable, Sendable {
  /// One a listener, in the order of the lines; a special key that could not be set is a warning, said by then.
  case open([DescriptorID])
  /// Nothing is open, and why: the line is named. `mayPass`: nothing is wrong with the unit, somebody else has the port, or the
  /// system is short of something; it is worth trying again.
  case failed(Bytes, mayPass: Bool)
}

extension Unit {
  /// A socket with AccessTimes=, which go by the local clock.
  public var hasAccessTimes: Bool {
    if case .socket(let settings) = kind { return !settings.times.isEmpty }
    return false
  }
}
