"""This tree's library against another commit's on the same workloads.

    check.py --base FOLDER [--pairs 60] [--workloads W1 W2] [--limit 0.97] [--busy]        make bench-check BASE=commit

Two warm processes a workload, one of each library, take turns: a pair is a turn of both, and which of them
begins alternates. Both are started anew after every tenth pair, since where a process lies in memory decides a
few percent. The figure is the median over the pairs of the ratio of speeds, with the 95 % interval that order
statistics give: of n pairs the k-th smallest and the k-th largest ratio, where k is the largest number with

    P(Binomial(n, 1/2) < k) <= 0.025

It fails where the lower end is not above the limit. --busy: for a machine that others use, one thread, and speeds by the time that the
process had a processor.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = {"W2": 0.5, "W5": 0.6}
PAIRS_OF_A_PROCESS = 10


class Side:
    """A process that runs a workload with the library and the binding of a tree."""

    def __init__(self, tree: pathlib.Path, workload: str, threads: int, busy: bool) -> None:
        self.busy = busy
        seconds = str(SECONDS.get(workload, 0.25))
        command = [sys.executable, str(HERE / "stein_workloads.py"), "--workload", workload, "--threads", str(threads)]
        own = {"STEIN_LIBRARY": str(tree / "build/lib/libstein.so"), "PYTHONPATH": str(tree / "bindings/python")}
        self.process = subprocess.Popen(
            [*command, "--seconds", seconds], env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{workload} does not run with {tree}")

    def turn(self) -> float:
        started, before = time.perf_counter(), self.processor_seconds()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        speed = float(self.process.stdout.readline().split()[0].partition("=")[2])
        took = time.perf_counter() - started
        return speed * took / (self.processor_seconds() - before) if self.busy else speed

    def processor_seconds(self) -> float:
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def rank(count: int) -> int:
    """k of the interval from the k-th smallest to the k-th largest; 0 where there are too few for 95 %."""
    below, k = 0.0, 0
    while (below := below + math.comb(count, k) / 2**count) <= 0.025:
        k += 1
    return k


def ratios(given: argparse.Namespace, workload: str) -> list[float]:
    found: list[float] = []
    while len(found) < given.pairs:
        base, own = (Side(tree, workload, given.threads, given.busy) for tree in (given.base, HERE.parent))
        for number in range(min(PAIRS_OF_A_PROCESS, given.pairs - len(found))):
            if number % 2:
                mine, other = own.turn(), base.turn()
            else:
                other, mine = base.turn(), own.turn()
            found.append(mine / other)
        base.stop()
        own.stop()
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--limit", type=float, default=0.97)
    parser.add_argument("--workloads", nargs="+", default=["W1", "W2", "W3", "W4", "W5", "W6"])
    parser.add_argument("--busy", action="store_true")
    given = parser.parse_args()
    given.threads = 1 if given.busy else given.threads
    k, slow = rank(given.pairs), []
    if k == 0:
        parser.error("6 pairs or more make an interval")
    print("| workload | pairs | median ratio of steps/s | 95 % interval |\n|---|---|---|---|", flush=True)
    for workload in given.workloads:
        found = ratios(given, workload)
        low, high = found[k - 1], found[-k]
        print(f"| {workload} | {given.pairs} | {statistics.median(found):.3f} | {low:.3f} to {high:.3f} |", flush=True)
        if low <= given.limit:
            slow.append(workload)
    print(f"slower than {given.limit}: {', '.join(slow)}" if slow else f"each interval lies above {given.limit}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
