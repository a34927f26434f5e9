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
