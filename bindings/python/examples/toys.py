"""Seven two-dimensional toys: the data, the vector field at three noise levels, and the rows of every sampler.

    toys.py [--out build/demo] [--quick]

The toys are those of Grathwohl et al. (2019), "FFJORD". How far a sampler's rows are from fresh data is printed as the sliced Wasserstein
distance over that of two sets of data: 1 is as good as more data.
"""

from __future__ import annotations

import argparse
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import quality
import stein
from sklearn import datasets

LEVELS = (0.1, 0.5, 2.0)
SAMPLERS = {
    "heun": {},
    "euler": {"churn": 5},
    "rk45": {},
    "ddim": {"eta": 1},
    "dpmpp_2m": {},
    "dpmpp_3m_sde": {},
    "predictor_corrector": {"steps": 100},
    "annealed_langevin": {},
    "langevin": {"sigma": 0.1, "steps": 1000},
}
SIDE = 4.5


def turned(points, angles):
    """Each point by its own angle."""
    c, s = np.cos(angles), np.sin(angles)
    return np.stack([c * points[:, 0] - s * points[:, 1], s * points[:, 0] + c * points[:, 1]], 1)


def eight_gaussians(rng, n):
    angles = rng.integers(0, 8, n) * np.pi / 4
    return (4 * np.stack([np.cos(angles), np.sin(angles)], 1) + 0.5 * rng.standard_normal((n, 2))) / 1.414


def swiss_roll(rng, n):
    return datasets.make_swiss_roll(n, noise=1.0, random_state=rng.integers(1 << 31))[0][:, [0, 2]] / 5


def circles(rng, n):
    return 3 * datasets.make_circles(n, factor=0.5, noise=0.08, random_state=rng.integers(1 << 31))[0]


def moons(rng, n):
    return 2 * datasets.make_moons(n, noise=0.1, random_state=rng.integers(1 << 31))[0] + [-1, -0.2]


def pinwheel(rng, n):
    arm = rng.integers(0, 5, n)
    points = rng.standard_normal((n, 2)) * [0.3, 0.1] + [1, 0]
    return 2 * turned(points, arm * 2 * np.pi / 5 + 0.25 * np.exp(points[:, 0]))


def two_spirals(rng, n):
    angle = np.sqrt(rng.random(n)) * 540 * np.pi / 180
    arm = np.stack([-np.cos(angle) * angle, np.sin(angle) * angle], 1) + 0.5 * rng.random((n, 2))
    return np.where(rng.random((n, 1)) < 0.5, arm, -arm) / 3 + 0.1 * rng.standard_normal((n, 2))


def checkerboard(rng, n):
    x = 4 * rng.random(n) - 2
    y = rng.random(n) - 2 * rng.integers(0, 2, n) + np.floor(x) % 2
    return 2 * np.stack([x, y], 1)


TOYS = {
    "8 gaussians": eight_gaussians, "swiss roll": swiss_roll, "circles": circles, "moons": moons, "pinwheel": pinwheel,
    "2 spirals": two_spirals, "checkerboard": checkerboard,
}


def plot_field(axis, model, sigma):
    """Arrows along the score, by length of the step to the denoised point; the colour is its logarithm."""
    side = np.linspace(-SIDE, SIDE, 22)
    x = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    score = model.score(x, sigma)
    length = np.linalg.norm(score, axis=1, keepdims=True)
    axis.quiver(*x.T, *(score / length).T, np.log10(sigma * length[:, 0]), cmap="viridis", clim=(-1.5, 1), scale=26, width=0.006)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    steps, count, n = (500, 3000, 1000) if arguments.quick else (6000, 20_000, 8000)
    rng = np.random.default_rng(0)
    columns = 1 + len(LEVELS) + len(SAMPLERS)
    figure, axes = plt.subplots(len(TOYS), columns, figsize=(1.7 * columns, 1.75 * len(TOYS)), layout="constrained")
    ratios = {sampler: [] for sampler in SAMPLERS}
    for row, (name, draw) in zip(axes, TOYS.items()):
        rows = draw(rng, count)
        model = stein.fit(rows, scale="none", widths=[128, 128, 128], dropout=0, steps=steps, patience=0, seed=1)
        fresh, other = draw(rng, n), draw(rng, n)
        apart = stein.sliced_wasserstein(fresh, other)
        row[0].plot(*rows[:3000].T, ",", color="black", alpha=0.6)
        row[0].set_ylabel(name)
        for axis, sigma in zip(row[1:], LEVELS):
            plot_field(axis, model, sigma)
        for axis, (sampler, options) in zip(row[1 + len(LEVELS) :], SAMPLERS.items()):
            points = model.sample(n, sampler=sampler, seed=1, **options)
            ratios[sampler].append(stein.sliced_wasserstein(points, fresh) / apart)
            axis.plot(*points[:3000].T, ",", color="C0", alpha=0.8)
    for axis, title in zip(axes[0], ["data", *(f"σ = {level}" for level in LEVELS), *SAMPLERS]):
        axis.set_title(title, fontsize=9)
    for axis in axes.flat:
        axis.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), aspect="equal", xticks=[], yticks=[])
    figure.savefig(arguments.out / "toys.png", dpi=130)

    print(f"sliced Wasserstein distance over that of two sets of data, {len(TOYS)} toys of {count} rows, {n} drawn")
    print("| sampler | " + " | ".join(TOYS) + " |")
    print("|---" * (1 + len(TOYS)) + "|")
    for sampler, values in ratios.items():
        print(f"| {sampler} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    most = 8 if arguments.quick else 4
    good = [s for s in SAMPLERS if s not in ("langevin", "annealed_langevin")]
    return 0 if quality.table([(f"median ratio, {s}", v := np.median(ratios[s]), f"< {most}", v < most) for s in good]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
