import Model
import Testing

@testable import Wire

/// Everything that comes out of some bytes, fed in these pieces.
private func parse(_ pieces: [Bytes]) -> [HTTPParseResult] {
  var parser = HTTPRequestParser()
  var results: [HTTPParseResult] = []
  for piece in pieces {
    parser.feed(piece)
    while true {
      let result = parser.next()
      if result == .needMore { break }
      results.append(result)
      if case .malformed = result { return results }
    }
  }
  return results
}

private func parse(_ text: String) -> [HTTPParseResult] { parse([bytes(text)]) }

private func status(_ text: String) -> Int? {
  guard case .malformed(let status, _)? = parse(text).last else { return nil }
  return status
}

private func request(_ text: String) -> HTTPRequest? {
  guard case .request(let request)? = parse(text).last else { return nil }
  return request
}

@Suite struct RequestParserTests {
  static let samples = [
    "GET /v1/units HTTP/1.1\r\nHost: apus\r\n\r\n",
    "POST /v1/units/web%40a.service/kill?signal=RTMIN+3&whom=main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "\r\n\nPOST /v1/apply?plan HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nabc\r\n",
    "GET http://localhost/v1/timers HTTP/1.1\nAccept: */*\n\n",
    "POST /v1/exit?status=3 HTTP/1.1\r\ncontent-length: 0\r\nX-Y: \t z \r\n\r\n",
  ]

  @Test func readsRequests() throws {
    let kill = try #require(request(Self.samples[1]))
    #expect(kill.method == .post)
    #expect(kill.path == [bytes("v1"), bytes("units"), bytes("web@a.service"), bytes("kill")])
    #expect(
      kill.query == [
        HTTPQueryItem(name: bytes("signal"), value: bytes("RTMIN+3")), HTTPQueryItem(name: bytes("whom"), value: bytes("main")),
      ])
    #expect(!kill.keepAlive && !kill.hasBody)
    let apply = try #require(request(Self.samples[2]))
    #expect(apply.keepAlive && apply.bodyLength == 5)
    #expect(apply.query == [HTTPQueryItem(name: bytes("plan"), value: [])])
    #expect(try #require(request(Self.samples[3])).path == [bytes("v1"), bytes("timers")])
    #expect(try #require(request("GET /a%2Fb/ HTTP/1.1\r\n\r\n")).path == [bytes("a/b"), []])
    #expect(try #require(request("GET http://h?x=1 HTTP/1.1\r\n\r\n")).path == [[]])
    #expect(try #require(request("GET /?a=b=c&&d HTTP/1.1\r\n\r\n")).query.count == 2)
  }

  @Test func keepsConnectionsAsTheVersionSays() throws {
    #expect(try #require(request("GET / HTTP/1.1\r\n\r\n")).keepAlive)
    #expect(try !#require(request("HEAD / HTTP/1.1\r\n\r\n")).keepAlive)
    #expect(try !#require(request("GET / HTTP/1.0\r\n\r\n")).keepAlive)
    #expect(try !#require(request("GET / HTTP/1.1\r\nCONNECTION: Upgrade, Close\r\n\r\n")).keepAlive)
  }

  @Test func everySplitGivesTheSame() {
    let all = bytes(Self.samples.joined())
    let whole = parse([all])
    #expect(whole.count == Self.samples.count)
    #expect(whole.allSatisfy { if case .request = $0 { true } else { false } })
    for cut in 0...all.count {
      #expect(parse([Bytes(all[..<cut]), Bytes(all[cut...])]) == whole, "cut at \(cut)")
    }
    #expect(parse(all.map { [$0] }) == whole)
  }

  @Test func everyThreeWaySplitOfEachRequest() {
    for sample in Self.samples {
      let text = bytes(sample)
      let whole = parse([text])
      for first in 0...text.count {
        for second in first...text.count {
          let pieces = [Bytes(text[..<first]), Bytes(text[first..<second]), Bytes(text[second...])]
          if parse(pieces) != whole { Issue.record("\(sample) cut at \(first) and \(second)") }
        }
      }
    }
  }

  @Test func everyPrefixOnlyNeedsMore() {
    for sample in Self.samples {
      let text = bytes(sample)
      for length in 0..<text.count { #expect(parse([Bytes(text.prefix(length))]) == []) }
    }
  }

  @Test func refusesWithTheRightStatus() {
    let table: [(String, Int)] = [
      ("garbage\r\n\r\n", 400), ("GET / HTTP/1.1 \r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET /\r\n\r\n", 400),
      ("G(T / HTTP/1.1\r\n\r\n", 400), (" / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1x\r\n\r\n", 400), ("GET / http/1.1\r\n\r\n", 400),
      ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505), ("GET v1 HTTP/1.1\r\n\r\n", 400),
      ("OPTIONS * HTTP/1.1\r\n\r\n", 400),
      ("CONNECT a:1 HTTP/1.1\r\n\r\n", 400), ("GET ftp://a/ HTTP/1.1\r\n\r\n", 400), ("GET /a#b HTTP/1.1\r\n\r\n", 400),
      ("GET /% HTTP/1.1\r\n\r\n", 400), ("GET /%4 HTTP/1.1\r\n\r\n", 400), ("GET /%zz HTTP/1.1\r\n\r\n", 400),
      ("GET /%00 HTTP/1.1\r\n\r\n", 400),
      ("GET /?a=%0 HTTP/1.1\r\n\r\n", 400), ("GET /\u{e9} HTTP/1.1\r\n\r\n", 400), ("GET /\0 HTTP/1.1\r\n\r\n", 400), ("\0", 400),
      ("\u{1}", 400),
      ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET / HTTP/1.1\r\n: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nnothing\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\rA: b\r\n\r\n", 400), ("GET /\rx HTTP/1.1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400), ("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400), ("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400), ("POST / HTTP/1.1\r\nContent-Length: 8193\r\n\r\n", 413),
      ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501), ("POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", 417),
      ("GET /1/2/3/4/5/6/7/8/9 HTTP/1.1\r\n\r\n", 400), ("GET /?" + String(repeating: "a&", count: 17) + " HTTP/1.1\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 65) + "\r\n", 431), (String(repeating: "a", count: 8193), 431),
      (String(repeating: "\r\n", count: 4097), 431), ("GET /" + String(repeating: "a", count: 8192), 431),
      (String(repeating: "a", count: 16385), 413),
    ]
    for (text, wanted) in table { #expect(status(text) == wanted, "\(text.prefix(60))") }
  }

  @Test func boundsAreExact() {
    let frame = "GET / HTTP/1.1\r\nA: \r\n\r\n"
    func head(of length: Int) -> String {
      "GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: length - frame.utf8.count) + "\r\n\r\n"
    }
    #expect(request(head(of: 8192)) != nil)
    #expect(status(head(of: 8193)) == 431)
    let body = "POST / HTTP/1.1\r\nContent-Length: 8192\r\n\r\n"
    #expect(parse([bytes(body), Bytes(repeating: 0, count: 8191)]) == [])
    #expect(parse([bytes(body), Bytes(repeating: 0, count: 8192)]).count == 1)
    #expect(request("GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 64) + "\r\n") != nil)
  }

  @Test func staysMalformed() {
    var parser = HTTPRequestParser()
    parser.feed(bytes("bad\r\n\r\nGET / HTTP/1.1\r\n\r\n"))
    let first = parser.next()
    parser.feed(bytes("GET / HTTP/1.1\r\n\r\n"))
    #expect(parser.next() == first)
    guard case .malformed = first else {
      Issue.record("not malformed")
      return
    }
  }

  @Test func roomCountsWhatIsKept() {
    var parser = HTTPRequestParser()
    #expect(parser.room == 16384 && !parser.isInRequest)
    parser.feed(bytes("GET / HTTP/1.1\r\n\r\nGET"))
    #expect(parser.room == 16384 - 21 && parser.isInRequest)
    _ = parser.next()
    #expect(parser.room == 16384 - 3 && parser.isInRequest)
  }

  /// Whatever comes, in whatever split: no trap, the same result, and not more kept than the bound.
  @Test func mutationsInAnySplit() {
    var generator = SeededGenerator(seed: 20_261_123)
    let all = Self.samples.map(bytes)
    for round in 0..<20_000 {
      var text = Bytes()
      for _ in 0..<Int.random(in: 1...3, using: &generator) { text += all[Int.random(in: 0..<all.count, using: &generator)] }
      text = mutated(text, &generator)
      let whole = parse([text])
      let first = Int.random(in: 0...text.count, using: &generator)
      let second = Int.random(in: first...text.count, using: &generator)
      let split = parse([Bytes(text[..<first]), Bytes(text[first..<second]), Bytes(text[second...])])
      if split != whole { Issue.record("round \(round): \(text.shown)") }
      for case .request(let request) in whole { _ = route(request) }
    }
  }

  @Test func randomBytes() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 0...300, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(parse([text]) == parse(text.map { [$0] }))
    }
  }
}

