"""Time a step against the number of ranks on this machine, and what that means over a network.

    ranks.py [--ranks 1 2] [--workloads W1 W2]         starts mpirun by itself

Each rank is a process with one thread and its own rows; gradients are summed by mpi4py's Allreduce. Numbers of ranks take turns, and are
compared within a round; medians. The second table is arithmetic: a ring
sends 2 (n - 1)/n of the gradient's bytes from each rank in 2 (n - 1) messages, on a line of the speed and latency given, while nobody computes.
With local steps weights, moments and average go together, four times the bytes, once in k steps; k is what keeps 90 % of the speed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]
from workloads import WORKLOADS

NETWORKS = {"10 GbE": (1.25e9, 30e-6), "1 GbE": (0.125e9, 60e-6)}  # bytes a second, seconds a message
ROUNDS, TURNS = 5, 3


def measure(name: str, seconds: float) -> None:
    """As one rank; rank 0 prints seconds a step, and of these in the sum."""
    import stein_workloads
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    spent, count = 0.0, 0

    def add(array):
        nonlocal spent, count
        started = time.perf_counter()
        world.Allreduce(MPI.IN_PLACE, array)
        spent, count = spent + time.perf_counter() - started, max(count, array.size)

    made = stein_workloads.trainer(WORKLOADS[name], 1)
    if world.size > 1:
        made.set_allreduce(add, world.rank, world.size)
    made.run(20)
    started = time.perf_counter()
    made.run(20)
    steps = world.bcast(max(20, int(20 * seconds / (time.perf_counter() - started))))
    found = []
    for _ in range(TURNS):
        world.Barrier()
        spent, started = 0.0, time.perf_counter()
        made.run(steps)
        found.append(((time.perf_counter() - started) / steps, spent / steps))
    if world.rank == 0:
        print(json.dumps([found, count]), flush=True)


def run(name: str, ranks: int) -> tuple[list[list[float]], int]:
    command = ["mpirun", "--allow-run-as-root", "--bind-to", "none", "-n", str(ranks), sys.executable, "-m", "mpi4py"]
    # Ranks that wait leave the processor to others; the copies of some kernels are refused in containers.
    calm = {"OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    printed = subprocess.check_output([*command, __file__, "--one", name], text=True, env=os.environ | calm)
    return json.loads(printed.splitlines()[-1])


def ring(bytes_: float, ranks: int, network: str) -> float:
    rate, latency = NETWORKS[network]
    return 2 * (ranks - 1) / ranks * bytes_ / rate + 2 * (ranks - 1) * latency


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--workloads", nargs="+", default=["W1", "W2"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return measure(given.one, 0.5)
    print("| workload | ranks | ms a step | of these in the sum | over one rank |\n|---|---|---|---|---|")
    alone, sizes = {}, {}
    for name in given.workloads:
        rounds: dict[int, list[list[float]]] = {ranks: [] for ranks in given.ranks}
        for _ in range(ROUNDS):
            for ranks in given.ranks:
                found, count = run(name, ranks)
                rounds[ranks].append([statistics.median(column) for column in zip(*found)])
                sizes[name] = max(count, sizes.get(name, 0))
        first = rounds[given.ranks[0]]
        alone[name] = statistics.median(step for step, _ in first)
        for ranks, taken in rounds.items():
            step, waiting = (statistics.median(column) for column in zip(*taken))
            gain = statistics.median(one[0] / own[0] for one, own in zip(first, taken))
            print(f"| {name} | {ranks} | {1e3 * step:.3g} | {1e3 * waiting:.2g} | {gain:.2f} |", flush=True)
    print("\n| workload | numbers in a sum | network | ranks | ms in the sum | over one rank | local_steps for 90 % |\n|" + "---|" * 7)
    for name, count in sizes.items():
        for network in NETWORKS if count else ():
            for ranks in (2, 4, 8, 16):
                sent = ring(4 * count, ranks, network)
                compute = alone[name] / ranks
                local = math.ceil(9 * ring(16 * count, ranks, network) / compute)
                faster = alone[name] / (compute + sent)
                print(f"| {name} | {count:,} | {network} | {ranks} | {1e3 * sent:.3g} | {faster:.2f} | {local} |")


if __name__ == "__main__":
    main()
