import Model

/// Columns of text, as wide as their widest cell; the last one is not filled up.
struct TextTable {
  private var rows: [[Bytes]] = []

  var isEmpty: Bool { rows.isEmpty }
  mutating func add(_ cells: [Bytes]) { rows.append(cells) }
  /// Names of columns, one blank between two.
  mutating func add(head: StaticString) { add(Bytes(head).pieces(separatedBy: 32, keepEmpty: true)) }

  var text: Bytes {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], shownWidth(cell))
      }
    }
    var out = Bytes()
    for row in rows {
      var line = Bytes()
      for (column, cell) in row.enumerated() {
        line += cell
        if column + 1 < row.count { line += Bytes(repeating: 32, count: widths[column] - shownWidth(cell) + 1) }
      }
      while line.last == 32 { line.removeLast() }
      out += line + "\n"
    }
    return out
  }

  /// Places on a terminal: bytes that begin a character.
  private func shownWidth(_ cell: Bytes) -> Int {
    var width = 0
    for byte in cell where byte & 0xC0 != 0x80 { width += 1 }
    return width
  }
}
