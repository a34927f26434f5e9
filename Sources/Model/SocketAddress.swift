/// An Internet address; an IPv4 one is kept as its mapped form, `::ffff:a.b.c.d`, so that both compare as one family.
public struct IPAddress: Equatable, Hashable, Sendable {
  /// The first and the last eight bytes, as numbers.
  public var high: UInt64
  public var low: UInt64
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
  public init(v4 address: UInt32) {
    high = 0
    low = 0xffff_0000_0000 | UInt64(address)
  }
  public var isV4: Bool { high == 0 && low >> 32 == 0xffff }
  /// Meaningful for an IPv4 address only.
  public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }
}

/// Addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`.
public struct IPRange: Equatable, Sendable {
  public var address: IPAddress
  /// Bits that count, of 128: an IPv4 prefix is 96 more than written.
  public var prefix: UInt8
  public init(address: IPAddress, prefix: UInt8) {
    self.address = address
    self.prefix = prefix
  }
  /// Whether it begins with the same bits.
  public func contains(_ other: IPAddress) -> Bool {
    let highBits = min(UInt64(prefix), 64)
    let lowBits = UInt64(prefix) - highBits
    return (address.high ^ other.high) >> (64 - highBits) == 0 && (address.low ^ other.low) >> (64 - lowBits) == 0
  }
}

/// One end of a connection.
public enum SocketAddress: Equatable, Sendable {
  case ip(IPAddress, port: UInt16)
  case vsock(cid: UInt32, port: UInt32)
  /// A process of this machine, by SO_PEERCRED; 0: it is of another PID namespace, or gone.
  case process(pid: Int32, uid: UInt32)
  case unknown
}

/// A connection that was accepted: its descriptor, and who speaks with whom.
public struct AcceptedConnection: Equatable, Sendable {
  public var id: DescriptorID
  public var local: SocketAddress
  public var peer: SocketAddress
  public init(id: DescriptorID, local: SocketAddress, peer: SocketAddress) {
    self.id = id
    self.local = local
    self.peer = peer
  }
}
