import Model
import Testing

@testable import UnitFile

/// Values that a unit file would not take, and lines whose end or effect would be lost without a word.
@Suite struct XinetdValueTests {
  @Test(arguments: [
    ("nice = 20", "x:7: error: there is no nice 20 (-20 to 19)"), ("nice = -21", "x:7: error: there is no nice -21 (-20 to 19)"),
    ("nice = 99", "x:7: error: there is no nice 99 (-20 to 19)"), ("nice = --5", "x:7: error: '--5' is no number, or too large"),
    ("umask = 999", "x:7: error: 999 is no umask (octal digits: 000 to 777)"),
    ("umask = 1000", "x:7: error: 1000 is no umask (octal digits: 000 to 777)"),
    ("umask = u=rwx", "x:7: error: u=rwx is no umask (octal digits: 000 to 777)"),
    ("umask = -1", "x:7: error: -1 is no umask (octal digits: 000 to 777)"),
  ])
  func whatNoUnitTakes(_ line: String, _ message: String) {
    let translation = XinetdTests.service(line)
    #expect(XinetdTests.messages(translation) == [message, "x:1: error: service ftp is not translated"])
    #expect(translation.files.isEmpty)
  }

  @Test(arguments: [
    ("nice = -20", "Nice=-20"), ("nice = 19", "Nice=19"), ("nice = 0", "Nice=0"), ("umask = 22", "UMask=22"),
    ("umask = 0777", "UMask=0777"),
    ("umask = 0", "UMask=0"), ("umask = 0000027", "UMask=0000027"),
  ])
  func whatTheyTake(_ line: String, _ key: String) {
    let translation = XinetdTests.service(line)
    #expect(translation.diagnostics.isEmpty, "\(XinetdTests.messages(translation))")
    #expect(XinetdTests.file(translation, "ftp@.service").contains("\n\(key)\n"))
  }

  /// Whatever else the translation does not know of is said where it is made, and nothing is written.
  @Test func whatIsWrittenCanBeRead() {
    let translation = XinetdTests.service("group = a:b")
    #expect(translation.files.isEmpty, "\(translation.files.map { $0.contents.shown })")
    #expect(
      XinetdTests.messages(translation).first?.hasPrefix("x:1: error: cannot use Group=a:b: ") == true,
      "\(XinetdTests.messages(translation))")
  }

  @Test func aSecondNameIsSaid() {
    let entry = "{\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/ftpd\n}\n"
    let translation = XinetdTests.translate("defaults d\n{\n}\nservice ftp ftp2 ftp3\n" + entry)
    #expect(
      XinetdTests.messages(translation) == [
        "x:1: warning: 'd' is one word too many", "x:4: warning: 'ftp2' is one word too many",
      ])
    #expect(translation.files.map { $0.name.shown } == ["ftp.socket", "ftp@.service"])
    let reader = XinetdReader()
    #expect(reader.read(Bytes("include /a /b\n".utf8), file: Bytes("x")).map { $0.word.text.shown } == ["/a"])
    #expect(reader.diagnostics.map { $0.text.shown } == ["x:1: warning: '/b' is one word too many"])
  }

  @Test(arguments: ["rpc_version = 2", "rpc_number = 100300"]) func numbersOfRPC(_ line: String) {
    let key = line.split(separator: " ")[0]
    #expect(XinetdTests.messages(XinetdTests.service(line)) == ["x:7: warning: \(key) has no effect: type = RPC is missing"])
  }

  /// Once for all services, by the attribute's name; and what they are not meant for is no news.
  @Test func defaultsAreSaidOnce() {
    let entry = "{\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/x\n}\n"
    let translation = XinetdTests.translate(
      "defaults\n{\nlog_type = FILE /x\ninstances = 60\nper_source = 5\nmax_load = 3\n}\nservice ftp\n\(entry)service echo\n\(entry)"
        + "service tftp\n{\nprotocol = udp\nwait = yes\nuser = a\nserver = /b\n}\n")
    #expect(
      XinetdTests.messages(translation) == [
        "x:3: warning: log_type has no equivalent: what apus says goes to its own output",
        "x:6: warning: max_load has no equivalent (instances and cps hold)",
      ])
    #expect(translation.files.count == 6)
    let bad = XinetdTests.translate("defaults\n{\numask = 9\n}\nservice ftp\n\(entry)service echo\n\(entry)")
    #expect(
      XinetdTests.messages(bad) == [
        "x:3: error: 9 is no umask (octal digits: 000 to 777)", "x:5: error: service ftp is not translated",
        "x:12: error: service echo is not translated",
      ])
  }
}
