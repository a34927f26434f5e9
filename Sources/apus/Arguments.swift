import Model

/// A command line that was understood.
final class ParsedArguments {
  let face: Face
  let verb: VerbSpec
  var values: OptionValues
  let operands: [Bytes]
  /// Behind `--`, for `run` and the tini face.
  let command: [Bytes]

  init(_ verb: VerbSpec, _ values: OptionValues, operands: [Bytes], command: [Bytes]) {
    face = verb.face
    self.verb = verb
    self.values = values
    self.operands = operands
    self.command = command
  }

  /// What is wrong with the value of an option: `--output: 'x' is neither text nor json`.
  func invalid(_ id: OptionID, _ remark: StaticString) -> ArgumentError {
    .usage(filled("%: '%' %", values.source(id), values.value(id) ?? [], Bytes(remark)), verb)
  }
}

/// A command line that was not, or that only asks for help. What is said goes to stderr for `.usage`, else to stdout.
enum ArgumentError: Error {
  case help(VerbSpec?)
  case version
  case usage(Bytes, VerbSpec?)
  /// All that had to be said is said: an exit status.
  case status(Int32)
}

/// Reads the command line (DESIGN section 1). `--name=value` and `--name value`, short options in one word, options
/// anywhere before `--`. Behind `--` is COMMAND, or for client verbs only operands. Options that are not given come from
/// the environment as `APUS_NAME`.
/// `isInit`: as PID 1 options alone are a command line, too: it boots.
func parseArguments(_ process: ProcessArguments, isInit: Bool = false) throws(ArgumentError) -> ParsedArguments {
  let parser = ArgumentParser(personality: process.programName, arguments: process.arguments, isInit: isInit)
  try parser.readAll()
  let parsed = try parser.finish()
  try addEnvironment(parsed, process)
  if (parsed.face == .run || parsed.face == .wrap) && parser.hasSeparator && parsed.command.isEmpty {
    throw .usage(Bytes("COMMAND is missing behind --"), parsed.verb)
  }
  return parsed
}

private final class ArgumentParser {
  let isSystemctl: Bool
  let isInit: Bool
  let arguments: [Bytes]
  var index = 0
  var verb: VerbSpec? = nil
  var values = OptionValues()
  var operands: [Bytes] = []
  var command: [Bytes] = []
  var hasSeparator = false

  /// `personality`: the name that apus was called by; some names of systemd's own programs are a verb in themselves.
  init(personality: Bytes, arguments: [Bytes], isInit: Bool) {
    // `systemctl`, and what is called like it: `docker-systemctl`.
    isSystemctl = personality.ends(with: "systemctl")
    self.isInit = isInit
    self.arguments = arguments
    if personality == "systemd-escape" { verb = .of(.escape) }
  }

