import Calendar
import Model

extension UnitParser {
  /// `Condition…=` and `Assert…=`: `|` first, then `!`, then the parameter (units.md e.1). An empty value takes all of the
  /// unit's conditions, or all of its asserts, back.
  func applyCondition(_ kind: ConditionKind, isAssert: Bool) {
    if value.isEmpty {
      if isAssert { unit.asserts = [] } else { unit.conditions = [] }
      return
    }
    if (isAssert ? unit.asserts.count : unit.conditions.count) >= UnitParser.maximumWords {
      badValue("more than 4096 conditions")
      return
    }
    var offset = 0
    let isTrigger = value[0] == 124
    if isTrigger { offset = 1 }
    let isNegated = offset < value.count && value[offset] == 33
    if isNegated { offset += 1 }
    guard var parameter = expanded(Bytes(value[offset...]), offset: offset) else { return }
    if kind.looksAtPath {
      guard parameter.isAbsolutePath else {
        badValue(
          parameter.first == 47 ? "the path is too long" : "the path is not absolute", at: offset,
          hint: parameter.first == 124 || parameter.first == 33 ? "write | before !, each once, and no blank behind them" : "")
        return
      }
      parameter = parameter.simplifiedPath
    } else if let complaint = kind.complaint(about: parameter) {
      // systemd keeps it, and it never holds; here it is a mistake that is found before anything waits for it.
      badValue(complaint.reason, at: offset, hint: complaint.hint)
      if ignoredSeverity == .error { return }
    }
    let condition = Condition(kind, parameter, isTrigger: isTrigger, isNegated: isNegated)
    if isAssert { unit.asserts.append(condition) } else { unit.conditions.append(condition) }
  }
}

extension ConditionKind {
  /// The kind of that name, which is what follows `Condition` or `Assert` in a key.
  init?(named name: Bytes) {
    for kind in ConditionKind.allCases where name == kind.name {
      self = kind
      return
    }
    return nil
  }

  /// What is wrong with a parameter that can never mean anything; nil if nothing is.
  func complaint(about parameter: Bytes) -> (reason: StaticString, hint: StaticString)? {
    switch self {
    case .firstBoot, .acPower:
      return parameter.booleanValue == nil ? ("neither true nor false", "write yes or no") : nil
    case .capability:
      return CapabilityNames.number(of: parameter) == nil ? ("no such capability", "for example CAP_NET_ADMIN") : nil
    case .memory:
      return parameter.behindOperator.sizeValue == nil ? ("no number of bytes", "for example >=4G") : nil
    case .cpus:
      return parameter.behindOperator.unsignedNumber == nil ? ("no number", "for example >=4") : nil
    case .user, .group:
      return parameter.isUserName || parameter == "@system" ? nil : ("no name of a user or group, and no number of one", "")
    case .kernelVersion, .version, .osRelease:
      return parameter.isEmpty ? ("something to compare with is missing", "for example >=6.1") : nil
    case .memoryPressure, .cpuPressure, .ioPressure:
      return parameter.isPressure ? nil : ("no pressure", "for example 50%, or 30%/5min")
    case .architecture, .firmware, .virtualization, .security, .host, .kernelCommandLine, .kernelModuleLoaded, .credential,
      .cpuFeature, .environment, .controlGroupController:
      return parameter.isEmpty ? ("a word is missing", "") : nil
    case .pathExists, .pathExistsGlob, .pathIsDirectory, .pathIsSymbolicLink, .pathIsMountPoint, .pathIsReadWrite,
      .pathIsEncrypted, .pathIsSocket, .directoryNotEmpty, .fileNotEmpty, .fileIsExecutable, .needsUpdate:
      return nil
    }
  }
}

extension Array where Element == UInt8 {
  /// Without `<`, `<=`, `=`, `!=`, `>=`, `>` and blanks in front.
  fileprivate var behindOperator: Bytes {
    let operators: Bytes = [60, 61, 62, 33]
    return Bytes(drop { operators.contains($0) }).trimmed
  }

  /// `[SLICE:]LIMIT%[/SPAN]`
  fileprivate var isPressure: Bool {
    var rest = self
    if let colon = firstIndex(of: 58) { rest = Bytes(self[(colon + 1)...]) }
    let parts = rest.pieces(separatedBy: 47, keepEmpty: true)
    guard let limit = parts.first, parts.count <= 2 else { return false }
    if parts.count == 2, case .failure = parseTimeSpan(parts[1].trimmed) { return false }
    let text = limit.trimmed
    let number = text.last == 37 ? Bytes(text.dropLast()) : text
    return number.contains { $0.isDigit } && number.allSatisfy { $0.isDigit || $0 == 46 }
  }
}
