import Glibc
import Model
import Testing

@Suite struct SocketAddressTests {
  /// What is read, and how it is written again.
  static let addresses: [(String, String)] = [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"),
    ("1::", "1::"), ("::ffff:10.1.2.3", "10.1.2.3"), ("::FFFF:0a01:203", "10.1.2.3"), ("::1.2.3.4", "::1.2.3.4"),
    ("2001:DB8::0:1", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("1:0:0:4:5:6:0:0", "1::4:5:6:0:0"), ("0:0:3::", "0:0:3::"), ("fe80::1:0:0", "fe80::1:0:0"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"), ("::ffff:0:1.2.3.4", "::ffff:0:102:304"),
  ]

  @Test(arguments: addresses)
  func readAndWritten(_ text: String, _ written: String) throws {
    let address = try #require(IPAddress(Bytes(text.utf8)))
    #expect(address.text.shown == written)
    #expect(IPAddress(address.text) == address && IPAddress(bytes: address.bytes) == address)
    #expect(address.isV4 == !written.contains(":"))
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "1..2.3", "-1.2.3.4", ":", ":::", "1:", ":1", "1::2::3",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1.2.3", "1.2.3.4::", "::1.2.3.4:1", "fe80::1%lo",
    "[::1]", "::ffff:1.2.3.400", "1:2:3:4:5:6:7:1.2.3.4", "localhost",
  ])
  func whatIsNoAddress(_ text: String) {
    #expect(IPAddress(Bytes(text.utf8)) == nil)
  }

  /// The C library reads and writes the same, but that it shows mapped addresses with their prefix.
  @Test func asTheCLibrary() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let zeros = UInt64.random(in: .min ... .max, using: &random)
      var bytes = (0..<16).map { zeros >> UInt64($0 / 2 * 3) & 3 == 0 ? UInt8.random(in: 0...255, using: &random) : 0 }
      if zeros % 7 == 0 { bytes.replaceSubrange(0..<10, with: repeatElement(0, count: 10)) }
      var buffer = [CChar](repeating: 0, count: 64)
      _ = inet_ntop(AF_INET6, bytes, &buffer, 64)
      let expected = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let address = IPAddress(bytes: bytes)
      #expect(address.map { $0.isV4 ? "::ffff:" + $0.text.shown : $0.text.shown } == expected, "\(bytes)")
      #expect(IPAddress(Bytes(expected.utf8)) == address)
    }
  }

  @Test func everyPrefixAndChange() {
    for (text, _) in Self.addresses {
      let bytes = Bytes(text.utf8)
      for end in 0...bytes.count {
        for other in Bytes("0a:.:%[ \u{FF}".utf8) {
          var buffer = in6_addr()
          let changed = Bytes(bytes[..<end]) + [other] + bytes[end...]
          let known = inet_pton(AF_INET6, changed.shown, &buffer) == 1 || inet_pton(AF_INET, changed.shown, &buffer) == 1
          #expect((IPAddress(changed) != nil) == known, "\(changed.shown)")
        }
      }
    }
  }

  @Test func peers() {
    func address(_ text: String) -> IPAddress { IPAddress(Bytes(text.utf8)) ?? IPAddress(v4: 0) }
    // The peer, its description, its part of an instance's name: systemd 252's own.
    let peers: [(SocketAddress, String, String)] = [
      (.ip(address("127.0.0.1"), port: 80), "127.0.0.1:80", "127.0.0.1:80"),
      (.ip(address("::ffff:127.0.0.1"), port: 80), "127.0.0.1:80", "127.0.0.1:80"),
      (.ip(address("::1"), port: 65_535), "[::1]:65535", "::1:65535"), (.vsock(cid: 2, port: 1234), "vsock:2:1234", "2:1234"),
      (.process(pid: 92, uid: 0), "PID 92/UID 0", "92-0"),
    ]
    for (peer, text, name) in peers { #expect(peer.text.shown == text && peer.textInName.shown == name) }
  }

  @Test func ranges() throws {
    let range = IPRange(address: try #require(IPAddress(Bytes("10.1.0.0".utf8))), prefix: 96 + 16)
    for (text, holds) in [("10.1.255.1", true), ("10.2.0.0", false), ("::a01:1", false), ("::ffff:10.1.2.3", true)] {
      #expect(range.contains(try #require(IPAddress(Bytes(text.utf8)))) == holds, "\(text)")
    }
    let all = IPRange(address: IPAddress(high: 0, low: 0), prefix: 0)
    #expect(all.contains(IPAddress(high: .max, low: .max)) && all.contains(IPAddress(v4: 1)))
  }
}
