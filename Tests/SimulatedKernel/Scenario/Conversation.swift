#if !EMBEDDED
import Model

/// What one control client wants, and what it must get.
struct Conversation {
  enum Manner {
    /// Asks whole requests, waits for every answer, leaves only then.
    case polite
    /// Leaves before the answers.
    case hasty
    /// Says what is no HTTP, or half a request.
    case garbage
    /// Another uid: must not get a byte.
    case stranger
  }

  var manner: Manner
  /// Requests that were given in full.
  var requests: [String]
}

/// Makes control clients from a seed: requests as real bytes, cut at any place, read slowly, left early.
struct ConversationMaker {
  static let ownUID: UInt32 = 0
  var random: SeededRandom
  /// Most requests are reloads.
  var reloads = false

  private mutating func percent(_ share: Int) -> Bool { random.below(100) < share }

  mutating func request(_ names: [String]) -> String {
    let name = percent(4) ? "absent.service" : names.isEmpty ? "x.service" : names[random.below(names.count)]
    let wait = percent(60) ? "?wait=1" : ""
    switch random.weighted([16, 14, 12, reloads ? 40 : 8, 6, 6, 5, 8, 4, 4, 2, 3, 1]) {
    case 0: return "POST /v1/units/\(name)/start\(wait)"
    case 1: return "POST /v1/units/\(name)/stop\(wait)"
    case 2: return "POST /v1/units/\(name)/restart\(wait)"
    case 3: return "POST /v1/units/\(name)/reload\(wait)"
    case 4: return "POST /v1/units/\(name)/try-restart\(wait)"
    case 5:
      let signal = ["TERM", "KILL", "HUP", "USR1", "INT", "STOP", "CONT", "SEGV"][random.below(8)]
      return "POST /v1/units/\(name)/kill?signal=\(signal)&whom=\(["all", "main", "control"][random.below(3)])"
    case 6: return "POST /v1/units/\(name)/reset-failed"
    case 7: return "GET /v1/units/\(name)"
    case 8: return "GET /v1/units"
    case 9: return "GET /v1/timers"
    case 10: return "POST /v1/apply?plan=1"
    case 11: return "POST /v1/apply"
    default: return "POST /v1/daemon-reload"
    }
  }

  private func head(_ request: String, last: Bool) -> String {
    "\(request) HTTP/1.1\r\nHost: apus\r\n\(last ? "Connection: close\r\n" : "")\r\n"
  }

  private mutating func garbage() -> Bytes {
    switch random.below(5) {
    case 0: return "GET / HTTP/9.9\r\n\r\n".bytes
    case 1: return "POST /v1/units/\u{1}\u{2} HTTP/1.1\r\n\r\n".bytes
    case 2: return Bytes(repeating: 65, count: 9000)
    case 3: return "GET /v1/units HTTP/1.1\r\nHost: ap".bytes
    default:
      var bytes = Bytes()
      for _ in 0..<random.below(300) { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
      return bytes
    }
  }

  /// A client with its conversation: connects at once.
  mutating func connect(to world: World, names: [String], number: Int) -> Conversation {
    let manner: Conversation.Manner = [.polite, .hasty, .garbage, .stranger][random.weighted([70, 14, 10, 6])]
    var requests: [String] = []
    var bytes = Bytes()
    if manner == .garbage {
      bytes = garbage()
    } else {
      let count = percent(80) ? 1 : 2 + random.below(3)
      for index in 0..<count {
        let request = request(names)
        requests.append(request)
        bytes += head(request, last: index == count - 1).bytes
      }
    }
    var moves = gifts(bytes)
    var room = 1 << 20
    if percent(15) {
      room = random.below(50)
      for _ in 0..<8 { moves.append((random.within(0...200), .take(random.below(2000)))) }
      moves.append((random.within(0...200), .take(1 << 20)))
    }
    if manner == .hasty || manner == .garbage { moves.append((random.within(0...3000), .hangUp)) }
    let uid = manner == .stranger ? 4242 : ConversationMaker.ownUID
    world.connect(uid: uid, moves: moves, room: room, conversation: number)
    return Conversation(manner: manner, requests: requests)
  }

  /// One polite request.
  mutating func ask(_ request: String, _ world: World, number: Int) -> Conversation {
    world.connect(uid: ConversationMaker.ownUID, moves: gifts(head(request, last: true).bytes), room: 1 << 20, conversation: number)
    return Conversation(manner: .polite, requests: [request])
  }

  /// The bytes in one piece, or cut.
  private mutating func gifts(_ bytes: Bytes) -> [(afterMs: Int64, move: VirtualClient.Move)] {
    var moves: [(afterMs: Int64, move: VirtualClient.Move)] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = percent(70) ? rest.count : 1 + random.below(rest.count)
      moves.append((percent(70) ? 0 : random.within(0...400), .give(Bytes(rest.prefix(count)))))
      rest = rest.dropFirst(count)
    }
    return moves
  }
}
#endif
