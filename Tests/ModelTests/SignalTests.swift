import Model
import Testing

@Suite struct SignalTests {
  @Test func everyNumberReadsBackFromItsName() {
    for number in 1...Signal.highest {
      let signal = Signal(number)
      #expect(Signal(named: signal.name) == signal)
      #expect(Signal(named: "SIG" + signal.name) == signal || signal.name.unsignedDecimal != nil)
      #expect(Signal(named: Bytes(decimal: number)) == signal)
    }
  }

  static let names: [(String, Int32?)] = [
    ("TERM", 15), ("SIGTERM", 15), ("KILL", 9), ("SIGHUP", 1), ("POLL", 29), ("IO", 29), ("CLD", 17), ("CHLD", 17), ("IOT", 6),
    ("SYS", 31), ("STKFLT", 16), ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMIN+30", 64), ("RTMAX", 64), ("RTMAX-0", 64),
    ("RTMAX-30", 34), ("1", 1), ("64", 64), ("0", nil), ("65", nil), ("RTMIN+31", nil), ("RTMAX-31", nil), ("RTMIN-1", nil),
    ("RTMIN+", nil), ("term", nil), ("SIG", nil), ("", nil), ("SIGSIGTERM", nil), ("-9", nil), ("99999999999999999999", nil),
  ]

  @Test(arguments: names)
  func namesAndNumbers(_ text: String, _ number: Int32?) {
    #expect(Signal(named: Bytes(text.utf8))?.number == number)
  }

  @Test func constantsAreLinuxs() {
    #expect(Signal.terminate.name == "TERM" && Signal.child.name == "CHLD" && Signal.continue.name == "CONT")
    #expect(Signal.terminalStop.name == "TSTP" && Signal.power.name == "PWR" && Signal.user2.name == "USR2")
    #expect(Signal(33).name == "33")
  }
}
