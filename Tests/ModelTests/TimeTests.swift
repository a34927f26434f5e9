import Model
import Testing

@Suite struct TimeTests {
  static let sums: [(Int64, TimeSpan, Instant)] = [
    (0, .zero, .zero), (5, TimeSpan(microseconds: 2), Instant(nanoseconds: 2005)),
    (-3000, TimeSpan(microseconds: 1), Instant(nanoseconds: -2000)),
    (0, .infinity, .never), (.max, .zero, .never), (.max - 999, TimeSpan(microseconds: 1), .never),
    (.max - 1000, TimeSpan(microseconds: 1), .never), (0, TimeSpan(microseconds: .max - 1), .never),
    (0, TimeSpan(microseconds: UInt64(Int64.max) / 1000), Instant(nanoseconds: Int64.max / 1000 * 1000)),
    (.min, TimeSpan(microseconds: UInt64(Int64.max)), .never),
  ]

  @Test func doublingEndsAtItsLimit() {
    let limits: [UInt64] = [0, 1, 2, 3, 7, 8, 1000, .max - 1, .max]
    for limit in limits {
      for value in limits {
        let (twice, overflows) = value.multipliedReportingOverflow(by: 2)
        let wanted = overflows ? limit : min(twice, limit)
        #expect(TimeSpan(microseconds: value).doubled(atMost: TimeSpan(microseconds: limit)).microseconds == wanted, "\(value) \(limit)")
      }
    }
  }

  @Test(arguments: sums)
  func instantsSaturate(_ start: Int64, _ span: TimeSpan, _ wanted: Instant) {
    #expect(Instant(nanoseconds: start) + span == wanted)
  }

  static let differences: [(Int64, Int64, TimeSpan)] = [
    (2500, 500, TimeSpan(microseconds: 2)), (1999, 0, TimeSpan(microseconds: 1)), (0, 5000, .zero), (7, 7, .zero),
    (.max, 0, .infinity),
  ]

  @Test(arguments: differences)
  func spansBetweenInstants(_ later: Int64, _ earlier: Int64, _ wanted: TimeSpan) {
    #expect(Instant(nanoseconds: later).since(Instant(nanoseconds: earlier)) == wanted)
  }

  @Test func order() {
    #expect(Instant.zero < Instant(nanoseconds: 1) && Instant(nanoseconds: .max - 1) < .never)
    #expect(TimeSpan(seconds: 1) == TimeSpan(milliseconds: 1000) && TimeSpan(seconds: 1) < .infinity)
    #expect(WallTime(microseconds: -1) < WallTime(microseconds: 0))
  }

  static let limits: [(TimeSpan?, UInt32?, String)] = [
    (nil, nil, "none"), (TimeSpan(seconds: 5), nil, "5000000/5"), (nil, 3, "10000000/3"), (TimeSpan(seconds: 1), 2, "1000000/2"),
    (.zero, nil, "none"), (.zero, 3, "none"), (TimeSpan(seconds: 1), 0, "none"),
  ]

  /// Either key brings systemd's default for the other; zero of either is no limit (DESIGN section 2).
  @Test(arguments: limits)
  func startLimits(_ interval: TimeSpan?, _ burst: UInt32?, _ wanted: String) {
    var limit = StartLimit()
    limit.interval = interval
    limit.burst = burst
    #expect((limit.effective.map { "\($0.interval.microseconds)/\($0.burst)" } ?? "none") == wanted)
  }

  @Test func diagnosticsReadLikeACompilers() {
    let file = Bytes("a.service")
    #expect(Diagnostic(.error, file: file, message: Bytes("x")).text.shown == "a.service: error: x")
    #expect(Diagnostic(.warning, file: file, line: 3, message: Bytes("x"), hint: Bytes("y")).text.shown == "a.service:3: warning: x (y)")
    #expect(Diagnostic(.notice, file: file, line: 3, column: 4, message: Bytes("x")).text.shown == "a.service:3:4: notice: x")
    #expect(Severity.notice < .warning && Severity.warning < .error)
  }
}
