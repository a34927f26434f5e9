import Model

/// Why a key of `[Service]` is checked and not enforced (units.md a.1, f.1, f.2).
enum UnenforcedReason: UInt8, CaseIterable {
  case mounts, paths, filters, namespaces, cgroups, labels, credentials, logging, images
  /// Of sockets only.
  case packets

  /// `Key:x` each, with a blank before and behind; the letter is the kind of value (`UnenforcedValue`).
  var keys: StaticString {
    switch self {
    case .mounts:
      """
       PrivateTmp:T PrivateDevices:b PrivateMounts:b ProtectKernelTunables:b ProtectControlGroups:h ProtectProc:O ProcSubset:o \
      MountFlags:M MountAPIVFS:b BindPaths:B BindReadOnlyPaths:r 
      """
    case .paths:
      """
       ProtectSystem:S ProtectHome:H ReadWritePaths:p ReadOnlyPaths:p InaccessiblePaths:p ExecPaths:p NoExecPaths:p \
      ReadWriteDirectories:p ReadOnlyDirectories:p InaccessibleDirectories:p 
      """
    case .filters:
      """
       SystemCallFilter:s SystemCallLog:s SystemCallArchitectures:a SystemCallErrorNumber:e MemoryDenyWriteExecute:b \
      RestrictNamespaces:n RestrictRealtime:b RestrictSUIDSGID:b RestrictAddressFamilies:f LockPersonality:b \
      RestrictFileSystems:x ProtectKernelModules:b ProtectKernelLogs:b ProtectClock:b ProtectHostname:h 
      """
    case .namespaces: " PrivateNetwork:b PrivateUsers:U PrivateIPC:b PrivatePIDs:b RemoveIPC:b "
    case .cgroups:
      """
       Slice:j Delegate:c DelegateSubgroup:x DisableControllers:x AllowedCPUs:C StartupAllowedCPUs:C AllowedMemoryNodes:C \
      StartupAllowedMemoryNodes:C CPUAccounting:b CPUWeight:w StartupCPUWeight:w CPUShares:W StartupCPUShares:W CPUQuota:q \
      CPUQuotaPeriodSec:t MemoryAccounting:b MemoryMin:l DefaultMemoryMin:l DefaultMemoryLow:l DefaultStartupMemoryLow:l \
      MemoryLow:l StartupMemoryLow:l MemoryHigh:l StartupMemoryHigh:l MemoryMax:l StartupMemoryMax:l MemorySwapMax:l \
      StartupMemorySwapMax:l MemoryZSwapMax:l StartupMemoryZSwapMax:l MemoryZSwapWriteback:b MemoryLimit:l MemoryKSM:b \
      MemoryPressureWatch:x MemoryPressureThresholdSec:t CoredumpReceive:b DeviceAllow:v DevicePolicy:D IOAccounting:b \
      IOWeight:w StartupIOWeight:w IODeviceWeight:x IOReadBandwidthMax:x IOWriteBandwidthMax:x IOReadIOPSMax:x \
      IOWriteIOPSMax:x IODeviceLatencyTargetSec:x BlockIOAccounting:b BlockIOWeight:W StartupBlockIOWeight:W \
      BlockIODeviceWeight:x BlockIOReadBandwidth:x BlockIOWriteBandwidth:x TasksAccounting:b TasksMax:k IPAccounting:b \
      IPAddressAllow:g IPAddressDeny:g IPIngressFilterPath:P IPEgressFilterPath:P ManagedOOMSwap:m \
      ManagedOOMMemoryPressure:m ManagedOOMMemoryPressureLimit:% ManagedOOMMemoryPressureDurationSec:t \
      ManagedOOMPreference:x BPFProgram:x SocketBindAllow:x SocketBindDeny:x RestrictNetworkInterfaces:x NFTSet:x \
      NUMAPolicy:N NUMAMask:C 
      """
    case .labels:
      """
       SELinuxContext:x AppArmorProfile:x SmackProcessLabel:x PAMName:x UtmpIdentifier:x UtmpMode:u KeyringMode:K \
      USBFunctionDescriptors:P USBFunctionStrings:P 
      """
    case .packets: " SELinuxContextFromNet:b SmackLabel:x SmackLabelIPIn:x SmackLabelIPOut:x "
    case .credentials:
      " SetCredential:x SetCredentialEncrypted:x LoadCredential:x LoadCredentialEncrypted:x ImportCredential:x "
    case .logging:
      """
       SyslogIdentifier:x SyslogFacility:F SyslogLevel:L SyslogLevelPrefix:b LogLevelMax:L LogRateLimitIntervalSec:t \
      LogRateLimitBurst:# LogFilterPatterns:x LogExtraFields:x 
      """
    case .images:
      """
       RootImage:! RootImageOptions:x RootImagePolicy:x RootHash:x RootHashSignature:x RootVerity:x RootEphemeral:b \
      ExtensionDirectories:! ExtensionImages:! ExtensionImagePolicy:x MountImages:! MountImagePolicy:x TemporaryFileSystem:! \
      NetworkNamespacePath:! IPCNamespacePath:! LogNamespace:! 
      """
    }
  }

