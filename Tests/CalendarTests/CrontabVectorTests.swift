import Calendar
import Foundation
import Model
import Testing

/// Times in seconds.
struct CrontabVector: Decodable {
  var cron: String
  var tz: String?
  var error: Bool?
  var base: Int64?
  var next: [Int64]?
  var from: Int64?
  var to: Int64?
  var recommended: [Int64]?
}

@Suite struct CrontabVectorTests {
  @Test func crontabsAreDueAsTheVectorsSay() throws {
    let all: [CrontabVector] = vectors("cron")
    #expect(all.count == 943)
    var walked = 0
    for vector in all {
      if vector.error == true {
        #expect(throws: ScheduleError.self, "\(vector.cron)") { try CrontabParser.parse(Bytes(vector.cron.utf8)) }
        continue
      }
      let spec = try CrontabParser.parse(Bytes(vector.cron.utf8))
      guard let tz = vector.tz, let zone = Zones.named(tz), let base = vector.base, let next = vector.next else { continue }
      walked += 1
      let slots = walk(spec, zone, from: base * 1_000_000, count: max(next.count, 1)).slots
      #expect(slots == next.map { $0 * 1_000_000 }, "\(vector.cron) in \(tz) after \(base)")
    }
    if Zones.areInstalled {
      #expect(walked == all.count(where: { $0.error == nil }))
    } else {
      print("no tzdata: walked \(walked) of \(all.count)")
    }
  }

  /// `N/step`, which cron refuses and others take, ends where the week does: on Saturday, not on the Sunday that is 7. In
  /// ranges and behind a star 7 counts, as in cron.
  @Test(arguments: [
    ("0/2", "0,2,4,6"), ("1/2", "1,3,5"), ("5/2", "5"), ("fri/1", "fri,sat"), ("7/1", "sun"), ("0/7", "0"), ("1-7/2", "1,3,5,0"),
    ("5-7/2", "5,7"), ("*/7", "0"), ("*/2", "0,2,4,6"), ("1/3,7", "1,4,7"),
  ])
  func weekdaysWithSteps(_ field: String, _ list: String) throws {
    func sets(_ weekdays: String) throws -> UInt8 { try CrontabParser.parse(Bytes("0 0 * * \(weekdays)".utf8)).sets.weekdays }
    #expect(try sets(field) == sets(list))
    #expect(try CrontabParser.parse(Bytes("58/1 22/1 30/1 11/1 *")).sets == CrontabParser.parse(Bytes("58,59 22,23 30,31 11,12 *")).sets)
  }

  @Test func policyRHoldsAroundTransitions() throws {
    let all: [CrontabVector] = vectors("cron-dst")
    #expect(all.count == 108)
    for vector in all {
      let spec = try CrontabParser.parse(Bytes(vector.cron.utf8))
      guard let tz = vector.tz, let zone = Zones.named(tz), let from = vector.from, let to = vector.to, let wanted = vector.recommended
      else { continue }
      let slots = walk(spec, zone, from: from * 1_000_000, count: wanted.count + 1).slots.filter { $0 <= to * 1_000_000 }
      #expect(slots == wanted.map { $0 * 1_000_000 }, "\(vector.cron) in \(tz) after \(from)")
    }
  }
}
