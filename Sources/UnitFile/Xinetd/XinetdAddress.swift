import Model

/// What a word of only_from or no_access means, as AccessAllow= takes it: `10.1.0.0` is `10.1.0.0/16` (zeros at the end are
/// wildcards), `10.1.{2,3}` two networks, `0.0.0.0` and `::` everybody of that family. nil: a name, or nonsense.
func xinetdRanges(_ text: Bytes) -> [Bytes]? {
  if let brace = text.firstIndex(of: 123) { return factorized(text, brace) }
  let parts = text.pieces(separatedBy: 47, keepEmpty: true)
  guard let address = IPAddress(parts[0]), parts.count <= 2 else { return nil }
  if parts.count == 2 {
    guard let bits = parts[1].unsignedDecimal, bits <= (parts[0].contains(58) ? 128 : 32) else { return nil }
    return [text]
  }
  if text.contains(58) { return [address.high | address.low == 0 ? Bytes("::/0") : text] }
  var bits = 32
  while bits > 0, address.v4 >> UInt32(32 - bits) & 255 == 0 { bits -= 8 }
  return [bits == 32 ? text : text + "/" + Bytes(decimal: bits)]
}

/// `1.2.{3,4}`: the braces stand at the end; a network, where there are less than four numbers.
private func factorized(_ text: Bytes, _ brace: Int) -> [Bytes]? {
  let head = Bytes(text[..<brace]).pieces(separatedBy: 46)
  guard text.last == 125, brace == 0 || text[brace - 1] == 46, head.count < 4 else { return nil }
  var result: [Bytes] = []
  for item in Bytes(text[(brace + 1)..<(text.count - 1)]).pieces(separatedBy: 44) {
    var address = Bytes()
    for part in head + [item] { address += (address.isEmpty ? [] : Bytes(".")) + part }
    for _ in head.count..<3 { address += ".0" }
    guard IPAddress(address) != nil else { return nil }
    result.append(head.count == 3 ? address : address + "/" + Bytes(decimal: 8 * (head.count + 1)))
  }
  return result.isEmpty ? nil : result
}

/// The port of a service by its name or one of its other names, in a text like /etc/services.
func port(of name: Bytes, protocol proto: Bytes, in services: Bytes) -> Bytes? {
  for line in services.pieces(separatedBy: 10) {
    let words = xinetdWords(line.pieces(separatedBy: 35, keepEmpty: true)[0])
    guard words.count >= 2, words[0] == name || words[2...].contains(name) else { continue }
    let parts = words[1].pieces(separatedBy: 47)
    if parts.count == 2, parts[1] == proto, parts[0].isPort { return parts[0] }
  }
  return nil
}
