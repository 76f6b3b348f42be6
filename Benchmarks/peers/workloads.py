"""The workloads, and how a process that is measured speaks with bench.py. Needs no package."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

ROWS = 100_000  # of data, from which batches are drawn with replacement
LOG_SIGMA_MIN = -4.6  # of denoising: ln σ is uniform from here to 0
RATE = 1e-3  # Adam's
SIGMA, STEP = 0.1, 1e-3  # of Langevin


@dataclasses.dataclass(frozen=True)
class Workload:
    """sizes: widths of the layers from the first inputs to the outputs; batch: rows, or chains."""

    title: str
    kind: str
    sizes: tuple[int, ...]
    batch: int

    @property
    def dimension(self) -> int:
        return self.sizes[0] - 1 if self.kind in ("denoising", "langevin") else self.sizes[0]

    @property
    def operations(self) -> int:
        """Of the matrix products of a step, at the fewest that we know: a product of the batch with every weight is a pass."""
        weights = sum(a * b for a, b in zip(self.sizes, self.sizes[1:]))
        first = self.sizes[0] * self.sizes[1]
        passes = {
            "denoising": 3 * weights - first,  # forward, to the weights, to the inputs but the data
            "sliced": 9 * weights,  # energy, its gradient, one pass of tangents; a gradient of it all costs twice that
            "exact": 3 * (self.sizes[0] + 2) * weights,  # energy, its gradient, D tangents; the same
            "langevin": weights,
        }
        return 2 * self.batch * passes[self.kind]


WORKLOADS = {
    "W1": Workload("denoising, 2-128-128-128-2, batch 512", "denoising", (3, 128, 128, 128, 2), 512),
    "W2": Workload("denoising, 64-512-512-512-64, batch 1,024", "denoising", (65, 512, 512, 512, 64), 1024),
    "W3": Workload("sliced, energy 32-256-256-1, batch 256", "sliced", (32, 256, 256, 1), 256),
    "W4": Workload("exact, energy 10-256-256-1, batch 128", "exact", (10, 256, 256, 1), 128),
    "W6": Workload("Langevin step of 10,000 chains, W1's network", "langevin", (3, 128, 128, 128, 2), 10_000),
}


def arguments(kind: str | None = None) -> argparse.Namespace:
    """--workload, --mode, --threads, --seconds; the workload as a value."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workload", choices=[n for n, w in WORKLOADS.items() if kind in (None, w.kind)], required=True)
    parser.add_argument("--mode", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    given.workload = WORKLOADS[given.workload]
    return given


def resident_megabytes() -> float:
    """Most memory that this process has held at once."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def serve(run, seconds: float, unit: int = 1) -> None:
    """Warms up; then answers every line of standard input with the speed of run(n), n times `unit` steps, over about `seconds`.

    run returns when all steps are done.
    """
    run(2)
    count, took = 1, 0.0
    while took < seconds / 4:
        count = 2 * count
        started = time.perf_counter()
        run(count)
        took = time.perf_counter() - started
    count = max(1, round(count * seconds / took))
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        run(count)
        speed = count * unit / (time.perf_counter() - started)
        print(f"steps_per_s={speed:.6g} resident_mb={resident_megabytes():.1f}", flush=True)
