import Foundation
import Model
import Testing

@testable import Calendar

@Suite struct ZoneTests {
  static let zones = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll",
    "Asia/Kathmandu", "Asia/Seoul", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Europe/Lisbon", "Pacific/Apia",
    "Pacific/Auckland", "America/Nuuk", "Asia/Gaza", "America/Scoresbysund", "Europe/Chisinau", "Pacific/Kiritimati",
  ]

  /// Against Foundation's own tables, which are not the machine's files.
  @Test(.enabled(if: Zones.areInstalled, "no tzdata"), arguments: zones)
  func offsetsAreThoseOfFoundation(_ name: String) throws {
    let zone = try #require(Zones.named(name))
    guard let foundation = Foundation.TimeZone(identifier: name) else {
      Issue.record("Foundation does not know \(name)")
      return
    }
    var random = SeededGenerator(state: 1)
    var different = 0
    for _ in 0..<2000 {
      // Rules that were made after either table are not compared.
      let second = Int64.random(in: 0..<1_700_000_000, using: &random)
      if zone.segment(at: second).offset != Int64(foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))) {
        different += 1
      }
    }
    #expect(different == 0)
  }

  @Test(.enabled(if: Zones.areInstalled, "no tzdata"), arguments: zones)
  func segmentsLieOneBehindTheOther(_ name: String) throws {
    let zone = try #require(Zones.named(name))
    var segment = zone.segment(at: 0)
    while segment.end < 7_258_118_400 {
      let next = zone.segment(at: segment.end)
      #expect(next.start == segment.end && next.end > next.start)
      #expect(zone.segment(at: segment.end - 1).end == segment.end)
      segment = next
    }
  }

  @Test(
    .enabled(if: Zones.areInstalled, "no tzdata"),
    arguments: ["Europe/Berlin", "Antarctica/Troll", "Asia/Seoul", "UTC", "Africa/Casablanca"])
  func everyCutAndEveryWrongByteIsAnErrorOrAZone(_ name: String) throws {
    let whole = try #require(Zones.bytes(name))
    _ = try TimeZoneParser.parse(tzif: whole)
    for length in 0..<whole.count {
      #expect(throws: TimeZoneError.self, "cut at \(length)") { try TimeZoneParser.parse(tzif: Bytes(whole[..<length])) }
    }
    #expect(throws: TimeZoneError.self) { try TimeZoneParser.parse(tzif: whole + [0]) }
    let spec = try CalendarParser.parse(Bytes("*-*-* 02:30"))
    var read = 0
    for at in whole.indices {
      for mask in [1, 0x80, 0xFF] as [UInt8] {
        var wrong = whole
        wrong[at] ^= mask
        guard let zone = try? TimeZoneParser.parse(tzif: wrong) else { continue }
        read += 1
        // Whatever it says now: nothing traps, nothing goes back.
        for base in [-1 << 62, 0, 1_711_846_799_000_000, 4_102_444_800_000_000, 7_258_118_399_000_000, 1 << 62] as [Int64] {
          if let next = spec.next(after: WallTime(microseconds: base), in: zone) { #expect(next.microseconds > base) }
        }
        _ = formatTimestamp(WallTime(microseconds: 1_711_846_799_000_000), in: zone)
      }
    }
    #expect(read < whole.count * 3)
  }

  @Test(
    arguments: [
      ("CET-1CEST,M3.5.0,M10.5.0/3", 1_719_792_000, 7200), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_704_067_200, 3600), ("<+03>-3", 0, 10_800),
      ("UTC0", 0, 0), ("EST5EDT", 1_719_792_000, -14_400), ("EST5EDT", 1_704_067_200, -18_000),
      ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_704_067_200, 0), ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_719_792_000, 3600),
      // Summer time all year, as RFC 9636 has it.
      ("EST5EDT,0/0,J365/25", 1_704_067_200, -14_400), ("EST5EDT,0/0,J365/25", 1_704_085_200, -14_400),
      ("EST5EDT,0/0,J365/25", 1_719_792_000, -14_400),
      ("XXX-2<+01>-1,0/0,J365/23", 1_719_792_000, 3600), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_719_792_000, -3600),
      ("EET-2EEST,M3.4.4/50,M10.4.4/50", 1_719_792_000, 10_800), ("AAA-1:30:15", 5, 5415), ("LMT+0:01:15", 5, -75),
    ] as [(String, Int64, Int64)])
  func rulesAreReadAsPOSIXSays(_ rule: String, _ second: Int64, _ offset: Int64) throws {
    #expect(try TimeZoneParser.parse(posix: Bytes(rule.utf8)).segment(at: second).offset == offset)
  }

  @Test(arguments: [
    "", "C", "CE", "CET", "CET-", "CET-25", "CET-1CEST,", "CET-1CEST,M3", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0",
    "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,J366,J5", "CET-1CEST,366,5", "CET-1CEST,M3.5.0/168,M10.5.0", "<+03-3",
    "<+03>", "<>3",
    "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1:60", "Europe/Berlin", "CET 1",
  ])
  func wrongRulesAreErrors(_ rule: String) {
    #expect(throws: TimeZoneError.self) { try TimeZoneParser.parse(posix: Bytes(rule.utf8)) }
  }

  @Test func namesCannotLeaveTheFolder() {
    for name in ["Europe/Berlin", "UTC", "Etc/GMT+5", "America/Port-au-Prince", "EST5EDT"] {
      #expect(TimeZoneParser.isName(Bytes(name.utf8)))
    }
    for name in ["", "/etc/passwd", "../etc", "Europe/../x", "a//b", "Europe/", "a b", "a.b", "a\0"] {
      #expect(!TimeZoneParser.isName(Bytes(name.utf8)), "\(name)")
    }
  }
}
