import Foundation
import Testing

extension SystemTests {
  /// How big it is.
  @Suite struct Sizes {
    static let limit = 1_024_000

    @Test(.enabled(if: (try? Binary.isStatic()) == true, "APUS_BINARY is not the static release"))
    func theStaticBinary() throws {
      let path = try Binary.path()
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
      #expect(size < Self.limit, "\(size) bytes")
      print("static binary: \(size) bytes")
    }

    @Test func residentWithAHundredServices() throws {
      let finished = try runToEnd([Machine.root + "/Tests/tools/pss.sh", try Binary.path(), "100"], within: 40)
      #expect(finished.status == 0, "\(finished.stderr)")
      let match = try #require(finished.stdout.firstMatch(of: /PSS with 100 services: ([0-9]+) kB/), "\(finished.stdout)")
      print(finished.stdout, terminator: "")
      // An aim of the design is 1 MB; a leak or a table gone wild is a defect.
      if try Binary.isStatic() { #expect((Int(match.1) ?? .max) < 4096) }
    }
  }
}
