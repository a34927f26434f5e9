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

  @Test(arguments: [[:], ["PROBE_SPAWN": "fork"]]) func aSocketAsStandardInput(way: [String: String]) throws {
    let scratch = try Scratch()
    try ProbeRunner.expectRight(["inetd", scratch.path], environment: way)
  }
}
