import Model

/// The JSON body of an answer:
/// - `{"Units":[…]}` for a list: short forms of units (`UnitJSON.swift`), so that 1,000 units fit the bound on unsent output
/// - one unit's full form for `GET /v1/units/NAME`
/// - `{"Job":{"Id":1,"Unit":"web.service","Type":"start","Result":"done","Message":""}}`; `Result` is null until it has ended
/// - `{}` for done
/// - `{"Applied":true,"Plan":[{"Unit":…,"Action":"restart","Reason":…}],"Diagnostics":[…]}`
/// - `{"Error":{"Name":"not-found","Message":…,"Diagnostics":[…]}}`
///
/// A diagnostic is `{"File":…,"Line":1,"Column":1,"Severity":"error","Message":…,"Hint":…}`; line and column are 0 where
/// the finding is about the whole file or line.
public func replyJSON(_ reply: Reply) -> Bytes {
  var json = JSONWriter()
  switch reply {
  case .unit(let report):
    writeUnit(report, &json)
    return json.bytes
  case .units(let reports):
    json.beginObject()
    json.key("Units")
    json.beginArray()
    for report in reports { writeUnitSummary(report, &json) }
    json.endArray()
  case .job(let job):
    json.beginObject()
    json.key("Job")
    writeJob(job, &json)
  case .done: json.beginObject()
  case .plan(let plan):
    json.beginObject()
    writePlan(plan, &json)
  case .failed(let error, let message, let diagnostics):
    json.beginObject()
    json.key("Error")
    json.beginObject()
    json.key("Name")
    json.string(error.name)
    json.key("Message")
    json.string(message)
    writeDiagnostics(diagnostics, &json)
    json.endObject()
  }
  json.endObject()
  return json.bytes
}

func writeJob(_ job: JobReport, _ json: inout JSONWriter) {
  json.beginObject()
  json.key("Id")
  json.integer(Int64(job.id))
  json.key("Unit")
  json.string(job.unit)
  json.key("Type")
  json.string(job.type.name)
  json.key("Result")
  if let result = job.result { json.string(result.name) } else { json.null() }
  json.key("Message")
  json.string(job.message)
  json.endObject()
}

private func writePlan(_ plan: PlanReport, _ json: inout JSONWriter) {
  json.key("Applied")
  json.bool(plan.applied)
  json.key("Plan")
  json.beginArray()
  for item in plan.items {
    json.beginObject()
    json.key("Unit")
    json.string(item.unit)
    json.key("Action")
    json.string(item.action.name)
    json.key("Reason")
    json.string(item.reason)
    json.endObject()
  }
  json.endArray()
  writeDiagnostics(plan.diagnostics, &json)
}

private func writeDiagnostics(_ diagnostics: [Diagnostic], _ json: inout JSONWriter) {
  json.key("Diagnostics")
  json.beginArray()
  for diagnostic in diagnostics {
    json.beginObject()
    json.key("File")
    json.string(diagnostic.file)
    json.key("Line")
    json.integer(Int64(diagnostic.line))
    json.key("Column")
    json.integer(Int64(diagnostic.column))
    json.key("Severity")
    json.string(diagnostic.severity.name)
    json.key("Message")
    json.string(diagnostic.message)
    json.key("Hint")
    json.string(diagnostic.hint)
    json.endObject()
  }
  json.endArray()
}
