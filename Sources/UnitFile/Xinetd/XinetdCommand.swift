import Model

// What becomes `[Service]`.
extension XinetdService {
  func command() {
    let ends = settings.list(.redirect)
    if ends.count == 2 { return redirect(ends[0], ends[1]) }
    if !settings.has(.user) { fail(name, "user is missing") }
    guard let server = settings.first(.server) else {
      if !settings.has(.type, Bytes("INTERNAL")) { fail(name, "server is missing") }
      return
    }
    if server.text.contains(47), server.text.first != 47 { return fail(server, "% is no absolute path") }
    let arguments = settings.list(.serverArgs)
    let isNamed = settings.has(.flags, Bytes("NAMEINARGS"))
    if isNamed, arguments.isEmpty { return fail(server, "NAMEINARGS wants server_args") }
    var line = quoted(filled(isNamed ? "-@%" : "-%", server.text), isPath: true)
    for word in arguments { line += " " + quoted(word.text, isPath: false) }
    addService("ExecStart", line)
    addService("StandardInput", Bytes("socket"))
  }

  private func redirect(_ host: XinetdWord, _ door: XinetdWord) {
    if isDatagram { return fail(host, "datagrams are not redirected") }
    if let server = settings.first(.server) { warn(server, "redirect takes the server's place, as in xinetd") }
    guard let port = door.text.isPort ? door.text : port(of: door.text, protocol: Bytes("tcp"), in: services) else {
      return fail(door, "% is no port")
    }
    let isIPv6 = host.text.isIPv6
    guard isIPv6 || host.text.isHostName else { return fail(host, "% is no host") }
    let program = quoted("-" + relay, isPath: true)
    addService("ExecStart", filled(isIPv6 ? "% relay [%]:%" : "% relay %:%", program, host.text, port))
    addService("StandardInput", Bytes("socket"))
    // What it says must not go to the peer.
    addService("StandardOutput", Bytes("null"))
    addService("StandardError", Bytes("journal"))
  }

  /// As ExecStart= reads it: `%` and `$` doubled (in a path `%` alone), quoted where anything else might be read otherwise, bytes that are no text as `\xHH`.
  private func quoted(_ text: Bytes, isPath: Bool) -> Bytes {
    var out = Bytes()
    var isPlain = !text.isEmpty
    let isText = text.firstInvalidUTF8 == nil
    for byte in text {
      if byte < 32 || byte == 127 || (byte > 127 && !isText) {
        out += "\\x" + Bytes(hex: UInt64(byte), width: 2)
        isPlain = false
        continue
      }
      if byte == 34 || byte == 92 { out.append(92) }
      if byte == 37 || (byte == 36 && !isPath) { out.append(byte) }
      out.append(byte)
      if byte == 34 || byte == 92 || byte == 39 || byte == 59 || byte == 35 { isPlain = false }
    }
    return filled(isPlain ? "%" : "\"%\"", out)
  }

  func environment(_ word: XinetdWord) {
    var isName = true
    var length = 0
    for byte in word.text {
      if byte == 61 { break }
      if !byte.isASCIILetter, byte != 95, length == 0 || !byte.isDigit { isName = false }
      length += 1
    }
    if length == 0 || length == word.text.count || !isName || word.text.firstInvalidUTF8 != nil {
      return fail(word, "'%' is no NAME=value")
    }
    addService("Environment", quoted(word.text, isPath: true))
  }

  func limit(_ key: StaticString, _ word: XinetdWord) {
    if word.text == "UNLIMITED" { return addService(key, Bytes("infinity")) }
    var digits = word.text
    var value = digits
    if let last = digits.last, last & 0xDF == 75 || last & 0xDF == 77 {
      digits.removeLast()
      // In capitals.
      value = digits + [last & 0xDF]
    }
    guard digits.unsignedDecimal != nil else { return fail(word, "% is no limit") }
    addService(key, value)
  }
}