  /// Logging keys wait for the logger, and nothing is lost without them: nothing is said at load.
  var isSaid: Bool { self != .logging }

  /// What apus does instead, and why.
  var explanation: StaticString {
    switch self {
    case .mounts:
      "the service sees the container's own files: a mount namespace needs CAP_SYS_ADMIN, which a container lacks"
    case .paths:
      "every path stays as reachable as its permissions make it: a mount namespace needs CAP_SYS_ADMIN, and Landlock is not used yet"
    case .filters: "no system call is filtered: the container's own seccomp profile holds; one of apus's own is not used yet"
    case .namespaces: "the service shares the container's network, users, IPC and processes: further namespaces need CAP_SYS_ADMIN"
    case .cgroups: "the container's own limits hold: the unit's need a writable control group, which ordinary containers lack"
    case .labels, .packets: "nothing is done: it needs the host's security module, PAM, utmp or keyring, which a container does not bring"
    case .credentials: "CREDENTIALS_DIRECTORY is not set: credentials are not passed yet"
    case .logging: "the output goes where StandardOutput= says, as it is: the logger comes with a later release"
    case .images: "nothing is done: without a namespace of its own the service would see other files than the unit means"
    }
  }
}

/// A key that is checked, kept in mind and not enforced.
struct UnenforcedKey {
  var reason: UnenforcedReason
  var value: UnenforcedValue

  /// nil if the key is none of these.
  init?(_ key: Bytes) {
    if key.isEmpty || key.contains(32) || key.contains(58) { return nil }
    for reason in UnenforcedReason.allCases {
      if let letter = reason.keys.letter(behind: key), let value = UnenforcedValue(rawValue: letter) {
        self.reason = reason
        self.value = value
        return
      }
    }
    return nil
  }
}

/// What apus does instead of what that key of `[Service]` asks for, and why; nil if the key is enforced or unknown.
public func explanationOfUnenforced(_ key: Bytes) -> Bytes? {
  UnenforcedKey(key).map { Bytes($0.reason.explanation) }
}

extension StaticString {
  /// Of a list of `Key:x`, the byte behind a key's colon.
  fileprivate func letter(behind key: Bytes) -> UInt8? {
    withUTF8Buffer { text in
      var index = 0
      while index + key.count + 2 < text.count {
        if text[index] == 32, text[index + 1] == key[0], text[index + key.count + 1] == 58,
          (1..<key.count).allSatisfy({ text[index + 1 + $0] == key[$0] })
        {
          return text[index + key.count + 2]
        }
        index += 1
      }
      return nil
    }
  }

  /// Of such a list, the keys.
  var lettered: [Bytes] { words.map { Bytes($0.dropLast(2)) } }
}
