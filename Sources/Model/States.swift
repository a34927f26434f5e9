/// systemd's load states that apus has (units.md c.1).
public enum LoadState: UInt8, CaseIterable, Sendable {
  case loaded, notFound, badSetting, error, masked

  public var name: StaticString {
    switch self {
    case .loaded: "loaded"
    case .notFound: "not-found"
    case .badSetting: "bad-setting"
    case .error: "error"
    case .masked: "masked"
    }
  }
}

/// systemd's active states that apus has (units.md c.1).
public enum ActiveState: UInt8, CaseIterable, Sendable {
  case inactive, activating, active, reloading, deactivating, failed

  public var name: StaticString {
    switch self {
    case .inactive: "inactive"
    case .activating: "activating"
    case .active: "active"
    case .reloading: "reloading"
    case .deactivating: "deactivating"
    case .failed: "failed"
    }
  }
}

/// Results of a service (units.md c.1).
public enum ServiceResult: UInt8, CaseIterable, Sendable {
  case success, exitCode, signal, coreDump, timeout, watchdog, `protocol`, resources, startLimitHit, oomKill, execCondition
  /// Of sockets and paths (units.md d.1, d.3).
  case triggerLimitHit, serviceStartLimitHit, unitStartLimitHit

  public var name: StaticString {
    switch self {
    case .success: "success"
    case .exitCode: "exit-code"
    case .signal: "signal"
    case .coreDump: "core-dump"
    case .timeout: "timeout"
    case .watchdog: "watchdog"
    case .protocol: "protocol"
    case .resources: "resources"
    case .startLimitHit: "start-limit-hit"
    case .oomKill: "oom-kill"
    case .execCondition: "exec-condition"
    case .triggerLimitHit: "trigger-limit-hit"
    case .serviceStartLimitHit: "service-start-limit-hit"
    case .unitStartLimitHit: "unit-start-limit-hit"
    }
  }
}

/// Kinds of job (units.md e.3).
public enum JobType: UInt8, CaseIterable, Sendable {
  case start, verifyActive, stop, reload, restart, tryRestart, reloadOrStart

  public var name: StaticString {
    switch self {
    case .start: "start"
    case .verifyActive: "verify-active"
    case .stop: "stop"
    case .reload: "reload"
    case .restart: "restart"
    case .tryRestart: "try-restart"
    case .reloadOrStart: "reload-or-start"
    }
  }
}

/// How a request meets jobs that are already queued (systemctl's `--job-mode`).
public enum JobMode: UInt8, CaseIterable, Sendable {
  case replace, fail, ignoreDependencies

  public var name: StaticString {
    switch self {
    case .replace: "replace"
    case .fail: "fail"
    case .ignoreDependencies: "ignore-dependencies"
    }
  }
}

/// How a job ended (units.md e.3).
public enum JobResult: UInt8, CaseIterable, Sendable {
  case done, failed, dependency, timeout, canceled, skipped, assert, invalid, once

  public var name: StaticString {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .dependency: "dependency"
    case .timeout: "timeout"
    case .canceled: "canceled"
    case .skipped: "skipped"
    case .assert: "assert"
    case .invalid: "invalid"
    case .once: "once"
    }
  }
}
