import Foundation
import Model
import Testing

@testable import Wire

@Suite struct ReplyTests {
  @Test func everyReply() throws {
    var text = ""
    for (name, reply) in Samples.replies {
      let answer = httpResponse(reply, keepAlive: true)
      text += "== \(name)\n" + answer.shown.replacingOccurrences(of: "\r\n", with: "\n") + "\n"
    }
    expectGolden(text, "replies.txt")
  }

  @Test func everyReplyIsWhatItsHeadSays() throws {
    for (name, reply) in Samples.replies {
      for keepAlive in [true, false] {
        let answer = httpResponse(reply, keepAlive: keepAlive)
        var parser = HTTPResponseParser()
        parser.feed(answer)
        guard case .response(let response) = parser.next() else {
          Issue.record("\(name) is no response")
          continue
        }
        #expect(answer.count >= response.body.count && answer.suffix(response.body.count) == response.body[...])
        #expect(answer.shown.contains("Connection: \(keepAlive ? "keep-alive" : "close")\r\n"))
        _ = try JSONSerialization.jsonObject(with: Data(response.body))
        #expect(parseJSONSucceeds(response.body))
      }
    }
  }

  @Test func errors() {
    let statuses = [400, 403, 404, 405, 413, 417, 431, 501, 503, 505]
    let text = statuses.map { status in
      let answer = httpError(status: status, message: bytes("because"), keepAlive: status == 404, allow: status == 405 ? .post : nil)
      return answer.shown.replacingOccurrences(of: "\r\n", with: "\n")
    }
    expectGolden(text.joined(separator: "\n"), "errors.txt")
  }

  @Test func infiniteSpansAreNone() throws {
    let report = Samples.service
    report.nextRestartLeft = .infinity
    report.restartDelay = TimeSpan(microseconds: UInt64.max - 1)
    let value = try parseJSON(replyJSON(.unit(report))).get()
    #expect(value["NextRestartLeftUSec"] == .null)
    #expect(value["RestartUSecNext"] == .integer(.max))
  }

  /// 1,000 units of usual size fit the bound on unsent output (DESIGN section 8).
  @Test func aThousandUnitsFit() {
    let reports = (0..<1000).map { index in
      let report = UnitReport(name: bytes("service-\(index).service"), type: .service)
      report.description = bytes("The service number \(index) of this test")
      report.activeState = .active
      report.subState = StaticStringBox("running")
      report.mainPID = 123_456
      return report
    }
    #expect(replyJSON(.units(reports)).count < 256 << 10)
  }
}
