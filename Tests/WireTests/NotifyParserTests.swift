import Model
import Testing

@testable import Wire

private func parse(_ text: String) -> NotifyMessage? { parseNotify(bytes(text)) }

/// Datagrams of sd_notify (units.md c.7).
@Suite struct NotifyParserTests {
  @Test func whatIsKnownIsRead() {
    var wanted = NotifyMessage()
    wanted.isReady = true
    wanted.status = bytes("Serving: 3 = 4")
    wanted.mainPID = 4711
    wanted.watchdogSpan = TimeSpan(seconds: 3)
    #expect(parse("READY=1\nSTATUS=Serving: 3 = 4\nMAINPID=4711\nWATCHDOG_USEC=3000000\nX_UNKNOWN=1\nnonsense\n") == wanted)
    #expect(parse("") == NotifyMessage())
    #expect(parse("\n\n\r\n") == NotifyMessage())
  }

  /// Each assignment alone, and what it changes.
  @Test func eachAssignment() {
    typealias Change = (inout NotifyMessage) -> Void
    let table: [(String, Change)] = [
      ("READY=1", { $0.isReady = true }), ("READY=0", { _ in }), ("READY=", { _ in }), ("ready=1", { _ in }), (" READY=1", { _ in }),
      ("READY=1 ", { _ in }), ("READY=1\r", { $0.isReady = true }), ("RELOADING=1", { $0.isReloading = true }),
      ("STOPPING=1", { $0.isStopping = true }), ("MONOTONIC_USEC=7", { $0.monotonic = TimeSpan(microseconds: 7) }),
      ("STATUS=", { $0.status = [] }), ("STATUS=a\nSTATUS=b", { $0.status = bytes("a") }), ("STATUS=ä", { $0.status = bytes("ä") }),
      ("ERRNO=2", { $0.errno = 2 }), ("ERRNO=4095", { $0.errno = 4095 }), ("ERRNO=4096", { _ in }), ("ERRNO=-2", { _ in }),
      ("BUSERROR=org.x.Y", { $0.busError = bytes("org.x.Y") }), ("BUSERROR=", { _ in }),
      ("MAINPID=1", { $0.mainPID = 1 }), ("MAINPID=0", { _ in }), ("MAINPID=-1", { _ in }), ("MAINPID=2147483647", { $0.mainPID = .max }),
      ("MAINPID=2147483648", { _ in }), ("MAINPID=18446744073709551617", { _ in }), ("MAINPID=12x", { _ in }), ("MAINPID=", { _ in }),
      ("WATCHDOG=1", { $0.watchdog = .alive }), ("WATCHDOG=trigger", { $0.watchdog = .trigger }), ("WATCHDOG=2", { _ in }),
      ("WATCHDOG_USEC=0", { $0.watchdogSpan = .zero }), ("WATCHDOG_USEC=18446744073709551615", { $0.watchdogSpan = .infinity }),
      ("WATCHDOG_USEC=18446744073709551616", { _ in }), ("EXTEND_TIMEOUT_USEC=5", { $0.extendTimeout = TimeSpan(microseconds: 5) }),
      ("FDSTORE=1", { $0.storesDescriptors = true }), ("FDSTOREREMOVE=1", { $0.removesDescriptors = true }),
      ("FDNAME=a-b.c", { $0.descriptorName = bytes("a-b.c") }), ("FDNAME=a:b", { _ in }), ("FDNAME=", { _ in }), ("FDNAME=ä", { _ in }),
      ("FDNAME=a b", { $0.descriptorName = bytes("a b") }), ("FDNAME=a\tb", { _ in }),
      ("FDNAME=" + String(repeating: "a", count: 255), { $0.descriptorName = Bytes(repeating: 97, count: 255) }),
      ("FDNAME=" + String(repeating: "a", count: 256), { _ in }), ("FDPOLL=0", { $0.pollsDescriptors = false }), ("FDPOLL=1", { _ in }),
      ("NOTIFYACCESS=all", { $0.notifyAccess = .all }), ("NOTIFYACCESS=exec", { $0.notifyAccess = .exec }),
      ("NOTIFYACCESS=bogus", { _ in }), ("BARRIER=1", { $0.isBarrier = true }), ("BARRIER=0", { _ in }),
    ]
    for (line, change) in table {
      var wanted = NotifyMessage()
      change(&wanted)
      #expect(parse(line) == wanted, "\(line)")
    }
  }

  @Test func whatIsNoMessage() {
    #expect(parseNotify(Bytes(repeating: 97, count: 4096)) == NotifyMessage())
    #expect(parseNotify(Bytes(repeating: 97, count: 4097)) == nil)
    #expect(parse("READY=1\0")?.isReady == true, "one NUL at the end is what C programs send")
    #expect(parse("READY=1\0\0") == nil)
    #expect(parse("READY=1\0STATUS=x") == nil)
    #expect(parseNotify(bytes("STATUS=") + [0xff]) == NotifyMessage(), "no UTF-8")
  }

  private static let full = bytes(
    "READY=1\nRELOADING=1\nMONOTONIC_USEC=12\nSTATUS=gr\u{fc}n\nERRNO=5\nBUSERROR=a\nMAINPID=77\nWATCHDOG=trigger\nWATCHDOG_USEC=9\n"
      + "EXTEND_TIMEOUT_USEC=10\nFDSTORE=1\nFDNAME=x\nFDPOLL=0\nFDSTOREREMOVE=1\nNOTIFYACCESS=main\nSTOPPING=1\nBARRIER=1")

  /// A prefix says nothing that the whole does not say, but for a number or text that was cut.
  @Test func everyPrefix() throws {
    let whole = try #require(parseNotify(Self.full))
    for length in 0...Self.full.count {
      let message = try #require(parseNotify(Bytes(Self.full[..<length])))
      #expect(!message.isBarrier || length == Self.full.count)
      #expect(message.errno == nil || message.errno == whole.errno)
      #expect(message.watchdog == nil || message.watchdog == whole.watchdog)
      #expect(message.notifyAccess == nil || message.notifyAccess == whole.notifyAccess)
      #expect(message.mainPID == nil || message.mainPID == 7 || message.mainPID == whole.mainPID)
    }
  }

  /// Whatever comes, the answer keeps its bounds.
  @Test func seededMutations() {
    var generator = SeededGenerator(seed: 20_261_127)
    for _ in 0..<5_000 {
      let datagram = mutated(Self.full, &generator)
      guard let message = parseNotify(datagram) else {
        #expect(datagram.count > 4096 || datagram.dropLast().contains(0))
        continue
      }
      #expect(message.mainPID ?? 1 > 0)
      #expect(0...4095 ~= message.errno ?? 0)
      #expect(message.descriptorName.map { !$0.isEmpty && $0.count <= 255 && !$0.contains(58) } ?? true)
      #expect(message.status.map { $0.firstInvalidUTF8 == nil } ?? true)
    }
  }
}
