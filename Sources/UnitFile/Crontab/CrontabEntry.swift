import Model

/// The parts of an entry's line: `[-] (@macro | five fields) [user] [-n] command[%input]`.
struct CrontabEntry: Sendable {
  /// As written, and where.
  private(set) var fields: Bytes = []
  private(set) var offset = 0
  /// The same with single blanks.
  private(set) var expression: Bytes = []
  private(set) var user: Bytes = []
  private(set) var command: Bytes = []
  private(set) var commandOffset = 0
  private(set) var input: Bytes? = nil
  private var words: CrontabWords

  /// Reads the fields, be they many enough or not.
  init(_ text: Bytes, from first: Int) {
    words = CrontabWords(text: text, position: first)
    // cron's "do not log this one"; apus says nothing of a run that goes well anyway.
    if text[first] == 45 { words.position += 1 }
    words.skipBlanks()
    offset = words.position
    let count = offset < text.count && text[offset] == 64 ? 1 : 5
    var end = offset
    for _ in 0..<count {
      let word = words.next()
      if word.isEmpty { break }
      end = words.position
      if !expression.isEmpty { expression.append(32) }
      expression += word
    }
    fields = Bytes(text[offset..<end])
    words.skipBlanks()
  }

  /// Reads what follows the fields.
  mutating func readRest(hasUser: Bool) throws(CrontabProblem) {
    try checkSixthWord(hasUser: hasUser)
    if hasUser {
      let at = words.position
      user = words.next()
      // Stricter than units are: that a command stands there is the commoner mistake.
      if !user.isUserName || !user.allSatisfy({ $0.isASCIILetter || $0.isDigit || $0 == 95 || $0 == 45 || $0 == 46 || $0 >= 128 }) {
        throw CrontabProblem(at, "no name of a user: " + user.quotable, hint: Bytes("a system crontab names the user before the command"))
      }
      words.skipBlanks()
    }
    // cronie's "mail only if it fails".
    let option = words.position
    if words.next() == "-n", words.position < words.text.count {
      words.skipBlanks()
    } else {
      words.position = option
    }
    commandOffset = words.position
    readCommand(words.text[commandOffset...])
    if !command.contains(where: { !$0.isBlank }) { throw CrontabProblem(commandOffset, "the command is missing") }
  }

  /// Of supercronic's and others' lines, where a sixth and a seventh field are seconds and years.
  private func checkSixthWord(hasUser: Bool) throws(CrontabProblem) {
    var words = words
    let at = words.position
    let word = words.next()
    guard let first = word.first else { return }
    // As Debian's cron, which looks for a user of that name.
    if hasUser, word.allSatisfy({ $0.isDigit }) {
      throw CrontabProblem(
        at, "a number where the name of the user belongs: " + word,
        hint: Bytes("a crontab has five fields of time; for a user by number, User= in a drop-in of the job"))
    }
    guard expression.first != 64, first.isDigit || first == 42 || first == 63,
      word.allSatisfy({ $0.isDigit || $0 == 42 || $0 == 44 || $0 == 45 || $0 == 47 || $0 == 63 })
    else { return }
    throw CrontabProblem(
      at, "a sixth field: " + word.quotable,
      hint: Bytes("a crontab has five; for seconds and years write a unit with Schedule=, as *:*:0/10 or 2030-01-01 00:00"))
  }

  /// Up to the first `%` that has no backslash; behind it a `%` is a newline. `\%` is `%`.
  private mutating func readCommand(_ text: ArraySlice<UInt8>) {
    var out = Bytes()
    var isInput = false
    var last: UInt8 = 0
    for byte in text {
      if byte != 37 {
        out.append(byte)
      } else if last == 92, !out.isEmpty {
        out[out.count - 1] = 37
      } else if isInput {
        out.append(10)
      } else {
        command = out
        out = []
        isInput = true
      }
      last = byte
    }
    if !isInput {
      command = out
    } else if !out.isEmpty {
      if out.last != 10 { out.append(10) }
      input = out
    }
  }

  /// What a unit's name has of the command: its first word that is no assignment, without a folder.
  var word: Bytes {
    var words = CrontabWords(text: command, position: 0)
    var word = words.next()
    while let equals = word.firstIndex(of: 61), word[..<equals].allSatisfy({ $0.isASCIILetter || $0.isDigit || $0 == 95 }) {
      words.skipBlanks()
      word = words.next()
    }
    var out = Bytes()
    for byte in word.suffix(from: (word.lastIndex(of: 47) ?? -1) + 1).prefix(40) {
      out.append(byte.isASCIILetter || byte.isDigit || byte == 45 || byte == 46 ? byte : 95)
    }
    return out.isEmpty ? Bytes("job") : out
  }
}

/// Words between blanks.
struct CrontabWords: Sendable {
  let text: Bytes
  var position: Int

  mutating func skipBlanks() {
    while position < text.count, text[position].isBlank { position += 1 }
  }

  /// Empty at the end.
  mutating func next() -> Bytes {
    skipBlanks()
    let start = position
    while position < text.count, !text[position].isBlank { position += 1 }
    return Bytes(text[start..<position])
  }
}
