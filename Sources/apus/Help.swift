import Model

/// `apus --version`.
let versionText: StaticString = "apus 0.1.0\n"

/// `apus --help`.
func generalHelp() -> Bytes {
  var out = Bytes("apus: a process supervisor, and PID 1, for containers; its service files are systemd unit files\n\n")
  out += "usage: apus run [OPTION...] (PATH | UNIT)... [-- COMMAND [ARG...]]\n"
  out += "       apus [OPTION...] -- COMMAND [ARG...]\n"
  out += "       apus VERB [OPTION...] [UNIT...]\n"
  for group in VerbGroup.all {
    out += "\n"
    out.append(group.heading)
    out += "\n"
    for verb in VerbSpec.all where verb.group == group { appendEntry(verb.name, verb.summary, width: 21, &out) }
    if group == .supervise { appendEntry(Bytes("-- COMMAND"), VerbSpec.of(.wrap).summary, width: 21, &out) }
  }
  out += "\nA UNIT without a suffix is a service. 'apus VERB --help' tells a verb's options; each may also be\n"
  out += "given by the environment: --stop-timeout=10s as APUS_STOP_TIMEOUT=10s, --stay as APUS_STAY=1.\n"
  return out
}

/// `apus VERB --help`.
func verbHelp(_ verb: VerbSpec) -> Bytes {
  var out = usageLine(verb) + "\n"
  out += verb.summary
  out += "\n"
  if !verb.details.isEmpty {
    out += "\n"
    out += verb.details
  }
  var width = 0
  for option in verb.specs { width = max(width, optionForm(option).count) }
  out += "\noptions\n"
  for option in verb.specs where !option.help.isEmpty {
    appendEntry(optionForm(option), option.help, width: width, &out)
  }
  return out
}

/// `usage: apus …` with its newline.
func usageLine(_ verb: VerbSpec) -> Bytes {
  "usage: apus " + verb.usage + "\n"
}

/// What is said for an `ArgumentError`, and the exit status.
func answer(_ error: ArgumentError) -> Int32 {
  switch error {
  case .help(let verb):
    return writeAll(verb.map(verbHelp) ?? generalHelp(), to: 1) ? Status.success : Status.failure
  case .version:
    return writeAll(Bytes(versionText), to: 1) ? Status.success : Status.failure
  case .usage(let message, let verb):
    var out = "apus: " + message + "\n"
    if let verb { out += usageLine(verb) }
    let topic = verb.map { $0.name.isEmpty ? Bytes() : $0.name + " " } ?? Bytes()
    writeAll(out + "try 'apus " + topic + "--help'\n", to: 2)
    return Status.usage
  }
}

/// `-o, --output=FORM`
private func optionForm(_ option: OptionSpec) -> Bytes {
  var out = Bytes()
  if option.short != 0 { out += [45, option.short] + ", " }
  out += "--" + option.name
  if option.takesValue { out += "=" + option.value }
  return out
}

/// One line of a list, further lines of the text below its beginning.
private func appendEntry(_ term: Bytes, _ text: Bytes, width: Int, _ out: inout Bytes) {
  out += "  " + term
  out += Bytes(repeating: 32, count: max(0, width - term.count) + 2)
  for byte in text {
    out.append(byte)
    if byte == 10 { out += Bytes(repeating: 32, count: width + 4) }
  }
  out += "\n"
}
