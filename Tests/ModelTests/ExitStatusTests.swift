import Model
import Testing

/// The testing library has one of its own.
private typealias ExitStatus = Model.ExitStatus

@Suite struct ExitStatusTests {
  @Test func everyCodeKeepsItsName() {
    var named = 0
    for code in UInt8.min...UInt8.max {
      #expect(ExitStatus.exited(code).shellStatus == code)
      #expect(ExitStatus.exited(code).statusText == Bytes(decimal: code))
      guard let name = ExitStatus.name(of: code) else { continue }
      named += 1
      #expect(ExitStatus.code(named: Bytes(name)) == code)
    }
    #expect(named > 60)
    #expect(ExitStatus.code(named: Bytes("TEMPFAIL")) == 75 && ExitStatus.code(named: Bytes("EXEC")) == 203)
    #expect(ExitStatus.code(named: Bytes("tempfail")) == nil && ExitStatus.code(named: []) == nil)
  }

  fileprivate static let shown: [(ExitStatus, UInt8, String, String, String)] = [
    (.exited(0), 0, "exited", "0", "status=0/SUCCESS"), (.exited(3), 3, "exited", "3", "status=3/NOTIMPLEMENTED"),
    (.exited(42), 42, "exited", "42", "status=42"), (.exited(203), 203, "exited", "203", "status=203/EXEC"),
    (.killed(.kill), 137, "killed", "KILL", "signal=KILL"), (.killed(Signal(64)), 192, "killed", "RTMIN+30", "signal=RTMIN+30"),
    (.dumped(.abort), 134, "dumped", "ABRT", "signal=ABRT (core dumped)"),
  ]

  @Test(arguments: shown)
  fileprivate func asPeopleReadIt(_ status: ExitStatus, _ shell: UInt8, _ code: String, _ text: String, _ description: String) {
    #expect(status.shellStatus == shell)
    #expect(Bytes(status.codeName).shown == code)
    #expect(status.statusText.shown == text)
    #expect(status.description.shown == description)
  }

  @Test func setsTellStatusesFromSignals() {
    var set = ExitStatusSet()
    #expect(set.isEmpty)
    set.codes = [9]
    #expect(set.contains(.exited(9)) && !set.contains(.killed(.kill)) && !set.contains(.exited(1)))
    set.signals = [.kill]
    #expect(set.contains(.killed(.kill)) && set.contains(.dumped(.kill)) && !set.contains(.killed(.abort)))
  }
}
