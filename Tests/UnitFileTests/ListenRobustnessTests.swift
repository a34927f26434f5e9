import Model
import Testing

@testable import UnitFile

/// Addresses, ranges and spans of the day come from files that anybody may have written.
@Suite struct ListenRobustnessTests {
  static let addresses = [
    "8080", "127.0.0.1:80", "[2001:db8::1]:80", "[fe80::1]:80%eth0", "[::ffff:1.2.3.4]:80", "/var/run/web.sock", "@abstract",
    "vsock:2:1234",
    "vsock-stream::1", "kobject-uevent 1", "/dev/kmsg", "/queue",
  ]

  /// What is read is read again the same from what is shown, but for the mapped form, which is the IPv4 address.
  private func check(_ text: Bytes) {
    for kind in ListenKind.allCases {
      guard let listener = try? ListenParser.parse(text, kind) else { continue }
      #expect(listener.kind == kind && !listener.text.isEmpty && listener.text.count <= text.count + 16)
      let again = try? ListenParser.parse(listener.text, kind)
      #expect(again == listener, "\(text.shown) \(listener.text.shown)")
      switch listener.address {
      case .unix(let path): #expect(path.first == 47 && path.count > 1 && path.count <= 107)
      case .abstract(let name): #expect(!name.isEmpty && name.count <= 106)
      case .ip(_, let port, let interface): #expect(port > 0 && interface.count < 16)
      case .path(let path): #expect(path.first == 47 && path.count < 4096)
      case .vsock, .netlink: break
      }
    }
    if let range = IPRange(text) { #expect(range.prefix <= 128 && range.contains(range.address)) }
    if let day = DayRange(text) { #expect(day.from < 1440 && day.to <= 1440 && day.from != day.to) }
  }

  static let rules = ["10.0.0.0/8", "2001:db8::/32", "::/0", "0.0.0.0/0", "1.2.3.4", "::ffff:1.2.3.4/96", "08:00-17:30", "22:00-24:00"]

  @Test(arguments: addresses + rules)
  func everyPrefix(_ text: String) {
    let bytes = Bytes(text.utf8)
    for count in 0...bytes.count {
      check(Bytes(bytes[..<count]))
      check(Bytes(bytes[count...]))
    }
  }

  @Test(arguments: addresses + rules)
  func seededMutations(_ text: String) {
    var seed = Bytes(text.utf8).seed | 1
    func random(_ bound: Int) -> Int {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(seed >> 33) % bound
    }
    let alphabet = Bytes("0123456789abcdef.:[]/%@-vsock+x \u{0}\u{7f}é".utf8)
    for _ in 0..<2000 {
      var bytes = Bytes(text.utf8)
      for _ in 0...random(4) {
        let place = random(bytes.count + 1)
        switch random(3) {
        case 0: bytes.insert(alphabet[random(alphabet.count)], at: place)
        case 1 where place < bytes.count: bytes.remove(at: place)
        case 2 where place < bytes.count: bytes[place] = alphabet[random(alphabet.count)]
        default: bytes.append(contentsOf: bytes.prefix(random(40)))
        }
      }
      check(bytes)
    }
  }

  @Test func rangesHoldWhatTheySay() throws {
    func address(_ text: String) throws -> IPAddress { try #require(IPAddress(Bytes(text.utf8))) }
    func range(_ text: String) throws -> IPRange { try #require(IPRange(Bytes(text.utf8))) }
    for (text, inside, outside) in [
      ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"), ("1.2.3.4", "1.2.3.4", "1.2.3.5"), ("0.0.0.0/0", "9.9.9.9", "::1"),
      ("::/0", "9.9.9.9", ""), ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"), ("::ffff:0:0/96", "1.1.1.1", "::1"),
      ("fe80::1/128", "fe80::1", "fe80::2"), ("2001:db8:0:1::/64", "2001:db8:0:1:ffff::", "2001:db8:0:2::"),
    ] {
      #expect(try range(text).contains(address(inside)), "\(text)")
      if !outside.isEmpty { #expect(try !range(text).contains(address(outside)), "\(text)") }
    }
    for text in ["10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/-1", "", "::1%lo"] {
      #expect(IPRange(Bytes(text.utf8)) == nil, "\(text)")
    }
  }

  @Test func spansOfTheDay() {
    func span(_ text: String) -> DayRange? { DayRange(Bytes(text.utf8)) }
    #expect(span("8:00-17:30") == DayRange(from: 480, to: 1050) && span("23:59-0:00") == DayRange(from: 1439, to: 0))
    for text in [
      "24:00-1:00", "8:00-8:00", "8-17", "8:0-9:00", "8:60-9:00", "008:00-9:00", "8:00-24:01", "8:00", "", "-", "8:00-9:00-10:00",
    ] {
      #expect(span(text) == nil, "\(text)")
    }
  }
}
