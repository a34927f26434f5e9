import Model

/// The reverse of a unit name's escaping: `-` is `/`, `\xHH` a byte (units.md b.8); nil where a `\` is not followed by
/// `xHH`, or where that is NUL.
public func unescapeUnitName(_ text: Bytes) -> Bytes? {
  var out = Bytes()
  var index = 0
  while index < text.count {
    let byte = text[index]
    index += 1
    if byte == 45 {
      out.append(47)
    } else if byte == 92 {
      guard text.count - index >= 3, text[index] == 120, let high = text[index + 1].hexValue,
        let low = text[index + 2].hexValue, high | low != 0
      else { return nil }
      out.append(high << 4 | low)
      index += 3
    } else {
      out.append(byte)
    }
  }
  return out
}
