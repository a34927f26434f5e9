import Model

extension Assembler {
  /// Keys of services that mean nothing without a socket.
  func checkSockets() {
    for position in files.indices {
      let file = files[position]
      if file.socketStream == nil && file.idleStop == nil { continue }
      let unit = units[position]
      // An instance may be a connection's; of a trial that is known.
      let isTrial = position >= firstTrial
      guard case .service(let service) = unit.kind, unit.loadState == .loaded, unit.name.instance == nil || isTrial else { continue }
      var count = isTrial ? 1 : 0
      var isStarted = false
      for other in units {
        guard case .socket(let socket) = other.kind, !socket.accepts else { continue }
        let starts = socket.service == unit.name
        if starts { isStarted = true }
        if starts || service.sockets.contains(other.name) { count += socket.listen.listeners.count }
      }
      if let place = file.socketStream, service.exec.usesSocket, count != 1 {
        var message = Bytes("StandardInput=socket and its kin need a socket that starts the service")
        if count > 0 {
          message = "StandardInput=socket and its kin take one descriptor, and the service's sockets have " + Bytes(decimal: count)
        }
        say(file, place, message, hint: Bytes("write a .socket unit of equal name with one Listen…= line"))
      }
      if let place = file.idleStop, !service.idleStop.isInfinite, !isStarted {
        say(
          file, place, Bytes("IdleStopSec= needs a socket with Accept=no that starts the service again"),
          hint: Bytes("write a .socket unit of equal name, or take IdleStopSec= out"))
      }
    }
  }
}
