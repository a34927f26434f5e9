import Model

extension Assembler {
  /// Keys of services that mean nothing without a socket.
  mutating func checkSockets() {
    for position in files.indices where files[position].socketStream != nil || files[position].idleStop != nil {
      let unit = catalogue.units[position]
      // An instance may be a connection's; of a trial that is known.
      let isTrial = position >= firstTrial
      guard case .service(let service) = unit.kind, unit.loadState == .loaded, unit.name.instance == nil || isTrial else { continue }
      var count = isTrial ? 1 : 0
      var isStarted = false
      for other in catalogue.units {
        guard case .socket(let socket) = other.kind else { continue }
        let starts = !socket.accepts && socket.service == unit.name
        if starts { isStarted = true }
        if starts || (!socket.accepts && service.sockets.contains(other.name)) { count += socket.listen.listeners.count }
      }
      if let place = files[position].socketStream, usesSocket(service), count != 1 {
        var message = Bytes("StandardInput=socket and its kin need a socket that starts the service")
        if count > 0 {
          message = "StandardInput=socket and its kin take one descriptor, and the service's sockets have " + Bytes(decimal: count)
        }
        say(position, place, message, hint: "write a .socket unit of equal name with one Listen…= line")
      }
      if let place = files[position].idleStop, !service.idleStop.isInfinite, !isStarted {
        say(
          position, place, Bytes("IdleStopSec= needs a socket with Accept=no that starts the service again"),
          hint: "write a .socket unit of equal name, or take IdleStopSec= out")
      }
    }
  }

  private func usesSocket(_ service: ServiceSettings) -> Bool {
    let exec = service.execBox.value
    return exec.standardInput == .socket || exec.standardOutput == .socket || exec.standardError == .socket
  }

  private mutating func say(_ position: Int, _ place: Position, _ message: Bytes, hint: StaticString) {
    let file = files[position].file(of: place)
    catalogue.diagnostics.append(
      Diagnostic(
        file.strictness == .strict ? .error : .warning, file: file.path, line: place.line, column: place.column, message: message,
        hint: Bytes(hint)))
  }
}
