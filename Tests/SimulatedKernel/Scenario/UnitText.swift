#if !EMBEDDED
import Model

/// A unit file in the making: sections in order, then text. The real parser reads what this gives.
struct UnitText: Sendable {
  private var unit: [String] = []
  private var service: [String] = []
  private var timer: [String] = []
  private var socket: [String] = []
  private var path: [String] = []
  private var apus: [String] = []

  enum Section { case unit, service, timer, socket, path, apus }

  mutating func add(_ section: Section, _ key: String, _ value: String) {
    let line = "\(key)=\(value)"
    switch section {
    case .unit: unit.append(line)
    case .service: service.append(line)
    case .timer: timer.append(line)
    case .socket: socket.append(line)
    case .path: path.append(line)
    case .apus: apus.append(line)
    }
  }

  var text: String {
    var out = ""
    let sections = [("Unit", unit), ("Service", service), ("Timer", timer), ("Socket", socket), ("Path", path), ("X-Apus", apus)]
    for (name, lines) in sections where !lines.isEmpty {
      out += "[\(name)]\n" + lines.joined(separator: "\n") + "\n"
    }
    return out
  }
}
#endif
