"""Cost of a training step by objective as the number of columns grows from 2 to 1,000, at a fixed network (128-128) and batch 128.

    dimension.py [--limit 6]

Milliseconds a step on two threads, medians of interleaved repetitions; a cell that would take more than `limit` seconds for its
repetitions is left out. Last columns: operations of the network's products for one evaluation, and what sliced_vr takes of its own at
the smallest D per such operation, to show that it grows as the network does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import stein

DIMENSIONS = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
WIDTHS = [128, 128]
BATCH = 128
METHODS = [
    ("energy exact", "energy_mlp", "exact"),
    ("energy sliced_vr", "energy_mlp", "sliced_vr"),
    ("energy finite_difference", "energy_mlp", "finite_difference"),
    ("score exact", "score_mlp", "exact"),
    ("score sliced_vr", "score_mlp", "sliced_vr"),
    ("score denoising", "score_mlp", "denoising"),
]


def trainer(dimension, family, objective):
    rows = np.random.default_rng(0).standard_normal((2000, dimension)).astype(np.float32)
    options = {"dropout": 0, "residual": False} if family == "score_mlp" else {}
    model = stein.Model(stein.Dataset(rows), family, widths=WIDTHS, noise_conditional=False, **options)
    made = stein.Trainer(
        model, rows, objective=objective, noise=0.1, batch=BATCH, steps=10**8, validation=0, checks=1, clip=0
    )
    made.run(1)
    return made


def timed(made, steps):
    started = time.perf_counter()
    made.run(steps)
    return (time.perf_counter() - started) / steps


def milliseconds(trainers, limit, repetitions=5):
    """Medians over rounds in which each takes its turn."""
    first = {name: timed(made, 1) for name, made in trainers.items()}
    steps = {name: max(1, int(min(200, 0.15 / max(seconds, 1e-6)))) for name, seconds in first.items()}
    kept = {n: [] for n in trainers if first[n] * steps[n] * repetitions < limit}
    for _ in range(repetitions):
        for name in kept:
            kept[name].append(1e3 * timed(trainers[name], steps[name]))
    return {name: float(np.median(values)) for name, values in kept.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, default=6)
    arguments = parser.parse_args()
    names = [name for name, *_ in METHODS]
    print("| D | " + " | ".join(names) + " | network, MFLOP a row | exact / sliced_vr |")
    print("|---|" + "---|" * (len(names) + 2))
    found, too_slow = {}, set()
    for dimension in DIMENSIONS:
        trainers = {}
        for name, family, objective in METHODS:
            if name not in too_slow:
                trainers[name] = trainer(dimension, family, objective)
        found[dimension] = milliseconds(trainers, arguments.limit)
        # What was too slow here is slower further on.
        too_slow |= {name for name in names if name not in found[dimension]}
        operations = 2e-6 * (dimension * WIDTHS[0] + WIDTHS[0] * WIDTHS[1])
        cells = " | ".join(f"{found[dimension][n]:.3g}" if n in found[dimension] else "left out" for n in names)
        both = [found[dimension].get(n) for n in names[:2]]
        ratio = f"{both[0] / both[1]:.1f}" if all(both) else ""
        print(f"| {dimension} | {cells} | {operations:.3g} | {ratio} |", flush=True)
    print("\n| objective | exponent of D from 50 on |\n|---|---|")
    for name in names:
        points = [(d, found[d][name]) for d in DIMENSIONS if d >= 50 and name in found[d]]
        if len(points) > 1:
            slope = np.polyfit(*np.log(np.array(points)).T, 1)[0]
            print(f"| {name} | {slope:.2f} |")


if __name__ == "__main__":
    main()