  func readAll() throws(ArgumentError) {
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        hasSeparator = true
        command = Array<Bytes>(arguments[index...])
        return
      }
      if argument.starts(with: "--") {
        try readLong(argument)
      } else if argument.first == 45, argument.count > 1 {
        try readShort(argument)
      } else if verb == nil {
        try readVerb(argument)
      } else {
        operands.append(argument)
      }
    }
  }

  /// The message's first `%` is `word`.
  private func wrong(_ pattern: StaticString, _ word: Bytes, _ more: Bytes = []) -> ArgumentError {
    .usage(filled(pattern, word, more), verb)
  }

  private func readVerb(_ word: Bytes) throws(ArgumentError) {
    let asksForHelp = word == "help" && !isSystemctl
    let name = asksForHelp ? (index < arguments.count ? arguments[index] : []) : word
    let found = VerbSpec.named(name)
    if asksForHelp, found != nil || name.isEmpty { throw .help(found) }
    guard let found, !isSystemctl || found.group != .supervise else { throw unknownVerb(name) }
    verb = found
  }

  private func unknownVerb(_ word: Bytes) -> ArgumentError {
    for name in VerbSpec.later where word == name { return wrong("'%' is not in this version of apus yet", word) }
    if word.contains(47) || word.ends(with: ".service") {
      return wrong("'%' is no verb (did you mean 'apus run %'?)", word, word)
    }
    var known: [Bytes] = []
    for verb in VerbSpec.all where !isSystemctl || verb.group != .supervise { known.append(verb.name) }
    return wrong("'%' is no verb%", word, suggestion(word, among: known))
  }

  private func readLong(_ argument: Bytes) throws(ArgumentError) {
    let equals = argument.firstIndex(of: 61) ?? argument.count
    let written = Bytes(argument[..<equals])
    guard let spec = OptionSpec.named(Bytes(written.dropFirst(2))) else {
      var known: [Bytes] = []
      for spec in verb?.specs ?? OptionSpec.all where !spec.help.isEmpty { known.append("--" + spec.name) }
      throw wrong("unknown option '%'%", written, suggestion(written, among: known))
    }
    try add(spec, as: written, equals < argument.count ? Bytes(argument[(equals + 1)...]) : nil)
  }

  private func readShort(_ argument: Bytes) throws(ArgumentError) {
    var at = 1
    while at < argument.count {
      let written = Bytes([45, argument[at]])
      guard let spec = OptionSpec.short(argument[at], verb) else { throw wrong("unknown option '%'", written) }
      at += 1
      if spec.takesValue, at < argument.count {
        return try add(spec, as: written, Bytes(argument[at...]))
      }
      try add(spec, as: written, nil)
    }
  }

  /// `given`: the value in the same word; else it is the next one.
  private func add(_ spec: OptionSpec, as written: Bytes, _ given: Bytes?) throws(ArgumentError) {
    var value = given ?? []
    if given == nil, spec.takesValue {
      guard index < arguments.count, arguments[index] != "--" else {
        throw wrong("% needs a value: %", written, filled("% %", written, spec.value))
      }
      value = arguments[index]
      index += 1
    }
    if given != nil, !spec.takesValue { throw wrong("% takes no value", written) }
    if spec.id == .help { throw .help(verb) }
    if spec.id == .version { throw .version }
    values.add(spec.id, value, source: written)
  }

  /// Checks options and operands against the verb, which may have come behind them.
  func finish() throws(ArgumentError) -> ParsedArguments {
    if verb == nil {
      if isSystemctl {
        verb = .of(.listUnits)
      } else if hasSeparator {
        verb = .of(.wrap)
      } else if isInit {
        verb = .of(.boot)
      }
    }
    guard let verb else { throw .usage(Bytes(arguments.isEmpty ? "nothing to do" : "a verb is missing"), nil) }
    let face = verb.face
    for option in values.given {
      var isAllowed = false
      for spec in verb.specs where spec.id == option.id { isAllowed = true }
      if isAllowed { continue }
      let owner: StaticString = face == .wrap ? "'apus -- COMMAND'" : face == .boot ? "'apus' alone" : "'apus %'"
      throw wrong("% is no option of %", values.source(option.id), filled(owner, verb.name))
    }
    if face != .run, face != .wrap, face != .boot {
      operands += command
      command = []
    }
    if operands.count < verb.operandsMin {
      let missing: StaticString =
        face == .relay || face == .import || verb.group == .times
        ? "an argument is missing" : verb.group == .supervise ? "a PATH or UNIT is missing" : "a UNIT is missing"
      throw wrong(missing, [])
    }
    if operands.count > verb.operandsMax { throw wrong("'%' is one argument too many", operands[verb.operandsMax]) }
    return ParsedArguments(verb, values, operands: operands, command: command)
  }
}

/// Options from the environment, where the command line has none. An empty variable is none.
private func addEnvironment(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) {
  for spec in parsed.verb.specs where spec.id != .help && !parsed.values.has(spec.id) {
    let name = spec.variable
    guard var value = process.variable(name), !value.isEmpty else { continue }
    if !spec.takesValue {
      switch value.lowercasedASCII {
      case "1", "yes", "true", "on": value = []
      case "0", "no", "false", "off": continue
      default: throw .usage(filled("% is neither yes nor no: %", name, value), parsed.verb)
      }
    }
    parsed.values.add(spec.id, value, source: name)
  }
}
