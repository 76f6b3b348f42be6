"""What a training step takes, in time and memory, as one thing grows: the batch, the width, the depth, the columns.

    cost.py [--limit 8]

Each cell is a process of its own, so that its memory can be read: milliseconds a step on two threads, the best of five repetitions, and
the megabytes by which the process grew from before the data set to its most. Exponents are slopes of a straight line through the
logarithms of the last three values. What would take more than `limit` seconds is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import numpy as np

BASE = {"batch": 256, "width": 128, "depth": 2, "columns": 10}
AXES = {
    "batch": (64, 256, 1024, 4096),
    "width": (64, 128, 256, 512, 1024),
    "depth": (1, 2, 4, 8, 16),
    "columns": (2, 5, 10, 20, 50, 100, 200, 500, 1000),
}
METHODS = {
    "score denoising": ("score_mlp", "denoising"),
    "score sliced_vr": ("score_mlp", "sliced_vr"),
    "score exact": ("score_mlp", "exact"),
    "energy denoising": ("energy_mlp", "denoising"),
    "energy sliced_vr": ("energy_mlp", "sliced_vr"),
    "energy finite_difference": ("energy_mlp", "finite_difference"),
    "energy exact": ("energy_mlp", "exact"),
}


def megabytes(field: str) -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def measure(method: str, limit: float, batch: int, width: int, depth: int, columns: int) -> None:
    """Prints the figures of one cell, or nothing."""
    import stein

    family, objective = METHODS[method]
    rows = np.random.default_rng(0).standard_normal((2000, columns)).astype(np.float32)
    before = megabytes("VmRSS")
    options = {"dropout": 0, "residual": False} if family == "score_mlp" else {}
    model = stein.Model(
        stein.Dataset(rows, context=stein.Context(threads=2)), family, widths=[width] * depth, noise_conditional=False, **options
    )
    made = stein.Trainer(model, rows, objective=objective, noise=0.1, batch=batch, steps=10**8, validation=0, checks=1, clip=0)
    made.run(1)

    def timed(steps):
        started = time.perf_counter()
        made.run(steps)
        return (time.perf_counter() - started) / steps

    once = timed(1)
    steps = max(1, int(min(200, 0.15 / once)))
    if once * steps * 5 < limit:
        print(json.dumps([1e3 * min(timed(steps) for _ in range(5)), megabytes("VmHWM") - before]))


def cell(method: str, limit: float, **sizes: int) -> list[float] | None:
    command = [sys.executable, __file__, "--cell", json.dumps([method, limit, sizes])]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(printed) if printed else None


def exponent(points: list[tuple[int, float]]) -> str:
    last = np.log(np.array(points[-3:]))
    return f"{np.polyfit(*last.T, 1)[0]:.2f}" if len(points) > 2 else ""


def table(axis: str, limit: float) -> None:
    found = {method: {} for method in METHODS}
    for method, cells in found.items():
        for size in AXES[axis]:
            figures = cell(method, limit, **{**BASE, axis: size})
            if figures is None:
                break
            cells[size] = figures
    others = ", ".join(f"{name} {size}" for name, size in BASE.items() if name != axis)
    print(f"\nBy {axis} ({others}): milliseconds a step / megabytes\n")
    print(f"| {axis} | " + " | ".join(METHODS) + " |\n|---|" + "---|" * len(METHODS))
    for size in AXES[axis]:
        shown = (f"{cells[size][0]:.3g} / {cells[size][1]:.3g}" if size in cells else "left out" for cells in found.values())
        print(f"| {size} | " + " | ".join(shown) + " |")
    for which, name in enumerate(("time", "memory")):
        slopes = (exponent([(size, figures[which]) for size, figures in cells.items()]) for cells in found.values())
        print(f"| exponent of {name} | " + " | ".join(slopes) + " |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=8)
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cell:
        method, limit, sizes = json.loads(given.cell)
        return measure(method, limit, **sizes)
    for axis in AXES:
        table(axis, given.limit)


if __name__ == "__main__":
    main()
