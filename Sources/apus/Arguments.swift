import Model

/// A command line that was understood.
struct ParsedArguments {
  var face: Face
  var verb: VerbSpec
  var values: OptionValues
  var operands: [Bytes]
  /// Behind `--`, for `run` and the tini face.
  var command: [Bytes]
}

/// A command line that was not, or that only asks for help. What is said goes to stderr for `.usage`, else to stdout.
enum ArgumentError: Error {
  case help(VerbSpec?)
  case version
  case usage(Bytes, VerbSpec?)
}

/// Reads the command line (DESIGN section 1). `--name=value` and `--name value`, short options in one word, options
/// anywhere before `--`. Behind `--` is COMMAND, or for client verbs only operands. Options that are not given come from
/// the environment as `APUS_NAME`.
/// `isInit`: as PID 1 options alone are a command line, too: it boots.
func parseArguments(_ process: ProcessArguments, isInit: Bool = false) throws(ArgumentError) -> ParsedArguments {
  var parser = ArgumentParser(personality: process.programName, arguments: process.arguments, isInit: isInit)
  try parser.readAll()
  var parsed = try parser.finish()
  try addEnvironment(&parsed, process)
  if (parsed.face == .run || parsed.face == .wrap) && parser.hasSeparator && parsed.command.isEmpty {
    throw .usage(Bytes("COMMAND is missing behind --"), parsed.verb)
  }
  return parsed
}

private struct ArgumentParser {
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
    if personality == "systemd-escape" { verb = VerbSpec.named(Bytes("escape")) }
  }

  mutating func readAll() throws(ArgumentError) {
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

  private mutating func readVerb(_ word: Bytes) throws(ArgumentError) {
    if word == "help", !isSystemctl {
      let topic = index < arguments.count ? arguments[index] : []
      if !topic.isEmpty, VerbSpec.named(topic) == nil { throw unknownVerb(topic) }
      throw .help(VerbSpec.named(topic))
    }
    guard let found = VerbSpec.named(word), !isSystemctl || found.group != .supervise else { throw unknownVerb(word) }
    verb = found
  }

  private func unknownVerb(_ word: Bytes) -> ArgumentError {
    for name in VerbSpec.later where word == name {
      return .usage("'" + word + "' is not in this version of apus yet", nil)
    }
    if word.contains(47) || word.ends(with: ".service") {
      return .usage("'" + word + "' is no verb (did you mean 'apus run " + word + "'?)", nil)
    }
    let known = VerbSpec.all.filter { !isSystemctl || $0.group != .supervise }.map { $0.name }
    return .usage("'" + word + "' is no verb" + suggestion(word, among: known), nil)
  }

  private mutating func readLong(_ argument: Bytes) throws(ArgumentError) {
    let equals = argument.firstIndex(of: 61) ?? argument.count
    let written = Bytes(argument[..<equals])
    guard let spec = OptionSpec.named(Bytes(written.dropFirst(2))) else {
      let known = (verb?.specs ?? OptionSpec.all).filter { !$0.help.isEmpty }.map { "--" + $0.name }
      throw .usage("unknown option '" + written + "'" + suggestion(written, among: known), verb)
    }
    if !spec.takesValue {
      if equals < argument.count { throw .usage(written + " takes no value", verb) }
      try add(spec, [], source: written)
    } else if equals < argument.count {
      try add(spec, Bytes(argument[(equals + 1)...]), source: written)
    } else {
      try add(spec, try nextValue(written, spec), source: written)
    }
  }

  private mutating func readShort(_ argument: Bytes) throws(ArgumentError) {
    var at = 1
    while at < argument.count {
      let written = Bytes([45, argument[at]])
      guard let spec = OptionSpec.short(argument[at], verb) else { throw .usage("unknown option '" + written + "'", verb) }
      at += 1
      if !spec.takesValue {
        try add(spec, [], source: written)
        continue
      }
      let rest = Bytes(argument[at...])
      try add(spec, rest.isEmpty ? try nextValue(written, spec) : rest, source: written)
      return
    }
  }

  private mutating func nextValue(_ written: Bytes, _ spec: OptionSpec) throws(ArgumentError) -> Bytes {
    guard index < arguments.count, arguments[index] != "--" else {
      throw .usage(written + " needs a value: " + written + " " + spec.value, verb)
    }
    index += 1
    return arguments[index - 1]
  }

  private mutating func add(_ spec: OptionSpec, _ value: Bytes, source: Bytes) throws(ArgumentError) {
    if spec.id == .help { throw .help(verb) }
    if spec.id == .version { throw .version }
    values.add(spec.id, value, source: source)
  }

  /// Checks options and operands against the verb, which may have come behind them.
  mutating func finish() throws(ArgumentError) -> ParsedArguments {
    var implied: VerbSpec? = nil
    if isSystemctl {
      implied = VerbSpec.named(Bytes("list-units"))
    } else if hasSeparator {
      implied = .of(.wrap)
    } else if isInit {
      implied = .of(.boot)
    }
    guard let verb = verb ?? implied else {
      throw .usage(Bytes(arguments.isEmpty ? "nothing to do" : "a verb is missing"), nil)
    }
    let allowed = verb.specs
    for id in values.ids where !allowed.contains(where: { $0.id == id }) {
      let owner =
        verb.face == .wrap ? Bytes("'apus -- COMMAND'") : verb.face == .boot ? Bytes("'apus' alone") : "'apus " + verb.name + "'"
      throw .usage(values.source(id) + " is no option of " + owner, verb)
    }
    if verb.face != .run, verb.face != .wrap, verb.face != .boot {
      operands += command
      command = []
    }
    if operands.count < verb.operands.lowerBound {
      let missing: StaticString =
        verb.face == .relay || verb.face == .import || verb.group == .times
        ? "an argument is missing" : verb.group == .supervise ? "a PATH or UNIT is missing" : "a UNIT is missing"
      throw .usage(Bytes(missing), verb)
    }
    if operands.count > verb.operands.upperBound {
      throw .usage("'" + operands[verb.operands.upperBound] + "' is one argument too many", verb)
    }
    return ParsedArguments(face: verb.face, verb: verb, values: values, operands: operands, command: command)
  }
}

/// Options from the environment, where the command line has none. An empty variable is none.
private func addEnvironment(_ parsed: inout ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) {
  for spec in parsed.verb.specs where spec.id != .help && !parsed.values.has(spec.id) {
    let name = spec.variable
    guard let value = process.variable(name), !value.isEmpty else { continue }
    if spec.takesValue {
      parsed.values.add(spec.id, value, source: name)
      continue
    }
    switch value.lowercasedASCII {
    case "1", "yes", "true", "on": parsed.values.add(spec.id, [], source: name)
    case "0", "no", "false", "off": break
    default: throw .usage(name + " is neither yes nor no: " + value, parsed.verb)
    }
  }
}
