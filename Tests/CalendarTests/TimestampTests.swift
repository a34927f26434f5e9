import Calendar
import Foundation
import Model
import Testing

struct TimestampVector: Decodable {
  var ts: String
  var tz: String
  var usec: UInt64?
  var error: Bool?
}

@Suite struct TimestampTests {
  static func parse(_ text: String, _ zone: String = "UTC", now: Int64 = 1_795_835_102_000_000) throws(ScheduleError) -> UInt64 {
    let parser = TimestampParser(now: WallTime(microseconds: now), zone: Zones.named(zone) ?? .utc) { name in
      Zones.isInstalled(name) ? Zones.named(name.shown) : nil
    }
    return try parser.parse(Bytes(text.utf8))
  }

  @Test(.enabled(if: Zones.areInstalled, "no tzdata")) func timestampsAreReadAsTheVectorsSay() {
    let all: [TimestampVector] = vectors("timestamp")
    #expect(all.count == 188)
    for vector in all {
      #expect((try? Self.parse(vector.ts, vector.tz)) == (vector.error == true ? nil : vector.usec), "\(vector.ts) in \(vector.tz)")
    }
  }

  /// What systemd 252 answered on Sat 2026-11-28 03:05:02 UTC; nil is an error.
  @Test(
    .enabled(if: Zones.areInstalled, "no tzdata"),
    arguments: [
      ("@5min", 300.0, 300.0), ("+infinity", nil, nil), ("infinity ago", nil, nil), ("5min ago ", nil, nil), ("now UTC", nil, nil),
      ("now", 1_795_835_102, 1_795_835_102), ("+ 5min", 1_795_835_402, 1_795_835_402), ("2min left", 1_795_835_222, 1_795_835_222),
      ("today UTC", 1_795_824_000, 1_795_824_000), ("tomorrow UTC", 1_795_910_400, 1_795_910_400), ("+5min UTC", nil, nil),
      ("@5 UTC", nil, nil), ("ago", nil, nil), (" ago", nil, nil), ("@-5", nil, nil), ("@", nil, nil), ("@ 5", 5, 5), ("+", nil, nil),
      ("-0", 1_795_835_102, 1_795_835_102), ("+-5", nil, nil), ("12:00 UTC", 1_795_867_200, 1_795_867_200),
      ("Sat 12:00", 1_795_867_200, 1_795_863_600), ("Fri 12:00", nil, nil), ("nov 23 11:12:13", 1_795_432_333, 1_795_428_733),
      ("November 23 11:12:13", 1_795_432_333, 1_795_428_733), ("Nov  3 11:12:13.5", 1_793_704_333.5, 1_793_700_733.5),
      ("Mon Nov 23 11:12:13", 1_795_432_333, 1_795_428_733), ("Nov 23 11:12", nil, nil), (" 2012-11-23", 1_353_628_800, 1_353_625_200),
      ("2012-11-23  11:12:13", 1_353_669_133, 1_353_665_533), ("2012-11-2311:12:13", 1_353_669_133, 1_353_665_533),
      ("2012-11-23 11 :12:13", nil, nil), ("2012-11-23 11: 12: 13", 1_353_669_133, 1_353_665_533), ("2012 -11-23", nil, nil),
      ("23:59:60", 1_795_910_400, 1_795_906_800), ("23:59:61", 1_795_910_401, 1_795_906_801), ("23:59:62", nil, nil),
      ("2012-11-23 11:12:60.5", 1_353_669_180.5, 1_353_665_580.5), ("69-01-01", nil, nil), ("70-01-01", 0, nil),
      ("68-01-01", 3_092_601_600, 3_092_598_000), ("2012-11-23 11:12:13.1234567890", 1_353_669_133.123457, 1_353_665_533.123457),
      ("2012-11-23 11:12:13.x", nil, nil), ("@253402300800", 253_402_300_800, 253_402_300_800), ("@1.5.5", nil, nil),
      ("Sat, 2012-11-24", nil, nil), ("SATURDAY 2012-11-24", 1_353_715_200, 1_353_711_600), ("Sat", nil, nil),
      ("Saturday  2012-11-24", 1_353_715_200, 1_353_711_600), ("Sat 2023-02-29", nil, nil),
      ("Wed 2023-02-29", 1_677_628_800, 1_677_625_200),
      ("124-01-01", nil, nil), ("1969-12-31 23:00", nil, nil), ("2012-11-023", nil, nil), (" now", nil, nil), ("Today", nil, nil),
      ("0", nil, nil),
      ("2012-11-23\t11:12:13", 1_353_669_133, 1_353_665_533), ("2012-11-45:10:10", 1_352_005_810, 1_352_002_210),
    ] as [(String, Double?, Double?)])
  func oddFormsAreReadAsSystemd(_ text: String, _ inUTC: Double?, _ inBerlin: Double?) {
    #expect((try? Self.parse(text)) == inUTC.map { UInt64(($0 * 1e6).rounded()) })
    #expect((try? Self.parse(text, "Europe/Berlin")) == inBerlin.map { UInt64(($0 * 1e6).rounded()) })
  }

  /// As systemd 262 has it: the date that is not written is that of UTC where an offset is named, and that of the zone where
  /// one of its abbreviations is; offsets go to 24 hours.
  @Test(.enabled(if: Zones.areInstalled, "no tzdata")) func todayIsNotByTheOffset() {
    // 2026-07-01 22:30 UTC, which is 00:30 on the next day in Berlin and 23:30 in its winter time.
    let now: Int64 = 1_782_945_000_000_000
    for (text, seconds) in [
      ("today +0200", 1_782_856_800), ("today+02:00", 1_782_856_800), ("12:00 +02:00", 1_782_900_000), ("todayZ", 1_782_864_000),
      ("today CET", 1_782_946_800), ("today CEST", 1_782_943_200), ("2012-11-23 11:12:13 +15", 1_353_615_133),
      ("2012-11-23 11:12:13 -24:00", 1_353_755_533), ("1969-12-31 18:00:01 -06", 1),
    ] as [(String, UInt64)] {
      #expect((try? Self.parse(text, "Europe/Berlin", now: now)) == seconds * 1_000_000, "\(text)")
    }
    #expect((try? Self.parse("2012-11-23 11:12:13 +24:01")) == nil)
  }

  /// As mktime(3) of glibc: Apia had no 30 December 2011, with summer time before and after.
  @Test(.enabled(if: Zones.areInstalled, "no tzdata")) func aDayThatIsLeftOutIsCountedByTheClockBefore() {
    #expect((try? Self.parse("2011-12-30 00:30:00", "Pacific/Apia")) == 1_325_241_000_000_000)
  }

  @Test func errorsSayWhere() {
    for (text, column) in [("", 1), ("2024-01-02 1x:00", 13), ("Mon 2024-01-02", 1), ("2024-13-01", 8), ("@1x", 3), ("+5q", 3)] {
      do {
        _ = try Self.parse(text)
        Issue.record("\(text) was read")
      } catch {
        #expect(error.column == column, "\(text): \(error)")
      }
    }
  }
}
