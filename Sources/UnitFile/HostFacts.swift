import Model

/// What specifiers say about the host and the manager (units.md b.7). Empty where systemd gives an empty text. Of a class, because copies of all
/// that cost the static binary a KB; whoever makes one fills it, and nobody changes it after that.
public final class HostFacts: @unchecked Sendable {
  /// `%H`; `%l` is its part before the first dot.
  public var hostname = Bytes("localhost")
  /// `%m`, 32 hexadecimal digits; nil without /etc/machine-id: then `%m` is an error.
  public var machineID: Bytes?
  /// `%b`; nil where /proc does not tell it.
  public var bootID: Bytes?
  /// `%v`
  public var kernelRelease = Bytes("unknown")
  /// `%a` in systemd's spelling: `x86-64`, `arm64`.
  public var architecture = Bytes("x86-64")
  /// `%q`; empty: as `%l`.
  public var prettyHostname = Bytes()
  /// `%o` `%w` `%W` `%A` `%B` `%M`, from os-release.
  public var osID = Bytes()
  public var osVersionID = Bytes()
  public var osVariantID = Bytes()
  public var osImageVersion = Bytes()
  public var osBuildID = Bytes()
  public var osImageID = Bytes()
  /// `%u` `%U` `%g` `%G` `%h` `%s`: of apus itself, never of `User=`.
  public var userName = Bytes("root")
  public var userID: UInt32 = 0
  public var groupName = Bytes("root")
  public var groupID: UInt32 = 0
  public var home = Bytes("/root")
  public var shell = Bytes("/bin/sh")
  /// `%T` and `%V`
  public var temporaryDirectory = Bytes("/tmp")
  public var variableTemporaryDirectory = Bytes("/var/tmp")

  /// A root's host without any file to ask.
  public init() {}
}
