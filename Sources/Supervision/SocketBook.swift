import Model

/// Whom connections are counted and slowed by.
enum ConnectionSource: Equatable, Sendable {
  case ip(IPAddress)
  case user(UInt32)
  case vsock(UInt32)
  case unknown
  /// All for whom there is no room of their own.
  case other

  init(_ peer: SocketAddress) {
    switch peer {
    case .ip(let address, _): self = .ip(address)
    case .vsock(let cid, _): self = .vsock(cid)
    case .process(_, let uid): self = .user(uid)
    case .unknown: self = .unknown
    }
  }
}

/// What is known of one source while it has connections or its bucket is not full.
struct SourceBook: Sendable {
  var source: ConnectionSource
  /// Connections that are served.
  var live: UInt32 = 0
  var held: UInt32 = 0
  /// The token bucket as one instant: when it would be full again.
  var fullAt = Instant.zero
}

/// A connection that came sooner than its source's bucket allows: it waits, its source alone is slowed.
struct HeldConnection: Sendable {
  var connection: AcceptedConnection
  var due: Instant
}

/// The connection that an instance serves.
struct ServedConnection: Sendable {
  /// nil: the service has it, apus has closed its own.
  var id: DescriptorID?
  /// In LISTEN_FDNAMES.
  var name: Bytes
  var peer: SocketAddress
  var since: Instant
}

/// What a `.socket` has open, and what came of it.
///
/// A class with one owner, the unit's record.
public final class SocketBook {
  /// Sources with connections or spent tokens; those beyond share one entry.
  static let sourcesMax = 1024
  /// Connections that wait for their source's tokens: of a socket, and of one source; more are refused.
  static let heldMax = 256
  static let heldPerSourceMax: UInt32 = 16
  /// Lines about refused connections in ten seconds; the rest is counted.
  static let linesMax: UInt32 = 10
  /// The first and the longest pause of a listener that fails.
  static let pauseMin = TimeSpan(milliseconds: 100)
  static let pauseMax = TimeSpan(seconds: 10)
  /// What fails again within that is tried later still, and not said again.
  static let failStory = TimeSpan(seconds: 30)
  /// The longest pause for PollLimitBurst= of a service that fails.
  static let pollPauseMax = TimeSpan(seconds: 30)

  /// One a listener, in the order of the lines; empty: not open.
  public internal(set) var descriptors: [DescriptorID] = []
  /// Of them those whose traffic is told.
  var watched: [DescriptorID] = []
  /// Those that cannot be watched at all.
  var unwatchable: [DescriptorID] = []
  /// Those that could not be watched or accepted from, and are tried again; since when, the pause, and for whom that was said.
  public internal(set) var failing: [DescriptorID] = []
  var failedAt = Instant.zero
  var failPause = TimeSpan.zero
  var saidFailing: [DescriptorID] = []
  /// Accept=no: its service was started, or runs.
  public internal(set) var isRunning = false
  public internal(set) var accepted: UInt64 = 0
  public internal(set) var refused: UInt64 = 0
  /// That are served.
  public internal(set) var connections: UInt32 = 0
  var triggers = StartLimiter()
  var polls = StartLimiter()
  /// Nothing is watched until then: a limit was hit, or a listener failed.
  public internal(set) var pausedUntil: Instant? = nil
  /// It is not a limit that it pauses for.
  var pausesForDescriptors = false
  /// The next pause of a listener that fails; zero: the last one worked.
  var nextPause = TimeSpan.zero
  /// The last pause for PollLimitBurst=, and when it began.
  var pollPause = TimeSpan.zero
  var pollPausedAt = Instant.zero
  var sources: [SourceBook] = []
  var held: [HeldConnection] = []
  /// Waiting for their instance.
  var unnamed: [(name: Bytes, connection: AcceptedConnection)] = []
  /// Slots of ended instances.
  var freeInstances: [UnitID] = []
  var lines = StartLimiter()
  var unsaid: UInt64 = 0

  /// When those that failed are tried again; nil: none has.
  var failingUntil: Instant? { failing.isEmpty ? nil : failedAt + failPause }

  func isBeyondWatching(_ descriptor: DescriptorID) -> Bool { unwatchable.contains(descriptor) || failing.contains(descriptor) }

  func source(_ peer: SocketAddress) -> Int {
    let wanted = ConnectionSource(peer)
    if let index = sources.firstIndex(where: { $0.source == wanted }) { return index }
    // As long as somebody shares it, who comes is counted there, so that the end is counted where the beginning was.
    if let other = sources.firstIndex(where: { $0.source == .other }) { return other }
    sources.append(SourceBook(source: sources.count + 1 >= SocketBook.sourcesMax ? .other : wanted))
    return sources.count - 1
  }

  /// Who has no connection and a full bucket is nobody.
  func forgetIdleSources(_ now: Instant) {
    sources.removeAll { $0.live == 0 && $0.held == 0 && $0.fullAt <= now }
  }

  /// One that waited for its turn does so no more.
  func drop(held peer: SocketAddress) {
    let index = source(peer)
    if sources[index].held > 0 { sources[index].held -= 1 }
  }

  /// One that was served is over.
  func drop(served peer: SocketAddress) {
    if connections > 0 { connections -= 1 }
    let index = source(peer)
    if sources[index].live > 0 { sources[index].live -= 1 }
  }

  /// Takes a token of the source's bucket, now or from the future: when its turn is; nil: it would have to wait, and may not.
  func takeToken(_ index: Int, _ limit: RateLimit, _ now: Instant, mayWait: Bool) -> Instant? {
    let step = TimeSpan(microseconds: max(limit.interval.microseconds / UInt64(limit.burst), 1))
    let full = max(sources[index].fullAt, now) + step
    let waits = full.since(now) > limit.interval
    if waits && !mayWait { return nil }
    sources[index].fullAt = full
    return waits ? Instant(nanoseconds: full.nanoseconds - Int64(limit.interval.microseconds) * 1000) : now
  }
}

extension StartLimiter {
  /// The same count for a rate of `.socket` and `.path` units.
  mutating func allow(_ rate: RateLimit, now: Instant) -> Bool {
    var limit = StartLimit()
    limit.interval = rate.interval
    limit.burst = rate.burst
    return allow(limit, now: now)
  }
}

extension SocketSettings {
  /// Whether a peer may in by address: the most specific range decides, a tie denies; without any that holds it, it may unless
  /// something is allowed. Only addresses of the Internet have ranges.
  func lets(in peer: SocketAddress) -> Bool {
    if allowed.isEmpty && denied.isEmpty { return true }
    guard case .ip(let address, _) = peer else { return true }
    let allows = longest(allowed, address)
    let denies = longest(denied, address)
    if let denies { return (allows ?? -1) > denies }
    return allows != nil || allowed.isEmpty
  }

  private func longest(_ ranges: [IPRange], _ address: IPAddress) -> Int? {
    var longest: Int? = nil
    for range in ranges where range.contains(address) { longest = max(longest ?? 0, Int(range.prefix)) }
    return longest
  }

  /// AccessTimes=, by the minute of the local day.
  func isOpen(at minute: UInt16) -> Bool {
    if times.isEmpty { return true }
    return times.contains { $0.from <= $0.to ? minute >= $0.from && minute < $0.to : minute >= $0.from || minute < $0.to }
  }
}
