import Foundation

/// The small C helpers of Tests/tools, compiled with `cc` at first use, static, so that they run in any root folder.
enum Tools {
  private static let folder: String = {
    var template = Array("/tmp/apus-tools-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { return "/tmp" }
    let path = String(cString: made)
    chmod(path, 0o755)
    atexit { try? FileManager.default.removeItem(atPath: Tools.folder) }
    return path
  }()

  static func path(_ name: String) throws -> String {
    let path = folder + "/" + name
    if access(path, X_OK) == 0 { return path }
    let source = Machine.root + "/Tests/tools/\(name).c"
    guard access(source, R_OK) == 0 else { throw Failure("there is no Tests/tools/\(name).c") }
    // Compiled beside and renamed, so that a half-written helper is never run.
    let compiled = try runToEnd(["cc", "-O1", "-static", "-D_GNU_SOURCE", "-o", path + ".new", source], within: 60)
    guard compiled.status == 0 else { throw Failure("cc \(source): \(compiled.stderr)") }
    rename(path + ".new", path)
    return path
  }

  static func has(_ name: String) -> Bool { access(Machine.root + "/Tests/tools/\(name).c", R_OK) == 0 }
}
