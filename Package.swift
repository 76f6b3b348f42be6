// swift-tools-version: 6.2
import PackageDescription

// AVX2, fused multiply-add and what else x86-64-v3 has, for all of Swift, which passes vectors
// between targets. CGate alone is for every x86-64: it looks at the processor before anything else
// runs.
let vectors: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// What makes the shared library one file for any host: Swift's runtime inside, only the header's
// names outside (exports.map is generated), a handler of libxsmm's held back (version.c).
// Sanitizers bring a runtime of their own, and valgrind wants symbols.
let isSanitized = Context.environment["STEIN_SANITIZED"] != nil
let keepsSymbols = Context.environment["STEIN_SYMBOLS"] != nil
let link = [
  "--version-script=\(Context.packageDirectory)/Sources/CGate/exports.map", "-soname=libstein.so.0",
  "-z", "nodelete", "--wrap=atexit", "--gc-sections",
]
let shared: [LinkerSetting] =
  isSanitized
  ? []
  : [
    .unsafeFlags(
      ["-static-stdlib"] + (link + (keepsSymbols ? [] : ["-s"])).flatMap { ["-Xlinker", $0] },
      .when(configuration: .release))
  ]

func swift(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict + vectors)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude,
    swiftSettings: [.enableUpcomingFeature("ExistentialAny")] + vectors)
}

let package = Package(
  name: "stein",
  products: [.library(name: "stein", type: .dynamic, targets: ["SteinABI", "CGate", "CStein"])],
  targets: [
    // No other target depends on it, so that its settings are those of the shared library alone.
    .target(
      name: "CGate", exclude: ["exports.map"], cSettings: [.unsafeFlags(["-march=x86-64"])],
      linkerSettings: shared),
    .target(name: "CStein", cSettings: [.unsafeFlags(["-march=x86-64-v3"])]),
    .systemLibrary(name: "CArrow", path: "Sources/CArrow"),
    .systemLibrary(name: "CXSMM", path: "Sources/CXSMM", providers: [.apt(["libxsmm-dev"])]),
    .systemLibrary(
      name: "CFFI", path: "Tests/CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
    swift("SteinABI", ["CArrow", "CStein", "Stein", "Platform"]),
    swift("Stein", ["Chains", "Diagnostics", "Sampling", "Learning", "Models", "Data", "Core"]),
    swift("Chains", ["Diagnostics", "Models", "Core", "Platform", "Kernels"]),
    swift("Diagnostics", ["Models", "Core", "Platform", "Kernels"]),
    swift("Sampling", ["Models", "Core", "Platform", "Kernels"]),
    swift("Learning", ["Models", "Data", "Core", "Execution", "Platform", "Graph", "Kernels"]),
    swift("Models", ["Data", "Core", "Execution", "Platform", "Graph", "Kernels"]),
    swift("Data", ["Core", "Platform", "Kernels"]),
    swift("Core", ["Platform", "Kernels"]),
    swift("Execution", ["Platform", "Graph", "Kernels"]),
    swift("Platform", ["Kernels"]),
    swift("Graph"),
    swift("Kernels", ["CXSMM"]),
    .target(
      name: "TestSupport", dependencies: ["Graph", "Stein", "Execution", "Platform"],
      path: "Tests/TestSupport",
      swiftSettings: vectors),
    tests("GraphTests", ["Graph", "TestSupport"]),
    tests("KernelsTests", ["Kernels"]),
    tests("ExecutionTests", ["Execution", "Platform", "Graph", "Kernels", "TestSupport"]),
    tests("SteinTests", ["Stein", "Execution", "Platform", "Graph", "TestSupport"]),
    // C globals of libffi, one thread: the checks of Swift 5 serve it.
    .executableTarget(
      name: "abi-probe", dependencies: ["CFFI"], path: "Tests/ABIProbe",
      swiftSettings: [.swiftLanguageMode(.v5)]),
    tests("ABITests", ["CStein", "SteinABI", "abi-probe"]),
  ],
  swiftLanguageModes: [.v6]
)
