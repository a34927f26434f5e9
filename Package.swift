// swift-tools-version: 6.2
// apus has no package dependency: the binary is the product (Sources/ARCHITECTURE.md).
//
// Two builds of one source:
//   swift build                                                        ordinary Swift, every platform of ours
//   swift build -c release --traits Embedded --scratch-path .build-embedded   the static release below 1 MB
//
// The `Planted` trait compiles the planted bugs of Tests/SimulatedKernel in; no release has it.

import PackageDescription

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The toolchain's folder usr/lib/swift. The manifest's own process has libPackageDescription.so mapped from
/// usr/lib/swift/pm, so /proc/self/maps tells where the toolchain is.
func toolchainLibraryFolder() -> String? {
  guard let file = fopen("/proc/self/maps", "r") else { return nil }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 8192)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    guard let path = text.split(separator: " ").last, let end = path.firstRange(of: "/swift/pm/") else { continue }
    return path[..<end.lowerBound] + "/swift"
  }
  return nil
}

let embedded: BuildSettingCondition = .when(traits: ["Embedded"])

let swiftSettings: [SwiftSetting] = [
  // As plain flags: `.enableExperimentalFeature` under a trait reaches the ordinary link too (6.3.1), which then leaves
  // out the runtime's registration of types.
  .unsafeFlags(["-enable-experimental-feature", "Embedded"], embedded),
  .enableExperimentalFeature("Lifetimes"),
  .unsafeFlags(["-wmo", "-Osize", "-Xfrontend", "-disable-stack-protector", "-Xfrontend", "-function-sections"], embedded),
  // Machine code is made by the linker, of all modules at once (`linkerSettings`): the objects hold bitcode under the names
  // that SwiftPM expects, which the driver's own `-lto` would not give them.
  .unsafeFlags(["-Xfrontend", "-lto=llvm-full", "-Xfrontend", "-emit-bc"], embedded),
  // The optimiser of Swift inlines the standard library's small functions at every call, for speed, even with -Osize.
  // Without it: 954 KB -> 877 KB; what the language itself must inline is another pass.
  .unsafeFlags(["-Xllvm", "-sil-disable-pass=inline"], embedded),
  // Nor are functions made once more for each closure or captured value they are called with, loops for each kind of array, and
  // signatures for what callers happen to know; values end with their last use; traps of one function are one. 30 KB.
  .unsafeFlags(
    [
      "closure-specialize", "capture-prop", "array-property-opt", "cow-array-opt", "loop-unroll", "loop-rotate",
      "jumpthread-simplify-cfg", "function-signature-opts",
    ].flatMap { ["-Xllvm", "-sil-disable-pass=\($0)"] }
      + ["-enable-lexical-lifetimes=false", "-enable-copy-propagation", "-mergeable-traps"].flatMap { ["-Xfrontend", $0] },
    embedded),
  // SwiftPM keeps a frame pointer in every function (-Xcc -fno-omit-frame-pointer, after these flags); clang's own option wins.
  .unsafeFlags(["-Xclang", "-mframe-pointer=none"].flatMap { ["-Xcc", $0] }, embedded),
  // Embedded Swift's check of exclusive access is an empty function (6.3.1); the ordinary build checks.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], embedded),
  .define("PLANTED", .when(traits: ["Planted"])),
  .treatAllWarnings(as: .error),
]

/// Tools of the tests are ordinary Swift: `swift build` makes them with everything else, so in the Embedded build they are
/// empty (`#if !EMBEDDED` around each file).
let toolSettings: [SwiftSetting] = [
  .define("EMBEDDED", embedded),
  .define("PLANTED", .when(traits: ["Planted"])),
]

