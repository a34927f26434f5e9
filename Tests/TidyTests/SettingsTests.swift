import Foundation
import Testing

/// Settings are classes that are compared by hand (`apply` restarts what changed): no setting may be forgotten.
@Suite struct SettingsTests {
  /// The lines of a class, and the names of its stored properties.
  private static func content(_ name: String) throws -> (lines: [Substring], settings: [Substring]) {
    let files = Repository.files(below: "Sources/Model", endings: [".swift"])
    for file in files {
      guard let begin = file.lines.firstIndex(where: { $0.hasPrefix("public final class \(name): ") }) else { continue }
      let lines = file.lines[begin...].prefix { $0 != "}" }.map { Substring($0) }
      let settings = lines.compactMap { line -> Substring? in
        guard line.hasPrefix("  public var "), !line.hasSuffix("{"), !line.hasSuffix("}") else { return nil }
        return line.dropFirst(13).prefix { $0.isLetter || $0.isNumber }
      }
      return (lines, settings)
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// The words of a member that begins with a line of these words, up to its end.
  private static func words(_ lines: [Substring], of member: String) -> Set<Substring> {
    let from = lines.drop { !$0.contains(member) }
    let body = from.prefix(1) + (from.first?.hasSuffix("}") == true ? [] : from.dropFirst().prefix { $0 != "  }" })
    return Set(body.joined(separator: "\n").split { !$0.isLetter && !$0.isNumber })
  }

  @Test(arguments: ["Unit", "ServiceSettings", "ExecSettings", "SocketSettings", "ListenSettings"])
  func everySettingIsCompared(name: String) throws {
    let (lines, settings) = try Self.content(name)
    #expect(settings.count >= 10)
    var compared = Self.words(lines, of: "static func ==")
    for list in ["texts", "commands", "exitStatuses", "streams"] where compared.contains(Substring(list)) {
      compared.formUnion(Self.words(lines, of: "private var \(list):"))
    }
    for setting in settings { #expect(compared.contains(setting), "\(name).\(setting) is not compared") }
  }

  @Test func everySettingIsCopied() throws {
    let (lines, settings) = try Self.content("Unit")
    let copied = Self.words(lines, of: "func copy()")
    for setting in settings { #expect(copied.contains(setting), "Unit.\(setting) is not copied") }
  }
}
