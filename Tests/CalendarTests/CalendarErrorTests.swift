import Calendar
import Foundation
import Model
import Testing

@Suite struct CalendarErrorTests {
  /// The column, what is wrong, and a piece of the hint.
  @Test(
    arguments: [
      ("*/5", 2, "write *:0/5"), ("*:*/5", 4, "write *:0/5"), ("*/2:00", 2, "write 0/2:00"), ("12:00:*/10", 8, "write 12:00:0/10"),
      ("*-*-*/2", 6, "write *-*-1/2"), ("*-*/3-1", 4, "write *-1/3-1"), ("Sun..Mon", 6, "write Mon,Sun"),
      ("Fri..Tue", 6, "write Mon..Tue,Fri..Sun"),
      ("Sat..Wed 12:00", 6, "write Mon..Wed,Sat..Sun"), ("*/5 * * * *", 1, "Schedule="), ("0 4 * * 1-5", 1, "Schedule="),
      ("12:00 ", 6, "remove it"),
      ("2024-01-01T12:00", 11, "separated by a blank"), ("*-13-1", 3, "months are 1 to 12"), ("25:00", 1, "hours are 0 to 23"),
      ("12:60", 4, "minutes are"),
      ("*-*~29", 5, "1 to 28"), ("*-*~26,27", 8, "1 to 25"), ("1900-1-1", 1, "1970 to 2199"), ("*:0/0", 5, "step of 0"),
      ("*:59/1", 3, "step is larger"), ("", 1, "missing"),
      ("12:35..30", 4, "must rise"), ("12", 3, "something is missing"), (" Mon", 1, "blank in front"), ("Mon,,Tue", 5, "no such word"),
      ("12:30,", 7, "number is missing"),
      ("0..5,2147483648:00", 6, "too large"), ("@7258118400", 2, "out of range"),
    ] as [(String, Int, String)])
  func errorsSayWhereAndWhatToWrite(_ text: String, _ column: Int, _ hint: String) {
    do {
      _ = try CalendarParser.parse(Bytes(text.utf8))
      Issue.record("\(text) was read")
    } catch {
      #expect(error.column == column, "\(text): \(error.column) \(error.text.shown)")
      #expect(error.text.shown.contains(hint), "\(text): \(error.text.shown)")
    }
  }

  @Test(
    arguments: [
      ("* * * *", 8, "minute, hour"), ("* * * * * *", 11, "five fields"), ("60 * * * *", 1, "0 to 59"), ("*/0 * * * *", 3, "step of 0"),
      ("0 22-2 * * *", 3, "write 22-23,0-2"), ("0 0 * * fri-mon", 9, "write 5-6,0-1"), ("0 0 * foo *", 7, "jan to dec"),
      ("@reboot", 1, "when apus starts"), ("@secondly", 1, "@hourly"),
      ("@daily x", 8, "cannot stand here"), ("1,,2 * * * *", 3, "number is missing"), ("9~5 * * * *", 1, "must rise"), ("", 1, "missing"),
    ] as [(String, Int, String)])
  func crontabErrorsSayWhere(_ text: String, _ column: Int, _ hint: String) {
    do {
      _ = try CrontabParser.parse(Bytes(text.utf8))
      Issue.record("\(text) was read")
    } catch {
      #expect(error.column == column, "\(text): \(error.column) \(error.text.shown)")
      #expect(error.text.shown.contains(hint), "\(text): \(error.text.shown)")
    }
  }

