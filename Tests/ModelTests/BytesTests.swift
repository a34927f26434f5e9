import Model
import Testing

@Suite struct BytesTests {
  @Test func literals() {
    let bytes = Bytes("web.service")
    #expect(bytes == "web.service" && bytes != "web.servic" && bytes != "web.services" && bytes != "")
    #expect(bytes.starts(with: "web") && bytes.starts(with: "") && !bytes.starts(with: "web.services") && !bytes.starts(with: "eb"))
    #expect(bytes.ends(with: ".service") && bytes.ends(with: "") && !bytes.ends(with: "xweb.service") && !bytes.ends(with: "servic"))
    #expect((bytes + "!").shown == "web.service!" && ("the " + bytes).shown == "the web.service")
    switch bytes {
    case "web": Issue.record("a prefix is no match")
    case "web.service": break
    default: Issue.record("no match")
    }
  }

  @Test(arguments: [
    (Int64(0), "0"), (7, "7"), (-7, "-7"), (1_234_567_890, "1234567890"), (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
  ])
  func decimals(_ value: Int64, _ text: String) {
    #expect(Bytes(decimal: value).shown == text)
    var bytes = Bytes("n=")
    bytes.append(decimal: value)
    #expect(bytes.shown == "n=" + text)
  }

  @Test func otherBases() {
    #expect(Bytes(decimal: UInt64.max).shown == "18446744073709551615")
    #expect(Bytes(hex: 0).shown == "0" && Bytes(hex: 0xDEAD_BEEF).shown == "deadbeef" && Bytes(hex: 10, width: 2).shown == "0a")
    #expect(Bytes(octal: 0o22).shown == "0022" && Bytes(octal: 0o2755).shown == "2755" && Bytes(octal: 0, width: 1).shown == "0")
  }

  static let numbers: [(String, UInt64?)] = [
    ("0", 0), ("007", 7), ("18446744073709551615", .max), ("18446744073709551616", nil), ("99999999999999999999", nil),
    ("", nil), ("-1", nil), ("+1", nil), (" 1", nil), ("1 ", nil), ("0x1", nil), ("1a", nil),
  ]

  @Test(arguments: numbers)
  func unsignedDecimals(_ text: String, _ wanted: UInt64?) {
    #expect(Bytes(text.utf8).unsignedDecimal == wanted)
  }

  static let trims: [(String, String)] = [
    ("", ""), (" ", ""), ("a", "a"), (" \t\r\na b\n", "a b"), ("\u{A0}a", "\u{A0}a"), ("a\u{0B}", "a\u{0B}"),
  ]

  @Test(arguments: trims)
  func blanksAtTheEnds(_ text: String, _ wanted: String) {
    #expect(Bytes(text.utf8).trimmed.shown == wanted)
  }

  @Test func pieces() {
    let text = Bytes("/a//b/")
    #expect(text.pieces(separatedBy: 47).map { $0.shown } == ["a", "b"])
    #expect(text.pieces(separatedBy: 47, keepEmpty: true).map { $0.shown } == ["", "a", "", "b", ""])
    #expect(Bytes().pieces(separatedBy: 47).isEmpty)
    #expect(Bytes().pieces(separatedBy: 47, keepEmpty: true) == [[]])
  }

  @Test func letters() {
    #expect(Bytes("AbZ@[`É").lowercasedASCII == Bytes("abz@[`É"))
    for byte in UInt8.min...UInt8.max {
      let scalar = Unicode.Scalar(byte)
      #expect(byte.isDigit == ("0"..."9").contains(scalar))
      #expect(byte.isASCIILetter == (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)))
      #expect(byte.hexValue.map(Int.init) == (byte < 128 ? Character(scalar).hexDigitValue : nil))
      #expect(byte.isBlank == " \t\r\n".unicodeScalars.contains(scalar))
    }
  }

  @Test func numbersOfAWidth() {
    for (value, width, wanted) in [(0, 2, "00"), (7, 2, "07"), (59, 2, "59"), (123, 2, "123"), (5, 6, "000005"), (5, 0, "5")] {
      var out = Bytes("x")
      out.append(decimal: value, width: width)
      #expect(out == Bytes(("x" + wanted).utf8))
    }
  }

  @Test func aMinuteOfTheDay() {
    func text(_ minute: Int) -> String {
      var out = Bytes()
      out.append(minuteOfDay: minute)
      return out.shown
    }
    #expect([0, 5, 65, 1439, 1440].map(text) == ["00:00", "00:05", "01:05", "23:59", "24:00"])
  }
}
