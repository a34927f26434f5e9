import Model

/// The arguments as they are executed: `$` expanded, unless the command says `:` (units.md b.4, point 5).
/// `$NAME` as a whole word becomes as many words as its value has, none if it is unset; `${NAME}` is replaced in place.
public func expandArguments(_ command: ExecCommand, environment: [Bytes]) -> [Bytes] {
  if command.noExpansion { return command.arguments }
  var result: [Bytes] = []
  for argument in command.arguments {
    if argument.count > 0, argument[0] == 36, argument.count == 1 || (argument[1] != 123 && argument[1] != 36) {
      guard let value = environmentValue(Bytes(argument[1...]), in: environment) else { continue }
      result += splitValue(value)
    } else {
      result.append(replaceVariables(argument, environment))
    }
  }
  return result
}

/// At blanks; quotes group and go, a backslash goes and keeps the next byte, an open quote ends with the value.
private func splitValue(_ value: Bytes) -> [Bytes] {
  var reader = WordReader(value)
  var result: [Bytes] = []
  do throws(WordError) {
    while let word = try reader.next(.plain) { result.append(word.text) }
  } catch {
    // The plain style has no errors.
  }
  return result
}

/// `${NAME}` becomes its value, `$$` a dollar sign; all else stays, `${NAME:-x}` too, but not what is in it.
private func replaceVariables(_ text: Bytes, _ environment: [Bytes]) -> Bytes {
  guard text.contains(36) else { return text }
  var out = Bytes()
  var index = 0
  while index < text.count {
    guard text[index] == 36, index + 1 < text.count else {
      out.append(text[index])
      index += 1
      continue
    }
    if text[index + 1] == 36 {
      out.append(36)
      index += 2
    } else if text[index + 1] == 123, let end = closingBrace(text, from: index + 2) {
      out.append(contentsOf: environmentValue(Bytes(text[(index + 2)..<end]), in: environment) ?? [])
      index = end + 1
    } else {
      out.append(contentsOf: text[index...(index + 1)])
      index += 2
    }
  }
  return out
}

/// The `}` that ends a name; nil if a `:` or the end comes first, which makes it no variable.
private func closingBrace(_ text: Bytes, from start: Int) -> Int? {
  for index in start..<text.count {
    if text[index] == 125 { return index }
    if text[index] == 58 { return nil }
  }
  return nil
}