@Suite struct ResponseParserTests {
  @Test func everySplitOfWhatWeWrite() {
    let answer = httpResponse(.failed(.notFound, message: bytes("no such unit"), diagnostics: []), keepAlive: true)
    for cut in 0...answer.count {
      var parser = HTTPResponseParser()
      parser.feed(Bytes(answer[..<cut]))
      let early = parser.next()
      parser.feed(Bytes(answer[cut...]))
      guard case .response(let response) = parser.next() else {
        Issue.record("no response, cut at \(cut)")
        continue
      }
      #expect(early == (cut == answer.count ? .response(response) : .needMore))
      #expect(response.status == 404)
      #expect(parseJSONSucceeds(response.body))
    }
  }

  @Test func refusesStrangers() {
    let strangers = [
      "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", String(repeating: "a", count: 8193), "\r\n\r\n",
    ]
    for stranger in strangers {
      var parser = HTTPResponseParser()
      parser.feed(bytes(stranger))
      guard case .malformed = parser.next() else {
        Issue.record("accepted \(stranger.prefix(40))")
        continue
      }
    }
  }

  @Test func mutations() {
    var generator = SeededGenerator(seed: 99)
    let answer = httpResponse(.done, keepAlive: false)
    for _ in 0..<5000 {
      var parser = HTTPResponseParser()
      parser.feed(mutated(answer, &generator))
      _ = parser.next()
    }
  }
}

func parseJSONSucceeds(_ text: Bytes) -> Bool {
  if case .success = parseJSON(text) { true } else { false }
}
