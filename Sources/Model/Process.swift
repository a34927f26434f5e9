/// A step of the child between clone and exec; its raw value is systemd's exit status for a failure there (units.md c.4).
public enum ExecStage: UInt8, CaseIterable, Sendable {
  case chdir = 200
  case nice = 201
  case fds = 202
  case exec = 203
  case memory = 204
  case limits = 205
  case oomAdjust = 206
  case signalMask = 207
  case stdin = 208
  case stdout = 209
  case chroot = 210
  case ioprio = 211
  case timerSlack = 212
  case secureBits = 213
  case scheduler = 214
  case affinity = 215
  case group = 216
  case user = 217
  case capabilities = 218
  case cgroup = 219
  case setsid = 220
  case stderr = 222
  case noNewPrivileges = 227
  case personality = 230
  case runtimeDirectory = 233
  case chown = 235
  case stateDirectory = 238
  case cacheDirectory = 239
  case logsDirectory = 240
  case configurationDirectory = 241
  /// COMMAND's own: as a shell says it.
  case commandNotExecutable = 126
  case commandNotFound = 127
}

/// A command that was forked and never executed.
public struct ExecFailure: Equatable, Sendable {
  public var stage: ExecStage
  /// The kernel's error number; 0 where the stage's own sentence says all.
  public var errno: Int32
  /// What could not be done, with the thing's name: `exec /usr/bin/web: no such file or directory`.
  public var message: Bytes
  public init(stage: ExecStage, errno: Int32, message: Bytes) {
    self.stage = stage
    self.errno = errno
    self.message = message
  }
}

/// A command that was never forked: result `resources` (units.md c.4).
public struct SpawnFailure: Error, Equatable, Sendable {
  public var errno: Int32
  /// `fork: resource temporarily unavailable`, `EnvironmentFile /etc/x: no such file or directory`.
  public var message: Bytes
  public init(errno: Int32, message: Bytes) {
    self.errno = errno
    self.message = message
  }
}

/// A signal as signalfd tells it.
public struct ReceivedSignal: Equatable, Sendable {
  public var signal: Signal
  /// `ssi_code` is SI_KERNEL: nobody sent it; a hung-up terminal did.
  public var fromKernel: Bool
  public init(_ signal: Signal, fromKernel: Bool = false) {
    self.signal = signal
    self.fromKernel = fromKernel
  }
}
