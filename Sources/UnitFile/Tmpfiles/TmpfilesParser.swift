import Model

/// What the lines of all tmpfiles.d files give, in the order in which they are carried out.
public struct TmpfilesPlan: Equatable, Sendable {
  public var items: [TmpfilesItem] = []
  public var diagnostics: [Diagnostic] = []
  /// Lines that cannot be read are left out, and counted: the rest is done, as systemd-tmpfiles does.
  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
  public init() {}
}

/// Reads tmpfiles.d files (tmpfiles.d(5)), in the order given: sorted by name, hidden ones left out already. Of two lines
/// that would make the same path the first counts; lines come in the order of their paths, so that a folder comes before
/// what is in it, and patterns come last.
public func parseTmpfiles(_ files: [(path: Bytes, contents: Bytes)], host: HostFacts) -> TmpfilesPlan {
  var plan = TmpfilesPlan()
  var plain: [TmpfilesItem] = []
  var patterns: [TmpfilesItem] = []
  for file in files {
    var number = 0
    for line in file.contents.pieces(separatedBy: 10, keepEmpty: true) {
      number += 1
      if number > TmpfilesLine.linesMax {
        plan.diagnostics.append(Diagnostic(.error, file: file.path, message: Bytes("the file has more than 65536 lines")))
        break
      }
      let text = line.trimmed
      if text.isEmpty || text[0] == 35 || text[0] == 59 { continue }
      let reader = TmpfilesLine(text, file: file.path, line: number, host: host)
      let read = reader.read()
      plan.diagnostics += reader.diagnostics
      guard let item = read else { continue }
      if item.action.takesPattern { patterns.append(item) } else { plain.append(item) }
    }
  }
  plain = withoutDuplicates(plain, &plan.diagnostics)
  plan.items = sortedByPath(plain) + sortedByPath(patterns)
  return plan
}

/// The first of several lines that make the same path. A link to what another line makes is another path.
private func withoutDuplicates(_ items: [TmpfilesItem], _ diagnostics: inout [Diagnostic]) -> [TmpfilesItem] {
  var kept: [TmpfilesItem] = []
  var first = NameTable()
  for item in items {
    if let index = first[item.path] {
      // The same line twice is no news: packages copy each other's.
      if kept[index] != item {
        diagnostics.append(
          Diagnostic(
            .warning, file: item.location.file, line: item.location.line, message: "a second line for " + item.path + " is ignored",
            hint: "the first is " + kept[index].location.file + ":" + Bytes(decimal: kept[index].location.line)))
      }
      continue
    }
    first[item.path] = kept.count
    kept.append(item)
  }
  return kept
}

/// By the parts of the path, lines of the same path in their order.
private func sortedByPath(_ items: [TmpfilesItem]) -> [TmpfilesItem] {
  let order = sortedOrder(items.count) { a, b in
    items[a].path.lexicographicallyPrecedes(items[b].path, by: { pathOrder($0) < pathOrder($1) })
  }
  return order.map { items[$0] }
}

/// `/` before everything else: `/a/b` follows `/a` and comes before `/a-b`.
private func pathOrder(_ byte: UInt8) -> Int { byte == 47 ? -1 : Int(byte) }