  @Test func zonesAreNamedInTheError() {
    let error = CalendarParser.unknownZone(Bytes("12:00 Europe/Nowhere"), Bytes("Europe/Nowhere"))
    #expect(error.column == 7 && error.text.shown.contains("Europe/Nowhere") && error.text.shown.contains("tzdata"))
    #expect(
      CalendarParser.unknownZone(Bytes("12:00 CEST"), Bytes("CEST")).text.shown
        == "an abbreviation is no time zone: write a name such as Europe/Berlin for CEST")
    #expect(CalendarParser.writtenZone(Bytes("@5 x")) == Bytes("x"))
    #expect(CalendarParser.writtenZone(Bytes("Mon, Tue")) == nil)
    #expect(CalendarParser.writtenZone(Bytes("daily utc")) == nil)
  }

  @Test func vixiesDayRule() throws {
    // Mondays that are odd days; the first, the 15th and Fridays.
    let both = try CrontabParser.parse(Bytes("0 0 */2 * 1"))
    let either = try CrontabParser.parse(Bytes("0 0 1,15 * 5"))
    let base = Int64(1_704_067_200) * 1_000_000
    #expect(walk(both, .utc, from: base, count: 2).slots == [1_705_276_800_000_000, 1_706_486_400_000_000])
    #expect(walk(either, .utc, from: base, count: 3).slots == [1_704_412_800_000_000, 1_705_017_600_000_000, 1_705_276_800_000_000])
  }

  @Test func crontabForms() throws {
    func sets(_ text: String, seed: UInt64 = 0) throws -> CalendarSets { try CrontabParser.parse(Bytes(text.utf8), seed: seed).sets }
    #expect(try sets("10/20 * * * *") == sets("10-59/20 * * * *"))
    #expect(try sets("*/90 * * * *").minutes == 1)
    #expect(try sets("0 0 * * 5-0") == sets("0 0 * * fri-sun"))
    #expect(try sets("0 0 * * 7") == sets("0 0 * * 0"))
    #expect(try sets("\t0  0 * JAN-mar/2 * ").months == 0b101)
    #expect(try sets("@weekly") == sets("0 0 * * 0"))
    #expect(try sets("~ 3~5 * * *", seed: 7) == sets("~ 3~5 * * *", seed: 7))
    var hours = Set<UInt32>()
    for seed in 0..<100 { hours.insert(try sets("0 3~5 * * *", seed: UInt64(seed)).hours) }
    #expect(hours == [1 << 3, 1 << 4, 1 << 5])
  }

  /// Every prefix and seeded changes of every expression: read or refused, never more; what is read prints itself.
  @Test func everyPrefixAndManyChangesAreReadOrRefused() throws {
    let calendars: [CalendarVector] = vectors("calendar")
    let crontabs: [CrontabVector] = vectors("cron")
    let timestamps: [TimestampVector] = vectors("timestamp")
    let texts = Set(calendars.map(\.expr) + crontabs.map(\.cron) + timestamps.map(\.ts) + TimeSpanVector.all.map(\.span)).sorted()
    var random = SeededGenerator(state: 3)
    let alphabet = Bytes("*/-~,.:@+ 0123456789MonTueSunUTCaZ\t\n\0\u{B5}")
    var read = 0
    func check(_ text: Bytes) throws {
      _ = try? CrontabParser.parse(text)
      _ = parseTimeSpan(text)
      _ = try? TimestampParser(now: WallTime(microseconds: 1), zone: .utc, find: { _ in nil }).parse(text)
      _ = try? TimeZoneParser.parse(posix: text)
      guard let spec = try? CalendarParser.parse(text) else { return }
      read += 1
      let again = try CalendarParser.parse(spec.normalized)
      #expect(again.normalized == spec.normalized && again.sets == spec.sets, "\(text.shown)")
      for base in [Int64.min, 0, 1_711_846_799_999_999, .max] {
        if let next = spec.next(after: WallTime(microseconds: base), in: .utc) { #expect(next.microseconds > base) }
      }
    }
    for text in texts {
      let bytes = Bytes(text.utf8)
      for length in 0...bytes.count where bytes.count < 200 || length % 16 == 0 { try check(Bytes(bytes[..<length])) }
      for _ in 0..<12 where !bytes.isEmpty {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let at = Int.random(in: 0..<changed.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: changed[at] = alphabet.randomElement(using: &random) ?? 0
          case 1: changed.insert(alphabet.randomElement(using: &random) ?? 0, at: at)
          default: if changed.count > 1 { changed.remove(at: at) }
          }
        }
        try check(changed)
      }
    }
    #expect(read > 1000)
  }

  @Test func slotsAreCountedUpToALimit() throws {
    let spec = try CalendarParser.parse(Bytes("*:0/15"))
    func count(_ from: Int64, _ to: Int64, _ limit: Int = 1000) -> Int {
      spec.countSlots(
        after: WallTime(microseconds: from * 1_000_000), through: WallTime(microseconds: to * 1_000_000), in: .utc, limit: limit)
    }
    #expect(count(0, 900) == 1)
    #expect(count(0, 899) == 0)
    #expect(count(0, 86_400) == 96)
    #expect(count(0, 86_400, 10) == 10)
    #expect(count(5, 5) == 0)
  }
}
