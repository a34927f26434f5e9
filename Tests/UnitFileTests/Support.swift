import Foundation
import Model
import Testing

@testable import UnitFile

/// Parses a text as the unit file of that name.
func parse(
  _ text: String, name: String = "web.service", strictness: Strictness = .strict, folder: String = "/etc/apus"
) throws -> ParsedUnit {
  try parse(Bytes(text.utf8), name: name, strictness: strictness, folder: folder)
}

func parse(
  _ contents: Bytes, name: String = "web.service", strictness: Strictness = .strict, folder: String = "/etc/apus"
) throws -> ParsedUnit {
  let name = try #require(UnitName(Bytes(name.utf8)))
  let source = UnitSource(
    path: Bytes((folder + "/").utf8) + name.bytes, name: name, contents: contents, strictness: strictness)
  return parseUnit(source, host: testHost)
}

/// The settings of a parsed service.
func service(_ text: String, name: String = "web.service", strictness: Strictness = .strict) throws -> ServiceSettings {
  let parsed = try parse(text, name: name, strictness: strictness)
  guard case .service(let settings) = parsed.unit.kind else { throw NoSuchKind() }
  return settings
}

struct NoSuchKind: Error {}

/// What the vectors were measured on.
let testHost: HostFacts = {
  let host = HostFacts()
  host.hostname = Bytes("oracle.example")
  host.machineID = Bytes("0123456789abcdef0123456789abcdef")
  host.shell = Bytes("/bin/bash")
  return host
}()

/// The file of the tests' own fixtures.
func fixture(_ path: String) throws -> Data {
  try Data(contentsOf: Bundle.module.bundleURL.appendingPathComponent("Fixtures/" + path))
}

extension Bytes {
  init(_ text: String) { self = Bytes(text.utf8) }
}
