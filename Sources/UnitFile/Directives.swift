import Model

/// The directive table, first part: every key that has an effect, with its handler. `rows` and `legacyRows` are the only
/// places that say which section and spelling belongs to which handler.
enum Directive: UInt8, CaseIterable {
  case description, documentation
  case after, before, wants, requires, requisite, bindsTo, partOf, upholds, conflicts, onFailure, onSuccess
  case propagatesReloadTo, reloadPropagatedFrom, propagatesStopTo, stopPropagatedFrom
  case defaultDependencies, stopWhenUnneeded, refuseManualStart, refuseManualStop
  case jobTimeoutSec, jobRunningTimeoutSec, jobTimeoutAction, startLimitAction
  case alias, wantedBy, requiredBy, upheldBy, also, defaultInstance
  case startLimitInterval, startLimitBurst
  case successAction, failureAction, successActionExitStatus, failureActionExitStatus

  case execStart, execStartPre, execStartPost, execStop, execStopPost, execReload, execCondition
  case type, exitType, remainAfterExit, pidFile, guessMainPID, notifyAccess, watchdogSec, reloadSignal
  case fileDescriptorStoreMax, fileDescriptorStorePreserve, oomPolicy, nonBlocking, permissionsStartOnly, rootDirectoryStartOnly
  case restart, restartSec, restartSteps, restartMaxDelaySec, restartMode
  case restartPreventExitStatus, restartForceExitStatus, successExitStatus
  case timeoutSec, timeoutStartSec, timeoutStopSec, timeoutAbortSec, timeoutStartFailureMode, timeoutStopFailureMode
  case runtimeMaxSec, runtimeRandomizedExtraSec
  case killMode, killSignal, restartKillSignal, finalKillSignal, watchdogSignal, sendSIGKILL, sendSIGHUP
  case user, group, supplementaryGroups, workingDirectory, umask, nice, oomScoreAdjust, ignoreSIGPIPE
  case environment, environmentFile, passEnvironment, unsetEnvironment
  case standardInput, standardOutput, standardError, sockets, busName
  case limitCPU, limitFSIZE, limitDATA, limitSTACK, limitCORE, limitRSS, limitNPROC, limitNOFILE
  case limitMEMLOCK, limitAS, limitLOCKS, limitSIGPENDING, limitMSGQUEUE, limitNICE, limitRTPRIO, limitRTTIME
  case capabilityBoundingSet, ambientCapabilities, noNewPrivileges, secureBits
  case cpuSchedulingPolicy, cpuSchedulingPriority, cpuSchedulingResetOnFork, cpuAffinity, ioSchedulingClass, ioSchedulingPriority
  case timerSlackNSec, personality, coredumpFilter
  case standardInputText, standardInputData, ttyPath, ttyReset, ttyVHangup, ttyVTDisallocate, ttyRows, ttyColumns
  case dynamicUser, execSearchPath, setLoginEnvironment, rootDirectory
  case runtimeDirectory, runtimeDirectoryMode, runtimeDirectoryPreserve, stateDirectory, stateDirectoryMode, cacheDirectory
  case cacheDirectoryMode, logsDirectory, logsDirectoryMode, configurationDirectory, configurationDirectoryMode

  case onActiveSec, onBootSec, onStartupSec, onUnitActiveSec, onUnitInactiveSec, onCalendar
  case timerUnit, randomizedDelaySec, accuracySec, remainAfterElapse
  case onClockChange, onTimezoneChange, timerPersistent, wakeSystem, fixedRandomDelay, randomizedOffsetSec, deferReactivation

  case schedule, timezone, overlap, startingDeadlineSec, schedulePersistent, scheduleRandomizedDelaySec, restartResetSec
  case readyFd, readyTcp, readyHttp, readyExec
  case healthExec, healthTcp, healthHttp, healthIntervalSec, healthTimeoutSec, healthRetries, healthStartPeriodSec
  case healthAction, drainSec

  case listenStream, listenDatagram, listenSequentialPacket, listenFIFO, listenSpecial, listenNetlink, listenMessageQueue
  case listenUSBFunction, accept, socketService, backlog, bindToDevice, tcpCongestion, socketUser, socketGroup, socketMode
  case directoryMode, symlinks, maxConnections, maxConnectionsPerSource, flushPending, removeOnStop, fileDescriptorName
  case passFileDescriptorsToExec, triggerLimitIntervalSec, triggerLimitBurst, pollLimitIntervalSec, pollLimitBurst, execStopPre
  case accessAllow, accessDeny, accessTimes, rearmSec, sourceLimitIntervalSec, sourceLimitBurst, banner, bannerSuccess, bannerFail
  case idleStopSec

