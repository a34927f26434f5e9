import Model
import Testing

@testable import Wire

private func routed(_ line: String) -> String {
  var parser = HTTPRequestParser()
  parser.feed(bytes(line + " HTTP/1.1\r\n\r\n"))
  guard case .request(let request) = parser.next() else { return "malformed" }
  switch route(request) {
  case .failure(let error): return "\(error.status) \(error.message.shown)" + (error.allow.map { ", Allow: \($0.name)" } ?? "")
  case .success(let request): return (requiresWrite(request) ? "write " : "read  ") + described(request)
  }
}

private func described(_ request: Request) -> String {
  switch request {
  case .units: "units"
  case .unit(let name): "unit \(name.shown)"
  case .timers: "timers"
  case .sockets: "sockets"
  case .paths: "paths"
  case .job(let type, let unit, let mode, let wait): "job \(type.name) \(unit.shown) mode=\(mode.name) wait=\(wait)"
  case .kill(let unit, let signal, let whom): "kill \(unit.shown) signal=\(signal.name.shown) whom=\(whom.name)"
  case .resetFailed(let unit): "reset-failed \(unit.shown)"
  case .apply(let planOnly): "apply plan=\(planOnly)"
  case .daemonReload: "daemon-reload"
  case .exit(let status): "exit \(status.map(String.init) ?? "-")"
  }
}

@Suite struct RouteTests {
  @Test func table() {
    let unit = "/v1/units/web.service"
    var lines = [
      "GET /v1/units", "GET /v1/units/", "GET /v1/units/web.service", "GET /v1/units/a%40b%2Fc.service", "GET /v1/timers",
      "GET /v1/sockets", "GET /v1/paths",
      "GET /v1/sockets",
      "GET /", "GET /v1", "GET /v2/units", "GET /V1/units", "GET /v1//units", "GET /v1/../v1/units", "PUT /v1/units", "POST /v1/units",
      "POST /v1/timers", "POST /v1/sockets", "GET /v1/paths/x", "DELETE \(unit)", "POST \(unit)", "HEAD /v1/units", "GET /v1/units?all=1",
      "GET /v1/units?",
    ]
    for verb in ["start", "stop", "restart", "try-restart", "reload", "kill", "reset-failed"] {
      lines += ["POST \(unit)/\(verb)", "GET \(unit)/\(verb)", "POST \(unit)/\(verb)?wait=1", "POST \(unit)/\(verb)?bogus=1"]
    }
    lines += ["enable", "START", "", "start/now"].map { "POST \(unit)/\($0)" }
    lines += ["?wait", "?wait=0", "?wait=yes", "?wait=2", "?mode=fail", "?mode=replace&wait=1", "?mode=isolate", "?wait=1&wait=1"].map {
      "POST \(unit)/start\($0)"
    }
    lines += [
      "?signal=KILL", "?signal=SIGHUP&whom=main", "?signal=RTMIN+3", "?signal=RTMIN%2B3", "?signal=9&whom=control", "?signal=0",
      "?signal=65",
      "?signal=FOO", "?whom=none",
    ].map { "POST \(unit)/kill\($0)" }
    lines += [
      "POST /v1/units//start", "POST /v1/apply", "POST /v1/apply?plan=1", "POST /v1/apply?plan=x", "GET /v1/apply", "POST /v1/apply/now",
      "POST /v1/daemon-reload", "GET /v1/daemon-reload", "POST /v1/exit", "POST /v1/exit?status=0", "POST /v1/exit?status=255",
      "POST /v1/exit?status=256", "POST /v1/exit?status=-1", "POST /v1/exit?status=", "GET /v1/exit",
    ]
    expectGolden(lines.map { "\($0)\n    \(routed($0))\n" }.joined(), "routes.txt")
  }
}
