import Model
import UnitFile

/// `apus escape`, and as `systemd-escape`: text into parts of unit names, and back. Answers, errors and exit statuses are
/// systemd-escape's.
func escapeFace(_ parsed: ParsedArguments) -> Int32 {
  let values = parsed.values
  let isPath = values.has(.pathForm)
  var template: UnitName? = nil
  if let name = values.value(.template) {
    if values.has(.suffix) { return refuse("--suffix= and --template= may not be combined") }
    template = UnitName(name)
    if template?.isTemplate != true { return refuse("the template name " + name + " is not valid") }
  }
  if let suffix = values.value(.suffix), !UnitType.allCases.contains(where: { suffix == $0.name }) {
    return refuse("invalid unit suffix '" + suffix + "'")
  }
  if values.has(.suffix) && values.has(.unescape) { return refuse("--suffix= is not compatible with --unescape") }
  if values.has(.mangle) {
    if values.has(.suffix) || template != nil { return refuse("--suffix= and --template= are not compatible with --mangle") }
    if isPath { return refuse("--path may not be combined with --mangle") }
  }
  if values.has(.instance) {
    if !values.has(.unescape) { return refuse("--instance must be used in conjunction with --unescape") }
    if template != nil { return refuse("--instance may not be combined with --template=") }
  }
  if parsed.operands.isEmpty { return refuse("not enough arguments") }
  var out = Bytes()
  for (index, text) in parsed.operands.enumerated() {
    switch escaped(text, values, template) {
    case .success(let result): out += (index > 0 ? Bytes(" ") : Bytes()) + result
    case .failure(let failure):
      writeAll(out, to: 1)
      return refuse(failure.text)
    }
  }
  return writeAll(out + "\n", to: 1) ? Status.success : Status.failure
}

private func refuse(_ message: StaticString) -> Int32 { refuse(Bytes(message)) }
private func refuse(_ message: Bytes) -> Int32 {
  complain(message)
  return Status.failure
}

private func escaped(_ text: Bytes, _ values: OptionValues, _ template: UnitName?) -> Result<Bytes, ClientFailure> {
  func failure(_ message: Bytes) -> Result<Bytes, ClientFailure> { .failure(ClientFailure(text: message)) }
  if values.has(.mangle) {
    return mangleUnitName(text).map { .success($0) } ?? failure(Bytes("cannot make a unit name of nothing"))
  }
  if values.has(.unescape) { return unescaped(text, values, template) }
  let isPath = values.has(.pathForm)
  if isPath, text.first != 47 {
    complain("'" + text + "' is no absolute path: it will not come back as it was")
  }
  guard let result = isPath ? escapeUnitPath(text) : escapeUnitName(text) else {
    return failure("cannot escape '" + text + "': it is no path without ..")
  }
  if let template {
    return template.with(instance: result).map { .success($0.bytes) } ?? failure(Bytes("cannot make an instance of nothing"))
  }
  return .success(values.value(.suffix).map { result + "." + $0 } ?? result)
}

private func unescaped(_ text: Bytes, _ values: OptionValues, _ template: UnitName?) -> Result<Bytes, ClientFailure> {
  var part = text
  if template != nil || values.has(.instance) {
    guard let name = UnitName(text), let instance = name.instance, !instance.isEmpty else {
      return .failure(ClientFailure(text: "unit " + text + " is missing the instance name"))
    }
    if let template, name.template != template {
      return .failure(ClientFailure(text: "unit " + text + " is no instance of " + template.bytes))
    }
    part = instance
  }
  guard let result = values.has(.pathForm) ? unescapeUnitPath(part) : unescapeUnitName(part) else {
    return .failure(ClientFailure(text: "cannot unescape '" + part + "'"))
  }
  return .success(result)
}
