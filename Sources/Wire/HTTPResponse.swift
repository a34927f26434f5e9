import Model

/// The bytes of the one answer to a request: status line, header fields, JSON body (`replyJSON`).
public func httpResponse(_ reply: Reply, keepAlive: Bool) -> Bytes {
  response(status: httpStatus(reply), body: replyJSON(reply), keepAlive: keepAlive)
}

/// An answer that no `Reply` stands for: malformed bytes, no route, no authority. `allow` is for 405.
public func httpError(status: Int, message: Bytes, keepAlive: Bool, allow: HTTPMethod? = nil) -> Bytes {
  var json = JSONWriter()
  json.beginObject()
  json.key("Error")
  json.beginObject()
  json.key("Name")
  json.string(errorName(status))
  json.key("Message")
  json.string(message)
  json.key("Diagnostics")
  json.beginArray()
  json.endArray()
  json.endObject()
  json.endObject()
  return response(status: status, body: json.bytes, keepAlive: keepAlive, allow: allow)
}

/// 200; 202 for a job that is queued; of a failure, `RequestError.httpStatus`, also for a job that ended badly.
func httpStatus(_ reply: Reply) -> Int {
  switch reply {
  case .units, .unit, .done, .plan: return 200
  case .job(let job):
    switch job.result {
    case nil: return 202
    case .done, .skipped: return 200
    case .failed, .dependency, .timeout, .canceled, .assert, .invalid, .once: return RequestError.jobFailed.httpStatus
    }
  case .failed(let error, _, _): return error.httpStatus
  }
}

private func response(status: Int, body: Bytes, keepAlive: Bool, allow: HTTPMethod? = nil) -> Bytes {
  var out = Bytes("HTTP/1.1 ")
  out.reserveCapacity(body.count + 192)
  out.append(decimal: status)
  out.append(32)
  out.append(reason(status))
  out += "\r\nContent-Type: application/json\r\nContent-Length: "
  out.append(decimal: body.count + 1)
  out += "\r\nCache-Control: no-store\r\n"
  if let allow {
    out += "Allow: "
    out.append(allow.name)
    out += "\r\n"
  }
  out += keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n"
  out += body
  // People look at it with curl in a terminal.
  out.append(10)
  return out
}

/// The reason phrase (RFC 9110 section 15).
private func reason(_ status: Int) -> StaticString {
  switch status {
  case 200: "OK"
  case 202: "Accepted"
  case 400: "Bad Request"
  case 403: "Forbidden"
  case 404: "Not Found"
  case 405: "Method Not Allowed"
  case 409: "Conflict"
  case 413: "Content Too Large"
  case 417: "Expectation Failed"
  case 422: "Unprocessable Content"
  case 424: "Failed Dependency"
  case 431: "Request Header Fields Too Large"
  case 501: "Not Implemented"
  case 503: "Service Unavailable"
  case 505: "HTTP Version Not Supported"
  default: "Error"
  }
}

/// `Error.Name` where no `RequestError` stands behind it.
private func errorName(_ status: Int) -> StaticString {
  switch status {
  case 403: "forbidden"
  case 404: "no-such-path"
  case 405: "method-not-allowed"
  case 503: RequestError.busy.name
  default: RequestError.badRequest.name
  }
}
