// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func swift(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [])
  -> Target
{
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude,
    swiftSettings: [.enableUpcomingFeature("ExistentialAny")])
}

let package = Package(
  name: "stein",
  products: [.library(name: "stein", type: .dynamic, targets: ["SteinABI", "CStein"])],
  targets: [
    .target(name: "CStein", path: "include", publicHeadersPath: "."),
    .systemLibrary(name: "CArrow", path: "Sources/CArrow"),
    .systemLibrary(name: "CXSMM", path: "Sources/CXSMM", providers: [.apt(["libxsmm-dev"])]),
    .systemLibrary(
      name: "CFFI", path: "Tests/CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
    swift("SteinABI", ["CArrow", "CStein", "Stein", "Execution"]),
    swift("Stein", ["Execution", "Graph", "Kernels"]),
    swift("Execution", ["Graph", "Kernels"]),
    swift("Graph"),
    swift("Kernels", ["CXSMM"]),
    .target(
      name: "TestSupport", dependencies: ["Graph", "Stein", "Execution"], path: "Tests/TestSupport"),
    tests("GraphTests", ["Graph", "TestSupport"]),
    tests("KernelsTests", ["Kernels"]),
    tests("ExecutionTests", ["Execution", "Graph", "Kernels", "TestSupport"]),
    tests("SteinTests", ["Stein", "Execution", "Graph", "TestSupport"]),
    // C globals of libffi, one thread: the checks of Swift 5 serve it.
    .executableTarget(
      name: "abi-probe", dependencies: ["CFFI"], path: "Tests/ABIProbe",
      swiftSettings: [.swiftLanguageMode(.v5)]),
    tests("ABITests", ["CStein", "SteinABI", "abi-probe"]),
  ],
  swiftLanguageModes: [.v6]
)
