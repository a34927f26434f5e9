import Model

/// A place in one of a unit's files: line and column (bytes), both from 1. One word, because places are kept and handed about
/// everywhere: 24 bits of line, 24 of column (files have 1 MiB), 16 of file; what is larger counts as the largest.
struct Position: Equatable, Sendable {
  private let word: UInt64

  init(line: Int, column: Int, file: Int = 0) {
    word = UInt64(min(line, 0xFF_FFFF)) | UInt64(min(column, 0xFF_FFFF)) << 24 | UInt64(min(file, 0xFFFF)) << 48
  }

  var line: Int { Int(word & 0xFF_FFFF) }
  var column: Int { Int(word >> 24 & 0xFF_FFFF) }
  /// Which file: 0 the main one, then the drop-ins.
  var file: Int { Int(word >> 48) }
}

/// A logical line: physical lines joined by a backslash at their end, without blanks at both ends (units.md b.1).
struct LogicalLine {
  var text: Bytes
  /// Where each joined piece begins: in `text`, and in the file.
  private(set) var pieces: [(start: Int, position: Position)] = []

  init(text: Bytes, position: Position) {
    self.text = text
    pieces = [(0, position)]
  }

  /// Where a byte of the line stands in the file.
  func position(of offset: Int) -> Position {
    // The last piece that begins at or before it.
    var low = 0
    var high = pieces.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].start <= offset { low = middle } else { high = middle }
    }
    guard low < pieces.count else { return Position(line: 1, column: 1) }
    let piece = pieces[low]
    return Position(line: piece.position.line, column: piece.position.column + offset - piece.start, file: piece.position.file)
  }

  /// The last backslash becomes a space, and the next physical line follows unchanged.
  mutating func join(_ next: Bytes, position: Position) {
    if !text.isEmpty { text[text.count - 1] = 32 }
    pieces.append((text.count, position))
    text.append(contentsOf: next)
  }

  /// Ends in an odd number of backslashes.
  var continues: Bool {
    var count = 0
    while count < text.count, text[text.count - 1 - count] == 92 { count += 1 }
    return count % 2 == 1
  }
}

/// Physical lines in, logical lines out: comments dropped before continuation is looked at (units.md b.1).
struct LineReader {
  /// Of a logical line, in bytes: systemd's LONG_LINE_MAX.
  static let maximumLength = 1 << 20

  enum Item {
    case line(LogicalLine)
    /// The (joined) line is longer than `maximumLength`.
    case tooLong(Position)
    case end
  }

  private let contents: Bytes
  private var offset = 0
  private var lineNumber = 0
  /// Where the first NUL byte stood, which ends a line as a newline does.
  private(set) var firstNUL: Position?

  private let file: Int

  init(_ contents: Bytes, file: Int = 0) {
    self.contents = contents
    self.file = file
    if contents.starts(with: "\u{FEFF}") { offset = 3 }
  }

  mutating func next() -> Item {
    var joined: LogicalLine?
    while let (physical, position) = readPhysical() {
      if LineReader.isComment(physical) { continue }
      if joined == nil {
        joined = LogicalLine(text: physical, position: position)
      } else {
        joined?.join(physical, position: position)
      }
      guard let line = joined else { continue }
      if line.text.count > LineReader.maximumLength { return .tooLong(line.position(of: 0)) }
      if line.continues { continue }
      return .line(line)
    }
    guard var line = joined else { return .end }
    // A continuation that the file's end leaves open counts as it is, without the backslash.
    line.join([], position: line.position(of: line.text.count))
    return .line(line)
  }

  private static func isComment(_ line: Bytes) -> Bool {
    guard let first = line.first(where: { !$0.isBlank }) else { return false }
    return first == 35 || first == 59
  }

  /// A line ends at LF, CR, CRLF or NUL.
  private mutating func readPhysical() -> (text: Bytes, position: Position)? {
    guard offset < contents.count else { return nil }
    lineNumber += 1
    let start = offset
    while offset < contents.count {
      let byte = contents[offset]
      if byte == 10 || byte == 13 || byte == 0 { break }
      offset += 1
    }
    let end = offset
    if offset < contents.count {
      if contents[offset] == 0, firstNUL == nil { firstNUL = Position(line: lineNumber, column: end - start + 1, file: file) }
      offset += contents[offset] == 13 && offset + 1 < contents.count && contents[offset + 1] == 10 ? 2 : 1
    }
    return (Bytes(contents[start..<end]), Position(line: lineNumber, column: 1, file: file))
  }
}
