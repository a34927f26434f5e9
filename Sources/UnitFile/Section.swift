import Model

/// The sections of a unit file that have a meaning here.
enum Section: UInt8, CaseIterable {
  case unit, service, timer, socket, path, install, apus

  var name: StaticString {
    switch self {
    case .unit: "Unit"
    case .service: "Service"
    case .timer: "Timer"
    case .socket: "Socket"
    case .path: "Path"
    case .install: "Install"
    case .apus: "X-Apus"
    }
  }

  /// Whether a file of that type may have the section.
  func belongs(to type: UnitType) -> Bool {
    switch self {
    case .unit, .install: true
    case .service: type == .service
    case .timer: type == .timer
    case .socket: type == .socket
    case .path: type == .path
    case .apus: type == .service || type == .timer || type == .socket
    }
  }
}
