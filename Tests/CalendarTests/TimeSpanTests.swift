import Calendar
import Foundation
import Model
import Testing

struct TimeSpanVector: Decodable, CustomTestStringConvertible {
  var span: String
  var usec: UInt64?
  var human: String?
  var infinity: Bool?
  var error: Bool?

  var testDescription: String { span.debugDescription }

  static let all: [TimeSpanVector] = {
    guard let url = Bundle.module.url(forResource: "timespan", withExtension: "jsonl", subdirectory: "Fixtures"),
      let text = try? String(contentsOf: url, encoding: .utf8)
    else { return [] }
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(TimeSpanVector.self, from: Data($0.utf8)) }
  }()
}

@Suite struct TimeSpanTests {
  @Test func vectorsAreThere() {
    #expect(TimeSpanVector.all.count == 128)
  }

  @Test(arguments: TimeSpanVector.all)
  func readsAsSystemd(_ vector: TimeSpanVector) {
    let result = parseTimeSpan(Bytes(vector.span.utf8))
    if vector.error == true {
      #expect(throws: TimeSpanError.self) { try result.get() }
    } else {
      let span: TimeSpan? = try? result.get()
      #expect(span?.microseconds == (vector.infinity == true ? .max : vector.usec))
      #expect(span.map(formatTimeSpan)?.shown == vector.human)
    }
  }

  @Test func fractionsAreCutDigitByDigit() {
    #expect(parseTimeSpan(Bytes("1.1111111111111y")) == .success(TimeSpan(microseconds: 35_063_999_999_997)))
  }

  @Test func unitlessNumbersMayCountMicroseconds() {
    #expect(parseTimeSpan(Bytes("20"), defaultUnit: 1) == .success(TimeSpan(microseconds: 20)))
    #expect(parseTimeSpan(Bytes("20s"), defaultUnit: 1) == .success(TimeSpan(seconds: 20)))
  }

  @Test(arguments: [
    ("", TimeSpanError(.empty, column: 1)), ("  ", TimeSpanError(.empty, column: 3)),
    ("1h 5x", TimeSpanError(.unknownUnit, column: 5)), ("12.34.56", TimeSpanError(.unknownUnit, column: 6)),
    ("1h -2m", TimeSpanError(.negative, column: 4)), ("5.", TimeSpanError(.missingDigits, column: 3)),
    ("x", TimeSpanError(.notANumber, column: 1)), ("+.5", TimeSpanError(.notANumber, column: 1)),
    ("1s 584543y", TimeSpanError(.tooLarge, column: 4)), ("infinity 1", TimeSpanError(.notANumber, column: 10)),
  ])
  func errorsSayWhere(_ text: String, _ error: TimeSpanError) {
    #expect(parseTimeSpan(Bytes(text.utf8)) == .failure(error))
  }
}
