import Foundation
import Testing

/// What the static release has instead of a C library: the allocator and the copying, in a C program beside this machine's.
@Suite struct FreestandingTests {
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  private func run(_ command: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  /// Random blocks with patterns in them, the lists' invariants, alignments, no memory, what stays resident, and every length
  /// and overlap of a copy.
  @Test func allocatorAndCopying() throws {
    let program = NSTemporaryDirectory() + "apus-freestanding-\(getpid())"
    defer { unlink(program) }
    let source = Self.root + "/Tests/tools/freestanding.c"
    let compiled = try run(["cc", "-O2", "-Wall", "-Wextra", "-fno-builtin", "-D_GNU_SOURCE", "-o", program, source])
    try #require(compiled.status == 0, "\(compiled.output)")
    for seed in 1...3 {
      let finished = try run([program, "check", "\(seed)", "60000"])
      #expect(finished.status == 0, "seed \(seed): \(finished.output)")
    }
  }
}
