import Foundation
import Platform
import Testing

/// The quotas of control groups, on folders that stand for `/`.
@Suite struct ProcessorQuotaTests {
  /// The quota with these files under a root of their own.
  private func quota(_ files: [String: String]) throws -> Int? {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return processorQuota(root: root.path)
  }

  private let second = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
  private let first = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

  @Test(arguments: [
    ("max 100000\n", nil), ("100000 100000\n", 1), ("100001 100000\n", 2), ("150000 100000\n", 2),
    ("250000 100000\n", 3), ("1000 100000\n", 1), ("50000 20000\n", 3), ("", nil), ("-1 -1", nil),
    ("9223372036854775807 1", Int.max), ("x 100000", nil), ("100000 0", nil), ("100000", nil),
  ])
  func versionTwo(max: String, expected: Int?) throws {
    #expect(
      try quota([
        "proc/self/cgroup": "0::/a.slice/b.service\n", "proc/self/mountinfo": second,
        "sys/fs/cgroup/a.slice/b.service/cpu.max": max,
      ]) == expected)
  }

  /// The least on the way up counts, wherever it stands.
  @Test func nested() throws {
    let quotas = ["max 100000", "350000 100000", "700000 100000", "1200000 100000"]
    for turn in 0 ..< 4 {
      var files = ["proc/self/cgroup": "0::/a/b/c\n", "proc/self/mountinfo": second]
      for (depth, folder) in ["", "/a", "/a/b", "/a/b/c"].enumerated() {
        files["sys/fs/cgroup\(folder)/cpu.max"] = quotas[(depth + turn) % 4]
      }
      #expect(try quota(files) == 4)
    }
  }

  @Test func versionOne() throws {
    let groups = "9:name=systemd:/x\n5:cpuset:/y\n4:cpu,cpuacct:/docker/0f\n0::/\n"
    let folder = "sys/fs/cgroup/cpu,cpuacct"
    func files(_ quota: String, _ above: String) -> [String: String] {
      [
        "proc/self/cgroup": groups, "proc/self/mountinfo": first,
        "\(folder)/docker/0f/cpu.cfs_quota_us": quota + "\n",
        "\(folder)/docker/0f/cpu.cfs_period_us": "100000\n",
        "\(folder)/docker/cpu.cfs_quota_us": above + "\n",
        "\(folder)/docker/cpu.cfs_period_us": "50000\n",
      ]
    }
    #expect(try quota(files("-1", "-1")) == nil)
    #expect(try quota(files("230000", "-1")) == 3)
    #expect(try quota(files("-1", "75000")) == 2)
    #expect(try quota(files("230000", "75000")) == 2)
  }

  /// A container sees its own group as the top: as the root of the mount, or by a path that is not
  /// below it.
  @Test func containers() throws {
    let mount = "33 31 0:30 /docker/0f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
    for group in ["/docker/0f", "/docker/0f/inner", "/elsewhere", "/"] {
      #expect(
        try quota([
          "proc/self/cgroup": "4:cpu:\(group)\n", "proc/self/mountinfo": mount,
          "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000",
          "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        ]) == 2, "\(group)")
    }
    for group in ["/", "/../other", "/gone/x"] {
      #expect(
        try quota([
          "proc/self/cgroup": "0::\(group)\n", "proc/self/mountinfo": second,
          "sys/fs/cgroup/cpu.max": "150000 100000",
        ]) == 2, "\(group)")
    }
  }

  /// A mount at a place with a blank, beside mounts of other kinds; both versions at once.
  @Test func mixed() throws {
    let mounts =
      "22 1 8:1 / / rw - ext4 /dev/root rw\n"
      + "40 22 0:40 / /a\\040place/two rw shared:3 master:1 - cgroup2 none rw\n"
      + "32 31 0:29 / /cpuset rw - cgroup cgroup rw,cpuset\nshort line\n\n" + first
    #expect(
      try quota([
        "proc/self/cgroup": "4:cpu,cpuacct:/one\n0::/two/of:them\n", "proc/self/mountinfo": mounts,
        "a place/two/two/of:them/cpu.max": "500000 100000", "cpuset/cpu.cfs_quota_us": "1",
        "sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_quota_us": "600000",
        "sys/fs/cgroup/cpu,cpuacct/one/cpu.cfs_period_us": "100000",
      ]) == 5)
  }

  /// The usual places serve where the mounts are not told of.
  @Test func unlisted() throws {
    #expect(
      try quota(["proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "200000 100000"]) == 2)
    #expect(try quota(["sys/fs/cgroup/cpu.max": "200000 100000"]) == 2)
    #expect(
      try quota([
        "proc/self/cgroup": "2:cpu:/b\n", "sys/fs/cgroup/cpu/b/cpu.cfs_quota_us": "200000\n",
        "sys/fs/cgroup/cpu/b/cpu.cfs_period_us": "100000\n",
      ]) == 2)
  }

  @Test func nothing() throws {
    #expect(try quota([:]) == nil)
    #expect(try quota(["proc/self/cgroup": "\n::\n:", "proc/self/mountinfo": " - \n-\n"]) == nil)
    #expect(usableProcessors(root: "/nowhere") >= 1)
  }
}
