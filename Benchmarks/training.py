"""Steps per second of denoising score matching on plain networks: W1 (2-128-128-128-2, batch 512) and W2 (64-512-512-512-64, batch 1024).

    make bench-quick

Median and range of seven repetitions with one and two threads, and the share of the floor: the operations of the matrix products
(forward, and twice as much backward) over the processor's register peak, PEAK GFLOP/s a core in float32.
"""

import time

import numpy as np
import stein

PEAK = 116e9  # measured on an EPYC (Zen 4) core with AVX-512; another processor has another

WORKLOADS = {"W1": (2, [128] * 3, 512, 400), "W2": (64, [512] * 3, 1024, 20)}


def repetitions(dimension, widths, batch, steps, threads, count=7):
    rng = np.random.default_rng(0)
    rows = 0.3 * rng.standard_normal((20_000, dimension)) + rng.choice([-1.0, 1.0], (20_000, 1))
    dataset = stein.Dataset(rows.astype(np.float32), context=stein.Context(threads=threads))
    model = stein.Model(dataset, widths=widths, residual=False, embedding="log")
    trainer = stein.Trainer(model, dataset, batch=batch, steps=10**8, validation=0, clip=0, checks=1)
    trainer.run(steps // 4)
    speeds = []
    for _ in range(count):
        started = time.perf_counter()
        trainer.run(steps)
        speeds.append(steps / (time.perf_counter() - started))
    return sorted(speeds)


def main():
    print("| workload | threads | steps/s, median (range) | of the floor |")
    print("|---|---|---|---|")
    for name, (dimension, widths, batch, steps) in WORKLOADS.items():
        sizes = [dimension + 1, *widths, dimension]
        operations = 6 * batch * sum(a * b for a, b in zip(sizes, sizes[1:]))
        for threads in (1, 2):
            speeds = repetitions(dimension, widths, batch, steps, threads)
            median = speeds[len(speeds) // 2]
            share = median * operations / (threads * PEAK)
            print(f"| {name} | {threads} | {median:.4g} ({speeds[0]:.4g}-{speeds[-1]:.4g}) | {share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
