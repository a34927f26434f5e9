import Model

/// `apus --version`.
let versionText: StaticString = "apus 0.1.0\n"

/// `apus --help`.
func generalHelp() -> Bytes {
  var out = Bytes(
    """
    apus: a process supervisor, and PID 1, for containers; its service files are systemd unit files

    usage: apus run [OPTION...] (PATH | UNIT)... [-- COMMAND [ARG...]]
           apus [OPTION...] -- COMMAND [ARG...]
           apus VERB [OPTION...] [UNIT...]

    """)
  for group in VerbGroup.all {
    out += filled("\n%\n", Bytes(group.heading))
    for verb in VerbSpec.all where verb.group == group { appendEntry(verb.name, verb.summary, width: 21, &out) }
    if group == .supervise { appendEntry(Bytes("-- COMMAND"), VerbSpec.of(.wrap).summary, width: 21, &out) }
  }
  return out + """

    A UNIT without a suffix is a service. 'apus VERB --help' tells a verb's options; each may also be
    given by the environment: --stop-timeout=10s as APUS_STOP_TIMEOUT=10s, --stay as APUS_STAY=1.

    """
}

/// `apus VERB --help`.
func verbHelp(_ verb: VerbSpec) -> Bytes {
  var out = filled(verb.details.isEmpty ? "%\n%\n" : "%\n%\n\n%", usageLine(verb), verb.summary, verb.details)
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
  filled("usage: apus %\n", verb.usage)
}

/// What is said for an `ArgumentError`, and the exit status.
func answer(_ error: ArgumentError) -> Int32 {
  switch error {
  case .status(let status): return status
  case .help(let verb): return sayOrFail(verb.map(verbHelp) ?? generalHelp())
  case .version: return sayOrFail(Bytes(versionText))
  case .usage(let message, let verb):
    complain(message)
    let name = verb?.name ?? []
    let form: StaticString = name.isEmpty ? "%try 'apus --help'\n" : "%try 'apus % --help'\n"
    writeAll(filled(form, verb.map(usageLine) ?? [], name), to: 2)
    return Status.usage
  }
}

private func sayOrFail(_ text: Bytes) -> Int32 { writeAll(text, to: 1) ? Status.success : Status.failure }

/// `-o, --output=FORM`
private func optionForm(_ option: OptionSpec) -> Bytes {
  filled(
    option.takesValue ? "%--%=%" : "%--%", option.short == 0 ? [] : [45, option.short, 44, 32], option.name, option.value)
}

/// One line of a list, further lines of the text below its beginning.
private func appendEntry(_ term: Bytes, _ text: Bytes, width: Int, _ out: inout Bytes) {
  out += filled("  %%", term, Bytes(repeating: 32, count: max(0, width - term.count) + 2))
  for byte in text {
    out.append(byte)
    if byte == 10 { out += Bytes(repeating: 32, count: width + 4) }
  }
  out += "\n"
}
