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
    if template?.isTemplate != true { return refuse(filled("the template name % is not valid", name)) }
  }
  if let suffix = values.value(.suffix) {
    var isKnown = false
    for type in UnitType.allCases where suffix == type.name { isKnown = true }
    if !isKnown { return refuse(filled("invalid unit suffix '%'", suffix)) }
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
  var isFirst = true
  for text in parsed.operands {
    do throws(EscapeFailure) {
      let result = try escaped(text, values, template)
      if !isFirst { out.append(32) }
      out += result
      isFirst = false
    } catch {
      writeAll(out, to: 1)
      return refuse(error.text)
    }
  }
  return writeAll(out + "\n", to: 1) ? Status.success : Status.failure
}

/// Why there is no answer.
private struct EscapeFailure: Error {
  var text: Bytes
}

private func refuse(_ message: StaticString) -> Int32 { refuse(Bytes(message)) }
private func refuse(_ message: Bytes) -> Int32 {
  complain(message)
  return Status.failure
}

private func escaped(_ text: Bytes, _ values: OptionValues, _ template: UnitName?) throws(EscapeFailure) -> Bytes {
  if values.has(.mangle) {
    if let name = mangleUnitName(text) { return name }
    throw EscapeFailure(text: Bytes("cannot make a unit name of nothing"))
  }
  if values.has(.unescape) { return try unescaped(text, values, template) }
  let isPath = values.has(.pathForm)
  if isPath, text.first != 47 { complain("'%' is no absolute path: it will not come back as it was", text) }
  guard let result = isPath ? escapeUnitPath(text) : escapeUnitName(text) else {
    throw EscapeFailure(text: filled("cannot escape '%': it is no path without ..", text))
  }
  if let template {
    if let name = template.with(instance: result) { return name.bytes }
    throw EscapeFailure(text: Bytes("cannot make an instance of nothing"))
  }
  if let suffix = values.value(.suffix) { return filled("%.%", result, suffix) }
  return result
}

private func unescaped(_ text: Bytes, _ values: OptionValues, _ template: UnitName?) throws(EscapeFailure) -> Bytes {
  var part = text
  if template != nil || values.has(.instance) {
    guard let name = UnitName(text), let instance = name.instance, !instance.isEmpty else {
      throw EscapeFailure(text: filled("unit % is missing the instance name", text))
    }
    if let template, name.template != template {
      throw EscapeFailure(text: filled("unit % is no instance of %", text, template.bytes))
    }
    part = instance
  }
  if let result = values.has(.pathForm) ? unescapeUnitPath(part) : unescapeUnitName(part) { return result }
  throw EscapeFailure(text: filled("cannot unescape '%'", part))
}