  case pathExists, pathExistsGlob, pathChanged, pathModified, directoryNotEmpty, pathUnit, makeDirectory

  /// How far behind the first of its family.
  func place(from first: Directive) -> Int { Int(rawValue) - Int(first.rawValue) }

  /// `Section.Key` of former versions, each with a blank before and behind it.
  var legacyRows: StaticString {
    switch self {
    case .requires: " Unit.RequiresOverridable "
    case .requisite: " Unit.RequisiteOverridable "
    case .bindsTo: " Unit.BindTo "
    case .propagatesReloadTo: " Unit.PropagateReloadTo "
    case .reloadPropagatedFrom: " Unit.PropagateReloadFrom "
    case .startLimitAction: " Service.StartLimitAction "
    case .startLimitInterval: " Unit.StartLimitInterval Service.StartLimitInterval Service.StartLimitIntervalSec "
    case .startLimitBurst: " Service.StartLimitBurst "
    case .failureAction: " Service.FailureAction "
    case .directoryMode: " Path.DirectoryMode "
    case .triggerLimitIntervalSec: " Path.TriggerLimitIntervalSec "
    case .triggerLimitBurst: " Path.TriggerLimitBurst "
    default: ""
    }
  }

  /// `Section.Key` of each, in the order of the cases, with a blank before and behind it: as one text it costs the static
  /// binary half of what as many literals do.
  static let rows: StaticString = """
     Unit.Description Unit.Documentation Unit.After Unit.Before Unit.Wants Unit.Requires Unit.Requisite Unit.BindsTo \
    Unit.PartOf Unit.Upholds Unit.Conflicts Unit.OnFailure Unit.OnSuccess Unit.PropagatesReloadTo Unit.ReloadPropagatedFrom \
    Unit.PropagatesStopTo Unit.StopPropagatedFrom Unit.DefaultDependencies Unit.StopWhenUnneeded Unit.RefuseManualStart \
    Unit.RefuseManualStop Unit.JobTimeoutSec Unit.JobRunningTimeoutSec Unit.JobTimeoutAction Unit.StartLimitAction \
    Install.Alias Install.WantedBy Install.RequiredBy Install.UpheldBy Install.Also Install.DefaultInstance \
    Unit.StartLimitIntervalSec Unit.StartLimitBurst Unit.SuccessAction Unit.FailureAction Unit.SuccessActionExitStatus \
    Unit.FailureActionExitStatus Service.ExecStart Service.ExecStartPre Service.ExecStartPost Service.ExecStop \
    Service.ExecStopPost Service.ExecReload Service.ExecCondition Service.Type Service.ExitType Service.RemainAfterExit \
    Service.PIDFile Service.GuessMainPID Service.NotifyAccess Service.WatchdogSec Service.ReloadSignal \
    Service.FileDescriptorStoreMax Service.FileDescriptorStorePreserve Service.OOMPolicy Service.NonBlocking \
    Service.PermissionsStartOnly Service.RootDirectoryStartOnly Service.Restart Service.RestartSec Service.RestartSteps \
    Service.RestartMaxDelaySec Service.RestartMode Service.RestartPreventExitStatus Service.RestartForceExitStatus \
    Service.SuccessExitStatus Service.TimeoutSec Service.TimeoutStartSec Service.TimeoutStopSec Service.TimeoutAbortSec \
    Service.TimeoutStartFailureMode Service.TimeoutStopFailureMode Service.RuntimeMaxSec Service.RuntimeRandomizedExtraSec \
    Service.KillMode Service.KillSignal Service.RestartKillSignal Service.FinalKillSignal Service.WatchdogSignal \
    Service.SendSIGKILL Service.SendSIGHUP Service.User Service.Group Service.SupplementaryGroups Service.WorkingDirectory \
    Service.UMask Service.Nice Service.OOMScoreAdjust Service.IgnoreSIGPIPE Service.Environment Service.EnvironmentFile \
    Service.PassEnvironment Service.UnsetEnvironment Service.StandardInput Service.StandardOutput Service.StandardError \
    Service.Sockets Service.BusName Service.LimitCPU Service.LimitFSIZE Service.LimitDATA Service.LimitSTACK \
    Service.LimitCORE Service.LimitRSS Service.LimitNPROC Service.LimitNOFILE Service.LimitMEMLOCK Service.LimitAS \
    Service.LimitLOCKS Service.LimitSIGPENDING Service.LimitMSGQUEUE Service.LimitNICE Service.LimitRTPRIO \
    Service.LimitRTTIME Service.CapabilityBoundingSet Service.AmbientCapabilities Service.NoNewPrivileges Service.SecureBits \
    Service.CPUSchedulingPolicy Service.CPUSchedulingPriority Service.CPUSchedulingResetOnFork Service.CPUAffinity \
    Service.IOSchedulingClass Service.IOSchedulingPriority Service.TimerSlackNSec Service.Personality Service.CoredumpFilter \
    Service.StandardInputText Service.StandardInputData Service.TTYPath Service.TTYReset Service.TTYVHangup \
    Service.TTYVTDisallocate Service.TTYRows Service.TTYColumns Service.DynamicUser Service.ExecSearchPath \
    Service.SetLoginEnvironment Service.RootDirectory Service.RuntimeDirectory Service.RuntimeDirectoryMode \
    Service.RuntimeDirectoryPreserve Service.StateDirectory Service.StateDirectoryMode Service.CacheDirectory \
    Service.CacheDirectoryMode Service.LogsDirectory Service.LogsDirectoryMode Service.ConfigurationDirectory \
    Service.ConfigurationDirectoryMode Timer.OnActiveSec Timer.OnBootSec Timer.OnStartupSec Timer.OnUnitActiveSec \
    Timer.OnUnitInactiveSec Timer.OnCalendar Timer.Unit Timer.RandomizedDelaySec Timer.AccuracySec Timer.RemainAfterElapse \
    Timer.OnClockChange Timer.OnTimezoneChange Timer.Persistent Timer.WakeSystem Timer.FixedRandomDelay \
    Timer.RandomizedOffsetSec Timer.DeferReactivation \
    X-Apus.Schedule X-Apus.Timezone X-Apus.Overlap X-Apus.StartingDeadlineSec X-Apus.Persistent \
    X-Apus.RandomizedDelaySec X-Apus.RestartResetSec X-Apus.ReadyFd X-Apus.ReadyTcp \
    X-Apus.ReadyHttp X-Apus.ReadyExec X-Apus.HealthExec X-Apus.HealthTcp X-Apus.HealthHttp X-Apus.HealthIntervalSec \
    X-Apus.HealthTimeoutSec X-Apus.HealthRetries X-Apus.HealthStartPeriodSec X-Apus.HealthAction X-Apus.DrainSec \
    Socket.ListenStream Socket.ListenDatagram Socket.ListenSequentialPacket Socket.ListenFIFO Socket.ListenSpecial \
    Socket.ListenNetlink Socket.ListenMessageQueue Socket.ListenUSBFunction Socket.Accept Socket.Service Socket.Backlog \
    Socket.BindToDevice Socket.TCPCongestion Socket.SocketUser Socket.SocketGroup Socket.SocketMode Socket.DirectoryMode \
    Socket.Symlinks Socket.MaxConnections Socket.MaxConnectionsPerSource Socket.FlushPending Socket.RemoveOnStop \
    Socket.FileDescriptorName Socket.PassFileDescriptorsToExec Socket.TriggerLimitIntervalSec Socket.TriggerLimitBurst \
    Socket.PollLimitIntervalSec Socket.PollLimitBurst Socket.ExecStopPre X-Apus.AccessAllow X-Apus.AccessDeny \
    X-Apus.AccessTimes X-Apus.RearmSec X-Apus.SourceLimitIntervalSec X-Apus.SourceLimitBurst X-Apus.Banner \
    X-Apus.BannerSuccess X-Apus.BannerFail X-Apus.IdleStopSec Path.PathExists Path.PathExistsGlob Path.PathChanged \
    Path.PathModified Path.DirectoryNotEmpty Path.Unit Path.MakeDirectory 
    """

  /// Of `[Service]`, and of `[Socket]` too, for the commands of a socket.
  var isOfSockets: Bool {
    switch self {
    case .execStartPre, .execStartPost, .execStopPost, .timeoutSec: true
    case .sockets, .busName: false
    default: rawValue >= Directive.killMode.rawValue && rawValue <= Directive.configurationDirectoryMode.rawValue
    }
  }

  /// The directive of that `Section.Key`.
  init?(row: Bytes) {
    guard let index = Directive.rows.wordIndex(row) else { return nil }
    self.init(rawValue: UInt8(truncatingIfNeeded: index))
  }

  /// `Section.Key`
  var row: Bytes { Directive.rows.words[Int(rawValue)] }
}