let cSettings: [CSetting] = [
  .define("_GNU_SOURCE"),
  .unsafeFlags(["-Wall", "-Wextra", "-Werror"]),
  // child.c runs where neither the C library nor its thread-local may be touched (Tests/LinuxTests reads its symbols).
  .unsafeFlags(["-fno-stack-protector", "-fno-builtin"]),
  // The static release brings what it needs of a C library itself (Sources/CLinux/freestanding).
  .define("APUS_FREESTANDING", to: "1", embedded),
  .unsafeFlags(["-Os", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables"], embedded),
]

let toolchain = toolchainLibraryFolder()

let linkerSettings: [LinkerSetting] = [
  .unsafeFlags(
    ["-enable-experimental-feature", "Embedded", "-Xclang-linker", "-static", "-Xclang-linker", "-nostdlib"]
      // The toolchain's own linker folds functions that are equal.
      + ["-use-ld=lld", "-Xlinker", "--icf=all", "-Xlinker", "--gc-sections", "-Xlinker", "-s", "-Xlinker", "--build-id=none"]
      + ["-Xlinker", "-O2", "-Xlinker", "--no-rosegment", "-Xlinker", "-znorelro", "-Xlinker", "--no-eh-frame-hdr"]
      // Nobody shares Swift's objects: apus has one thread, and what a child does in the same memory is C, which is compiled
      // by itself: its atomics, of the handler of crashes, must stay. Reference counts need no locked instructions then (3 KB, and time).
      + ["-Xlinker", "--lto-newpm-passes=function(lower-atomic),lto<O2>"]
      // Across all modules: nothing is inlined that makes its caller larger. Making functions of equal runs of instructions
      // (-enable-machine-outliner) saves 30 KB more, and costs a quarter of the processor time of a connection.
      + (["-inline-threshold=0"]
      // What makes code faster by making it longer stays away, each measured alone: blocks that are placed for their
      // frequency (5 KB), tails that are copied into their predecessors (2 KB), reduced strengths in loops (2 KB);
      // functions that differ in constants alone become one (2 KB). Together 12 KB.
      + ["-disable-block-placement", "-disable-tail-duplicate", "-disable-early-taildup", "-disable-lsr"]
      + ["-enable-global-merge-func", "-enable-merge-functions", "-tail-merge-size=2"]
      // Registers are dear, so what is reckoned ahead, or kept to be used again, is spilt and loaded: out of loops (8 KB),
      // over branches (3 KB); switches are trees of comparisons instead of tables (8 KB). Together with the two that follow
      // 22 KB; reading a crontab expression takes as long as before.
      + ["-disable-machine-licm", "-disable-machine-cse", "-enable-pre=false", "-min-jump-table-entries=1000"]
      + ["-split-spill-mode=size", "-enable-misched=false"]
      // Short texts are compared by a call, not by eight bytes at a time that stand in the code (3 KB).
      + ["-max-loads-per-memcmp-opt-size=0", "-disable-constant-hoisting"]
      // A call is dearer than the inliner thinks, and so is an instruction beside it (4 KB).
      + ["-inline-instr-cost=8", "-inline-call-penalty=36"])
      .flatMap { ["-Xlinker", "-mllvm", "-Xlinker", $0] }
      // Embedded Swift's Unicode tables.
      + (toolchain.map { ["-Xlinker", "-L\($0)/embedded/x86_64-unknown-linux-gnu", "-lswiftUnicodeDataTables"] } ?? []),
    embedded)
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: swiftSettings)
}

let package = Package(
  name: "apus",
  products: [.executable(name: "apus", targets: ["apus"])],
  traits: [
    .trait(name: "Embedded", description: "the static release below 1 MB"),
    .trait(name: "Planted", description: "the planted bugs, for the simulator's own test"),
  ],
  targets: [
    .target(name: "CLinux", path: "Sources/CLinux", cSettings: cSettings),
    module("Model", []),
    module("Calendar", ["Model"]),
    module("UnitFile", ["Model", "Calendar"]),
    module("Supervision", ["Model", "Calendar"]),
    module("Wire", ["Model"]),
    module("Runtime", ["Model", "Calendar", "UnitFile", "Supervision", "Wire"]),
    module("Linux", ["Model", "Runtime", "CLinux"]),
    .executableTarget(
      name: "apus",
      dependencies: ["Model", "Calendar", "UnitFile", "Supervision", "Wire", "Runtime", "Linux", "CLinux"],
      path: "Sources/apus", swiftSettings: swiftSettings, linkerSettings: linkerSettings),

    // Tests are ordinary Swift (Foundation allowed); the simulator is a library so that tests and the replay command share it.
    .testTarget(name: "ModelTests", dependencies: ["Model"], path: "Tests/ModelTests"),
    .testTarget(name: "CalendarTests", dependencies: ["Model", "Calendar"], path: "Tests/CalendarTests", resources: [.copy("Fixtures")]),
    .testTarget(
      name: "UnitFileTests", dependencies: ["Model", "Calendar", "UnitFile"], path: "Tests/UnitFileTests", resources: [.copy("Fixtures")]),
    .testTarget(name: "WireTests", dependencies: ["Model", "Wire"], path: "Tests/WireTests", exclude: ["Golden"]),
    .testTarget(
      name: "ClientTests", dependencies: ["Model", "Wire", "Linux", "apus"], path: "Tests/ClientTests", exclude: ["Golden"]),
    .testTarget(
      name: "SupervisionTests", dependencies: ["Model", "Calendar", "Supervision", "Runtime"], path: "Tests/SupervisionTests",
      resources: [.copy("Fixtures")]),
    .target(
      name: "SimulatedKernel", dependencies: ["Model", "Calendar", "UnitFile", "Supervision", "Wire", "Runtime"],
      path: "Tests/SimulatedKernel", exclude: ["NotReached.txt"], swiftSettings: toolSettings),
    .executableTarget(
      name: "simulate", dependencies: ["SimulatedKernel"], path: "Tests/simulate", swiftSettings: toolSettings,
      // The release's objects are the linker's to compile.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"], embedded)]),
    .testTarget(
      name: "SimulationTests", dependencies: ["SimulatedKernel", "Runtime", "Supervision", "UnitFile", "Model"],
      path: "Tests/SimulationTests"),
    .executableTarget(
      name: "kernel-probe", dependencies: ["Model", "Runtime", "Linux"], path: "Tests/kernel-probe",
      // It has CLinux's start code in the release, so there it must be linked as the release is.
      swiftSettings: toolSettings + [
        .unsafeFlags(["-enable-experimental-feature", "Embedded", "-wmo", "-Xfrontend", "-disable-stack-protector"], embedded)
      ],
      linkerSettings: linkerSettings),
    .executableTarget(
      name: "benchmarks", dependencies: ["Model", "Calendar", "UnitFile", "Supervision"], path: "Tests/Benchmarks",
      exclude: ["run", "inetd", "inetd-line.c", "inetd-loop.c"],
      swiftSettings: toolSettings,
      linkerSettings: [.unsafeFlags(["-use-ld=lld"], embedded)]),
    .testTarget(name: "LinuxTests", dependencies: ["Model", "Linux", "kernel-probe"], path: "Tests/LinuxTests"),
    .testTarget(name: "SystemTests", dependencies: [], path: "Tests/SystemTests", exclude: ["Fixtures"]),
    .testTarget(name: "TidyTests", dependencies: [], path: "Tests/TidyTests"),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
