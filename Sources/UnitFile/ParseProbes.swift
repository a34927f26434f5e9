import Model

/// What `[X-Apus]` said about readiness and health, until the whole file is read.
struct ProbeKeys {
  /// The last key of each family, and where.
  var ready: (key: Bytes, target: ProbeTarget, position: Position)?
  var health: (key: Bytes, target: ProbeTarget, position: Position)?
  /// A second key of the same family.
  var secondReady: Position?
  var secondHealth: Position?
  /// Health's companions, which are nothing without a target.
  var interval: TimeSpan?
  var timeout: TimeSpan?
  var retries: UInt32?
  var startPeriod: TimeSpan?
  var action: HealthAction?
  var companion: Position?
  var drain: Position?
}

extension UnitParser {
  /// `Ready…=`, `Health…=`, `DrainSec=` (DESIGN section 2).
  func applyProbe(_ directive: Directive) {
    if source.name.type == .timer {
      badValue(key + "= belongs in a service")
      return
    }
    switch directive {
    case .readyFd, .readyTcp, .readyHttp, .readyExec: applyReady(directive)
    case .healthTcp, .healthHttp, .healthExec: applyHealth(directive)
    case .healthIntervalSec: if let span = finiteSpan() { probes.interval = span }
    case .healthTimeoutSec: if let span = finiteSpan() { probes.timeout = span }
    case .healthStartPeriodSec: set(&probes.startPeriod)
    case .healthRetries: if let count = number(in: 1...1_000_000) { probes.retries = UInt32(count) }
    case .idleStopSec:
      guard let span = span() else { return }
      if span == .zero {
        badValue("it would be stopped at once", hint: "write a span of time, or infinity for never")
      } else {
        service.idleStop = span
        written.idleStop = valuePosition
      }
    case .healthAction:
      if let index = choice(HealthAction.allCases.map { $0.name }) { probes.action = HealthAction.allCases[index] }
    default:
      guard let span = span() else { return }
      if span.isInfinite {
        badValue("such a stop would never end", hint: "write a span of time")
      } else {
        service.drain = span
        probes.drain = valuePosition
      }
    }
    switch directive {
    case .healthIntervalSec, .healthTimeoutSec, .healthStartPeriodSec, .healthRetries, .healthAction:
      probes.companion = probes.companion ?? valuePosition
    default: break
    }
  }

  private func applyReady(_ directive: Directive) {
    if value.isEmpty {
      probes.ready = nil
      probes.secondReady = nil
      return
    }
    guard let target = target(directive) else { return }
    if let other = probes.ready, other.key != key { probes.secondReady = valuePosition }
    probes.ready = (key, target, valuePosition)
  }

  private func applyHealth(_ directive: Directive) {
    if value.isEmpty {
      probes.health = nil
      probes.secondHealth = nil
      return
    }
    guard let target = target(directive) else { return }
    if let other = probes.health, other.key != key { probes.secondHealth = valuePosition }
    probes.health = (key, target, valuePosition)
  }

  func finiteSpan() -> TimeSpan? {
    guard let span = span() else { return nil }
    if span == .zero || span.isInfinite {
      badValue("neither 0 nor infinity can be meant", hint: "write a span of time, for example 10s")
      return nil
    }
    return span
  }

  private func target(_ directive: Directive) -> ProbeTarget? {
    switch directive {
    case .readyFd: return number(in: 3...1023).map { .descriptor(Int32($0)) }
    case .readyExec, .healthExec: return probeCommand().map { .exec($0) }
    case .readyHttp, .healthHttp:
      guard let text = expanded(value) else { return nil }
      guard text.isHTTPAddress else {
        badValue(
          text.starts(with: "https:") ? "a probe speaks no TLS" : "no address of HTTP",
          hint: "for example http://127.0.0.1:8080/healthz")
        return nil
      }
      return .http(text)
    default:
      guard let text = expanded(value) else { return nil }
      guard text.isPort || text.isHostAndPort(portIsOptional: false) || (text.isAbsolutePath && text.count <= 107) else {
        badValue("no address to connect to", hint: "write PORT, HOST:PORT, [V6]:PORT, or a socket's absolute path")
        return nil
      }
      return .tcp(text.first == 47 ? text.simplifiedPath : text)
    }
  }

  /// One command.
  private func probeCommand() -> ExecCommand? {
    let before = unit.loadState
    var commands: [ExecCommand] = []
    addCommands(to: &commands)
    guard let command = commands.first else {
      // A probe that cannot be asked refuses the unit as every command without - does.
      if unit.loadState == before { badValue("the command is missing") }
      return nil
    }
    if commands.count > 1 {
      badValue("one command only", hint: "write sh -c for several")
      return nil
    }
    return command
  }

  /// Checks that need the whole file.
  func finishProbes() {
    if let position = probes.secondReady {
      refuse("only one of ReadyFd=, ReadyTcp=, ReadyHttp= and ReadyExec= can be used", at: position, hint: "take the other out")
    }
    if let position = probes.secondHealth {
      refuse("only one of HealthTcp=, HealthHttp= and HealthExec= can be used", at: position, hint: "take the other out")
    }
    let runs = service.type != .oneshot
    if let ready = probes.ready {
      let notifies = service.type == .notify || service.type == .notifyReload
      if !runs || notifies {
        refuse(
          "with Type=oneshot, notify and notify-reload the service says itself when it is started, so Ready…= has no place",
          at: ready.position, hint: "write Type=simple or exec, or take Ready…= out")
      } else if service.type == .forking, case .descriptor = ready.target {
        refuse("ReadyFd= needs a main process that apus starts itself, so it cannot be had with Type=forking", at: ready.position)
      } else {
        service.ready = ReadySettings(target: ready.target)
      }
    }
    if let health = probes.health {
      if !runs {
        refuse("Health…= has no place with Type=oneshot: there is nothing that goes on running", at: health.position)
        return
      }
      var settings = HealthSettings(target: health.target)
      if let interval = probes.interval { settings.interval = interval }
      if let timeout = probes.timeout { settings.timeout = timeout }
      if let retries = probes.retries { settings.retries = retries }
      if let startPeriod = probes.startPeriod { settings.startPeriod = startPeriod }
      if let action = probes.action { settings.action = action }
      service.health = settings
    } else if let position = probes.companion, unit.loadState == .loaded {
      ignore("Health…= needs a question: one of HealthTcp=, HealthHttp= and HealthExec=", at: position)
    }
  }
}

extension Array where Element == UInt8 {
  /// `http://HOST[:PORT][/PATH]`, printable.
  fileprivate var isHTTPAddress: Bool {
    guard starts(with: "http://"), count <= 2048, allSatisfy({ $0 > 32 && $0 != 127 }) else { return false }
    let rest = Bytes(self[7...])
    let host = Bytes(rest.prefix { $0 != 47 && $0 != 63 })
    return host.isHostAndPort(portIsOptional: true)
  }
}
