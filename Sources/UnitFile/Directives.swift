import Model

/// The directive table, first part: every key that has an effect, with its handler. `row` and `legacyRows` are the only
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

  case schedule, overlap, scheduleRandomizedDelaySec, restartResetSec
  case readyFd, readyTcp, readyHttp, readyExec
  case healthExec, healthTcp, healthHttp, healthIntervalSec, healthTimeoutSec, healthRetries, healthStartPeriodSec
  case healthAction, drainSec

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
    default: ""
    }
  }

  /// `Section.Key`
  var row: StaticString {
    switch self {
    case .description: "Unit.Description"
    case .documentation: "Unit.Documentation"
    case .after: "Unit.After"
    case .before: "Unit.Before"
    case .wants: "Unit.Wants"
    case .requires: "Unit.Requires"
    case .requisite: "Unit.Requisite"
    case .bindsTo: "Unit.BindsTo"
    case .partOf: "Unit.PartOf"
    case .upholds: "Unit.Upholds"
    case .conflicts: "Unit.Conflicts"
    case .onFailure: "Unit.OnFailure"
    case .onSuccess: "Unit.OnSuccess"
    case .propagatesReloadTo: "Unit.PropagatesReloadTo"
    case .reloadPropagatedFrom: "Unit.ReloadPropagatedFrom"
    case .propagatesStopTo: "Unit.PropagatesStopTo"
    case .stopPropagatedFrom: "Unit.StopPropagatedFrom"
    case .defaultDependencies: "Unit.DefaultDependencies"
    case .stopWhenUnneeded: "Unit.StopWhenUnneeded"
    case .refuseManualStart: "Unit.RefuseManualStart"
    case .refuseManualStop: "Unit.RefuseManualStop"
    case .jobTimeoutSec: "Unit.JobTimeoutSec"
    case .jobRunningTimeoutSec: "Unit.JobRunningTimeoutSec"
    case .jobTimeoutAction: "Unit.JobTimeoutAction"
    case .startLimitAction: "Unit.StartLimitAction"
    case .alias: "Install.Alias"
    case .wantedBy: "Install.WantedBy"
    case .requiredBy: "Install.RequiredBy"
    case .upheldBy: "Install.UpheldBy"
    case .also: "Install.Also"
    case .defaultInstance: "Install.DefaultInstance"
    case .startLimitInterval: "Unit.StartLimitIntervalSec"
    case .startLimitBurst: "Unit.StartLimitBurst"
    case .successAction: "Unit.SuccessAction"
    case .failureAction: "Unit.FailureAction"
    case .successActionExitStatus: "Unit.SuccessActionExitStatus"
    case .failureActionExitStatus: "Unit.FailureActionExitStatus"
    case .execStart: "Service.ExecStart"
    case .execStartPre: "Service.ExecStartPre"
    case .execStartPost: "Service.ExecStartPost"
    case .execStop: "Service.ExecStop"
    case .execStopPost: "Service.ExecStopPost"
    case .execReload: "Service.ExecReload"
    case .execCondition: "Service.ExecCondition"
    case .type: "Service.Type"
    case .exitType: "Service.ExitType"
    case .remainAfterExit: "Service.RemainAfterExit"
    case .pidFile: "Service.PIDFile"
    case .guessMainPID: "Service.GuessMainPID"
    case .notifyAccess: "Service.NotifyAccess"
    case .watchdogSec: "Service.WatchdogSec"
    case .reloadSignal: "Service.ReloadSignal"
    case .fileDescriptorStoreMax: "Service.FileDescriptorStoreMax"
    case .fileDescriptorStorePreserve: "Service.FileDescriptorStorePreserve"
    case .oomPolicy: "Service.OOMPolicy"
    case .nonBlocking: "Service.NonBlocking"
    case .permissionsStartOnly: "Service.PermissionsStartOnly"
    case .rootDirectoryStartOnly: "Service.RootDirectoryStartOnly"
    case .restart: "Service.Restart"
    case .restartSec: "Service.RestartSec"
    case .restartSteps: "Service.RestartSteps"
    case .restartMaxDelaySec: "Service.RestartMaxDelaySec"
    case .restartMode: "Service.RestartMode"
    case .restartPreventExitStatus: "Service.RestartPreventExitStatus"
    case .restartForceExitStatus: "Service.RestartForceExitStatus"
    case .successExitStatus: "Service.SuccessExitStatus"
    case .timeoutSec: "Service.TimeoutSec"
    case .timeoutStartSec: "Service.TimeoutStartSec"
    case .timeoutStopSec: "Service.TimeoutStopSec"
    case .timeoutAbortSec: "Service.TimeoutAbortSec"
    case .timeoutStartFailureMode: "Service.TimeoutStartFailureMode"
    case .timeoutStopFailureMode: "Service.TimeoutStopFailureMode"
    case .runtimeMaxSec: "Service.RuntimeMaxSec"
    case .runtimeRandomizedExtraSec: "Service.RuntimeRandomizedExtraSec"
    case .killMode: "Service.KillMode"
    case .killSignal: "Service.KillSignal"
    case .restartKillSignal: "Service.RestartKillSignal"
    case .finalKillSignal: "Service.FinalKillSignal"
    case .watchdogSignal: "Service.WatchdogSignal"
    case .sendSIGKILL: "Service.SendSIGKILL"
    case .sendSIGHUP: "Service.SendSIGHUP"
    case .user: "Service.User"
    case .group: "Service.Group"
    case .supplementaryGroups: "Service.SupplementaryGroups"
    case .workingDirectory: "Service.WorkingDirectory"
    case .umask: "Service.UMask"
    case .nice: "Service.Nice"
    case .oomScoreAdjust: "Service.OOMScoreAdjust"
    case .ignoreSIGPIPE: "Service.IgnoreSIGPIPE"
    case .environment: "Service.Environment"
    case .environmentFile: "Service.EnvironmentFile"
    case .passEnvironment: "Service.PassEnvironment"
    case .unsetEnvironment: "Service.UnsetEnvironment"
    case .standardInput: "Service.StandardInput"
    case .standardOutput: "Service.StandardOutput"
    case .standardError: "Service.StandardError"
    case .sockets: "Service.Sockets"
    case .busName: "Service.BusName"
    case .limitCPU: "Service.LimitCPU"
    case .limitFSIZE: "Service.LimitFSIZE"
    case .limitDATA: "Service.LimitDATA"
    case .limitSTACK: "Service.LimitSTACK"
    case .limitCORE: "Service.LimitCORE"
    case .limitRSS: "Service.LimitRSS"
    case .limitNPROC: "Service.LimitNPROC"
    case .limitNOFILE: "Service.LimitNOFILE"
    case .limitMEMLOCK: "Service.LimitMEMLOCK"
    case .limitAS: "Service.LimitAS"
    case .limitLOCKS: "Service.LimitLOCKS"
    case .limitSIGPENDING: "Service.LimitSIGPENDING"
    case .limitMSGQUEUE: "Service.LimitMSGQUEUE"
    case .limitNICE: "Service.LimitNICE"
    case .limitRTPRIO: "Service.LimitRTPRIO"
    case .limitRTTIME: "Service.LimitRTTIME"
    case .capabilityBoundingSet: "Service.CapabilityBoundingSet"
    case .ambientCapabilities: "Service.AmbientCapabilities"
    case .noNewPrivileges: "Service.NoNewPrivileges"
    case .secureBits: "Service.SecureBits"
    case .cpuSchedulingPolicy: "Service.CPUSchedulingPolicy"
    case .cpuSchedulingPriority: "Service.CPUSchedulingPriority"
    case .cpuSchedulingResetOnFork: "Service.CPUSchedulingResetOnFork"
    case .cpuAffinity: "Service.CPUAffinity"
    case .ioSchedulingClass: "Service.IOSchedulingClass"
    case .ioSchedulingPriority: "Service.IOSchedulingPriority"
    case .timerSlackNSec: "Service.TimerSlackNSec"
    case .personality: "Service.Personality"
    case .coredumpFilter: "Service.CoredumpFilter"
    case .standardInputText: "Service.StandardInputText"
    case .standardInputData: "Service.StandardInputData"
    case .ttyPath: "Service.TTYPath"
    case .ttyReset: "Service.TTYReset"
    case .ttyVHangup: "Service.TTYVHangup"
    case .ttyVTDisallocate: "Service.TTYVTDisallocate"
    case .ttyRows: "Service.TTYRows"
    case .ttyColumns: "Service.TTYColumns"
    case .dynamicUser: "Service.DynamicUser"
    case .execSearchPath: "Service.ExecSearchPath"
    case .setLoginEnvironment: "Service.SetLoginEnvironment"
    case .rootDirectory: "Service.RootDirectory"
    case .runtimeDirectory: "Service.RuntimeDirectory"
    case .runtimeDirectoryMode: "Service.RuntimeDirectoryMode"
    case .runtimeDirectoryPreserve: "Service.RuntimeDirectoryPreserve"
    case .stateDirectory: "Service.StateDirectory"
    case .stateDirectoryMode: "Service.StateDirectoryMode"
    case .cacheDirectory: "Service.CacheDirectory"
    case .cacheDirectoryMode: "Service.CacheDirectoryMode"
    case .logsDirectory: "Service.LogsDirectory"
    case .logsDirectoryMode: "Service.LogsDirectoryMode"
    case .configurationDirectory: "Service.ConfigurationDirectory"
    case .configurationDirectoryMode: "Service.ConfigurationDirectoryMode"
    case .onActiveSec: "Timer.OnActiveSec"
    case .onBootSec: "Timer.OnBootSec"
    case .onStartupSec: "Timer.OnStartupSec"
    case .onUnitActiveSec: "Timer.OnUnitActiveSec"
    case .onUnitInactiveSec: "Timer.OnUnitInactiveSec"
    case .onCalendar: "Timer.OnCalendar"
    case .timerUnit: "Timer.Unit"
    case .randomizedDelaySec: "Timer.RandomizedDelaySec"
    case .accuracySec: "Timer.AccuracySec"
    case .remainAfterElapse: "Timer.RemainAfterElapse"
    case .schedule: "X-Apus.Schedule"
    case .overlap: "X-Apus.Overlap"
    case .scheduleRandomizedDelaySec: "X-Apus.RandomizedDelaySec"
    case .restartResetSec: "X-Apus.RestartResetSec"
    case .readyFd: "X-Apus.ReadyFd"
    case .readyTcp: "X-Apus.ReadyTcp"
    case .readyHttp: "X-Apus.ReadyHttp"
    case .readyExec: "X-Apus.ReadyExec"
    case .healthExec: "X-Apus.HealthExec"
    case .healthTcp: "X-Apus.HealthTcp"
    case .healthHttp: "X-Apus.HealthHttp"
    case .healthIntervalSec: "X-Apus.HealthIntervalSec"
    case .healthTimeoutSec: "X-Apus.HealthTimeoutSec"
    case .healthRetries: "X-Apus.HealthRetries"
    case .healthStartPeriodSec: "X-Apus.HealthStartPeriodSec"
    case .healthAction: "X-Apus.HealthAction"
    case .drainSec: "X-Apus.DrainSec"
    }
  }
}
