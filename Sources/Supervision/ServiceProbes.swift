import Model

/// The probes of one run (DESIGN section 2, `Ready…=` and `Health…=`).
struct ProbeBook: Equatable, Sendable {
  enum Purpose: Equatable, Sendable { case readiness, health }

  /// What is asked for; nil: nothing.
  var purpose: Purpose? = nil
  /// The probe that runs. There is never a second one.
  var process: ServiceMachine.LiveProcess? = nil
  /// It was killed because it took too long, which is counted already.
  var isKilled = false
  /// `Ready…=` has said yes in this run.
  var isReady = false
  /// Failures in a row.
  var failures: UInt32 = 0
  var isUnhealthy = false
}

// A probe is a question: a child is spawned, and exit status 0 is yes. The next question comes an interval after the answer.

extension ServiceMachine {
  /// Patience with one readiness probe; the whole is bounded by TimeoutStartSec=.
  static let readyProbeTimeout = TimeSpan(seconds: 5)

  /// Asks for readiness, at once and until the answer is yes. A descriptor speaks by itself.
  func beginReadyProbes(_ context: inout ServiceContext) {
    guard let ready = context.settings.ready, probing.purpose == nil else { return }
    if case .descriptor = ready.target { return }
    probing.purpose = .readiness
    spawnProbe(&context)
  }

  func probedReady(_ context: inout ServiceContext) {
    stopProbing(&context)
    step(.probedReady, &context)
  }

  /// Health is asked from readiness on, the first time after one interval.
  func beginHealthProbes(_ context: inout ServiceContext) {
    guard let health = context.settings.health, probing.purpose == nil else { return }
    probing.purpose = .health
    probing.failures = 0
    armProbe(health.interval, &context)
  }

  private func armProbe(_ span: TimeSpan, _ context: inout ServiceContext) {
    context.effects.append(.arm(Deadline(context.id, .probe, invocation: invocation), at: context.now.instant + span))
  }

  private func target(_ settings: ServiceSettings) -> (ProbeTarget, timeout: TimeSpan, interval: TimeSpan)? {
    switch probing.purpose {
    case .readiness:
      guard let ready = settings.ready else { return nil }
      return (ready.target, ServiceMachine.readyProbeTimeout, ReadySettings.interval)
    case .health:
      guard let health = settings.health else { return nil }
      return (health.target, health.timeout, health.interval)
    case nil: return nil
    }
  }

  private func spawnProbe(_ context: inout ServiceContext) {
    guard let (target, timeout, _) = target(context.settings) else { return }
    let key = nextKey(.probe, context)
    var request: SpawnRequest
    let none = ExecCommand(path: [], arguments: [])
    switch target {
    // A descriptor is no question.
    case .descriptor: return
    case .exec(let command): request = spawnRequest(key, command, context.settings.exec, context)
    case .tcp(let address):
      request = spawnRequest(key, none, .standard, context)
      request.helper = [Bytes("probe-tcp"), address]
    case .http(let url):
      request = spawnRequest(key, none, .standard, context)
      request.helper = [Bytes("probe-http"), url]
    }
    probing.process = LiveProcess(key: key, startedAt: context.now.wall)
    probing.isKilled = false
    isVerifiedEmpty = false
    context.effects.append(.spawn(request))
    armProbe(timeout, &context)
  }

  /// Time for the next question; or too much time for the one that was asked.
  func probeDeadline(_ context: inout ServiceContext) {
    guard let (_, timeout, _) = target(context.settings) else { return }
    if probing.process == nil { return spawnProbe(&context) }
    // One that outlives SIGKILL is asked to go again, and is no answer either.
    killProbe(&context)
    probing.isKilled = true
    armProbe(timeout, &context)
    probeFailed(&context)
  }

  func probeEnded(_ status: ExitStatus, _ context: inout ServiceContext) {
    probing.process = nil
    guard let (_, _, interval) = target(context.settings) else { return }
    let wasKilled = probing.isKilled
    probing.isKilled = false
    armProbe(interval, &context)
    #if PLANTED
    if plantedBug == 33 && !wasKilled { return probeSucceeded(&context) }
    #endif
    if status == .exited(0) && !wasKilled {
      probeSucceeded(&context)
    } else if !wasKilled {
      probeFailed(&context)
    }
  }

  /// Too few processes or too little memory says nothing about the service, but nobody can say that it is well.
  func probeNotMade(_ failure: SpawnFailure, _ context: inout ServiceContext) {
    probing.process = nil
    guard let (_, _, interval) = target(context.settings) else { return }
    context.message(.warning, "cannot probe: " + failure.message)
    armProbe(interval, &context)
    probeFailed(&context)
  }

  private func probeSucceeded(_ context: inout ServiceContext) {
    switch probing.purpose {
    case .readiness: probedReady(&context)
    case .health:
      probing.failures = 0
      if probing.isUnhealthy { context.message(.notice, "healthy again") }
      probing.isUnhealthy = false
    case nil: break
    }
  }

  private func probeFailed(_ context: inout ServiceContext) {
    guard probing.purpose == .health, let health = context.settings.health else { return }
    if let runningSince, context.now.instant.since(runningSince) < health.startPeriod { return }
    probing.failures = probing.failures == .max ? .max : probing.failures + 1
    if probing.failures < health.retries || probing.isUnhealthy { return }
    probing.isUnhealthy = true
    context.message(.error, "unhealthy: " + Bytes(decimal: probing.failures) + " health probes failed in a row")
    switch health.action {
    case .none: return
    // The service is not hung for sure, so it gets the chance of a clean stop, where a missed watchdog gets SIGABRT. Its
    // result is `watchdog`, the word that systemd has for "alive, but not well"; it comes back whatever Restart= says,
    // because that is what was asked for, and in its backoff, so that one that is ill for good does not spin.
    case .restart: restartsAnyway = true
    case .exit: context.notices.append(.unhealthyExit)
    }
    step(.unhealthy, &context)
  }

  /// For `show`: what the health probes say of the present run; empty while none is asked.
  var healthState: StaticString {
    if probing.purpose != .health { return "" }
    return probing.isUnhealthy ? "unhealthy" : "healthy"
  }

  private func killProbe(_ context: inout ServiceContext) {
    let run = Invocation(unit: context.id, number: invocation)
    var order = nextKillOrder(run, .kill, main: false, control: false, others: false, &context)
    order.probe = true
    context.effects.append(.kill(order))
  }

  /// Nothing is asked any more; a probe that runs is killed and forgotten.
  func stopProbing(_ context: inout ServiceContext) {
    if probing.process != nil { killProbe(&context) }
    if probing.purpose != nil { context.effects.append(.disarm(DeadlineKey(unit: context.id, kind: .probe))) }
    probing.purpose = nil
    probing.process = nil
    probing.isKilled = false
  }
}

extension ServiceState {
  /// Where probes are asked: until readiness in `start`, for health while the service runs.
  var isProbed: Bool {
    switch self {
    case .start, .running, .reload, .reloadSignal, .reloadNotify: true
    case .dead, .condition, .startPre, .startPost, .exited, .drain, .stop, .stopWatchdog, .stopSigterm, .stopSigkill, .stopPost,
      .finalWatchdog, .finalSigterm, .finalSigkill, .cleaning, .failed, .autoRestart, .autoRestartQueued:
      false
    }
  }
}
