import Glibc
import Kernels

/// How many processors this process may keep busy: those it may run on, and no more than its quota.
///
/// A container or a service with a quota sees every processor of its machine, and threads beyond
/// the quota only wait for each other.
///
/// `root`: the folder that `/` stands for.
package func usableProcessors(root: String = "") -> Int {
  max(1, min(availableProcessors(), processorQuota(root: root) ?? .max))
}

/// The processors that the control groups of this process allow it, rounded up; nil without a
/// quota.
///
///     ⌈quota / period⌉, the least on the way from the process's group to the top
///
/// A group binds those below it. Version 2 has both numbers in cpu.max, version 1 in
/// cpu.cfs_quota_us and cpu.cfs_period_us (Linux, Documentation/admin-guide/cgroup-v2.rst and
/// scheduler/sched-bwc.rst).
package func processorQuota(root: String) -> Int? {
  let groups = smallText(root + "/proc/self/cgroup")
  let mounts = smallText(root + "/proc/self/mountinfo")
  return groupMounts(groups: groups, mounts: mounts + usualMounts)
    .flatMap { mount in mount.folders.compactMap { quota(of: root + $0, version: mount.version) } }
    .min()
}

/// Where control groups are, also where the list of mounts can't be read or does not tell.
private let usualMounts = """

  0 0 0:0 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
  0 0 0:0 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
  0 0 0:0 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu

  """

/// A tree of control groups where it is mounted, and the process's group in it.
struct GroupMount: Equatable {
  let version: Int
  /// From the process's group up to the top that is mounted.
  let folders: [String]
}

/// What /proc/self/cgroup ("4:cpu,cpuacct:/a/b", of version 2 "0::/a/b") and /proc/self/mountinfo
/// say together.
func groupMounts(groups: String, mounts: String) -> [GroupMount] {
  func group(where holds: (Substring) -> Bool) -> String? {
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      if parts.count == 3, holds(parts[1]) { return String(parts[2]) }
    }
    return nil
  }
  let own = [
    1: group { $0.split(separator: ",").contains("cpu") }, 2: group { $0.isEmpty },
  ]
  let lines: [Substring] = mounts.split(separator: "\n")
  return lines.compactMap { line -> GroupMount? in
    // "32 31 0:29 ROOT PLACE options optional... - TYPE source options"
    let fields = line.split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
      return nil
    }
    let version: Int
    switch fields[dash + 1] {
    case "cgroup2": version = 2
    case "cgroup" where fields[dash + 3].split(separator: ",").contains("cpu"): version = 1
    default: return nil
    }
    let own = (own[version] ?? nil) ?? "/"
    let place = unescaped(fields[4])
    let below = path(of: own, below: unescaped(fields[3]))
    return GroupMount(
      version: version,
      folders: (0 ... below.count).reversed().map { count in
        below.prefix(count).reduce(place) { $0 + "/" + $1 }
      })
  }
}

/// The names from the mounted group down to the process's; none if that lies elsewhere, as in a
/// container whose view begins below.
private func path(of group: String, below mounted: String) -> [Substring] {
  let names = group.split(separator: "/")
  let above = mounted.split(separator: "/")
  guard !names.contains(".."), names.starts(with: above) else { return [] }
  return Array(names.dropFirst(above.count))
}

/// A blank in a path stands there as \040.
private func unescaped(_ text: Substring) -> String {
  var bytes: [UInt8] = []
  var rest = text.utf8
  while let byte = rest.popFirst() {
    let digits = rest.prefix(3)
    if byte == UInt8(ascii: "\\"), digits.count == 3,
      let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    {
      bytes.append(code)
      rest = rest.dropFirst(3)
    } else {
      bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Of one group; nil for "max", -1 and what can't be read.
private func quota(of folder: String, version: Int) -> Int? {
  let text =
    version == 2
    ? smallText(folder + "/cpu.max")
    : smallText(folder + "/cpu.cfs_quota_us") + " " + smallText(folder + "/cpu.cfs_period_us")
  let numbers = text.split { $0 == " " || $0 == "\n" }.map { Int($0) }
  guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0
  else { return nil }
  return (quota - 1) / period + 1
}

/// A file of the system's as text; "" for what can't be read.
private func smallText(_ path: String) -> String {
  let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var text: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 1 << 14)
  while text.count < 1 << 22 {
    let got = unsafe part.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    if got < 0, errno == EINTR { continue }
    guard got > 0 else { break }
    text += part[..<got]
  }
  return String(decoding: text, as: UTF8.self)
}
