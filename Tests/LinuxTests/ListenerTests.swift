import Foundation
import Testing

/// Listeners of `.socket` units, in a network namespace of their own where one can be had.
@Suite struct ListenerTests {
  /// With its loopback interface up, so that no port is anybody else's.
  static let network: [String] = {
    let words = ["unshare", "--net", "/bin/sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
    return (try? ProbeRunner.run(words + ["/bin/true"]).status) == 0 ? words : []
  }()
  static let hasNetwork = !network.isEmpty

  @Test(.enabled(if: hasNetwork, "no network namespace can be made here")) func connectionsAreAccepted() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["accepting", scratch.path], prefix: Self.network)
  }

  @Test(.enabled(if: hasNetwork, "no network namespace can be made here")) func everyKindIsOpened() throws {
    let scratch = try Scratch()
    let outcome = try ProbeRunner.expectRight(["opening", scratch.path], prefix: Self.network)
    // What this kernel does not have, for whoever reads the log.
    for line in outcome.output.split(separator: "\n") where line.hasPrefix("skipped") { print(line) }
  }

  @Test(.enabled(if: hasNetwork, "no network namespace can be made here")) func connectionsAreCounted() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["counting", scratch.path], prefix: Self.network)
  }

  /// A container's rules may refuse netlink; /proc/net says the same.
  @Test(.enabled(if: hasNetwork && ProbeRunner.seccompExec != nil, "no namespace or no filter can be made here"))
  func connectionsAreCountedWithoutNetlink() throws {
    let scratch = try Scratch()
    let filter = [try #require(ProbeRunner.seccompExec), "no-netlink"]
    try ProbeRunner.expectRight(["counting", scratch.path], prefix: Self.network + filter)
  }

  /// A plain port of a kernel without IPv6 is one of IPv4.
  @Test(.enabled(if: hasNetwork && ProbeRunner.seccompExec != nil, "no namespace or no filter can be made here"))
  func withoutIPv6() throws {
    let filter = [try #require(ProbeRunner.seccompExec), "no-ipv6"]
    try ProbeRunner.expectRight(["v4-only"], prefix: Self.network + filter)
  }

  @Test func acceptingStopsBeforeTheLastDescriptor() throws { try ProbeRunner.expectRight(["exhausted"]) }

  @Test func pathsAreWatched() throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["watching", scratch.path])
  }

  @Test(arguments: [[:], ["PROBE_SPAWN": "fork"]]) func aSocketAsStandardInput(way: [String: String]) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["inetd", scratch.path], environment: way)
  }
}
