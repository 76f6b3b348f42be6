"""Trains on scikit-learn's wine table (178 rows, 13 columns) and says how good the samples are.

    wine.py [--splits 1] [--out build/demo]
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import quality
import stein
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def split(rows, seed):
    train, held_out = train_test_split(rows, test_size=0.2, random_state=seed)
    started = time.perf_counter()
    model = stein.fit(train, seed=seed)
    seconds = time.perf_counter() - started
    gaussian = stein.fit(train, family="gaussian")
    samples = model.sample(1000, seed=seed)
    scale = train.std(0)
    found = quality.figures(train / scale, held_out / scale, samples / scale)
    found["held-out loss / Gaussian's"] = model.loss(held_out) / gaussian.loss(held_out)
    found["seconds to train"] = seconds
    return found, samples


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = load_wine().data
    found, samples = zip(*(split(rows, seed) for seed in range(arguments.splits)))
    mean = {name: float(np.mean([f[name] for f in found])) for name in found[0]}
    np.savetxt(arguments.out / "wine_samples.csv", samples[0], delimiter=",", fmt="%.4f")
    print(f"wine: mean of {arguments.splits} split(s), {mean['seconds to train']:.2f} s to train")
    # One split is a small sample of the figures: the targets are for the mean of ten.
    quality.table(
        [
            ("sliced Wasserstein ratio", v := mean["sliced Wasserstein ratio"], "<= 1.15", v <= 1.15),
            ("held-out loss / Gaussian's", v := mean["held-out loss / Gaussian's"], "<= 1.15", v <= 1.15),
            ("nearest-neighbour ratio", v := mean["nearest-neighbour ratio"], ">= 0.85", v >= 0.85),
            ("copies", v := mean["copies"], "<= 0.01", v <= 0.01),
        ]
    )


if __name__ == "__main__":
    main()
