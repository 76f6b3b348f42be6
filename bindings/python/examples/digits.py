"""Trains on scikit-learn's 8x8 digits by class, says how good the samples are, and draws them beside real ones.

    digits.py [--splits 1] [--out build/demo]

Also draws the vector field of a two-dimensional model at three noise levels.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import quality
import stein
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split


def split(seed):
    digits = load_digits()
    train, held_out, labels, held_labels = train_test_split(
        digits.data, digits.target, test_size=360, random_state=seed, stratify=digits.target
    )
    started = time.perf_counter()
    model = stein.fit(train, labels, scale="common", seed=seed)
    seconds = time.perf_counter() - started
    # Four draws for each training row, so that the distance is the model's and not that of few samples; neighbourhoods are
    # compared among equally many.
    drawn = model.sample(labels=np.tile(labels, 4), seed=seed)
    samples = drawn[: len(train)]
    found = quality.figures(train, held_out, samples)
    found["sliced Wasserstein ratio"] = quality.sliced_wasserstein(drawn, held_out) / quality.sliced_wasserstein(train, held_out)
    found["label accuracy"] = quality.label_accuracy(train, labels, samples, labels)
    found["seconds to train"] = seconds
    return found, train, labels, model


def picture(train, labels, model, path):
    """Real digits on the left, samples of the same classes on the right."""
    rng = np.random.default_rng(0)
    wanted = np.repeat(np.arange(10), 10)
    real = np.stack([train[rng.choice(np.flatnonzero(labels == digit))] for digit in wanted])
    drawn = model.sample(labels=wanted, seed=1)
    figure, axes = plt.subplots(1, 2, figsize=(12, 6.3))
    for axis, rows, title in zip(axes, (real, drawn), ("real", "drawn from the model")):
        # A margin of white around each, so that they are seen one by one.
        tiles = np.pad(rows.reshape(10, 10, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        page = tiles.transpose(0, 2, 1, 3).reshape(100, 100)
        axis.imshow(page, cmap="gray_r", vmin=0, vmax=16)
        axis.set_title(title)
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def field(path):
    """Two moons: the score at three noise levels over the data, and samples."""
    data = make_moons(4000, noise=0.08, random_state=0)[0] * 2
    model = stein.fit(data, widths=[128, 128, 128], dropout=0, steps=4000)
    scale = np.array(model.describe()["scale"])
    samples = model.sample(1000, seed=0)
    grid = np.stack(np.meshgrid(np.linspace(-3.5, 5, 28), np.linspace(-2.5, 3.5, 24)), -1).reshape(-1, 2)
    figure, axes = plt.subplots(1, 4, figsize=(18, 4))
    for axis, sigma in zip(axes, (1.0, 0.3, 0.1)):
        score = model.score(grid, sigma) * scale**2
        # Arrows of bounded length: the direction is what is to be seen.
        length = np.linalg.norm(score, axis=1, keepdims=True)
        arrows = score / length * np.tanh(sigma * length)
        axis.scatter(*data[:1000].T, s=1, color="tab:blue", alpha=0.4)
        axis.quiver(*grid.T, *arrows.T, angles="xy", color="0.25", width=0.003)
        axis.set_title(f"score at sigma = {sigma}")
    axes[3].scatter(*data[:1000].T, s=2, color="tab:blue", alpha=0.4, label="data")
    axes[3].scatter(*samples.T, s=2, color="tab:orange", alpha=0.6, label="samples")
    axes[3].legend(loc="upper right")
    axes[3].set_title("samples")
    for axis in axes:
        axis.set_xlim(-3.5, 5)
        axis.set_ylim(-2.5, 3.5)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = [split(seed) for seed in range(arguments.splits)]
    found = [r[0] for r in results]
    mean = {name: float(np.mean([f[name] for f in found])) for name in found[0]}
    picture(*results[0][1:], arguments.out / "digits.png")
    field(arguments.out / "field.png")
    print(f"digits: mean of {arguments.splits} split(s), {mean['seconds to train']:.1f} s to train")
    quality.table(
        [
            ("sliced Wasserstein ratio", v := mean["sliced Wasserstein ratio"], "<= 1.2", v <= 1.2),
            ("nearest-neighbour ratio", v := mean["nearest-neighbour ratio"], ">= 0.9", v >= 0.9),
            ("label accuracy", v := mean["label accuracy"], ">= 0.95", v >= 0.95),
            ("precision", v := mean["precision"], ">= 0.93", v >= 0.93),
            ("coverage", v := mean["coverage"], ">= 0.93", v >= 0.93),
        ]
    )
    print(f"pictures: {arguments.out / 'digits.png'}, {arguments.out / 'field.png'}")


if __name__ == "__main__":
    main()
