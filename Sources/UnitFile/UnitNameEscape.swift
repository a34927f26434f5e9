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

/// `/` as `-`, and whatever may not stand in a name as `\xHH` (units.md b.8).
public func escapeUnitName(_ text: Bytes) -> Bytes {
  var out = Bytes()
  for (index, byte) in text.enumerated() {
    switch byte {
    case 47: out.append(45)
    case 46 where index > 0, 58, 95: out.append(byte)
    case _ where byte.isDigit || byte.isASCIILetter: out.append(byte)
    default: out += "\\x" + Bytes(hex: UInt64(byte), width: 2)
    }
  }
  return out
}

/// A path's parts between single dashes, `/` as `-`; nil for a path with `..` in it.
public func escapeUnitPath(_ path: Bytes) -> Bytes? {
  var parts: [Bytes] = []
  for part in path.pieces(separatedBy: 47) where part != "." {
    if part == ".." { return nil }
    parts.append(part)
  }
  if parts.isEmpty { return Bytes("-") }
  var joined = Bytes()
  for part in parts {
    if !joined.isEmpty { joined.append(47) }
    joined += part
  }
  return escapeUnitName(joined)
}

/// The path that `escapeUnitPath` escaped; nil for what it cannot have made: nothing, an empty part, `.` or `..`.
public func unescapeUnitPath(_ text: Bytes) -> Bytes? {
  if text == "-" { return Bytes("/") }
  guard !text.isEmpty, let path = unescapeUnitName(text) else { return nil }
  for part in path.pieces(separatedBy: 47, keepEmpty: true) where part.isEmpty || part == "." || part == ".." { return nil }
  return "/" + path
}

/// A unit name out of what somebody types, as systemctl makes it: a path becomes a mount or device unit, `/` a `-`, other
/// strange bytes are escaped, and what has no suffix is a service. nil for nothing.
public func mangleUnitName(_ text: Bytes) -> Bytes? {
  if text.isEmpty { return nil }
  if UnitName(text) != nil { return text }
  if text.first == 47, let escaped = escapeUnitPath(text) {
    return escaped + (text.starts(with: "/dev/") || text.starts(with: "/sys/") ? ".device" : ".mount")
  }
  var out = Bytes()
  for byte in text {
    switch byte {
    case 47: out.append(45)
    case 45, 46, 58, 64, 92, 95: out.append(byte)
    case _ where byte.isDigit || byte.isASCIILetter: out.append(byte)
    default: out += "\\x" + Bytes(hex: UInt64(byte), width: 2)
    }
  }
  if let dot = out.lastIndex(of: 46) {
    let suffix = Bytes(out[(dot + 1)...])
    for type in UnitType.allCases where suffix == type.name { return out }
  }
  return out + ".service"
}
