import Model

// What becomes `[Service]`.
extension XinetdService {
  mutating func command() {
    if let words = settings.has(.redirect) ? settings.list(.redirect) : nil, words.count == 2 { return redirect(words[0], words[1]) }
    if !settings.has(.user) { fail(name, Bytes("user is missing")) }
    guard let server = settings.first(.server) else {
      if settings.has(.type, "INTERNAL") { return }
      return fail(name, Bytes("server is missing"))
    }
    if server.text.contains(47), server.text.first != 47 { return fail(server, server.text + " is no absolute path") }
    var line = Bytes("-")
    let arguments = settings.list(.serverArgs)
    if settings.has(.flags, "NAMEINARGS") {
      if arguments.isEmpty { return fail(server, Bytes("NAMEINARGS wants server_args")) }
      line += "@"
    }
    line = quoted(line + server.text, isPath: true)
    for word in arguments { line += " " + quoted(word.text, isPath: false) }
    add(&service, "ExecStart", line)
    add(&service, "StandardInput", Bytes("socket"))
  }

  mutating func redirect(_ host: XinetdWord, _ door: XinetdWord) {
    if isDatagram { return fail(host, Bytes("datagrams are not redirected")) }
    if let server = settings.first(.server) { warn(server, Bytes("redirect takes the server's place, as in xinetd")) }
    guard let port = door.text.isPort ? door.text : port(of: door.text, protocol: Bytes("tcp"), in: services) else {
      return fail(door, door.text + " is no port")
    }
    guard host.text.isIPv6 || host.text.isHostName else { return fail(host, host.text + " is no host") }
    let target = (host.text.isIPv6 ? "[" + host.text + "]" : host.text) + ":" + port
    add(&service, "ExecStart", quoted("-" + relay, isPath: true) + " relay " + target)
    add(&service, "StandardInput", Bytes("socket"))
    // What it says must not go to the peer.
    add(&service, "StandardOutput", Bytes("null"))
    add(&service, "StandardError", Bytes("journal"))
  }

  /// As ExecStart= reads it: `%` and `$` doubled (in a path `%` alone), quoted where anything else might be read otherwise, bytes that are no text as `\xHH`.
  func quoted(_ text: Bytes, isPath: Bool) -> Bytes {
    var out = Bytes()
    var isPlain = !text.isEmpty
    let isText = text.firstInvalidUTF8 == nil
    for byte in text {
      switch byte {
      case 37: out += "%%"
      case 36 where !isPath: out += "$$"
      case 34, 92:
        out += [92, byte]
        isPlain = false
      case 0...31, 127,
        128... where !isText:
        out += "\\x" + Bytes(hex: UInt64(byte), width: 2)
        isPlain = false
      default:
        out.append(byte)
        if byte == 39 || byte == 59 || byte == 35 { isPlain = false }
      }
    }
    return isPlain ? out : "\"" + out + "\""
  }

  mutating func environment(_ word: XinetdWord) {
    let name = word.text.prefix { $0 != 61 }
    let isName = name.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 95 } && name.first?.isDigit == false
    if name.count == word.text.count || !isName || word.text.firstInvalidUTF8 != nil {
      return fail(word, "'" + word.text + "' is no NAME=value")
    }
    add(&service, "Environment", quoted(word.text, isPath: true))
  }

  mutating func limit(_ key: StaticString, _ word: XinetdWord) {
    if word.text == "UNLIMITED" { return add(&service, key, Bytes("infinity")) }
    var digits = word.text
    var unit = Bytes()
    if let last = digits.last, let letter = [75, 77, 107, 109].firstIndex(of: last) {
      digits.removeLast()
      unit = letter & 1 == 0 ? Bytes("K") : Bytes("M")
    }
    guard digits.unsignedDecimal != nil else { return fail(word, word.text + " is no limit") }
    add(&service, key, digits + unit)
  }
}
