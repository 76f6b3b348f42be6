"""The workloads, and how a process that is measured speaks with bench.py. Needs no package."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time

ROWS = 100_000  # of data, from which batches are drawn with replacement
LOG_SIGMA_MIN = -4.6  # of denoising: ln σ is uniform from here to 0
RATE = 1e-3  # Adam's
SIGMA, STEP = 0.1, 1e-3  # of Langevin
# Of pictures: how many there are, the length of their sides, ln σ uniform from LOG_SIGMA_MIN to here, Adam's rate, levels of a sampling.
PICTURES, SIDE, LOG_SIGMA_MAX, PICTURES_RATE, LEVELS = 4096, 28, 2.3, 2e-4, 18


def convolutions(channels: int, *widths: int) -> list[int]:
    """Multiplications of one picture with the weights of each convolution of a U-Net, first to last.

    Two blocks a level on the way down and up, one in the middle. Windows are 3×3, but 1×1 around a block that changes the channels,
    and 2×2 sums of weights see all that 3×3 see of a picture whose pixels were doubled.
    """
    areas = [math.ceil(SIDE / 2**level) ** 2 for level in range(len(widths))]

    def block(area, before, width):
        around = [area * before * width] if before != width else []
        return [9 * area * before * width, 9 * area * width * width, *around]

    found, before = [9 * areas[0] * channels * widths[0]], widths[0]
    for level, (area, width) in enumerate(zip(areas, widths)):
        found += block(area, before, width) + block(area, width, width)
        found += [9 * below * width * width for below in areas[level + 1 : level + 2]]
        before = width
    found += block(areas[-1], before, before)
    for area, width in [*zip(areas, widths)][-2::-1]:
        found += [4 * area * before * width, *block(area, 2 * width, width), *block(area, width, width)]
        before = width
    return [*found, 9 * areas[0] * before * channels]


@dataclasses.dataclass(frozen=True)
class Workload:
    """sizes: widths of the layers from the first inputs to the outputs, or channels of a picture and of each level; batch: rows, or chains."""

    title: str
    kind: str
    sizes: tuple[int, ...]
    batch: int

    @property
    def dimension(self) -> int:
        return self.sizes[0] - 1 if self.kind in ("denoising", "langevin") else self.sizes[0]

    @property
    def products(self) -> list[int]:
        """Multiplications of one row with the weights of each layer, first to last."""
        if self.kind in ("pictures", "heun"):
            return convolutions(*self.sizes)
        return [a * b for a, b in zip(self.sizes, self.sizes[1:])]

    @property
    def operations(self) -> float:
        """Of the matrix products of a step, at the fewest that we know: a product of the batch with every weight is a pass."""
        weights, first = sum(self.products), self.products[0]
        passes = {
            "denoising": 3 * weights - first,  # forward, to the weights, to the inputs but the data
            "sliced": 9 * weights,  # energy, its gradient, one pass of tangents; a gradient of it all costs twice that
            "exact": 3 * (self.sizes[0] + 2) * weights,  # energy, its gradient, D tangents; the same
            "langevin": weights,
            "pictures": 3 * weights - first,
            "heun": weights * (2 * LEVELS - 1) / LEVELS,  # the last step, to 0, is Euler's
        }
        return 2 * self.batch * passes[self.kind]


WORKLOADS = {
    "W1": Workload("denoising, 2-128-128-128-2, batch 512", "denoising", (3, 128, 128, 128, 2), 512),
    "W2": Workload("denoising, 64-512-512-512-64, batch 1,024", "denoising", (65, 512, 512, 512, 64), 1024),
    "W3": Workload("sliced, energy 32-256-256-1, batch 256", "sliced", (32, 256, 256, 1), 256),
    "W4": Workload("exact, energy 10-256-256-1, batch 128", "exact", (10, 256, 256, 1), 128),
    "W5": Workload("denoising, U-Net 28×28×1, 32-64-128 channels, batch 64", "pictures", (1, 32, 64, 128), 64),
    "W6": Workload("Langevin step of 10,000 chains, W1's network", "langevin", (3, 128, 128, 128, 2), 10_000),
    "W6-Heun": Workload("one of 18 Heun steps of 64 pictures, W5's network", "heun", (1, 32, 64, 128), 64),
}


def levels() -> list[float]:
    """Of a sampling of pictures, from the highest down, then 0. Karras et al. (2022), equation 5, with ρ = 7."""
    high, low = (math.exp(end / 7) for end in (LOG_SIGMA_MAX, LOG_SIGMA_MIN))
    return [(high + i / (LEVELS - 1) * (low - high)) ** 7 for i in range(LEVELS)] + [0.0]


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
    run(1)
    count, took = 0, 0.0
    while took < seconds / 4:
        count = max(1, 2 * count)
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
