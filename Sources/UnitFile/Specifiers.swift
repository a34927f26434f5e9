import Model

/// A specifier that cannot be expanded.
struct SpecifierError: Error {
  enum Reason {
    case unknown, notHere, missingFact, notUnescapable
  }
  var reason: Reason
  /// The letter behind the `%`.
  var letter: UInt8
  /// Offset of the `%`.
  var offset: Int

  /// `%e is no specifier`
  var message: Bytes {
    var text: Bytes = [37, letter]
    switch reason {
    case .unknown: text += " is no specifier"
    case .notHere: text += " is not possible here"
    case .missingFact: text += letter == 109 ? " needs /etc/machine-id, which is missing" : " is not known on this host"
    case .notUnescapable: text += " cannot be unescaped"
    }
    return text
  }

  var hint: StaticString { reason == .unknown ? "write %% for a percent sign" : "" }
}

/// Expands `%` specifiers for one unit (units.md b.7). A class, because it is handed about and never changes.
final class SpecifierContext {
  let name: UnitName
  /// The unit file's path, for `%y` and `%Y`.
  let path: Bytes
  let host: HostFacts

  init(name: UnitName, path: Bytes, host: HostFacts) {
    self.name = name
    self.path = path
    self.host = host
  }

  /// `%%` is `%`; `%` before anything but a letter or digit, or at the end, is literal.
  func expand(_ text: Bytes, inUnitName: Bool = false) throws(SpecifierError) -> Bytes {
    guard text.contains(37) else { return text }
    var out = Bytes()
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      guard byte == 37, index < text.count else {
        out.append(byte)
        continue
      }
      let letter = text[index]
      if letter == 37 {
        out.append(37)
      } else if letter.isDigit || letter.isASCIILetter {
        out.append(contentsOf: try value(of: letter, inUnitName: inUnitName, offset: index - 1))
      } else {
        out.append(37)
        continue
      }
      index += 1
    }
    return out
  }

  /// The same where there is no unit: only what speaks of the host and of apus is valid (tmpfiles.d(5)).
  func expandHost(_ text: Bytes) throws(SpecifierError) -> Bytes {
    var index = 0
    while index + 1 < text.count {
      let letter = text[index + 1]
      if text[index] == 37, letter.isASCIILetter, !contains("aAbBCgGhHlLmMoStTuUvVwW", letter) {
        throw SpecifierError(reason: isKnown(letter) ? .notHere : .unknown, letter: letter, offset: index)
      }
      index += text[index] == 37 ? 2 : 1
    }
    return try expand(text)
  }

  private func value(of letter: UInt8, inUnitName: Bool, offset: Int) throws(SpecifierError) -> Bytes {
    func failure(_ reason: SpecifierError.Reason) -> SpecifierError {
      SpecifierError(reason: reason, letter: letter, offset: offset)
    }
    func known(_ fact: Bytes?) throws(SpecifierError) -> Bytes {
      guard let fact else { throw failure(.missingFact) }
      return fact
    }
    func unescaped(_ text: Bytes) throws(SpecifierError) -> Bytes {
      guard let text = unescapeUnitName(text) else { throw failure(.notUnescapable) }
      return text
    }
    if inUnitName, !isAllowedInUnitName(letter) {
      throw failure(isKnown(letter) ? .notHere : .unknown)
    }
    switch letter {
    case UInt8(ascii: "n"): return name.bytes
    case UInt8(ascii: "N"): return name.withoutSuffix
    case UInt8(ascii: "p"): return name.prefix
    case UInt8(ascii: "i"): return name.instance ?? []
    case UInt8(ascii: "j"): return lastPartOfPrefix
    case UInt8(ascii: "P"): return try unescaped(name.prefix)
    case UInt8(ascii: "I"): return try unescaped(name.instance ?? [])
    case UInt8(ascii: "J"): return try unescaped(lastPartOfPrefix)
    case UInt8(ascii: "f"): return try "/" + unescaped(name.instance ?? name.prefix)
    case UInt8(ascii: "y"): return path
    case UInt8(ascii: "Y"): return directory
    case UInt8(ascii: "t"): return Bytes("/run")
    case UInt8(ascii: "S"): return Bytes("/var/lib")
    case UInt8(ascii: "C"): return Bytes("/var/cache")
    case UInt8(ascii: "L"): return Bytes("/var/log")
    case UInt8(ascii: "E"): return Bytes("/etc")
    case UInt8(ascii: "D"): return Bytes("/usr/share")
    case UInt8(ascii: "d"): return "/run/credentials/" + name.bytes
    case UInt8(ascii: "T"): return host.temporaryDirectory
    case UInt8(ascii: "V"): return host.variableTemporaryDirectory
    case UInt8(ascii: "u"): return host.userName
    case UInt8(ascii: "U"): return Bytes(decimal: host.userID)
    case UInt8(ascii: "g"): return host.groupName
    case UInt8(ascii: "G"): return Bytes(decimal: host.groupID)
    case UInt8(ascii: "h"): return host.home
    case UInt8(ascii: "s"): return host.shell
    case UInt8(ascii: "H"): return host.hostname
    case UInt8(ascii: "l"): return shortHostname
    case UInt8(ascii: "q"): return host.prettyHostname.isEmpty ? shortHostname : host.prettyHostname
    case UInt8(ascii: "m"): return try known(host.machineID)
    case UInt8(ascii: "b"): return try known(host.bootID)
    case UInt8(ascii: "v"): return host.kernelRelease
    case UInt8(ascii: "a"): return host.architecture
    case UInt8(ascii: "o"): return host.osID
    case UInt8(ascii: "w"): return host.osVersionID
    case UInt8(ascii: "W"): return host.osVariantID
    case UInt8(ascii: "A"): return host.osImageVersion
    case UInt8(ascii: "B"): return host.osBuildID
    case UInt8(ascii: "M"): return host.osImageID
    // The deprecated control group paths, as a system manager would give them.
    case UInt8(ascii: "c"): return "/system.slice/" + name.bytes
    case UInt8(ascii: "r"): return Bytes("/system.slice")
    case UInt8(ascii: "R"): return []
    default: throw failure(.unknown)
    }
  }

  private func isKnown(_ letter: UInt8) -> Bool {
    contains("nNpijPIJfyYtSCLEDdTVuUghGsHlqmbvaowWABMcrR", letter)
  }

  /// In names of units only what is valid there anyway: the unit's own name, host, system and credentials.
  private func isAllowedInUnitName(_ letter: UInt8) -> Bool {
    contains("nNpijuUgGHlqmbvaowWABM", letter)
  }

  private func contains(_ letters: StaticString, _ letter: UInt8) -> Bool {
    letters.withUTF8Buffer { $0.contains(letter) }
  }

  private var shortHostname: Bytes {
    Bytes(host.hostname.prefix { $0 != 46 })
  }

  private var lastPartOfPrefix: Bytes {
    let prefix = name.prefix
    guard let dash = prefix.lastIndex(of: 45) else { return prefix }
    return Bytes(prefix[(dash + 1)...])
  }

  private var directory: Bytes {
    guard let slash = path.lastIndex(of: 47) else { return [] }
    return slash == 0 ? [47] : Bytes(path[..<slash])
  }
}
