/// A message with its values in place: each `%` of `pattern` stands for the next value. One call where `+` is one for each
/// piece, which is what most of the code of a program that speaks to people would be.
@inline(never)
public func filled(_ pattern: StaticString, with values: [Bytes]) -> Bytes {
  var out = Bytes()
  var used = 0
  for byte in Bytes(pattern) {
    if byte == 37, used < values.count {
      out += values[used]
      used += 1
    } else {
      out.append(byte)
    }
  }
  return out
}

/// A message with one value.
@inline(never)
public func filled(_ pattern: StaticString, _ value: Bytes) -> Bytes { filled(pattern, with: [value]) }

/// A message with two values.
@inline(never)
public func filled(_ pattern: StaticString, _ first: Bytes, _ second: Bytes) -> Bytes { filled(pattern, with: [first, second]) }

/// A message with three values.
@inline(never)
public func filled(_ pattern: StaticString, _ first: Bytes, _ second: Bytes, _ third: Bytes) -> Bytes {
  filled(pattern, with: [first, second, third])
}
