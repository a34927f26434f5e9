#if !EMBEDDED
import Model

/// What a client got, read by a parser of the simulator's own.
struct Answers: Equatable {
  var statuses: [Int] = []
  /// Bytes behind the last whole answer.
  var rest = 0
  var isMalformed = false

  init(_ bytes: Bytes) {
    var position = 0
    while position < bytes.count {
      guard let end = Answers.headEnd(bytes, from: position) else { break }
      let head = String(decoding: bytes[position..<end], as: UTF8.self)
      let lines = head.split(separator: "\r\n")
      let words = lines.first.map { $0.split(separator: " ") } ?? []
      guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
        isMalformed = true
        return
      }
      var length = 0
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == "content-length" { length = Int(parts[1].drop { $0 == " " }) ?? -1 }
      }
      if length < 0 {
        isMalformed = true
        return
      }
      guard end + length <= bytes.count else { break }
      statuses.append(status)
      position = end + length
    }
    rest = bytes.count - position
  }

  private static func headEnd(_ bytes: Bytes, from start: Int) -> Int? {
    var index = start
    while index + 3 < bytes.count {
      if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 { return index + 4 }
      index += 1
    }
    return nil
  }
}

extension Conversation {
  /// What is wrong with what the client got; nil: nothing. `isOver`: apus has left, so that an answer may be missing that was
  /// asked for in its last turns.
  func fault(of client: VirtualClient, isOver: Bool) -> String? {
    let answers = Answers(client.received)
    if manner == .stranger { return client.received.isEmpty ? nil : "a stranger got \(client.received.count) bytes" }
    if answers.isMalformed { return "what it got is no HTTP" }
    switch manner {
    case .stranger: return nil
    case .garbage: return answers.statuses.allSatisfy { $0 >= 400 && $0 <= 505 } ? nil : "garbage was answered with \(answers.statuses)"
    case .hasty: return answers.statuses.count <= requests.count ? nil : "\(answers.statuses.count) answers to \(requests.count) requests"
    case .polite:
      if answers.statuses.count > requests.count { return "\(answers.statuses.count) answers to \(requests.count) requests" }
      if client.hasHungUp { return nil }
      if isOver {
        // What was heard is answered, at the latest by the leaving itself.
        return client.wasHeard && answers.statuses.isEmpty ? "apus left without an answer" : nil
      }
      if answers.rest > 0 { return "closed in the middle of an answer" }
      if answers.statuses.count < requests.count { return "closed after \(answers.statuses.count) answers to \(requests.count) requests" }
      return nil
    }
  }
}
#endif
