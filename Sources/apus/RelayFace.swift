import CLinux
import Calendar
import Model

/// `apus relay TARGET`: the command of a service that passes its connections on, as xinetd's redirect and systemd-socket-proxyd do.
/// Exit status: 0 after a normal end, 1 if the target could not be reached, or nothing was passed.
func relayFace(_ parsed: ParsedArguments, _ process: ProcessArguments) throws(ArgumentError) -> Int32 {
  guard let target = RelayTarget(parsed.operands[0]) else {
    throw .usage(filled("'%' is no target: HOST:PORT, [V6]:PORT, or the path of a socket", parsed.operands[0]), parsed.verb)
  }
  var connectionsMax = 256
  if let text = parsed.values.value(.connectionsMax) {
    guard let number = text.unsignedDecimal, number > 0, number <= 100_000 else {
      throw parsed.invalid(.connectionsMax, "is no number from 1 to 100000")
    }
    connectionsMax = Int(number)
  }
  var idleLimit: Int64? = nil
  if let text = parsed.values.value(.exitIdleTime) {
    guard case .success(let span) = parseTimeSpan(text) else { throw parsed.invalid(.exitIdleTime, "is no time span (10s, 5min)") }
    // 31 years are for ever.
    if !span.isInfinite { idleLimit = Int64(min(span.microseconds, 1_000_000_000_000_000)) * 1000 }
  }
  return relay(target, connectionsMax, idleLimit, process)
}

private func relay(_ target: RelayTarget, _ connectionsMax: Int, _ idleLimit: Int64?, _ process: ProcessArguments) -> Int32 {
  // Six descriptors a connection.
  var soft: UInt64 = 0
  var hard: UInt64 = 0
  if apus_get_limit(7, &soft, &hard) >= 0 { _ = apus_set_limit(7, hard, hard) }
  _ = apus_set_disposition(13, 1)
  let passed = passedDescriptors(process)
  let isPeer = relay_is_same(passed[0], 2) == 1
  guard let relay = Relay(target, connectionsMax: connectionsMax, idleLimit: idleLimit, isSilent: isPeer) else { return Status.failure }
  for descriptor in passed {
    guard let reason = relay.take(descriptor) else { continue }
    let name = descriptor == 0 ? Bytes("standard input") : text("descriptor \(descriptor)")
    if !isPeer { complain("relay: % cannot be relayed: %; it is the command of a service with a .socket", name, reason) }
    return Status.failure
  }
  return relay.run()
}

/// Those of LISTEN_FDS, if they are for this process; else the standard input (`StandardInput=socket`).
private func passedDescriptors(_ process: ProcessArguments) -> [Int32] {
  guard let pid = process.variable(Bytes("LISTEN_PID"))?.unsignedDecimal, pid == UInt64(getpid()),
    let count = process.variable(Bytes("LISTEN_FDS"))?.unsignedDecimal, count > 0, count <= 1024
  else { return [0] }
  var descriptors: [Int32] = []
  for descriptor in 3..<(3 + Int32(count)) { descriptors.append(descriptor) }
  return descriptors
}
