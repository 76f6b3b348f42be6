"""A million rows drawn as tasks with Dask: row k is a function of the seed and k, so any split and any retry gives the same bytes.

    dask_sampling.py model.safetensors rows.npy [--rows 1000000] [--task 50000] [--workers 2]
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
from dask.distributed import Client, LocalCluster, as_completed


def draw(model: bytes, first: int, count: int) -> tuple[int, np.ndarray]:
    """One task: nothing is shared but the model's bytes."""
    import stein

    context = stein.Context(threads=1)
    return first, stein.Model.from_bytes(model, context=context).sample(count, seed=7, first_index=first)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--task", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    model = arguments.model.read_bytes()
    with LocalCluster(n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        shared = client.scatter(model, broadcast=True)
        started = time.perf_counter()
        tasks = [
            client.submit(draw, shared, first, min(arguments.task, arguments.rows - first))
            for first in range(0, arguments.rows, arguments.task)
        ]
        rows = None
        for _, (first, part) in as_completed(tasks, with_results=True):
            if rows is None:
                rows = np.lib.format.open_memmap(arguments.out, "w+", part.dtype, (arguments.rows, *part.shape[1:]))
            rows[first : first + len(part)] = part
        rows.flush()
        print(f"{arguments.rows} rows in {len(tasks)} tasks, {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
