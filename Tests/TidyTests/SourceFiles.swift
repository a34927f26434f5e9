import Foundation

/// A text file of the repository, by its path from the root.
struct SourceFile {
  let path: String
  let lines: [String]
}

/// The repository as the rules see it.
enum Repository {
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// Every file below `folder` whose name ends in one of `endings`; build folders and fixtures are left out.
  static func files(below folder: String, endings: [String]) -> [SourceFile] {
    let base = root + (folder.isEmpty ? "" : "/" + folder)
    guard let walk = FileManager.default.enumerator(atPath: base) else { return [] }
    var result: [SourceFile] = []
    for case let name as String in walk {
      let first = name.split(separator: "/").first.map(String.init) ?? name
      if folder.isEmpty, first.hasPrefix(".build") || first == ".git" {
        walk.skipDescendants()
        continue
      }
      if name.contains("/Fixtures/") { continue }
      guard endings.contains(where: { name.hasSuffix($0) }), let data = FileManager.default.contents(atPath: base + "/" + name) else {
        continue
      }
      let text = String(decoding: data, as: UTF8.self)
      let path = folder.isEmpty ? name : folder + "/" + name
      result.append(SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)))
    }
    return result.sorted { $0.path < $1.path }
  }

  static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: root + "/" + path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
