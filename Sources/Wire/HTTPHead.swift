import Model

/// The lines of a head without their ends; empty ones are left out. A CR elsewhere is refused.
func headLines(_ head: Bytes) throws(HTTPFault) -> [Bytes] {
  var lines: [Bytes] = []
  for piece in head.pieces(separatedBy: 10) {
    var line = piece
    if line.last == 13 { line.removeLast() }
    if line.contains(13) { throw HTTPFault(400, "a carriage return inside a line") }
    if !line.isEmpty { lines.append(line) }
  }
  return lines
}

/// Request line and header fields (RFC 9112 sections 3 and 5).
func parseHead(_ head: Bytes) throws(HTTPFault) -> HTTPRequest {
  let lines = try headLines(head)
  guard let first = lines.first else { throw HTTPFault(400, "no request line") }
  if lines.count > 65 { throw HTTPFault(431, "a request may have 64 header fields") }
  let words = first.pieces(separatedBy: 32, keepEmpty: true)
  guard words.count == 3 else { throw HTTPFault(400, "the request line is not METHOD PATH HTTP/1.1") }
  let method = try parseMethod(words[0])
  let minor = try parseVersion(words[2])
  var request = HTTPRequest(method: method, path: [])
  request.keepAlive = minor > 0
  try parseTarget(words[1], &request)
  var hasLength = false
  for line in lines.dropFirst() { try parseField(line, &request, &hasLength) }
  // The client of a HEAD expects an answer without its body; closing leaves no doubt where the answer ends.
  if method == .other { request.keepAlive = false }
  return request
}

private func parseMethod(_ word: Bytes) throws(HTTPFault) -> HTTPMethod {
  guard !word.isEmpty, word.allSatisfy(isTokenByte) else { throw HTTPFault(400, "the method is no word") }
  switch word {
  case "GET": return .get
  case "POST": return .post
  default: return .other
  }
}

/// The minor version of HTTP/1.
private func parseVersion(_ word: Bytes) throws(HTTPFault) -> UInt8 {
  guard word.count == 8, word.starts(with: "HTTP/"), word[5].isDigit, word[6] == 46, word[7].isDigit else {
    throw HTTPFault(400, "the request line is not METHOD PATH HTTP/1.1")
  }
  if word[5] != 49 { throw HTTPFault(505, "only HTTP/1.1 is spoken here") }
  return word[7] - 48
}

/// Origin form `/path?query`, or absolute form `http://anything/path?query` (RFC 9112 section 3.2).
private func parseTarget(_ word: Bytes, _ request: inout HTTPRequest) throws(HTTPFault) {
  var target = word
  if target.starts(with: "http://") {
    let authority = target[7...].prefix { $0 != 47 && $0 != 63 }
    target = Bytes(target[(7 + authority.count)...])
    if target.first != 47 { target = "/" + target }
  }
  guard target.first == 47 else { throw HTTPFault(400, "the path does not begin with /") }
  for byte in target where byte < 33 || byte > 126 || byte == 35 { throw HTTPFault(400, "a byte in the path must be percent-encoded") }
  let question = target.firstIndex(of: 63) ?? target.count
  let segments = Bytes(target[1..<question]).pieces(separatedBy: 47, keepEmpty: true)
  if segments.count > 8 { throw HTTPFault(400, "a path may have 8 segments") }
  for segment in segments { request.path.append(try percentDecoded(segment)) }
  guard question < target.count else { return }
  let items = Bytes(target[(question + 1)...]).pieces(separatedBy: 38)
  if items.count > 16 { throw HTTPFault(400, "a query may have 16 items") }
  for item in items {
    let equals = item.firstIndex(of: 61) ?? item.count
    request.query.append(
      HTTPQueryItem(
        name: try percentDecoded(Bytes(item[..<equals])),
        value: try percentDecoded(Bytes(item[min(equals + 1, item.count)...]))))
  }
}

private func percentDecoded(_ text: Bytes) throws(HTTPFault) -> Bytes {
  var out = Bytes()
  var index = 0
  while index < text.count {
    if text[index] != 37 {
      out.append(text[index])
      index += 1
      continue
    }
    guard index + 2 < text.count, let high = text[index + 1].hexValue, let low = text[index + 2].hexValue else {
      throw HTTPFault(400, "% without two hexadecimal digits")
    }
    let byte = high << 4 | low
    if byte == 0 { throw HTTPFault(400, "a NUL byte in the path") }
    out.append(byte)
    index += 3
  }
  return out
}

/// One `Name: value`; only those that decide on the connection or the body are looked at.
private func parseField(_ line: Bytes, _ request: inout HTTPRequest, _ hasLength: inout Bool) throws(HTTPFault) {
  guard let colon = line.firstIndex(of: 58), colon > 0, line[..<colon].allSatisfy(isTokenByte) else {
    throw HTTPFault(400, "a header field is not Name: value")
  }
  let value = Bytes(line[(colon + 1)...]).trimmed
  switch Bytes(line[..<colon]).lowercasedASCII {
  case "connection":
    for option in value.lowercasedASCII.pieces(separatedBy: 44) {
      if option.trimmed == "close" { request.keepAlive = false }
      if option.trimmed == "keep-alive" { request.keepAlive = true }
    }
  case "content-length":
    guard !hasLength, let length = value.unsignedDecimal else { throw HTTPFault(400, "Content-Length is not one number") }
    guard length <= UInt64(HTTPRequestParser.maximumRequest) else { throw HTTPFault(413, "a body may have 8192 bytes") }
    hasLength = true
    request.bodyLength = Int(length)
  case "transfer-encoding": throw HTTPFault(501, "Transfer-Encoding is not taken: arguments are path and query")
  case "expect": throw HTTPFault(417, "Expect is not taken: arguments are path and query")
  default: break
  }
}

/// The bytes of a token (RFC 9110 section 5.6.2).
func isTokenByte(_ byte: UInt8) -> Bool {
  if byte.isDigit || byte.isASCIILetter { return true }
  switch byte {
  case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: return true
  default: return false
  }
}
